check('an attribute that was changed stays when another property goes', () => {
    const o = { a: 1, b: 2, c: 3 };
    Object.defineProperty(o, 'a', { writable: false, enumerable: false });
    delete o.c;
    o.a = 5;
    return [o.a, Object.keys(o), Object.getOwnPropertyDescriptor(o, 'a')];
}, '[1, ["b"], {value: 1, writable: false, enumerable: false, configurable: true}]');
check('and when another one becomes an accessor', () => {
    const o = { a: 1, b: 2, c: 3 };
    Object.defineProperty(o, 'b', { enumerable: false });
    Object.defineProperty(o, 'a', { get: () => 9 });
    return [Object.keys(o), o.a, o.b, o.c];
}, '[["a", "c"], 9, 2, 3]');
check('properties keep their order and values when one becomes an accessor after another was changed', () => {
    const o = { c: 's' };
    Object.defineProperty(o, 'a', { get: () => 1, configurable: true, enumerable: true });
    o.d = 4;
    Object.defineProperty(o, 'c', { writable: false });
    Object.defineProperty(o, 'a', { value: 2 });
    return [Object.entries(o), Object.getOwnPropertyDescriptor(o, 'c').writable];
}, '[[["c", "s"], ["a", 2], ["d", 4]], false]');
check('and when the prototype was changed between', () => {
    const o = { a: 1, b: 2 };
    Object.setPrototypeOf(o, { up: 1 });
    o.c = 3;
    Object.defineProperty(o, 'a', { enumerable: false });
    delete o.c;
    return [Object.keys(o), o.up, o.a, o.b];
}, '[["b"], 1, 1, 2]');
