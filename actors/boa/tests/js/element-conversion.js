const numbers = [-1, 255, 256, NaN, 2 ** 40, -(2 ** 40), 1.5, -1.5, 0.5, 1.5000001, 2.5, Infinity, -Infinity, 2 ** 31, 2 ** 32 + 5, -129, 65536.7, 1e300, -0, 127.5, 128, 254.5, 255.5];
const bigints = [0n, -1n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n + 5n, -(2n ** 63n) - 1n, 2n ** 200n];
const kinds = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array];
const bigKinds = [BigInt64Array, BigUint64Array];
const text = (array) => Array.from(array, (value) => (Object.is(value, -0) ? '-0' : String(value))).join();

// All ways from one type of elements to another come to what a store of each element comes to.
const ways = {
    construct: (from, To) => new To(from),
    from: (from, To) => To.from(from),
    set: (from, To) => { const to = new To(from.length); to.set(from); return to; },
    slice: (from, To) => { const species = { value: { [Symbol.species]: To } }; return Object.defineProperty(from, 'constructor', species).slice(); },
    map: (from, To) => { const species = { value: { [Symbol.species]: To } }; return Object.defineProperty(from, 'constructor', species).map((value) => value); },
    'set in the same buffer': (from, To) => {
        // The bytes of the target begin in those of the source.
        const bytes = new ArrayBuffer(from.byteLength + from.length * To.BYTES_PER_ELEMENT);
        const source = new from.constructor(bytes, 0, from.length);
        source.set(from);
        const start = Math.ceil(from.byteLength / 2 / To.BYTES_PER_ELEMENT) * To.BYTES_PER_ELEMENT;
        const to = new To(bytes, start, Math.min(from.length, Math.floor((bytes.byteLength - start) / To.BYTES_PER_ELEMENT)));
        to.set(source.subarray(0, to.length));
        return to;
    },
};
for (const way in ways) {
    for (const [types, values] of [[kinds, numbers], [bigKinds, bigints]]) {
        for (const From of types) {
            check(`${way}: ${From.name}`, () => types.filter((To) => {
                const stored = new To(values.length);
                new From(values).forEach((value, i) => { stored[i] = value; });
                const converted = text(ways[way](new From(values), To));
                return converted !== text(stored).split(',').slice(0, converted.split(',').length).join();
            }).map((To) => To.name), '[]');
        }
    }
}
check('to bytes', () => [...new Uint8Array(new Float64Array(numbers))], '[255, 255, 0, 0, 0, 0, 1, 255, 0, 1, 2, 0, 0, 0, 5, 127, 0, 0, 0, 127, 128, 254, 255]');
check('to clamped bytes', () => [...new Uint8ClampedArray(new Float64Array(numbers))], '[0, 255, 255, 0, 255, 0, 2, 0, 0, 2, 2, 255, 0, 255, 255, 0, 255, 255, 0, 128, 128, 254, 255]');
check('to 32 bits', () => [...new Int32Array(new Float64Array(numbers))], '[-1, 255, 256, 0, 0, 0, 1, -1, 0, 1, 2, 0, 0, -2147483648, 5, -129, 65536, 0, 0, 127, 128, 254, 255]');
check('to 64 bits', () => [...new BigUint64Array(new BigInt64Array(bigints))], '[0n, 18446744073709551615n, 9223372036854775808n, 18446744073709551615n, 5n, 9223372036854775807n, 0n]');
for (const [From, To] of [[Int8Array, BigInt64Array], [BigInt64Array, Int8Array]]) {
    const mixed = {
        construct: () => new To(new From(2)),
        'construct of none': () => new To(new From(0)),
        set: () => new To(2).set(new From(2)),
        'set of none': () => new To(2).set(new From(0)),
        from: () => To.from(new From(2)),
        slice: () => ways.slice(new From(2), To),
        map: () => ways.map(new From(2), To),
    };
    for (const way in mixed) check(`${way}: ${From.name} to ${To.name}`, mixed[way], 'throws TypeError');
}
