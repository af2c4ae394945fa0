test('randomUUID is of version 4', () => {
  const seen = new Set();
  for (let count = 0; count < 100; count++) {
    const uuid = crypto.randomUUID();
    ok(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(uuid), uuid);
    seen.add(uuid);
  }
  same(seen.size, 100);
});
test('getRandomValues fills what it is given and gives it back', () => {
  for (const Kind of [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, BigInt64Array, BigUint64Array]) {
    const array = new Kind(64);
    same(crypto.getRandomValues(array), array, Kind.name);
    ok(new Set(bytes(array)).size > 20, Kind.name);
  }
});
test('only the view is filled', () => {
  const buffer = new ArrayBuffer(64);
  crypto.getRandomValues(new Uint8Array(buffer, 16, 32));
  const all = new Uint8Array(buffer);
  ok(all.subarray(0, 16).every((byte) => byte === 0) && all.subarray(48).every((byte) => byte === 0), 'the rest is zero');
  ok(all.subarray(16, 48).some((byte) => byte !== 0), 'the view is not zero');
});
test('65,536 bytes are the limit', () => {
  crypto.getRandomValues(new Uint8Array(65536));
  throws(() => crypto.getRandomValues(new Uint8Array(65537)), 'QuotaExceededError');
  throws(() => crypto.getRandomValues(new Uint32Array(16385)), 'QuotaExceededError');
  same(crypto.getRandomValues(new Uint8Array(0)).length, 0);
});
test('only arrays of integers are filled', () => {
  throws(() => crypto.getRandomValues(new Float32Array(1)), 'TypeMismatchError');
  throws(() => crypto.getRandomValues(new Float64Array(1)), 'TypeMismatchError');
  throws(() => crypto.getRandomValues(new Float64Array(65537)), 'TypeMismatchError');
  throws(() => crypto.getRandomValues(new DataView(new ArrayBuffer(1))), 'TypeMismatchError');
  throws(() => crypto.getRandomValues(new ArrayBuffer(1)), 'TypeError');
  throws(() => crypto.getRandomValues([1]), 'TypeError');
  throws(() => crypto.getRandomValues(), 'TypeError');
});
test('members need the object', () => {
  throws(() => crypto.randomUUID.call({}), 'TypeError');
  throws(() => { const { getRandomValues } = crypto; getRandomValues(new Uint8Array(1)); }, 'TypeError');
  throws(() => new Crypto(), 'TypeError');
  ok(crypto instanceof Crypto);
  same(Object.prototype.toString.call(crypto), '[object Crypto]');
});
