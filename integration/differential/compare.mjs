// Runs programs on both sides and finds those whose results differ.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { scriptOf } from './batch.mjs';
import { LoadFailure, oneByOne } from './one-by-one.mjs';

const REFERENCE = new URL('reference.mjs', import.meta.url).pathname;

/** The longest that one program may take in Node.js. Those of the shrinker may be endless. */
const LONGEST_MS = 3000;

/** @typedef {{ lines?: string[], value?: unknown, failed?: string }} Result */
/** @typedef {{ program: import('./batch.mjs').Program, expected: Result, found: Result, kind: string }} Difference */

export class Comparison {
  #engine;
  #folder = mkdtempSync(join(tmpdir(), 'differential-'));

  /** @param engine A function of the path of a script and the params of its programs. */
  constructor(engine) {
    this.#engine = engine;
  }

  /** The programs that differ, in their order. One that Node.js does not end, or not but for its stack, says nothing. */
  async differences(programs) {
    if (programs.length === 0) return [];
    const results = await this.#inNode(programs);
    const ended = programs.map((program, i) => ({ program, expected: results[i] })).filter(({ expected }) => says(expected));
    if (ended.length === 0) return [];
    const found = await this.#inEngine(ended.map(({ program }) => program));
    return ended
      .map((one, i) => ({ ...one, found: found[i], kind: kindOf(found[i]) }))
      .filter(({ expected, found }) => JSON.stringify(expected) !== JSON.stringify(found));
  }

  close() {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #inNode(programs) {
    const input = join(this.#folder, 'input.json');
    writeFileSync(input, JSON.stringify({ script: scriptOf(programs), params: programs.map(({ params }) => params ?? null) }));
    return oneByOne(programs.length, LONGEST_MS, (first) => [process.execPath, REFERENCE, input, String(first)]);
  }

  async #inEngine(programs) {
    const script = join(this.#folder, 'batch.js');
    writeFileSync(script, scriptOf(programs));
    try {
      return await this.#engine(script, programs.map(({ params }) => params));
    } catch (error) {
      if (!(error instanceof LoadFailure)) throw error;
      if (programs.length === 1) return [{ failed: `engine: does not load: ${error.message.trim().split('\n').at(-1)}` }];
      // One program may keep the whole batch from running: the others are to run all the same.
      const middle = programs.length >> 1;
      const first = await this.#inEngine(programs.slice(0, middle));
      return first.concat(await this.#inEngine(programs.slice(middle)));
    }
  }
}

const says = ({ failed, lines }) => !failed && !lines.some((line) => line.includes('TOO DEEP'));

/** What a smaller program must have in common with the one that it is made of. */
function kindOf({ failed }) {
  return failed ? failed.replace(/^(engine: \S+ \S+).*/s, '$1') : 'result';
}

/** Both lines from a little before where they part. */
function apart(expected = '(nothing)', found = '(nothing)') {
  let same = 0;
  while (same < expected.length && expected[same] === found[same]) same++;
  const from = same > 100 ? same - 60 : 0;
  return [expected, found].map((line) => (from > 0 ? '...' : '') + line.slice(from, from + 400));
}

/** A difference as text: the program, and where the results part. */
export function describe({ program, expected, found }) {
  const text = [`--- ${program.name}`, program.text.trim()];
  if (program.params !== undefined) text.push(`params: ${JSON.stringify(program.params)}`);
  if (found.failed) return [...text, `  Node.js: ${expected.lines.join(' | ').slice(0, 400)}`, `  ${found.failed}`].join('\n');
  const length = Math.max(expected.lines.length, found.lines.length);
  let shown = 0;
  for (let i = 0; i < length && shown < 3; i++) {
    if (expected.lines[i] === found.lines[i]) continue;
    const [mine, theirs] = apart(expected.lines[i], found.lines[i]);
    text.push(`  Node.js: ${mine}`, `  engine:  ${theirs}`);
    shown++;
  }
  const [mine, theirs] = [expected, found].map(({ value }) => JSON.stringify(value));
  if (mine !== theirs && shown === 0) text.push(`  Node.js returns: ${mine}`, `  engine returns:  ${theirs}`);
  return text.join('\n');
}
