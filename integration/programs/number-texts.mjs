// Numbers as JSON text that are hard to read or to write exactly, and what JSON.parse and JSON.stringify of Node.js make of
// them. Prints one JSON array of pairs: a text, and the same array as Node.js writes it after reading it.
// `node number-texts.mjs SEED`

let state = Number(process.argv[2]) >>> 0;
const below2to32 = () => {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return (t ^ (t >>> 14)) >>> 0;
};
const below = (bound) => below2to32() % bound;
const chance = () => (below2to32() * 2 ** 21 + (below2to32() >>> 11)) / 2 ** 53;
const digits = (count) => Array.from({ length: count }, () => below(10)).join('');
const sign = () => (below(2) ? '-' : '');

const view = new DataView(new ArrayBuffer(8));
const ofBits = (bits) => {
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
};
const anyBits = () => (BigInt(below2to32()) << 32n) | BigInt(below2to32());

const anyDouble = () => {
  for (;;) {
    const double = ofBits(anyBits());
    if (Number.isFinite(double)) return String(double);
  }
};
const random = () => String(chance());
const epochMs = () => String(1.6e12 + chance() * 2e11);
const longInteger = () => `${sign()}${1 + below(9)}${digits(16 + below(41))}`;
const longFraction = () => `${sign()}${below(10)}.${digits(1 + below(40))}`;
const scaled = () => `${longFraction()}${'eE'[below(2)]}${['', '+', '-'][below(3)]}${below(300)}`;
// The middle between two neighbours, and one to each side of it: it takes all digits to round them rightly.
const middle = () => {
  const lower = (1n << 52n) | (anyBits() & ((1n << 52n) - 1n));
  return `${sign()}${((2n * lower + 1n) << BigInt(below(200))) + BigInt(below(3)) - 1n}`;
};

const KINDS = { anyDouble, random, epochMs, longInteger, longFraction, scaled, middle };
const EDGES = `0 -0 -0.0 0e5 -0e-5 0e999999 1e-999999 -1e-400 5e-324 2.4703282292062327e-324 2.4703282292062328e-324
  2.2250738585072011e-308 2.2250738585072014e-308 1.7976931348623157e308 1.7976931348623158e308 -1.7976931348623157e+308
  9007199254740991 9007199254740992 9007199254740993 -9007199254740993 9007199254740995 2147483647 2147483648 -2147483648
  -2147483649 4294967295 4294967296 9223372036854775807 9223372036854775808 -9223372036854775808 -9223372036854775809
  18446744073709551615 18446744073709551616 1e21 1e-7 123456789012345680000 100e-2 1.0 1E+2 0.1 0.30000000000000004`;
// The largest is on the border: it is as near to what would be 2^1024 as to the largest double.
const BEYOND = `1e309 -1e309 1.7976931348623159e308 1e999999 0.1 179769313486231580793728971405301${'0'.repeat(276)}`;

const texts = Object.values(KINDS).map((kind) => Array.from({ length: 1000 }, kind));
texts.push(EDGES.split(/\s+/), BEYOND.split(/\s+/));
const arrays = texts.map((numbers) => `[${numbers.join(',')}]`);
console.log(JSON.stringify(arrays.map((text) => [text, JSON.stringify(JSON.parse(text))])));
