// Sorting. With a comparator that contradicts itself the order is up to the engine; that everything is still there, and
// what is undefined comes last, is not.

const CONSISTENT = ['', '(a, b) => a - b', '(a, b) => b - a', '(a, b) => (a < b ? -1 : a > b ? 1 : 0)', '(a, b) => (a.key ?? a) - (b.key ?? b)', '(a, b) => 0', '(a, b) => String(a).length - String(b).length', '(a, b) => (a > b) - (a < b)', '(a, b) => ({ valueOf: () => a - b })'];
const INCONSISTENT = ['() => 1', '() => -1', '(a, b) => (a > b ? 1 : -1)', '(a, b) => a < b', '(a, b) => a > b', '() => (count++ * 7919) % 5 - 2', '() => NaN', "() => 'x'", '(a, b) => (count++ % 3) - 1', '(a, b) => a - b + (count++ % 7 === 0)', '(a, b) => { if (count++ === 11) throw new Error("!compare"); return a - b; }'];

function items(random) {
  const item = random.pick([
    () => String(random.int(100)), () => String(random.int(5)), () => literalText(random), () => `{ key: ${random.int(6)}, place: ${random.int(1000)} }`,
    () => random.pick(['1', "'b'", 'undefined', 'null', 'NaN', '-0', "'10'", '9', 'true', '[3]', '2n']), () => (random.chance(20) ? '' : String(random.int(20))),
  ]);
  return random.times(0, random.pick([3, 12, 40, 90]), item);
}

const literalText = (random) => JSON.stringify(random.pick(['a', 'B', 'ä', 'z', '', 'aa', '10', '9', '\u{1f600}', '\uffee', '\ud800']) + random.int(3));

function typed(random) {
  const kind = random.pick(['Uint8Array', 'Int16Array', 'Float64Array', 'Float32Array', 'Uint8ClampedArray', 'BigInt64Array']);
  const item = () => (kind.startsWith('Big') ? `${random.int(50)}n` : random.pick([String(random.int(300)), '-0', '0', 'NaN', '-1.5', 'Infinity']));
  return `new ${kind}([${random.times(0, 30, item).join(', ')}])`;
}

export function sorting(random) {
  const lines = random.times(1, 4, () => {
    const list = random.chance(75) ? `[${items(random).join(', ')}]` : typed(random);
    const sort = random.pick(['sort', 'sort', 'toSorted']);
    if (random.chance(55)) return `attempt(log, '${sort}', () => { const list = ${list}; return list.${sort}(${random.pick(CONSISTENT)}); });`;
    return `attempt(log, 'the same items', () => { let count = 0; const list = ${list}; const sorted = list.${sort}(${random.pick(INCONSISTENT)}); return [members(list), members(sorted), Array.isArray(sorted) && sorted.slice(sorted.findIndex((item) => item === undefined)).length]; });`;
  });
  // A comparator that throws leaves a partly sorted list, of which the same can be said.
  return `const members = (list) => Array.from(list, (item) => show(item)).sort().join();\n${lines.join('\n')}`;
}
