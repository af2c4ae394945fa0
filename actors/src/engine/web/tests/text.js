const decode = (list, label, options) => new TextDecoder(label, options).decode(new Uint8Array(list));

test('encode is UTF-8', () => {
  const encoder = new TextEncoder();
  same(encoder.encoding, 'utf-8');
  const result = encoder.encode('aé€😀');
  ok(result instanceof Uint8Array);
  equal(bytes(result), [97, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80]);
  equal(bytes(encoder.encode()), []);
  equal(bytes(encoder.encode(undefined)), []);
  equal(bytes(encoder.encode(null)), [110, 117, 108, 108]);
  equal(bytes(encoder.encode('\ud800x')), [0xef, 0xbf, 0xbd, 120]);
});
test('encodeInto writes whole characters', () => {
  const into = (text, size) => {
    const target = new Uint8Array(size);
    const { read, written } = new TextEncoder().encodeInto(text, target);
    return [read, written, bytes(target)];
  };
  equal(into('abc', 2), [2, 2, [97, 98]]);
  equal(into('aé', 2), [1, 1, [97, 0]]);
  equal(into('😀', 3), [0, 0, [0, 0, 0]]);
  equal(into('😀x', 5), [3, 5, [0xf0, 0x9f, 0x98, 0x80, 120]]);
  const buffer = new Uint8Array(4);
  new TextEncoder().encodeInto('xyz', buffer.subarray(1, 3));
  equal(bytes(buffer), [0, 120, 121, 0]);
  throws(() => new TextEncoder().encodeInto('a', new Uint16Array(1)), 'TypeError');
  throws(() => new TextEncoder().encodeInto('a', [0]), 'TypeError');
  throws(() => new TextEncoder().encodeInto('a'), 'TypeError');
});
test('labels', () => {
  for (const [label, name] of [[undefined, 'utf-8'], ['UTF8', 'utf-8'], [' utf-8\n', 'utf-8'], ['utf-16', 'utf-16le'], ['utf-16le', 'utf-16le'], ['utf-16be', 'utf-16be'],
    ['latin1', 'windows-1252'], ['ascii', 'windows-1252'], ['iso-8859-1', 'windows-1252'], ['windows-1252', 'windows-1252'], ['sjis', 'shift_jis']]) {
    same(new TextDecoder(label).encoding, name, label);
  }
  for (const label of ['', 'utf-7', 'utf 8', 'replacement', 'x']) throws(() => new TextDecoder(label), 'RangeError', label);
});
test('decode', () => {
  same(decode([97, 0xc3, 0xa9, 0xf0, 0x9f, 0x98, 0x80]), 'aé😀');
  same(decode([0x3d, 0xd8, 0x00, 0xde], 'utf-16le'), '😀');
  same(decode([0xd8, 0x3d, 0xde, 0x00], 'utf-16be'), '😀');
  same(decode([0x80, 0xe9, 0xff], 'latin1'), '€éÿ');
  same(new TextDecoder().decode(), '');
  same(new TextDecoder().decode(new Uint8Array([120, 121, 122]).subarray(1)), 'yz');
  same(new TextDecoder().decode(new Uint8Array([120]).buffer), 'x');
  same(new TextDecoder().decode(new DataView(new Uint8Array([120, 121]).buffer, 1)), 'y');
  throws(() => new TextDecoder().decode('x'), 'TypeError');
  throws(() => new TextDecoder().decode([120]), 'TypeError');
});
test('malformed bytes are replaced, or fatal', () => {
  for (const list of [[0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]]) {
    ok(decode(list).startsWith('\ufffd'), list);
    throws(() => decode(list, 'utf-8', { fatal: true }), 'TypeError', list);
  }
  same(decode([0xe2, 0x82, 97]), '\ufffda');
  same(decode([0x00, 0xd8], 'utf-16le'), '\ufffd');
  throws(() => decode([0x00], 'utf-16le', { fatal: true }), 'TypeError');
  const decoder = new TextDecoder('utf-8', { fatal: true });
  throws(() => decoder.decode(new Uint8Array([0xff])), 'TypeError');
  same(decoder.decode(new Uint8Array([97])), 'a');
  same(decoder.fatal, true);
  same(new TextDecoder().fatal, false);
});
test('the byte order mark', () => {
  const marked = [0xef, 0xbb, 0xbf, 97];
  same(decode(marked), 'a');
  same(decode(marked, 'utf-8', { ignoreBOM: true }), '\ufeffa');
  same(decode([0xff, 0xfe, 97, 0], 'utf-16le'), 'a');
  same(decode([0xef, 0xbb, 0xbf, 97], 'latin1'), 'ï»¿a');
  same(decode([...marked, ...marked]), 'a\ufeffa');
  const decoder = new TextDecoder();
  for (let count = 0; count < 2; count++) same(decoder.decode(new Uint8Array(marked)), 'a');
  same(new TextDecoder('utf-8', { ignoreBOM: 1 }).ignoreBOM, true);
});
test('a stream keeps what is not whole', () => {
  const decoder = new TextDecoder();
  const parts = [0xf0, 0x9f, 0x98, 0x80, 97].map((byte) => decoder.decode(new Uint8Array([byte]), { stream: true }));
  same(parts.join(''), '😀a');
  same(decoder.decode(new Uint8Array([0xc3]), { stream: true }), '');
  same(decoder.decode(), '\ufffd');
  same(decoder.decode(new Uint8Array([0xa9])), '\ufffd');
  const marked = new TextDecoder();
  same([0xef, 0xbb, 0xbf, 97].map((byte) => marked.decode(new Uint8Array([byte]), { stream: true })).join(''), 'a');
});
test('members need the object', () => {
  throws(() => TextEncoder.prototype.encode.call({}), 'TypeError');
  throws(() => TextDecoder.prototype.decode.call(new TextEncoder()), 'TypeError');
  throws(() => TextDecoder.prototype.encoding, 'TypeError');
  throws(() => TextDecoder(), 'TypeError');
  throws(() => new TextDecoder('utf-8', 5), 'TypeError');
});
