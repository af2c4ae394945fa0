'use strict';
// Generators, streams and maps. The first word of a description is the promise: see integration/tests/it/catalogue.

const row = (name, promise, run, options) => madrpc.register(name, { description: promise, ...options }, run);

madrpc.register('fine', async ({ n }) => { await null; return [n].map((x) => x * x)[0]; });

const never = new Promise(() => {});
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
madrpc.register('without end', async function* () { for (let i = 0; ; i++) yield i; });
madrpc.register('one', async function* () { yield 1; });
madrpc.register('stays', async function* () { try { yield 1; yield 2; } finally { await never; } });
madrpc.register('comes back', async function* () { for (;;) { try { for (;;) yield 1; } finally { continue; } } });
madrpc.register('throws on its way out', async function* () { try { for (;;) yield 1; } finally { throw new Error('out'); } });
madrpc.register('throws late', async function* () { try { for (;;) yield 1; } finally { setTimeout(() => { throw new Error('late'); }, 1); await never; } });
madrpc.register('loops on its way out', async function* () { try { for (;;) yield 1; } finally { for (let i = 0; i < 1e6; i++); } });
madrpc.register('into itself', async function* () { yield* madrpc.stream('into itself'); });
madrpc.register('yields a cycle', async function* () { const a = []; a.push(a); yield a; });

row('never yields', 'stopped', async function* () { for (;;); });
row('never yields, after an item', 'stopped', async function* () { yield 1; for (;;); });
row('waits and never yields', 'timeout', async function* () { await never; });
row('waits and never yields, nor returns', 'timeout', async function* () { try { await never; } finally { await never; } });
row('yields without end', 'code -32006', async function* () { for (;;) yield 'x'.repeat(1e5); });
row('yields what does not settle', 'timeout', async function* () { yield never; });
row('yields a BigInt', 'code -32012', async function* () { yield 1; yield 1n; });
row('yields a cycle itself', 'code -32012', async function* () { const a = {}; a.a = a; yield a; });
row('yields a function', 'code -32012', async function* () { yield () => 1; });
row('yields a rejection', 'throws Error', async function* () { yield Promise.reject(new Error('no')); });
row('yields a revoked proxy', 'throws TypeError', async function* () { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); yield proxy; });
row('yields a getter that loops', 'stopped', async function* () { yield { get a() { for (;;); } }; });
row('yields toJSON that throws', 'throws Error', async function* () { yield { toJSON() { throw new Error('no'); } }; });
row('recurses', 'limit', async function* () { const f = () => f(); f(); });
row('delegates to itself', 'answers', async function* f() { yield* f(); });
row('tampered prototypes', 'gives [1]', async function* () { const prototype = Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}.prototype)); const { next } = prototype; prototype.next = () => { throw 1; }; yield 1; prototype.next = next; });
row('sync generator', 'gives {}', function* () { for (;;) yield 1; });
row('throws in finally', 'throws Error', async function* () { try { yield 1; } finally { throw new Error('out'); } });
row('a timer throws meanwhile', 'throws Error', async function* () { setTimeout(() => { throw new Error('late'); }, 1); yield 1; await never; });

