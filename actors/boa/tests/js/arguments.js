// `arguments` beside parameters with expressions: what declares the name in the body, and what the parameters see.
const kind = (value) => (typeof value === 'function' ? 'function' : typeof value === 'object' ? value.length : value);

check('a variable begins as the arguments object', () => {
    function plain(a = 1) { var arguments; return arguments; }
    function pattern({ a }) { var arguments; return arguments; }
    function rest(...a) { var arguments; return arguments; }
    function nested(a = 1) { if (a === 0) { var arguments; } return arguments; }
    function loop(a = 1) { for (var arguments of []); return arguments; }
    function caught(a = 1) { try { throw 1; } catch (arguments) { var arguments = 2; } return arguments; }
    function itself(a = 1) { var arguments = arguments; return arguments; }
    function* generator(a = 1) { var arguments; yield arguments; }
    function arrow(a = 1) { var arguments; return (() => arguments)(); }
    const method = { m(a = 1) { var arguments; return arguments; } };
    return [plain(7, 8), pattern({}, 8), rest(1, 2, 3), nested(1), loop(1, 2), caught(1), itself(1, 2), [...generator(5)][0], arrow(1), method.m(1)].map(kind);
}, '[2, 2, 3, 1, 2, 1, 2, 1, 1, 1]');
check('parameters keep it', () => {
    function variable(a = arguments) { var arguments = 3; return [a, arguments]; }
    function later(a = () => arguments) { var arguments = 3; return [a(), arguments]; }
    function lexical(a = () => arguments) { let arguments = 3; return [a(), arguments]; }
    function declared(a = () => arguments) { function arguments() {} return [a(), arguments]; }
    function assigned(a = (arguments = 5)) { var arguments; return [a, arguments]; }
    return [variable(), later(), lexical(undefined, 1), declared(), assigned()].map((pair) => pair.map(kind));
}, '[[0, 3], [0, 3], [2, 3], [0, "function"], [5, 5]]');
check('a lexical one is no object', () => {
    function dead(a = 1) { try { return typeof arguments; } catch (error) { return error.name; } let arguments; }
    function set(a = 1) { let arguments = a; return () => arguments; }
    class C { static m(a = 1) { return [...arguments]; } }
    return [dead(), set(4)(), C.m(1, 2)];
}, '["ReferenceError", 4, [1, 2]]');
check('a parameter of that name', () => {
    function first(arguments, a = 5) { var arguments; return [arguments, a]; }
    function inPattern({ arguments }, a = 1) { var arguments; return arguments; }
    function rest(a = 1, ...arguments) { var arguments; return arguments; }
    return [first(4), inPattern({ arguments: 6 }), rest(1, 2, 3)];
}, '[[4, 5], 6, [2, 3]]');
