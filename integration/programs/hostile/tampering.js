'use strict';
// Scripts that change what all calls of their context share. The first word of a description is the promise: see
// integration/tests/it/catalogue.

const row = (name, promise, run, options) => madrpc.register(name, { description: promise, ...options }, run);
const forever = () => { for (;;); };
const fail = () => { throw new Error('tampered'); };

madrpc.register('fine', async ({ n }) => { await null; return [n].map((x) => x * x)[0]; });
// The engine panics on this remainder.
madrpc.register('panic', () => { const a = -2147483648 | 0, b = -1 | 0; return a % b; });
madrpc.register('waits', { timeoutMs: 300 }, () => new Promise((resolve) => setTimeout(resolve, 1, 'waited')));
madrpc.register('calls', { timeoutMs: 300 }, () => madrpc.call('fine', { n: 3 }, { timeoutMs: 300 }));

row('Array.prototype.map', 'gives 1', () => { Array.prototype.map = forever; return 1; });
row('Array.prototype is emptied', 'gives 1', () => { for (const key of Reflect.ownKeys(Array.prototype)) if (key !== 'length') delete Array.prototype[key]; return 1; });
row('Array.prototype.toJSON', 'gives 1', () => { Array.prototype.toJSON = forever; return 1; });
row('Array iterator', 'gives 1', () => { Array.prototype[Symbol.iterator] = forever; return 1; });
row('Array iterator next', 'gives 1', () => { [][Symbol.iterator]().__proto__.next = () => ({ done: false }); return 1; });
row('Array.isArray and Object.keys', 'gives {"a":[1]}', () => { Array.isArray = Object.keys = fail; return { a: [1] }; });
row('Array index setter', 'gives 1', () => { Object.defineProperty(Array.prototype, 0, { set: forever, get: forever, configurable: true }); return 1; });
row('Array species', 'gives 1', () => { Object.defineProperty(Array, Symbol.species, { get: forever }); return 1; });
row('Object.prototype.toJSON', 'stopped', () => { Object.prototype.toJSON = forever; return {}; });
row('Object.prototype.then', 'stopped', () => { Object.prototype.then = forever; return {}; });
row('Object.prototype getters', 'answers', () => { for (const key of ['n', 'get', 'value', 'timeoutMs', 'code', 'done', 'signal']) Object.defineProperty(Object.prototype, key, { get: forever, configurable: true }); return 1; });
row('Object.prototype is frozen', 'gives 1', () => { Object.freeze(Object.prototype); Object.freeze(Array.prototype); Object.freeze(globalThis); return 1; });
row('Object.prototype numbers', 'gives 1', () => { Object.prototype[0] = 'zero'; Object.prototype.length = 1e9; return 1; });
row('Function.prototype.call', 'gives 1', () => { Function.prototype.call = Function.prototype.apply = Function.prototype.bind = forever; return 1; });
row('Function hasInstance', 'gives 1', () => { Object.defineProperty(madrpc.RpcError, Symbol.hasInstance, { value: forever }); return 1; });
row('Promise.prototype.then', 'gives 1', () => { Promise.prototype.then = forever; return 1; });
row('Promise.prototype.then, returned', 'answers', async () => { Promise.prototype.then = fail; return 1; });
row('Promise.prototype.constructor', 'answers', async () => { Object.defineProperty(Promise.prototype, 'constructor', { get: forever }); return 1; });
row('Promise species', 'gives 1', () => { Object.defineProperty(Promise, Symbol.species, { get: forever }); return 1; });
row('Promise.resolve', 'gives 1', () => { Promise.resolve = Promise.reject = Promise.all = forever; return 1; });
row('global Promise', 'gives 1', () => { globalThis.Promise = forever; return 1; });
row('global madrpc', 'gives 1', () => { globalThis.madrpc = { call: forever }; return 1; });
row('madrpc.call', 'gives 1', () => { madrpc.call = forever; madrpc.callSync = forever; return 1; });
row('madrpc.register', 'throws TypeError', () => { madrpc.register('fine', () => 1); });
row('RpcError prototype', 'answers', () => { const p = madrpc.RpcError.prototype; Object.setPrototypeOf(p, new Proxy({}, { get: forever, getPrototypeOf: forever })); throw new madrpc.RpcError(-1, 'x'); });
row('RpcError constructor', 'answers', () => { Object.setPrototypeOf(madrpc.RpcError, forever); return madrpc.call('nothing'); });
row('Error.prototype', 'answers', () => { Object.defineProperty(Error.prototype, 'message', { get: forever }); Object.defineProperty(Error.prototype, 'name', { get: forever }); Error.prototype.toString = forever; throw new Error(); });
row('Error constructor', 'answers', () => { globalThis.Error = globalThis.TypeError = forever; null.x; });
row('JSON', 'gives {"a":1}', () => { JSON.stringify = JSON.parse = forever; globalThis.JSON = undefined; return { a: 1 }; });
row('timers', 'gives 1', () => { globalThis.setTimeout = globalThis.clearTimeout = globalThis.queueMicrotask = forever; return 1; });
row('console', 'gives 1', () => { globalThis.console = forever; return 1; });
row('Symbol.prototype', 'gives 1', () => { Symbol.prototype.toString = Symbol.prototype.valueOf = forever; return 1; });
row('String and Number prototypes', 'gives "x"', () => { String.prototype.toString = String.prototype.valueOf = String.prototype.toJSON = fail; Number.prototype.toJSON = fail; delete String.prototype.toJSON; return 'x'; });
row('String.prototype.toJSON', 'stopped', () => { String.prototype.toJSON = forever; return Object('x'); });
row('RegExp exec', 'gives 1', () => { RegExp.prototype.exec = forever; return 1; });
row('generator prototypes', 'gives 1', () => { (function* () {})().__proto__.__proto__.next = forever; (async function* () {})().__proto__.__proto__.next = forever; return 1; });
row('every global is deleted', 'gives 1', () => { const all = globalThis, remove = Reflect.deleteProperty; for (const key of Reflect.ownKeys(all)) remove(all, key); return 1; });
row('every global loops', 'gives 1', () => { const all = globalThis, define = Reflect.defineProperty; for (const key of Reflect.ownKeys(all)) define(all, key, { get: forever, configurable: true }); return 1; });
row('prototype of the globals', 'answers', () => { Object.setPrototypeOf(globalThis, new Proxy({}, { has: forever, get: forever })); return 1; });
row('the prototype of ctx', 'gives 1', (params, ctx) => { for (const key of ['id', 'method', 'signal', 'deadline']) Object.defineProperty(Object.getPrototypeOf(ctx), key, { get: forever }); return 1; });
row('everything is a proxy', 'answers', () => { for (const key of ['Array', 'Object', 'Promise', 'Error', 'Map', 'Symbol', 'JSON']) globalThis[key] = new Proxy(globalThis[key], { get: forever, apply: forever, construct: forever }); return { a: [1] }; });
row('the prototype of Object.prototype', 'throws TypeError', () => { Object.setPrototypeOf(Object.prototype, new Proxy({}, { get: forever })); });
row('the prototype of Function.prototype', 'answers', () => { Object.setPrototypeOf(Function.prototype, new Proxy({}, { get: forever })); return 1; });
row('the prototype of Array.prototype', 'answers', () => { Object.setPrototypeOf(Array.prototype, new Proxy({}, { get: forever, has: forever })); return [1]; });
row('a context that is full', 'stopped', () => { globalThis.kept = []; for (;;) kept.push(new Array(100).fill(0)); });
