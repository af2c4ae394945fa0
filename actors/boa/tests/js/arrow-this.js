// An arrow function has the `this` of what it stands in, however many other arrows lie between, and whether they use it.

const object = {
    value: 1,
    called() { return (() => (() => this === object)())(); },
    mapped() { return [1].map(() => [1].map(() => [1].map(() => this.value))); },
    kept() { const f = () => () => () => this.value; return f()()(); },
    get read() { return (() => () => this.value)()(); },
    parameter(f = () => () => this.value) { return f()(); },
    between() { const f = () => { const g = (h = () => this.value) => h(); return g(); }; return f(); },
    inner() { return (() => (function () { return (() => (() => this === object)())(); })())(); },
    async waited() { return (async () => (() => this.value)())(); },
    *given() { yield* (() => [1].map(() => this.value))(); },
};
check('called on the spot', () => object.called(), 'true');
check('in callbacks', () => object.mapped(), '[[[1]]]');
check('called later', () => object.kept(), '1');
check('in a getter', () => object.read, '1');
check('in a default', () => object.parameter(), '1');
check('in a default of an arrow', () => object.between(), '1');
check('a function between has its own', () => object.inner(), 'false');
check('in an async method', () => object.waited(), '1');
check('in a generator', () => [...object.given()], '[1]');
check('a primitive', () => (function () { 'use strict'; return (() => (() => this)())(); }).call(5), '5');
check('in a constructor', () => { class A { constructor() { this.v = 2; this.f = () => () => this.v; } } return new A().f()(); }, '2');
check('before and after super()', () => {
    class A {}
    class B extends A {
        constructor() {
            const f = () => () => this;
            let early;
            try { f()(); } catch (error) { early = error; }
            super();
            this.seen = [early, f()() === this];
        }
    }
    return new B().seen;
}, '[ReferenceError, true]');
check('in a field', () => { class A { v = 3; f = () => () => this.v; static s = () => () => this.name; } return [new A().f()(), A.s()()]; }, '[3, "A"]');
check('a field inside an arrow', () => {
    const o = { m() { return (() => { class A { v = 4; f = () => this.v; g = this.v; } const a = new A(); return [a.f(), a.g, this === o]; })(); } };
    return o.m();
}, '[4, 4, true]');
check('in a static block', () => { let seen; class A { static { seen = (() => (() => this === A)())(); } } return seen; }, 'true');
