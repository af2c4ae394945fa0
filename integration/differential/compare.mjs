// Runs programs on both sides and finds those whose results differ.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { scriptOf } from './batch.mjs';
import { inEngine, LoadFailure } from './engine.mjs';

const run = promisify(execFile);

/** The longest that a batch may take in Node.js; candidates of the shrinker may be endless. */
const REFERENCE_MS = 60_000;

/** @typedef {{ lines?: string[], value?: unknown, failed?: string }} Result */
/** @typedef {{ program: import('./batch.mjs').Program, expected: Result, found: Result, kind: string }} Difference */

export class Comparison {
  #binary;
  #folder = mkdtempSync(join(tmpdir(), 'differential-'));

  constructor(binary) {
    this.#binary = binary;
  }

  /** The programs that differ, in their order. One that Node.js itself does not end says nothing and is left out. */
  async differences(programs) {
    if (programs.length === 0) return [];
    const results = await this.#inNode(programs);
    const ended = programs.map((program, i) => ({ program, expected: results[i] })).filter(({ expected }) => !expected.failed);
    if (ended.length === 0) return [];
    const found = await this.#inEngine(ended.map(({ program }) => program));
    return ended
      .map((one, i) => ({ ...one, found: found[i], kind: kindOf(found[i]) }))
      .filter(({ expected, found }) => JSON.stringify(expected) !== JSON.stringify(found));
  }

  close() {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #inNode(programs) {
    const [input, output] = [join(this.#folder, 'input.json'), join(this.#folder, 'output.json')];
    writeFileSync(input, JSON.stringify({ script: scriptOf(programs), params: programs.map(({ params }) => params) }));
    rmSync(output, { force: true });
    const program = new URL('reference.mjs', import.meta.url).pathname;
    try {
      await run(process.execPath, [program, input, output], { timeout: REFERENCE_MS, env: { ...process.env, TZ: 'UTC' } });
      return JSON.parse(readFileSync(output, 'utf8'));
    } catch (error) {
      if (programs.length === 1) return [{ failed: error.message }];
      return this.#halves(programs, (half) => this.#inNode(half));
    }
  }

  async #inEngine(programs) {
    const script = join(this.#folder, 'batch.js');
    writeFileSync(script, scriptOf(programs));
    try {
      return await inEngine(this.#binary, script, programs.map(({ params }) => params));
    } catch (error) {
      if (!(error instanceof LoadFailure)) throw error;
      if (programs.length === 1) return [{ failed: `engine: does not load: ${error.message.trim().split('\n').at(-1)}` }];
      return this.#halves(programs, (half) => this.#inEngine(half));
    }
  }

  /** One program may keep the whole batch from running: the others are to run all the same. */
  async #halves(programs, side) {
    const middle = programs.length >> 1;
    const first = await side(programs.slice(0, middle));
    return first.concat(await side(programs.slice(middle)));
  }
}

/** What a smaller program must have in common with the one that it is made of. */
function kindOf({ failed }) {
  return failed ? failed.replace(/^(engine: \S+ \S+).*/s, '$1') : 'result';
}

/** A difference as text: the program, and where the results part. */
export function describe({ program, expected, found }) {
  const text = [`--- ${program.name}`, program.text.trim()];
  if (program.params !== undefined) text.push(`params: ${JSON.stringify(program.params)}`);
  if (found.failed) return [...text, `  Node.js: ${expected.lines.join(' | ').slice(0, 2000)}`, `  ${found.failed}`].join('\n');
  const length = Math.max(expected.lines.length, found.lines.length);
  let shown = 0;
  for (let i = 0; i < length && shown < 3; i++) {
    if (expected.lines[i] === found.lines[i]) continue;
    text.push(`  Node.js: ${expected.lines[i] ?? '(nothing)'}`, `  engine:  ${found.lines[i] ?? '(nothing)'}`);
    shown++;
  }
  const [mine, theirs] = [expected, found].map(({ value }) => JSON.stringify(value));
  if (mine !== theirs && shown === 0) text.push(`  Node.js returns: ${mine}`, `  engine returns:  ${theirs}`);
  return text.join('\n');
}
