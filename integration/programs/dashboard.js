'use strict';
// What the dashboard is clicked through with. Names, results, errors and events are what an attacker might send.

const MARKUP = '<img src=x onerror="globalThis.harmed = true">';

madrpc.register('greet', { description: 'Greets by name', idempotent: true }, ({ name }) => `Hello, ${name}!`);
madrpc.register('fail', () => {
  throw new RangeError(`${MARKUP} is out of range`); // line: fail
});
madrpc.register(MARKUP, () => ({ markup: MARKUP }));
madrpc.register('pause', async ({ ms }) => {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return 'done';
});
madrpc.register('greet_many', async ({ count }) => {
  const calls = [];
  for (let n = 0; n < count; n++) calls.push(madrpc.call('greet', { name: `number ${n}` }));
  return (await Promise.all(calls)).length;
});
madrpc.register('count_up', async function* ({ to }) {
  for (let n = 0; n < to; n++) yield { n, markup: MARKUP };
  return 'counted';
});
