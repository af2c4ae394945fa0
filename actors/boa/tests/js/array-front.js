// The sizes are such that quadratic work takes very long, and linear work a moment.
const N = 30000;

check('an array is a queue', () => [(i) => i, (i) => i + 0.5, (i) => ({ i })].map((make) => {
    const queue = Array.from({ length: N }, (_, i) => make(i));
    let count = 0;
    while (queue.length) {
        const first = queue.shift();
        if (count++ < N) queue.push(first);
    }
    return count;
}), '[60000, 60000, 60000]');
check('an array grows at its front', () => {
    const list = [];
    for (let i = 0; i < N; i++) list.unshift(i);
    return [list.length, list[0], list[N - 1]];
}, '[30000, 29999, 0]');
check('an array is cut into pieces', () => {
    const list = Array.from({ length: N }, (_, i) => i);
    let sum = 0;
    while (list.length) sum += list.splice(0, 10).reduce((a, b) => a + b);
    return sum;
}, '449985000');

check('an array is spread', () => {
    let all = [];
    for (let i = 0; i < 600; i++) all = [...all, i];
    const half = [7, 8, 9].values();
    half.next();
    const holes = [0, , 2];
    const log = [];
    const own = [1, 2];
    own[Symbol.iterator] = function* () { yield* ['own']; };
    const next = Object.getPrototypeOf([].values());
    const builtin = next.next;
    next.next = function () { log.push('asked'); return builtin.call(this); };
    const asked = [...[1, 2]];
    next.next = builtin;
    return [all.length, all[599], [...half, ...half], [...holes, ...'ab', ...new Set([1])], [0, , ...[1, 2]], [...own], asked,
        log.length, [...[1.5, 2]], [...['x', {}]], [...[]], Math.max(...[1, 3, 2]), [...[5].entries()], [...[5].keys()]];
}, '[600, 599, [8, 9], [0, undefined, 2, "a", "b", 1], [0, <hole>, 1, 2], ["own"], [1, 2], 3, [1.5, 2], ["x", {}], [], 3, [[0, 5]], [0]]');
check('shift, unshift and splice', () => {
    const out = [];
    for (const list of [[1, 2, 3, 4, 5], [0.5, 1.5, 2.5, 3.5], ['a', 'b', 'c', 'd'], [1, , 3, , 5], []]) {
        const note = (value) => out.push([value, [...list], list.length]);
        note(list.shift());
        note(list.unshift(7));
        note(list.unshift('x', -0, {}));
        note(list.splice(1, 2));
        note(list.splice(1, 0, 1, 2, 3));
        note(list.splice(-2, 1, 'y'));
        note(list.splice(0, 1, 8, 9));
        note(list.splice(2));
        note(list.splice(0, 2));
        note(list.shift());
    }
    return out;
}, '[[1, [2, 3, 4, 5], 4], [5, [7, 2, 3, 4, 5], 5], [8, ["x", -0, {}, 7, 2, 3, 4, 5], 8], [[-0, {}], ["x", 7, 2, 3, 4, 5], 6], [[], ["x", 1, 2, 3, 7, 2, 3, 4, 5], 9], [[4], ["x", 1, 2, 3, 7, 2, 3, "y", 5], 9], [["x"], [8, 9, 1, 2, 3, 7, 2, 3, "y", 5], 10], [[1, 2, 3, 7, 2, 3, "y", 5], [8, 9], 2], [[8, 9], [], 0], [undefined, [], 0], [0.5, [1.5, 2.5, 3.5], 3], [4, [7, 1.5, 2.5, 3.5], 4], [7, ["x", -0, {}, 7, 1.5, 2.5, 3.5], 7], [[-0, {}], ["x", 7, 1.5, 2.5, 3.5], 5], [[], ["x", 1, 2, 3, 7, 1.5, 2.5, 3.5], 8], [[2.5], ["x", 1, 2, 3, 7, 1.5, "y", 3.5], 8], [["x"], [8, 9, 1, 2, 3, 7, 1.5, "y", 3.5], 9], [[1, 2, 3, 7, 1.5, "y", 3.5], [8, 9], 2], [[8, 9], [], 0], [undefined, [], 0], ["a", ["b", "c", "d"], 3], [4, [7, "b", "c", "d"], 4], [7, ["x", -0, {}, 7, "b", "c", "d"], 7], [[-0, {}], ["x", 7, "b", "c", "d"], 5], [[], ["x", 1, 2, 3, 7, "b", "c", "d"], 8], [["c"], ["x", 1, 2, 3, 7, "b", "y", "d"], 8], [["x"], [8, 9, 1, 2, 3, 7, "b", "y", "d"], 9], [[1, 2, 3, 7, "b", "y", "d"], [8, 9], 2], [[8, 9], [], 0], [undefined, [], 0], [1, [undefined, 3, undefined, 5], 4], [5, [7, undefined, 3, undefined, 5], 5], [8, ["x", -0, {}, 7, undefined, 3, undefined, 5], 8], [[-0, {}], ["x", 7, undefined, 3, undefined, 5], 6], [[], ["x", 1, 2, 3, 7, undefined, 3, undefined, 5], 9], [[<hole>], ["x", 1, 2, 3, 7, undefined, 3, "y", 5], 9], [["x"], [8, 9, 1, 2, 3, 7, undefined, 3, "y", 5], 10], [[1, 2, 3, 7, <hole>, 3, "y", 5], [8, 9], 2], [[8, 9], [], 0], [undefined, [], 0], [undefined, [], 0], [1, [7], 1], [4, ["x", -0, {}, 7], 4], [[-0, {}], ["x", 7], 2], [[], ["x", 1, 2, 3, 7], 5], [[3], ["x", 1, 2, "y", 7], 5], [["x"], [8, 9, 1, 2, "y", 7], 6], [[1, 2, "y", 7], [8, 9], 2], [[8, 9], [], 0], [undefined, [], 0]]');
check('random pieces come and go', () => {
    let seed = 11;
    const random = (n) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % n;
    let same = true;
    for (const make of [(i) => i, (i) => i / 2, (i) => 's' + i]) {
        const list = [];
        let model = '';
        const text = (items) => items.map((item) => item + ';').join('');
        for (let i = 0; i < 600; i++) {
            const items = Array.from({ length: random(4) }, (_, k) => make(i * 10 + k));
            const all = model.split(';').slice(0, -1);
            const step = random(6);
            if (step === 0) { same &&= String(list.shift()) === String(all[0]); model = text(all.slice(1)); }
            else if (step === 1) { list.unshift(...items); model = text(items) + model; }
            else if (step === 2) { list.push(...items); model += text(items); }
            else if (step === 3) { list.pop(); model = text(all.slice(0, -1)); }
            else {
                const from = random(2) ? 0 : random(list.length + 1);
                const count = random(6);
                const cut = list.splice(from, count, ...items);
                same &&= text(cut) === text(all.slice(from, from + count));
                model = text(all.slice(0, from)) + text(items) + text(all.slice(from + count));
            }
            same &&= text(list) === model;
        }
    }
    return same;
}, 'true');
check('arrays that are not plain', () => {
    const log = [];
    class Mine extends Array {}
    const mine = Mine.from([1, 2, 3]);
    const cut = mine.splice(0, 1, 9, 8);
    const sealed = Object.seal([1, 2]);
    const attempt = (body) => { try { body(); } catch (error) { log.push(error.name); } };
    attempt(() => sealed.unshift(0));
    attempt(() => sealed.splice(0, 1));
    attempt(() => Object.freeze([1]).shift());
    attempt(() => Object.defineProperty([1, 2], 'length', { writable: false }).unshift(1));
    const named = Object.assign([1, 2, 3], { name: 'n' });
    named.shift();
    named.unshift(5, 6);
    const species = [1, 2, 3];
    species.constructor = { [Symbol.species]: function () { return species; } };
    return [cut instanceof Mine, mine.length, log, named.length, named.name, species.splice(0, 1) === species, species.length];
}, '[true, 4, ["TypeError", "TypeError", "TypeError", "TypeError"], 4, "n", true, 2]');
