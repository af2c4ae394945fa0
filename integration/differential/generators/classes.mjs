// Hierarchies of classes whose members look at `this`, `super`, private names and `new.target` from every place that may.

const NAMES = ['x', 'y', 'm', 'n', 'k'];

/** An expression that may stand in a member. `derived` says whether there is a class to inherit from, `secret` a private name. */
function expression(random, { derived, secret, isStatic }, depth = 2) {
  const name = random.pick(NAMES);
  const inner = () => expression(random, { derived, secret, isStatic }, depth - 1);
  const looks = derived || random.chance(20);
  return random.weighted([
    [4, () => `note('${name}${random.int(9)}')`],
    [3, () => `this.${name}`],
    [1, () => `typeof this`],
    [looks ? 4 : 0, () => `super.${name}`],
    [looks ? 2 : 0, () => `super[note('${name}')]`],
    [looks ? 3 : 0, () => `super.${name}?.(${random.int(5)})`],
    [looks ? 1 : 0, () => `(super.${name} = note('set'))`],
    [secret ? 4 : 0, () => `this.${secret}`],
    [secret ? 2 : 0, () => `(this.${secret} = note('${secret}'))`],
    [secret ? 2 : 0, () => `${secret} in this`],
    [secret ? 1 : 0, () => `this?.${secret}`],
    [1, () => 'new.target?.name'],
    [depth > 0 ? 3 : 0, () => `(() => ${inner()})()`],
    [depth > 0 ? 2 : 0, () => `[${inner()}, ${inner()}]`],
    [depth > 0 ? 1 : 0, () => `({ key: ${inner()} }).key`],
    [depth > 0 ? 1 : 0, () => `(() => () => ${inner()})()()`],
    [depth > 0 ? 1 : 0, () => `eval2(() => ${inner()})`],
    [depth > 0 ? 1 : 0, () => `new (class { z = ${random.pick(["note('inner')", 'this.constructor.name'])}; })().z`],
  ]);
}

function member(random, scope) {
  const isStatic = random.chance(30);
  const name = random.weighted([
    [7, () => random.pick(NAMES)],
    [1, () => `[note('${random.pick(NAMES)}')]`],
    [1, () => `'${random.pick(NAMES)} quoted'`],
    [1, () => String(random.int(3))],
  ]);
  const within = { ...scope, isStatic };
  const value = () => expression(random, within);
  const text = random.weighted([
    [6, () => `${name} = ${value()};`],
    [2, () => `${name};`],
    [2, () => `${name} = () => ${value()};`],
    [1, () => `${name} = function () { return typeof this; };`],
    [4, () => `${name}(given) { return [given, ${value()}]; }`],
    [3, () => `get ${name}() { return ${value()}; }`],
    [2, () => `set ${name}(given) { log('set', given, ${value()}); }`],
    [1, () => `*${name}() { yield ${value()}; }`],
    [1, () => `async ${name}() { return ${value()}; }`],
  ]);
  return isStatic ? `static ${text}` : text;
}

function classText(random, name, parent) {
  const secret = random.chance(60) ? `#p${name}` : '';
  const scope = { derived: Boolean(parent), secret };
  const members = random.times(1, 6, () => member(random, scope));
  if (secret) {
    members.unshift(random.pick([
      `${secret} = note('private of ${name}');`, `get ${secret}() { return 'got'; }`, `${secret}() { return 'private method'; }`,
      `static ${secret} = note('private static');`, `get ${secret}() { return 1; } set ${secret}(v) { log('private set', v); }`,
    ]));
  }
  if (random.chance(25)) members.push(`static { log('block', ${expression(random, { ...scope, isStatic: true })}); }`);
  if (random.chance(50)) {
    const before = random.pick(['', '', "log('before');", 'const enter = () => super();']);
    const enter = before.includes('enter') ? 'enter();' : random.pick(['super(...given);', 'super(...given);', "log(super(...given) === this);", 'try { super(); super(); } catch (error) { log(error); }', '']);
    const after = random.times(0, 2, () => `log(${expression(random, { ...scope, isStatic: false })});`).join('\n');
    const back = random.pick(['', '', '', '', 'return { y: 1 };', 'return 1;']);
    const begin = parent ? `${before} ${enter}` : before.replace(/const enter.*/, '');
    members.push(`constructor(...given) { log('construct ${name}', new.target.name); ${begin}\n${after}\n${back} }`);
  }
  return `class ${name}${parent ? ` extends ${parent}` : ''} {\n${members.join('\n')}\n}`;
}

const HEAD = `const note = (value) => { log('note', value); return value; };
const eval2 = (thunk) => thunk();
const look = (name, read) => attempt(log, name, read);
`;

export function classes(random) {
  const names = ['A', 'B', 'C'].slice(0, random.between(1, 3));
  const parts = names.map((name, i) => {
    const parent = i > 0 ? (random.chance(90) ? names[i - 1] : `(note('heritage'), ${names[i - 1]})`) : random.pick(['', '', '', '', 'Array', 'Error', 'null', 'Object']);
    return `const ${name} = ${classText(random, name, parent)};`;
  });
  const last = names.at(-1);
  const uses = [`let it; look('new', () => it = new ${last}(1, 2));`, `look('statics', () => Reflect.ownKeys(${last}));`];
  for (const key of NAMES) {
    uses.push(random.pick([
      `look('${key}', () => it.${key});`, `look('${key}()', () => it.${key}(1));`, `look('set ${key}', () => { it.${key} = 5; return it.${key}; });`,
      `look('static ${key}', () => ${last}.${key});`, `look('static ${key}()', () => ${last}.${key}(2));`,
      `look('detached', () => { const { ${key} } = it; return ${key}(); });`, `look('on another', () => ${last}.prototype.${key}.call({ ${key}: 1 }));`,
    ]));
  }
  return `${HEAD}look('classes', () => {\n${parts.join('\n')}\n${uses.join('\n')}\nreturn it;\n});`;
}
