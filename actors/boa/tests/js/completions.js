// What `break`, `continue`, `return` and exceptions do on their way out: iterators are closed, `finally` blocks run.

// An iterator of `n` values that logs what is done to it. `more` replaces methods.
const iterable = (log, name, n, more = {}) => ({
    [Symbol.iterator]() {
        let i = 0;
        return {
            next: () => { log.push(`${name}.next`); return i < n ? { value: i++, done: false } : { value: undefined, done: true }; },
            return: () => { log.push(`${name}.return`); return {}; },
            ...more,
        };
    },
});
const asyncIterable = (log, name, n) => ({
    [Symbol.asyncIterator]() {
        let i = 0;
        return {
            next: async () => (i < n ? { value: i++, done: false } : { value: undefined, done: true }),
            return: async () => { log.push(`${name}.return`); return {}; },
        };
    },
});
const caught = (body) => { try { return body(); } catch (error) { return `caught ${error}`; } };

check('a for-in loop that throws leaves the for-of loop around it alone', () => {
    const l = [];
    for (const o of [1, 2, 3]) { l.push(o); try { for (const k in { a: 1 }) throw 1; } catch {} }
    return l;
}, '[1, 2, 3]');
check('a for-in loop that is left by a label', () => {
    const l = [];
    for (const o of [1, 2, 3]) { L: { for (const k in { a: 1 }) break L; } l.push(o); }
    return l;
}, '[1, 2, 3]');
check('a for-in loop calls no return method', () => {
    const l = [];
    const prototype = Object.getPrototypeOf(Object.getPrototypeOf([].values()));
    Object.defineProperty(prototype, 'return', { value: () => { l.push('return'); return {}; }, configurable: true });
    for (const k in { a: 1 }) break;
    delete prototype.return;
    return l;
}, '[]');
check('a labelled break out of an inner for-of loop', () => {
    const l = [];
    for (const x of [1, 2, 3]) { B: { for (const y of iterable(l, 'y', 9)) { if (y === 1) break B; } } l.push(x); }
    return l.filter((each) => each !== 'y.next');
}, '["y.return", 1, "y.return", 2, "y.return", 3]');
check('continue of an outer loop', () => {
    const l = [];
    outer: for (const x of iterable(l, 'x', 2)) for (const y of iterable(l, 'y', 9)) continue outer;
    return l;
}, '["x.next", "y.next", "y.return", "x.next", "y.next", "y.return", "x.next"]');
check('return out of loops', () => {
    const l = [];
    const f = () => { for (const x of iterable(l, 'x', 2)) for (const k in [1, 2]) for (const y of iterable(l, 'y', 9)) return 'r'; };
    return [f(), l];
}, '["r", ["x.next", "y.next", "y.return", "x.return"]]');
check('a return method that throws on the way out is called once, and the loops around it are closed', () => {
    const l = [];
    const thrower = iterable(l, 'y', 9, { return() { l.push('y.return'); throw 'closing'; } });
    const ways = [
        () => { for (const x of iterable(l, 'x', 2)) for (const y of thrower) return 1; },
        () => { a: for (const x of iterable(l, 'x', 2)) for (const y of thrower) break a; },
        () => { a: for (const x of iterable(l, 'x', 2)) for (const y of thrower) continue a; },
        () => { for (const x of iterable(l, 'x', 2)) for (const y of thrower) throw 'body'; },
    ];
    const results = ways.map(caught);
    return [results, l.filter((each) => each.endsWith('return')).join()];
}, '[["caught closing", "caught closing", "caught closing", "caught body"], "y.return,x.return,y.return,x.return,y.return,x.return,y.return,x.return"]');
check('a next method that throws closes nothing', () => {
    const l = [];
    const bad = iterable(l, 'y', 9, { next() { throw 'next'; } });
    const ways = [() => { for (const y of bad); }, () => { const [a] = bad; }, () => { let a; [a] = bad; }, () => { const [...a] = bad; }];
    for (const x of iterable(l, 'x', 3)) l.push(...ways.map(caught));
    return l.join();
}, '"x.next,caught next,caught next,caught next,caught next,x.next,caught next,caught next,caught next,caught next,x.next,caught next,caught next,caught next,caught next,x.next"');
check('a pattern that throws closes its own iterator', () => {
    const l = [];
    for (const x of iterable(l, 'x', 2)) caught(() => { const [a = (() => { throw 1; })()] = [undefined]; });
    for (const x of iterable(l, 'x', 2)) { try { const [[a]] = iterable(l, 'y', 9); } catch {} }
    return l;
}, '["x.next", "x.next", "x.next", "x.next", "y.next", "y.return", "x.next", "y.next", "y.return", "x.next"]');
check('a pattern does not call next again after the end', () => {
    const l = [];
    const [a, b, c, ...d] = iterable(l, 'x', 1);
    return [a, b, c, d, l];
}, '[0, undefined, undefined, [], ["x.next", "x.next"]]');

