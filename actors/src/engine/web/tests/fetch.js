// The host answers `http://echo/…` with what it was sent, as JSON, `http://fail/…` with a failure, `http://bytes/`
// with bytes that are no UTF-8, `http://empty/` without a body, and `http://wait/` never.
const sent = async (...args) => (await fetch(...args)).json();

test('what is sent', async () => {
  equal(await sent('http://echo/a?b#c'), { body: null, headers: [], method: 'GET', redirect: 'follow', url: 'http://echo/a?b#c' });
  equal(await sent(new URL('http://echo/'), { method: 'post', body: 'ä', redirect: 'manual', headers: { 'X-A': '1', Host: 'b' } }),
    { body: 'ä', headers: [['x-a', '1'], ['content-type', 'text/plain;charset=UTF-8']], method: 'POST', redirect: 'manual', url: 'http://echo/' });
  equal((await sent('http://echo/', { method: 'PUT', body: '' })).body, '');
  const request = new Request('http://echo/r', { method: 'PATCH', body: new Uint8Array([97, 98]), headers: { b: 2 } });
  const echoed = await sent(request, { redirect: 'error' });
  equal([echoed.method, echoed.body, echoed.headers, echoed.redirect], ['PATCH', 'ab', [['b', '2']], 'error']);
  ok(request.bodyUsed);
  await rejects(fetch(request), 'TypeError');
});
test('what comes', async () => {
  const response = await fetch('http://echo/x#y', { method: 'DELETE' });
  ok(response instanceof Response);
  equal([response.status, response.ok, response.statusText, response.type, response.url, response.redirected, response.bodyUsed],
    [201, true, 'Created', 'basic', 'http://echo/x', true, false]);
  equal([...response.headers], [['content-type', 'application/json'], ['set-cookie', 'a=1'], ['set-cookie', 'b=2'], ['x-a', '1, 2']]);
  throws(() => response.headers.set('a', 'b'), 'TypeError');
  same((await response.clone().json()).method, 'DELETE');
  same(typeof (await response.text()), 'string');
  await rejects(response.text(), 'TypeError');
  equal(bytes(await (await fetch('http://bytes/')).arrayBuffer()), [0, 255, 10]);
  equal(bytes(await (await fetch('http://bytes/')).bytes()), [0, 255, 10]);
  const empty = await fetch('http://empty/');
  equal([empty.status, await empty.text(), empty.bodyUsed], [204, '', false]);
});
test('failures are TypeErrors', async () => {
  await rejects(fetch('http://fail/'), 'TypeError');
  let error;
  try { await fetch('http://fail/why'); } catch (thrown) { error = thrown; }
  same(error.message, 'fetch failed: because of /why');
});
test('what is wrong rejects and does not throw', async () => {
  for (const args of [[], ['/x'], ['http://u:p@echo/'], ['http://echo/', { method: 'TRACE' }], ['http://echo/', { body: 'x' }],
    ['http://echo/', { signal: {} }], ['http://echo/', 5], ['http://echo/', { method: 'POST', body: 'x'.repeat((1 << 20) + 1) }]]) {
    const promise = fetch(...args);
    ok(promise instanceof Promise);
    await rejects(promise, 'TypeError', show(args));
  }
  await rejects(fetch({ toString() { throw 7; } }), 7);
  await rejects(fetch(Symbol('x')), 'TypeError');
  same(fetch.length, 1);
  throws(() => new fetch('http://echo/'), 'TypeError');
});
test('a signal calls it off', async () => {
  const reason = { why: 1 };
  await rejects(fetch('http://echo/', { signal: AbortSignal.abort(reason) }), reason);
  const controller = new AbortController();
  const waits = [fetch('http://wait/', { signal: controller.signal }), fetch(new Request('http://wait/', { signal: controller.signal }))];
  const done = await fetch('http://echo/', { signal: controller.signal });
  controller.abort(reason);
  for (const wait of waits) await rejects(wait, reason);
  same((await done.json()).method, 'GET');
  await rejects(fetch('http://wait/', { signal: AbortSignal.timeout(1) }), 'TimeoutError');
  const early = new AbortController();
  const never = fetch('http://echo/never', { signal: early.signal });
  early.abort();
  await rejects(never, 'AbortError');
});
test('many at once', async () => {
  const all = await Promise.all(Array.from({ length: 500 }, (_, i) => sent(`http://echo/${i}`)));
  all.forEach((one, i) => same(one.url, `http://echo/${i}`));
});
