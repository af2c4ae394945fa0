// The `this` of functions that are called by a tagged template or an optional chain.

check('tags in parentheses and of chains', () => {
    const o = { f() { return this === o; } };
    return [o.f``, (o.f)``, ((o['f']))``, (o?.f)``, (0, o.f)``];
}, '[true, true, true, true, false]');
check('tags of super and of private methods', () => {
    class A { t(strings) { return [this.name, strings[0]]; } }
    class B extends A { name = 'b'; #p() { return this.name; } m() { return [super.t`x`, super['t']`y`, this.#p`z`, (this.#p)`z`]; } }
    return new B().m();
}, '[["b", "x"], ["b", "y"], "b", "b"]');
check('tags and optional calls in a with', () => {
    const run = Function('const o = { f() { return this === o; } }; const g = function () { "use strict"; return this; }; with (o) { return [f(), f?.(), f``, (f)``, g?.(), g``]; }');
    return run();
}, '[true, true, true, true, undefined, undefined]');
check('a chain whose head is a chain', () => {
    const o = { a: { f() { return this === o.a; } } };
    return [(o?.a)?.f(), (o?.a).f?.(), (o?.a.f)?.(), delete (o?.a)?.f, o.a.f === undefined];
}, '[true, true, true, true, true]');
