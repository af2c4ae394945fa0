// In the published Boa what walks a circle has no end, and the rest ends the process: the first row is what `unfixed` needs.
// What recurses without JavaScript in between is in tests/native_stack.rs.
const circle = () => {
    const object = {};
    Object.setPrototypeOf(object, new Proxy(Object.create(object), {}));
    return object;
};

check('isPrototypeOf along a circle through a proxy', () => ({}).isPrototypeOf(circle()), 'throws RangeError');
check('instanceof along a circle through a proxy', () => circle() instanceof Array, 'throws RangeError');
check('__lookupGetter__ along a circle through a proxy', () => Object.prototype.__lookupGetter__.call(circle(), 'x'), 'throws RangeError');
check('__lookupSetter__ along a circle through a proxy', () => Object.prototype.__lookupSetter__.call(circle(), 'x'), 'throws RangeError');

const text = (begin, within, end) => () => new Function('a', `return ${begin.repeat(1e6)}${within}${end.repeat(1e6)}`);
check('arrays that nest in a text', text('[', '', ']'), 'throws RangeError');
check('unary operators that nest in a text', text('!', '1', ''), 'throws RangeError');
check('member expressions that nest in a text', text('', 'a', '.b'), 'throws RangeError');
check('functions that nest in a text', text('(() => ', 'a', ')'), 'throws RangeError');
check('templates that nest in a text', text('`${', 'a', '}`'), 'throws RangeError');

check('a pattern of many alternatives', () => new RegExp(`${'a|'.repeat(50_000)}b`).test('b'), 'true');
check('a chain of bound functions', () => {
    let f = () => 1;
    for (let i = 0; i < 1000; i++) f = f.bind(null);
    return f();
}, '1');
check('a chain of proxies', () => {
    let o = { x: 1 };
    for (let i = 0; i < 1000; i++) o = new Proxy(o, {});
    return o.x;
}, '1');
