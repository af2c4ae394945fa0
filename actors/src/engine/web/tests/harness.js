// A test is a name and a function, which may be async. The method `run` gives how many passed and what failed.
'use strict';
const tests = [];
const test = (name, body) => { tests.push([name, body]); };

const show = (value) => {
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
};

const ok = (value, what = 'the condition') => { if (!value) throw new Error(`${what} does not hold`); };

const same = (actual, expected, what = '') => {
  if (!Object.is(actual, expected)) throw new Error(`${what} ${show(actual)} is not ${show(expected)}`);
};

/** Arrays and plain objects, by their JSON. */
const equal = (actual, expected, what = '') => same(JSON.stringify(actual), JSON.stringify(expected), what);

const check = (error, name, what) => {
  if (typeof name === 'string') same(error?.name, name, `${what}: the name of ${show(error)}`);
  else if (!Object.is(error, name)) throw new Error(`${what} threw ${show(error)} and not ${show(name)}`);
  // Names that ECMAScript does not know are those of DOMExceptions.
  if (typeof name === 'string' && !(name in globalThis) && !(error instanceof DOMException)) {
    throw new Error(`${what} threw ${show(error)}, which is no DOMException`);
  }
};

/** Calls `body`, which must throw an error of this name, or this very value. */
const throws = (body, name, what = String(body)) => {
  let result;
  try { result = body(); } catch (error) { return check(error, name, what); }
  throw new Error(`${what} did not throw: ${show(result)}`);
};

const rejects = async (promise, name, what = 'the promise') => {
  let result;
  try { result = await promise; } catch (error) { return check(error, name, what); }
  throw new Error(`${what} did not reject: ${show(result)}`);
};

const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

const bytes = (view) => Array.from(new Uint8Array(view.buffer ?? view, view.byteOffset ?? 0, view.byteLength));

madrpc.register('run', async (_, ctx) => {
  let passed = 0;
  const failures = [];
  for (const [name, body] of tests) {
    try {
      await body(ctx);
      passed++;
    } catch (error) {
      failures.push(`  ${name}: ${show(error)}`);
    }
  }
  return [passed, failures];
});
