// Names inside `with`: which object or scope has them, at the time that they are used.

const NAMES = ['a', 'b', 'c', 'd'];

class Writer {
  #random;
  #marks = 0;

  constructor(random) {
    this.#random = random;
  }

  #value(depth) {
    const random = this.#random;
    const name = random.pick(NAMES);
    return random.weighted([
      [4, () => `'${this.#marks++}'`],
      [3, () => name],
      [1, () => `typeof ${name}`],
      [1, () => `(() => ${name})()`],
      [2, () => `${name}${random.pick(['()', '?.()', '``', '?.name', '?.[0]'])}`],
      [1, () => `(${name})()`],
      [1, () => `(0, ${name})()`],
      [1, () => `[...arguments, ${name}]`],
      [1, () => `function () { return [typeof this, typeof ${name}]; }`],
      [depth > 0 ? 1 : 0, () => `(function (${random.pick(['', name, `${name} = ${random.pick(NAMES)}`])}) {\n${this.block(depth - 1)}\nreturn ${random.pick(NAMES)};\n})(1)`],
    ]);
  }

  #object() {
    const random = this.#random;
    return random.weighted([
      [4, () => random.pick(['p', 'q', 'r'])],
      [1, () => random.pick(['null', '5', "'text'", '[1, 2]', 'Object.create(p)', '(function () {})'])],
      [2, () => `{ ${random.times(0, 3, () => random.pick([`${random.pick(NAMES)}: '${this.#marks++}'`, `${random.pick(NAMES)}() { return this === p || typeof this; }`, `get ${random.pick(NAMES)}() { return '${this.#marks++}'; }`])).join(', ')} }`],
    ]);
  }

  #statement(depth) {
    const random = this.#random;
    const name = random.pick(NAMES);
    const mark = () => `'${this.#marks++}'`;
    const inner = () => `{\n${this.block(depth - 1)}\n}`;
    return random.weighted([
      [5, () => `attempt(log, ${mark()}, () => ${this.#value(depth)});`],
      [3, () => `attempt(log, ${mark()}, () => [a, b, c, d]);`],
      [4, () => `attempt(log, ${mark()}, () => { ${name} ${random.pick(['=', '=', '+=', '??=', '||=', '&&='])} ${this.#value(0)}; return ${name}; });`],
      [2, () => `${name} = ${mark()};`],
      [1, () => `attempt(log, ${mark()}, () => ${random.pick([`${name}++`, `--${name}`])});`],
      [1, () => `log(delete ${name}, typeof ${name});`],
      [1, () => `${random.pick(['p', 'q', 'r'])}.${name} = ${mark()};`],
      [1, () => `delete ${random.pick(['p', 'q', 'r'])}.${name};`],
      [1, () => `attempt(log, 'pattern', () => { [${name}, ${random.pick(NAMES)}] = [${mark()}, ${mark()}]; });`],
      [1, () => `later.push(() => [${name}, typeof ${random.pick(NAMES)}]);`],
      [1, () => `later.push(() => { ${name} = ${mark()}; });`],
      [1, () => `p[Symbol.unscopables] = { ${name}: ${random.chance(70)} };`],
      [1, () => `var ${name} = ${mark()};`],
      [depth > 0 ? 5 : 0, () => `attempt(log, 'with', () => {\nwith (${this.#object()}) ${inner()}\n});`],
      [depth > 0 ? 3 : 0, () => `with (${random.pick(['p', 'q', 'r'])}) ${inner()}`],
      [depth > 0 ? 1 : 0, () => `{\nlet ${name} = ${mark()};\n${this.block(depth - 1)}\n}`],
      [depth > 0 ? 1 : 0, () => `{\nfunction ${name}() { return ${mark()}; }\n${this.block(depth - 1)}\n}`],
      [depth > 0 ? 1 : 0, () => `for (${random.pick(['var ', 'let ', 'const ', ''])}${name} of [1, 2]) ${inner()}`],
      [depth > 0 ? 1 : 0, () => `for (${random.pick(['var ', 'let ', ''])}${name} in { x: 1 }) ${inner()}`],
      [depth > 0 ? 1 : 0, () => `try { throw ${mark()}; } catch (${name}) ${inner()}`],
      [depth > 0 ? 1 : 0, () => `switch (${name}) { case ${name}: let ${random.pick(NAMES)}2; default: ${inner()} }`],
    ]);
  }

  block(depth) {
    return this.#random.times(1, 5, () => this.#statement(depth)).join('\n');
  }
}

export function withStatements(random) {
  const writer = new Writer(random);
  return `const later = [];
const p = { a: 'p.a', b() { return this === p; } };
const q = { __proto__: p, get c() { return 'q.c'; }, set c(value) { log('set c', value); }, a: 'q.a' };
const r = { d: () => typeof this, b: 'r.b' };
attempt(log, 'all', () => (function (${random.pick(['', 'a', 'd', 'd = 1'])}) {
${random.pick(['let a2', 'let c', 'const c', 'var c', 'let a2'])} = 'outer';
${writer.block(3)}
})('given'));
for (const go of later) attempt(log, 'later', go);
log(p, q, r);
for (const name of ['a', 'b', 'c', 'd']) log(name, typeof globalThis[name], delete globalThis[name]);`;
}
