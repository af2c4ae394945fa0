// What errors say, and where. The texts are V8's.
const message = (body) => {
    try {
        body();
    } catch (error) {
        return `${error.name}: ${error.message}`;
    }
    return 'nothing thrown';
};
const o = { x: undefined, n: null, k: 'a', num: 5, list: [], f() {} };
const says = (what, body, expected) => check(what, () => message(body), JSON.stringify(expected));

says('a property of undefined', () => o.x.y, "TypeError: Cannot read properties of undefined (reading 'y')");
says('a property of null', () => o.n.y, "TypeError: Cannot read properties of null (reading 'y')");
says('an index of undefined', () => o.x[0], "TypeError: Cannot read properties of undefined (reading '0')");
says('a computed key', () => o.x[o.k], "TypeError: Cannot read properties of undefined (reading 'a')");
says('a method of undefined', () => o.x.m(), "TypeError: Cannot read properties of undefined (reading 'm')");
says('behind an optional chain', () => o?.x.y(), "TypeError: Cannot read properties of undefined (reading 'y')");
says('an assignment', () => { o.x.y = 1; }, "TypeError: Cannot set properties of undefined (setting 'y')");
says('an assignment by index', () => { o.n[3] = 1; }, "TypeError: Cannot set properties of null (setting '3')");
says('an update', () => o.n.y++, "TypeError: Cannot read properties of null (reading 'y')");

says('a call of a property', () => o.x(), 'TypeError: o.x is not a function');
says('a call of what is an object', () => o.list(), 'TypeError: o.list is not a function');
says('a call of an item', () => o.list[0](), 'TypeError: o.list[0] is not a function');
says('a call of a computed property', () => o[o.k](), 'TypeError: o[o.k] is not a function');
says('a call of a quoted property', () => o['ab'](), 'TypeError: o.ab is not a function');
says('a call of a result', () => o.f()(), 'TypeError: o.f(...) is not a function');
says('a call of a method of a result', () => o.list.map((x) => (x)).foo(), 'TypeError: o.list.map(...).foo is not a function');
says('a call with an optional chain', () => o?.x(), 'TypeError: o?.x is not a function');
says('an optional call', () => o.num?.(), 'TypeError: o.num is not a function');
says('an optional call within a call', () => o.f(o?.num()), 'TypeError: o?.num is not a function');
says('a call of a method of this', () => new (class { m() { this.q(); } })().m(), 'TypeError: this.q is not a function');
says('a call over lines', () => o
    .num /* five */
    (1, ')'), 'TypeError: o.num is not a function');
says('a tag of a template', () => o.x`a`, 'TypeError: o.x is not a function');
says('a call of a method of a text', () => 'a.b'.foo(), 'TypeError: "a.b".foo is not a function');
says('a call of a function expression', () => (function () {})()(), 'TypeError: (intermediate value)(...) is not a function');

says('new of a property', () => new o.x(), 'TypeError: o.x is not a constructor');
says('new without arguments', () => new o.num, 'TypeError: o.num is not a constructor');
says('new in parentheses', () => new (o.num)(1), 'TypeError: o.num is not a constructor');
says('new of a method', () => new o.f(), 'TypeError: o.f is not a constructor');
says('new of an arrow', () => new (() => 1)(), 'TypeError: (intermediate value) is not a constructor');
says('new of a builtin', () => new Math.max(1), 'TypeError: Math.max is not a constructor');

says('a pattern', () => { const { a } = o.x; return a; }, "TypeError: Cannot destructure property 'a' of 'o.x' as it is undefined.");
says('a pattern of undefined', () => { const { a } = undefined; return a; }, "TypeError: Cannot destructure property 'a' of 'undefined' as it is undefined.");
says('an empty pattern', () => { const {} = null; }, "TypeError: Cannot destructure 'null' as it is null.");
says('a pattern that is assigned to', () => { let a; ({ a } = o.n); return a; }, "TypeError: Cannot destructure property 'a' of 'o.n' as it is null.");
says('a parameter', () => (({ a, b }) => [a, b])(), "TypeError: Cannot destructure property 'a' of 'undefined' as it is undefined.");
says('a parameter that is null', () => (({ a }) => a)(null), "TypeError: Cannot destructure property 'a' of 'object null' as it is null.");
says('a nested pattern', () => { const { x: { c } } = o; return c; }, "TypeError: Cannot read properties of undefined (reading 'c')");

says('for of', () => { for (const x of o.num) throw x; }, 'TypeError: o.num is not iterable');
says('for of undefined', () => { for (const x of o.x) throw x; }, 'TypeError: o.x is not iterable');
says('for of an object', () => { for (const x of o) throw x; }, 'TypeError: o is not iterable');
says('a spread item', () => [...o], 'TypeError: o is not iterable');
says('an array pattern', () => { const [a] = {}; return a; }, 'TypeError: {} is not iterable');
says('an array pattern with a number', () => (([a]) => a)(5), 'TypeError: number 5 is not iterable (cannot read property Symbol(Symbol.iterator))');
says('a builtin', () => new Set(1), 'TypeError: number 1 is not iterable (cannot read property Symbol(Symbol.iterator))');

