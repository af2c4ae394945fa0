// Names and where they are seen: hoisting, dead zones, closures over loops and parameters, functions in blocks, `arguments`,
// `var` beside `let`, and named function expressions.

const NAMES = ['a', 'b', 'c'];

class Writer {
  #random;
  #marks = 0;

  constructor(random) {
    this.#random = random;
  }

  block(depth, taken = new Set()) {
    return this.#random.times(1, 5, () => this.#statement(depth, taken)).join('\n');
  }

  #mark() {
    return `'${this.#marks++}'`;
  }

  #expression(depth) {
    const random = this.#random;
    const name = random.pick(NAMES);
    return random.weighted([
      [3, () => name],
      [2, () => this.#mark()],
      [1, () => `typeof ${name}`],
      [2, () => `(${name} = ${this.#mark()})`],
      [1, () => `(() => ${name})()`],
      [1, () => `${name}?.name`],
      [1, () => `typeof this`],
      [depth > 0 ? 2 : 0, () => this.#call(depth - 1)],
    ]);
  }

  /** A function of every kind, called on the spot. */
  #call(depth) {
    const random = this.#random;
    const own = random.pick(NAMES);
    const parameters = random.pick(['', `${own}`, `${own} = ${this.#expression(0)}`, `a, b = a`, `a, b = () => a, c = b()`, `...${own}`, `a = eval2(() => b), b = 1`, '{ a } = {}, [b] = []', `a, c = () => arguments?.length`]);
    const taken = new Set(parameters.match(/\b[abc]\b/g) ?? []);
    const strict = random.chance(15) && /^[abc, ]*$/.test(parameters) ? "'use strict';\n" : '';
    const body = `${strict}${this.block(depth, taken)}\n`;
    const inner = `${body}${random.chance(70) ? `return ${this.#expression(0)};` : ''}`;
    const given = random.times(0, 2, () => this.#expression(0)).join(', ');
    return random.weighted([
      [3, () => `(function (${parameters}) {\n${inner}\n})(${given})`],
      [2, () => `(function ${own}(${parameters}) {\n${inner}\n})(${given})`],
      [2, () => `((${parameters}) => {\n${inner}\n})(${given})`],
      [1, () => `({ m(${parameters}) {\n${inner}\n} }).m(${given})`],
      [1, () => `[...(function* (${parameters}) {\n${body}yield ${this.#expression(0)};\n})(${given})]`],
    ]);
  }

  #statement(depth, taken) {
    const random = this.#random;
    const name = random.pick(NAMES);
    const free = !taken.has(name);
    const inner = () => this.block(depth - 1);
    const declare = (text) => { taken.add(name); return text; };
    return random.weighted([
      [4, () => `attempt(log, ${this.#mark()}, () => ${this.#expression(0)});`],
      [4, () => `attempt(log, ${this.#mark()}, () => [a, b, c]);`],
      [free ? 3 : 0, () => declare(`let ${name} = ${this.#expression(0)};`)],
      [free ? 1 : 0, () => declare(`const ${name} = ${this.#expression(0)};`)],
      [free ? 1 : 0, () => declare(`let ${name};`)],
      [free ? 1 : 0, () => declare(`class ${name} { static z = typeof ${name}; get w() { return ${random.pick(NAMES)}; } }`)],
      [free ? 2 : 0, () => declare(`function ${name}() { return ${this.#mark()}; }`)],
      [2, () => `later.push(() => [${name}, typeof ${name}]);`],
      [1, () => `later.push(() => { ${name} = ${this.#mark()}; return ${name}; });`],
      [1, () => `attempt(log, 'assign', () => { ${name} ${random.pick(['=', '+=', '??=', '||='])} ${this.#expression(0)}; return ${name}; });`],
      [depth > 0 ? 3 : 0, () => `{\n${inner()}\n}`],
      [depth > 0 ? 2 : 0, () => `attempt(log, 'call', () => ${this.#call(depth - 1)});`],
      [depth > 0 ? 1 : 0, () => `attempt(log, 'var', () => {\n${random.chance(50) ? `var ${name} = ${this.#expression(0)};` : `var ${name};`}\n{\n${inner()}\n}\nreturn ${name};\n});`],
      [depth > 0 ? 2 : 0, () => `for (let ${name} = 0, n = 0; n < 2; n++, later.push(() => ${name})) {\n${inner()}\n}`],
      [depth > 0 ? 1 : 0, () => `for (const ${name} of [1, () => 2]) {\n${inner()}\n}`],
      [depth > 0 ? 1 : 0, () => `for (let ${name} in { x: 1, y: 2 }) {\nlater.push(() => ${name});\n${inner()}\n}`],
      [depth > 0 ? 1 : 0, () => `try {\n${inner()}\nthrow ${this.#mark()};\n} catch (${name}) {\n${inner()}\n}`],
      [depth > 0 ? 1 : 0, () => `switch (1) { case 0: let ${name}; case 1: attempt(log, 'switch', () => ${name}); ${random.chance(50) ? `${name} = 1;` : ''} {\n${inner()}\n} }`],
      [1, () => `attempt(log, 'arguments', () => (function (a, b) { ${random.pick(['a = 9', 'arguments[0] = 8', 'delete arguments[0]; arguments[0] = 7', 'arguments.length = 1', "'use strict'; a = 6"])}; return [a, b, arguments.length, ...arguments]; })(1, 2));`],
      [1, () => `attempt(log, 'named', () => (function ${name}() { ${name} = 1; return typeof ${name}; })());`],
    ]);
  }
}

export function scopes(random) {
  return `const later = [];\nconst eval2 = (thunk) => thunk();\nlet a = 'outer a', b = 'outer b', c = 'outer c';
attempt(log, 'all', () => {\n${new Writer(random).block(3)}\n});\nfor (const go of later) attempt(log, 'later', go);`;
}
