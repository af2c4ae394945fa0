// Compiled, never run: what madrpc.d.ts must accept, and, marked as errors, what it must not.

madrpc.register('plain', () => null);
madrpc.register('add', ({ a, b }: { a: number; b: number }) => a + b);
madrpc.register('optioned', { idempotent: true, timeoutMs: 500, description: 'd' }, async (params, ctx) => {
  const left: number = ctx.deadline - Date.now();
  const seen: string[] = [ctx.id, ctx.method, ctx.trace.traceId, ctx.trace.spanId];
  return { left, seen, params };
});

async function calls(): Promise<number> {
  const sum = await madrpc.call<number>('add', [1, 2]);
  const same: number = madrpc.callSync('add', { a: 1, b: 2 }, { timeoutMs: 10, tags: { k: 'v' }, idempotencyKey: 'k' });
  await madrpc.call('plain');
  return sum + same;
}

madrpc.register('leaves', (params: { a: number }, ctx) => {
  madrpc.notify('add', params, { timeoutMs: 100, tags: { k: 'v' } });
  // @ts-expect-error nobody can cancel a notification
  madrpc.notify('add', params, { signal: ctx.signal });
  ctx.waitUntil(calls().then(() => madrpc.publish('done')));
  const nothing: void = madrpc.notify('plain');
  return nothing;
});

async function errors(): Promise<void> {
  try {
    await calls();
  } catch (error) {
    if (error instanceof madrpc.RpcError) {
      const code: number = error.code;
      const text: string = error.message + error.stack;
      console.warn(code, text, error.data.parameter);
    }
    throw new madrpc.RpcError(1001, 'no', { why: [1] });
  }
}

const timer: number = setTimeout((text: string) => console.log(text), 5, 'x');
clearTimeout(timer);
clearInterval(setInterval(() => {}, 1000));
void errors;

madrpc.register('abortable', async (params, ctx) => {
  const signal = AbortSignal.any([ctx.signal, AbortSignal.timeout(100)]);
  signal.addEventListener('abort', (event) => console.log('%s', event.type), { once: true });
  return madrpc.call('add', [1, 2], { signal });
});

madrpc.register('count', async function* ({ to }: { to: number }, ctx) {
  for (let n = 0; n < to && !ctx.signal.aborted; n++) yield n;
  for await (const pushed of ctx.input) yield pushed;
  return 'all';
});

async function streams(): Promise<number[]> {
  const seen: number[] = [];
  for await (const n of madrpc.stream<number>('count', { to: 3 }, { timeoutMs: 100 })) seen.push(n);
  const last = await madrpc.stream<number, string>('count', { to: 0 }).next();
  if (last.done) console.log(last.value.length);
  const sums = await madrpc.map<number>('add', [[1, 2], { a: 1, b: 2 }], { concurrency: 8, onProgress: (done, total) => console.log(done, total) });
  const all = await madrpc.map<number>('add', new Set([[1, 2]]), { onError: 'collect' });
  return [...seen, ...sums, ...all.map((one) => (one.status === 'fulfilled' ? one.value : 0))];
}
void streams;

async function web(): Promise<unknown[]> {
  const url = new URL('/path', 'http://example.org');
  url.searchParams.append('name', 'value');
  const pairs: [string, string][] = [...new URLSearchParams({ a: 'b' })];
  const bytes: Uint8Array = new TextEncoder().encode(atob(btoa('text')));
  const text: string = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: false });
  const copy: { list: number[] } = structuredClone({ list: [1] }, { transfer: [new ArrayBuffer(1)] });
  const random: Uint32Array = crypto.getRandomValues(new Uint32Array(1));
  queueMicrotask(() => console.table([{ a: 1 }], ['a']));
  const name: string = new DOMException('message', 'AbortError').name;
  return [url.href, pairs, text, copy, random, crypto.randomUUID(), performance.now(), name];
}
void web;

async function messages(): Promise<unknown[]> {
  const request = new Request(new URL('http://example.org'), { method: 'POST', body: new Uint8Array(1), headers: { a: 'b' } });
  const response = Response.json({ a: 1 }, { status: 201 });
  const names: string[] = [...new Headers([['a', 'b']])].map(([name]) => name);
  const read: ArrayBuffer = await request.clone().arrayBuffer();
  return [names, read, await response.json(), response.ok, (await request.bytes()).length];
}
void messages;

madrpc.subscribe('news.*', async (data, { channel, signal }) => {
  const receivers: number = await madrpc.publish(`copy.${channel}`, { data, late: signal.aborted });
  console.log(receivers);
});
madrpc.subscribe('bare', () => {});

// @ts-expect-error a subscription needs a function
madrpc.subscribe('news');
// @ts-expect-error a channel is text
madrpc.publish(1, 2);
// @ts-expect-error a signal is made by a controller
new AbortSignal();
// @ts-expect-error text is no function
queueMicrotask('text');

// @ts-expect-error a name is needed
madrpc.register(() => null);
// @ts-expect-error no such option
madrpc.register('m', { idempotnet: true }, () => null);
// @ts-expect-error a scalar is refused
madrpc.call('m', 5);
// @ts-expect-error no such option
madrpc.call('m', {}, { timeout: 5 });
// @ts-expect-error the code is a number
new madrpc.RpcError('1001', 'no');
// @ts-expect-error no such member
madrpc.each('m', []);
// @ts-expect-error an item is the params of a call
madrpc.map('m', [1, 2]);
// @ts-expect-error a stream has no key
madrpc.stream('m', [], { idempotencyKey: 'k' });
