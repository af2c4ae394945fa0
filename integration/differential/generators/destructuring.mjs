// Patterns against values that fit them more or less: nested, with defaults, computed keys and rest, in every place that
// takes a pattern.

const KEYS = ['a', 'b', 'c', 'd', 'e', 'f'];

class Writer {
  #random;
  #names = [];

  constructor(random) {
    this.#random = random;
  }

  get names() {
    return this.#names;
  }

  #name() {
    const name = `v${this.#names.length}`;
    this.#names.push(name);
    return name;
  }

  /** What a pattern ends in: a new variable, or in an assignment a member too. */
  #target(assigns) {
    if (!assigns || this.#random.chance(70)) return this.#name();
    return this.#random.pick([`o.${this.#random.pick(KEYS)}`, `o[note('key ${this.#random.int(9)}')]`, `place('target').x`]);
  }

  #default() {
    const random = this.#random;
    if (random.chance(55)) return '';
    return ` = ${random.pick([`note('default ${random.int(99)}')`, String(random.int(9)), '() => 1', 'class {}', '[1, 2]', '{ a: 1, b: { c: 2 } }', 'function () {}'])}`;
  }

  #nestedDefault(isArray) {
    if (this.#random.chance(50)) return '';
    return isArray ? ` = ${this.#random.pick(['[]', '[1, [2]]', "note('ab')"])}` : ` = ${this.#random.pick(['{}', '{ a: 5, b: { a: 6 } }', "note('x')"])}`;
  }

  #element(depth, assigns) {
    if (depth > 0 && this.#random.chance(45)) {
      const isArray = this.#random.chance(40);
      return (isArray ? this.array(depth - 1, assigns) : this.object(depth - 1, assigns)) + this.#nestedDefault(isArray);
    }
    return this.#target(assigns) + this.#default();
  }

  object(depth, assigns) {
    const random = this.#random;
    const parts = random.times(0, 4, () => {
      const key = random.weighted([
        [6, () => random.pick(KEYS)], [1, () => `'${random.pick(KEYS)}'`], [1, () => String(random.int(3))], [2, () => `[note('${random.pick(KEYS)}')]`],
      ]);
      return `${key}: ${this.#element(depth, assigns)}`;
    });
    if (random.chance(50)) parts.push(`...${this.#target(assigns)}`);
    return `{ ${parts.join(', ')} }`;
  }

  array(depth, assigns) {
    const random = this.#random;
    const parts = random.times(0, 4, () => (random.chance(15) ? '' : this.#element(depth, assigns)));
    if (random.chance(40)) parts.push(`...${depth > 0 && random.chance(40) ? this.#rest(depth, assigns) : this.#target(assigns)}`);
    return `[${parts.join(', ')}]`;
  }

  #rest(depth, assigns) {
    return this.#random.chance(50) ? this.array(depth - 1, assigns) : this.object(depth - 1, assigns);
  }
}

function value(random, depth) {
  if (depth === 0 || random.chance(30)) {
    return random.pick(['0', '1', "'ab'", 'undefined', 'undefined', 'null', 'true', '2n', "source(log, 's', 3)", "source(log, 't', 2, 'return throws')", 'new Map([[1, 2]])']);
  }
  if (random.chance(35)) return `[${random.times(0, 4, () => (random.chance(10) ? '' : value(random, depth - 1))).join(', ')}]`;
  const members = random.times(0, 6, () => {
    const key = random.weighted([[8, () => random.pick(KEYS)], [1, () => String(random.int(3))], [1, () => '[Symbol.iterator]']]);
    if (key.startsWith('[')) return '*[Symbol.iterator]() { try { yield 1; yield { a: 2 }; yield [3]; } finally { log("closed"); } }';
    if (random.chance(12)) return `get ${key}() { log('get ${key}'); return ${value(random, depth - 1)}; }`;
    return `${key}: ${value(random, depth - 1)}`;
  });
  return `{ ${members.join(', ')} }`;
}

const HEAD = `const note = (value) => { log('note', value); return value; };
const o = {};
const place = (name) => { log('place', name); return o; };
const traced = (object) => new Proxy(object, {
  get(target, key, receiver) { log('get', key); return Reflect.get(target, key, receiver); },
  ownKeys(target) { log('ownKeys'); return Reflect.ownKeys(target); },
  getOwnPropertyDescriptor(target, key) { log('descriptor', key); return Reflect.getOwnPropertyDescriptor(target, key); },
});
`;

/** One function that takes `given` apart in one place of the language, and the names that it then has. */
function piece(random) {
  const writer = new Writer(random);
  const isArray = random.chance(35);
  const pattern = (assigns = false) => (isArray ? writer.array(2, assigns) : writer.object(2, assigns));
  const shown = () => `log(${writer.names.join(', ') || "'nothing'"}, o);`;
  return random.weighted([
    [3, () => { const p = pattern(); return `const ${p} = given;\n${shown()}`; }],
    [2, () => { const p = pattern(); return `var ${p} = given;\n${shown()}`; }],
    [3, () => { const p = pattern(true); const names = writer.names.join(', '); return `${names ? `let ${names};\n` : ''}log((${p} = given) === given);\n${shown()}`; }],
    [2, () => { const p = pattern(); return `(function (${p}, last) {\n${shown()}\n})(given);`; }],
    [2, () => { const p = pattern(); return `((${p}${isArray ? ' = []' : ' = {}'}) => {\n${shown()}\n})(given);`; }],
    [1, () => { const p = pattern(); return `({ set x(${p}) {\n${shown()}\n} }).x = given;`; }],
    [1, () => { const p = pattern(); return `try { throw given; } catch (${p}) {\n${shown()}\n}`; }],
    [1, () => { const p = pattern(); return `for (const ${p} of [given, given]) {\n${shown()}\n}`; }],
    [1, () => { const p = pattern(true); const names = writer.names.join(', '); return `${names ? `let ${names};\n` : ''}for (${p} of [given, given]) {\n${shown()}\n}`; }],
    [1, () => { const p = pattern(); return `function* g(${p}) {\nyield 1;\n${shown()}\n}\nlog([...g(given)]);`; }],
    [1, () => { const p = pattern(); return `new (class {\nconstructor(${p}) {\n${shown()}\n}\n})(given);`; }],
  ]);
}

export function destructuring(random) {
  const pieces = random.times(1, 3, () => {
    const given = `{ ${random.times(1, 5, () => `${random.pick(KEYS)}: ${value(random, 2)}`).join(', ')} }`;
    const whole = random.weighted([[5, () => given], [3, () => value(random, 3)], [2, () => `traced(${given})`]]);
    return `attempt(log, 'piece', () => {\nconst given = ${whole};\n${piece(random)}\n});`;
  });
  return HEAD + pieces.join('\n');
}
