// `DisposableStack`, `AsyncDisposableStack` and `SuppressedError`; Node.js 20 has none of them.
const resource = (log, name) => ({ [Symbol.dispose]() { log.push(name); } });
check.boa('resources are disposed of backwards, once', () => {
    const log = [];
    const stack = new DisposableStack();
    stack.use(resource(log, 'used'));
    stack.adopt('value', (value) => log.push(`adopted ${value}`));
    stack.defer(() => log.push('deferred'));
    stack.use(null);
    const before = stack.disposed;
    stack.dispose();
    stack[Symbol.dispose]();
    return [log, before, stack.disposed];
}, '[["deferred", "adopted value", "used"], false, true]');
check.boa('use and adopt give the value back', () => { const stack = new DisposableStack(); return [stack.use(undefined), stack.adopt(5, () => {}), stack.defer(() => {})]; }, '[undefined, 5, undefined]');
check.boa('errors', () => {
    const stack = new DisposableStack();
    stack.defer(() => { throw 1; });
    stack.defer(() => { throw 2; });
    stack.defer(() => { throw 3; });
    try { stack.dispose(); } catch (error) { return [error.name, error instanceof Error, error.error, error.suppressed.error, error.suppressed.suppressed]; }
}, '["SuppressedError", true, 1, 2, 3]');
check.boa('one error', () => { const stack = new DisposableStack(); stack.defer(() => { throw new RangeError('x'); }); stack.dispose(); }, 'throws RangeError');
check.boa('moved resources', () => {
    const log = [];
    const stack = new DisposableStack();
    stack.use(resource(log, 'a'));
    const moved = stack.move();
    stack.dispose();
    const before = log.length;
    moved.dispose();
    return [before, log, stack.disposed, moved instanceof DisposableStack];
}, '[0, ["a"], true, true]');
check.boa('a stack that was disposed of takes nothing', () => { const stack = new DisposableStack(); stack.dispose(); stack.defer(() => {}); }, 'throws ReferenceError');
check.boa('what is no resource', () => [() => new DisposableStack().use({}), () => new DisposableStack().use(5), () => new DisposableStack().defer(5), () => DisposableStack(), () => DisposableStack.prototype.dispose.call(new AsyncDisposableStack())].map((body) => { try { body(); } catch (error) { return error.name; } }), '["TypeError", "TypeError", "TypeError", "TypeError", "TypeError"]');
check.boa('an asynchronous stack waits for each', async () => {
    const log = [];
    const stack = new AsyncDisposableStack();
    stack.use({ async [Symbol.asyncDispose]() { await null; log.push('a'); } });
    stack.use(resource(log, 'b'));
    stack.defer(async () => { await null; await null; log.push('c'); });
    stack.use(undefined);
    const result = await stack.disposeAsync();
    return [log, result, await stack.disposeAsync()];
}, '[["c", "b", "a"], undefined, undefined]');
check.boa('errors of an asynchronous stack', async () => {
    const stack = new AsyncDisposableStack();
    stack.defer(async () => { throw 1; });
    stack.defer(() => { throw 2; });
    try { await stack.disposeAsync(); } catch (error) { return [error.name, error.error, error.suppressed]; }
}, '["SuppressedError", 1, 2]');
check.boa('classes of their own', () => { class Own extends DisposableStack {} return [new Own() instanceof Own, Object.prototype.toString.call(new Own())]; }, '[true, "[object DisposableStack]"]');
check.boa('SuppressedError', () => { const error = new SuppressedError(1, 2, 'text'); return [error.error, error.suppressed, error.message, Object.keys(error), SuppressedError.length, SuppressedError(1, 2) instanceof SuppressedError, new SuppressedError().hasOwnProperty('message')]; }, '[1, 2, "text", [], 3, true, false]');
