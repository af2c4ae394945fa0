// An initializer of a field may change the class that it belongs to.

check('a counter of the class', () => { class A { static made = 0; id = ++A.made; } return [new A().id, new A().id, A.made]; }, '[1, 2, 2]');
check('properties of the class', () => {
    class A { x = (A.fresh = 1); y = (Object.defineProperty(A, 'z', { value: 2 }), delete A.fresh); z = Object.isFrozen(Object.freeze(A)); w = Object.setPrototypeOf; }
    const a = new A();
    return [a.x, a.y, a.z, A.z, 'fresh' in A];
}, '[1, true, true, 2, false]');
check('its private members', () => {
    class A { static #made = 0; static next() { return ++A.#made; } id = A.next(); #mine = (A.#made += 10); get mine() { return this.#mine; } }
    return [new A(), new A().id, new A().mine];
}, '[{id: 1}, 12, 33]');
check('a derived class, and the prototype', () => {
    class A { a = (B.seen = new.target === undefined); }
    class B extends A { b = (A.seen = 1); c = (B.prototype.late = 2); }
    const b = new B();
    return [b, b.late, A.seen, B.seen];
}, '[{a: true, b: 1, c: 2}, 2, 1, true]');
check('an instance made by an initializer', () => {
    class A { static depth = 0; inner = A.depth++ < 2 ? new A() : null; }
    return [new A(), A.depth];
}, '[{inner: {inner: {inner: null}}}, 3]');
check('a class that is its own instance', () => {
    class Base { constructor(given) { return given; } }
    class A extends Base { #x = 1; #m() { return 2; } y = 3; static look(o) { return [o.#x, o.#m(), o.y]; } }
    new A(A);
    return A.look(A);
}, '[1, 2, 3]');
