'use strict';
// The smallest useful methods, and every way in which a method can fail.
//
//   madrpc-actor local -s scripts/examples/basic-operations.js --call add '{"a": 2, "b": 40}'

/** The two numbers to work on, from `{a, b}` or `[a, b]`. */
function twoNumbers(params) {
  const [a, b] = Array.isArray(params) ? params : [params?.a, params?.b];
  for (const [parameter, value] of [['a', a], ['b', b]]) {
    if (typeof value !== 'number') {
      throw new madrpc.RpcError(-32602, `${parameter} must be a number`, { parameter });
    }
  }
  return [a, b];
}

/** `params.numbers`, checked. */
function numberList(params) {
  const numbers = params?.numbers;
  if (!Array.isArray(numbers) || !numbers.every((value) => typeof value === 'number')) {
    throw new madrpc.RpcError(-32602, 'numbers must be an array of numbers', { parameter: 'numbers' });
  }
  return numbers;
}

madrpc.register('add', { idempotent: true, description: 'The sum of two numbers: {a, b} or [a, b]' }, (params) => {
  const [a, b] = twoNumbers(params);
  return a + b;
});

madrpc.register('echo', { idempotent: true, description: 'Its params, as they came' }, (params) => params);

madrpc.register('sum', { idempotent: true, description: 'The sum of a list: {numbers}' }, (params) => {
  let total = 0;
  for (const value of numberList(params)) total += value;
  return total;
});

madrpc.register(
  'parallel_sum',
  { idempotent: true, description: 'The sum of a list, added up in chunks across the cluster: {numbers, chunks = 4} → {sum, chunks}' },
  async (params) => {
    const numbers = numberList(params);
    const wanted = params.chunks ?? 4;
    if (!Number.isInteger(wanted) || wanted < 1 || wanted > 1000) {
      throw new madrpc.RpcError(-32602, 'chunks must be an integer from 1 to 1000', { parameter: 'chunks' });
    }
    const size = Math.max(1, Math.ceil(numbers.length / wanted));
    const parts = [];
    for (let start = 0; start < numbers.length; start += size) {
      parts.push(madrpc.call('sum', { numbers: numbers.slice(start, start + size) }));
    }
    const sums = await Promise.all(parts);
    return { sum: sums.reduce((total, part) => total + part, 0), chunks: sums.length };
  },
);

// What callers see of a failure: an Error becomes -32000 with {name, stack, method, node} as data, and so does anything
// else that is thrown; a madrpc.RpcError keeps its own code and data.

madrpc.register('throw_error', { description: 'Fails with a plain Error' }, () => {
  throw new Error('This method always fails');
});

madrpc.register('throw_type_error', { description: 'Fails with a TypeError of the engine' }, () => {
  /** @type {any} */
  const nothing = undefined;
  return nothing.property;
});

madrpc.register('throw_rpc_error', { description: 'Fails with its own code and data: {balance = 0, price = 1}' }, (params) => {
  const balance = params?.balance ?? 0;
  const price = params?.price ?? 1;
  throw new madrpc.RpcError(1001, 'Insufficient funds', { balance, missing: price - balance });
});

madrpc.register('throw_value', { description: 'Fails with something that is not an Error' }, () => {
  throw 'just a string';
});

madrpc.register('reject_later', { description: 'Fails after it has waited' }, async () => {
  await new Promise((resolve) => setTimeout(resolve, 1));
  throw new RangeError('Rejected after waiting');
});

madrpc.register('nested_error', { description: 'Fails because a method that it called failed' }, () => madrpc.call('throw_rpc_error'));

madrpc.register('recover', { description: 'Calls a method that fails, and tells what it caught' }, async () => {
  try {
    await madrpc.call('throw_rpc_error', { balance: 3, price: 5 });
  } catch (error) {
    if (!(error instanceof madrpc.RpcError)) throw error;
    return { code: error.code, message: error.message, data: error.data };
  }
  throw new Error('throw_rpc_error did not fail');
});
