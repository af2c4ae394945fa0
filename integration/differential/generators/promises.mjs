// In which order promises, thenables, async functions and queued microtasks run, and what they come to.

class Writer {
  #random;
  #count = 0;

  constructor(random) {
    this.#random = random;
  }

  #mark() {
    return `'${this.#count++}'`;
  }

  #promise(depth) {
    const random = this.#random;
    const inner = () => this.#promise(depth - 1);
    const leaf = [
      [3, () => `Promise.resolve(${this.#mark()})`],
      [2, () => `Promise.reject(new Error('!${this.#count++}'))`],
      [1, () => this.#mark()],
      [1, () => `{ then(resolve, reject) { log('then', ${this.#mark()}); ${random.pick(["resolve('by thenable')", "reject(new Error('!by thenable'))", "throw new Error('!in then')", "resolve('one'); reject('two'); throw new Error('!late')", "queueMicrotask(() => resolve('later'))"])}; } }`],
      [1, () => `new Promise((resolve) => setTimeout(resolve, 0, ${this.#mark()}))`],
      [1, () => `new Promise((resolve, reject) => { log(${this.#mark()}); ${random.pick(["resolve('a'); resolve('b')", "reject(new Error('!a')); resolve('b')", "throw new Error('!executor')", "resolve({ get then() { log('looked'); return undefined; } })"])}; })`],
    ];
    if (depth === 0) return random.weighted(leaf);
    return random.weighted([
      ...leaf,
      [3, () => `follow(${inner()}).then((value) => { log('then', value); return ${inner()}; })`],
      [2, () => `follow(${inner()}).then(null, (error) => { log('catch', error); return ${inner()}; })`],
      [2, () => `follow(${inner()}).finally(() => { log('finally', ${this.#mark()}); return ${inner()}; })`],
      [1, () => `new Promise((resolve) => resolve(${inner()}))`],
      [3, () => `Promise.${random.pick(['all', 'allSettled', 'any'])}([${random.times(0, 3, inner).join(', ')}])`],
      [1, () => `Promise.race([${random.times(1, 3, inner).join(', ')}])`],
      [4, () => `(async () => {\n${this.block(depth - 1)}\nreturn ${random.chance(50) ? 'await ' : ''}${inner()}; })()`],
      [1, () => `Promise.resolve(${inner()})`],
    ]);
  }

  block(depth) {
    return this.#random.times(1, 4, () => this.#statement(depth)).join('\n');
  }

  #statement(depth) {
    const random = this.#random;
    return random.weighted([
      [3, () => `log('at', ${this.#mark()});`],
      [3, () => `watch(${this.#mark()}, ${this.#promise(depth)});`],
      [2, () => `log('awaited', await settle(${this.#promise(depth)}));`],
      [1, () => `await ${this.#mark()};`],
      [1, () => `queueMicrotask(() => log('microtask', ${this.#mark()}));`],
      [1, () => `setTimeout(() => { log('timer', ${this.#mark()}); Promise.resolve().then(() => log('after timer', ${this.#mark()})); }, 0);`],
      [depth > 0 ? 1 : 0, () => `try { log('got', await ${this.#promise(depth - 1)}); } catch (error) { log('caught', error); } finally { log('left', await settle(${this.#promise(depth - 1)})); }`],
      [1, () => `for await (const item of [${random.times(1, 2, () => `settle(${this.#promise(0)})`).join(', ')}]) log('item', item);`],
      [1, () => `watch(${this.#mark()}, (async function* () { yield ${this.#promise(0)}; })().next());`],
    ]);
  }
}

const HEAD = `const open = [];
const follow = (value) => (typeof value === 'object' && value instanceof Promise ? value : Promise.resolve(value));
const settle = (value) => follow(value).then((got) => ['ok', got], (error) => ['failed', error]);
const watch = (name, value) => { open.push(settle(value).then((got) => log('settled', name, got))); };
`;

export function promises(random) {
  return `${HEAD}${new Writer(random).block(3)}\nlog('end');\nawait Promise.all(open);\nawait new Promise((resolve) => setTimeout(resolve, 2));`;
}
