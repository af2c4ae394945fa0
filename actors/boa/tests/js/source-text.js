// The text of functions and classes.

check('classes', () => {
    class   A  extends  Object  { /* c */ constructor ( a ) { super ( ) ; } m ( ) { } static x = class { get y() { return '}'; } } ; }
    return [String(A), `${A.prototype.constructor}`, String(A.x), String(new A().m), String(class extends (class   B { }) { }), eval('String(class { })')];
}, '["class   A  extends  Object  { /* c */ constructor ( a ) { super ( ) ; } m ( ) { } static x = class { get y() { return \'}\'; } } ; }", "class   A  extends  Object  { /* c */ constructor ( a ) { super ( ) ; } m ( ) { } static x = class { get y() { return \'}\'; } } ; }", "class { get y() { return \'}\'; } }", "m ( ) { }", "class extends (class   B { }) { }", "class { }"]');
check('methods, accessors and generators', () => {
    const o = { async  *  [ 'k' ]  ( ) { yield 1 ; }, get  g ( ) { return 1 ; }, 'quoted' ( ) { }, async  a ( b = '`' ) { } };
    class C { static  async  s ( ) { } static get [ 'x' ] ( ) { return 1 ; } #p ( ) { } static p(c) { return c.#p; } }
    return [o.k, Object.getOwnPropertyDescriptor(o, 'g').get, o.quoted, o.a, C.s, Object.getOwnPropertyDescriptor(C, 'x').get, C.p(new C())].map(String);
}, '["async  *  [ \'k\' ]  ( ) { yield 1 ; }", "get  g ( ) { return 1 ; }", "\'quoted\' ( ) { }", "async  a ( b = \'`\' ) { }", "async  s ( ) { }", "get [ \'x\' ] ( ) { return 1 ; }", "#p ( ) { }"]');
check('arrow functions end where their expression ends', () => [
    String(() => `a${1}b`), String((a) => `a${a}b${`c${a}`}` /* no more */), String(a => b => `${a}`), String(() => (1)  ), String(async  x => x . y), `${() => `z${1}`}`,
], '["() => `a${1}b`", "(a) => `a${a}b${`c${a}`}`", "a => b => `${a}`", "() => (1)", "async  x => x . y", "() => `z${1}`"]');
check('what Function and its kin make', () => {
    const made = [new Function('a', 'b = "é"', 'return class { m() { } }'), Function(), (async () => {}).constructor('await 1;'), (function* () {}).constructor('x', 'yield x'), (async function* () {}).constructor('')];
    return made.map(String);
}, '["function anonymous(a,b = \\"\é\\"\\n) {\\nreturn class { m() { } }\\n}", "function anonymous(\\n) {\\n\\n}", "async function anonymous(\\n) {\\nawait 1;\\n}", "function* anonymous(x\\n) {\\nyield x\\n}", "async function* anonymous(\\n) {\\n\\n}"]');
check('functions inside of what Function makes', () => {
    const [m, inner, given] = Function('a = function   given() { }', '// 𠮷\r\n b\u2028', 'const inner = (x) => x;\nreturn [class K { m ( ) { } }, inner, a];')();
    return [m, m.prototype.m, inner, given].map(String);
}, '["class K { m ( ) { } }", "m ( ) { }", "(x) => x", "function   given() { }"]');
check('errors in what Function makes name what is there', () => {
    try { Function('o = {}', 'x', 'x = 1;\n  return o.missing.deep;')(); } catch (error) { return [error.name, error.message]; }
}, '["TypeError", "Cannot read properties of undefined (reading \'deep\')"]');
check('what is native', () => [String(Math.max), String(Map), String((function f() {}).bind()), String(new Proxy(class A {}, {}))],
    '["function max() { [native code] }", "function Map() { [native code] }", "function () { [native code] }", "function () { [native code] }"]');
check('a constructor whose name is quoted', () => {
    class A { 'constructor'(x) { this.x = x; } }
    return [A.prototype.constructor === A, new A(3).x];
}, '[true, 3]');
check('toString of others', () => [{}, undefined, 'f'].map((value) => {
    try { return Function.prototype.toString.call(value); } catch (error) { return error.message; }
}), '["Function.prototype.toString requires that \'this\' be a Function", "Function.prototype.toString requires that \'this\' be a Function", "Function.prototype.toString requires that \'this\' be a Function"]');
