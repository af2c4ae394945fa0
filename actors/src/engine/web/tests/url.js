test('the parts of a URL', () => {
  const url = new URL('https://user:pass@Example.ORG:8443/a/../b c?x=1&y=%20#frag');
  equal([url.href, url.protocol, url.username, url.password, url.host, url.hostname, url.port, url.pathname, url.search, url.hash, url.origin],
    ['https://user:pass@example.org:8443/b%20c?x=1&y=%20#frag', 'https:', 'user', 'pass', 'example.org:8443', 'example.org', '8443', '/b%20c', '?x=1&y=%20', '#frag', 'https://example.org:8443']);
  same(String(url), url.href);
  same(url.toJSON(), url.href);
  same(JSON.stringify({ url }), `{"url":"${url.href}"}`);
  same(Object.prototype.toString.call(url), '[object URL]');
});
test('what is normalised', () => {
  for (const [text, href] of [['HTTP://a:80', 'http://a/'], ['http://a/%7Eb/./c/..', 'http://a/%7Eb/'], [' http://a\n', 'http://a/'], ['http://bücher.example', 'http://xn--bcher-kva.example/'],
    ['http://[::1]:1/', 'http://[::1]:1/'], ['http://0x7f.1/', 'http://127.0.0.1/'], ['http:\\\\a\\b', 'http://a/b'], ['mailto:a@b', 'mailto:a@b'], ['data:text/plain,x y', 'data:text/plain,x y']]) {
    same(new URL(text).href, href, text);
  }
});
test('relative to a base', () => {
  for (const [text, base, href] of [['x', 'http://a/b/c', 'http://a/b/x'], ['/x', 'http://a/b/c', 'http://a/x'], ['?q', 'http://a/b', 'http://a/b?q'], ['//h/x', 'https://a/', 'https://h/x'], ['#f', 'mailto:x', 'mailto:x#f'], ['', 'http://a/b?q#f', 'http://a/b?q'], ['ftp://z/', 'http://a', 'ftp://z/']]) {
    same(new URL(text, base).href, href, `${text} at ${base}`);
    same(new URL(text, new URL(base)).href, href);
  }
});
test('what is no URL', () => {
  for (const text of ['', 'x', '/x', 'http://', 'http://a:99999', 'http://a b/', 'http://[::g]', 'http://%zz/', 'http://1.2.3.256/', 'http://a\u0000b/']) {
    throws(() => new URL(text), 'TypeError', text);
    same(URL.canParse(text), false, text);
    same(URL.parse(text), null, text);
  }
  throws(() => new URL('x', 'y'), 'TypeError');
  throws(() => new URL('x', 'mailto:a'), 'TypeError');
  throws(() => new URL(), 'TypeError');
  throws(() => URL.canParse(), 'TypeError');
  throws(() => URL('http://a'), 'TypeError');
  throws(() => new URL(Symbol()), 'TypeError');
});
test('canParse and parse', () => {
  same(URL.canParse('http://a'), true);
  same(URL.canParse('x', 'http://a'), true);
  same(URL.canParse('x', 'y'), false);
  ok(URL.parse('x', 'http://a') instanceof URL);
  same(URL.parse('x', 'http://a/b').href, 'http://a/x');
});
test('setters', () => {
  const set = (href, member, value) => { const url = new URL(href); url[member] = value; return url.href; };
  for (const [href, member, value, expected] of [
    ['http://a/', 'protocol', 'https', 'https://a/'], ['http://a/', 'protocol', 'mailto', 'http://a/'], ['http://a/', 'username', 'u:', 'http://u%3A@a/'], ['http://a/', 'password', 'p', 'http://:p@a/'],
    ['http://a/', 'host', 'b:81', 'http://b:81/'], ['http://a:1/', 'hostname', 'b', 'http://b:1/'], ['http://a:1/', 'port', '', 'http://a/'], ['http://a/', 'port', '80', 'http://a/'], ['http://a/', 'port', '8x', 'http://a:8/'],
    ['http://a/', 'port', 'x', 'http://a/'], ['http://a/', 'pathname', 'x y', 'http://a/x%20y'], ['http://a/?x', 'search', '', 'http://a/'], ['http://a/', 'search', 'q#', 'http://a/?q%23'], ['http://a/#f', 'hash', '', 'http://a/'],
    ['http://a/', 'hash', 'x', 'http://a/#x'], ['http://a/', 'href', 'http://b/c', 'http://b/c'], ['mailto:x', 'host', 'b', 'mailto:x'],
  ]) same(set(href, member, value), expected, `${href} ${member} = ${value}`);
  throws(() => set('http://a/', 'href', 'x'), 'TypeError');
  throws(() => { new URL('http://a').origin = 'http://b'; }, 'TypeError');
});
test('origins', () => {
  for (const [href, origin] of [['http://a:80/x', 'http://a'], ['https://a:444', 'https://a:444'], ['data:,x', 'null'], ['file:///x', 'null'], ['blob:https://a/x', 'https://a']]) same(new URL(href).origin, origin, href);
});
test('searchParams is live in both directions', () => {
  const url = new URL('http://a/?x=1&y=2');
  const params = url.searchParams;
  ok(params instanceof URLSearchParams);
  same(url.searchParams, params);
  params.append('z', 'ä &');
  same(url.href, 'http://a/?x=1&y=2&z=%C3%A4+%26');
  params.delete('x');
  params.set('y', '3');
  same(url.search, '?y=3&z=%C3%A4+%26');
  url.search = '?new=1';
  equal([...params], [['new', '1']]);
  url.href = 'http://b/?other=2';
  equal([...params], [['other', '2']]);
  params.delete('other');
  same(url.href, 'http://b/');
  url.hash = '#f';
  params.append('q', '1');
  same(url.href, 'http://b/?q=1#f');
  params.sort();
  throws(() => { url.searchParams = 1; }, 'TypeError');
});
test('lone surrogates become U+FFFD', () => same(new URL('http://a/\ud800').pathname, '/%EF%BF%BD'));
test('members need the object', () => {
  throws(() => Object.getOwnPropertyDescriptor(URL.prototype, 'href').get.call({}), 'TypeError');
  throws(() => URL.prototype.toString.call(new URLSearchParams()), 'TypeError');
});
test('it can be extended', () => {
  class Own extends URL { get last() { return this.pathname.split('/').pop(); } }
  const own = new Own('http://a/b/c');
  ok(own instanceof URL && own.last === 'c');
});
