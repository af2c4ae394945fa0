// Operators on odd operands: once written out, where a compiler may calculate ahead, once with operands that it does not
// know, and once in a loop that gives the same place operands of many types.

const BINARY = ['+', '-', '*', '/', '%', '**', '&', '|', '^', '<<', '>>', '>>>', '<', '>', '<=', '>=', '==', '!=', '===', '!==', 'in', 'instanceof', '&&', '||', '??'];
const UNARY = ['-', '+', '~', '!', 'typeof ', 'void '];
const ASSIGNING = ['+=', '-=', '*=', '/=', '%=', '&=', '|=', '^=', '<<=', '>>=', '>>>=', '**=', '&&=', '||=', '??='];

const NUMBERS = [
  '0', '-0', '1', '-1', '2', '3', '-4', '7', '0.5', '-1.5', '1e21', '-1e19', '5e-324', '1e-7', '2147483647', '-2147483648', '2147483648', '4294967295',
  '4294967296', '9007199254740991', '9007199254740993', '1.7976931348623157e308', 'NaN', 'Infinity', '-Infinity', '31', '32', '33', '-33', '0x7fffffff', '1073741824',
];
const OTHERS = [
  "''", "'a'", "'0'", "' 12 '", "'-0'", "'1e3'", "'0x1f'", "'0b101'", "'1_0'", "'Infinity'", "'\\u00a05\\ufeff'", 'true', 'false', 'null', 'undefined', '[]', '[5]', '[1, 2]', '({})',
  '0n', '1n', '-1n', '3n', '-7n', '12345678901234567890n', '2n ** 64n', "new Date(5)", 'Object(1)', "Object('x')", "Symbol('s')", '() => 1', 'Array', '/x/',
  "({ valueOf: () => 42 })", "({ toString: () => '7' })", "({ valueOf: () => ({}), toString: () => 'text' })", '({ [Symbol.toPrimitive]: (hint) => hint })', "({ valueOf() { throw new Error('!valueOf'); } })",
];

const operand = (random) => (random.chance(65) ? random.pick(NUMBERS) : random.pick(OTHERS));
const parenthesised = (text) => (/^[\w']+$/.test(text) ? text : `(${text})`);

/** Powers of great BigInts never end. */
function pair(random) {
  for (;;) {
    const [a, b, operator] = [operand(random), operand(random), random.pick(BINARY)];
    const great = /n$/.test(a) && /n$/.test(b) && ['**', '<<'].includes(operator);
    if (!great || b.length < 4) return [parenthesised(a), operator, parenthesised(b)];
  }
}

/** Results of `**` may differ in the last bits, which the standard leaves open. */
const rounded = (operator, text) => (operator.startsWith('**') ? `roughly(${text})` : text);

function line(random) {
  const [a, operator, b] = pair(random);
  return random.weighted([
    [4, () => `attempt(log, ${JSON.stringify(`${a} ${operator} ${b}`)}, () => ${rounded(operator, `${a} ${operator} ${b}`)});`],
    [4, () => `attempt(log, 'of variables', () => { const f = (a, b) => a ${operator} b; return ${rounded(operator, `f(${a}, ${b})`)}; });`],
    [2, () => `attempt(log, 'one constant', () => { const f = (a) => [a ${operator === '**' ? '*' : operator} ${b}, ${a.startsWith('(') || operator !== '**' ? a : `(${a})`} ${operator === '**' ? '-' : operator} a]; return f(${a}); });`],
    [2, () => `attempt(log, 'unary', () => ${random.pick(UNARY)}${a});`],
    [2, () => { const [assigning, step] = [random.pick(ASSIGNING), random.pick(['x++', 'x--', '++x', '--x', '-x', '~x'])]; return `attempt(log, 'assigning', () => { let x = ${a}; const before = [${step}, x]; ${great(assigning, a, b) ? '' : `x ${assigning} ${b};`} return [before, ${rounded(assigning, 'x')}]; });`; }],
    [2, () => `attempt(log, 'of a property', () => { const o = { x: ${a} }; return [o.x${random.pick(['++', '--'])}, ${random.pick(['++', '--'])}o.x, o]; });`],
    [2, () => `attempt(log, 'in a loop', () => { const got = []; const f = (a, b) => a ${operator === '**' ? '*' : operator} b; for (const [x, y] of [[1, 2], [${a}, ${b}], [3, 0.5], [${b}, ${a}], [-1, 2147483647], [1, 2]]) try { got.push(f(x, y)); } catch (error) { got.push(error); } return got; });`],
    [1, () => `attempt(log, 'overflow', () => { let x = ${random.pick(NUMBERS)}; for (let i = 0; i < 4; i++) { x ${random.pick(['+=', '-=', '*='])} ${random.pick(NUMBERS)}; x = x ${random.pick(['|', '>>', '%', '>>>', '^'])} ${random.pick(NUMBERS)}; } return x; });`],
    [1, () => `attempt(log, 'chain', () => { const o = ${a}; return [o?.x, o?.[0], o?.x?.y, \`\${${random.pick(['1', "'a'", 'null', '[1, 2]', '{}', '-0'])}}\`, delete o?.x]; });`],
    [1, () => `attempt(log, 'condition', () => [${a} ? 1 : 2, !${a}, !!${b}, ${a} ?? 3, (${a}) || ${b}]);`],
    [1, () => `switch (${a}) { case ${b}: log('same'); break; case ${a}: log('itself'); break; default: log('neither'); }`.replaceAll(/\(\{ valueOf\(\).*?\}\}\)/g, '1')],
  ]);
}

const great = (assigning, a, b) => ['**=', '<<='].includes(assigning) && /n\)?$/.test(a) && b.length > 3;

export function operators(random) {
  const roughly = "const roughly = (value) => (typeof value === 'number' ? value.toPrecision(14) : value);";
  return `${roughly}\n${random.times(4, 14, () => line(random)).join('\n')}`;
}
