// The arguments object of sloppy and strict functions: what it shares with parameters, and until when.

const NAMES = ['a', 'b', 'c'];

function parameters(random) {
  return random.weighted([
    [6, () => random.pick(['a', 'a, b', 'a, b, c', 'a, b, a', 'b, a', ''])],
    [2, () => random.pick(['a, ...b', 'a = 1, b', '{ a } = {}, b', '[b] = [], a', 'a, b = () => a', 'a = arguments.length, b = () => arguments[0]'])],
  ]);
}

function operation(random) {
  const name = random.pick(NAMES);
  const index = random.int(4);
  const value = () => random.pick([String(random.int(90) + 10), `'${name}${index}'`, 'undefined', name, `arguments[${random.int(3)}]`]);
  // V8 leaves out of the keys what is not enumerable, and forgets the parameter where a value comes with `writable: false`.
  const descriptor = () => `{ ${[...random.pick([[`value: ${value()}`], [`value: ${value()}`], ['writable: false'], ['get() { return "got"; }'], ['set(v) { log("set", v); }'], []]), ...random.pick([[], ['configurable: false'], ['configurable: true']]), 'enumerable: true'].join(', ')} }`;
  return random.weighted([
    [6, () => `${name} = ${value()};`],
    [6, () => `arguments[${index}] = ${value()};`],
    [3, () => `log(delete arguments[${index}]);`],
    [4, () => `Object.defineProperty(arguments, ${index}, ${descriptor()});`],
    [1, () => `Object.${random.pick(['freeze', 'seal', 'preventExtensions'])}(arguments);`],
    [1, () => `arguments.length = ${random.int(4)};`],
    [1, () => `log(Object.getOwnPropertyDescriptor(arguments, ${index}));`],
    [2, () => `later.push(() => [${name}, arguments[${index}]]);`],
    [2, () => `later.push(() => { ${name} = ${value()}; return arguments[${index}]; });`],
    [1, () => `later.push(() => { arguments[${index}] = ${value()}; return ${name}; });`],
    [1, () => `[${name}, arguments[${index}]] = [arguments[${index}], ${name}];`],
    [1, () => `${name} += 1; arguments[${index}] += 1; arguments[${index}]++;`],
    [1, () => `Array.prototype.${random.pick(['reverse', 'shift', 'pop'])}.call(arguments);`],
    [1, () => `Array.prototype.${random.pick(['push', 'unshift'])}.call(arguments, ${value()});`],
    [1, () => `arguments = ${random.pick(['[7, 8]', '5', '{ length: 1 }'])};`],
    [1, () => `var ${name};`],
    [1, () => `{ function ${name}() {} }`],
    [1, () => `for (${name} of [1, ${value()}]);`],
    [1, () => `for (const key in arguments) log('key', key, arguments[key]);`],
    [1, () => `log(Object.keys(arguments), ${index} in arguments, arguments.hasOwnProperty(${index}), arguments.callee === f);`],
    [1, () => `other(...arguments, ${name});`],
    [1, () => `other.apply(null, arguments);`],
    [1, () => `Reflect.set(arguments, ${index}, ${value()}, ${random.pick(['arguments', '{}'])});`],
  ]);
}

export function argumentsObjects(random) {
  const list = parameters(random);
  const simple = /^[abc, ]*$/.test(list);
  const strict = simple && !/a.*a/.test(list) && random.chance(15) ? "'use strict';\n" : '';
  const shown = 'log([typeof a === "undefined" || a, typeof b === "undefined" || b, typeof c === "undefined" || c], arguments);';
  const body = random.times(1, 7, () => `try {\n${operation(random)}\n} catch (error) { log(error); }\n${random.chance(60) ? shown : ''}`).join('\n');
  const call = () => `attempt(log, 'call', () => f(${random.times(0, 4, (i) => String(i + 1)).join(', ')}));`;
  const head = random.pick(['function f', 'function f', 'const f = function', 'function* f']);
  // What is no parameter is a variable here: a global one would be seen by the programs after this one.
  return `var a, b, c;
const later = [];
const other = (...given) => { log('other', given); };
${head}(${list}) {
${strict}${shown}
${body}
return ${random.pick(['arguments', '[...arguments]', 'arguments.length', 'b'])};
}
${call().replace('f(', head === 'function* f' ? '[...f(' : 'f(').replace('));', head === 'function* f' ? ')]);' : '));')}
${head === 'function* f' ? '' : call()}
for (const go of later) attempt(log, 'later', go);`;
}
