// Functions inside strict functions and classes are strict too: as to the name of a function expression, and blocks.

const error = (body) => { try { return body(); } catch (thrown) { return thrown; } };
check('a name inside a strict function', () => error(() => { 'use strict'; return (function f() { f = 1; })(); }), 'TypeError');
check('a name inside a class', () => error(() => { class A { m() { return (function f() { f = 1; })(); } static n = (function g() { g = 2; }); } return new A().m(); }), 'TypeError');
check('a name inside a field', () => error(() => { class A { f = (function g() { g = 2; })(); } return new A(); }), 'TypeError');
check('a name in sloppy code', () => (function f() { f = 1; return typeof f; })(), '"function"');
check('a sloppy function after a strict one', () => { (function () { 'use strict'; })(); return (function f() { f = 1; return typeof f; })(); }, '"function"');
check('a function in a block of a nested function', () => { 'use strict'; return (() => { { function h() {} } return typeof h; })(); }, '"undefined"');
check('a function in a block of a method', () => new (class { m() { { function h() {} } return typeof h; } })().m(), '"undefined"');
