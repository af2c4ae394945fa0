// The sizes are such that quadratic work takes very long, and linear work a moment.
const N = 20000;

check('an object is emptied key by key', () => {
    const o = {};
    for (let i = 0; i < N; i++) o['k' + i] = i;
    for (let i = 0; i < N; i++) delete o['k' + i];
    return Object.keys(o).length;
}, '0');
check('an object is emptied from its end', () => {
    const o = {};
    for (let i = 0; i < N; i++) o['k' + i] = i;
    for (let i = N; i--;) delete o['k' + i];
    o.last = 1;
    return o;
}, '{last: 1}');
check('an object is emptied while it is walked', () => {
    const o = {};
    for (let i = 0; i < N; i++) o['k' + i] = i;
    let sum = 0;
    for (const key in o) { sum += o[key]; delete o[key]; }
    return [sum, o];
}, '[199990000, {}]');
check('an object is a table that keys come to and leave', () => {
    const table = {};
    for (let i = 0; i < N; i++) {
        table['k' + i] = i;
        if (i >= 200) delete table['k' + (i - 200)];
    }
    const keys = Object.keys(table);
    return [keys.length, keys[0], keys[199], table.k19900];
}, '[200, "k19800", "k19999", 19900]');
check('objects of some hundred keys are emptied', () => {
    let left = 0;
    for (let round = 0; round < 20; round++) {
        const o = {};
        for (let i = 0; i < 500; i++) o['k' + i] = i;
        for (let i = 0; i < 500; i += 2) delete o['k' + i];
        left += Object.keys(o).length;
    }
    return left;
}, '5000');
check('a frozen object of some hundred keys', () => {
    const o = {};
    for (let i = 0; i < 900; i++) o['k' + i] = i;
    Object.freeze(o);
    o.k5 = 1;
    return [Object.isFrozen(o), o.k5, o.k899];
}, '[true, 5, 899]');

check('order, attributes and accessors after deletions', () => {
    const log = [];
    const o = { first: 1 };
    for (let i = 0; i < 40; i++) {
        Object.defineProperty(o, 'a' + i, i % 3
            ? { value: i, enumerable: i % 2 === 0, configurable: true, writable: i % 5 > 0 }
            : { get: () => i * 10, set: (value) => log.push([i, value]), enumerable: true, configurable: true });
    }
    for (let i = 0; i < 40; i += 4) delete o['a' + i];
    Object.defineProperty(o, 'a3', { value: 'data', enumerable: true, configurable: true });
    Object.defineProperty(o, 'a5', { get: () => 'got', enumerable: true, configurable: true });
    for (let i = 0; i < 30; i += 3) delete o['a' + i];
    o.a39 = 7;
    o.a0 = 'again';
    o[Symbol.for('s')] = 1;
    delete o.first;
    o[3] = 3;
    return [Object.entries(o).map(([key, value]) => `${key}=${value}`).join(' '), log, Reflect.ownKeys(o).length];
}, '["3=3 a2=2 a5=got a10=10 a14=14 a22=22 a26=26 a30=300 a33=330 a34=34 a38=38 a39=390 a0=again", [[39, 7]], 26]');
check('caches of a property see that it has gone, and its successor', () => {
    const read = (o) => o.x;
    const o = {};
    for (let i = 0; i < 30; i++) o['k' + i] = i;
    o.x = 1;
    o.y = 2;
    const seen = [];
    for (let i = 0; i < 3; i++) seen.push(read(o));
    delete o.x;
    seen.push(read(o));
    o.z = 3;
    seen.push(read(o));
    o.x = 4;
    seen.push(read(o), o.y, o.z);
    return seen;
}, '[1, 1, 1, undefined, undefined, 4, 2, 3]');
check('random deletions and definitions', () => {
    let seed = 3;
    const random = (n) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % n;
    let sum = 0;
    const note = (text) => { for (let i = 0; i < text.length; i++) sum = (sum * 31 + text.charCodeAt(i)) | 0; };
    for (let round = 0; round < 60; round++) {
        const o = {};
        for (let i = 0; i < 150; i++) {
            const key = 'k' + random(50);
            const step = random(10);
            if (step < 5) o[key] = i;
            else if (step < 8) delete o[key];
            else if (step < 9) Object.defineProperty(o, key, { get: () => i, enumerable: true, configurable: true });
            else Object.defineProperty(o, key, { value: i, enumerable: random(2) > 0, configurable: true, writable: true });
        }
        note(JSON.stringify(o) + Object.getOwnPropertyNames(o));
    }
    return sum;
}, '574443895');
check('random accessors of large objects', () => {
    let seed = 7;
    const random = (n) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % n;
    let sum = 0;
    const note = (text) => { for (let i = 0; i < text.length; i++) sum = (sum * 31 + text.charCodeAt(i)) | 0; };
    const read = (o) => `${o.k0}${o.k1}${o.k2}${o.k77}${o.last}`;
    for (const size of [3, 40, 300]) {
        const o = { last: 0 };
        for (let i = 0; i < size; i++) o['k' + i] = i;
        for (let i = 0; i < 1500; i++) {
            const key = random(20) === 0 ? 'last' : 'k' + random(size);
            const step = random(12);
            if (step < 2) o[key] = i;
            else if (step < 3) delete o[key];
            else if (step < 8) Object.defineProperty(o, key, { get: () => i, set() {}, enumerable: random(8) > 0, configurable: true });
            else if (step < 11) Object.defineProperty(o, key, { value: i, enumerable: true, configurable: true, writable: random(2) > 0 });
            else delete o.last, o.last = i;
            note(read(o));
            if (i % 100 === 0) note(JSON.stringify(o) + Object.getOwnPropertyNames(o));
        }
    }
    return sum;
}, '800651806');
check('accessors one by one', () => {
    const o = {};
    for (let i = 0; i < 500; i++) o['k' + i] = i;
    for (let i = 0; i < 500; i++) Object.defineProperty(o, 'k' + i, { get: () => -i });
    for (let i = 0; i < 500; i += 2) Object.defineProperty(o, 'k' + i, { value: i });
    o.more = 'more';
    return [o.k0, o.k1, o.k2, o.k498, o.k499, o.more, Object.keys(o).length, Object.keys(o)[250]];
}, '[0, -1, 2, 498, -499, "more", 501, "k250"]');
check('an accessor that goes back and forth', () => {
    const o = { a: 1, b: 2, c: 3 };
    for (let i = 0; i < 200; i++) o['k' + i] = i;
    for (let i = 0; i < 1000; i++) {
        Object.defineProperty(o, 'a', { get: () => i, configurable: true });
        Object.defineProperty(o, 'a', { value: i, writable: true, configurable: true });
    }
    return [o.a, o.b, o.c, o.k0, o.k199, Object.keys(o).slice(0, 4)];
}, '[999, 2, 3, 0, 199, ["a", "b", "c", "k0"]]');
