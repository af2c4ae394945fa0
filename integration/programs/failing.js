'use strict';
// Every way to fail. The tests look lines up by the words in their comments.

madrpc.register('sync_error', () => {
  throw new Error('sync failure'); // line: sync
});

madrpc.register('async_error', async () => {
  await null;
  throw new RangeError('async failure'); // line: async
});

madrpc.register('after_timer', async () => {
  await new Promise((resolve) => setTimeout(resolve, 1));
  throw new Error('late failure'); // line: timer
});

madrpc.register('deep_error', () => outer());
function outer() {
  return inner(); // line: outer
}
function inner() {
  throw new Error('deep failure'); // line: inner
}

madrpc.register('throw_string', () => {
  throw 'only text'; // line: string
});
madrpc.register('throw_number', () => {
  throw 42; // line: number
});
madrpc.register('throw_undefined', () => {
  throw undefined; // line: undefined
});
madrpc.register('throw_object', () => {
  throw { reason: 'an object' }; // line: object
});
madrpc.register('reject_string', async () => { // line: rejecting method
  await null;
  throw 'rejected text';
});

madrpc.register('engine_error', () => {
  const nothing = null;
  return nothing.member; // line: engine
});
madrpc.register('not_a_function', () => {
  const value = 5;
  return value(); // line: call
});
madrpc.register('undeclared', () => neverDeclared); // line: undeclared

class OwnError extends Error {
  constructor(message) {
    super(message);
    this.name = 'OwnError';
  }
}
madrpc.register('own_error', () => {
  throw new OwnError('of my own'); // line: own
});

madrpc.register('rpc_error', ({ code, message, data }) => {
  throw new madrpc.RpcError(code, message, data);
});
madrpc.register('rpc_error_without_data', async () => {
  throw new madrpc.RpcError(7, 'bare');
});
madrpc.register('throwing_getter', () => ({
  get member() {
    throw new Error('in a getter'); // line: getter
  },
}));
madrpc.register('throwing_to_json', () => ({
  toJSON() {
    throw new TypeError('in toJSON');
  },
}));

madrpc.register('relay', ({ method, params }) => madrpc.call(method, params));
madrpc.register('relay_sync', ({ method, params }) => madrpc.callSync(method, params));
madrpc.register('caught', async ({ method, params, sync }) => {
  try {
    if (sync) madrpc.callSync(method, params);
    else await madrpc.call(method, params);
  } catch (error) {
    return {
      isRpcError: error instanceof madrpc.RpcError,
      isError: error instanceof Error,
      code: error.code,
      message: error.message,
      data: error.data,
    };
  }
  return 'nothing was thrown';
});
madrpc.register('scalar_params', async ({ value }) => {
  try {
    await madrpc.call('sync_error', value);
  } catch (error) {
    return error.code;
  }
  return 'nothing was thrown';
});
madrpc.register('fine', () => 'fine');
