// Runs a batch in Node.js, as a process of its own: reads [script, params of each program], writes the results.

import { readFileSync, writeFileSync } from 'node:fs';
import { runInThisContext } from 'node:vm';

/** The longest that one program may run; programs are made so that they end soon. */
const LONGEST_MS = 1000;

const [, , input, output] = process.argv;
const { script, params } = JSON.parse(readFileSync(input, 'utf8'));

globalThis.madrpc = { register: (_, method) => { globalThis.runProgram = method; } };
process.on('unhandledRejection', () => {});
runInThisContext(script, { filename: 'batch.js' });

/** As the engine: what does not settle has no result. */
async function outcome(index) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(reject, LONGEST_MS, new Error('late')); });
  try {
    const call = `runProgram([${index}, JSON.parse(${JSON.stringify(JSON.stringify(params[index] ?? null))})])`;
    return JSON.parse(JSON.stringify(await Promise.race([runInThisContext(call, { timeout: LONGEST_MS }), late])));
  } catch (error) {
    return { failed: `Node.js: ${error.message}` };
  } finally {
    clearTimeout(timer);
  }
}

const results = [];
for (let index = 0; index < params.length; index++) results.push(await outcome(index));
writeFileSync(output, JSON.stringify(results));
process.exit(0);
