test('listeners are called in order, each once', () => {
  const target = new EventTarget();
  const seen = [];
  const first = function (event) { seen.push(['first', this === target, event.type, event.target === target, event.currentTarget === target, event.eventPhase]); };
  target.addEventListener('x', first);
  target.addEventListener('x', first);
  target.addEventListener('x', { handleEvent(event) { seen.push(['object', typeof this.handleEvent, event.type]); } });
  target.addEventListener('y', () => seen.push('never'));
  target.addEventListener('x', null);
  const event = new Event('x');
  same(target.dispatchEvent(event), true);
  equal(seen, [['first', true, 'x', true, true, 2], ['object', 'function', 'x']]);
  equal([event.target === target, event.currentTarget, event.eventPhase], [true, null, 0]);
});
test('capturing listeners come first', () => {
  const target = new EventTarget();
  const seen = [];
  target.addEventListener('x', () => seen.push('bubble'));
  target.addEventListener('x', () => seen.push('capture'), true);
  target.dispatchEvent(new Event('x'));
  equal(seen, ['capture', 'bubble']);
});
test('removing', () => {
  const target = new EventTarget();
  const seen = [];
  const listener = () => seen.push('x');
  const late = () => seen.push('late');
  target.addEventListener('x', listener, { capture: true });
  target.removeEventListener('x', listener);
  target.dispatchEvent(new Event('x'));
  target.removeEventListener('x', listener, true);
  target.dispatchEvent(new Event('x'));
  target.addEventListener('y', () => target.removeEventListener('y', late));
  target.addEventListener('y', late);
  target.addEventListener('y', () => target.addEventListener('y', () => seen.push('too late')));
  target.dispatchEvent(new Event('y'));
  equal(seen, ['x']);
});
test('once', () => {
  const target = new EventTarget();
  let count = 0;
  target.addEventListener('x', () => { count++; target.dispatchEvent(new Event('x')); }, { once: true });
  target.dispatchEvent(new Event('x'));
  target.dispatchEvent(new Event('x'));
  same(count, 1);
});
test('a signal removes a listener', () => {
  const target = new EventTarget();
  const controller = new AbortController();
  let count = 0;
  target.addEventListener('x', () => count++, { signal: controller.signal });
  target.dispatchEvent(new Event('x'));
  controller.abort();
  target.dispatchEvent(new Event('x'));
  target.addEventListener('x', () => count++, { signal: controller.signal });
  target.dispatchEvent(new Event('x'));
  same(count, 1);
  throws(() => target.addEventListener('x', () => 1, { signal: null }), 'TypeError');
  throws(() => target.addEventListener('x', () => 1, { signal: {} }), 'TypeError');
});
test('cancelling', () => {
  const run = (options, listener, listenerOptions) => {
    const target = new EventTarget();
    const event = new Event('x', options);
    target.addEventListener('x', listener, listenerOptions);
    const result = target.dispatchEvent(event);
    return [result, event.defaultPrevented, event.returnValue];
  };
  equal(run({ cancelable: true }, (event) => event.preventDefault()), [false, true, false]);
  equal(run({ cancelable: true }, (event) => { event.returnValue = false; }), [false, true, false]);
  equal(run({}, (event) => event.preventDefault()), [true, false, true]);
  equal(run({ cancelable: true }, (event) => event.preventDefault(), { passive: true }), [true, false, true]);
});
test('stopping', () => {
  const target = new EventTarget();
  const seen = [];
  target.addEventListener('x', (event) => { seen.push(1); event.stopPropagation(); });
  target.addEventListener('x', (event) => { seen.push(2, event.cancelBubble); event.stopImmediatePropagation(); });
  target.addEventListener('x', () => seen.push(3));
  target.dispatchEvent(new Event('x'));
  equal(seen, [1, 2, true]);
});
test('an event', () => {
  const event = new Event('x', { bubbles: true, composed: 1 });
  equal([event.type, event.bubbles, event.cancelable, event.composed, event.isTrusted, event.target, event.srcElement, event.composedPath(), event.eventPhase], ['x', true, false, true, false, null, null, [], 0]);
  ok(event.timeStamp > 0 && event.timeStamp <= performance.now());
  equal([Event.AT_TARGET, event.BUBBLING_PHASE, Event.NONE], [2, 3, 0]);
  same(new Event(undefined).type, 'undefined');
  throws(() => { event.type = 'y'; }, 'TypeError');
});
test('what is refused', () => {
  const target = new EventTarget();
  throws(() => new Event(), 'TypeError');
  throws(() => Event('x'), 'TypeError');
  throws(() => new Event('x', 5), 'TypeError');
  throws(() => target.dispatchEvent({ type: 'x' }), 'TypeError');
  throws(() => target.dispatchEvent(), 'TypeError');
  throws(() => target.addEventListener('x'), 'TypeError');
  throws(() => target.addEventListener('x', 5), 'TypeError');
  throws(() => EventTarget.prototype.addEventListener.call({}, 'x', () => 1), 'TypeError');
  const event = new Event('x');
  target.addEventListener('x', () => throws(() => target.dispatchEvent(event), 'InvalidStateError'));
  target.dispatchEvent(event);
  target.dispatchEvent(event);
});
test('classes extend EventTarget', () => {
  class Own extends EventTarget { fire() { return this.dispatchEvent(new Event('own')); } }
  const own = new Own();
  let seen = 0;
  own.addEventListener('own', () => seen++);
  own.fire();
  same(seen, 1);
});
