'use strict';
// Primes by the segmented sieve of Eratosthenes: every node sieves ranges of its own, knowing only the small primes.
//
//   madrpc-actor local -s scripts/examples/prime-sieve.js --call primes '{"below": 1000000}'

const LARGEST = 10000000000; // keeps the base primes, up to its square root, cheap to find again in every range
const LONGEST_RANGE = 10000000;

/** The odd primes up to `limit`, by the plain sieve. `odd[i]` stands for the number 2i + 1. */
function oddPrimesUpTo(limit) {
  const size = Math.floor((limit + 1) / 2);
  const composite = new Uint8Array(size);
  const primes = [];
  for (let i = 1; i < size; i++) {
    if (composite[i]) continue;
    const prime = 2 * i + 1;
    primes.push(prime);
    for (let j = (prime * prime - 1) / 2; j < size; j += prime) composite[j] = 1;
  }
  return primes;
}

/** Sieves the odd numbers of [from, to) and hands each prime, in order, to `found`. */
function sieveRange(from, to, found) {
  if (from <= 2 && to > 2) found(2);
  const first = Math.max(3, from % 2 === 0 ? from + 1 : from);
  const size = Math.max(0, Math.ceil((to - first) / 2));
  const composite = new Uint8Array(size);
  for (const prime of oddPrimesUpTo(Math.floor(Math.sqrt(to)))) {
    // The first odd multiple that is in the range and not below prime², where smaller primes have struck already.
    let multiple = Math.max(prime * prime, Math.ceil(first / prime) * prime);
    if (multiple % 2 === 0) multiple += prime;
    for (let i = (multiple - first) / 2; i < size; i += prime) composite[i] = 1;
  }
  for (let i = 0; i < size; i++) {
    if (!composite[i]) found(first + 2 * i);
  }
}

/** The integer `params[name]`, its default when it is absent, or a refusal that names it. */
function rangeParam(params, name, min, max, fallback) {
  const value = params?.[name] ?? fallback;
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new madrpc.RpcError(-32602, `${name} must be an integer from ${min} to ${max}`, { parameter: name });
  }
  return value;
}

madrpc.register(
  'sieve_range',
  { idempotent: true, description: 'The primes of [from, to): {from, to, list = false} → {count, primes?}' },
  (params) => {
    const from = rangeParam(params, 'from', 0, LARGEST);
    const to = rangeParam(params, 'to', from, Math.min(from + LONGEST_RANGE, LARGEST));
    if (params.list) {
      const primes = [];
      sieveRange(from, to, (prime) => primes.push(prime));
      return { count: primes.length, primes };
    }
    let count = 0;
    sieveRange(from, to, () => count++);
    return { count };
  },
);

madrpc.register(
  'primes',
  {
    idempotent: true,
    description: 'The primes below a number, sieved across the cluster: {below = 1000000, segments = 8, list = false} → {count, below, segments, primes?}',
  },
  async (params) => {
    const below = rangeParam(params, 'below', 0, LARGEST, 1000000);
    const segments = rangeParam(params, 'segments', 1, 10000, 8);
    const list = Boolean(params?.list);

    const length = Math.max(1, Math.ceil(below / segments));
    if (length > LONGEST_RANGE) {
      const least = Math.ceil(below / LONGEST_RANGE);
      throw new madrpc.RpcError(-32602, `segments must be at least ${least} for this many numbers`, { parameter: 'segments' });
    }
    const ranges = [];
    for (let from = 0; from < below; from += length) {
      ranges.push(madrpc.call('sieve_range', { from, to: Math.min(from + length, below), list }));
    }
    const parts = await Promise.all(ranges);
    const count = parts.reduce((sum, part) => sum + part.count, 0);
    const result = { count, below, segments: parts.length };
    // Promise.all keeps the order of the ranges, so that the list is sorted.
    return list ? { ...result, primes: parts.flatMap((part) => part.primes) } : result;
  },
);
