import { any, array, assert, assign, boolean, coerce, create, date, defaulted, define, enums, integer, is, lazy, literal, map, mask, max, min, nullable, number, object, omit, optional, partial, pattern, pick, record, refine, set, size, string, StructError, trimmed, tuple, type, union, validate } from 'superstruct';

const Article = object({ id: number(), title: string(), tags: array(string()), author: object({ id: number(), name: optional(string()) }) });
const Tree = object({ value: integer(), children: array(lazy(() => Tree)) });
const Email = define('Email', (value) => typeof value === 'string' && value.includes('@'));
const told = ([error, value]) => (error instanceof StructError ? [...error.failures()].map(({ path, type: kind, refinement, message }) => ({ path, kind, refinement, message })) : value);
const GOOD = { id: 34, title: 'Hello World', tags: ['news'], author: { id: 1 } };

export default () => ({
  good: told(validate(GOOD, Article)),
  bad: told(validate({ ...GOOD, tags: ['a', 1], author: { name: 5 }, extra: 1 }, Article)),
  thrown: (() => { try { assert({ ...GOOD, id: '34' }, Article); } catch (error) { const { message, key, path, value, branch } = error; return { message, key, path, value, branches: branch.length }; } })(),
  is: [is('a@b', Email), is('ab', Email), is({ value: 1, children: [{ value: 2, children: [] }] }, Tree), is(new Date(NaN), date()), is(null, nullable(string()))],
  created: create({ id: '7', name: ' x ' }, object({ id: coerce(number(), string(), parseFloat), name: trimmed(string()), on: defaulted(boolean(), () => true), list: defaulted(array(), [1]) })),
  masked: mask({ ...GOOD, extra: 1, author: { id: 1, secret: 2 } }, Article),
  derived: [told(validate({ title: 'x' }, partial(pick(Article, ['title', 'id'])))), told(validate({ x: 1 }, assign(object({ x: number() }), object({ y: string() })))), told(validate(GOOD, omit(Article, ['id'])))],
  refined: [told(validate(3, min(number(), 5))), told(validate(7, max(number(), 5, { exclusive: true }))), told(validate('abc', size(string(), 1, 2))), told(validate('x1', pattern(string(), /^[a-z]+$/))), told(validate(3, refine(number(), 'even', (n) => n % 2 === 0 || 'expected an even number')))],
  unions: [told(validate(true, union([string(), number(), literal(false)]))), told(validate('c', enums(['a', 'b']))), told(validate(['a', 'b'], tuple([string(), number()]))), told(validate({ a: 1, b: 'x' }, record(string(), number())))],
  collections: [told(validate(new Map([['a', '1']]), map(string(), number()))), is(new Set([1, 2]), set(number())), told(validate({ a: 1, more: 2 }, type({ a: any() })))],
  tree: told(validate({ value: 1, children: [{ value: 1.5, children: [{}] }] }, Tree)),
});
