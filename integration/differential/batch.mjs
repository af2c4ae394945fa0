// Many programs as one script, which runs alike in Node.js and in a node.

import { readFileSync } from 'node:fs';
import { Script } from 'node:vm';

const prelude = readFileSync(new URL('prelude.js', import.meta.url), 'utf8');

/** @typedef {{ name: string, text: string, params?: unknown }} Program `text` is the body of a function of `log` and `params`. */

const asFunction = ({ text }) => `async function (log, params) {\n${text}\n}`;

/** The script: its method `run` takes `[index, params]`. */
export function scriptOf(programs) {
  return `${prelude}
const programs = [
${programs.map(asFunction).join(',\n')}
];
madrpc.register('run', ([index, params]) => observe(programs[index], params));
`;
}

/** Whether Node.js can read it. */
export function parses(program) {
  try {
    new Script(`(${asFunction(program)})`);
    return true;
  } catch {
    return false;
  }
}
