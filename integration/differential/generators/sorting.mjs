// Sorting. With a comparator that contradicts itself the order is up to the engine; that everything is still there, and
// what is undefined comes last, is not.

/** Items and the comparators that do not contradict themselves over them. */
const KINDS = [
  [(random) => String(random.int(100)), ['', '(a, b) => a - b', '(a, b) => b - a', '(a, b) => (a > b) - (a < b)', '(a, b) => ({ valueOf: () => a - b })', '(a, b) => String(a).length - String(b).length']],
  [(random) => String(random.int(5)), ['', '(a, b) => a - b', '(a, b) => 0', '(a, b) => (a % 2) - (b % 2)']],
  [(random) => (random.chance(20) ? '' : random.pick(['undefined', String(random.int(20))])), ['', '(a, b) => a - b', '(a, b) => b - a']],
  [(random) => JSON.stringify(random.pick(['a', 'B', 'ä', 'z', '', 'aa', '10', '9', '\u{1f600}', '\uffee', '\ud800']) + random.int(3)), ['', '(a, b) => (a < b ? -1 : a > b ? 1 : 0)', '(a, b) => a.length - b.length']],
  [(random) => `{ key: ${random.int(6)}, place: ${random.int(1000)} }`, ['(a, b) => a.key - b.key', '(a, b) => b.key - a.key', '(a, b) => a.place - b.place', '']],
  [(random) => random.pick(['1', "'b'", 'undefined', 'null', 'NaN', '-0', "'10'", '9', 'true', '[3]', '2n']), ['', '(a, b) => 0']],
];
const INCONSISTENT = ['() => 1', '() => -1', '(a, b) => (a > b ? 1 : -1)', '(a, b) => a < b', '(a, b) => a > b', '() => (count++ * 7919) % 5 - 2', '() => NaN', "() => 'x'", '(a, b) => (count++ % 3) - 1', '(a, b) => a - b + (count++ % 7 === 0)', '(a, b) => { if (count++ === 11) throw new Error("!compare"); return a - b; }'];

function typed(random) {
  const kind = random.pick(['Uint8Array', 'Int16Array', 'Float64Array', 'Float32Array', 'Uint8ClampedArray', 'BigInt64Array']);
  const item = () => (kind.startsWith('Big') ? `${random.int(50)}n` : random.pick([String(random.int(300)), '-0', '0', 'NaN', '-1.5', 'Infinity']));
  return `new ${kind}([${random.times(0, 30, item).join(', ')}])`;
}

export function sorting(random) {
  const lines = random.times(1, 4, () => {
    const [item, comparators] = random.pick(KINDS);
    const isTyped = random.chance(25);
    const list = isTyped ? typed(random) : `[${random.times(0, random.pick([3, 12, 40, 90]), () => item(random)).join(', ')}]`;
    const sort = random.pick(['sort', 'sort', 'toSorted']);
    if (random.chance(55)) return `attempt(log, '${sort}', () => ${list}.${sort}(${isTyped ? '' : random.pick(comparators)}));`;
    return `attempt(log, 'the same items', () => { let count = 0; const list = ${list}; const sorted = list.${sort}(${random.pick(INCONSISTENT)}); return [members(list), members(sorted), tail(sorted)]; });`;
  });
  // A comparator that throws leaves a partly sorted list, of which nothing more is said.
  return `const members = (list) => Array.from(list, (item) => show(item)).sort().join();
const tail = (list) => Array.from(list).filter((item) => item === undefined).length === Array.from(list).length - (Array.from(list).findLastIndex((item) => item !== undefined) + 1);
${lines.join('\n')}`;
}
