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
test('all of them run before the next timer, however many they are', async () => {
  const seen = [];
  const until = performance.now() + 12;
  const again = () => queueMicrotask(() => { if (performance.now() < until) again(); else seen.push('last'); });
  setTimeout(() => { seen.push('first timer'); again(); }, 0);
  await new Promise((done) => { setTimeout(() => { seen.push('second timer'); done(); }, 0); });
  equal(seen, ['first timer', 'last', 'second timer']);
});
test('timers that are due at once run in the order in which they were set', async () => {
  const seen = [];
  for (let i = 0; i < 5; i++) setTimeout(() => { seen.push(i); Promise.resolve().then(() => seen.push(`after ${i}`)); }, i % 2);
  await new Promise((done) => { setTimeout(done, 2); });
  equal(seen, [0, 'after 0', 1, 'after 1', 2, 'after 2', 3, 'after 3', 4, 'after 4']);
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
