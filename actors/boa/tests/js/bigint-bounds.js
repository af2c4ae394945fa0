const big = (text) => BigInt(text);
check('a power has a bound', () => { const e = 40n; return 2n ** (2n ** e); }, 'throws RangeError');
check('powers of small numbers have none', () => [0n ** (2n ** 70n), 1n ** (2n ** 70n), (-1n) ** (2n ** 70n + 1n), 0n ** 0n],
    '[0n, 1n, -1n, 1n]');
check('powers', () => [(-3n) ** 5n, 10n ** 30n, 12n ** 3n, (-2n) ** 64n, 6n ** 2n, 7n ** 1n, 7n ** 0n],
    '[-243n, 1000000000000000000000000000000n, 1728n, 18446744073709551616n, 36n, 7n, 1n]');
check('a shift has a bound', () => { const e = 62n; return 1n << (2n ** e); }, 'throws RangeError');
check('a shift beyond the longest number', () => { const e = 2n ** 30n; return 1n << e; }, 'throws RangeError');
check('shifts of nothing', () => [0n << 2n ** 70n, 0n >> -(2n ** 70n), 5n >> 2n ** 70n, -5n << -(2n ** 70n)], '[0n, 0n, 0n, -1n]');
check('a product has a bound', () => { const x = 1n << (2n ** 29n); return x * x; }, 'throws RangeError');
check('asIntN with more bits than there are', () => [BigInt.asIntN(2 ** 53 - 1, -5n), BigInt.asUintN(2 ** 53 - 1, 5n), BigInt.asIntN(2 ** 40, 7n)],
    '[-5n, 5n, 7n]');
check('asUintN of a negative number has a bound', () => BigInt.asUintN(2 ** 53 - 1, -5n), 'throws RangeError');
check('asIntN', () => [0, 1, 8, 64].map((bits) => [127n, 128n, 255n, 256n, -1n, -128n, -129n, 2n ** 63n].map((n) => BigInt.asIntN(bits, n)).join()),
    '["0,0,0,0,0,0,0,0", "-1,0,-1,0,-1,0,-1,0", "127,-128,-1,0,-1,-128,127,0", "127,128,255,256,-1,-128,-129,-9223372036854775808"]');
check('asUintN', () => [0, 1, 8, 64].map((bits) => [127n, 128n, 255n, 256n, -1n, -128n, -129n, 2n ** 64n].map((n) => BigInt.asUintN(bits, n)).join()),
    '["0,0,0,0,0,0,0,0", "1,0,1,0,1,0,1,0", "127,128,255,0,255,128,127,0", "127,128,255,256,18446744073709551615,18446744073709551488,18446744073709551487,0"]');

// Long numbers are worked on in pieces. A prime that fits in a word says whether the result is right.
const prime = 1000000007n;
const modulo = (x) => ((x % prime) + prime) % prime;
const long = (seed, bits) => {
    let text = '';
    for (let n = seed; text.length < bits / 4; n = (n * 1103515245 + 12345) % 2147483648) text += (n % 65536 + 65536).toString(16).slice(1);
    return big('0x' + text);
};
check('long products', () => [[700000, 700000], [1400000, 600000], [900000, 64], [1100000, 1040000]].map(([a, b]) => {
    const x = long(a, a), y = -long(b + 1, b);
    return modulo(x * y) === modulo(modulo(x) * modulo(y)) && x * y === y * x;
}), '[true, true, true, true]');
check('long quotients', () => [[1400000, 600000], [900000, 64], [1100000, 1099000], [600000, 800000]].map(([a, b]) => {
    const x = -long(a, a), y = long(b + 1, b), q = x / y, r = x % y;
    return q * y + r === x && r <= 0n && -r < y;
}), '[true, true, true, true]');
check('long texts, both ways', () => [3, 7, 10, 16, 36].map((radix) => {
    const x = long(radix, 24000), text = x.toString(radix);
    let back = 0n;
    for (let i = 0; i < text.length; i += 500) back = back * BigInt(radix) ** BigInt(text.slice(i, i + 500).length) + [...text.slice(i, i + 500)].reduce((n, c) => n * BigInt(radix) + BigInt(parseInt(c, radix)), 0n);
    return back === x;
}), '[true, true, true, true, true]');
check('long texts of decimals are read', () => {
    const text = '-' + '1234567890'.repeat(3000) + '7';
    return String(big(text)) === text && (10n ** 20000n).toString() === '1' + '0'.repeat(20000) && big('0'.repeat(30000) + '5');
}, '5n');
check('what is no number', () => ['1'.repeat(9000) + '_1', '1'.repeat(9000) + 'n', '1'.repeat(5000) + '-' + '1'.repeat(5000)].map((text) => {
    try { return big(text); } catch (error) { return error.name; }
}), '["SyntaxError", "SyntaxError", "SyntaxError"]');
