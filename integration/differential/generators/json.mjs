// JSON both ways: texts, most of them valid, through `JSON.parse`, odd values through `JSON.stringify`, and numbers and
// texts as params and results of the engine itself.

import { literal } from '../random.mjs';

const WORDS = ['', 'a', 'b', '__proto__', 'constructor', 'toJSON', 'length', '0', '10', '01', '-1', '4294967294', 'ä', '😀', '\ud800', '\u2028', '"', '\\', '\n', '\u0007', '\u007f'];

function number(random) {
  return random.weighted([
    [2, () => String(random.int(1000))],
    [2, () => literal(random.double()).replace(/NaN|-?Infinity/, '1e400')],
    [2, () => String(random.bits() / 2 ** 32)],
    [1, () => String(1.7e12 + random.bits() + random.int(1000) / 1000)],
    [2, () => random.times(17, 57, () => random.between(1, 9)).join('')],
    [2, () => `${random.int(99)}.${random.times(1, 30, () => random.int(10)).join('')}e${random.between(-330, 300)}`],
    [1, () => random.pick(['-0', '0', '-0.0', '1E5', '1e+5', '0e0', '-1e-7', '123456789012345680000', '5e-324', '2.2250738585072011e-308', '9007199254740993', '1e400', '-1e400'])],
  ]);
}

const string = (random) => {
  const text = JSON.stringify(random.times(0, 3, () => random.pick(WORDS)).join(''));
  return random.chance(10) ? text.replace(/[a-z]/, (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`) : text;
};

function text(random, depth) {
  const space = () => (random.chance(8) ? random.pick([' ', '\n', '\t', '\r\n ']) : '');
  const inner = () => space() + text(random, depth - 1) + space();
  return random.weighted([
    [3, () => number(random)],
    [2, () => string(random)],
    [1, () => random.pick(['null', 'true', 'false'])],
    [depth > 0 ? 3 : 0, () => `[${random.times(0, 4, inner).join(',')}]`],
    [depth > 0 ? 4 : 0, () => `{${random.times(0, 5, () => `${space()}${string(random)}${space()}:${inner()}`).join(',')}}`],
  ]);
}

/** A text that is not quite JSON, most often. */
function spoiled(random, whole) {
  const at = random.int(whole.length + 1);
  return whole.slice(0, at) + random.pick(['', ',', '}', '"', '0', '-', '.', 'e', '\\', '\u0001', '\u00a0', "'", '//', 'n', '+']) + whole.slice(at + random.int(2));
}

const VALUES = [
  'undefined', 'null', '() => 1', "Symbol('s')", 'NaN', '-0', 'Infinity', '1n', "'\\ud800\\udc00\\ud800'", 'new Date(0)', 'new Date(NaN)', 'new Map([[1, 2]])', 'new Set([1])', '/x/g', "new Error('!e')", 'Object(3)', "Object('s')", 'Object(false)', 'Object(1n)',
  "({ toJSON: (key) => 'json of ' + key })", '({ toJSON: () => undefined })', "({ toJSON() { throw new Error('!toJSON'); } })", '({ get x() { log("get"); return 1; } })', '[, 1]', 'new Uint8Array([1, 2])', 'new Proxy([1, 2], {})', 'new Proxy({ a: 1 }, {})', 'Object.create({ a: 1 })', 'function () {}', 'new (class P { y = 1; #z = 2; })()', '(function () { return arguments; })(1, 2)',
];

function value(random, depth) {
  return random.weighted([
    [4, () => random.pick(VALUES)],
    [2, () => number(random)],
    [2, () => string(random)],
    [depth > 0 ? 3 : 0, () => `[${random.times(0, 4, () => value(random, depth - 1)).join(', ')}]`],
    [depth > 0 ? 3 : 0, () => `{ ${random.times(0, 4, () => `[${string(random)}]: ${value(random, depth - 1)}`).join(', ')} }`],
  ]);
}

const REVIVERS = ['(key, value) => value', "(key, value) => (typeof value === 'number' ? value + 1 : value)", '(key, value) => (key === "a" ? undefined : value)', 'function (key, value) { log(key, Array.isArray(this)); return value; }', '(key, value) => { if (key === "b") throw new Error("!reviver"); return [value]; }', "function (key, value) { if (key === 'a') delete this.b; return value; }", '5'];
const REPLACERS = ['null', 'undefined', "['a', 'b', '0']", "(key, value) => (typeof value === 'number' ? String(value) : value)", "function (key, value) { log(key, value, this[key] === value); return value; }", "(key, value) => (key === '' ? value : undefined)", '[1, Object(10), {}]', "(key, value) => (typeof value === 'bigint' ? Number(value) : value)"];
const INDENTS = ['', ', 2', ", '--'", ', 11', ", 'longer than ten'", ', Object(3)', ', NaN', ", ''"];

function line(random) {
  const whole = text(random, 3);
  const given = JSON.stringify(random.chance(75) ? whole : spoiled(random, whole));
  return random.weighted([
    [4, () => `JSON.parse(${given})`],
    [2, () => `JSON.stringify(JSON.parse(${given}))`],
    [2, () => `JSON.parse(${given}, ${random.pick(REVIVERS)})`],
    [4, () => `JSON.stringify(${value(random, 3)})`],
    [3, () => { const indent = random.pick(INDENTS); return `JSON.stringify(${value(random, 3)}, ${random.pick(REPLACERS)}${indent})`; }],
    [1, () => `(${text(random, 2).replaceAll('__proto__', 'proto')})`],
  ]);
}

export function json(random) {
  const params = JSON.parse(`[${random.times(0, 6, () => text(random, 2)).join(',')}]`);
  const lines = random.times(2, 10, () => line(random)).map((made) => `attempt(log, 'json', () => ${made.startsWith('{') ? `(${made})` : made});`);
  return { text: `log(params);\n${lines.join('\n')}\nreturn params;`, params };
}
