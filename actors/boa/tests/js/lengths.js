const caught = (body) => { try { return body(); } catch (error) { return `${error.name}: ${error.message}`; } };
check('a string has a longest length', () => caught(() => 'x'.repeat(2 ** 30)), '"RangeError: Invalid string length"');
check('repeat', () => ['ab'.repeat(0), 'ab'.repeat(1), 'ab'.repeat(3), 'é€'.repeat(2), 'x'.repeat(10000).length, ''.repeat(2 ** 31),
    'abc'.repeat(5000).slice(-4), 'abc'.repeat(5000).length], '["", "ab", "ababab", "é€é€", 10000, "", "cabc", 15000]');
check('padStart', () => caught(() => 'x'.padStart(2 ** 30)), '"RangeError: Invalid string length"');
check('padEnd', () => caught(() => 'x'.padEnd(2 ** 53)), '"RangeError: Invalid string length"');
check('padding', () => ['7'.padStart(3, '0'), 'x'.padEnd(6, 'ab'), 'x'.padStart(8, 'é€'), 'abc'.padStart(2), 'x'.padEnd(9000, 'abc').slice(-3),
    'x'.padStart(3, '')], '["007", "xababa", "é€é€é€éx", "abc", "cab", "x"]');
check('a sum', () => { const half = 'x'.repeat(2 ** 28); return caught(() => half + half); }, '"RangeError: Invalid string length"');
check('a template', () => { const half = 'x'.repeat(2 ** 28); return caught(() => `${half}${half}`); }, '"RangeError: Invalid string length"');
check('concat', () => { const half = 'x'.repeat(2 ** 28); return caught(() => half.concat(half)); }, '"RangeError: Invalid string length"');
check('join', () => { const part = 'x'.repeat(2 ** 20); return caught(() => new Array(513).fill(part).join('')); },
    '"RangeError: Invalid string length"');
check('a long join of nothing', () => ['a', , null, undefined, 'b'].join('-'), '"a----b"');
