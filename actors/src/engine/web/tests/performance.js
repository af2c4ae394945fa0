test('now never goes back and counts milliseconds', async () => {
  const first = performance.now();
  ok(typeof first === 'number' && first > 0);
  let last = first;
  for (let count = 0; count < 1000; count++) {
    const now = performance.now();
    ok(now >= last);
    last = now;
  }
  await sleep(20);
  const slept = performance.now() - last;
  ok(slept >= 19 && slept < 5000, slept);
});
test('timeOrigin is in milliseconds since 1970', () => {
  const difference = Date.now() - (performance.timeOrigin + performance.now());
  ok(Math.abs(difference) < 2000, difference);
  equal(performance.toJSON(), { timeOrigin: performance.timeOrigin });
});
test('members need the object', () => {
  throws(() => performance.now.call({}), 'TypeError');
  throws(() => { performance.timeOrigin = 1; }, 'TypeError');
  throws(() => new Performance(), 'TypeError');
  ok(performance instanceof Performance);
});
