// Node's `ws` package talks to a server: calls, a batch, a notification, events, a stream, a cancelled call, errors.
// Arguments: the folder with the package, and the server's URL.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createRequire } from 'node:module';

const [tools, url] = process.argv.slice(2);
const { WebSocket } = createRequire(`${tools}/`)('ws');

const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`);
const came = [];
socket.on('message', (data) => came.push(JSON.parse(data)));
await once(socket, 'open');

/** Takes the first message that fits out of those that came; waits for it. */
async function message(fits) {
  for (;;) {
    const at = came.findIndex(fits);
    if (at >= 0) return came.splice(at, 1)[0];
    await once(socket, 'message');
  }
}
const send = (...requests) => {
  const whole = requests.map((request) => ({ jsonrpc: '2.0', ...request }));
  socket.send(JSON.stringify(whole.length === 1 ? whole[0] : whole));
};
const answer = (id) => message((one) => one.id === id);

send({ id: 'a', method: 'greet', params: { name: 'Ada' } });
assert.equal((await answer('a')).result, 'Hello, Ada!');

send({ id: 1, method: 'greet', params: { name: 'B' } }, { method: 'greet', params: { name: 'C' } }, { id: 2, method: 'nowhere' });
const batch = await message(Array.isArray);
assert.deepEqual(batch.map(({ id, result, error }) => [id, result ?? error.code]).sort(), [[1, 'Hello, B!'], [2, -32601]]);

send({ id: 3, method: '_subscribe', params: { channel: 'news.*' } });
const { result: subscription } = await answer(3);
// A notification has no answer, but it has been done.
send({ method: '_publish', params: { channel: 'news.art', data: [1] } });
const event = await message((one) => one.method === '_event');
assert.deepEqual(event.params, { subscription, channel: 'news.art', data: [1] });
send({ id: 4, method: '_unsubscribe', params: { subscription } });
assert.equal((await answer(4)).result, true);

send({ id: 5, method: 'count_up', params: { to: 3 } });
assert.equal((await answer(5)).result, 'counted');
const items = came.filter((one) => one.method === '_stream').map(({ params }) => [params.id, params.seq, params.value.n]);
assert.deepEqual(items, [[5, 0, 0], [5, 1, 1], [5, 2, 2]]);

send({ id: 6, method: 'pause', params: { ms: 60000 } });
send({ method: '$/cancelRequest', params: { id: 6 } });
assert.equal((await answer(6)).error.code, -32800);

send({ id: 7, method: 'fail' });
const { error } = await answer(7);
assert.deepEqual([error.code, error.data.name], [-32000, 'RangeError']);
assert.match(error.data.stack, /dashboard\.js:\d+:\d+/);

socket.send('no JSON');
assert.equal((await answer(null)).error.code, -32700);
send({ id: 8, method: 'greet', params: { name: 'again' } });
assert.equal((await answer(8)).result, 'Hello, again!');

socket.close(1000);
const [code] = await once(socket, 'close');
assert.equal(code, 1000);
