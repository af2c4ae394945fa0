test('they run in order with promise jobs, before timers', async () => {
  const seen = [];
  setTimeout(() => seen.push('timer'), 0);
  queueMicrotask(() => seen.push('first'));
  Promise.resolve().then(() => seen.push('promise'));
  queueMicrotask(() => { seen.push('second'); queueMicrotask(() => seen.push('nested')); });
  seen.push('now');
  await sleep(10);
  equal(seen, ['now', 'first', 'promise', 'second', 'nested', 'timer']);
});
test('the callback gets nothing', async () => {
  const seen = await new Promise((done) => { queueMicrotask(function (...given) { done([given.length, this === undefined]); }); });
  equal(seen, [0, true]);
  same(queueMicrotask(() => {}), undefined);
});
test('a function is needed', () => {
  throws(() => queueMicrotask(), 'TypeError');
  throws(() => queueMicrotask('x = 1'), 'TypeError');
  throws(() => queueMicrotask({}), 'TypeError');
});
