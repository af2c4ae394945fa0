// Bindings: variables named as parameters, and what is used before its declaration.
check('a variable named as a parameter has its value, where parameters have expressions', () => {
    function f(x, a = 1) { var x; return [x, a]; }
    function g(x, a = () => x) { var x; const before = x; x = 2; return [before, a(), x]; }
    function h({ x }, a = () => x) { var x = x + 1; return [x, a()]; }
    function k(x, a = 1) { var x; function x() {} return typeof x; }
    return [f(5), g(1), h({ x: 3 }), k(1)];
}, '[[5, 1], [1, 1, 2], [4, 3], "function"]');
check('the same in generators, methods and arrow functions', () => {
    function* g(x, a = 1) { var x; yield x; }
    const o = { m(x, a = () => x) { for (var x of [x, 7]); return [x, a()]; } };
    return [[...g(5)], o.m(6), ((x, a = 1) => { var x; return x; })(8)];
}, '[[5], [7, 6], 8]');
check('an assignment before the declaration', () => {
    try { x = 1; let x; return 'assigned'; } catch (e) { return e.name; }
}, '"ReferenceError"');
check('an assignment of a pattern before the declaration', () => {
    const l = [];
    try { [x] = [1]; let x; } catch (e) { l.push(e.name); }
    try { ({ y } = { y: 1 }); let y; } catch (e) { l.push(e.name); }
    try { z += 1; let z; } catch (e) { l.push(e.name); }
    return l;
}, '["ReferenceError", "ReferenceError", "ReferenceError"]');
check('a loop variable in its own initialiser', () => {
    const l = [];
    try { for (let i = i; ;) { l.push('ran'); break; } } catch (e) { l.push(e.name); }
    try { for (let i = 0, j = k, k = 1; ;) { l.push('ran'); break; } } catch (e) { l.push(e.name); }
    try { for (let i = (() => i)(); ;) { l.push('ran'); break; } } catch (e) { l.push(e.name); }
    return l;
}, '["ReferenceError", "ReferenceError", "ReferenceError"]');
check('loop variables as ever', () => {
    const f = [];
    for (let i = 0, n = 3; i < n; i++) f.push(() => [i, n]);
    let sum = 0;
    for (let i = 0; i < 4; i++) sum += i;
    return [f.map((g) => g()), sum];
}, '[[[0, 3], [1, 3], [2, 3]], 6]');