check('two ways through two finally blocks', () => {
    const f = (i) => {
        for (let j = 0; j < 2; j++) { try { try { if (j === i) continue; return 'a' + j; } finally { } } finally { } }
        return 'end';
    };
    return [f(0), f(1), f(7)];
}, '["a1", "a0", "a0"]');
check('a finally block with its own completion', () => {
    const f = () => { try { throw 1; } finally { return 'finally'; } };
    const g = () => { for (;;) { try { return 1; } finally { break; } } };
    const h = () => { for (let i = 0; i < 3; i++) { try { throw i; } finally { continue; } } return 'h'; };
    const k = () => { try { try { throw 1; } catch { throw 2; } finally { try { throw 3; } catch {} } } catch (e) { return e; } };
    return [f(), g(), h(), k()];
}, '["finally", undefined, "h", 2]');
check('a return inside a finally block that another return has reached', () => {
    const f = () => { L: for (;;) { try { return 1; } finally { M: for (;;) { try { return 2; } finally { break M; } } } } };
    return f();
}, '1');
check('finally in an async function that has caught and thrown', async () => {
    const f = async () => { for (;;) { try { try { throw 1; } catch { throw 2; } finally { break; } } finally { } } return 'end'; };
    const g = async () => { try { throw 1; } catch { throw 2; } finally { return 'finally'; } };
    return [await f(), await g()];
}, '["end", "finally"]');
check('continue of a loop with two labels', () => {
    const l = [];
    a: b: for (let i = 0; i < 3; i++) { l.push(i); if (l.length > 5) break; continue a; }
    return l;
}, '[0, 1, 2]');

