// Numbers, their texts, dates, and builtins.

export const numbers = {
  'toFixed'() { return [(1e-17).toFixed(10), (123.456).toFixed(1), (1.005).toFixed(2), (1e-7).toFixed(10), (0.5).toFixed(0), (1.5).toFixed(0), (2.5).toFixed(0), (1e21).toFixed(2), (-1.5).toFixed(0), (0.000001).toFixed(7), (1234.5678).toFixed(20), (-0).toFixed(2), (5e-324).toFixed(100)]; },
  'toPrecision'() { return [(25).toPrecision(1), (35).toPrecision(1), (123.456).toPrecision(4), (0.000001234).toPrecision(2), (1e21).toPrecision(3), (1.25).toPrecision(2), (0).toPrecision(5), (99.99).toPrecision(3), (5e-324).toPrecision(100)]; },
  'toExponential'() { return [(1234.5678).toExponential(2), (0).toExponential(), (1.25).toExponential(1), (-1.5e-9).toExponential(3), (123456).toExponential(), (5e-324).toExponential(30), (9.999).toExponential(1)]; },
  'toString of a radix'() { return [(255).toString(16), (0.5).toString(2), (0.1).toString(3), (-255.5).toString(36), (1e21).toString(7), (2 ** 53).toString(2), (1 / 3).toString(5)]; },
  'text of doubles'() { return [0.000001234, 1e21, 1e-7, 5e-324, 1.7976931348623157e308, 0.1 + 0.2, 123456789012345680000, -1e-7, 4.35, 2 ** 53].map(String); },
  'zero and its sign'() { const f = (a, b) => [a / b, a % b, a * b]; return [0 / -4, f(0, -4), f(-4, 4), f(-0, 4), Math.round(-0.5), -0 + 0, [0 % -1, -1 % 1]]; },
  'the least integer modulo minus one'() { const f = (a, b) => [a % b, a / b, a * b, -a]; return [(-2147483648 | 0) % -1, f(-2147483648 | 0, -1), f(-2147483648, 1)]; },
  'the old value of x++ is a number'() { let a = '12', b = [], c, d = 2n, e = true; return [a++, a, b--, b, c++, c, d++, d, e--, e]; },
  'x++ that throws leaves x alone'() { let x = { valueOf() { throw new Error('!x'); } }; const before = x; try { x++; } catch {} try { --x; } catch {} return x === before; },
  'x = x++'() { let x = '5'; x = x++; let y = 1; y = y++ + y++; return [x, y]; },
  'BigInts and texts'() { return [-1n < '1_0', 1n < 'x', '1' < 2n, 1n == '1', 1n == ' 0x1 ', ...['1_0', '0x', '0x-1', '-5', '', '1e3', '0B11', '\ufeff7\u2029', '\u00857', '1n'].map((text) => { try { return BigInt(text); } catch (error) { return error; } })]; },
  'integers at the ends of 32 bits'() { const f = (a, b) => [a + b, a - b, a * b, a | b, a << 1, a >>> 1, ++a, --b]; return [f(2147483647, 1), f(-2147483648, 1), f(2147483647, -2147483648), f(65536, 65536)]; },
  'large doubles in small typed arrays'() { return [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array].map((Kind) => [1e19, -1e19, 4294967297.5, NaN, -Infinity, 1e300, 2 ** 63, 300.5, 1.5, 2.5].map((value) => { const it = new Kind(1); it[0] = value; return [it[0], Kind.of(value)[0]]; })); },
  'bits of large doubles'() { return [1e19 | 0, -1e19 >>> 0, 2 ** 53 >> 1, 1e300 | 0, 4294967297.9 ^ 0, ~1e10, Math.imul(1e19, 3), Math.clz32(1e19), 1 << 33]; },
  'numerals'() { return [parseFloat('3.14abc'), Number(''), Number('0x1f'), Number(' 12 '), Number('1_0'), Number('0b11'), +'1e1000', Number('.5'), Number('5.'), Number('+0x1'), parseInt('0x1f'), parseInt('12', 37), Number('12345678901234567890123456789'), 0.1234567890123456789]; },
};

