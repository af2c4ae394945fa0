// `x++` and `x--`: their value is the old one as a number, and a conversion that throws changes nothing.

check('of a text', () => { let x = '12'; return [x++, x]; }, '[12, 13]');
check('of others', () => [undefined, null, true, [], ' 5 ', 'x', 2n].map((x) => [x--, x]), '[[NaN, NaN], [0, -1], [1, 0], [0, -1], [5, 4], [NaN, NaN], [2n, 1n]]');
check('assigned to itself', () => { let x = '5'; x = x++; let y = 1; y = y++ + y++; return [x, y]; }, '[5, 3]');
check('valueOf is called once', () => { let n = 0; let x = { valueOf() { return ++n; } }; return [x++, x, n]; }, '[1, 2, 1]');
check('a conversion that throws', () => {
    const odd = { valueOf() { throw new Error('odd'); } };
    let x = odd;
    for (const step of [() => x++, () => ++x, () => x--, () => --x]) try { step(); } catch {}
    let y = odd;
    try { y++; } catch {}
    try { --y; } catch {}
    let z = odd, got = 'unset';
    try { got = z++; } catch {}
    return [x === odd, y === odd, z === odd, got];
}, '[true, true, true, "unset"]');
