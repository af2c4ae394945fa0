// Names that may not be declared beside each other: SyntaxErrors before anything runs.

/** How `body` is taken by each: as a body, in a block of it, as the body of an arrow function and of a method, and by eval. */
const ways = [
    (body) => new Function(body),
    (body) => new Function(`if (0) {${body}\n}`),
    (body) => new Function(`return () => {${body}\n}`),
    (body) => new Function(`return { m() {${body}\n} }`),
    (body) => (0, eval)(`if (0) {${body}\n}`),
    (body) => eval(`() => {${body}\n}`),
];
const taken = (bodies) => bodies.map((body) => ways.filter((way) => {
    try { way(body); return true; } catch (error) { if (error.name !== 'SyntaxError') throw error; return false; }
}).length);
const none = (bodies) => [bodies.length, taken(bodies).every((ways) => ways === 0)];

check('let, const and class beside what has their name', () => none([
    'let v; let v', 'let v; var v', 'var v; let v', 'let v; function v() {}', 'function v() {} let v', 'class v {} let v', 'const v = 1; var v', 'let v, v', 'let [v, v] = []',
    'let v; { var v }', 'let v; for (var v of []);', 'let v; for (var [v] in {});', 'let v; try {} catch { var v }', 'let v; switch (1) { case 1: var v }', 'let v; L: var v',
]), '[15, true]');
check('in blocks, switches, loops and catch', () => none([
    '{ let v; var v }', '{ let v; { var v } }', '{ function v() {} var v }', '{ class v {} function v() {} }', '{ function* v() {} function v() {} }',
    'switch (1) { case 1: let v; case 2: let v }', 'switch (1) { case 1: let v; default: { var v } }', 'for (let v of []) { var v }', 'for (let v; ;) { var v }',
    'try {} catch (v) { let v }', 'try {} catch ([v]) { var v }', 'try {} catch ({ v }) { function v() {} }', 'try {} catch ([v, v]) {}',
]), '[13, true]');
check('parameters', () => none([
    'function f(v) { let v }', 'function f(v = 1) { const v = 1 }', '(v) => { let v }', 'async v => { class v {} }', '({ m(v) { let v } })', '({ set a(v) { let v } })',
    '(class { m(v) { let v } })', '(class { constructor(v) { let v } })', '(class { static async *m([v]) { let v } })', '(class { set a(v) { let v } })',
]), '[10, true]');
check('inner functions', () => none([
    'function f() { let v; let v }', '() => { let v; var v }', '({ get a() { let v; let v } })', '(class { m() { let v; let v } })', '(class { constructor() { let v; let v } })', '(class { static { let v; var v } })',
]), '[6, true]');
check('what is allowed', () => taken([
    'var v; var v', 'let v; { let v }', 'function f(v) { var v; function v() {} { let v } }', 'try {} catch (v) { var v; { let v } }', 'for (var v of []) { let v }', 'for (const v of []) { let v }',
    '(class { static { function v() {} var v; function v() {} } })', '(class { m(v) { var v } })', 'let v; L: { let v }',
]), '[6, 6, 6, 6, 6, 6, 6, 6, 6]');
check('functions of one name are allowed in sloppy code', () => [taken(['function v() {} function v() {}', 'function v() {} var v', '{ function v() {} function v() {} }'])], '[[6, 4, 6]]');
check('the constructor of a class', () => none(["(class { async 'constructor'() {} })", "(class { get 'constructor'() {} })", '(class { *constructor() {} })', "(class { constructor() {} 'constructor'() {} })"]), '[4, true]');
check('var of an eval beside parameters of catch', () => {
    const l = [];
    try { throw 1; } catch (e) { eval('var e = 2'); l.push(e); }
    try { throw [1]; } catch ([e]) { try { eval('var e'); } catch (error) { l.push(error.name, error.message); } }
    return l;
}, '[2, "SyntaxError", "Identifier \'e\' has already been declared"]');
check('parameters and bodies for Function are valid each alone', () => [['/*', '*/ ) {'], ['a) { }, function (', ''], ['', '}, function () {'], ['a b', ''], ['', '}']].map((parts) => {
    try { return typeof Function(...parts); } catch (error) { return error.name; }
}), '["SyntaxError", "SyntaxError", "SyntaxError", "SyntaxError", "SyntaxError"]');
