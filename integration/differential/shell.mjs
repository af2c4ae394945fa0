// Runs a batch in a bare shell of the engine (`cargo build -p madrpc-boa --example js`), which is quicker to build than the
// whole product. It has no timers, addresses or clones.

import { readFileSync, writeFileSync } from 'node:fs';

import { LOADED, oneByOne } from './one-by-one.mjs';

const LONGEST_MS = 5000;

/** As `inEngine`, of engine.mjs. */
export async function inShell(binary, script, params) {
  const path = script.replace(/\.js$/, '.shell.js');
  const given = JSON.stringify(params.map((one) => one ?? null));
  const results = await oneByOne(params.length, LONGEST_MS, (first) => {
    writeFileSync(path, `
const madrpc = { register() {} };
${readFileSync(script, 'utf8')}
print('${LOADED}');
(async () => {
  const params = JSON.parse(${JSON.stringify(given)});
  for (let i = ${first}; i < programs.length; i++) print(JSON.stringify(await observe(programs[i], params[i])));
})();`);
    return [binary, path];
  });
  return results.map((result) => (result.failed ? { failed: `engine: ${result.failed.trim().slice(0, 400)}` } : result));
}
