// Each access is in a function of its own, so that it has one cache; it is made before and after a change.
const reader = (name) => new Function('o', `return o.${name}`);
const writer = (name) => new Function('o', 'v', `'use strict'; o.${name} = v`);

check('a getter that becomes a value', () => {
    const read = reader('shape');
    const o = { type: 'object', shape: 1, next: () => 'neighbour' };
    Object.defineProperty(o, 'shape', { get: () => { Object.defineProperty(o, 'shape', { value: 2 }); return 2; } });
    return [read(o), read(o), o.type];
}, '[2, 2, "object"]');
check('a getter that becomes a function is not called', () => {
    const read = reader('shape');
    const f = () => 'called';
    const o = { shape: 1 };
    Object.defineProperty(o, 'shape', { get: () => { Object.defineProperty(o, 'shape', { value: f }); return f; } });
    return [read(o) === f, read(o) === f];
}, '[true, true]');
check('a getter that deletes itself', () => {
    const read = reader('shape');
    const o = { a: 1, get shape() { delete this.shape; return 5; }, b: 2 };
    return [read(o), read(o), o.a, o.b];
}, '[5, undefined, 1, 2]');
check('a getter of the prototype that leaves a value in the object', () => {
    const read = reader('lazy');
    class A { get lazy() { Object.defineProperty(this, 'lazy', { value: 7 }); return 6; } }
    const [a, b] = [new A(), new A()];
    return [read(a), read(a), read(b), read(b)];
}, '[6, 7, 6, 7]');
check('a getter of the prototype that deletes itself', () => {
    const read = reader('x');
    const top = { x: 'top' };
    const proto = { __proto__: top, y: 0, get x() { delete proto.x; return 'proto'; } };
    const o = Object.create(proto);
    return [read(o), read(o), read(o)];
}, '["proto", "top", "top"]');
check('a setter that becomes a value', () => {
    const write = writer('shape');
    let seen = 0;
    const o = { a: 1, b: 2 };
    Object.defineProperty(o, 'shape', {
        configurable: true,
        set(v) { seen = v; Object.defineProperty(o, 'shape', { value: v, writable: true }); },
    });
    write(o, 3);
    write(o, 4);
    return [seen, o.shape, o.a, o.b];
}, '[3, 4, 1, 2]');
check('a setter that becomes a read-only value', () => {
    const write = writer('x');
    const o = {};
    Object.defineProperty(o, 'x', { configurable: true, set(v) { Object.defineProperty(o, 'x', { value: v, writable: false }); } });
    write(o, 1);
    write(o, 2);
}, 'throws TypeError');
check('a property before it leaves the prototype', () => {
    const read = reader('y');
    const proto = { x: 1, y: 2, z: 3 };
    const o = Object.create(proto);
    const before = [read(o), read(o)];
    delete proto.x;
    return [...before, read(o), read(o)];
}, '[2, 2, 2, 2]');
check('a property leaves the prototype', () => {
    const read = reader('y');
    const proto = { x: 1, y: 2 };
    const o = Object.create(proto);
    const before = [read(o), read(o)];
    delete proto.y;
    return [...before, read(o), read(o)];
}, '[2, 2, undefined, undefined]');
check('a value of the prototype becomes a getter and a value again', () => {
    const read = reader('y');
    const proto = { x: 1, y: 2, z: () => 'neighbour' };
    const o = Object.create(proto);
    const seen = [read(o), read(o)];
    Object.defineProperty(proto, 'y', { get: () => 9, configurable: true });
    seen.push(read(o), read(o));
    Object.defineProperty(proto, 'y', { value: 3 });
    seen.push(read(o), read(o));
    return seen;
}, '[2, 2, 9, 9, 3, 3]');
check('a method is mocked', () => {
    const call = (a) => a.second();
    class A { first() { return 1; } second() { return 2; } }
    const a = new A();
    const before = [call(a), call(a)];
    delete A.prototype.first;
    A.prototype.second = () => 22;
    return [...before, call(a), call(a)];
}, '[2, 2, 22, 22]');
check('a property is hidden by one of the object, by one in between', () => {
    const read = reader('v');
    const top = { v: 1 };
    const middle = Object.create(top);
    const o = Object.create(middle);
    const seen = [read(middle), read(middle), read(o), read(o)];
    middle.v = 5;
    seen.push(read(middle), read(o));
    o.v = 6;
    return [...seen, read(o), read(middle)];
}, '[1, 1, 1, 1, 5, 5, 6, 5]');
check('a property is hidden by one of an object with very many', () => {
    const read = reader('v');
    const o = Object.create({ v: 1 });
    for (let i = 0; i < 2000; i++) o[`k${i}`] = i;
    const seen = [read(o), read(o)];
    o.v = 2;
    return [...seen, read(o)];
}, '[1, 1, 2]');
check('another prototype', () => {
    const read = reader('v');
    const o = Object.create({ v: 1 });
    const seen = [read(o), read(o)];
    Object.setPrototypeOf(o, { w: 0, v: 2 });
    seen.push(read(o), read(o));
    Object.setPrototypeOf(o, null);
    return [...seen, read(o)];
}, '[1, 1, 2, 2, undefined]');
check('a setter comes onto the prototype', () => {
    const write = writer('v');
    const proto = {};
    const make = () => Object.create(proto);
    const [a, b] = [make(), make()];
    write(a, 1);
    let seen;
    Object.defineProperty(proto, 'v', { set(v) { seen = v; } });
    write(b, 2);
    return [Object.keys(a), Object.keys(b), seen];
}, '[["v"], [], 2]');
check('a setter of the prototype is replaced', () => {
    const write = writer('v');
    const seen = [];
    const proto = { a: 1, set v(v) { seen.push(['first', v]); } };
    const o = Object.create(proto);
    write(o, 1);
    write(o, 2);
    delete proto.a;
    Object.defineProperty(proto, 'v', { set(v) { seen.push(['second', v]); } });
    write(o, 3);
    return seen;
}, '[["first", 1], ["first", 2], ["second", 3]]');
check('an accessor of the same shape without a setter', () => {
    const write = writer('v');
    const make = (set) => Object.defineProperty({}, 'v', { get: () => 0, set });
    write(make(() => {}), 1);
    write(make(() => {}), 1);
    write(make(undefined), 1);
}, 'throws TypeError');
check('a frozen object', () => {
    const write = writer('v');
    const o = { v: 1 };
    write(o, 2);
    write(o, 3);
    Object.freeze(o);
    try { write(o, 4); } catch (error) { return [error.name, o.v]; }
    return o.v;
}, '["TypeError", 3]');
check('a frozen object with very many properties', () => {
    const write = writer('v');
    const o = { v: 1 };
    for (let i = 0; i < 2000; i++) o[`k${i}`] = i;
    write(o, 2);
    write(o, 3);
    Object.defineProperty(o, 'v', { writable: false });
    try { write(o, 4); } catch (error) { return [error.name, o.v]; }
    return o.v;
}, '["TypeError", 3]');
check('super writes into this, whatever it is', () => {
    const base = { v: 0 };
    const o = { __proto__: base, set(v) { super.v = v; } };
    const set = o.set;
    set.call(base, 1);
    set.call(base, 2);
    const other = {};
    set.call(other, 3);
    set.call(o, 4);
    return [base, other, o.v];
}, '[{v: 2}, {v: 3}, 4]');
check('super reads what the prototype has now', () => {
    class A { x() { return 1; } }
    class B extends A { x() { return super.x(); } }
    const b = new B();
    const seen = [b.x(), b.x()];
    A.prototype.x = () => 2;
    seen.push(b.x());
    Object.setPrototypeOf(B.prototype, { x: () => 3 });
    return [...seen, b.x()];
}, '[1, 1, 2, 3]');
check('a proxy has its traps where an ordinary object was before', () => {
    const read = reader('toString');
    const plain = [read({}), read({})].map((f) => typeof f);
    return [...plain, read(new Proxy({}, { get: () => 'trap' }))];
}, '["function", "function", "trap"]');
check('a proxy has its traps for writes', () => {
    const write = writer('__proto__');
    const seen = [];
    write({}, null);
    write({}, null);
    write(new Proxy({}, { set(o, k, v) { seen.push(k); return true; } }), null);
    return seen;
}, '["__proto__"]');
check('a primitive\'s prototype changes', () => {
    const read = reader('mine');
    const seen = [read('s'), read(5)];
    String.prototype.mine = 1;
    seen.push(read('s'), read('s'), read(5));
    Object.defineProperty(String.prototype, 'mine', { get() { return this.length; }, configurable: true });
    seen.push(read('four'), read('seven..'));
    delete String.prototype.mine;
    return [...seen, read('s')];
}, '[undefined, undefined, 1, 1, undefined, 4, 7, undefined]');
check('the length of what looks like an array', () => {
    const write = writer('length');
    const like = Object.defineProperty(Object.create(Array.prototype), 'length', { value: 0, writable: true });
    write(like, 1);
    write(like, 2);
    const array = [1, 2, 3];
    write(array, 1);
    return [like.length, array];
}, '[2, [1]]');
check('the length of a String object after an object with its prototype', () => {
    const read = reader('length');
    const o = Object.create(String.prototype);
    return [read(o), read(o), read(new String('four')), read('four')];
}, '[0, 0, 4, 4]');
check('a typed array hides what its prototype has by a numeric name', () => {
    Object.defineProperty(Uint8Array.prototype, 'Infinity', { value: 1, configurable: true });
    const read = reader('Infinity');
    const o = Object.create(Uint8Array.prototype);
    const seen = [read(o), read(o), read(new Uint8Array(1))];
    delete Uint8Array.prototype.Infinity;
    return seen;
}, '[1, 1, undefined]');
check('a global that becomes an accessor', () => {
    globalThis.changing = 1;
    const read = () => changing;
    const seen = [read(), read()];
    Object.defineProperty(globalThis, 'changing', { get: () => 2, configurable: true });
    seen.push(read(), read());
    delete globalThis.changing;
    try { read(); } catch (error) { seen.push(error.name); }
    return seen;
}, '[1, 1, 2, 2, "ReferenceError"]');
check('private names are those of the class', () => {
    class A { #x = 1; static read(o) { return o.#x; } static write(o) { o.#x++; } }
    const a = new A();
    A.write(a);
    const seen = [A.read(a), A.read(a)];
    try { A.read({ '#x': 1 }); } catch (error) { seen.push(error.name); }
    return seen;
}, '[2, 2, "TypeError"]');
check('the length of an array is set as one, each time', () => {
    const seen = [];
    for (const list of [[1, 2, 3], [1, 2, 3], [1, 2, 3]]) { list.length = '1'; seen.push(list[1], list.length); }
    return seen;
}, '[undefined, 1, undefined, 1, undefined, 1]');
