// What is no pattern, and what may not be deleted or made: early SyntaxErrors, none of which ends the process.
const refused = (...texts) => texts.filter((text) => { try { Function(text); return true; } catch (error) { return error.name !== 'SyntaxError'; } });
const taken = (...texts) => texts.filter((text) => { try { Function(text); return false; } catch (error) { return true; } });

check('elements without a comma between them', () => refused(
    'let [a b] = 1', 'let { a b } = 1', 'var [a = 1 b] = 1', 'var { a: b c } = 1', 'var { a: { b } c } = 1', 'let [[a] b] = 1', 'const { a: [b] c } = 1',
    '(function ([a b]) {})', '(function ({ a b }) {})', '(([a b]) => 1)', '(({ a b }) => 1)', 'try {} catch ([a b]) {}', 'try {} catch ({ a b }) {}', 'for (let [a b] of []);', 'for (const { a b } in {});',
), '[]');
check('elements with commas', () => taken(
    'let [a, b,] = 1', 'let { a, b, } = 1', 'let [, a, , b] = 1', 'let [, ] = 1', 'let { a: [b, ...c], ...d } = 1', 'let [] = 1, {} = 2', 'let { a = 1, b: { c } = {}, [d]: e } = 1',
), '[]');
check('patterns without an initializer', () => refused('var {}', 'let {}', 'var [a]', 'let [a], b = 1', 'var a = 1, { b }', 'for (let {};;);', 'for (var {};;);', 'for (let [];;);', 'for (var a, [b];;);', 'for (const {};;);', '{ let { a }\n}'), '[]');
check('heads of loops over something have none', () => taken('for (var { a } of []);', 'for (let [a] of []);', 'for (const { a } in {});', 'for (let [a] = [], b;;);', '(async () => { for await (const [a] of []); })', 'let a, b; var c'), '[]');
check('private members are not deleted', () => refused(
    'class A { #p; m() { delete this.#p; } }', 'class A { #p; m() { delete this?.#p; } }', 'class A { #p; m() { delete this?.a.#p; } }', 'class A { #p; m() { delete (this?.#p); } }', 'class A { #p; m() { delete ((this.a?.b().#p)); } }',
), '[]');
check('members of private ones are', () => taken('class A { #p; m() { delete this?.#p.x; } }', 'class A { #p; m() { delete this.#p(); delete this?.#p(); delete this?.#p[0]; } }'), '[]');
check('new of a chain', () => refused('new a?.b()', 'new a?.()', 'new a.b?.c'), '[]');
check('a chain of what is new', () => taken('new a()?.b()', '(new a)?.b', 'new (a?.b)()'), '[]');
