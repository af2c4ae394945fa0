test('names are case-insensitive and values are trimmed', () => {
  const headers = new Headers({ 'X-A': ' 1\t', b: 2 });
  headers.append('x-a', '\n3 ');
  headers.set('B', 'x');
  equal([headers.get('X-a'), headers.get('b'), headers.get('c'), headers.has('B'), headers.has('c')], ['1, 3', 'x', null, true, false]);
  headers.delete('X-A');
  same(headers.has('x-a'), false);
  headers.append('m', 1); headers.append('n', 0); headers.append('m', 2); headers.append('M', 3);
  headers.set('m', 'only');
  equal([...headers], [['b', 'x'], ['m', 'only'], ['n', '0']]);
});
test('from lists, objects and headers', () => {
  equal([...new Headers([['b', '1'], ['a', '2'], ['B', '3']])], [['a', '2'], ['b', '1, 3']]);
  equal([...new Headers(new Headers({ a: 1 }))], [['a', '1']]);
  equal([...new Headers(new Map([['a', 'x']]))], [['a', 'x']]);
  equal([...new Headers()], []);
  equal([...new Headers(undefined)], []);
  for (const init of [null, 5, 'a: b', [['a']], [['a', 'b', 'c']], ['ab'], { a: Symbol() }]) throws(() => new Headers(init), 'TypeError', typeof init);
});
test('iteration is sorted; cookies stay apart', () => {
  const headers = new Headers([['set-cookie', 'a=1'], ['z', '1'], ['Set-Cookie', 'b=2'], ['a', 'x']]);
  equal([...headers.entries()], [['a', 'x'], ['set-cookie', 'a=1'], ['set-cookie', 'b=2'], ['z', '1']]);
  equal([...headers.keys()], ['a', 'set-cookie', 'set-cookie', 'z']);
  equal([...headers.values()], ['x', 'a=1', 'b=2', '1']);
  equal(headers.getSetCookie(), ['a=1', 'b=2']);
  same(headers.get('set-cookie'), 'a=1, b=2');
  const seen = [];
  headers.forEach((value, name, all) => seen.push([name, value, all === headers]));
  equal(seen[0], ['a', 'x', true]);
});
test('what is no header', () => {
  const headers = new Headers();
  for (const name of ['', ' a', 'a b', 'a:', 'ä', 'a\n', '\0']) {
    for (const body of [() => headers.append(name, 'x'), () => headers.set(name, 'x'), () => headers.get(name), () => headers.has(name), () => headers.delete(name)]) throws(body, 'TypeError', JSON.stringify(name));
  }
  for (const value of ['a\nb', 'a\rb', 'a\0', '\u0100', '\ud800']) {
    throws(() => headers.append('a', value), 'TypeError', JSON.stringify(value));
    throws(() => headers.set('a', value), 'TypeError', JSON.stringify(value));
  }
  headers.set('a', '\xff');
  same(headers.get('a'), '\xff');
  for (const [method, count] of [['append', 2], ['delete', 1], ['get', 1], ['has', 1], ['set', 2]]) throws(() => headers[method](...Array(count - 1).fill('x')), 'TypeError', method);
  throws(() => Headers.prototype.get.call({}, 'a'), 'TypeError');
});
test('their number is bounded', () => {
  const headers = new Headers();
  for (let count = 0; count < 1024; count++) headers.append('a', 'x');
  throws(() => headers.append('a', 'x'), 'QuotaExceededError');
  throws(() => headers.set('b', 'x'), 'QuotaExceededError');
  headers.set('a', 'y');
  headers.set('b', 'x');
});