export const dates = {
  'ISO with more and fewer digits'() { return ['2024-05-01T12:00:00.123456Z', '2024-05-01T12:00:00.1Z', '2024-05-01T12:00:00.12345678901Z', '2024-05-01T12:00Z', '2024-05-01', '2024-05', '2024', '+012024-05-01T00:00:00Z', '-000001-01-01T00:00:00Z', '2024-05-01T24:00:00Z'].map(Date.parse); },
  'a space for the T'() { return ['2024-05-01 12:00:00', '2024-05-01 12:00', '2026-11-28 21:20Z', '2024-05-01 12:00:00.5', '2024-05-01 12:00:00+02:00', '2024-05-01 12:00:00 UTC'].map(Date.parse); },
  'mail and HTTP'() { return ['Wed, 01 May 2024 12:00:00 +0000', 'Sat, 28 Nov 2026 21:20:34 GMT', 'Wed, 1 May 2024 12:00:00 EST', '01 May 2024 12:00:00 -0530', 'Wed May 01 2024 12:00:00 GMT+0200 (Central European Summer Time)'].map(Date.parse); },
  'as people write'() { return ['Nov 28, 2026', 'Nov 28, 2026 UTC', 'November 28, 2026 10:20 PM', '28 November 2026', '11/28/2026', '2026/11/28', '11/28/26', '1/2/49', '1/2/50', 'Nov 2026', '2026 Nov 28 12:00', '12:00 Nov 28 2026', '11-28-2026', '28-Nov-2026'].map(Date.parse); },
  'what is no date'() { return ['', 'tomorrow', '2024-13-01', '2024-02-32', '2024-05-01T25:00', '2024-05-01T12:00:00X', 'Foo 1, 2024', '1.5.2024.7', '2024-02-30', '2024-02-31T00:00:00Z', 'Feb 30 2024'].map(Date.parse); },
  'setters and formats'() { const d = new Date(Date.UTC(2024, 1, 29, 12)); d.setUTCFullYear(2025); return [d, d.toISOString(), d.toUTCString(), String(d), d.toDateString(), d.toTimeString(), d.toJSON(), new Date(0).toString(), String(new Date(NaN)), new Date(2026, 0, 31).getTime(), new Date('2026-01-31T10:00:00').getTime()]; },
  'years before 100'() { return [new Date(99, 0).getFullYear(), new Date(100, 0).getFullYear(), Date.UTC(0), new Date(-1, 0).toISOString(), new Date(Date.UTC(-1, 0)).toUTCString()]; },
};

export const builtins = {
  'sorts whose comparator contradicts itself end'() {
    let state = 1;
    const chance = () => { state = (state * 16807) % 2147483647; return state / 2147483647 - 0.5; };
    const items = Array.from({ length: 200 }, (_, i) => i);
    const same = (sorted) => Array.from(sorted).sort((a, b) => a - b).join() === items.join();
    return [same([...items].sort(chance)), same(items.toSorted(chance)), same(Uint8Array.from(items).sort(chance)), same([...items].sort(() => 1)), same([...items].sort(() => -1)), same([...items].sort((a, b) => a < b))];
  },
  'a sort of numbers and strings'() { return [3, 'b', 1, 'a', '10', 2, undefined, null, NaN].sort((a, b) => a - b).length; },
  'a sort is stable'() { return Array.from({ length: 60 }, (_, place) => ({ key: place % 3, place })).sort((a, b) => a.key - b.key).map(({ place }) => place); },
  'what is left out, and undefined, come last'() { return [[3, , undefined, 1].sort(), [3, , undefined, 1].toSorted((a, b) => b - a)]; },
  'Annex B: strings'() { return ['abc'.substr(1, 1), 'abc'.substr(-2), ' a'.trimLeft() + '|', 'a '.trimRight() + '|', 'x'.bold(), 'x'.link('"'), escape('ä€ +'), unescape('%20%u20AC%E4')]; },
  'Annex B: regular expressions'() { const r = /a/; r.compile('b', 'g'); return [r, /a{/.test('a{'), /\8/.test('8'), RegExp.prototype.compile.length]; },
  'Annex B: dates and objects'() { const o = {}; o.__defineGetter__('x', () => 5); return [new Date(0).getYear(), new Date(0).toGMTString(), o.x, typeof o.__lookupGetter__('x'), { __proto__: null } instanceof Object, o.__proto__ === Object.prototype]; },
  'Annex B: functions in blocks'() { const before = typeof inner; { function inner() { return 1; } } return [before, inner()]; },
  'names of the global object'() { return [typeof global, typeof globalThis, typeof TypedArray, typeof Intl]; },
  'texts of a language'() { return [['z', 'ä', 'a'].sort((a, b) => a.localeCompare(b, 'de')), (1234567.891).toLocaleString('en-US'), 'i'.toLocaleUpperCase('tr'), 'résumé'.localeCompare('resume', 'en', { sensitivity: 'base' })]; },
  'tagged templates are frozen and kept'() { const tag = (parts) => parts; const f = () => tag`a\n${1}b`; return [f() === f(), Object.isFrozen(f()), f().raw, f()]; },
  'a thrown error has its own fields'() { const error = Object.assign(new RangeError('!m', { cause: 'c' }), { status: 404, code: 'E' }); return [error, Object.keys(error), error.status, Object.prototype.toString.call(error)]; },
};
