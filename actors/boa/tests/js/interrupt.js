// What an interrupt does is tested in `interrupt.rs`; these are what hides in the same places.
check('calls that fail and are caught leave nothing behind', () => {
    class C { }
    let caught = 0;
    for (let i = 0; i < 20000; i++) try { C(); } catch { caught++; }
    return caught;
}, '20000');
check('nor do those of builtins', () => {
    class C { }
    let caught = 0;
    for (let i = 0; i < 20000; i++) try { Reflect.apply(C, null, [1, 2, 3]); } catch { caught++; }
    return caught;
}, '20000');
check('a call that fails within an expression', () => {
    const nothing = undefined;
    const f = (...list) => list.length;
    let lengths = 0;
    for (let i = 0; i < 1000; i++) {
        try { f(1, 2, nothing()); } catch { lengths += f(1, (() => { try { nothing(); } catch { return 2; } })(), 3); }
    }
    return lengths;
}, '3000');
