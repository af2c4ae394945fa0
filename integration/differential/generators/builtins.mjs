// Builtin functions with odd receivers and arguments. Which there are, Node.js tells: one that the engine does not have
// is a difference.

const NUMBERS = ['0', '-0', '1', '-1', '2', '3', '-2', '5', '1.5', '-0.5', 'NaN', 'Infinity', '-Infinity', '2147483648', '4294967295', '4294967296', '9007199254740991', '1e21'];
const SMALL = ['0', '1', '2', '3', '-1', '-0', '1.7', 'NaN', "'2'", 'undefined', 'null', '[]'];
const VALUES = [
  ...NUMBERS, ...NUMBERS, 'undefined', 'null', 'true', 'false', "''", "'a'", "'abc'", "'2'", "'length'", "'\\ud83d\\ude00'", "'\\ud800'", '1n', '-5n', "Symbol.iterator", "Symbol('s')",
  '[]', '[1, 2, 3]', '[3, , 1]', '{}', '({ a: 1, b: 2 })', "({ length: 2, 0: 'x', 1: 'y' })", '({ valueOf: () => 2 })', "({ toString: () => 'b' })", 'new Map([[1, 2]])', 'new Set([1, 2])',
  'new Uint8Array([1, 2, 3])', 'new Float64Array([1.5, NaN, -0])', 'new BigInt64Array([1n, -1n])', 'new ArrayBuffer(8)', 'new Date(0)', '/a/g', 'function f(a, b) {}', 'class K {}',
  'Object.freeze([1, 2])', 'Object.create(null)', 'new Proxy({ a: 1 }, {})', "Object('ab')", 'Object(1)', "new Error('!e')", '(function () { return arguments; })(1, 2)', 'globalThis.undefined',
];
const FUNCTIONS = [
  '(x) => x', '(x) => x > 1', '(a, b) => a + b', '() => true', '() => false', '(x, i) => [x, i]', "(x) => { throw new Error('!callback'); }", '(x, i, all) => all?.length', '(...all) => all.length',
  'function () { return this; }', '(key, value) => [key, value]', '(x) => String(x)', 'isNaN', 'undefined',
];

