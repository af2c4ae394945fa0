// Regular expressions against short texts: patterns are made from the grammar, and every method that takes one is used.

const ATOMS = ['a', 'b', 'c', 'x', '.', '\\d', '\\w', '\\s', '\\D', '\\W', '\\b', '\\B', '^', '$', '[ab]', '[^a]', '[a-c1]', '[\\d-]', '\\u0061', '\\x62', ',', ' ', '1', '\\n', 'ä', '\\.', '-', '\\cJ', '\\0'];
const UNICODE_ATOMS = ['\\u{1f600}', '\\p{L}', '\\p{Lu}', '\\P{L}', '\\p{Script=Greek}', '[\\p{N}_]', '😀', '[😀-😂]', '\\p{Emoji}'];
const SET_ATOMS = ['[[a-z]--[aeiou]]', '[\\w&&[a-c]]', '[\\q{abc|b}x]', '[[ab][c]]', '[^\\d]'];
/** Allowed without `u` only (Annex B), but for `[^]`: with `v` Node.js 20 has it match nothing. */
const LOOSE_ATOMS = ['[^]', '\\1', '\\2', '\\8', '{', '}', ']', '\\a', '\\-', 'a{,2}', '\\c', '[\\b]', '[\\c1]', '\\u', '\\x', '\\07', '(?=a)*', '\\k'];
const SUBJECTS = ['', 'a', 'abc', 'abcabc', 'aAbB', 'ab\ncd', 'a1b22c333', 'xaxbxc', '2026-11-28', 'a,b,,c', ' a b ', 'äÄß', '😀a😂', '\ud83d', 'aaaa', 'abababab', 'ſKÅ', 'αβγ', 'foo-bar_baz', 'a\u2028b', 'AbCaBc', '\u0130i'];
const REPLACEMENTS = ['$1', '[$&]', '$`|$\'', '$$', '$2$1', '$<n>', '$10', '$01', '$', '$3', '', 'x', '$<', '$<none>', '$0'];

class Pattern {
  #random;
  #flags;
  #groups = 0;
  #names = [];

  constructor(random, flags) {
    this.#random = random;
    this.#flags = flags;
  }

  text(depth) {
    const alternatives = this.#random.times(1, this.#random.chance(30) ? 3 : 1, () => this.#random.times(0, 4, () => this.#term(depth)).join(''));
    return alternatives.join('|');
  }

  #term(depth) {
    const random = this.#random;
    const unicode = /[uv]/.test(this.#flags);
    const atom = random.weighted([
      [10, () => random.pick(ATOMS)],
      [unicode ? 4 : 0, () => random.pick(UNICODE_ATOMS)],
      [this.#flags.includes('v') ? 4 : 0, () => random.pick(SET_ATOMS)],
      [unicode ? 0 : 1, () => random.pick(LOOSE_ATOMS)],
      [depth > 0 ? 3 : 0, () => { this.#groups++; return `(${this.text(depth - 1)})`; }],
      [depth > 0 && this.#names.length < 2 ? 1 : 0, () => { const name = ['n', 'm'][this.#names.length]; this.#names.push(name); this.#groups++; return `(?<${name}>${this.text(depth - 1)})`; }],
      [depth > 0 ? 2 : 0, () => `(?:${this.text(depth - 1)})`],
      [depth > 0 ? 1 : 0, () => `(?=${this.text(depth - 1)})`],
      [depth > 0 ? 1 : 0, () => `(?!${this.text(depth - 1)})`],
      [depth > 0 ? 1 : 0, () => `(?<=${this.text(depth - 1)})`],
      [depth > 0 ? 1 : 0, () => `(?<!${this.text(depth - 1)})`],
      [this.#groups > 0 ? 1 : 0, () => `\\${random.between(1, this.#groups)}`],
      [this.#names.length > 0 ? 1 : 0, () => `\\k<${random.pick(this.#names)}>`],
    ]);
    if (random.chance(65)) return atom;
    return atom + random.pick(['*', '+', '?', '*?', '+?', '??', '{2}', '{1,2}', '{0,1}?', '{2,}']);
  }
}

function flagsOf(random) {
  const flags = [...'dgimsy'].filter(() => random.chance(25));
  if (random.chance(40)) flags.push(random.chance(75) ? 'u' : 'v');
  return flags.join('');
}

/** One that Node.js can read; now and then the text of one that it can't, which is to be refused. */
function expression(random) {
  for (;;) {
    const flags = flagsOf(random);
    const pattern = new Pattern(random, flags).text(2).replaceAll('/', '\\/') || '(?:)';
    const made = `new RegExp(${JSON.stringify(pattern)}, '${flags}')`;
    try {
      new RegExp(pattern, flags);
    } catch {
      if (random.chance(90)) continue;
      return made;
    }
    return random.chance(80) && !/[\n\u2028]/.test(pattern) ? `/${pattern}/${flags}` : made;
  }
}

function use(random) {
  const subject = JSON.stringify(random.chance(80) ? random.pick(SUBJECTS) : random.pick(SUBJECTS) + random.pick(SUBJECTS));
  const global = 'const all = r.global ? r : new RegExp(r, r.flags + "g");';
  return random.weighted([
    [4, () => `{ const found = []; for (let i = 0; i < 6; i++) { const match = r.exec(${subject}); found.push(match && whole(match), r.lastIndex); if (!match) break; } return found; }`],
    [2, () => `{ r.lastIndex = ${random.int(5)}; const match = r.exec(${subject}); return [match && whole(match), r.lastIndex]; }`],
    [1, () => `{ return [r.test(${subject}), r.lastIndex, r.test(${subject}), r.lastIndex]; }`],
    [2, () => `{ const match = ${subject}.match(r); return match && whole(match); }`],
    [2, () => `{ ${global} return [...${subject}.matchAll(all)].map(whole); }`],
    [3, () => `{ return ${subject}.replace(r, ${JSON.stringify(random.pick(REPLACEMENTS) + random.pick(REPLACEMENTS))}); }`],
    [2, () => `{ return ${subject}.replace(r, (...given) => show(given)); }`],
    [1, () => `{ ${global} return ${subject}.replaceAll(all, ${JSON.stringify(random.pick(REPLACEMENTS))}); }`],
    [3, () => `{ return ${subject}.split(r${random.chance(30) ? `, ${random.int(4)}` : ''}); }`],
    [1, () => `{ return ${subject}.search(r); }`],
    [1, () => `{ return [r.source, r.flags, String(r), r.hasIndices, r.global, r.ignoreCase, r.multiline, r.dotAll, r.unicode, r.sticky]; }`],
  ]);
}

export function regularExpressions(random) {
  const head = 'const whole = (match) => [...match, match.index ?? "none", { ...match.groups }, match.indices && [...match.indices]];\n';
  return head + random.times(2, 6, () => `attempt(log, 'made', () => { const r = ${expression(random)}; ${random.times(1, 3, () => `attempt(log, 'use', () => ${use(random)});`).join(' ')} return 'used'; });`).join('\n');
}
