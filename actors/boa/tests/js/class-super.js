// `super` in all parts of a class.
class Parent {
    constructor() { this.own = 7; }
    get x() { return 'x of ' + this.name; }
    m(...a) { return `m ${this.name} ${a}`; }
    name = 'instance';
    static get x() { return 'static x of ' + this.name; }
    static m() { return 'static m of ' + this.name; }
}

check('super in instance fields', () => {
    class Child extends Parent { y = super.x; z = super.m(1, 2); ['w'] = super['x']; v = super.own; }
    const c = new Child();
    return [c.y, c.z, c.w, c.v];
}, '["x of instance", "m instance 1,2", "x of instance", undefined]');
check('super in arrow functions of fields', () => {
    class Child extends Parent { y = () => super.x; z = () => () => super.m(3); }
    const c = new Child();
    return [c.y(), c.z()()];
}, '["x of instance", "m instance 3"]');
check('super in private fields and methods', () => {
    class Child extends Parent {
        #y = super.x;
        #z() { return super.m(4); }
        get #w() { return super.x; }
        set #w(v) { this.got = [v, super.x]; }
        all() { this.#w = 5; return [this.#y, this.#z(), this.#w, this.got]; }
        get x() { return 'hidden'; }
        m() { return 'hidden'; }
    }
    return new Child().all();
}, '["x of instance", "m instance 4", "x of instance", [5, "x of instance"]]');
check('super in static fields, blocks and methods', () => {
    class Child extends Parent {
        static y = super.x;
        static z = () => super.m();
        static #w = super.m();
        static #p() { return super.x; }
        static get #q() { return super.m(); }
        static { this.block = [super.x, super.m(), (() => super.x)()]; }
        static all() { return [this.y, this.z(), this.#w, this.#p(), this.#q, this.block]; }
        static get x() { return 'hidden'; }
        static m() { return 'hidden'; }
    }
    return Child.all();
}, '["static x of Child", "static m of Child", "static m of Child", "static x of Child", "static m of Child", ["static x of Child", "static m of Child", "static x of Child"]]');
check('super assignment in a field writes to the instance', () => {
    class Child extends Parent { y = (super.written = 3); }
    return Object.keys(new Child());
}, '["name", "own", "written", "y"]');
check('super of a class without a parent', () => { class A { y = super.toString === Object.prototype.toString; static z = super.call === Function.prototype.call; } return [new A().y, A.z]; }, '[true, true]');
check('a field that is overridden', () => {
    class A { f = 1; g() { return 'A'; } }
    class B extends A { f = 2; h = super.f; i = super.g(); g() { return 'B'; } }
    const b = new B();
    return [b.f, b.h, b.i, b.g()];
}, '[2, undefined, "A", "B"]');
check('computed names become keys where the class is defined, in order', () => {
    const log = [];
    const key = (name) => { log.push(name); return { toString() { log.push('key ' + name); return name; } }; };
    class A { static [key('a')] = log.push('value a'); [key('b')] = 1; static [key('c')] = log.push('value c'); [key('d')]() {} }
    return [log, Object.keys(A)];
}, '[["a", "key a", "b", "key b", "c", "key c", "d", "key d", "value a", "value c"], ["a", "c"]]');
