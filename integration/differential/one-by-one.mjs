// Results of a process that writes one line for each program, and may hang or die over any of them.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Such a process writes this when it has read the programs. */
export const LOADED = 'loaded';

/** The process has ended before it had read them. */
export class LoadFailure extends Error {}

/**
 * The results of `count` programs. `start(first)` gives the command that runs them from `first` on, with its arguments.
 * After a program that takes more than `longestMs`, or the process with it, another process goes on.
 */
export async function oneByOne(count, longestMs, start) {
  const results = [];
  while (results.length < count) {
    const ending = await runFrom(start(results.length), longestMs, results);
    if (results.length < count) results.push({ failed: ending });
  }
  return results;
}

/** What the process says when it ends. */
async function runFrom([command, ...given], longestMs, results) {
  const child = spawn(command, given, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, TZ: 'UTC', RUST_BACKTRACE: '0' } });
  let told = '';
  let loaded = false;
  let timer;
  const wait = (ms) => {
    clearTimeout(timer);
    timer = setTimeout(() => { told = 'does not end'; child.kill('SIGKILL'); }, ms);
  };
  // Reading all programs may take longer than one of them runs.
  wait(10 * longestMs);
  child.stderr.on('data', (text) => { told = (told + text).slice(0, 4000); });
  createInterface({ input: child.stdout }).on('line', (line) => {
    wait(longestMs);
    if (line === LOADED) loaded = true;
    else results.push(JSON.parse(line));
  });
  await once(child, 'close');
  clearTimeout(timer);
  if (!loaded) throw new LoadFailure(told || 'says nothing');
  return told || 'does not settle';
}
