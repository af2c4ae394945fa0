'use strict';
// Scripts and builtins that want more memory or time than there is. The first word of a description is the promise:
// see integration/tests/it/catalogue.

const row = (name, promise, run, options) => madrpc.register(name, { description: promise, ...options }, run);

madrpc.register('fine', async ({ n }) => { await null; return [n].map((x) => x * x)[0]; });

row('catastrophic regexp', 'stopped', () => /^(a+)+$/.test('a'.repeat(60) + 'b'));
row('catastrophic alternation', 'stopped', () => /^(a|a)*$/.test('a'.repeat(60) + 'b'));
row('catastrophic lookbehind', 'answers', () => /(?<=^(?:a+)+b)c/.test('a'.repeat(60) + 'c'));
row('catastrophic replace', 'stopped', () => ('x'.repeat(40) + 'y').replace(/(x+x+)+z/g, ''));
row('catastrophic split', 'stopped', async () => { await null; return ('a'.repeat(60) + 'b').split(/^(?:a+)+$/); });
row('huge fill', 'stopped', () => new Array(1e9).fill(0).length);
row('huge join', 'throws RangeError', () => Array(2 ** 32 - 1).join('x').length);
row('huge reverse', 'stopped', () => new Array(2 ** 32 - 1).reverse().length);
row('huge indexOf', 'stopped', () => new Array(2 ** 32 - 1).indexOf(1));
row('huge includes of a sparse array', 'stopped', () => { const a = []; a[2 ** 32 - 2] = 1; return a.includes(2); });
row('huge sort', 'stopped', () => new Array(2 ** 32 - 1).sort().length);
row('huge array-like', 'throws RangeError', () => Array.prototype.slice.call({ length: 2 ** 53 - 1 }));
row('huge array-like, indexOf', 'stopped', () => Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1));
row('array from a huge length', 'stopped', () => Array.from({ length: 2 ** 32 - 1 }));
row('huge concat', 'stopped', () => [].concat(new Array(2 ** 32 - 2)).length);
row('huge flat', 'stopped', () => [new Array(2 ** 32 - 2)].flat().length);
row('huge spread', 'stopped', () => [...new Array(2 ** 32 - 1)].length);
row('huge apply', 'throws RangeError', () => Math.max.apply(null, { length: 2 ** 32 - 1 }));
row('string that grows', 'limit', () => { let s = 'x'.repeat(1e6); const all = []; for (;;) all.push(s += 'y'); });
row('array that grows', 'limit', () => { const a = []; for (;;) a.push(a.length); });
row('arrays in an array', 'limit', () => { const a = []; for (;;) a.push([1, 2, 3]); });
row('object that grows', 'limit', () => { const o = {}; for (let i = 0; ; i++) o['k' + i] = i; });
row('map that grows', 'limit', () => { const m = new Map(); for (let i = 0; ; i++) m.set(i, {}); });
row('set that grows, after an await', 'limit', async () => { await null; const s = new Set(); for (let i = 0; ; i++) s.add('s' + i); });
row('weakmap that grows', 'limit', () => { const m = new WeakMap(); const keys = []; for (;;) { const k = {}; keys.push(k); m.set(k, keys); } });
row('closures', 'limit', () => { let f = () => 0; for (;;) { const g = f; f = () => g; } });
row('symbols', 'limit', () => { const a = []; for (;;) a.push(Symbol('x'.repeat(100))); });
row('registered symbols', 'limit', () => { for (let i = 0; ; i++) Symbol.for('x'.repeat(100) + i); });
row('garbage', 'limit', () => { for (;;) new Array(1000).fill(0); });
row('many array buffers', 'limit', () => { const a = []; for (;;) a.push(new ArrayBuffer(1 << 20)); });
row('resizable buffers', 'limit', () => { const a = []; for (;;) { const b = new ArrayBuffer(0, { maxByteLength: 1 << 24 }); b.resize(1 << 24); a.push(b); } });
row('typed array fills', 'stopped', () => { const a = new Uint8Array(1 << 24); for (;;) a.fill(1); });
row('bigint that squares', 'stopped', () => { let x = 3n; for (;;) x = x * x; });
row('bigint toString', 'stopped', () => { let e = 20000000n; return (2n ** e).toString(7).length; });
row('stringify huge sparse', 'stopped', () => JSON.stringify(new Array(2 ** 32 - 1)).length);
row('nested quantifiers', 'stopped', () => new RegExp('(((a{0,50}){0,50}){0,50}){0,50}b').test('a'.repeat(100)));
row('huge string', 'throws RangeError', () => 'x'.repeat(2 ** 30));
row('huge string, many times', 'limit', () => { for (;;) 'x'.repeat(2 ** 29 - 100); });
row('huge padStart', 'throws RangeError', () => 'x'.padStart(2 ** 31).length);
row('replaceAll huge', 'answers', () => 'x'.repeat(1e6).replaceAll('x', 'yy').length);
row('replaceAll that multiplies', 'stopped', () => 'x'.repeat(1e5).replaceAll('x', 'y'.repeat(1e5)).length);
row('replaceAll with the rest', 'stopped', () => 'x'.repeat(1e5).replace(/x/g, '$`$\'').length);
row('long alternation', 'limit or replaced', () => new RegExp(Array.from({ length: 1e5 }, (_, i) => 'a' + i).join('|')).test('b'));
row('bigint power', 'stopped', () => { const e = 600000000n; return (3n ** e) && 1; });
row('bigint power, after an await', 'stopped', async () => { await null; const e = 600000000n; return (3n ** e) && 1; });
row('bigint quotient', 'stopped', () => { const e = 400000000n, x = 7n ** (e / 3n); return (x * x / (x - 1n)) && 1; });
row('bigint of a long text', 'stopped', () => BigInt('9'.repeat(2e7)) && 1);
row('string that doubles', 'limit', () => { let s = 'x'; for (;;) s += s; });
