// A function in a block is seen behind it, unless it stands inside what declares its name: a `let` elsewhere is none of its business.

check('a loop over its name behind it', () => { { function f() {} } for (let f = 0; f < 1; f++); return typeof f; }, '"function"');
check('a loop before it', () => { for (const f of [1]); { function f() {} } return typeof f; }, '"function"');
check('a for-in', () => { { function f() {} } for (let f in {}); return typeof f; }, '"function"');
check('another block', () => { { function f() {} } { let f; } return typeof f; }, '"function"');
check('a switch', () => { { function f() {} } switch (0) { case 0: let f; } return typeof f; }, '"function"');
check('a pattern of catch', () => { { function f() {} } try { throw {}; } catch ({ f }) {} return typeof f; }, '"function"');
check('inside a loop over its name', () => { for (let f = 0; f < 1; f++) { { function f() {} } } return typeof globalThis.f; }, '"undefined"');
check('inside a block with its name', () => { { let f; { function f() {} } } return typeof globalThis.f; }, '"undefined"');
check('one that is a variable beside one that is none', () => {
    const f = () => { { function f() { return 1; } } for (let f of [1]) { function f() { return 2; } } return f(); };
    const g = () => { { function g() { return 1; } } { let g; { function g() { return 2; } } } return g(); };
    const h = () => { { function h() { return 1; } { function h() { return 2; } } } return h(); };
    const k = () => { { { function k() { return 1; } } function k() { return 2; } } return k(); };
    const l = () => { switch (1) { case 1: function l() { return 1; } { function l() { return 2; } } } return l(); };
    return [f(), g(), h(), k(), l()];
}, '[1, 1, 2, 2, 2]');
check('inside a catch whose parameter has its name', () => {
    const plain = () => { try { throw 1; } catch (c) { { function c() {} } } return typeof c; };
    const pattern = () => { { function c() { return 1; } } try { throw {}; } catch ({ c }) { { function c() {} } } return c(); };
    return [plain(), pattern()];
}, '["function", 1]');
check('beside parameter expressions', () => {
    function declared(b = 1) { { function a() {} } return typeof a; }
    const arrow = (b = 1) => { { function a() {} } return typeof a; };
    function* generator(b = 1) { { function a() {} } yield typeof a; }
    function captured(b = 1) { const g = () => a; { function a() {} } return typeof g(); }
    function assigned(b = 1) { const before = typeof a; a = 5; { function a() {} } return [before, typeof a]; }
    const method = { m({ b } = {}) { { function a() {} } return typeof a; } };
    return [declared(), arrow(), ...generator(), captured(), assigned(), method.m()];
}, '["function", "function", "function", "function", ["undefined", "function"], "function"]');
check('beside parameter expressions nothing outside is touched', () => {
    const x = 1;
    let y = 1;
    function f(a = 1) { { function x() {} } { function y() {} } return [typeof x, typeof y]; }
    function c(a = 1) { { function c() { return 1; } } return c(); }
    return [f(), x, y, c(), typeof c];
}, '[["function", "function"], 1, 1, 1, "function"]');
check('parameter expressions do not see it', () => {
    const a = 'outer';
    function f(b = () => a) { { function a() {} } return [b(), typeof a]; }
    return f();
}, '["outer", "function"]');
check('an object of with is not asked', () => {
    const run = Function('const o = { c: 1 }; const g = () => c; with (o) { { function c() {} } } return [typeof c, o.c, typeof g()];');
    const beside = Function('a = 1', 'const o = { c: 1 }; const g = () => c; with (o) { { function c() {} } } return [typeof c, o.c, typeof g()];');
    return [run(), beside()];
}, '[["function", 1, "function"], ["function", 1, "function"]]');
check('one called arguments', () => {
    const kind = (value) => (typeof value === 'function' ? 'function' : value && value.length);
    function plain() { const before = arguments; { function arguments() {} } return [kind(before), kind(arguments)]; }
    function unused() { { function arguments() { return arguments.length; } } return arguments(1, 2); }
    function skipped() { if (plain === 0) { function arguments() {} } return arguments.length; }
    function beside(a = () => arguments) { const before = arguments; { function arguments() {} } return [kind(before), kind(arguments), kind(a())]; }
    function arrow() { const inner = (() => { const before = arguments; { function arguments() {} } return [typeof before, kind(arguments)]; })(); return [inner, kind(arguments)]; }
    function parameter(arguments) { { function arguments() {} } return arguments; }
    return [plain(1), unused(), skipped(1, 2), beside(undefined, 2), arrow(1), parameter(5)];
}, '[[1, "function"], 2, 2, [2, "function", 2], [["undefined", "function"], 1], 5]');
