// Makes a program that differs smaller, as long as it differs in the same way.

import { parses } from './batch.mjs';

/** Candidates that are tried at once: one run of both sides. */
const AT_ONCE = 300;

/** As many where each may be the end of a process, which loads all of them again. */
const AT_ONCE_WHERE_IT_FAILS = 20;

/** Each round makes the program smaller; the bound is for time. */
const ROUNDS = 40;

const OPENING = { '{': '}', '[': ']', '(': ')' };
const TOKEN = /\s+|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`|[\w$#]+|=>|[^]/gy;

/** What a chunk goes on with after a closing brace: these words and signs do not begin a statement. */
const GOES_ON = /^(else|catch|finally|while|of|in|=>|[,;.()=?:+*&|<>[\]-])$/;

/** @typedef {{ from: number, to: number, inner?: Chunk[][], open?: string }} Chunk A span of the text. */

/** The text as a tree: the chunks of each pair of brackets are its statements or elements. */
function chunksOf(text) {
  const tokens = [...text.matchAll(TOKEN)].filter(([token]) => token.trim() !== '');
  let at = 0;
  function group(close) {
    const chunks = [];
    let chunk;
    const finish = (to) => { if (chunk) chunks.push({ ...chunk, to }); chunk = undefined; };
    for (; at < tokens.length; at++) {
      const { 0: token, index } = tokens[at];
      const end = index + token.length;
      if (token === close) break;
      chunk ??= { from: index, to: end, groups: [] };
      if (token in OPENING) {
        at++;
        const inner = group(OPENING[token]);
        const last = tokens[at]?.index ?? text.length;
        chunk.groups.push({ open: token, from: index, to: last + 1, chunks: inner });
        if (token === '{' && close !== ')' && close !== ']' && !GOES_ON.test(tokens[at + 1]?.[0] ?? '')) finish(last + 1);
      } else if (token === ',' || token === ';') finish(end);
    }
    finish(tokens[at]?.index ?? text.length);
    return chunks;
  }
  return group(undefined);
}

/** Changes that make the text smaller, the greatest first. */
function changesOf(text) {
  const found = new Map();
  const replace = (from, to, by) => {
    if (by.length < to - from) found.set(`${from} ${to} ${by}`, { from, to, by, saves: to - from - by.length });
  };
  const visit = (chunks) => {
    for (let length = chunks.length; length > 1; length = length >> 1) {
      for (let i = 0; i + length <= chunks.length; i += length) replace(chunks[i].from, chunks[i + length - 1].to, '');
    }
    chunks.forEach((chunk, i) => {
      replace(chunk.from, chunk.to, '');
      // The comma before the last element goes with it.
      if (i > 0) replace(chunks[i - 1].to - 1, chunk.to, '');
      for (const { open, from, to, chunks: inner } of chunk.groups) {
        // Without what ends it, a loop is endless.
        if (open === '(' && /\b(while|for)\s*$/.test(text.slice(0, from)) && !/\bof\b/.test(text.slice(from, to))) continue;
        const content = text.slice(from + 1, to - 1);
        // A statement is replaced by its body, an expression by one inside it.
        replace(chunk.from, chunk.to, open === '{' ? content : `${content};`);
        replace(from, chunk.to, content);
        replace(chunk.from, to, content);
        replace(from, to, content);
        replace(from, to, '');
        if (inner.length > 0) replace(from + 1, to - 1, '');
        // From the keyword before a block: `else {}`, `finally {}`, `catch (error) {}`.
        const head = /(?:else|finally|catch\s*(?:\([^()]*\))?)\s*$/.exec(text.slice(chunk.from, from));
        if (head) replace(chunk.from + head.index, to, '');
        visit(inner);
      }
      // A default: `a = 1` becomes `a`.
      const equals = text.slice(chunk.from, chunk.to).search(/\s=\s/);
      if (equals > 0) replace(chunk.from + equals, chunk.to - (text[chunk.to - 1] === ',' ? 1 : 0), '');
    });
  };
  visit(chunksOf(text));
  return [...found.values()].sort((a, b) => b.saves - a.saves);
}

/** The text after changes that do not overlap; blank lines go. */
function apply(text, changes) {
  const fromTheEnd = [...changes].sort((a, b) => b.from - a.from);
  const changed = fromTheEnd.reduce((whole, { from, to, by }) => whole.slice(0, from) + by + whole.slice(to), text);
  return changed.replace(/\n\s*\n/g, '\n').trim();
}

/** As many of the changes as leave each other alone. */
function compatible(changes) {
  const chosen = [];
  for (const change of changes) {
    if (chosen.every(({ from, to }) => change.to <= from || change.from >= to)) chosen.push(change);
  }
  return chosen;
}

/** Without its argument `new Date` tells the time, which is another on each side. */
const tellsTime = (text) => /\bDate\b(?!\.(?!now))\s*(?:\(\s*\)|[^\s(.'":])/.test(text);

/** The smallest difference found that is like `difference`. */
export async function shrink(difference, comparison) {
  let smallest = difference;
  for (let round = 0; round < ROUNDS; round++) {
    const smaller = await shrinkOnce(smallest, comparison);
    if (!smaller) break;
    smallest = smaller;
  }
  return smallest;
}

async function shrinkOnce({ program, kind }, comparison) {
  /** Those of the sets of changes after which the program still differs, and how. */
  async function still(sets) {
    const programs = sets.map((changes) => ({ ...program, text: apply(program.text, changes), changes })).filter(parses).filter(({ text }) => !tellsTime(text));
    const differences = await comparison.differences(programs);
    return differences.filter((difference) => difference.kind === kind);
  }
  const changes = changesOf(program.text);
  const atOnce = kind === 'result' ? AT_ONCE : AT_ONCE_WHERE_IT_FAILS;
  for (let from = 0; from < changes.length; from += atOnce) {
    const single = await still(changes.slice(from, from + atOnce).map((change) => [change]));
    if (single.length === 0) continue;
    // What may go alone may often go together: all of it, half of it, and so on.
    const all = compatible(single.flatMap((difference) => difference.program.changes));
    const sets = [];
    for (let count = all.length; count > 1; count = count >> 1) sets.push(all.slice(0, count), all.slice(-count));
    const together = await still(sets);
    const [smallest] = [...together, single[0]].sort((a, b) => a.program.text.length - b.program.text.length);
    return smallest;
  }
  return undefined;
}
