test('defaults', async () => {
  const response = new Response();
  equal([response.status, response.ok, response.statusText, response.type, response.url, response.redirected, response.bodyUsed, [...response.headers]], [200, true, '', 'default', '', false, false, []]);
  same(await response.text(), '');
  same(response.bodyUsed, false);
  same(await response.text(), '');
});
test('options', () => {
  const response = new Response('x', { status: 404, statusText: 'Gone fishing', headers: { 'X-A': 1 } });
  equal([response.status, response.ok, response.statusText, response.headers.get('x-a')], [404, false, 'Gone fishing', '1']);
  for (const status of [199, 600, 0, 101, -1, 'x']) throws(() => new Response(null, { status }), 'RangeError', status);
  for (const status of [204, 205, 304]) {
    throws(() => new Response('', { status }), 'TypeError', status);
    same(new Response(null, { status }).status, status);
  }
  for (const statusText of ['a\nb', '\0', '\u0100']) throws(() => new Response('', { statusText }), 'TypeError');
  throws(() => new Response('', 5), 'TypeError');
  throws(() => new Response('', { headers: null }), 'TypeError');
  throws(() => Response(), 'TypeError');
  same(new Response(null, null).status, 200);
});
test('bodies', async () => {
  const type = (body) => new Response(body).headers.get('content-type');
  equal([type('x'), type(new URLSearchParams('a=b c')), type(new Uint8Array(1)), type(null), type(5)], ['text/plain;charset=UTF-8', 'application/x-www-form-urlencoded;charset=UTF-8', null, null, 'text/plain;charset=UTF-8']);
  same(new Response('x', { headers: { 'Content-Type': 'own' } }).headers.get('content-type'), 'own');
  same(await new Response('aé😀\ud800').text(), 'aé😀\ufffd');
  same(await new Response(new URLSearchParams({ a: 'b c' })).text(), 'a=b+c');
  same(await new Response(new Uint8Array([0xef, 0xbb, 0xbf, 97, 0xff])).text(), 'a\ufffd');
  equal(bytes(await new Response(new Uint8Array([1, 2, 3]).subarray(1)).arrayBuffer()), [2, 3]);
  const read = await new Response(new Uint8Array([1, 2]).buffer).bytes();
  ok(read instanceof Uint8Array);
  equal(bytes(read), [1, 2]);
  equal(await new Response('{"a":[1]}').json(), { a: [1] });
  await rejects(new Response('{').json(), 'SyntaxError');
  await rejects(new Response('').json(), 'SyntaxError');
  const source = new Uint8Array([1]);
  const copied = new Response(source);
  source[0] = 2;
  equal(bytes(await copied.bytes()), [1]);
});
test('a body is read once', async () => {
  for (const method of ['text', 'json', 'arrayBuffer', 'bytes']) {
    const response = new Response('1');
    const first = response[method]();
    same(response.bodyUsed, true);
    await first;
    await rejects(response.text(), 'TypeError', method);
    throws(() => response.clone(), 'TypeError', method);
  }
  await rejects(Response.prototype.text.call({}), 'TypeError');
});
test('clone', async () => {
  const response = new Response('x', { status: 201, headers: { a: 1 } });
  const copy = response.clone();
  copy.headers.set('a', 2);
  equal([await response.text(), copy.bodyUsed, await copy.text(), copy.status, response.headers.get('a')], ['x', false, 'x', 201, '1']);
});
test('json', async () => {
  const response = Response.json({ a: [1, undefined] }, { status: 201, headers: { b: 'c' } });
  equal([response.status, response.headers.get('content-type'), response.headers.get('b'), await response.text()], [201, 'application/json', 'c', '{"a":[1,null]}']);
  same(Response.json(1, { headers: { 'content-type': 'own' } }).headers.get('content-type'), 'own');
  for (const value of [undefined, () => 1, Symbol(), 1n]) throws(() => Response.json(value), 'TypeError');
  const thrown = new Error('x');
  throws(() => Response.json({ get a() { throw thrown; } }), thrown);
  throws(() => Response.json(), 'TypeError');
  throws(() => Response.json(1, { status: 204 }), 'TypeError');
});
test('error and redirect', () => {
  const error = Response.error();
  equal([error.type, error.status, error.ok, error.statusText], ['error', 0, false, '']);
  throws(() => error.headers.set('a', 'b'), 'TypeError');
  throws(() => error.headers.delete('a'), 'TypeError');
  throws(() => error.clone().headers.append('a', 'b'), 'TypeError');
  const redirect = Response.redirect('http://a/ä', 308);
  equal([redirect.status, redirect.headers.get('location')], [308, 'http://a/%C3%A4']);
  same(Response.redirect('http://a').status, 302);
  throws(() => redirect.headers.set('location', 'http://b'), 'TypeError');
  for (const status of [200, 300, 304, 400]) throws(() => Response.redirect('http://a', status), 'RangeError', status);
  throws(() => Response.redirect('/x'), 'TypeError');
  throws(() => Response.redirect(), 'TypeError');
});
