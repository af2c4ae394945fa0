// The computed name of a class's method sees the names around the class, also from inside functions.

const note = (name) => name;
check('from inside a function', () => { class A { [note('m')]() { return 1; } } return new A().m(); }, '1');
check('static, get and set', () => { const k = 'k'; return (() => { class A { static [k]() { return 1; } get [k + 2]() { return 2; } set [note(k)](v) {} } return [A.k(), new A().k2]; })(); }, '[1, 2]');
check('an arrow in it', () => { const k = () => 'k'; const A = class A { [(() => k())()]() { return 1; } }; return new A().k(); }, '1');
check('a function with variables in it', () => { class A { [(function () { let a = 'x'; return (() => a + 'y')(); })()]() { return 1; } } return Object.getOwnPropertyNames(A.prototype); }, '["constructor", "xy"]');
check('a loop variable', () => { const made = []; for (const k of ['a', 'b']) made.push(class { [k]() { return k; } }); return made.map((A, i) => new A()['ab'[i]]()); }, '["a", "b"]');
check('this', () => (function () { class A { [this.name]() { return 1; } } return new A().own(); }).call({ name: 'own' }), '1');
check('a nested class', () => { const k = 'k'; class A { [new (class { [k]() { return 'z'; } })().k()]() { return 1; } } return new A().z(); }, '1');
