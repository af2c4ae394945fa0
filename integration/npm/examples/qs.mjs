import qs from 'qs';

export default () => ({
  simple: qs.parse('a=c&b=%C3%BC+x&flag&=empty'),
  nested: ['foo[bar]=baz&foo[list][]=1&foo[list][]=2', 'a[0]=b&a[2]=c&a[100]=z', 'a.b.c=1', 'a[b][c][d][e][f][g][h][i]=j', 'a[]=b&a[]=&a[]', 'a=1&a=2', 'a[hasOwnProperty]=b&toString=x&__proto__[y]=1', 'a[b]c=d&[x]=1&a%5Bb%5D=2'].map((text) => qs.parse(text)),
  options: [
    qs.parse('a.b=1&a.c=2', { allowDots: true }), qs.parse('a=1;b=2,c=3', { delimiter: /[;,]/ }), qs.parse('a=b,c', { comma: true }), qs.parse('?a=b', { ignoreQueryPrefix: true }),
    qs.parse('a&b=', { strictNullHandling: true }), qs.parse('a=&#9786;&b=%F8', { charset: 'iso-8859-1', interpretNumericEntities: true }), qs.parse('a=1&b=2&c=3', { parameterLimit: 2 }), qs.parse('a[b][c][d]=e', { depth: 1 }),
    qs.parse('n=1&t=true', { decoder: (text, decode) => (/^\d+$/.test(text) ? Number(text) : text === 'true' || decode(text)) }), qs.parse('utf8=%E2%9C%93&a=%C3%B8', { charsetSentinel: true }), qs.parse('a=1&a=2', { duplicates: 'first' }),
  ],
  written: [
    qs.stringify({ a: { b: { c: 'd' } }, list: [1, 2], none: null, missing: undefined, empty: '', date: new Date(0), u: 'ü &=' }),
    ...['indices', 'brackets', 'repeat', 'comma'].map((arrayFormat) => qs.stringify({ a: ['b', 'c'] }, { arrayFormat })),
    qs.stringify({ a: [] }, { allowEmptyArrays: true }), qs.stringify({ a: 'b c' }, { format: 'RFC1738' }), qs.stringify({ a: { b: 1 } }, { allowDots: true, addQueryPrefix: true }), qs.stringify({ a: null, b: '' }, { strictNullHandling: true, skipNulls: false }),
    qs.stringify({ b: 1, a: 2 }, { sort: (x, y) => x.localeCompare(y) }), qs.stringify({ a: 1, b: { c: 2, d: 3 } }, { filter: ['b', 'c'] }), qs.stringify({ a: ['x[y]'] }, { encodeValuesOnly: true }), qs.stringify({ a: '😀' }), qs.stringify({ a: 1n, b: true }), qs.stringify({ when: new Date(7) }, { serializeDate: (date) => date.getTime() }),
  ],
  errors: [() => qs.parse('a=1&b=2', { parameterLimit: 1, throwOnLimitExceeded: true }), () => { const cycle = {}; cycle.self = cycle; return qs.stringify(cycle); }, () => qs.parse('a[b][c]=1', { depth: 1, strictDepth: true })].map((run) => { try { return run(); } catch (error) { return `${error}`; } }),
  round: qs.parse(qs.stringify({ a: [{ b: [1, { c: 'x' }] }] }, { encode: false })),
});
