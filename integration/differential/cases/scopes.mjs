// Names, and where they are seen.

export const scopes = {
  'a default is named after its parameter'() { return [((c = () => 1) => c.name)(), (function (b = class {}) { return b.name; })(), (({ f = function () {} } = {}) => f.name)()]; },
  'functions in blocks are seen outside of them'() {
    const inTry = () => { try { function a() {} } catch {} return typeof a; };
    const inLoop = () => { for (let i = 0; i < 1; i++) { function c() { return i; } } return c(); };
    const inIf = (yes) => { if (yes) { function d() {} } return typeof d; };
    const inSwitch = () => { switch (1) { case 1: function e() {} } return typeof e; };
    const before = () => { const seen = typeof g; { function g() {} } return [seen, typeof g]; };
    const strict = () => { 'use strict'; { function h() {} } return typeof h; };
    return [inTry(), inLoop(), inIf(true), inIf(false), inSwitch(), before(), strict()];
  },
  'dead zones'() {
    const name = (f) => { try { return f(); } catch (error) { return error; } };
    return [name(() => { c = 0; const c = 1; }), name(() => { let a = a = 1; return a; }), name(() => { let b = b; }), name(() => { typeof d; let d; }), name((a = b, b) => a), name(() => { const e = 1; e = 2; })];
  },
  'the name of a function expression cannot be set'() { return [(function f() { f = 1; return typeof f; })(), (() => { try { return (function g() { 'use strict'; g = 1; })(); } catch (error) { return error; } })()]; },
  'the text of functions and classes'() { class A { m() {} } const f = (x) => x; return [String(A), String(f), String(new A().m), String(async function* g() {})]; },
  'arguments follow parameters in sloppy functions only'() { function f(a) { a = 2; return arguments[0]; } function g(a) { 'use strict'; a = 2; return arguments[0]; } function h(a, ...rest) { a = 2; return arguments[0]; } return [f(1), g(1), h(1)]; },
};
