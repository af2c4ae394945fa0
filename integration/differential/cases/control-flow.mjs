// How statements end, and what is closed when they do.

export const controlFlow = {
  'a throw out of for-in inside for-of'() {
    const seen = [];
    for (const outer of [1, 2, 3]) {
      seen.push(outer);
      try {
        for (const key in { a: 1 }) throw key;
      } catch {}
    }
    return seen;
  },
  'a labelled break out of for-of inside for-of'(log) {
    const seen = [];
    for (const outer of source(log, 'outer', 3)) {
      seen.push(outer);
      block: {
        for (const inner of source(log, 'inner', 3)) {
          if (inner === 1) break block;
          seen.push('inner' + inner);
        }
        seen.push('not reached');
      }
      seen.push('after');
    }
    return seen;
  },
  'a labelled continue out of for-of inside for-in'(log) {
    const seen = [];
    keys: for (const key in { a: 1, b: 2, c: 3 }) {
      for (const item of source(log, key, 2)) {
        seen.push(key + item);
        if (item === 0) continue keys;
      }
    }
    return seen;
  },
  'a return after a continue in two nested finally'() {
    const f = () => {
      for (let i = 0; i < 3; i++) {
        try {
          try {
            if (i === 0) continue;
            return 'returned ' + i;
          } finally {}
        } finally {}
      }
      return 'lost';
    };
    return f();
  },
  'a break in finally takes the place of a return'() {
    const f = (n) => {
      for (let i = 0; ; i++) {
        try {
          if (i === n) return 'returned ' + i;
          if (i === 1) continue;
        } finally {
          if (i === 5) break;
        }
      }
      return 'broken';
    };
    return [f(0), f(1), f(3), f(9)];
  },
  'a throw in catch that finally drops'() { const f = () => { try { throw 1; } catch { throw 2; } finally { return 'dropped'; } }; const g = () => { for (const i of [1, 2]) { try { throw i; } catch (e) { throw e; } finally { continue; } } return 'went on'; }; return [f(), g()]; },
  'a continue past two finally blocks'(log) { let turn = 0; outer: for (const item of source(log, 'outer', 3)) { try { try { continue; } finally { if (turn++ === 2) break outer; } } finally {} } return turn; },
  'a break to the label of an outer statement'(log) { a: b: for (const item of source(log, 'one', 2)) break a; c: { for (const item of source(log, 'two', 2)) break c; } },
  'a throw out of for-in closes the for-of around it'(log) { try { for (const item of source(log, 'outer', 2)) for (const key in { a: 1 }) throw new Error('!in'); } catch (error) { return error; } },
  async 'for await whose return() gives no object'(log) { try { for await (const item of source(log, 'odd', 2, 'return gives a number')) break; } catch (error) { return error; } },
  'a return in catch with a finally behind it'() {
    const f = (value) => {
      try {
        throw value;
      } catch (error) {
        if (error) return 'from catch';
      } finally {
        value++;
      }
      return 'behind';
    };
    return [f(0), f(1)];
  },
  'a generator that is told to return inside its for-of'(log) {
    function* generator() {
      for (const item of source(log, 'inner', 3)) yield item;
    }
    const running = generator();
    return [running.next(), running.return('early'), running.next()];
  },
  'a generator that is told to return inside for-of, try and finally'(log) {
    function* generator() {
      for (const item of source(log, 'inner', 3)) {
        try {
          for (const deeper of source(log, 'deeper', 3)) yield [item, deeper];
        } finally {
          log('finally');
          yield 'from finally';
        }
      }
    }
    const running = generator();
    return [running.next(), running.return('early'), running.next(), running.next()];
  },
  'a generator that is thrown into closes what it iterates'(log) {
    function* generator() {
      for (const item of source(log, 'inner', 3)) yield item;
    }
    const running = generator();
    running.next();
    try {
      running.throw(new Error('!in'));
    } catch (error) {
      return error;
    }
  },
  'destructuring closes what it did not read to the end'(log) {
    const [first] = source(log, 'short', 3);
    const [a, b, c, d] = source(log, 'whole', 2);
    return [first, a, b, c, d];
  },
  'an error of return() does not hide the error of the body'(log) {
    try {
      for (const item of source(log, 'odd', 3, 'return throws')) throw new Error('!body');
    } catch (error) {
      return error;
    }
  },
  'an error of return() after a break is thrown'(log) {
    try {
      for (const item of source(log, 'odd', 3, 'return throws')) break;
    } catch (error) {
      return error;
    }
  },
  'yield* passes on what it is told'(log) {
    function* generator() {
      try {
        log('result', yield* source(log, 'inner', 2));
      } catch (error) {
        log('caught', error);
      }
      yield 'end';
    }
    const told = (method) => {
      const running = generator();
      running.next();
      return [running[method](new Error('!told')), running.next('x'), running.next()];
    };
    return [told('next'), told('return'), told('throw')];
  },
  async 'for await closes its iterator'(log) {
    for await (const item of source(log, 'waited', 3)) {
      log('item', item);
      if (item === 1) break;
    }
  },
  async 'an async generator that is told to return waits for its finally'(log) {
    async function* generator() {
      try {
        yield 1;
        yield 2;
      } finally {
        await null;
        log('tidied');
      }
    }
    const running = generator();
    return [await running.next(), await running.return('early'), await running.next()];
  },
  async 'requests to an async generator are queued'(log) {
    async function* generator() {
      log('begun');
      yield 1;
      throw new Error('!second');
    }
    const running = generator();
    return Promise.allSettled([running.next(), running.next(), running.next(), running.return(5)]);
  },
  'switch falls through, and default may stand anywhere'() {
    const f = (value) => {
      const seen = [];
      switch (value) {
        case 1: seen.push(1);
        default: seen.push('default');
        case 2: seen.push(2); break;
        case 3: { let own = 3; seen.push(own); }
      }
      return seen;
    };
    return [1, 2, 3, 4].map(f);
  },
  async 'microtasks come before timers'() {
    const order = [];
    setTimeout(() => { order.push('timer'); queueMicrotask(() => order.push('of timer')); }, 0);
    setTimeout(() => order.push('second timer'), 0);
    Promise.resolve().then(() => order.push('promise')).then(() => order.push('promise again'));
    queueMicrotask(() => order.push('microtask'));
    order.push('now');
    await new Promise((resolve) => setTimeout(resolve, 5));
    return order;
  },
};
