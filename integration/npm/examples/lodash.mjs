import _ from 'lodash';

const users = [
  { user: 'barney', age: 36, active: true, tags: ['a', 'b'] },
  { user: 'fred', age: 40, active: false, tags: ['b', 'c'] },
  { user: 'pebbles', age: 1, active: true, tags: [] },
];

export default () => {
  const calls = [];
  const memo = _.memoize((n) => { calls.push(n); return n * n; });
  const shared = { deep: [1, { x: new Date(0) }, /a/gi] };
  const clone = _.cloneDeep(shared);
  return {
    defaults: _.defaults({ a: 1 }, { a: 3, b: 2 }),
    partition: _.partition([1, 2, 3, 4], (n) => n % 2),
    chunk: _.chunk(_.range(7), 3),
    chained: _(users).filter('active').sortBy('age').map('user').value(),
    grouped: _.mapValues(_.groupBy(users, (user) => user.age > 30), (group) => _.sumBy(group, 'age')),
    ordered: _.map(_.orderBy(users, ['active', 'age'], ['desc', 'desc']), 'user'),
    found: [_.find(users, { age: 40 })?.user, _.findIndex(users, ['user', 'pebbles']), _.some(users, ['active', false])],
    merged: _.merge({ a: [{ b: 2 }, { d: 4 }] }, { a: [{ c: 3 }, { e: 5 }] }),
    paths: [_.get({ a: [{ b: { c: 3 } }] }, 'a[0].b.c'), _.set({}, 'x[1].y', 5), _.has({ a: { b: 2 } }, 'a.b')],
    clone: [clone, clone !== shared, clone.deep[1].x !== shared.deep[1].x, _.isEqual(clone, shared)],
    sets: [_.uniqBy([2.1, 1.2, 2.3], Math.floor), _.differenceWith([{ x: 1 }, { x: 2 }], [{ x: 1 }], _.isEqual), _.xor([2, 1], [2, 3])],
    words: [_.camelCase('--foo-bar--'), _.kebabCase('fooBar'), _.startCase('fooBar'), _.deburr('déjà vu'), _.truncate('hi-diddly-ho there', { length: 10 }), _.words('fred, barney, & pebbles')],
    memo: [memo(3), memo(3), calls],
    curried: _.curry((a, b, c) => [a, b, c])(1)(_, 3)(2),
    flow: _.flow([_.add, (n) => n * n])(1, 2),
    padded: [_.pad('abc', 8, '_-'), _.escape('fred, <b> & pebbles'), _.unescape('&lt;')],
    numbers: [_.round(4.006, 2), _.clamp(-10, -5, 5), _.inRange(3, 2, 4), _.mean([4, 2, 8, 6])],
    types: [_.isPlainObject(Object.create(null)), _.isArguments((function () { return arguments; })()), _.isTypedArray(new Uint8Array()), _.toString(-0)],
    zipped: _.zipObjectDeep(['a.b[0].c', 'a.b[1].d'], [1, 2]),
  };
};
