// What Node.js makes of bundled examples: node reference.mjs SCRIPT… prints one JSON object, from names to the texts of results.

import { readFileSync } from 'node:fs';
import { runInThisContext } from 'node:vm';

// Browsers' builds expect it; Node.js has it in workers alone.
globalThis.self ??= globalThis;

const methods = new Map();
globalThis.madrpc = { register: (name, method) => { methods.set(name, method); } };
for (const path of process.argv.slice(2)) runInThisContext(readFileSync(path, 'utf8'), path);

const results = {};
for (const [name, method] of methods) results[name] = JSON.stringify(await method([]));
console.log(JSON.stringify(results));
