'use strict';
// Methods that call each other across the cluster.

let pausesBegun = 0;

madrpc.register('square', { idempotent: true }, ({ n }) => n * n);

// The sum of the squares of from … from + count - 1, each squared by a call of its own.
madrpc.register('aggregate', async ({ from, count }) => {
  const calls = [];
  for (let n = from; n < from + count; n++) calls.push(madrpc.call('square', { n }));
  return (await Promise.all(calls)).reduce((total, square) => total + square, 0);
});

// How deep it went: calls itself until `depth` is 0.
madrpc.register('descend', async ({ depth }) => (depth === 0 ? 0 : 1 + (await madrpc.call('descend', { depth: depth - 1 }))));
madrpc.register('descend_sync', ({ depth }) => (depth === 0 ? 0 : 1 + madrpc.callSync('descend_sync', { depth: depth - 1 })));

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

madrpc.register('pause_idempotent', { idempotent: true }, async ({ ms }) => {
  await wait(ms);
  return 'done';
});
madrpc.register('pause', async ({ ms }) => {
  pausesBegun++;
  await wait(ms);
  return 'done';
});
madrpc.register('nested_pause', ({ ms }) => madrpc.call('pause', { ms }));
// Waits, then calls `calls` times, one after the other.
madrpc.register('call_later', async ({ calls, ms }) => {
  await wait(ms);
  for (let done = 0; done < calls; done++) await madrpc.call('square', { n: done });
  return calls;
});
madrpc.register('pauses_begun', () => pausesBegun);
madrpc.register('impatient', async ({ ms, timeoutMs }) => {
  try {
    return await madrpc.call('pause', { ms }, { timeoutMs });
  } catch (error) {
    return error.code;
  }
});
madrpc.register('left', (params, ctx) => ctx.deadline - Date.now());
madrpc.register('left_nested', () => madrpc.call('left'));
madrpc.register('limited', { timeoutMs: 50 }, async () => wait(20000));
madrpc.register('context', (params, ctx) => ({ id: ctx.id, method: ctx.method, trace: ctx.trace }));
madrpc.register('greet_elsewhere', (params) => madrpc.call('greet', params));