/** What methods are called on, by the object that has them. */
const RECEIVERS = {
  'Array.prototype': ['[]', '[1, 2, 3]', '[3, 1, , 2]', "['b', 'a', undefined, 'c']", '[NaN, -0, 0]', '[[1, [2, [3]]], 4]', "({ length: 3, 0: 'a', 2: 'c' })", "'text'", 'Object.freeze([1, 2])', 'new Uint8Array([3, 1, 2])', '[1n, 2]', '(function () { return arguments; })(5, 6, 7)', 'new (class Mine extends Array {})(1, 2, 3)', '[5, 4, 3, 2, 1, 0, -1, -2, -3, -4, -5, -6]'],
  'String.prototype': ["''", "'abc'", "'a,b,,c'", "' \\t\\u00a0x\\ufeff '", "'\\ud83d\\ude00a\\ud800'", "'\\u00e4\\u00df\\u0130\\u01c5'", "'aXbxA'", '12', 'true', '[1, 2]', "Object('boxed')", "'abcabcabc'", "'\\u1e9b\\u0323'", "'e\\u0301'"],
  'Number.prototype': [...NUMBERS, '123.456', '0.000001234', 'Object(7)'],
  'BigInt.prototype': ['0n', '1n', '-255n', '12345678901234567890n', 'Object(5n)'],
  'Boolean.prototype': ['true', 'false', 'Object(false)'],
  'Symbol.prototype': ["Symbol('d')", 'Symbol.iterator', 'Symbol()'],
  'Object.prototype': ['{}', '({ a: 1 })', '[1]', "'ab'", '5', 'Object.create({ a: 1 })', 'new Date(0)', 'function f() {}'],
  'Function.prototype': ['function f(a, b) { return [this === undefined, a, b]; }', '(a = 1, ...b) => [a, b]', 'Math.max', 'class K {}', 'function () { "use strict"; return typeof this; }.bind(5, 1)'],
  'Map.prototype': ["new Map([[1, 'a'], [NaN, 'b'], [-0, 'c'], ['k', 'd']])", 'new Map()'],
  'Set.prototype': ["new Set([1, NaN, -0, 'k', 1])", 'new Set()'],
  'WeakMap.prototype': ['new WeakMap([[Array, 1]])'],
  'WeakSet.prototype': ['new WeakSet([Array])'],
  'RegExp.prototype': ['/a(b)?/g', '/(?<n>.)x/y', '/^/m', '/[^a]/gi', "new RegExp('/', 'u')"],
  'Date.prototype': ['new Date(0)', 'new Date(1700000000123)', 'new Date(NaN)', 'new Date(-1)', 'new Date(8.64e15)'],
  'ArrayBuffer.prototype': ['new ArrayBuffer(8)', 'new Uint8Array([1, 2, 3, 4]).buffer', 'new ArrayBuffer(0)'],
  'DataView.prototype': ['new DataView(new ArrayBuffer(16))', 'new DataView(new Uint8Array([1, 255, 128, 64, 32, 16, 8, 4, 2, 1]).buffer, 1)'],
  'TypedArray.prototype': ['new Uint8Array([3, 1, 2])', 'new Int8Array([200, -1, 0])', 'new Float64Array([1.5, NaN, -0, 0, -1])', 'new Float32Array([0.1, 3])', 'new BigInt64Array([3n, -1n, 2n])', 'new Uint8ClampedArray([300, 1.5])', 'new Uint16Array(0)', 'new Int32Array([5, 4, 3, 2, 1]).subarray(1, 4)'],
  'Error.prototype': ["new TypeError('!t')", "new Error('!e', { cause: 5 })", "({ name: 'N', message: '!m' })"],
  'Promise.prototype': ['Promise.resolve(1)', "Promise.reject(new Error('!r'))"],
};
const STATICS = ['Array', 'Object', 'Reflect', 'Number', 'String', 'Math', 'BigInt', 'Symbol', 'JSON', 'Map', 'ArrayBuffer', 'Uint8Array', 'Float64Array', 'BigInt64Array', 'Date', 'Promise', 'Proxy'];
const CONSTRUCTORS = ['Array', 'Object', 'Number', 'String', 'Boolean', 'Map', 'Set', 'WeakMap', 'WeakSet', 'WeakRef', 'Date', 'RegExp', 'Error', 'TypeError', 'AggregateError', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Float32Array', 'BigUint64Array', 'DataView', 'Proxy', 'Promise'];
const GLOBALS = ['parseInt', 'parseFloat', 'isNaN', 'isFinite', 'encodeURIComponent', 'decodeURIComponent', 'encodeURI', 'decodeURI', 'escape', 'unescape', 'structuredClone'];

/** What has no result that can be compared: it depends on the clock, chance or memory, never ends, or is V8's own. */
const EXCLUDED = new Set([
  'constructor', 'Array.fromAsync', 'Date.now', 'Math.random', 'Symbol.for', 'Promise.prototype.finally',
  // Each engine has a source text of its own for what is native.
  'Function.prototype.toString', 'Function.prototype.caller', 'Function.prototype.arguments',
]);
/** These make as much as they are told to: Node.js refuses what another engine may well have the memory for. */
const GREEDY = /^(Array|ArrayBuffer|Uint8Array|Float64Array|BigInt64Array|.*Array)$|repeat|pad|fill|asIntN|asUintN|with|from|concat|copyWithin|join|resize|toSpliced/;
/** The standard leaves their last digits open. */
const ROUNDED = /^Math\.(?!abs|ceil|floor|round|trunc|sign|min|max|clz32|imul|fround|sqrt)/;

const lookUp = (path) => (path === 'TypedArray.prototype' ? Object.getPrototypeOf(Uint8Array.prototype) : path.split('.').reduce((object, name) => object[name], globalThis));
const methodsOf = (path) => Reflect.ownKeys(lookUp(path)).filter((name) => {
  const property = Object.getOwnPropertyDescriptor(lookUp(path), name);
  return name !== 'constructor' && (property.get || typeof property.value === 'function') && !EXCLUDED.has(`${path}.${String(name)}`);
});
/** Typed arrays inherit theirs. */
const INHERITED = ['from', 'of'];
const METHODS = Object.fromEntries([...Object.keys(RECEIVERS), ...STATICS].map((path) => [path, methodsOf(path)]).map(([path, names]) => [path, names.length > 0 ? names : INHERITED]));
const access = (name) => (typeof name === 'symbol' ? `[${name.description}]` : `.${name}`);

/** Own properties that V8 has and the engine has not: `arguments` and `caller` of functions that are not strict, `stack` of errors. */
const LISTS_PROPERTIES = /^(ownKeys|getOwnProperty|hasOwn|entries$|values$|keys$)/;
const HAS_MORE_IN_V8 = /^function|Error/;
/** A tag that is well-formed and that no registry has: the engine knows languages of two or three letters. */
const ODD_TAG = /^'length'$/;

/** `text` as an argument of `name`, or another argument where what it comes to is left open. */
function argument(text, name) {
  if (text === '{}') return '({})';
  if (LISTS_PROPERTIES.test(name) && HAS_MORE_IN_V8.test(text)) return 'class {}';
  if (/^toLocale|^localeCompare/.test(name) && ODD_TAG.test(text)) return 'undefined';
  // The reviver's third argument is younger than the Node.js of the tests.
  if (name === 'parse' && text.startsWith('(...all)')) return '(key, value) => value';
  // V8 takes no end of a typed array that is filled, where the start is undefined.
  if (name === 'fill' && text === 'undefined') return '0';
  return text;
}

function argumentsFor(random, name) {
  const [pool, most] = GREEDY.test(String(name)) ? [[...SMALL, ...SMALL, "'ab'", '[1, 2]', '5n', "({ length: 2, 0: 'x' })", '{}'], 3] : [VALUES, 4];
  return random.times(0, most, () => argument(random.chance(20) ? random.pick(FUNCTIONS) : random.pick(pool), String(name))).join(', ');
}

/** Iterators are shown by what they give. */
const shown = (text) => `spread(${text})`;

function methodCall(random) {
  const path = random.pick(Object.keys(RECEIVERS));
  const name = random.pick(METHODS[path]);
  const given = random.chance(8) ? random.pick(VALUES) : random.pick(RECEIVERS[path]);
  // V8 does not convert all arguments of setters of what is no date.
  const receiver = path === 'Date.prototype' && /^set/.test(String(name)) ? given.replace('NaN', '1') : given;
  const property = Object.getOwnPropertyDescriptor(lookUp(path), name);
  const owner = path === 'TypedArray.prototype' ? 'Object.getPrototypeOf(Uint8Array.prototype)' : path;
  if (property.get) return `attempt(log, ${JSON.stringify(`${path}${access(name)}`)}, () => { const it = ${receiver}; return Reflect.get(${owner}, ${typeof name === 'symbol' ? name.description : `'${name}'`}, it); });`;
  return `attempt(log, ${JSON.stringify(`${path}${access(name)}`)}, () => { const it = ${receiver}; return [${shown(`${owner}${access(name)}.call(it${argumentsFor(random, name).replace(/^(?=.)/s, ', ')})`)}, it]; });`;
}

function staticCall(random) {
  const path = random.pick(STATICS);
  const name = random.pick(METHODS[path]);
  const greedy = GREEDY.test(path) ? path : name;
  const call = `${path}${access(name)}(${argumentsFor(random, greedy)})`;
  return `attempt(log, ${JSON.stringify(`${path}${access(name)}`)}, () => ${shown(ROUNDED.test(`${path}.${String(name)}`) ? `roughly(${call})` : call)});`;
}

function construction(random) {
  const name = random.pick(CONSTRUCTORS);
  const made = name === 'Date' && random.chance(100) ? `${random.pick(NUMBERS)}` : argumentsFor(random, name);
  return `attempt(log, 'new ${name}', () => ${random.chance(80) || name === 'Date' ? 'new ' : ''}${name}(${made}));`;
}

const HEAD = `const roughly = (value) => (typeof value === 'number' ? Number(value.toPrecision(12)) : value);
const spread = (value) => {
  if (typeof value?.next !== 'function') return value;
  const items = [];
  for (let i = 0; i < 12; i++) { const { value: item, done } = value.next(); if (done) return ['items', ...items]; items.push(item); }
  return ['endless', ...items];
};
`;

export function builtins(random) {
  const line = () => random.weighted([
    [10, () => methodCall(random)],
    [5, () => staticCall(random)],
    [2, () => construction(random)],
    [1, () => `attempt(log, 'global', () => ${random.pick(GLOBALS)}(${argumentsFor(random, '')}));`],
  ]);
  return HEAD + random.times(3, 10, line).join('\n');
}
