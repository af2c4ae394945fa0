// A generator of its own: comparators that contradict themselves, always in the same way.
const noise = (seed) => () => { seed = (seed * 1103515245 + 12345) & 0x7fffffff; return seed / 0x7fffffff - 0.5; };
const numbers = (length, seed = 1) => { const next = noise(seed); return Array.from({ length }, () => Math.floor(next() * 1000)); };
const sum = (list) => list.reduce((a, b) => a + b, 0);

check('random comparators keep all items', () => {
    let kept = true;
    for (let seed = 0; seed < 30; seed++) {
        const list = numbers(1 + seed * 17, seed);
        const compare = noise(seed);
        kept &&= sum(list) === sum(list.toSorted?.(compare) ?? list) && sum(list) === sum([...list].sort(compare));
    }
    return kept;
}, 'true');
check('random comparators of typed arrays', () => {
    const list = Float64Array.from(numbers(500));
    const before = list.reduce((a, b) => a + b);
    const compare = noise(7);
    list.sort(compare);
    return list.reduce((a, b) => a + b) === before;
}, 'true');
check('mixed items by subtraction', () => {
    const list = numbers(300).map((n, i) => (i % 3 ? n : i % 2 ? `text ${n}` : {}));
    return list.sort((a, b) => a - b).length;
}, '300');
check('an order that goes round', () => ['rock', 'scissors', 'paper'].flatMap((x) => Array(40).fill(x))
    .sort((a, b) => (a === b ? 0 : (a === 'rock') === (b === 'scissors') ? -1 : 1)).length, '120');
check('comparators that are wrong in a usual way', () => [
    [3, 1, 2, 5, 4].sort((a, b) => a < b),
    [3, 1, 2, 5, 4].sort((a, b) => a > b),
    [3, 1, 2, 5, 4].sort(() => -1),
    [3, 1, 2, 5, 4].sort(() => 1),
    [3, 1, 2, 5, 4].sort((a, b) => (a < b ? -1 : 0)),
], '[[3, 1, 2, 5, 4], [3, 1, 2, 5, 4], [4, 5, 2, 1, 3], [3, 1, 2, 5, 4], [1, 2, 3, 4, 5]]');
check('pairs are compared in the order of V8', () => {
    const pairs = [];
    [3, 0, 2, 4, 1].sort((a, b) => { pairs.push(`${a}:${b}`); return a - b; });
    return pairs;
}, '["0:3", "2:0", "2:3", "2:0", "4:2", "4:3", "1:3", "1:2", "1:0"]');
check('sorting is stable, right and does not compare too often', () => {
    let compared = 0;
    const list = numbers(5000).map((n, place) => ({ key: n % 100, place }));
    list.sort((a, b) => { compared++; return a.key - b.key; });
    const right = list.every((item, i) => i === 0 || list[i - 1].key < item.key || (list[i - 1].key === item.key && list[i - 1].place < item.place));
    return [right, compared < 5000 * 13];
}, '[true, true]');
check('a comparator that throws leaves the array as it was', () => {
    const list = numbers(100);
    const before = [...list];
    let calls = 0;
    try { list.sort((a, b) => { if (++calls === 50) throw new RangeError(); return a - b; }); } catch (error) { return [error.name, calls, list.every((n, i) => n === before[i])]; }
    return 'no error';
}, '["RangeError", 50, true]');
check('undefined and holes come last and are not compared', () => {
    const seen = new Set();
    const list = [3, undefined, 1, , 2].sort((a, b) => { seen.add(a).add(b); return a - b; });
    return [list, seen.has(undefined)];
}, '[[1, 2, 3, undefined, <hole>], false]');
check('without a comparator by text', () => [10, 9, 1, 'b', 'a', null, true, undefined].sort(), '[1, 10, 9, "a", "b", null, true, undefined]');
check('typed arrays by number', () => [Float64Array.of(3, -0, 0, NaN, -1).sort(), Int8Array.of(3, -1, 2).sort((a, b) => b - a)], '[Float64Array[-1, -0, 0, 3, NaN], Int8Array[3, 2, -1]]');
check('a comparator that changes the array', () => {
    const list = [3, 2, 1];
    list.sort((a, b) => { list.length = 0; return a - b; });
    return list;
}, '[1, 2, 3]');
