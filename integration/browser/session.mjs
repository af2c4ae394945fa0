// A page of an origin that the server allows opens a WebSocket itself: calls, events, a stream, and a key.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { given, withPage } from './chromium.mjs';

const site = createServer((request, response) => {
  response.setHeader('content-type', 'text/html');
  response.end('<!doctype html><link rel="icon" href="data:,"><title>app</title>');
});
await new Promise((resolve) => site.listen(given.port, '127.0.0.1', resolve));

/** Runs in the page. Everything that came, in its order. */
async function talk({ url, protocols }) {
  const socket = new WebSocket(url, protocols);
  const came = [];
  let arrived = () => {};
  socket.onmessage = ({ data }) => { came.push(JSON.parse(data)); arrived(); };
  await new Promise((resolve, reject) => { socket.onopen = resolve; socket.onclose = () => reject(new Error('refused')); });
  const message = async (fits) => {
    while (!came.some(fits)) await new Promise((resolve) => { arrived = resolve; });
    return came.find(fits);
  };
  const send = (id, method, params) => socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
  const answer = (id) => message((one) => one.id === id && !one.method);

  send(1, 'pause', { ms: 50 });
  send(2, 'greet', { name: 'Ada' });
  const greeting = await answer(2);
  const paused = await answer(1);
  send(3, '_subscribe', { channel: 'news.*' });
  const { result: subscription } = await answer(3);
  send(4, '_publish', { channel: 'news.art', data: { title: 'A new museum' } });
  const event = await message((one) => one.method === '_event');
  const { result: receivers } = await answer(4);
  send(5, 'count_up', { to: 3 });
  const counted = await answer(5);
  const items = came.filter((one) => one.method === '_stream' && one.params.id === 5).map((one) => one.params);
  const order = came.filter((one) => one.id === 1 || one.id === 2).map((one) => one.id);
  socket.close();
  return { greeting, paused, order, subscription, event: event.params, receivers, items, counted, protocol: socket.protocol };
}

await withPage(async (page) => {
  await page.goto(`http://127.0.0.1:${given.port}/`);
  const key = Buffer.from(given.key).toString('base64url');
  const url = given.url.replace('http', 'ws') + '/ws';
  const seen = await page.evaluate(talk, { url, protocols: ['madrpc', `madrpc.key.${key}`] });
  assert.equal(seen.protocol, 'madrpc', 'the key is not sent back');
  assert.equal(seen.greeting.result, 'Hello, Ada!');
  assert.equal(seen.paused.result, 'done');
  assert.deepEqual(seen.order, [2, 1], 'the quick one first');
  assert.deepEqual(seen.event, { subscription: seen.subscription, channel: 'news.art', data: { title: 'A new museum' } });
  assert.equal(seen.receivers, 1);
  assert.deepEqual(seen.items.map(({ seq, value }) => [seq, value.n]), [[0, 0], [1, 1], [2, 2]]);
  assert.equal(seen.counted.result, 'counted');
  for (const protocols of [[], ['madrpc'], ['madrpc', 'madrpc.key.bm9uZQ']]) {
    await assert.rejects(page.evaluate(talk, { url, protocols }), /refused/, `${protocols} opens nothing`);
  }
  // The same address by another name is another origin, which is not allowed.
  await page.goto(`http://localhost:${given.port}/`);
  await assert.rejects(page.evaluate(talk, { url, protocols: ['madrpc', `madrpc.key.${key}`] }), /refused/);
});
site.close();
site.closeAllConnections();