says('a name that is not there', () => nope, 'ReferenceError: nope is not defined');
says('a call of such a name', () => nope(), 'ReferenceError: nope is not defined');
says('too early', () => { q; let q; }, "ReferenceError: Cannot access 'q' before initialization");
says('too early, by a closure', () => { const f = () => q; f(); let q; }, "ReferenceError: Cannot access 'q' before initialization");
says('a constant', () => { const c = 1; c = 2; }, 'TypeError: Assignment to constant variable.');
says('a constant that is counted up', () => { const c = 1; c++; }, 'TypeError: Assignment to constant variable.');

class P {
    #p; #m() {} get #g() { return 1; } set #s(value) {}
    static read(x) { return x.#p; }
    static write(x) { x.#p = 1; }
    static method(x) { x.#m = 1; }
    static getter(x) { x.#g = 1; }
}
says('a private field', () => P.read({}), 'TypeError: Cannot read private member #p from an object whose class did not declare it');
says('a private field that is set', () => P.write({}), 'TypeError: Cannot write private member #p to an object whose class did not declare it');
says('a private method that is set', () => P.method(new P()), "TypeError: Private method '#m' is not writable");
says('a private getter that is set', () => P.getter(new P()), "TypeError: '#g' was defined without a setter");
says('a class that is called', () => P(), "TypeError: Class constructor P cannot be invoked without 'new'");
says('a class that extends nothing', () => { class A extends o.x {} return A; }, 'TypeError: Class extends value undefined is not a constructor or null');
says('super twice', () => new (class extends Object { constructor() { super(); super(); } })(), 'ReferenceError: Super constructor may only be called once');

const strictly = (what, body, expected) => check(what, () => message(new Function('"use strict";' + body)), JSON.stringify(expected));
strictly('a frozen property', 'Object.freeze({ a: 1 }).a = 2', "TypeError: Cannot assign to read only property 'a' of object '#<Object>'");
strictly('a frozen item', 'Object.freeze([1])[0] = 2', "TypeError: Cannot assign to read only property '0' of object '[object Array]'");
strictly('a new property of what is frozen', 'Object.freeze({}).b = 2', 'TypeError: Cannot add property b, object is not extensible');
strictly('push to what is frozen', 'Object.freeze([1]).push(2)', 'TypeError: Cannot add property 1, object is not extensible');
strictly('a getter alone', 'new (class K { get v() { return 1 } })().v = 1', 'TypeError: Cannot set property v of #<K> which has only a getter');
strictly('a property of a number', '(5).x = 1', "TypeError: Cannot create property 'x' on number '5'");
strictly('delete', 'delete Object.freeze({ a: 1 }).a', "TypeError: Cannot delete property 'a' of #<Object>");
strictly('a name without a declaration', 'undeclared = 1', 'ReferenceError: undeclared is not defined');

says('no callback', () => [].map(), 'TypeError: undefined is not a function');
says('no callback, but an object', () => [].forEach({}), 'TypeError: #<Object> is not a function');
says('no predicate', () => [].find(null), 'TypeError: null is not a function');
says('nothing to reduce', () => [].reduce((a) => a), 'TypeError: Reduce of empty array with no initial value');
says('no executor', () => new Promise(1), 'TypeError: Promise resolver 1 is not a function');
says('a length', () => { [].length = -1; }, 'RangeError: Invalid array length');
says('in', () => 'a' in 'b', "TypeError: Cannot use 'in' operator to search for 'a' in b");
says('a symbol as a text', () => `${Symbol()}`, 'TypeError: Cannot convert a Symbol value to a string');
says('a symbol as a number', () => +Symbol(), 'TypeError: Cannot convert a Symbol value to a number');
says('a property that is defined again', () => Object.defineProperty(Object.freeze({ a: 1 }), 'a', { value: 2 }), 'TypeError: Cannot redefine property: a');
check('a cycle', () => { const o = {}; o.o = o; return message(() => JSON.stringify(o)).split('\n')[0]; }, '"TypeError: Converting circular structure to JSON"');
says('a big integer in JSON', () => JSON.stringify(1n), 'TypeError: Do not know how to serialize a BigInt');
says('a URI', () => decodeURIComponent('%'), 'URIError: URI malformed');

check('the place of a method that is not there', () => {
    try {
        (function named() {
            const o = { x: {} };
            o.x.y.z();
        })();
    } catch (error) {
        return /named \(?.*:(\d+):(\d+)/.exec(error.stack)[2];
    }
}, '"19"');
check('text beyond the basic plane before the place', () => message(() => { '😀'; o.num(); }), '"TypeError: o.num is not a function"');
