'use strict';
// Values that are large, deep or cyclic, in every builtin that goes through them. The first word of a description is the promise:
// see integration/tests/it/catalogue.

const row = (name, promise, run, options) => madrpc.register(name, { description: promise, ...options }, run);

madrpc.register('fine', async ({ n }) => { await null; return [n].map((x) => x * x)[0]; });
// The engine panics on this remainder.
madrpc.register('panic', () => { const a = -2147483648 | 0, b = -1 | 0; return a % b; });

row('array from an impossible length', 'throws RangeError', () => Array.from({ length: 2 ** 53 - 1 }));
row('huge padEnd', 'throws RangeError', () => 'x'.padEnd(2 ** 53).length);
row('huge array buffer', 'throws RangeError', () => new ArrayBuffer(2 ** 31).byteLength);
row('huge typed array', 'throws RangeError', () => new Float64Array(2 ** 28));
row('typed array of an array-like', 'answers', () => new Uint8Array({ length: 2 ** 40 }));
row('bigint power', 'throws RangeError', () => { let e = 40n; return 2n ** (2n ** e); });
row('bigint power that fits', 'answers', () => { let e = 10000000n; return (3n ** e) && 1; });
row('bigint shift', 'throws RangeError', () => { let e = 62n; return 1n << (2n ** e); });
row('bigint of a long text', 'answers', () => BigInt('9'.repeat(1e6)) && 1);
row('stringify huge', 'answers', () => JSON.stringify(new Array(1e6).fill({ a: 'x'.repeat(10) })).length);
row('stringify shared without end', 'answers', () => { let o = {}; for (let i = 0; i < 60; i++) o = [o, o]; return JSON.stringify(o).length; });
row('result shared without end', 'answers', () => { let o = {}; for (let i = 0; i < 60; i++) o = [o, o]; return o; });
row('result huge', 'code -32006', () => new Array(1.5e6).fill('abcdefgh'));
row('result sparse', 'code -32006', () => new Array(2 ** 32 - 1));
row('result string', 'code -32006', () => 'x'.repeat(1 << 20).repeat(11));
row('clone huge sparse', 'answers', () => structuredClone(new Array(2 ** 32 - 1)).length);
row('clone shared without end', 'answers', () => { let o = {}; for (let i = 0; i < 60; i++) o = [o, o]; return structuredClone(o).length; });
row('parse huge', 'answers', () => JSON.parse('[' + '1,'.repeat(1e6) + '1]').length);
row('parse wide', 'answers', () => Object.keys(JSON.parse('{' + Array.from({ length: 2e5 }, (_, i) => '"k' + i + '":0').join() + '}')).length);
row('normalize huge', 'answers', () => '\u1E9B\u0323'.repeat(1e6).normalize('NFKD').length);
row('localeCompare huge', 'answers', () => 'é'.repeat(1e6).localeCompare('é'.repeat(1e6)));
row('split into characters', 'answers', () => 'x'.repeat(1e6).split('').length);
row('indexOf without luck', 'answers', () => ('a'.repeat(1e5) + 'b').indexOf('a'.repeat(5e4) + 'c'));
row('toUpperCase that grows', 'answers', () => 'ß'.repeat(1e6).toUpperCase().length);
row('encodeURIComponent huge', 'answers', () => encodeURIComponent('é'.repeat(1e6)).length);
row('linked list dropped', 'answers', () => { let l = null; for (let i = 0; i < 2e5; i++) l = { l }; l = null; return 1; });
row('linked list of closures dropped', 'answers', () => { let l = () => 0; for (let i = 0; i < 1e5; i++) { const m = l; l = () => m; } return 1; });
row('linked list as result', 'code -32009', () => { let l = null; for (let i = 0; i < 1e5; i++) l = { l }; return l; });
row('deep array, result', 'code -32009', () => { let a = []; for (let i = 0; i < 1e4; i++) a = [a]; return a; });
row('deep array, stringify', 'throws RangeError', () => { let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return JSON.stringify(a).length; });
row('deep object, stringify', 'throws RangeError', () => { let a = {}; for (let i = 0; i < 1e5; i++) a = { a }; return JSON.stringify(a, null, 1).length; });
row('deep array, flat', 'answers', () => { let a = [1]; for (let i = 0; i < 1e5; i++) a = [a]; return a.flat(Infinity).length; });
row('deep array, join', 'answers', () => { let a = [1]; for (let i = 0; i < 1e5; i++) a = [a]; return a.join(); });
row('deep array, toString', 'answers', () => { let a = [1]; for (let i = 0; i < 1e5; i++) a = [a]; return String(a); });
row('deep array, compared', 'answers', () => { let a = [1]; for (let i = 0; i < 1e4; i++) a = [a]; return a == 1; });
row('deep array, clone', 'answers', () => { let a = [1]; for (let i = 0; i < 1e5; i++) a = [a]; return structuredClone(a).length; });
row('deep array, console', 'answers', () => { let a = [1]; for (let i = 0; i < 1e5; i++) a = [a]; console.log(a); return 1; });
row('deep text, parse', 'throws SyntaxError', () => JSON.parse('['.repeat(1e5) + ']'.repeat(1e5)));
row('deep text, parse with a reviver', 'answers', () => JSON.parse('['.repeat(1e5) + ']'.repeat(1e5), (k, v) => v));
row('deep text, parse with a lone surrogate', 'answers', () => JSON.parse('['.repeat(1e5) + '"\ud800"' + ']'.repeat(1e5)));
row('deep rope', 'answers', () => { let s = ''; for (let i = 0; i < 2e5; i++) s = 'x' + s; return s.length; });
row('deep promise chain', 'answers', async () => { let p = Promise.resolve(1); for (let i = 0; i < 1e5; i++) p = p.then((x) => x); return p; });
row('deep promise chain, resolved by promises', 'answers', async () => { let p = Promise.resolve(1); for (let i = 0; i < 3e4; i++) { const q = p; p = new Promise((done) => done(q)); } return p; });
row('deep error causes', 'answers', () => { let e = new Error('x'); for (let i = 0; i < 1e5; i++) e = new Error('x', { cause: e }); console.log(e); throw e; });
row('cyclic result', 'code -32012', () => { const a = []; a.push([a]); return a; });
row('cyclic stringify', 'throws TypeError', () => { const a = {}; a.a = [a]; return JSON.stringify(a); });
row('cyclic clone', 'answers', () => { const a = []; a.push(a); return structuredClone(a).length; });
row('cyclic cause', 'throws Error', () => { const e = new Error('x'); e.cause = e; console.log(e); throw e; });
row('deep regexp', 'answers', () => new RegExp('('.repeat(1e5) + ')'.repeat(1e5)).test(''));
row('deep regexp, classes', 'answers', () => new RegExp('(?:a'.repeat(1e4) + ')?'.repeat(1e4)).test('aaaa'));
row('long regexp', 'answers', () => new RegExp('a?'.repeat(1e5)).test(''));
row('huge quantifier', 'answers', () => new RegExp('(?:a{1000}){1000}').test('a'.repeat(100)));
