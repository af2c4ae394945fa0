import { decompressSync, deflateSync, Deflate, gunzipSync, gzipSync, inflateSync, strFromU8, strToU8, unzipSync, unzlibSync, zipSync, zlibSync, Zip, ZipDeflate } from 'fflate';

// Compressible and not, and the same each time.
let state = 1;
const noise = Uint8Array.from({ length: 5000 }, () => (state = (state * 48271) % 2147483647) >> 8);
const text = Array.from({ length: 300 }, (_, i) => `line ${i % 17} of some text ünï 😀`).join('\n');
const sum = (bytes) => { let [a, b] = [1, 0]; for (const byte of bytes) { a = (a + byte) % 65521; b = (b + a) % 65521; } return [bytes.length, b * 65536 + a]; };
const told = (run) => { try { return run(); } catch (error) { return [error.code, error.message]; } };

export default () => {
  const data = strToU8(text);
  const zipped = zipSync({ dir: { 'a.txt': data, nested: { 'b.bin': [noise, { level: 0 }] } }, 'ü.txt': strToU8('x') }, { level: 9, mtime: new Date(2024, 1, 29, 13, 5) });
  const parts = [];
  const stream = new Deflate({ level: 6 }, (chunk, final) => parts.push(chunk.length, final));
  stream.push(data.subarray(0, 1000));
  stream.push(data.subarray(1000), true);
  const zip = [];
  const streamed = new Zip((error, chunk, final) => { zip.push(chunk.length, final); });
  const file = new ZipDeflate('s.txt', { level: 6, mtime: 1_700_000_000_000 });
  streamed.add(file);
  file.push(data, true);
  streamed.end();
  return {
    levels: [0, 1, 4, 6, 9].map((level) => sum(deflateSync(data, { level }))),
    noise: [sum(noise), sum(deflateSync(noise)), sum(inflateSync(deflateSync(noise)))],
    gzip: [sum(gzipSync(data, { mtime: 0, filename: 'x' })), strFromU8(gunzipSync(gzipSync(data))) === text],
    zlib: [sum(zlibSync(data)), strFromU8(unzlibSync(zlibSync(data))).length],
    guessed: [gzipSync(data), zlibSync(data), deflateSync(data)].map((packed) => decompressSync(packed).length),
    zip: [sum(zipped), Object.entries(unzipSync(zipped)).map(([name, bytes]) => [name, sum(bytes)])],
    filtered: Object.keys(unzipSync(zipped, { filter: (entry) => entry.originalSize > 1000 })),
    dictionary: strFromU8(inflateSync(deflateSync(strToU8('some text'), { dictionary: data }), { dictionary: data })),
    parts, streamed: zip,
    errors: [() => inflateSync(noise.subarray(0, 40)), () => gunzipSync(data), () => unzipSync(noise)].map(told),
    small: strFromU8(inflateSync(Uint8Array.of(203, 72, 205, 201, 201, 7, 0))),
  };
};