row('reads without end', 'timeout', async () => { for await (const v of madrpc.stream('without end')); });
row('does not read', 'timeout', async () => { madrpc.stream('without end'); await never; });
row('leaves one that stays', 'gives 1', async () => { for await (const v of madrpc.stream('stays')) return v; });
row('leaves one that comes back', 'gives 1', async () => { for await (const v of madrpc.stream('comes back')) return v; });
row('leaves one that throws', 'gives 1', async () => { for await (const v of madrpc.stream('throws on its way out')) return v; });
row('leaves one that throws late', 'gives 1', async () => { for await (const v of madrpc.stream('throws late')) return v; });
row('leaves one that loops', 'gives 1', async () => { for await (const v of madrpc.stream('loops on its way out')) return v; });
row('leaves many', 'gives 200', async () => { let n = 0; for (let i = 0; i < 200; i++) for await (const v of madrpc.stream('without end')) { n++; break; } return n; });
row('opens many', 'gives 500', async () => { const all = Array.from({ length: 500 }, () => madrpc.stream('one')); return (await Promise.all(all.map((s) => s.next()))).length; });
row('leaves many open', 'gives 1', () => { for (let i = 0; i < 2000; i++) madrpc.stream('without end'); return 1; });
row('recursion through streams', 'code -32011', async () => { for await (const v of madrpc.stream('into itself')); });
row('a cycle from afar', 'code -32012', async () => { for await (const v of madrpc.stream('yields a cycle')); });
row('asks for many values', 'answers', async () => { const s = madrpc.stream('one'); let refused = 0; for (let i = 0; i < 2e4; i++) s.next().catch(() => refused++); });
row('asks after the end', 'gives 1000', async () => { const s = madrpc.stream('one'); await s.next(); await s.next(); let n = 0; for (let i = 0; i < 1000; i++) if ((await s.next()).done) n++; return n; });
row('stream of nothing', 'code -32601', async () => { for await (const v of madrpc.stream('nothing of that name')); });
row('stream with a scalar', 'code -32602', async () => { for await (const v of madrpc.stream('one', 1)); });
row('input of nobody', 'gives 0', async (params, ctx) => { let n = 0; for await (const v of ctx.input) n++; return n; });
let kept;
row('input that is kept', 'gives true', async (params, ctx) => { const done = kept ? (await kept.next()).done : true; kept = ctx.input; return done; });
let leftOver;
row('stream that is kept', 'gives true', async () => { const done = leftOver ? (await leftOver.next()).done : true; leftOver = madrpc.stream('without end'); return done; });
row('then of an iterator result', 'gives 1', async () => { Object.prototype.then = undefined; try { for await (const v of madrpc.stream('one')) return v; } finally { delete Object.prototype.then; } });

row('map without end', 'timeout', () => madrpc.map('fine', (function* () { for (;;) yield { n: 1 }; })(), { concurrency: 4 }));
row('map of what does not settle', 'timeout', () => madrpc.map('waits and never yields', [{}, {}]));
row('map of an iterator that never ends a step', 'stopped', () => madrpc.map('fine', { [Symbol.iterator]: () => ({ next() { for (;;); } }) }));
row('map of an async iterator that never answers', 'timeout', () => madrpc.map('fine', { [Symbol.asyncIterator]: () => ({ next: () => never }) }));
row('map of odd results', 'throws TypeError', () => madrpc.map('fine', { [Symbol.iterator]: () => ({ next: () => 5 }) }));
row('map of odd results, later', 'throws TypeError', () => madrpc.map('fine', { [Symbol.asyncIterator]: () => ({ next: () => 5 }) }));
row('map that begins another', 'gives 3', async () => { let inner; await madrpc.map('fine', (function* () { inner = madrpc.map('fine', [{ n: 1 }, { n: 2 }, { n: 3 }]); yield { n: 1 }; })()); return (await inner).length; });
row('map whose iterator aborts it', 'gives "enough"', () => { const c = new AbortController(); return madrpc.map('fine', (function* () { yield { n: 1 }; c.abort('enough'); yield { n: 2 }; })(), { signal: c.signal }).catch((e) => e); });
row('map whose progress loops', 'stopped', () => madrpc.map('fine', [{ n: 1 }], { onProgress() { for (;;); } }));
row('map whose progress throws', 'throws Error', () => madrpc.map('fine', [{ n: 1 }], { onProgress() { throw new Error('no'); } }));
row('map of many', 'gives 500', async () => (await madrpc.map('fine', Array.from({ length: 500 }, (_, n) => ({ n })))).length);
row('map of many that fail', 'gives 3000', async () => (await madrpc.map('nothing of that name', Array.from({ length: 3000 }, () => ({})), { onError: 'collect' })).filter((r) => r.reason.code === -32601).length);
row('map of a sparse array', 'code -32602', () => madrpc.map('fine', new Array(1e9)));
row('map of text', 'throws TypeError', () => madrpc.map('fine', 'text'));
row('maps left behind', 'gives 1', () => { for (let i = 0; i < 100; i++) madrpc.map('waits and never yields', Array.from({ length: 10 }, () => ({}))); return 1; });
