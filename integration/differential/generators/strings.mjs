// Texts of every width - Latin-1, beyond it, lone surrogates, built by concatenation and cut by slices - through the
// methods that search, cut and compare.

const PIECES = ['a', 'b', 'ab', 'abc', ',', ' ', '\n', 'é', 'ß', 'İ', '€', '😀', '\ud83d', '\ude00', '\u00a0', '\ufeff', 'Σ', 'ς', 'ά', 'ﬁ', 'x'.repeat(40), '0', '12', '$&', 'A', '\u0000', 'e\u0301', '\u1e9e', 'ÿ', 'Ÿ', 'ŉ'];

const text = (random) => random.times(0, 6, () => random.pick(PIECES)).join('');

/** A text by the way that it comes to be. */
function made(random) {
  const plain = JSON.stringify(text(random));
  return random.weighted([
    [5, () => plain],
    [2, () => `(${plain} + ${JSON.stringify(text(random))})`],
    [1, () => `${plain}.slice(${random.int(3)}, ${random.int(9)})`],
    [1, () => `[${plain}, ${JSON.stringify(text(random))}].join(${JSON.stringify(random.pick(PIECES))})`],
    [1, () => `grown(${plain}, ${random.int(5)})`],
    [1, () => `${plain}.repeat(${random.int(4)})`],
    [1, () => `\`\${${plain}}-\${${random.int(99)}}\``],
    [1, () => `String.fromCharCode(...${JSON.stringify(Array.from({ length: random.int(5) }, () => random.pick([65, 228, 255, 256, 8364, 55357, 56832, 0])))})`],
  ]);
}

const place = (random) => random.pick(['0', '1', '2', '3', '5', '-1', '-2', '100', 'NaN', 'Infinity', '-Infinity', '1.9', 'undefined', "'1'", '-0']);
const needle = (random) => JSON.stringify(random.chance(70) ? random.pick(PIECES) : text(random));

function line(random) {
  const s = made(random);
  const [a, b] = [place(random), place(random)];
  const n = needle(random);
  return random.weighted([
    [4, () => `${s}.${random.pick(['indexOf', 'lastIndexOf', 'includes', 'startsWith', 'endsWith'])}(${n}${random.chance(60) ? `, ${a}` : ''})`],
    [3, () => `${s}.${random.pick(['slice', 'substring', 'substr'])}(${random.chance(80) ? `${a}, ${b}` : a})`],
    [2, () => `${s}.split(${n}${random.chance(30) ? `, ${random.int(4)}` : ''})`],
    [1, () => `${s}.split('')`],
    [2, () => `${s}.${random.pick(['replace', 'replaceAll'])}(${n}, ${JSON.stringify(random.pick(['', '$&$&', '$$', "$`", "$'", 'é', '$1', '😀']))})`],
    [1, () => `${s}.${random.pick(['replace', 'replaceAll'])}(${n}, (match, at, all) => match + at + all.length)`],
    [2, () => `${s}.${random.pick(['at', 'charAt', 'charCodeAt', 'codePointAt'])}(${a})`],
    [3, () => `${s}.${random.pick(['toLowerCase', 'toUpperCase', 'trim', 'trimStart', 'trimEnd', 'trimLeft', 'trimRight', 'toWellFormed', 'isWellFormed', 'normalize'])}()`],
    [1, () => `${s}.normalize('${random.pick(['NFC', 'NFD', 'NFKC', 'NFKD'])}')`],
    [1, () => `${s}.${random.pick(['padStart', 'padEnd'])}(${random.int(12)}, ${random.pick([n, 'undefined', "''"])})`],
    [2, () => `[...${s}]`],
    [1, () => `[${s} < ${made(random)}, ${s} === ${made(random)}, ${s} + ${made(random)} > ${s}]`],
    [1, () => `(() => { const o = {}; o[${s}] = 1; o[${s} + ''] = 2; return o; })()`],
    [1, () => `new Map([[${s}, 1], [${s}, 2]]).size`],
    [1, () => `${s}.concat(${a}, ${n}, null)`],
    [1, () => `[encodeURIComponent(${s}), encodeURI(${s})]`],
    [1, () => `decodeURIComponent(${JSON.stringify(random.pick(['%41', '%E4', '%C3%A4', '%', '%F0%9F%98%80', '%zz', '%2F%3f', '%ED%A0%80']))} + ${s})`],
    [1, () => `[escape(${s}), unescape(escape(${s})), unescape(${n} + '%u0041%E4%u')]`],
    [1, () => `${s}.${random.pick(['anchor', 'big', 'bold', 'fixed', 'link', 'sub', 'fontcolor'])}(${n})`],
    [1, () => `String.raw({ raw: ${s} }, ${n}, 2)`],
    [1, () => `JSON.parse(JSON.stringify(${s})) === ${s}`],
    [1, () => `(() => { let n = 0; for (const character of ${s}) n += character.codePointAt(0); return [n, ${s}.length]; })()`],
    [1, () => `[Number(${s}), parseInt(${s}, 16), ${s} == 0, ${s} * 1]`],
  ]);
}

export function strings(random) {
  const head = "const grown = (piece, times) => { let all = ''; for (let i = 0; i < times; i++) all += piece + i; return all; };\n";
  return head + random.times(5, 16, () => `attempt(log, 'text', () => ${line(random)});`).join('\n');
}
