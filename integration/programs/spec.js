'use strict';
// The methods that the examples of the JSON-RPC 2.0 specification, section 7, call; and some that show what arrives.

let notified = 0;

madrpc.register('subtract', (params) => {
  const [minuend, subtrahend] = Array.isArray(params) ? params : [params.minuend, params.subtrahend];
  return minuend - subtrahend;
});
madrpc.register('sum', (numbers) => numbers.reduce((total, number) => total + number, 0));
madrpc.register('get_data', () => ['hello', 5]);
madrpc.register('update', () => void notified++);
madrpc.register('notify_sum', () => void notified++);
madrpc.register('notify_hello', () => void notified++);
madrpc.register('notified', () => notified);

madrpc.register('echo', (params) => params);
madrpc.register('arrived_as', (params) => (Array.isArray(params) ? 'array' : typeof params));
madrpc.register('nothing', () => undefined);
madrpc.register('fail', () => {
  throw new Error('failed');
});
madrpc.register('wait_ms', async ({ ms, value }) => {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return value;
});
madrpc.register('spaced name/ä', () => 'found');
