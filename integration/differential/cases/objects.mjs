// Patterns, classes, and properties whose kind or holder changes after they were read.

export const destructuring = {
  'rest after a nested pattern'() { const { b: { c }, ...rest } = { b: { c: 1 }, e: 4 }; return [c, rest]; },
  'rest after a nested pattern with a default'() { const { b: { c } = {}, ...rest } = { b: { c: 1 }, e: 4 }; return [c, rest]; },
  'rest after a nested array'() { const { b: [c], ...rest } = { b: [1], e: 4 }; return [c, rest]; },
  'rest inside a nested pattern and after it'() { const { b: { c, ...inner }, ...rest } = { b: { c: 1, d: 2 }, e: 4 }; return [inner, rest]; },
  'rest after a nested pattern in parameters'() { return (({ b: { c } = {}, ...rest }) => rest)({ b: { c: 1 }, e: 4 }); },
  'rest after a nested pattern in an assignment'() { let c, rest; ({ b: { c } = {}, ...rest } = { b: { c: 1 }, e: 4 }); return [c, rest]; },
  'rest after a nested pattern in the head of a loop'() { const all = []; for (const { b: { c }, ...rest } of [{ b: { c: 1 }, e: 4 }]) all.push(rest); return all; },
  'rest after a nested pattern in catch'() { try { throw { b: { c: 1 }, e: 4 }; } catch ({ b: { c }, ...rest }) { return rest; } },
  'rest after a renamed default'() { const { b: q = 5, a, ...rest } = { a: 1, b: 2, e: 4 }; return [q, rest]; },
  'rest after a computed key'() { const k = 'b'; const { [k]: v, ...rest } = { b: 1, e: 4 }; return [v, rest]; },
  'rest after a computed key with a nested pattern'() { const k = 'b'; const { [k]: { c }, ...rest } = { b: { c: 1 }, e: 4 }; return [c, rest]; },
  'rest after a member'() { const o = {}; let rest; ({ b: o.x, ...rest } = { b: 1, e: 4 }); return [o, rest]; },
  'rest after a numeric key'() { const { 0: [a], ...rest } = [[1], 2]; return [a, rest]; },
  'defaults, holes and rest of arrays'() { const [x, , y = 5, ...z] = [1, 2, undefined, 4, 5]; return [x, y, z]; },
  'a default is named after its variable'() { const { f = () => 1, g = class {} } = {}; return [f.name, g.name]; },
};

