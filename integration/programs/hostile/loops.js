'use strict';
// Scripts that run without end, each where the engine might not look. The first word of a description is the promise:
// see integration/tests/it/catalogue.

const row = (name, promise, run, options) => madrpc.register(name, { description: promise, ...options }, run);
const forever = () => { for (;;); };
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

madrpc.register('fine', async ({ n }) => { await null; return [n].map((x) => x * x)[0]; });

row('for', 'stopped', () => { for (;;); });
row('while', 'stopped', () => { let n = 0; while (n >= 0) n++; });
row('do', 'stopped', () => { let n = 0; do n++; while (true); });
row('in an async function', 'stopped', async () => { for (;;); });
row('after an await', 'stopped', async () => { await null; for (;;); });
row('after a timer', 'stopped', async () => { await wait(1); for (;;); });
row('of awaits', 'stopped', async () => { for (;;) await null; });
row('of awaited async functions', 'stopped', async () => { const f = async () => {}; for (;;) await f(); });
row('for await', 'stopped', async () => { for await (const x of (async function* () { for (;;) yield 1; })()); });
row('for of', 'stopped', () => { for (const x of { [Symbol.iterator]: () => ({ next: () => ({ done: false }) }) }); });
row('for of a growing array', 'stopped', () => { const a = [1]; let i = 0; for (const x of a) { a[++i % 10 + 1] = x; if (a.length > 5) a.length = 1, a.push(1, 1), i = 0; for (;;); } });
row('for in', 'stopped', () => { for (;;) for (const x in { a: 1, b: 2 }); });
row('label continue', 'stopped', () => { outer: for (;;) for (let i = 0; i < 2; i++) continue outer; });
row('label break', 'stopped', () => { for (;;) { inner: { break inner; } } });
row('finally continue', 'stopped', () => { for (;;) try { throw 1; } finally { continue; } });
row('catch that loops', 'stopped', () => { try { for (;;); } catch { for (;;); } finally { for (;;); } });
row('finally that loops', 'stopped', () => { try { return 1; } finally { for (;;); } });
row('finally that returns', 'stopped', () => { try { for (;;); } finally { return 'escaped'; } });
row('catch that returns', 'stopped', () => { try { for (;;); } catch { return 'escaped'; } });
row('catch around a call', 'stopped', () => { for (;;) try { forever(); } catch { } });
row('async catch', 'stopped', async () => { for (;;) try { await null; forever(); } catch { } finally { } });
row('async catch of another', 'stopped', async () => {
  const f = async () => { await null; forever(); };
  for (;;) try { await f(); } catch { }
});
row('catch of a promise', 'stopped', () => {
  const again = () => new Promise(forever).catch(again).then(again, again).finally(again);
  return again();
});
row('executor', 'stopped', () => new Promise(forever));
row('executor that is swallowed', 'stopped', async () => { try { await new Promise(forever); } catch { } return 'escaped'; });
row('promise try', 'stopped', () => Promise.try(forever));
row('then', 'stopped', () => Promise.resolve().then(forever));
row('catch', 'stopped', () => Promise.reject(new Error('x')).catch(forever));
row('finally', 'stopped', () => Promise.resolve().finally(forever));
row('thenable', 'stopped', () => ({ then: forever }));
row('thenable that is awaited', 'stopped', async () => { await { then: forever }; });
row('then getter', 'stopped', () => ({ get then() { forever(); } }));
row('then getter, awaited', 'stopped', async () => { await { get then() { forever(); } }; });
row('promise all', 'stopped', () => Promise.all([{ then: forever }]));
row('promise race over an iterator', 'stopped', () => Promise.race({ *[Symbol.iterator]() { for (;;) yield 1; } }));
row('promise any', 'stopped', () => Promise.any([1].map(() => ({ then: forever }))));
row('promise chain', 'stopped', () => { const again = () => Promise.resolve().then(again); return again(); });
row('microtasks', 'stopped', () => new Promise(() => { const again = () => queueMicrotask(again); again(); }));
row('microtask', 'stopped', () => new Promise(() => queueMicrotask(forever)));
row('timer', 'stopped', () => new Promise(() => setTimeout(forever)));
row('timer string of work', 'stopped', () => new Promise(() => {
  const again = () => { for (let i = 0; i < 1e4; i++); setTimeout(again); };
  again();
}));
row('sort', 'stopped', () => [3, 2, 1].sort(forever));
row('toSorted', 'stopped', () => [3, 2, 1].toSorted(forever));
row('map', 'stopped', () => [1].map(forever));
row('reduce', 'stopped', () => [1, 2].reduce(forever));
row('flatMap', 'stopped', () => [1].flatMap(forever));
row('find of many', 'stopped', () => { for (;;) [1, 2, 3].find(() => false); });
row('array from', 'stopped', () => Array.from({ length: 1 }, forever));
row('array from an iterator', 'stopped', () => Array.from({ [Symbol.iterator]: () => ({ next: forever }) }));
row('object groupBy', 'stopped', () => Object.groupBy([1], forever));
row('object fromEntries', 'stopped', () => Object.fromEntries({ *[Symbol.iterator]() { for (;;); } }));
row('new Map of an iterator', 'stopped', () => new Map({ *[Symbol.iterator]() { for (;;) yield [1, 1]; } }));
row('new Set of an iterator', 'stopped', () => new Set({ *[Symbol.iterator]() { for (;;) yield 1; } }));
row('map forEach that grows it', 'stopped', () => { const m = new Map([[0, 0]]); let n = 0; m.forEach((_, k) => { m.delete(k); m.set(++n, 0); }); });
row('set forEach that grows it', 'stopped', () => { const s = new Set([0]); let n = 0; for (const k of s) { s.delete(k); s.add(++n); } });
row('spread', 'stopped', () => [...{ *[Symbol.iterator]() { for (;;); } }]);
row('destructuring', 'stopped', () => { const [a] = { *[Symbol.iterator]() { for (;;); } }; });
row('destructuring default', 'stopped', () => { const { a = forever() } = {}; });
row('parameter default', 'stopped', () => ((a = forever()) => a)());
row('iterator close', 'stopped', () => { for (const x of { [Symbol.iterator]: () => ({ next: () => ({ value: 1, done: false }), return: forever }) }) break; });
row('iterator close after a throw', 'stopped', () => {
  for (const x of { [Symbol.iterator]: () => ({ next: () => ({ value: 1, done: false }), return: forever }) }) throw new Error('x');
});
row('generator', 'stopped', () => { function* g() { for (;;) yield 1; } let n = 0; for (const x of g()) n += x; });
row('generator finally', 'stopped', () => { function* g() { try { yield 1; } finally { for (;;); } } const i = g(); i.next(); i.return(); });
row('generator that yields in finally', 'stopped', () => {
  function* g() { for (;;) try { yield 1; } finally { continue; } }
  const i = g();
  i.next();
  for (;;) i.return();
});
row('generator delegate', 'stopped', () => { function* f() { for (;;); } function* g() { yield* f(); } g().next(); });
row('async generator', 'stopped', async () => { async function* g() { for (;;) yield 1; } for await (const x of g()); });
row('async generator return', 'stopped', async () => {
  async function* g() { try { yield 1; } finally { for (;;); } }
  const i = g();
  await i.next();
  await i.return();
});
row('async generator, caught', 'stopped', async () => {
  async function* g() { for (;;) try { yield forever(); } catch { } }
  for (;;) try { for await (const x of g()); } catch { }
});
row('async generator return that loops in then', 'stopped', async () => {
  async function* g() { yield 1; }
  await g().return({ then: forever });
});
row('iterator helpers', 'stopped', () => { function* g() { for (;;) yield 1; } return g().map((x) => x).filter(() => false).next(); });
row('iterator helper take', 'stopped', () => { function* g() { for (;;) yield 1; } return g().drop(Infinity).toArray(); });
row('getter', 'stopped', () => ({ get x() { for (;;); } }).x);
row('setter', 'stopped', () => { ({ set x(v) { for (;;); } }).x = 1; });
row('getter of the result', 'stopped', () => ({ get x() { for (;;); } }));
row('toJSON of the result', 'stopped', () => ({ toJSON: forever }));
row('toJSON of the result, later', 'stopped', async () => { await null; return { toJSON: forever }; });
row('stringify toJSON', 'stopped', () => JSON.stringify({ toJSON: forever }));
row('stringify replacer', 'stopped', () => JSON.stringify({ a: 1 }, forever));
row('parse reviver', 'stopped', () => JSON.parse('[1]', forever));
row('parse reviver that adds', 'stopped', () => JSON.parse('[1]', function (k, v) { for (;;) this[0] = [1]; }));
row('structuredClone getter', 'stopped', () => structuredClone({ get x() { for (;;); } }));
row('toPrimitive', 'stopped', () => `${{ [Symbol.toPrimitive]: forever }}`);
row('valueOf', 'stopped', () => +{ valueOf: forever });
row('toString', 'stopped', () => '' + { toString: forever });
row('compare', 'stopped', () => ({ valueOf: forever }) < 1);
row('hasInstance', 'stopped', () => 1 instanceof { [Symbol.hasInstance]: forever });
row('species', 'stopped', () => { class A extends Array { static get [Symbol.species]() { for (;;); } } new A(1, 2).map((x) => x); });
row('toStringTag', 'stopped', () => Object.prototype.toString.call({ get [Symbol.toStringTag]() { for (;;); } }));
row('isConcatSpreadable', 'stopped', () => [].concat({ get [Symbol.isConcatSpreadable]() { for (;;); } }));
row('unscopables and in', 'stopped', () => 'x' in new Proxy({}, { has: forever }));
row('replace', 'stopped', () => 'x'.replace(/x/, forever));
row('replaceAll', 'stopped', () => 'xx'.replaceAll('x', forever));
row('symbol replace', 'stopped', () => 'x'.replace({ [Symbol.replace]: forever }));
row('regexp exec', 'stopped', () => { const r = /x/g; r.exec = forever; 'x'.match(r); });
row('regexp exec that never moves', 'stopped', () => { const r = /x/g; r.exec = () => ({ index: 0, 0: 'x', length: 1 }); 'x'.replace(r, ''); });
row('regexp lastIndex', 'stopped', () => { const r = /(?:)/g; let n = 0; 'xyz'.replace(r, () => { r.lastIndex = 0; n++; return 'x'; }); for (;;) { r.lastIndex = 0; r.test('x'); } });
row('matchAll', 'stopped', () => { for (;;) for (const m of 'xxx'.matchAll(/x/g)); });
row('tagged template', 'stopped', () => forever`x`);
row('class field', 'stopped', () => new (class { x = forever(); })());
row('static block', 'stopped', () => { class A { static { for (;;); } } });
row('constructor', 'stopped', () => new (class { constructor() { for (;;); } })());
row('computed key', 'stopped', () => ({ [forever()]: 1 }));
row('proxy get', 'stopped', () => new Proxy({}, { get: forever }).x);
row('proxy set', 'stopped', () => { new Proxy({}, { set: forever }).x = 1; });
row('proxy delete', 'stopped', () => { delete new Proxy({}, { deleteProperty: forever }).x; });
row('proxy ownKeys', 'stopped', () => Object.keys(new Proxy({}, { ownKeys: forever })));
row('proxy getPrototypeOf', 'stopped', () => new Proxy({}, { getPrototypeOf: forever }) instanceof Object);
row('proxy apply', 'stopped', () => new Proxy(() => 1, { apply: forever })());
row('proxy construct', 'stopped', () => new (new Proxy(class { }, { construct: forever }))());
row('proxy of the result', 'stopped', () => new Proxy({}, { get: forever }));
row('proxy ownKeys of the result', 'stopped', () => new Proxy({}, { ownKeys: forever }));
row('proxy defineProperty', 'stopped', () => Object.defineProperty(new Proxy({}, { defineProperty: forever }), 'x', { value: 1 }));
row('typed array from', 'stopped', () => Uint8Array.from({ length: 2 }, forever));
row('typed array sort', 'stopped', () => new Uint8Array(3).sort(forever));
row('event listener', 'stopped', () => { const c = new AbortController(); c.signal.addEventListener('abort', forever); c.abort(); });
row('reflect apply', 'stopped', () => Reflect.apply(forever, null, []));
row('bound', 'stopped', () => forever.bind(null)());
row('exponential recursion', 'stopped', () => { const f = (n) => (n < 2 ? n : f(n - 1) + f(n - 2)); return f(99); });
row('ackermann', 'stopped', () => { const a = (m, n) => (m === 0 ? n + 1 : n === 0 ? a(m - 1, 1) : a(m - 1, a(m, n - 1))); for (;;) a(2, 9); });
row('async recursion', 'stopped', async () => { const f = async (n) => { await null; return f(n + 1); }; return f(0); });
row('recursion that catches its limit', 'limit', () => { const f = () => { try { f(); } catch { } f(); }; f(); for (;;); });
row('rejection message', 'stopped', () => { throw Object.defineProperty(new Error('x'), 'message', { get: forever }); });
row('rejection name', 'stopped', async () => { await null; throw Object.defineProperty(new Error('x'), 'name', { get: forever }); });
row('rejection with a proxy', 'stopped', () => { throw new Proxy(new Error('x'), { get: forever, getPrototypeOf: forever }); });
row('params of a call', 'stopped', () => madrpc.call('fine', { toJSON: forever }));
row('params of callSync', 'stopped', () => madrpc.callSync('fine', { get n() { for (;;); } }));
row('options of a call', 'stopped', () => madrpc.call('fine', { n: 1 }, { get timeoutMs() { for (;;); } }));
row('calls without end', 'stopped', async () => { for (;;) { await madrpc.call('fine', { n: 2 }); for (let i = 0; i < 1e5; i++); } });
row('console of a looping error', 'stopped', () => console.log(Object.defineProperty(new Error('x'), 'stack', { get: forever })));
row('console with a looping toString', 'stopped', () => console.log('%s', Object.assign(new Error('x'), { toString: forever })));
row('console label', 'stopped', () => console.count({ toString: forever }));
row('url from an object', 'stopped', () => new URL({ toString: forever }));
row('search params from an iterator', 'stopped', () => new URLSearchParams({ *[Symbol.iterator]() { for (;;); } }));
row('text encoder', 'stopped', () => new TextEncoder().encode({ toString: forever }));
row('date from an object', 'stopped', () => new Date({ valueOf: forever }));
row('error cause', 'stopped', () => new Error('x', { get cause() { for (;;); } }));
row('aggregate error', 'stopped', () => new AggregateError({ *[Symbol.iterator]() { for (;;) yield* []; } }));
