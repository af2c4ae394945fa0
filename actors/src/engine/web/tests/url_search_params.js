test('from text', () => {
  for (const [text, pairs] of [['', []], ['?', []], ['a=1&b=2', [['a', '1'], ['b', '2']]], ['?a=1', [['a', '1']]], ['??a', [['?a', '']]], ['a&b=&=c&=', [['a', ''], ['b', ''], ['', 'c'], ['', '']]], ['a=b=c', [['a', 'b=c']]],
    ['a+b=%20%2B', [['a b', ' +']]], ['%', [['%', '']]], ['%ff', [['\ufffd', '']]], ['&&a', [['a', '']]], ['%F0%9F%98%80=x', [['😀', 'x']]]]) {
    equal([...new URLSearchParams(text)], pairs, text);
  }
  equal([...new URLSearchParams()], []);
  equal([...new URLSearchParams(undefined)], []);
  equal([...new URLSearchParams(null)], [['null', '']]);
  equal([...new URLSearchParams(5)], [['5', '']]);
});
test('from pairs', () => {
  equal([...new URLSearchParams([['a', 1], ['a', null]])], [['a', '1'], ['a', 'null']]);
  equal([...new URLSearchParams(new Map([['x', 'y']]))], [['x', 'y']]);
  equal([...new URLSearchParams(new URLSearchParams('a=1&a=2'))], [['a', '1'], ['a', '2']]);
  equal([...new URLSearchParams((function* () { yield new Set(['k', 'v']); })())], [['k', 'v']]);
  for (const init of [[['a']], [['a', 'b', 'c']], [[]], [5], [null]]) throws(() => new URLSearchParams(init), 'TypeError', JSON.stringify(init));
  throws(() => new URLSearchParams({ [Symbol.iterator]: 5 }), 'TypeError');
});
test('from a record', () => {
  equal([...new URLSearchParams({ b: 1, a: undefined, 2: 'x' })], [['2', 'x'], ['b', '1'], ['a', 'undefined']]);
  equal([...new URLSearchParams(Object.create({ inherited: 1 }, { hidden: { value: 1 } }))], []);
  equal([...new URLSearchParams({ '\ud800': 1, '\ud801': 2 })], [['\ufffd', '2']]);
  throws(() => new URLSearchParams({ a: Symbol() }), 'TypeError');
});
test('reading', () => {
  const params = new URLSearchParams('a=1&b=2&a=3');
  equal([params.get('a'), params.get('x'), params.getAll('a'), params.getAll('x'), params.has('b'), params.has('x'), params.size], ['1', null, ['1', '3'], [], true, false, 3]);
  equal([params.has('a', '3'), params.has('a', '2'), params.has('a', undefined)], [true, false, true]);
});
test('writing', () => {
  const params = new URLSearchParams('a=1&b=2&a=3&c=4&a=5');
  params.set('a', 'x');
  same(params.toString(), 'a=x&b=2&c=4');
  params.set('d', 1);
  params.append('d', 2);
  same(String(params), 'a=x&b=2&c=4&d=1&d=2');
  params.delete('d', '1');
  same(String(params), 'a=x&b=2&c=4&d=2');
  params.delete('d', undefined);
  params.delete('none');
  same(String(params), 'a=x&b=2&c=4');
});
test('what is written is encoded', () => {
  same(String(new URLSearchParams([['a b', "!'()~*-._"], ['ä', '\0&=+%\ud800']])), 'a+b=%21%27%28%29%7E*-._&%C3%A4=%00%26%3D%2B%25%EF%BF%BD');
});
test('sorting is by UTF-16 and stable', () => {
  const params = new URLSearchParams('z=1&ﬃ=2&🌈=3&a=4&z=0');
  params.sort();
  equal([...params], [['a', '4'], ['z', '1'], ['z', '0'], ['🌈', '3'], ['ﬃ', '2']]);
});
test('iteration', () => {
  const params = new URLSearchParams('a=1&b=2');
  equal([...params.keys()], ['a', 'b']);
  equal([...params.values()], ['1', '2']);
  equal([...params.entries()], [['a', '1'], ['b', '2']]);
  same(URLSearchParams.prototype[Symbol.iterator], URLSearchParams.prototype.entries);
  equal(Object.fromEntries(params), { a: '1', b: '2' });
  const seen = [];
  params.forEach(function (value, name, all) { seen.push([value, name, all === params, this.mark]); }, { mark: 7 });
  equal(seen, [['1', 'a', true, 7], ['2', 'b', true, 7]]);
  throws(() => params.forEach(), 'TypeError');
  throws(() => params.forEach('x'), 'TypeError');
  const iterator = params.keys();
  same(iterator[Symbol.iterator](), iterator);
  equal([iterator.next(), iterator.next(), iterator.next(), iterator.next()], [{ value: 'a', done: false }, { value: 'b', done: false }, { done: true }, { done: true }].map((step) => ({ value: undefined, ...step })));
  throws(() => iterator.next.call({}), 'TypeError');
  ok(typeof iterator.map === 'function', 'iterators have the helpers of their kind');
});
test('iteration is live', () => {
  const params = new URLSearchParams('a=1&b=2&c=3');
  const seen = [];
  for (const [name] of params) {
    seen.push(name);
    if (name === 'a') params.delete('a');
    if (name === 'c') params.append('d', 4);
  }
  equal(seen, ['a', 'c', 'd']);
});
test('arguments are needed', () => {
  const params = new URLSearchParams();
  for (const [method, count] of [['append', 2], ['delete', 1], ['get', 1], ['getAll', 1], ['has', 1], ['set', 2]]) {
    throws(() => params[method](...Array(count - 1).fill('x')), 'TypeError', method);
    same(params[method].length, count, method);
  }
  throws(() => URLSearchParams(), 'TypeError');
  throws(() => URLSearchParams.prototype.get.call({}, 'a'), 'TypeError');
});
