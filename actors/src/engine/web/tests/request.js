test('defaults', async () => {
  const request = new Request('HTTP://A/x#f');
  equal([request.method, request.url, request.redirect, request.bodyUsed, [...request.headers], request.signal.aborted], ['GET', 'http://a/x#f', 'follow', false, [], false]);
  ok(request.signal instanceof AbortSignal);
  same(await request.text(), '');
  same(new Request(new URL('http://a/b')).url, 'http://a/b');
});
test('options', async () => {
  const request = new Request('http://a', { method: 'post', body: 'x', headers: [['X-A', '1']], redirect: 'manual' });
  equal([request.method, request.redirect, request.headers.get('x-a'), request.headers.get('content-type'), await request.text()], ['POST', 'manual', '1', 'text/plain;charset=UTF-8', 'x']);
  equal(['get', 'Put', 'delete', 'patch', 'X-own'].map((method) => new Request('http://a', { method }).method), ['GET', 'PUT', 'DELETE', 'patch', 'X-own']);
  same(new Request('http://a', { body: null }).bodyUsed, false);
  same(new Request('http://a', null).method, 'GET');
});
test('what is refused', () => {
  for (const url of ['', '/x', 'x', 'http://', 'http://u@a/', 'http://u:p@a/', 'http://:p@a/']) throws(() => new Request(url), 'TypeError', url);
  for (const method of ['', 'a b', 'CONNECT', 'trace', 'Track', 'ä', 'GET\n']) throws(() => new Request('http://a', { method }), 'TypeError', method);
  for (const method of ['GET', 'HEAD', undefined]) throws(() => new Request('http://a', { method, body: '' }), 'TypeError', method);
  for (const redirect of ['', 'x', null]) throws(() => new Request('http://a', { redirect }), 'TypeError', redirect);
  for (const signal of [5, {}, new AbortController()]) throws(() => new Request('http://a', { signal }), 'TypeError');
  throws(() => new Request(), 'TypeError');
  throws(() => Request('http://a'), 'TypeError');
  throws(() => new Request('http://a', 5), 'TypeError');
  throws(() => new Request('http://a', { headers: 5 }), 'TypeError');
});
test('headers of the transport are passed over', () => {
  const request = new Request('http://a', { headers: { Host: 'b', 'Content-Length': 5, 'Transfer-Encoding': 'chunked', Connection: 'close', Cookie: 'kept', 'X-A': 1 } });
  equal([...request.headers], [['cookie', 'kept'], ['x-a', '1']]);
  request.headers.set('Upgrade', 'x');
  request.headers.append('TE', 'x');
  equal([...request.headers.keys()], ['cookie', 'x-a']);
});
test('from another request', async () => {
  const first = new Request('http://a', { method: 'PUT', body: 'x', headers: { a: 1 }, redirect: 'error' });
  const second = new Request(first, { headers: { b: 2 } });
  equal([second.method, second.url, second.redirect, second.headers.has('a'), second.headers.get('b'), first.bodyUsed], ['PUT', 'http://a/', 'error', false, '2', true]);
  same(await second.text(), 'x');
  throws(() => new Request(first), 'TypeError');
  same(await new Request(first, { body: 'new' }).text(), 'new');
  throws(() => new Request(new Request('http://a', { method: 'POST', body: 'x' }), { method: 'GET' }), 'TypeError');
  same(new Request(new Request('http://a', { headers: { a: 1 } })).headers.get('a'), '1');
});
test('clone', async () => {
  const request = new Request('http://a', { method: 'POST', body: 'x', headers: { a: 1 } });
  const copy = request.clone();
  copy.headers.set('a', 2);
  copy.headers.set('host', 'b');
  equal([await request.text(), await copy.text(), request.headers.get('a'), copy.headers.get('host')], ['x', 'x', '1', null]);
  throws(() => request.clone(), 'TypeError');
});
test('the signal follows', () => {
  const controller = new AbortController();
  const request = new Request('http://a', { signal: controller.signal });
  const second = new Request(request);
  const copy = request.clone();
  const without = new Request(request, { signal: null });
  ok(request.signal !== controller.signal);
  controller.abort(5);
  equal([request.signal.reason, second.signal.reason, copy.signal.reason, without.signal.aborted], [5, 5, 5, false]);
  ok(new Request('http://a', { signal: AbortSignal.abort() }).signal.aborted);
});
