'use strict';
// Scripts and builtins that want more memory or time than there is. The first word of a description is the promise:
// see integration/tests/it/catalogue.

const row = (name, promise, run, options) => madrpc.register(name, { description: promise, ...options }, run);

madrpc.register('fine', async ({ n }) => { await null; return [n].map((x) => x * x)[0]; });
// The engine panics on this remainder.
madrpc.register('panic', () => { const a = -2147483648 | 0, b = -1 | 0; return a % b; });

row('catastrophic regexp', 'replaced', () => /^(a+)+$/.test('a'.repeat(60) + 'b'));
row('catastrophic alternation', 'replaced', () => /^(a|a)*$/.test('a'.repeat(60) + 'b'));
row('catastrophic lookbehind', 'answers', () => /(?<=^(?:a+)+b)c/.test('a'.repeat(60) + 'c'));
row('catastrophic replace', 'replaced', () => ('x'.repeat(40) + 'y').replace(/(x+x+)+z/g, ''));
row('catastrophic split', 'replaced', async () => { await null; return ('a'.repeat(60) + 'b').split(/^(?:a+)+$/); });
row('huge fill', 'replaced', () => new Array(1e9).fill(0).length);
row('huge join', 'replaced', () => Array(2 ** 32 - 1).join('x').length);
row('huge reverse', 'replaced', () => new Array(2 ** 32 - 1).reverse().length);
row('huge indexOf', 'replaced', () => new Array(2 ** 32 - 1).indexOf(1));
row('huge includes of a sparse array', 'replaced', () => { const a = []; a[2 ** 32 - 2] = 1; return a.includes(2); });
row('huge sort', 'replaced', () => new Array(2 ** 32 - 1).sort().length);
row('huge array-like', 'throws RangeError', () => Array.prototype.slice.call({ length: 2 ** 53 - 1 }));
row('huge array-like, indexOf', 'replaced', () => Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1));
row('array from a huge length', 'replaced', () => Array.from({ length: 2 ** 32 - 1 }));
row('huge concat', 'replaced', () => [].concat(new Array(2 ** 32 - 2)).length);
row('huge flat', 'replaced', () => [new Array(2 ** 32 - 2)].flat().length);
row('huge spread', 'stopped', () => [...new Array(2 ** 32 - 1)].length);
row('huge apply', 'replaced', () => Math.max.apply(null, { length: 2 ** 32 - 1 }));
row('string that grows', 'limit', () => { let s = 'x'.repeat(1e6); const all = []; for (;;) all.push(s += 'y'); });
row('array that grows', 'limit', () => { const a = []; for (;;) a.push(a.length); });
row('arrays in an array', 'limit', () => { const a = []; for (;;) a.push([1, 2, 3]); });
row('object that grows', 'limit', () => { const o = {}; for (let i = 0; ; i++) o['k' + i] = i; });
row('map that grows', 'limit', () => { const m = new Map(); for (let i = 0; ; i++) m.set(i, {}); });
row('set that grows, after an await', 'limit', async () => { await null; const s = new Set(); for (let i = 0; ; i++) s.add('s' + i); });
row('weakmap that grows', 'limit', () => { const m = new WeakMap(); const keys = []; for (;;) { const k = {}; keys.push(k); m.set(k, keys); } });
row('closures', 'limit', () => { let f = () => 0; for (;;) { const g = f; f = () => g; } });
row('symbols', 'limit', () => { const a = []; for (;;) a.push(Symbol('x'.repeat(100))); });
row('registered symbols', 'limit', () => { for (let i = 0; ; i++) Symbol.for('x'.repeat(1000) + i); });
row('garbage', 'limit', () => { for (;;) new Array(1000).fill(0); });
row('many array buffers', 'limit', () => { const a = []; for (;;) a.push(new ArrayBuffer(1 << 20)); });
row('resizable buffers', 'limit', () => { const a = []; for (;;) { const b = new ArrayBuffer(0, { maxByteLength: 1 << 24 }); b.resize(1 << 24); a.push(b); } });
row('typed array fills', 'limit or replaced', () => { const a = new Uint8Array(1 << 24); for (;;) a.fill(1); });
row('bigint that squares', 'limit or replaced', () => { let x = 3n; for (;;) x = x * x; });
row('bigint toString', 'replaced', () => { let e = 20000000n; return (2n ** e).toString(7).length; });
row('stringify huge sparse', 'limit or replaced', () => JSON.stringify(new Array(2 ** 32 - 1)).length);
row('nested quantifiers', 'replaced', () => new RegExp('(((a{0,50}){0,50}){0,50}){0,50}b').test('a'.repeat(100)));
row('huge string', 'limit or replaced', () => 'x'.repeat(2 ** 30));
row('huge string, many times', 'limit or replaced', () => { for (;;) 'x'.repeat(2 ** 29 - 100); });
row('huge padStart', 'limit or replaced', () => 'x'.padStart(2 ** 31).length);
row('replaceAll huge', 'limit or replaced', () => 'x'.repeat(1e6).replaceAll('x', 'yy').length);
row('replaceAll that multiplies', 'limit or replaced', () => 'x'.repeat(1e5).replaceAll('x', 'y'.repeat(1e5)).length);
row('replaceAll with the rest', 'limit or replaced', () => 'x'.repeat(1e5).replace(/x/g, '$`$\'').length);
row('long alternation', 'limit or replaced', () => new RegExp(Array.from({ length: 1e5 }, (_, i) => 'a' + i).join('|')).test('b'));
row('string that doubles', 'limit or replaced', () => { let s = 'x'; for (;;) s += s; });
