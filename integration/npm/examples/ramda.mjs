import * as R from 'ramda';

const people = [{ name: 'Ada', age: 36, city: 'London' }, { name: 'Bob', age: 17, city: 'Paris' }, { name: 'Cy', age: 50, city: 'Paris' }];

export default async () => ({
  composed: R.compose(R.join('-'), R.map(R.toUpper), R.reverse, R.split(''))('ramda'),
  piped: R.pipe(R.filter(R.where({ age: R.gte(R.__, 18) })), R.sortBy(R.prop('name')), R.pluck('name'))(people),
  curried: [R.add(1)(2), R.curry((a, b, c) => a + b * c)(1)(R.__, 3)(2), R.flip(R.subtract)(1, 5)],
  grouped: [R.groupBy(R.prop('city'), people), R.countBy(R.toLower, ['A', 'a', 'b']), R.indexBy(R.prop('name'), people), R.reduceBy((sum, { age }) => sum + age, 0, R.prop('city'), people)],
  lenses: (() => { const lens = R.lensPath(['a', 0, 'b']); const data = { a: [{ b: 1 }] }; return [R.view(lens, data), R.set(lens, 2, data), R.over(lens, R.inc, data), data]; })(),
  paths: [R.path(['a', 'b'], { a: { b: 2 } }), R.pathOr('none', ['x'], {}), R.assocPath(['a', 'b'], 1, {}), R.dissocPath(['a', 'b'], { a: { b: 1, c: 2 } }), R.evolve({ n: R.inc, deep: { m: R.negate } }, { n: 1, deep: { m: 2 }, o: 3 })],
  transduced: [R.transduce(R.compose(R.map(R.multiply(2)), R.filter(R.gt(R.__, 3)), R.take(2)), R.flip(R.append), [], [1, 2, 3, 4]), R.into([], R.dropWhile(R.lt(R.__, 2)), [1, 2, 1]), R.into({}, R.map(([k, v]) => [k, v + 1]), [['a', 1]])],
  logic: [R.cond([[R.equals(0), R.always('zero')], [R.T, (n) => `n${n}`]])(4), R.ifElse(R.isNil, R.always(0), R.identity)(null), R.both(R.is(Number), R.lt(1))(2), R.allPass([R.has('name'), R.propEq(36, 'age')])(people[0])],
  equal: [R.equals({ a: [1, new Set([1]), /x/g, NaN] }, { a: [1, new Set([1]), /x/g, NaN] }), R.equals(0, -0), R.equals(new Map([[{}, 1]]), new Map([[{}, 1]]))],
  lists: [R.aperture(2, [1, 2, 3]), R.splitEvery(2, [1, 2, 3]), R.zipWith(R.add, [1, 2], [3, 4]), R.xprod([1, 2], ['a']), R.unfold((n) => n < 30 && [n, n * 2], 1), R.scan(R.multiply, 1, [1, 2, 3]), R.groupWith(R.equals, [1, 1, 2]), R.transpose([[1, 2], [3]]), R.uniqWith(R.eqBy(Math.abs), [1, -1, 2]), R.sortWith([R.ascend(R.prop('city')), R.descend(R.prop('age'))], people).map(R.prop('name'))],
  objects: [R.mergeDeepRight({ a: { b: 1 } }, { a: { c: 2 } }), R.invertObj({ a: 'x' }), R.pick(['a'], { a: 1, b: 2 }), R.toPairs({ a: 1 }), R.mapObjIndexed((v, k) => k + v, { a: 1 }), R.project(['name'], people), R.renameKeys({ a: "b" }, { a: 1 })],
  text: [R.toString({ a: [1, 'x', new Date(0)], f: undefined }), R.match(/([a-z]a)/g, 'bananas'), R.replace(/foo/g, 'bar', 'foo foo'), R.trim(' x '), R.test(/^x/, 'xyz')],
  sequenced: [R.sequence(R.of(Array), [[1, 2], [3]]), R.traverse(R.of(Array), (n) => [n, -n], [1, 2]), R.lift(R.add)([1, 2], [3]), R.ap([R.inc, R.dec], [1, 2]), R.converge(R.divide, [R.sum, R.length])([1, 2, 3])],
  later: [await R.andThen(R.inc, Promise.resolve(1)), await R.pipeWith(R.andThen)([async (n) => n + 1, R.multiply(2)])(3), R.tryCatch(() => { throw new Error('x'); }, (error, value) => `${error.message}${value}`)(1)],
});
