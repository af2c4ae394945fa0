'use strict';
// What the soak test calls. `put` tells a recorder each time that it begins: what runs twice is found out even if the
// node that ran it is gone.

let slowUntil = 0;
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const work = (ms) => wait(Date.now() < slowUntil ? ms + 200 : ms);

madrpc.register('get', { idempotent: true }, async ({ n, ms }) => {
  await work(ms);
  return n * 2;
});

madrpc.register('get_hedged', { idempotent: true, hedge: true }, async ({ n, ms }) => {
  await work(ms);
  return n * 2;
});

madrpc.register('put', async ({ id, ms, recorder }) => {
  await fetch(`${recorder}/${id}`);
  await work(ms);
  return id;
});

madrpc.register('fan_out', { idempotent: true }, async ({ n, ms }) => {
  const calls = Array.from({ length: n }, (_, index) => madrpc.call('get', { n: index, ms }));
  return (await Promise.all(calls)).reduce((total, value) => total + value, 0);
});

madrpc.register('be_slow', ({ ms }) => {
  slowUntil = Date.now() + ms;
});
