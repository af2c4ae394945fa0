const CLASSES = ['AbortController', 'AbortSignal', 'Crypto', 'DOMException', 'Event', 'EventTarget', 'Headers', 'Performance', 'Request', 'Response', 'TextDecoder', 'TextEncoder', 'URL', 'URLSearchParams'];

test('classes are there, and are one and the same', () => {
  for (const name of CLASSES) {
    ok(name in globalThis, name);
    const first = globalThis[name];
    same(typeof first, 'function', name);
    same(first, globalThis[name], name);
    same(first.name, name);
    same(first.prototype.constructor, first, name);
    same(Object.getOwnPropertyDescriptor(globalThis, name).enumerable, false, name);
  }
});
test('the global object has the names that browsers and Node.js give it', () => {
  for (const name of ['self', 'global']) {
    same(globalThis[name], globalThis, name);
    same(Object.getOwnPropertyDescriptor(globalThis, name).enumerable, false, name);
  }
});
test('there is no global TypedArray', () => {
  same(typeof TypedArray, 'undefined');
  same(Object.getPrototypeOf(Uint8Array).name, 'TypedArray');
});
test('they can be replaced', () => {
  const { performance: kept } = globalThis;
  performance = 5;
  same(performance, 5);
  performance = kept;
  ok(performance.now() > 0);
  globalThis.Event = class Own {};
  same(Event.name, 'Own');
  let seen = 0;
  const controller = new AbortController();
  controller.signal.onabort = (event) => { seen += event instanceof Event ? 0 : 1; };
  controller.abort();
  same(seen, 1);
  delete globalThis.Event;
  ok(!('Event' in globalThis));
});
test('code is not made from strings', () => {
  const message = 'code is not made from strings here';
  const AsyncFunction = (async () => {}).constructor;
  const GeneratorFunction = (function* () {}).constructor;
  const AsyncGeneratorFunction = (async function* () {}).constructor;
  const indirect = eval;
  for (const body of [() => eval('1'), () => indirect('1'), () => (0, eval)('1'), () => globalThis.eval('1'), () => new Function('return 1'), () => Function('return 1'),
    () => new AsyncFunction('return 1'), () => AsyncFunction('1'), () => new GeneratorFunction('yield 1'), () => new AsyncGeneratorFunction('yield 1'),
    () => Reflect.construct(Function, ['return 1']), () => (() => {}).constructor('return 1')]) {
    let error;
    try { body(); } catch (thrown) { error = thrown; }
    ok(error instanceof Error && error.message === message, String(body));
  }
  // What is no text is given back, as the standard says.
  same(eval(5), 5);
});
test('timers take functions only', () => {
  throws(() => setTimeout('1'), 'TypeError');
  throws(() => setInterval('1'), 'TypeError');
});
test('nothing blocks the thread', () => {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  throws(() => Atomics.wait(cell, 0, 0, 10), 'TypeError');
  throws(() => Atomics.wait(cell, 0, 0), 'TypeError');
});
test('there are no types for what is not offered', () => {
  for (const name of ['require', 'process', 'Deno', 'Buffer', 'window', 'XMLHttpRequest', 'WebSocket', 'importScripts']) {
    ok(!(name in globalThis), name);
  }
});
test('the APIs do not depend on what a script can replace', () => {
  const kept = [Array.prototype[Symbol.iterator], Array.prototype.push, Object.keys, Map.prototype.get];
  Array.prototype.push = Object.keys = Map.prototype.get = () => { throw new Error('replaced'); };
  try {
    same(new URL('http://a/?b=c').searchParams.get('b'), 'c');
    equal(structuredClone({ a: [1, new Map([[1, 2]]).size] }), { a: [1, 1] });
    same(new URLSearchParams({ a: 'b' }).toString(), 'a=b');
    const controller = new AbortController();
    controller.abort();
    ok(controller.signal.aborted);
  } finally {
    [, Array.prototype.push, Object.keys, Map.prototype.get] = kept;
  }
});
