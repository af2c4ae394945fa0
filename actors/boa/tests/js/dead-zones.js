// Bindings before their declaration has run: reading and writing them is a ReferenceError, whatever way leads there.

/** The error of each function by its name, or what it returned. */
const outcomes = (...functions) => functions.map((f) => { try { return [f()]; } catch (error) { return error.name; } });
const all = (count) => JSON.stringify(Array(count).fill('ReferenceError')).replaceAll(',', ', ');

check('assignments before the declaration of a constant', () => outcomes(
    () => { { c = 1; const c = 2; } },
    () => { { [c] = [1]; const c = 2; } },
    () => { { ({ c } = { c: 1 }); const c = 2; } },
    () => { { for (c of [1]); const c = 2; } },
    () => { { for (c in { a: 1 }); const c = 2; } },
    () => { { c++; const c = 2; } },
    () => { { c ??= 1; const c = 2; } },
    () => { const c = c = 1; },
    () => { c = 1; class c {} },
), all(9));
check('the same from functions that are called too early', () => outcomes(
    () => { const f = () => { c = 1; }; f(); const c = 2; },
    () => { const f = () => { for (c of [1]); }; f(); const c = 2; },
    () => { const f = () => { [c] = [1]; }; f(); const c = 2; },
    () => { const f = () => { for (v of [1]); }; f(); let v = 2; },
    () => { const f = () => { for (v in { a: 1 }); }; f(); let v = 2; },
    () => { const f = function* () { yield c = 1; }; [...f()]; const c = 2; },
    () => { const f = () => typeof c; f(); const c = 2; },
), all(7));
check('assignments to constants behind their declaration are TypeErrors, their right sides run first', () => {
    const l = [];
    const c = 1;
    for (const f of [() => { c = l.push('=') }, () => { c += l.push('+=') }, () => { c++ }, () => { for (c of [1]); }, () => { [c] = [l.push('[]')] }]) {
        try { f(); } catch (error) { l.push(error.name); }
    }
    return [l, c, (() => { let k = c; k ||= 2; return c || (c = 3); })()];
}, '[["=", "TypeError", "+=", "TypeError", "TypeError", "TypeError", "[]", "TypeError"], 1, 1]');
check('an object of `with` before a constant', () => Function(`
    const c = 1, o = { c: 2 }, l = [];
    with (o) { c = 3; c += 1; l.push(c); }
    with ({}) { try { c = 5; } catch (error) { l.push(error.name); } }
    return [l, c, o.c];`)(), '[[4, "TypeError"], 1, 4]');
check('what another case of a switch declares', () => outcomes(
    () => { switch (1) { case 0: let a; case 1: return a; } },
    () => { switch (1) { case 0: let a; case 1: a = 1; } },
    () => { switch (1) { case 0: let a; case 1: a++; } },
    () => { switch (1) { case 0: let a; case 1: [a] = [1]; } },
    () => { switch (1) { case 0: let a; case 1: for (a of [1]); } },
    () => { switch (1) { case 0: let a; case 1: return typeof a; } },
    () => { switch (1) { case 0: const a = 1; case 1: return a + 1; } },
    () => { switch (1) { case 0: const a = 1; (() => a)(); case 1: return a + 1; } },
    () => { switch (1) { case 0: const a = 1; case 1: a = 1; } },
    () => { switch (1) { case 0: class a {} case 1: return a; } },
    () => { switch (1) { case 0: let [a, b] = [1, 2]; case 1: { return b; } } },
    () => { switch (1) { case 0: let a = 1; default: return (() => a)(); } },
    () => { switch (1) { case a: let a; } },
    () => { switch (1) { case 0: switch (2) { case 2: b = 1; } case 1: let b; } switch (1) { case 0: let a; case 1: switch (2) { case 2: return a; } } },
), all(14));
check('what a switch declares is new each time', () => {
    const l = [];
    for (let i = 0; i < 3; i++) {
        switch (i) {
            case 0: let a = 7; const k = 8;
            case 1: try { l.push(a, k); } catch (error) { l.push(error.name); } break;
            default: try { a = 5; } catch (error) { l.push(error.name); }
        }
    }
    return l;
}, '[7, 8, "ReferenceError", "ReferenceError"]');
check('what a case declares, used in it and behind it', () => {
    const l = [];
    for (const i of [0, 1, 2]) {
        switch (i) {
            case 0: let a = 1; const b = a + 1; l.push(a, b, (() => a + b)());
            case 1: if (i === 0) l.push(a += b, f()); function f() { return 'f'; } break;
            default: { let a = 'inner'; l.push(a); } let c = 'c'; c += f(); l.push(c);
        }
    }
    return l;
}, '[1, 2, 3, 3, "f", "inner", "cf"]');
check('a class by its name in its heritage and in its keys', () => outcomes(
    () => { class A extends A {} },
    () => { (class A extends A {}); },
    () => { class A { [A]() {} } },
    () => { (class A { static [(A, 'k')] = 1; }); },
    () => { (class A { get [A.name]() { return 1; } }); },
    () => { class A { [(A = 1, 'k')]() {} } },
    () => { class A extends (() => A)() {} },
), all(7));
check('a class by its name in fields, blocks and methods', () => {
    class A { static x = A.name; static f = () => A; static y = A.f() === A; m() { return A; } z = A; static [(() => 'k')()]() { return A; } }
    const B = class C { static { this.own = C; } };
    return [A.x, A.y, new A().m() === A, new A().z === A, A.k() === A, B.own === B, outcomes(() => { class D { static { D = 1; } } })];
}, '["A", true, true, true, true, true, ["TypeError"]]');
check('parameters', () => outcomes(
    () => ((a = a) => a)(),
    () => ((a = a = 1) => a)(),
    () => ((a = b, b = 1) => a)(),
    () => ((a = b = 1, b = 2) => a)(),
    () => ((a = typeof b, b = 2) => a)(),
    () => (function ([a = b], b) {})([]),
    () => (function* (a = b, b) {})(),
    () => ((a = (() => { b = 5; })(), b) => a)(),
), all(8));
check('heads of loops', () => outcomes(
    () => { for (let x of x); },
    () => { for (const x of (() => [x])()); },
    () => { for (let x in { x }); },
    () => { for (let [x = x] of [[]]); },
    () => { for (let { [x]: x } of [{}]); },
    () => { for (let x = x; ;); },
), all(6));
check('a constant that the body of a loop waits for is not read before it', async () => {
    const f = async () => { let i = 0; do { await null; i++; } while (i < limit); return i; };
    const done = f();
    const limit = 3;
    return [await done, (() => { do { return 'left'; } while (0 < later); const later = 1; })()];
}, '[3, "left"]');
check('`delete` of a name in its dead zone', () => Function(`{ const gone = delete c; let c; return gone; }`)(), 'false');
