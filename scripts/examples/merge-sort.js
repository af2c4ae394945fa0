'use strict';
// Merge sort across the cluster: each call halves its list, has both halves sorted by calls of its own, and merges them.
// At depth 0 a list is sorted where it is, so that depth d makes 2^d leaves.
//
//   madrpc-actor local -s scripts/examples/merge-sort.js --call merge_sort '{"values": [3, 1, 2], "depth": 1}'

/** What an element is sorted by: itself, or one of its members. */
function keyOf(element, by) {
  return by === undefined ? element : element?.[by];
}

/** Numbers by size, strings by their code units. Equal keys are 0, so that a stable sort keeps their order. */
function compareKeys(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Merges two sorted lists; of equal elements those of `left` come first, which makes the whole sort stable. */
function mergeSorted(left, right, by) {
  const merged = [];
  let l = 0;
  let r = 0;
  while (l < left.length && r < right.length) {
    merged.push(compareKeys(keyOf(left[l], by), keyOf(right[r], by)) <= 0 ? left[l++] : right[r++]);
  }
  while (l < left.length) merged.push(left[l++]);
  while (r < right.length) merged.push(right[r++]);
  return merged;
}

/** Refuses what has no one order: keys that are neither all numbers nor all strings. */
function checkKeys(values, by) {
  const kind = values.length === 0 ? 'number' : typeof keyOf(values[0], by);
  const sortable = kind === 'number' || kind === 'string';
  if (!sortable || !values.every((element) => typeof keyOf(element, by) === kind)) {
    const what = by === undefined ? 'values' : `the members "${by}" of values`;
    throw new madrpc.RpcError(-32602, `${what} must be all numbers or all strings`, { parameter: 'values' });
  }
}

madrpc.register(
  'merge_sort',
  {
    idempotent: true,
    description: 'Sorts numbers or strings, or objects by the member `by`; stable: {values, by, depth = 2} → sorted values',
  },
  async (params) => {
    const { values, by, depth = 2 } = params ?? {};
    if (!Array.isArray(values)) {
      throw new madrpc.RpcError(-32602, 'values must be an array', { parameter: 'values' });
    }
    if (by !== undefined && typeof by !== 'string') {
      throw new madrpc.RpcError(-32602, 'by must be a string', { parameter: 'by' });
    }
    if (!Number.isInteger(depth) || depth < 0 || depth > 10) {
      throw new madrpc.RpcError(-32602, 'depth must be an integer from 0 to 10', { parameter: 'depth' });
    }
    checkKeys(values, by);

    if (depth === 0 || values.length < 2) {
      return values.sort((a, b) => compareKeys(keyOf(a, by), keyOf(b, by)));
    }
    const middle = values.length >> 1;
    const halves = [values.slice(0, middle), values.slice(middle)];
    const [left, right] = await Promise.all(
      halves.map((half) => madrpc.call('merge_sort', { values: half, by, depth: depth - 1 })),
    );
    return mergeSorted(left, right, by);
  },
);
