check('super[name]++', () => {
    const o = { __proto__: { a: 5 }, m() { return [super['a']++, ++super['a'], super['a']--]; } };
    return [...o.m(), o.a];
}, '[5, 6, 5, 4]');
