import { order, strictOrder } from 'generated/ajv.cjs';

const told = (validate, data) => (validate(data) ? data : validate.errors.map(({ instancePath, keyword, message, params }) => ({ instancePath, keyword, message, params })));
const GOOD = { id: '6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b', email: 'ada@example.com', on: '2024-02-29', items: [{ sku: 'AB-12', count: '3' }], kind: 'gift', note: 'hi' };

export default () => ({
  good: told(order, structuredClone(GOOD)),
  strict: told(strictOrder, structuredClone(GOOD)),
  bad: told(order, { id: 'x', email: 'nobody', on: '2023-02-29', items: [{ sku: 'ab', count: 0, more: 1 }, { sku: 'AB-12', count: 0, more: 1 }], kind: 'gift', extra: 1 }),
  empty: told(order, {}),
  other: told(order, { ...GOOD, items: [], kind: 'sale', price: 12.345, when: '25:00:00Z' }),
  wrong: [told(order, null), told(order, []), told(order, 'x')],
  unique: told(order, { ...GOOD, items: [{ sku: 'AB-12', count: 1 }, { sku: 'AB-12', count: 1 }] }),
  unicode: [told(order, { ...GOOD, note: '😀'.repeat(10) }), told(order, { ...GOOD, note: '😀'.repeat(11) })],
  tree: told(order, { ...GOOD, tree: { value: 1, children: [{ value: 2 }, { value: 'x', children: [{}] }] } }),
});
