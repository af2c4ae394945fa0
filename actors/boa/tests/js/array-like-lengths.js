// A length is what a script says: memory for it ended the process.
const name = (body) => { try { return typeof body(); } catch (error) { return error instanceof Error; } };
check('join of a length that no memory has', () => [name(() => [].join.call({ length: 2 ** 53 - 1 })), name(() => new Array(2 ** 32 - 1).join())], '[true, true]');
check('join of what is long enough', () => new Array(1001).join('ab').length, '2000');
check('arguments', () => [name(() => Math.max.apply(null, { length: 2 ** 53 - 1 })), name(() => Reflect.apply(() => 1, null, { length: 2 ** 40 })), Math.max.apply(null, { length: 2, 0: 1, 1: 5 })], '[true, true, 5]');
check('JSON.stringify of an array that says it is long', () => {
    let reads = 0;
    const long = new Proxy([], { get(_, key) { if (key === 'length') return 2 ** 53 - 1; if (key === 'toJSON') return undefined; if (++reads > 3) throw new RangeError(); return 1; } });
    JSON.stringify(long);
}, 'throws RangeError');
