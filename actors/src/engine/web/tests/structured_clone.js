const clone = structuredClone;

test('primitives are themselves', () => {
  for (const value of [undefined, null, true, false, 0, -0, NaN, Infinity, 1.5, '', 'text', '\ud800', 10n ** 30n]) same(clone(value), value);
});
test('boxed primitives', () => {
  for (const value of [new Number(5), new String('x'), new Boolean(false), Object(7n)]) {
    const copy = clone(value);
    ok(copy !== value && typeof copy === 'object');
    same(copy.valueOf(), value.valueOf());
    same(Object.getPrototypeOf(copy), Object.getPrototypeOf(value));
  }
});
test('objects and arrays', () => {
  const value = { a: 1, b: { c: [1, 2, { d: undefined }] }, 5: 'x', '': null };
  const copy = clone(value);
  ok(copy !== value && copy.b !== value.b && copy.b.c !== value.b.c);
  equal(copy, value);
  ok('d' in copy.b.c[2]);
  const sparse = [1, , 3];
  sparse.extra = 'kept';
  const array = clone(sparse);
  ok(Array.isArray(array) && !(1 in array));
  equal([array.length, array.extra], [3, 'kept']);
  same(clone(new Array(5)).length, 5);
});
test('identity and cycles are kept', () => {
  const value = { list: [] };
  value.self = value;
  value.list.push(value, value.list);
  const copy = clone(value);
  ok(copy.self === copy && copy.list[0] === copy && copy.list[1] === copy.list && copy !== value);
  const shared = {};
  const [first, second] = clone([shared, shared]);
  ok(first === second && first !== shared);
});
test('only own enumerable properties with strings go along', () => {
  class Point { x = 1; get y() { return 2; } #z = 3; }
  const copy = clone(new Point());
  same(Object.getPrototypeOf(copy), Object.prototype);
  equal(Reflect.ownKeys(copy), ['x']);
  equal(clone(Object.create({ inherited: 1 }, { hidden: { value: 1 }, seen: { value: 2, enumerable: true } })), { seen: 2 });
  equal(Reflect.ownKeys(clone({ [Symbol('s')]: 1, a: 1 })), ['a']);
  equal(clone({ get a() { return 5; } }), { a: 5 });
  const copied = clone({ ['__proto__']: 1 });
  ok(Object.hasOwn(copied, '__proto__') && Object.getPrototypeOf(copied) === Object.prototype);
  same(Object.isFrozen(clone(Object.freeze({ a: 1 }))), false);
});
test('Map and Set', () => {
  const key = { k: 1 };
  const map = new Map([[key, 'v'], ['x', key], [NaN, -0]]);
  map.set('self', map);
  const copy = clone(map);
  ok(copy instanceof Map && copy !== map && copy.size === 4 && copy.get('self') === copy);
  const [copiedKey] = copy.keys();
  ok(copiedKey !== key && copy.get('x') === copiedKey);
  same(copy.get(NaN), -0);
  const set = new Set([1, 'a', key]);
  set.add(set);
  const copiedSet = clone(set);
  ok(copiedSet instanceof Set && copiedSet.size === 4 && copiedSet.has(copiedSet) && copiedSet.has('a') && !copiedSet.has(key));
});
test('Date and RegExp', () => {
  const date = clone(new Date(86400000));
  ok(date instanceof Date);
  same(date.getTime(), 86400000);
  same(clone(new Date(NaN)).getTime(), NaN);
  const regexp = /a\/(b)/giu;
  regexp.lastIndex = 3;
  const copy = clone(regexp);
  ok(copy instanceof RegExp && copy !== regexp);
  equal([copy.source, copy.flags, copy.lastIndex], [regexp.source, 'giu', 0]);
  equal(copy.exec('xA/b'), ['A/b', 'b']);
});
test('errors', () => {
  for (const Kind of [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]) {
    const error = new Kind('m', { cause: { deep: [1] } });
    const copy = clone(error);
    ok(copy !== error && copy instanceof Kind && Object.getPrototypeOf(copy) === Kind.prototype, Kind.name);
    equal([copy.name, copy.message, copy.cause], [Kind.name, 'm', { deep: [1] }]);
    same(copy.stack, error.stack);
    ok(copy.cause !== error.cause);
  }
  class Own extends TypeError { name = 'Own'; }
  const own = clone(new Own('m'));
  ok(own instanceof Error && !(own instanceof TypeError));
  same(own.message, 'm');
  ok(!Object.hasOwn(clone(new Error()), 'message'));
  const bare = new Error();
  Object.defineProperty(bare, 'message', { get() { throw new Error('not called'); } });
  ok(!Object.hasOwn(clone(bare), 'message'));
  const abort = clone(new DOMException('m', 'AbortError'));
  ok(abort instanceof DOMException);
  equal([abort.name, abort.message, abort.code], ['AbortError', 'm', 20]);
});
test('buffers and views', () => {
  const buffer = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]).buffer;
  const copy = clone(buffer);
  ok(copy instanceof ArrayBuffer && copy !== buffer);
  equal(bytes(copy), [1, 2, 3, 4, 5, 6, 7, 8]);
  const views = clone({ a: new Uint8Array(buffer, 2, 3), b: new Uint16Array(buffer, 2, 1), c: new DataView(buffer, 1, 2), buffer });
  ok(views.a.buffer === views.buffer && views.b.buffer === views.buffer && views.c.buffer === views.buffer && views.buffer !== buffer);
  equal([views.a.byteOffset, views.a.length, views.b.length, views.c.byteOffset, views.c.byteLength], [2, 3, 1, 1, 2]);
  equal(bytes(views.a), [3, 4, 5]);
  for (const Kind of [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array]) {
    const array = clone(Kind.of(1, 2, 3));
    ok(array instanceof Kind, Kind.name);
    equal(Array.from(array), [1, 2, 3], Kind.name);
  }
  for (const Kind of [BigInt64Array, BigUint64Array]) same(clone(Kind.of(1n, 2n))[1], 2n);
  const resizable = clone(new ArrayBuffer(2, { maxByteLength: 8 }));
  equal([resizable.resizable, resizable.byteLength, resizable.maxByteLength], [true, 2, 8]);
});
test('transfer takes the buffer away', () => {
  const buffer = new Uint8Array([1, 2, 3]).buffer;
  const view = new Uint8Array(buffer);
  const copy = clone({ view, buffer }, { transfer: [buffer] });
  equal([buffer.byteLength, view.length], [0, 0]);
  ok(copy.view.buffer === copy.buffer);
  equal(bytes(copy.view), [1, 2, 3]);
  const unused = new ArrayBuffer(4);
  clone(1, { transfer: [unused] });
  same(unused.byteLength, 0);
  clone(1, { transfer: undefined });
  clone(1, null);
});
test('what can not be transferred', () => {
  const buffer = new ArrayBuffer(4);
  throws(() => clone(1, { transfer: [buffer, buffer] }), 'DataCloneError');
  throws(() => clone(1, { transfer: [{}] }), 'DataCloneError');
  throws(() => clone(1, { transfer: [new Uint8Array(1)] }), 'DataCloneError');
  throws(() => clone(1, { transfer: [5] }), 'TypeError');
  throws(() => clone(1, { transfer: 5 }), 'TypeError');
  throws(() => clone(1, 5), 'TypeError');
  throws(() => clone({ f() {} }, { transfer: [buffer] }), 'DataCloneError');
  same(buffer.byteLength, 4);
  clone(buffer, { transfer: [buffer] });
  throws(() => clone(1, { transfer: [buffer] }), 'DataCloneError');
  throws(() => clone(buffer), 'DataCloneError');
});
test('what can not be cloned', () => {
  for (const value of [() => 1, function () {}, class {}, Symbol('s'), Symbol.iterator, Object(Symbol('s')), new WeakMap(), new WeakSet(), new WeakRef({}), Promise.resolve(),
    (function* () {})(), new Proxy({}, {}), new Proxy([], {}), new AbortController(), new URL('http://a'), new URLSearchParams(), new EventTarget(), [][Symbol.iterator]()]) {
    throws(() => clone(value), 'DataCloneError', Object.prototype.toString.call(value));
    throws(() => clone({ deep: [value] }), 'DataCloneError', Object.prototype.toString.call(value));
  }
});
test('a getter that throws is passed on', () => {
  const thrown = new Error('x');
  throws(() => clone({ get a() { throw thrown; } }), thrown);
});
test('depth is bounded', () => {
  const nested = (depth) => { let value = []; for (let count = 1; count < depth; count++) value = [value]; return value; };
  clone(nested(1000));
  throws(() => clone(nested(1001)), 'DataCloneError');
  throws(() => clone(nested(100000)), 'DataCloneError');
});
test('an argument is needed', () => throws(() => clone(), 'TypeError'));