export const classes = {
  'super in a field'() { class A { get x() { return 1; } } class B extends A { y = super.x; } return new B(); },
  'a method of super in a field'() { class A { m() { return [1, this.v]; } } class B extends A { v = 2; y = super.m(); } return new B(); },
  'super in a field knows this'() { class A { constructor() { this.v = 7; } get x() { return this.v; } } class B extends A { y = super.x; } return new B().y; },
  'super in a field of a private name'() { class A { #x = 1; get x() { return this.#x; } } class B extends A { y = super.x; #z = super.x; z() { return this.#z; } } const b = new B(); return [b.y, b.z()]; },
  'super in an arrow in a field'() { class A { get x() { return 1; } } class B extends A { y = () => super.x; z = () => () => super.x; } const b = new B(); return [b.y(), b.z()()]; },
  'super in a static field'() { class A { static get x() { return 1; } static m() { return this.name; } } class B extends A { static y = super.x; static z = () => super.m(); } return [B.y, B.z()]; },
  'super in a static block'() { class A { static x = 5; } let seen; class B extends A { static { seen = super.x; } } return seen; },
  'super in a field of an object in a field'() { class A { x = 1; } class B extends A { y = { m() { return super.toString === Object.prototype.toString; } }.m(); } return new B().y; },
  'private names, static and not'() {
    class A { #x = 1; static #s = 2; get x() { return this.#x; } inc() { this.#x++; return this; } static is(o) { return [#x in o, A.#s]; } }
    return [new A().inc().inc().x, A.is(new A()), A.is({})];
  },
  'this in arrows in arrows'() {
    class A {
      v = 1;
      x = () => () => () => this.v;
      m() { return [(() => (() => this.v)())(), [1].map(() => [1].map(() => this.v)), (() => { const f = () => this.v; return f(); })()]; }
      get y() { return (() => () => this.v)()(); }
      async z() { return (async () => (() => this.v)())(); }
      static s = () => () => this.name;
    }
    const a = new A();
    return [a.m(), a.x()()(), a.y, A.s()(), (function () { 'use strict'; return (() => (() => this)())(); }).call(5)];
  },
  'super and new.target in arrows in arrows'() {
    class A { constructor() { this.t = (() => (() => new.target.name)())(); } m() { return 'A'; } }
    class B extends A { constructor() { (() => (() => super())())(); } m() { return (() => (() => super.m())())(); } }
    return [new B().t, new B().m()];
  },
  'arguments in arrows in arrows'() { return (function () { return (() => (() => [...arguments])())(); })(1, 2); },
  'super in a field, past a constructor'() { class A { y() { return 'A'; } static y = 'static'; } class B extends A { constructor() { super(); } } class C extends B { y = super.y; } return new C().y(); },
  'a private name in its operators'() { class A { #p = 1; *m() { yield #p in this; } n = () => #p in this; } const a = new A(); return [[...a.m()], a.n()]; },
  'a derived constructor returns a number'() { class A {} class B extends A { constructor() { super(); return 1; } } try { return new B(); } catch (error) { return error; } },
  'what a constructor returns'() { class A { constructor(v) { return v; } } class B extends A { f = 1; } return [new A(5) instanceof A, new A([1]), new B({ o: 1 })]; },
};

export const caches = {
  'a getter that becomes a value'() {
    const read = (o) => o.f;
    const f = () => 'called';
    const o = { a: 1, f: 1, secret: () => 'the secret' };
    Object.defineProperty(o, 'f', { get: () => { Object.defineProperty(o, 'f', { value: f }); return f; } });
    return [read(o) === f, read(o) === f];
  },
  'a first getter that becomes a value'() {
    const read = (o) => o.f;
    const o = { f: 1, a: 2 };
    Object.defineProperty(o, 'f', { get: () => { Object.defineProperty(o, 'f', { value: 3 }); return 2; } });
    return [read(o), read(o)];
  },
  'a getter that deletes itself'() {
    const read = (o) => o.f;
    const o = { a: 1, get f() { delete this.f; return 5; }, b: 2 };
    return [read(o), read(o), o];
  },
  'a getter of the prototype that becomes an own value'() {
    const read = (o) => o.lazy;
    class A { get lazy() { Object.defineProperty(this, 'lazy', { value: 'own' }); return 'made'; } }
    const [a, b] = [new A(), new A()];
    return [read(a), read(a), read(b), read(b)];
  },
  'a setter that becomes a value'() {
    const write = (o, v) => { o.f = v; };
    const o = { a: 1, b: 2 };
    const seen = [];
    Object.defineProperty(o, 'f', { configurable: true, set(v) { seen.push(v); Object.defineProperty(o, 'f', { value: v, writable: true }); } });
    write(o, 3);
    write(o, 4);
    return [seen, o];
  },
  'an only setter that becomes a value'() {
    const write = (o, v) => { o.f = v; };
    const o = {};
    Object.defineProperty(o, 'f', { configurable: true, set(v) { Object.defineProperty(o, 'f', { value: v, writable: true }); } });
    write(o, 3);
    write(o, 4);
    return o;
  },
  'a property before it leaves the prototype'() {
    const prototype = { x: 1, y: 2, z: 3 };
    const o = Object.create(prototype);
    const read = (a) => a.y;
    const before = [read(o), read(o)];
    delete prototype.x;
    return [before, read(o), read(o)];
  },
  'the property itself leaves the prototype'() {
    const prototype = { x: 1, y: 2 };
    const o = Object.create(prototype);
    const read = (a) => a.y;
    const before = [read(o), read(o)];
    delete prototype.y;
    return [before, read(o), read(o)];
  },
  'a property of the prototype becomes a getter'() {
    const prototype = { x: 1, y: 2 };
    const o = Object.create(prototype);
    const read = (a) => a.y;
    const before = [read(o), read(o)];
    Object.defineProperty(prototype, 'y', { get: () => 9 });
    return [before, read(o), read(o)];
  },
  'a method takes the place of another'() {
    class A { first() { return 1; } second() { return 2; } }
    const a = new A();
    const call = () => a.second();
    const before = [call(), call()];
    delete A.prototype.first;
    A.prototype.second = () => 22;
    return [before, call(), call()];
  },
  'a nearer prototype gets the property'() {
    const top = { v: 1 };
    const middle = Object.create(top);
    const o = Object.create(middle);
    const read = (a) => a.v;
    const before = [read(o), read(o)];
    middle.v = 5;
    return [before, read(o), read(o)];
  },
  'another prototype'() {
    const o = Object.create({ v: 1 });
    const read = (a) => a.v;
    const before = [read(o), read(o)];
    Object.setPrototypeOf(o, { w: 0, v: 2 });
    return [before, read(o), read(o)];
  },
};
