// Statements that begin, leave and resume each other in every way: loops, labels, try, iterators, yield and await.
// Every loop counts in its head, so a program ends however its bodies are left.

const DEPTH = 4;
const ODD = ['', '', '', '', 'next throws', 'return throws', 'return gives a number', 'no return', 'throw throws', 'no throw'];

/** One function that is being written: what may stand in it, and where it can jump to. */
class Writer {
  #random;
  #kind;
  #names = 0;
  #loops = [];
  #labels = [];
  #longest;
  #leaves;
  #always;

  constructor(random, kind) {
    this.#random = random;
    this.#kind = kind;
    // Some programs are slim and deep and jump at once, others broad.
    this.#longest = random.pick([1, 2, 2, 3]);
    this.#leaves = random.pick([2, 8]);
    this.#always = random.pick([0, 20, 50]);
  }

  #name(letter) {
    return `${letter}${this.#names++}`;
  }

  get #isAsync() {
    return this.#kind.startsWith('async');
  }

  get #yields() {
    return this.#kind.endsWith('enerator');
  }

  block(depth) {
    return this.#random.times(1, this.#longest, () => this.#statement(depth)).join('\n');
  }

  /** True now and then as the program runs; the same in both engines. */
  #condition() {
    return this.#random.chance(this.#always) ? 'true' : `turn(${this.#random.between(2, 4)})`;
  }

  #value() {
    const random = this.#random;
    return random.weighted([
      [6, () => `'${this.#name('v')}'`],
      [this.#isAsync ? 3 : 0, () => `await ${this.#awaited()}`],
      [this.#yields ? 3 : 0, () => `(yield '${this.#name('y')}')`],
      [1, () => `[...${this.#source()}]`],
    ]);
  }

  #awaited() {
    return this.#random.pick(["'now'", `Promise.resolve('${this.#name('p')}')`, "{ then(go) { go('thenable'); } }", `fails('${this.#name('p')}')`]);
  }

  #source() {
    const random = this.#random;
    return random.weighted([
      [6, () => `source(log, '${this.#name('s')}', ${random.between(1, 3)}, '${random.pick(ODD)}')`],
      [2, () => `[${random.times(1, 3, (i) => i + 7)}]`],
      [2, () => `inner('${this.#name('g')}')`],
    ]);
  }

  /** An async generator is not given what lacks throw(): Node.js 20 has an older rule for how that ends. */
  #delegate() {
    if (!this.#isAsync) return this.#source();
    return this.#random.pick([`innerAsync('${this.#name('g')}')`, `inner('${this.#name('g')}')`, `source(log, '${this.#name('s')}', 2)`]);
  }

  #statement(depth) {
    const random = this.#random;
    const end = () => `log('${this.#name('at')}');\n${this.#jump()}`;
    if (depth === 0) return random.chance(60) ? end() : this.#leaf();
    return random.weighted([
      [this.#leaves, () => this.#leaf()],
      [4, () => this.#jump()],
      [3, () => `if (${this.#condition()}) {\n${this.block(depth - 1)}\n}${random.chance(50) ? ` else {\n${this.block(depth - 1)}\n}` : ''}`],
      [7, () => this.#try(depth - 1)],
      [9, () => this.#loop(depth - 1)],
      [2, () => this.#labelled(depth - 1)],
      [2, () => this.#switch(depth - 1)],
      [1, () => `{\nconst ${this.#name('k')} = ${this.#value()};\n${this.block(depth - 1)}\n}`],
    ]);
  }

  #leaf() {
    const random = this.#random;
    return random.weighted([
      [6, () => `log('${this.#name('at')}');`],
      [3, () => `log('${this.#name('got')}', ${this.#value()});`],
      [2, () => `later.push(() => log('${this.#name('later')}', typeof state, state++));`],
      [1, () => { const [a, b] = [this.#name('d'), this.#name('d')]; return `const [${a}, ...${b}] = ${this.#source()}; log(${a}, ${b});`; }],
      [1, () => { const a = this.#name('d'); return `const [${a} = ${this.#value()}] = ${this.#source()}; log(${a});`; }],
      [this.#yields ? 2 : 0, () => `log('${this.#name('delegated')}', yield* ${this.#delegate()});`],
    ]);
  }

  #jump() {
    const random = this.#random;
    const target = (list) => (list.length > 0 && random.chance(60) ? ` ${random.pick(list)}` : '');
    return random.weighted([
      [2, () => `if (${this.#condition()}) return ${this.#value()};`],
      [2, () => `if (${this.#condition()}) throw new Error('!${this.#name('e')}');`],
      [1, () => 'return;'],
      [this.#loops.length > 0 ? 4 : 0, () => `if (${this.#condition()}) break${target(this.#labels)};`],
      [this.#loops.length > 0 ? 4 : 0, () => `if (${this.#condition()}) continue${target(this.#loops.filter(Boolean))};`],
    ]);
  }

  #try(depth) {
    const random = this.#random;
    const kind = random.int(3);
    const error = this.#name('x');
    let text = `try {\n${this.block(depth)}\n}`;
    if (kind !== 1) text += random.chance(80) ? ` catch (${error}) {\nlog('caught', ${error});\n${this.block(depth)}\n}` : ` catch {\n${this.block(depth)}\n}`;
    if (kind !== 0) text += ` finally {\nlog('finally');\n${this.block(depth)}\n}`;
    return text;
  }

  #labelled(depth) {
    const label = this.#name('L');
    this.#labels.push(label);
    const text = `${label}: {\n${this.block(depth)}\nif (${this.#condition()}) break ${label};\n${this.block(depth)}\n}`;
    this.#labels.pop();
    return text;
  }

  #switch(depth) {
    const random = this.#random;
    // A bare `break` leaves the switch, a bare `continue` the loop around it.
    const cases = random.times(1, 4, (i) => `case ${i}:\n${this.block(depth)}${random.chance(50) ? '\nbreak;' : ''}`);
    if (random.chance(50)) cases.splice(random.int(cases.length + 1), 0, `default:\n${this.block(depth)}`);
    return `switch (state++ % 4) {\n${cases.join('\n')}\n}`;
  }

  #loop(depth) {
    const random = this.#random;
    const label = random.chance(35) ? this.#name('L') : '';
    const [counter, item] = [this.#name('i'), this.#name('o')];
    const times = random.between(1, 3);
    this.#loops.push(label);
    if (label) this.#labels.push(label);
    const body = `{\nlog('loop ${counter}');\n${this.block(depth)}\n}`;
    this.#loops.pop();
    if (label) this.#labels.pop();
    const text = random.weighted([
      [2, () => `for (let ${counter} = 0; ${counter} < ${times}; ${counter}++) ${body}`],
      [1, () => `for (let ${counter} = 0; ${counter} < ${times}; later.push(() => log('closed over', ${counter})), ${counter}++) ${body}`],
      [1, () => `while (bounded('${counter}', ${times})) ${body}`],
      [1, () => `do ${body} while (bounded('${counter}', ${times}));`],
      [5, () => `for (const ${item} of ${this.#source()}) ${body}`],
      [1, () => `for (target.${item} of ${this.#source()}) ${body}`],
      [1, () => `for (const [${item} = 'none'] of [[], ${this.#source()}, [1]]) ${body}`],
      [2, () => `for (const ${item} in { a: 1, b: 2 }) ${body}`],
      [this.#isAsync ? 4 : 0, () => `for await (const ${item} of ${random.pick([this.#source(), `innerAsync('${this.#name('g')}')`, `[${this.#awaited()}, 'last']`])}) ${body}`],
    ]);
    return label ? `${label}: ${text}` : text;
  }
}

const HEAD = `let state = 0;
const later = [];
const target = {};
const counts = {};
const turn = (n) => state++ % n === 0;
const bounded = (name, times) => (counts[name] = (counts[name] ?? 0) + 1) <= times * 3 && counts[name] % (times + 1) !== 0;
const fails = async (text) => { throw new Error('!' + text); };
function* inner(name) { try { log('begun', name); const got = yield 1; log(name, got); yield 2; return 'result of ' + name; } catch (error) { log(name, 'caught', error); yield 3; } finally { log('finished', name); } }
async function* innerAsync(name) { try { yield 1; yield Promise.resolve(2); } finally { log('finished', name); await 0; log('really', name); } }
`;

const body = (random, kind) => new Writer(random, kind).block(DEPTH);
const tail = "for (const go of later) go();\nlog(state, target);";

export function controlFlow(random) {
  return `${HEAD}function f() {\n${body(random, 'plain')}\n}\nattempt(log, 'first', f);\nattempt(log, 'second', f);\n${tail}`;
}

export function asyncControlFlow(random) {
  return `${HEAD}async function f() {\n${body(random, 'async')}\n}
for (const name of ['first', 'second']) await f().then((value) => log(name, value), (error) => log(name, 'threw', error));
${tail}`;
}

/** What a generator is told, one thing after the other. */
function steps(random) {
  const step = () => random.weighted([
    [8, () => "['next', 'n']"], [2, () => "['return', 'r']"], [2, () => "['throw', new Error('!thrown in')]"],
  ]);
  return `[${random.times(3, 14, step).join(', ')}]`;
}

export function generatorControlFlow(random) {
  return `${HEAD}function* f() {\n${body(random, 'generator')}\n}
const generator = f();
for (const [method, value] of ${steps(random)}) attempt(log, method, () => generator[method](value));
attempt(log, 'again', () => [...f()]);
${tail}`;
}

export function asyncGeneratorControlFlow(random) {
  const waits = random.chance(70);
  return `${HEAD}async function* f() {\n${body(random, 'async generator')}\n}
const generator = f();
const answers = [];
for (const [method, value] of ${steps(random)}) {
  const answer = generator[method](value).then((result) => log(method, result), (error) => log(method, 'threw', error));
  ${waits ? 'await answer;' : 'answers.push(answer);'}
}
await Promise.all(answers);
try { for await (const item of f()) log('item', item); } catch (error) { log('threw', error); }
${tail}`;
}
