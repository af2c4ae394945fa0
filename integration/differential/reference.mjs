// Runs a batch in Node.js: reads { script, params } from a file and writes a line for each program, from the one whose index
// is given on.

import { readFileSync } from 'node:fs';
import { runInThisContext } from 'node:vm';

import { LOADED } from './one-by-one.mjs';

/** The longest that one program may run before it waits for something. */
const LONGEST_MS = 1000;

const [, , input, first] = process.argv;
const { script, params } = JSON.parse(readFileSync(input, 'utf8'));

globalThis.madrpc = { register: (_, method) => { globalThis.runProgram = method; } };
process.on('unhandledRejection', () => {});
runInThisContext(script, { filename: 'batch.js' });
console.log(LOADED);

async function outcome(index) {
  try {
    const call = `runProgram([${index}, JSON.parse(${JSON.stringify(JSON.stringify(params[index]))})])`;
    return await runInThisContext(call, { timeout: LONGEST_MS });
  } catch (error) {
    return { failed: `Node.js: ${error.message}` };
  }
}

for (let index = Number(first); index < params.length; index++) {
  console.log(JSON.stringify(await outcome(index)));
}
process.exit(0);
