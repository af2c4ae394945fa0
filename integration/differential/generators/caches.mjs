// The same code sites over objects whose shapes change: what an engine remembers of a property must not outlive it.

const KEYS = ['a', 'b', 'c', 'd'];

/** Code sites. Each is one place of the program, whatever object it sees. */
const SITES = `const sites = {
${KEYS.map((key) => `  get_${key}: (o) => o.${key}, set_${key}: (o, v) => { o.${key} = v; }, call_${key}: (o) => o.${key}(), has_${key}: (o) => '${key}' in o, delete_${key}: (o) => delete o.${key}, type_${key}: (o) => typeof o.${key}, add_${key}: (o) => { o.${key} += 1; return o.${key}; },
  strict_${key}: function (o, v) { 'use strict'; o.${key} = v; return o.${key}; }, super_${key}: (o) => holder.${key}(o),`).join('\n')}
  get: (o, k) => o[k], set: (o, v, k) => { o[k] = v; },
};
const holder = { __proto__: null,
${KEYS.map((key) => `  ${key}(o) { if (Object.getPrototypeOf(holder) !== o) Object.setPrototypeOf(holder, o); return super.${key}; },`).join('\n')}
};
`;

function value(random, name) {
  return random.weighted([
    [5, () => String(random.int(100))],
    [2, () => `() => 'called ${random.int(9)}'`],
    [1, () => `function () { return this === ${name} || 'inherits'; }`],
    [1, () => `'text ${random.int(9)}'`],
  ]);
}

/** Attributes and values of a property, among them accessors that replace or delete themselves. */
function descriptor(random, name, key) {
  const flags = ['enumerable', 'configurable'].filter(() => random.chance(75)).map((flag) => `${flag}: true`);
  const fresh = value(random, name);
  const kind = random.weighted([
    [4, () => [`value: ${fresh}`, `writable: ${random.chance(70)}`]],
    [2, () => [`get() { return 'got ${random.int(9)}'; }`]],
    [1, () => [`get() { return 1; }`, `set(v) { log('set', v); }`]],
    [1, () => [`set(v) { log('only set', v); }`]],
    [2, () => [`get() { Object.defineProperty(${name}, '${key}', { value: ${fresh}, writable: true }); return 'first'; }`]],
    [1, () => [`get() { delete ${name}.${key}; return 'once'; }`]],
    [1, () => [`set(v) { Object.defineProperty(${name}, '${key}', { value: v, writable: true }); }`]],
    [1, () => [`set(v) { delete ${name}.${key}; if (!('${key}' in ${name})) ${name}.${key} = v; }`]],
    [1, () => [`get() { ${name}.e${random.int(9)} = 1; return 'grew'; }`]],
  ]);
  return `{ ${[...kind, ...flags].join(', ')} }`;
}

function operation(random, names) {
  const name = random.pick(names);
  const key = random.pick(KEYS);
  const site = () => random.weighted([
    [10, () => `get_${key}`], [5, () => `set_${key}`], [4, () => `call_${key}`], [1, () => `has_${key}`], [3, () => `delete_${key}`],
    [1, () => `type_${key}`], [1, () => `add_${key}`], [2, () => `strict_${key}`], [1, () => `super_${key}`], [1, () => 'get'], [1, () => 'set'],
  ]);
  const use = (made, fresh) => `attempt(log, '${made} of ${name}', () => sites.${made}(${name}, ${fresh}, '${key}'));`;
  return random.weighted([
    [14, () => use(site(), value(random, name))],
    [4, () => { const made = site(); return names.map((each) => `attempt(log, '${made} of ${each}', () => sites.${made}(${each}, ${random.int(50)}, '${key}'));`).join(' '); }],
    [4, () => `attempt(log, 'define', () => Object.defineProperty(${name}, '${key}', ${descriptor(random, name, key)}) === ${name});`],
    [1, () => `attempt(log, 'prototype', () => Object.setPrototypeOf(${name}, ${random.pick([...names, 'null', 'Object.prototype'])}) === ${name});`],
    [1, () => `${name} = Object.create(${random.pick([...names, 'null'])});`],
    [1, () => `${name} = { ${random.times(0, 4, () => `${random.pick(KEYS)}: ${random.int(100)}`).join(', ')} };`],
    [1, () => `attempt(log, 'own', () => ({ ...${name} }));`],
    [1, () => `attempt(log, 'seal', () => Object.${random.pick(['freeze', 'seal', 'preventExtensions'])}(${name}) === ${name});`],
    [1, () => `for (let i = 0; i < 3; i++) ${use(site(), 'i')}`],
    [1, () => `attempt(log, 'keys', () => { const keys = []; for (const key in ${name}) keys.push(key); return keys; });`],
  ]);
}

const START = [
  '{ a: 1, b: 2, c: 3 }', '{ a: 1, b: 2 }', '{ b: 1, a: 2 }', '{}', 'Object.create({ a: 1, b: 2, c: 3 })',
  'new (class { a = 1; b() { return 2; } get c() { return 3; } })()', 'function () {}', '[1, 2]', '{ get a() { return 1; }, b: 2 }', 'Object.create(null)',
];

export function caches(random) {
  const names = ['p', 'q', 'r', 's'].slice(0, random.between(2, 4));
  const begin = names.map((name, i) => {
    const inherits = i > 0 && random.chance(50);
    return `let ${name} = ${inherits ? `Object.create(${names[i - 1]})` : random.pick(START)};`;
  });
  const operations = random.times(8, 40, () => operation(random, names));
  return `${SITES}${begin.join('\n')}\n${operations.join('\n')}\nlog(${names.join(', ')});`;
}
