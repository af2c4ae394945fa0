// A derived constructor returns an object or nothing; anything else is a TypeError, whether `this` was looked at or not.

class A {}
const made = (value, look) => {
    class B extends A { constructor() { super(); if (look) this.seen = true; return value; } }
    class C extends B { own = 1; }
    return [B, C].map((Class) => { try { return new Class() instanceof A; } catch (error) { return error; } });
};
check('values, this looked at', () => [1, '', null, undefined, 2n].map((value) => made(value, true)), '[[TypeError, TypeError], [TypeError, TypeError], [TypeError, TypeError], [true, true], [TypeError, TypeError]]');
check('values', () => [1, false, Symbol()].map((value) => made(value, false)), '[[TypeError, TypeError], [TypeError, TypeError], [TypeError, TypeError]]');
check('an object', () => made({}, true), '[false, false]');
check('of a base class', () => { class D { constructor() { this.x = 1; return 5; } } return new D().x; }, '1');
check('this before super', () => { class E extends A { constructor() { return undefined; } } try { return new E(); } catch (error) { return error; } }, 'ReferenceError');