check('a generator that is told to return closes its loops, and runs its finally blocks', () => {
    const l = [];
    function* g() { try { for (const x of iterable(l, 'x', 9)) { try { yield x; } finally { l.push('f'); } } } finally { l.push('g'); } }
    const i = g();
    i.next();
    return [i.return(7), i.next(), l];
}, '[{value: 7, done: true}, {value: undefined, done: true}, ["x.next", "f", "x.return", "g"]]');
check('a generator that is told to return in a pattern', () => {
    const l = [];
    function* g() { const [a = yield 1] = iterable(l, 'x', 0); }
    function* h() { for (const y of iterable(l, 'y', 2)) { let a; [a, a = yield 1] = iterable(l, 'x', 1, { next: () => ({ value: undefined, done: false }) }); } }
    const i = g(), j = h();
    i.next();
    j.next();
    return [i.return(7), j.return(8), l];
}, '[{value: 7, done: true}, {value: 8, done: true}, ["x.next", "y.next", "x.return", "y.return"]]');
check('a generator that is told to throw', () => {
    const l = [];
    function* g() { for (const x of iterable(l, 'x', 9)) { for (const k in [1]) yield x; } }
    const i = g();
    i.next();
    return [caught(() => i.throw(7)), i.next(), l];
}, '["caught 7", {value: undefined, done: true}, ["x.next", "x.return"]]');
check('a finally block overrides what a generator is told to return', () => {
    function* g() { for (;;) { try { yield 1; } finally { break; } } }
    function* h() { try { yield 1; } finally { return 'own'; } }
    function* k() { try { yield 1; } finally { yield 'more'; } }
    const out = [];
    for (const f of [g, h, k]) { const i = f(); i.next(); out.push(i.return(5), i.next()); }
    return out.map((each) => `${each.value} ${each.done}`).join();
}, '"undefined true,undefined true,own true,undefined true,more false,5 true"');
check('yield* passes a return on, then closes the loops around it', () => {
    const l = [];
    function* inner() { try { yield 1; yield 2; } finally { l.push('inner'); } }
    function* g() { try { for (const x of iterable(l, 'x', 9)) yield* inner(); } finally { l.push('g'); } }
    const i = g();
    i.next();
    return [i.return(7), l];
}, '[{value: 7, done: true}, ["x.next", "inner", "x.return", "g"]]');
check('yield* of what has no return method', () => {
    const l = [];
    function* g() { try { yield* { [Symbol.iterator]: () => ({ next: () => ({ value: 1, done: false }) }) }; } finally { l.push('g'); yield 'more'; } }
    const i = g();
    i.next();
    return [i.return(7), i.next(), l];
}, '[{value: "more", done: false}, {value: 7, done: true}, ["g"]]');

check('for await is closed by break, return and throw', async () => {
    const l = [];
    for await (const x of asyncIterable(l, 'a', 9)) break;
    await (async () => { for await (const x of asyncIterable(l, 'b', 9)) for await (const y of asyncIterable(l, 'c', 9)) return; })();
    try { for await (const x of asyncIterable(l, 'd', 9)) for (const k in [1]) throw 1; } catch {}
    L: { for await (const x of asyncIterable(l, 'e', 9)) for (const y of [1]) break L; }
    return l;
}, '["a.return", "c.return", "b.return", "d.return", "e.return"]');
check('an async generator that is told to return', async () => {
    const l = [];
    async function* g() { try { for await (const x of asyncIterable(l, 'x', 9)) { try { yield x; } finally { l.push('f'); } } } finally { await 0; l.push('g'); } }
    async function* h() { try { yield* asyncIterable(l, 'y', 9); } finally { l.push('h'); } }
    const i = g(), j = h();
    await i.next();
    await j.next();
    return [await i.return(7), await i.next(), (await j.return(8)).done, l];
}, '[{value: 7, done: true}, {value: undefined, done: true}, false, ["f", "x.return", "g", "y.return"]]');
check('an async generator that is told to return a rejected promise', async () => {
    async function* g() { try { yield 1; } catch (e) { yield `caught ${e}`; } }
    const i = g();
    await i.next();
    return [await i.return(Promise.reject(7)), await i.next()];
}, '[{value: "caught 7", done: false}, {value: undefined, done: true}]');

check('exceptions that are caught leave nothing on the stack', () => {
    const thrower = () => { throw 1; };
    let n = 0;
    for (let i = 0; i < 30000; i++) { try { Math.max(1, 2, thrower(3, 4)); } catch { n++; } }
    return n;
}, '30000');
check('assignments that throw leave nothing behind', () => {
    let n = 0, x;
    const f = () => x;
    for (let i = 0; i < 1000; i++) { try { x = null.a; } catch { n++; } try { [x = null.a] = []; } catch { n++; } }
    return [n, f()];
}, '[2000, undefined]');
check('many returns in one loop', () => {
    const l = [];
    const body = Array.from({ length: 200 }, (_, i) => `if (n === ${i}) return ${i};`).join('\n');
    const f = Function('n', 'it', `for (const x of it) { try { ${body} } finally { it.f = n; } }`);
    const it = iterable(l, 'x', 1);
    return [f(0, it), f(77, it), f(199, it), it.f, l.filter((each) => each === 'x.return').length];
}, '[0, 77, 199, 199, 3]');
