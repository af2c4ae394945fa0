// Expressions of every kind inside each other, over objects that log what is done to them: chains, assignments, templates,
// `delete`, spread, `super` and private names, and the order in which their parts are evaluated.

const KEYS = ['x', 'y', 'z', 'f', 'w'];
const NAMES = ['a', 'b', 'c'];
const ASSIGNS = ['=', '=', '+=', '-=', '*=', '**=', '%=', '<<=', '>>>=', '&=', '|=', '^=', '??=', '??=', '||=', '||=', '&&=', '&&='];

class Writer {
  #random;
  #marks = 0;

  constructor(random) {
    this.#random = random;
  }

  #note() {
    return `note('${this.#random.pick(KEYS)}')`;
  }

  #atom() {
    const random = this.#random;
    return random.weighted([
      [4, () => random.pick(NAMES)],
      [2, () => String(random.int(5))],
      [2, () => `note(${random.pick(['null', 'undefined', '0', '1', "'t'", '2n', "'x'"])})`],
      [1, () => random.pick(['null', 'undefined', "'x'", 'true', 'NaN', '3n'])],
      [3, () => random.pick(['o', 'o', 'this', 'traced.o'])],
      [1, () => random.pick(['k', 'new.target', 'missing', 'early', 'Infinity'])],
    ]);
  }

  /** What stands left of the first dot. */
  #base(depth) {
    const random = this.#random;
    return random.weighted([
      [6, () => random.pick(['o', 'o', 'traced.o', 'this', 'o.x', 'make()'])],
      [2, () => random.pick(NAMES)],
      [1, () => `(${this.expression(depth - 1)})`],
      [2, () => `super.${random.pick(KEYS)}`],
      [1, () => `super[${this.#note()}]`],
      [1, () => `(${this.#chain(depth - 1)})`],
    ]);
  }

  #link(depth, optional) {
    const random = this.#random;
    const dot = optional ? '?.' : '.';
    const list = () => random.times(0, 2, () => `${random.chance(15) ? '...' : ''}${this.expression(depth - 1)}`).join(', ');
    return random.weighted([
      [6, () => `${dot}${random.pick(KEYS)}`],
      [2, () => `${optional ? '?.' : ''}[${random.chance(70) ? this.#note() : this.expression(depth - 1)}]`],
      [2, () => `${optional ? '?.' : ''}(${list()})`],
      [1, () => `${dot}f${optional ? '?.' : ''}(${list()})`],
      [1, () => `${dot}#p`],
    ]);
  }

  #chain(depth) {
    const random = this.#random;
    const made = this.#base(depth) + random.times(1, 3, () => this.#link(depth, random.chance(35))).join('');
    return !made.includes('?.') && random.chance(10) ? `${made}${this.#template(depth)}` : made;
  }

  #template(depth) {
    return `\`${this.#random.times(0, 2, () => `${this.#random.pick(['', 't', '\\\\n', '\\u0041'])}\${${this.expression(depth - 1)}}`).join('')}.\``;
  }

  /** What may be assigned to. */
  #target(depth) {
    const random = this.#random;
    return random.weighted([
      [5, () => random.pick(NAMES)],
      [4, () => `${random.pick(['o', 'traced.o', 'o.x', 'make()', 'this'])}.${random.pick(KEYS)}`],
      [2, () => `${random.pick(['o', 'traced.o', 'o.x', 'make()', 'this'])}[${this.#note()}]`],
      [1, () => `${random.pick(['o', 'this', 'o.x'])}.#p`],
      [1, () => `super.${random.pick(KEYS)}`],
      [1, () => `super[${this.#note()}]`],
      [1, () => random.pick(['k', 'early', 'own'])],
      [depth > 0 ? 1 : 0, () => `(${this.expression(depth - 1)}).${random.pick(KEYS)}`],
    ]);
  }

  #pattern(depth) {
    const random = this.#random;
    const given = () => (random.chance(30) ? ` = ${this.expression(depth - 1)}` : '');
    if (random.chance(50)) {
      return `[${random.times(0, 2, () => this.#target(0) + given()).join(', ')}${random.chance(20) ? '' : `, ...${this.#target(0)}`}]`.replace('[, ', '[');
    }
    const parts = random.times(0, 2, () => `${random.chance(70) ? random.pick(KEYS) : `[${this.#note()}]`}: ${this.#target(0)}${given()}`);
    if (random.chance(40)) parts.push(`...${this.#target(0)}`);
    return `{ ${parts.join(', ')} }`;
  }

  #object(inner) {
    const random = this.#random;
    const part = () => random.pick([`${random.pick(KEYS)}: ${inner()}`, `...${inner()}`, `[${this.#note()}]: ${inner()}`, `get ${random.pick(KEYS)}() { return ${inner()}; }`]);
    const parts = random.times(1, 3, part);
    // V8 defines accessors last where an object begins with a spread.
    return `({ ${(parts[0].startsWith('...') ? parts.filter((text) => !text.startsWith('get ')) : parts).join(', ')} })`;
  }

  expression(depth) {
    const random = this.#random;
    if (depth <= 0) return this.#atom();
    const inner = () => this.expression(depth - 1);
    return random.weighted([
      [2, () => this.#atom()],
      [8, () => this.#chain(depth)],
      [5, () => `(${this.#target(depth)} ${random.pick(ASSIGNS)} ${inner()})`],
      [2, () => `(${this.#pattern(depth)} = ${inner()})`],
      [2, () => (random.chance(50) ? `${this.#target(depth)}${random.pick(['++', '--'])}` : `${random.pick(['++', '--'])}${this.#target(depth)}`)],
      [2, () => `(delete ${this.#chain(depth)})`],
      [2, () => `(${random.pick(['typeof', 'void', '!', '-', '+', '~'])} ${inner()})`],
      [2, () => `(${inner()} ${random.pick(['+', '-', '*', '/', '%', '&', '|', '<', '>=', '==', '===', '!=', 'in', 'instanceof'])} ${inner()})`],
      [1, () => `((${inner()}) ** (${inner()}))`],
      [2, () => `((${inner()}) ${random.pick(['??', '||', '&&'])} (${inner()}))`],
      [1, () => `(${inner()} ? ${inner()} : ${inner()})`],
      [1, () => `(${inner()}, ${inner()})`],
      [1, () => this.#template(depth)],
      [1, () => `[${random.times(0, 3, () => random.pick(['', `...${inner()}`, inner()])).join(', ')}]`],
      [1, () => this.#object(inner)],
      [1, () => `(() => ${inner().replace(/^\{/, '({')})()`],
      [1, () => `#p in (${inner()})`.replace(/^(.*)$/s, '($1)')],
      [1, () => `new (function () { return [new.target === undefined, typeof this]; })()`],
      [1, () => `(${random.pick(NAMES)} ??= ${random.pick(['() => 1', 'class {}', 'function () {}'])}).name`],
      [1, () => `tag${this.#template(depth)}`],
      [1, () => `(class { static s = ${inner()}; static { note(this.s === undefined); } }).s`],
    ]);
  }

  statement() {
    return `attempt(log, '${this.#marks++}', () => ${this.expression(3)});`;
  }
}

const HEAD = `const note = (value) => { log('note', value); return value; };
const tag = (strings, ...values) => [strings.raw.join('|'), strings.length, ...values];
let a = null, b = 1, c = 'x';
const k = 'constant';
class Base { get x() { log('inherited x'); return { y: 1 }; } set y(value) { log('inherited y', value); } f(...given) { log('inherited f', given.length); return this; } }
class Own extends Base {
  #p = 5;
  constructor() { super(); this.z = null; }
  get w() { return this.#p; }
  set w(value) { log('set w', value); this.#p = value; }
  go(o, traced, make) {
`;

export function expressions(random) {
  const writer = new Writer(random);
  const body = random.times(2, 6, () => writer.statement()).join('\n');
  return `${HEAD}const own = this;
${body}
attempt(log, 'early', () => early);
let early = 1;
attempt(log, 'names', () => [a, b, c, this.#p]);
  }
}
const o = new Own();
const plain = { x: { y: { z: 1 } }, y: undefined, f(...given) { log('f', this === plain, given.length); return given[0] ?? this; }, get w() { log('get w'); return null; }, set w(value) { log('set w', value); } };
const traced = { get o() { log('traced'); return plain; } };
o.go(${random.pick(['plain', 'o', 'null', '{ x: plain }', 'new Own()'])}, traced, () => { log('made'); return plain; });
log(plain, Object.keys(o));`;
}
