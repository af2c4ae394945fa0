// Object patterns: what a rest leaves out, and what may stand where.
const keyed = (log, name) => ({ toString() { log.push(name); return name; } });

check('rest after nested patterns', () => {
    const { b: { c, ...r }, d: [e], ...rest } = { b: { c: 1, x: 2 }, d: [3], f: 4 };
    return [c, r, e, rest];
}, '[1, {x: 2}, 3, {f: 4}]');
check('rest after nested patterns with defaults', () => {
    const { b: { c } = { c: 5 }, d: [e] = [6], ...rest } = { f: 4 };
    return [c, e, rest];
}, '[5, 6, {f: 4}]');
check('rest in parameters', () => (({ b: { c } = {}, ...rest }) => rest)({ b: { c: 1 }, e: 4 }), '{e: 4}');
check('rest in a catch clause', () => { try { throw { a: { b: 1 }, c: 2 }; } catch ({ a: { b }, ...rest }) { return [b, rest]; } }, '[1, {c: 2}]');
check('rest in a for-of head', () => { const l = []; for (const { a: [b], ...rest } of [{ a: [1], c: 2 }]) l.push(b, rest); return l; }, '[1, {c: 2}]');
check('rest in an assignment', () => { let c, rest; ({ b: { c } = {}, ...rest } = { b: { c: 1 }, e: 4 }); return [c, rest]; }, '[1, {e: 4}]');
check('rest after member targets', () => {
    const o = {};
    let rest;
    ({ b: o.x, ['c']: o.y, d: o.z = 7, ...rest } = { b: 1, c: 2, e: 4 });
    ({ e: o.w, ...o.rest } = { e: 5, f: 6 });
    return [o, rest];
}, '[{x: 1, y: 2, z: 7, w: 5, rest: {f: 6}}, {e: 4}]');
check('rest after computed keys, which become keys once', () => {
    const log = [];
    const { [keyed(log, 'a')]: x, [keyed(log, 'b')]: { y }, [2]: z, ...rest } = { a: 1, b: { y: 2 }, 2: 3, c: 4 };
    return [x, y, z, rest, log];
}, '[1, 2, 3, {c: 4}, ["a", "b"]]');
check('rest after symbols', () => { const s = Symbol('s'); const { [s]: { a }, ...rest } = { [s]: { a: 1 }, b: 2 }; return [a, rest]; }, '[1, {b: 2}]');
check('the key, the target, then what is read', () => {
    const log = [];
    const source = { get k() { log.push('read'); return undefined; } };
    const target = () => { log.push('target'); return { set p(v) { log.push('write ' + v); } }; };
    ({ [keyed(log, 'k')]: target().p = (log.push('default'), 1) } = source);
    return log;
}, '["k", "target", "read", "default", "write 1"]');
check('computed and numeric keys in assignment patterns', () => {
    let a, b, c, d;
    ({ 0: a = 1, ['x']: b = 2, 'y z': [c] = [3], [`q`]: { d } = { d: 4 } } = {});
    let e, f;
    ({ 0: [e], ['r']: { f } } = { 0: [5], r: { f: 6 } });
    return [a, b, c, d, e, f];
}, '[1, 2, 3, 4, 5, 6]');
check('computed keys in the pattern of a loop', () => { let a; const l = []; for ({ [0]: a = 1 } of ['b', []]) l.push(a); return l; }, '["b", 1]');
check('targets in parentheses', () => {
    let a, b, c, d;
    const o = {};
    [(a), (o.x), (b) = 2, ...(c)] = [1, 3, undefined, 4];
    ({ p: (d), q: (o.y) = 6, ...(o.z) } = { p: 5, r: 7 });
    return [a, b, c, d, o];
}, '[1, 2, [4], 5, {x: 3, y: 6, z: {r: 7}}]');
check('patterns in parentheses are no targets', () => { try { Function('let a; [([a])] = [[1]];'); } catch (e) { return e.name; } }, '"SyntaxError"');
check('names of functions in patterns', () => { let f, g; ({ f = () => {}, ['x']: g = () => {} } = {}); return [f.name, g.name]; }, '["f", "g"]');
check('the target of the first element, then whether there is an object', () => {
    const log = [];
    const target = (name) => { log.push(name); return {}; };
    const run = (what) => { try { what(); } catch (error) { log.push(error.name); } };
    run(() => { ({ a: target('t').x } = null); });
    run(() => { ({ ...target('r').x } = undefined); });
    run(() => { ({ ...undefined.x } = null); });
    run(() => { ({ [target('k')]: target('not').x } = null); });
    run(() => { let a; ({ a, b: target('not').x } = null); });
    run(() => { ({ a: target('set').x = target('default') } = {}); });
    return log;
}, '["t", "TypeError", "r", "TypeError", "TypeError", "TypeError", "TypeError", "set", "default"]');
