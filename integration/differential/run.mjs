#!/usr/bin/env node
// Compares the engine with Node.js: the fixed cases, and random programs.
//
//   node integration/differential/run.mjs --engine target/release/madrpc-actor --programs 50000
//
//   --engine PATH    the binary of madrpc-actor
//   --shell PATH     instead of it, the shell of the fixed Boa alone (see shell.mjs)
//   --programs N     programs of each generator (default 200)
//   --seed TEXT      may be given several times; without it, one is drawn and printed
//   --only NAME      `cases`, `random`, or one generator, whose differences are then printed even if they are listed;
//                    may be given several times
//   --from I         the index of the first program (default 0)
//   --shrink N       differences of each generator that are made small and printed (default 3)
//
// It ends with 0 if nothing differs but what differences.mjs lists, and with 1 otherwise.

import { parseArgs } from 'node:util';

import { parses } from './batch.mjs';
import { Comparison, describe } from './compare.mjs';
import { cases } from './cases.mjs';
import { inEngine } from './engine.mjs';
import { generators } from './generators.mjs';
import { caseDifferences, generatorDifferences } from './differences.mjs';
import { Random } from './random.mjs';
import { inShell } from './shell.mjs';
import { shrink } from './shrink.mjs';

/** What the shell does not have. */
const UNKNOWN_TO_SHELL = /structuredClone/;

/** Programs of one script. */
const BATCH = 400;

const { values: given } = parseArgs({
  options: {
    engine: { type: 'string', default: 'target/debug/madrpc-actor' },
    shell: { type: 'string' },
    programs: { type: 'string', default: '200' },
    seed: { type: 'string', multiple: true },
    only: { type: 'string', multiple: true },
    from: { type: 'string', default: '0' },
    shrink: { type: 'string', default: '3' },
  },
});
const seeds = given.seed ?? [String(Math.floor(Math.random() * 2 ** 32))];
const named = (name) => given.only?.includes(name);
const comparison = new Comparison((script, params) => (given.shell ? inShell(given.shell, script, params) : inEngine(given.engine, script, params)));
let failed = false;

function fail(text) {
  console.log(text);
  failed = true;
}

/** A case that differs must be listed, and one that is listed must differ. */
async function compareCases() {
  const differences = await comparison.differences(cases);
  const differing = new Set(differences.map(({ program }) => program.name));
  for (const difference of differences) {
    if (!(difference.program.name in caseDifferences)) fail(describe(difference));
  }
  for (const name in caseDifferences) {
    if (!cases.some((one) => one.name === name)) fail(`no case is called "${name}": remove it from differences.mjs`);
    else if (!differing.has(name)) fail(`"${name}" is as in Node.js: remove it from differences.mjs`);
  }
  console.log(`cases: ${cases.length}, of which ${differing.size} differ`);
}

function programOf(name, seed, index) {
  const made = generators[name](new Random(`${seed}/${name}/${index}`));
  return { name: `${name}, seed ${seed}, program ${index}`, ...(typeof made === 'string' ? { text: made } : made) };
}

async function compareRandom(name, seed) {
  const [from, count] = [Number(given.from), Number(given.programs)];
  const differences = [];
  for (let start = from; start < from + count; start += BATCH) {
    const indexes = Array.from({ length: Math.min(BATCH, from + count - start) }, (_, i) => start + i);
    const programs = indexes.map((index) => programOf(name, seed, index)).filter((program) => parses(program) && !(given.shell && UNKNOWN_TO_SHELL.test(program.text)));
    differences.push(...(await comparison.differences(programs)));
  }
  console.log(`${name}, seed ${seed}: ${count} programs, of which ${differences.length} differ`);
  if (name in generatorDifferences && !named(name)) {
    // Only a seed that is given is known to make programs that differ.
    if (differences.length === 0 && given.seed) fail(`programs of "${name}" are as in Node.js: remove it from differences.mjs`);
    return;
  }
  for (const difference of differences.slice(0, Number(given.shrink))) {
    fail(describe(await shrink(difference, comparison)));
  }
  if (differences.length > 0) failed = true;
}

try {
  if (!given.only || named('cases')) await compareCases();
  for (const name of Object.keys(generators)) {
    if (given.only && !named('random') && !named(name)) continue;
    for (const seed of seeds) await compareRandom(name, seed);
  }
} finally {
  comparison.close();
}
process.exitCode = failed ? 1 : 0;
