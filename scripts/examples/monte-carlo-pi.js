'use strict';
// Pi by the Monte-Carlo method: `aggregate` spreads the sampling over the cluster and adds up what comes back.
//
//   madrpc-actor local -s scripts/examples/monte-carlo-pi.js --call aggregate
//   madrpc-actor local -s scripts/examples/monte-carlo-pi.js --call aggregate '{"numNodes": 20, "samplesPerNode": 50000}'

const PRIME = 2147483647; // 2^31 - 1
const MULTIPLIER = 48271; // of the "minimal standard" generator (Park and Miller 1988, revised 1993)

/** Spreads neighbouring seeds over the generator's whole period: 1, 2, 3 … would start it at related places. */
function spreadSeed(seed) {
  let x = seed | 0;
  x = Math.imul(x ^ (x >>> 16), 0x45d9f3b);
  x = Math.imul(x ^ (x >>> 16), 0x45d9f3b);
  x = (x ^ (x >>> 16)) >>> 0;
  return (x % (PRIME - 1)) + 1; // 0 would stay 0 for ever
}

/** The integer `params[name]`, its default when it is absent, or a refusal that names it. */
function integerParam(params, name, { min, max, fallback }) {
  const value = params?.[name] ?? fallback;
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new madrpc.RpcError(-32602, `${name} must be an integer from ${min} to ${max}`, { parameter: name });
  }
  return value;
}

/** Counts the random points of the unit square that lie inside the quarter circle. The same seed gives the same points. */
function sampleQuarterCircle(samples, seed) {
  let state = spreadSeed(seed);
  let inside = 0;
  for (let i = 0; i < samples; i++) {
    // state * MULTIPLIER stays below 2^47, so it is exact in a double.
    state = (state * MULTIPLIER) % PRIME;
    const x = state / PRIME;
    state = (state * MULTIPLIER) % PRIME;
    const y = state / PRIME;
    if (x * x + y * y <= 1) inside++;
  }
  return inside;
}

const SAMPLES = { min: 1, max: 10000000, fallback: 100000 };
const SEED = { min: 0, max: 4294967295, fallback: 1 };

madrpc.register(
  'monte_carlo_sample',
  { idempotent: true, description: 'Samples the unit square: {samples = 100000, seed = 1} → {inside, total}' },
  (params) => {
    const samples = integerParam(params, 'samples', SAMPLES);
    const seed = integerParam(params, 'seed', SEED);
    return { inside: sampleQuarterCircle(samples, seed), total: samples };
  },
);

madrpc.register(
  'aggregate',
  {
    idempotent: true,
    description:
      'Pi from numNodes samplings spread over the cluster: {numNodes = 10, samplesPerNode = 100000, seed = 1} → ' +
      '{pi, inside, totalSamples, numNodes, samplesPerNode}',
  },
  async (params) => {
    const numNodes = integerParam(params, 'numNodes', { min: 1, max: 10000, fallback: 10 });
    const samplesPerNode = integerParam(params, 'samplesPerNode', SAMPLES);
    const seed = integerParam(params, 'seed', SEED);

    const samplings = [];
    for (let i = 0; i < numNodes; i++) {
      const sampling = { samples: samplesPerNode, seed: (seed + i) % (SEED.max + 1) };
      samplings.push(madrpc.call('monte_carlo_sample', sampling));
    }
    let inside = 0;
    let totalSamples = 0;
    for (const part of await Promise.all(samplings)) {
      inside += part.inside;
      totalSamples += part.total;
    }
    return { pi: (4 * inside) / totalSamples, inside, totalSamples, numNodes, samplesPerNode };
  },
);

madrpc.register(
  'estimate_single',
  { idempotent: true, description: 'Pi from one sampling, without any further call: {samples = 100000, seed = 1} → {pi, samples}' },
  (params) => {
    const samples = integerParam(params, 'samples', SAMPLES);
    const seed = integerParam(params, 'seed', SEED);
    return { pi: (4 * sampleQuarterCircle(samples, seed)) / samples, samples };
  },
);
