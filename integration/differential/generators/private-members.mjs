// Private names: methods, accessors, fields and static ones, in classes inside and after each other, on objects that have
// them or not.

const PRIVATE = ['#a', '#b', '#c'];
const TARGETS = ['this', 'this', 'o', 'given', 'A', 'A.prototype'];

class Writer {
  #random;
  #marks = 0;
  #known;
  /** Those of `known` that have a getter alone: V8 refuses to update them before it has read them. */
  #unset = new Set();

  constructor(random) {
    this.#random = random;
  }

  #note() {
    return `note('${this.#marks++}')`;
  }

  /** An expression inside a class that declares `known`. */
  #use(depth) {
    const random = this.#random;
    const name = random.pick(this.#known);
    const updates = !this.#unset.has(name);
    const target = random.pick(TARGETS);
    const inner = () => (depth > 0 ? this.#use(depth - 1) : this.#note());
    return random.weighted([
      [5, () => `${target}.${name}`],
      [2, () => `${target}?.${name}`],
      [3, () => `${target}.${name}(${inner()})`],
      [1, () => `${target}.${name}?.(${inner()})`],
      [1, () => `${target}.${name}\`t\``],
      [3, () => `(${target}.${name} ${updates ? random.pick(['=', '+=', '??=', '||=', '&&=', '**=']) : '='} ${inner()})`],
      [updates ? 1 : 0, () => random.pick([`${target}.${name}++`, `--${target}.${name}`])],
      [2, () => `${name} in ${random.pick(TARGETS)}`],
      [1, () => `([${target}.${name}, ...${target}.${random.pick(this.#known)}] = [${inner()}, 2])`],
      [1, () => `({ x: ${target}.${name} = ${inner()} } = {})`],
      [1, () => `[...${target}.${name}()]`],
      [1, () => `new ${target}.${name}()`],
      [1, () => `super.constructor?.name`],
      [1, () => `[${inner()}, ${inner()}]`],
      [1, () => `(() => ${inner()})()`],
      [1, () => this.#note()],
      [depth > 0 ? 1 : 0, () => this.#nested(depth - 1)],
    ]);
  }

  /** A class inside, which may have a name of its own that hides one outside. */
  #nested(depth) {
    const [outer, unset] = [this.#known, this.#unset];
    const own = this.#random.pick(PRIVATE);
    this.#known = [...new Set([...outer, own])];
    this.#unset = new Set([...unset].filter((name) => name !== own));
    const text = `(class B { ${own} = 'inner ${own}'; static go(o, given) { return ${this.#use(depth)}; } }).go(this, o)`;
    [this.#known, this.#unset] = [outer, unset];
    return text;
  }

  #member(name) {
    const random = this.#random;
    const isStatic = random.chance(30) ? 'static ' : '';
    if (this.#unset.has(name)) return `${isStatic}get ${name}() { return ${this.#note()}; }`;
    const value = () => this.#use(1).replace(/\b(o|given)\b(?=[.?])|(?<=in )(o|given)\b/g, 'this');
    return random.weighted([
      [4, () => `${isStatic}${name} = ${value()};`],
      [1, () => `${isStatic}${name};`],
      [3, () => `${isStatic}${name}(given, o = this) { return [${this.#note()}, ${random.chance(40) ? this.#use(1) : 'given'}]; }`],
      [1, () => `${isStatic}*${name}() { yield ${this.#note()}; yield typeof this; }`],
      [1, () => `${isStatic}async ${name}() { return 1; }`],
      [1, () => `${isStatic}set ${name}(given) { log('set', given); }`],
      [2, () => `${isStatic}get ${name}() { return ${this.#note()}; } ${isStatic}set ${name}(given) { log('set', given); }`],
    ]);
  }

  classText() {
    const random = this.#random;
    this.#known = PRIVATE.slice(0, random.between(1, 3));
    this.#unset = new Set(this.#known.filter(() => random.chance(15)));
    const members = this.#known.map((name) => this.#member(name));
    for (let i = random.between(0, 2); i > 0; i--) {
      members.push(random.pick([`[${this.#note()}] = ${this.#note()};`, `static [${this.#note()}] = ${this.#note()};`, `x = ${this.#note()};`, `static { const o = this, given = this; attempt(log, 'block', () => ${this.#use(1)}); }`]));
    }
    const methods = random.times(1, 3, (i) => `${random.chance(30) ? 'static ' : ''}m${i}(o, given) { return ${this.#use(2)}; }`);
    return `class A${random.pick(['', ' extends Returns', ' extends Plain', ' extends Plain'])} {\n${[...members, ...methods].sort(() => random.int(3) - 1).join('\n')}\n}`;
  }
}

export function privateMembers(random) {
  const uses = random.times(2, 6, () => `attempt(log, 'use', () => ${random.pick(['it', 'it', 'A', 'A.prototype', 'Sub', 'new Sub()'])}.m${random.int(2)}?.call(${random.pick(['it', 'A', 'Sub', 'other', '{}', 'new Sub()', 'null'])}, ${random.pick(['it', 'other', 'A', '{}', 'null', '5'])}, ${random.pick(['it', '1', 'A'])}));`);
  return `let notes = 0;
const note = (value) => { if (notes++ > 100) throw new Error('!enough'); log('note', value); return value; };
const other = { x: 1 };
class Plain { constructor() { log('plain'); } }
class Returns { constructor() { return other; } }
attempt(log, 'all', () => {
${new Writer(random).classText()}
class Sub extends A {}
let it = null;
attempt(log, 'new', () => { it = new A(); return it; });
${random.chance(30) ? "attempt(log, 'again', () => new A());" : ''}
${uses.join('\n')}
return [Object.keys(A), other];
});`;
}
