// Runs a batch in a node of madrpc-actor: the real binary, one call per program.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { LoadFailure } from './one-by-one.mjs';

/** Calls that are sent together. They share the executor's thread, so a panic of one may end others: those run again alone. */
const TOGETHER = 50;

const FLAGS = ['--bind', '127.0.0.1:0', '--workers', '1', '--pool-size', '1', '--cpu-limit', '3s', '--call-timeout', '20s'];

class Node {
  #child;
  #url;

  static async start(binary, script) {
    const node = new Node();
    const ours = Object.entries(process.env).filter(([name]) => !name.startsWith('MADRPC_'));
    const env = { ...Object.fromEntries(ours), MADRPC_PARENT_STDIN: '1', RUST_LOG: 'warn', TZ: 'UTC' };
    node.#child = spawn(binary, ['node', ...FLAGS, '--script', script], { env, stdio: ['pipe', 'pipe', 'pipe'] });
    let told = '';
    node.#child.stderr.on('data', (text) => { told = (told + text).slice(-4000); });
    const lines = createInterface({ input: node.#child.stdout });
    const exit = once(node.#child, 'close').then(() => []);
    const [line] = await Promise.race([once(lines, 'line'), exit]);
    if (!line?.startsWith('listening on ')) throw new LoadFailure(told || 'the node has ended');
    node.#url = line.slice('listening on '.length).trim();
    return node;
  }

  /** The answers to calls of `run`, by position; one that has none is undefined. */
  async call(calls) {
    const body = calls.map((params, id) => ({ jsonrpc: '2.0', id, method: 'run', params }));
    const headers = { 'content-type': 'application/json' };
    const answers = [];
    try {
      const response = await fetch(this.#url, { method: 'POST', headers, body: JSON.stringify(body) });
      for (const answer of await response.json()) answers[answer.id] = answer;
    } catch {
      // The process may have ended under the call; whoever has no answer is asked for again.
    }
    return answers;
  }

  async stop() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    this.#child.stdin.destroy();
    await closed;
  }
}

/** The results of the programs that `script`, a path, registers. */
export async function inEngine(binary, script, params) {
  let node = await Node.start(binary, script);
  const results = [];
  const alone = [];
  try {
    for (let from = 0; from < params.length; from += TOGETHER) {
      const indexes = params.slice(from, from + TOGETHER).map((_, i) => from + i);
      const answers = await node.call(indexes.map((index) => [index, params[index] ?? null]));
      indexes.forEach((index, i) => {
        if (answers[i]?.result) results[index] = answers[i].result;
        else alone.push(index);
      });
    }
    for (const index of alone) {
      const [answer] = await node.call([[index, params[index] ?? null]]);
      results[index] = answer?.result ?? { failed: failure(answer?.error) };
      if (answer) continue;
      await node.stop();
      node = await Node.start(binary, script);
    }
  } finally {
    await node.stop();
  }
  return results;
}

function failure(error) {
  return error ? `engine: ${error.code} ${error.message} ${error.data?.reason ?? ''}`.trim() : 'engine: the process has ended';
}
