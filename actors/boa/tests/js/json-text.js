const message = (text) => {
    try {
        return JSON.parse(text);
    } catch (error) {
        return error.message;
    }
};
const seen = (text, revive = (value) => value) => {
    const lines = [];
    const value = JSON.parse(text, function (key, value) {
        lines.push(`${key}: ${JSON.stringify(value)} in ${JSON.stringify(this)}`);
        return revive.call(this, value, key);
    });
    return [...lines, value];
};
const same = (value) => value;

// Numbers, strings and members, with a reviver and without.
for (const [reading, reviver] of [['without a reviver', undefined], ['with a reviver', (key, value) => value]]) {
    const parse = (text) => JSON.parse(text, reviver);
    check(`beyond doubles ${reading}`, () => parse('[1e400, -1e309, 1e-400, -0, 0, -0.0, 123456789012345678901234567890, 0e99, 1E+2, -12]'), '[Infinity, -Infinity, 0, -0, 0, -0, 1.2345678901234568e+29, 0, 100, -12]');
    check(`integers ${reading}`, () => parse('[999999999, -999999999, 1000000000, 2147483647, 2147483648, -2147483648, 9007199254740993]'), '[999999999, -999999999, 1000000000, 2147483647, 2147483648, -2147483648, 9007199254740992]');
    check(`lone surrogates ${reading}`, () => [...parse('"\ud800a\udc00\\ud83d\\ude00\\udfff\\u00e9"')].map((c) => c.codePointAt(0)), '[55296, 97, 56320, 128512, 57343, 233]');
    check(`keys with lone surrogates ${reading}`, () => Object.keys(parse('{"\ud800":1,"\\udfff":2}')).map((key) => key.charCodeAt(0)), '[55296, 57343]');
    check(`escapes ${reading}`, () => parse('"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\u000A"') === '"\\/\b\f\n\r\t\0\n', 'true');
    check(`text in Latin-1 ${reading}`, () => [parse('"\u00e9"'), parse('"\u00e9\u4e2d"'), parse('{"\u00fc": "\\u00fc"}')], '["\u00e9", "\u00e9\u4e2d", {\u00fc: "\u00fc"}]');
    check(`separators of lines in strings ${reading}`, () => parse('"\u2028\u2029\u007f"').length, '3');
    check(`__proto__ is a member ${reading}`, () => { const o = parse('{"__proto__": [1], "a": 2}'); return [Object.keys(o), Object.getPrototypeOf(o) === Object.prototype, o.__proto__]; }, '[["__proto__", "a"], true, [1]]');
    check(`the last of several members ${reading}`, () => Object.entries(parse('{"a":1,"b":2,"a":3}')), '[["a", 3], ["b", 2]]');
    check(`indexes come first ${reading}`, () => Object.keys(parse('{"b":1,"10":2,"9":3,"4294967295":4,"01":5}')), '["9", "10", "b", "4294967295", "01"]');
    check(`space ${reading}`, () => parse(' \t\r\n[ \t1\n,\r2 ]\n'), '[1, 2]');
    check(`empty ones ${reading}`, () => parse('[[],{},[{}],{"":[]},""]'), '[[], {}, [{}], {: []}, ""]');
    check(`what is there of Array.prototype and Object.prototype ${reading}`, () => {
        Object.defineProperty(Object.prototype, 'set_by_json', { set() { throw new Error('seen'); }, configurable: true });
        try {
            return Object.keys(parse('{"set_by_json": 1}'));
        } finally {
            delete Object.prototype.set_by_json;
        }
    }, '["set_by_json"]');
}

// What a reviver is called with, and in which order.
check('order', () => seen('{"b":[1,{"c":2}],"1":3}'), JSON.stringify([
    '1: 3 in {"1":3,"b":[1,{"c":2}]}', '0: 1 in [1,{"c":2}]', 'c: 2 in {"c":2}', '1: {"c":2} in [1,{"c":2}]',
    'b: [1,{"c":2}] in {"1":3,"b":[1,{"c":2}]}', ': {"1":3,"b":[1,{"c":2}]} in {"":{"1":3,"b":[1,{"c":2}]}}',
]).slice(0, -1).replaceAll('","', '", "') + ', {1: 3, b: [1, {c: 2}]}]');
check('undefined deletes', () => JSON.parse('{"a":1,"b":[1,2,3]}', (key, value) => (value === 2 || key === 'a' ? undefined : value)), '{b: [1, <hole>, 3]}');
check('members that are added are not seen, elements are not either', () => JSON.parse('{"a":[1],"b":2}', function (key, value) {
    if (key === 'a') this.c = 5;
    if (key === '0') this.push(7);
    return typeof value === 'number' ? value + 1 : value;
}), '{a: [2, 7], b: 3, c: 5}');
check('members that are deleted are undefined', () => JSON.parse('{"a":1,"b":2}', function (key, value) {
    if (key === 'a') delete this.b;
    return key === 'b' ? String(value) : value;
}), '{a: 1, b: "undefined"}');
check('what a reviver puts there is revived', () => JSON.parse('[1,2,3]', function (key, value) {
    if (key === '0') this[1] = { x: 5 };
    return key === 'x' ? value * 2 : value;
}), '[1, {x: 10}, 3]');
check('what can not be changed stays', () => JSON.parse('[1,2,3]', function (key, value) {
    if (key === '0') Object.defineProperty(this, '1', { value: 9, configurable: false, writable: false });
    return key === '2' ? undefined : key === '1' ? 4 : value;
}), '[1, 9, <hole>]');
check('a proxy of an array', () => {
    const log = [];
    JSON.parse('[0,0]', function (key, value) {
        if (key === '0') this[1] = new Proxy([1], { get(o, k) { log.push(`get ${String(k)}`); return o[k]; }, defineProperty(o, k, d) { log.push(`define ${k}`); return Reflect.defineProperty(o, k, d); } });
        return value;
    });
    return log;
}, '["get length", "get 0", "define 1", "define 0"]');
check('a revoked proxy', () => JSON.parse('[0,0]', function (key, value) {
    if (key === '0') { const { proxy, revoke } = Proxy.revocable([], {}); revoke(); this[1] = proxy; }
    return value;
}), 'throws TypeError');
check('what a reviver throws', () => JSON.parse('[1]', () => { throw new RangeError('x'); }), 'throws RangeError');
check('the text comes before the reviver', () => { const log = []; try { JSON.parse({ toString() { log.push('text'); return '{'; } }, () => log.push('revived')); } catch (error) { log.push(error.name); } return log; }, '["text", "SyntaxError"]');
check('a reviver that is no function', () => [JSON.parse('1', {}), JSON.parse('1', null), JSON.parse('1', 'x')], '[1, 1, 1]');
check('a reviver that goes ever deeper', () => JSON.parse('[0,0]', function (key, value) { if (key === '0') this[1] = [0, 0]; return value; }), 'throws RangeError');
check('depth', () => { let value = JSON.parse('['.repeat(5000) + ']'.repeat(5000)); let depth = 0; while (value) { depth++; value = value[0]; } return depth; }, '5000');
check('depth of objects', () => { let value = JSON.parse('{"a":'.repeat(5000) + '1' + '}'.repeat(5000)); let depth = 0; while (value !== 1) { depth++; value = value.a; } return depth; }, '5000');
check('depth with a reviver', () => JSON.parse('['.repeat(500) + ']'.repeat(500), (key, value) => (Array.isArray(value) && value.length === 1 ? value[0] : value)), '[]');

// The text of primitives, which the Node.js of the tests does not give.
const sources = (text, revive = same) => {
    const lines = [];
    JSON.parse(text, function (key, value, { source }) { lines.push(source); return revive.call(this, value, key); });
    return lines;
};
check.boa('source', () => sources('[ -1.50e0 , "\\u0061", true,null , {"a" : 12}, []]'), '["-1.50e0", "\\"\\\\u0061\\"", "true", "null", "12", undefined, undefined, undefined]');
check.boa('source of the whole', () => sources(' 0.0 '), '["0.0"]');
check.boa('source of numbers that come to the same', () => sources('[1e400,-0,0]'), '["1e400", "-0", "0", undefined]');
check.boa('source of the last of several members', () => sources('{"a":1,"a":2}'), '["2", undefined]');
check.boa('source of lone surrogates', () => sources('"\\ud800\ud800"')[0].length, '9');
check.boa('no source of what has changed', () => sources('[1,2,[3]]', function (value, key) { if (key === '0') { this[1] = 5; this[2] = [3]; } return value; }), '["1", undefined, undefined, undefined, undefined]');
check.boa('source of what was put back', () => sources('[1,2]', function (value, key) { if (key === '0') this[1] = 2; return value; }), '["1", "2", undefined]');
check.boa('nothing but source', () => JSON.parse('[1]', (key, value, about) => (key === '0' ? JSON.stringify(Object.getOwnPropertyDescriptors(about)) : value)), '["{\\"source\\":{\\"value\\":\\"1\\",\\"writable\\":true,\\"enumerable\\":true,\\"configurable\\":true}}"]');
check.boa('raw text', () => [JSON.stringify(JSON.rawJSON('1e400')), JSON.stringify([JSON.rawJSON('"\ud800"')]).length], '["1e400", 5]');
for (const text of ['', ' 1', '1\n', '{}', '[]', '1 2', 'x']) check.boa(`no raw text: ${JSON.stringify(text)}`, () => JSON.rawJSON(text), 'throws SyntaxError');

// What is no JSON, in the words of V8.
check('message of ""', () => message(''), '"Unexpected end of JSON input"');
check('message of " "', () => message(' '), '"Unexpected end of JSON input"');
check('message of "{"', () => message('{'), '"Expected property name or \'}\' in JSON at position 1"');
check('message of "{a"', () => message('{a'), '"Expected property name or \'}\' in JSON at position 1"');
check('message of "[1,]"', () => message('[1,]'), '"Unexpected token \']\', \\"[1,]\\" is not valid JSON"');
check('message of "[1 2]"', () => message('[1 2]'), '"Expected \',\' or \']\' after array element in JSON at position 3"');
check('message of "abc"', () => message('abc'), '"Unexpected token \'a\', \\"abc\\" is not valid JSON"');
check('message of "undefined"', () => message('undefined'), '"\\"undefined\\" is not valid JSON"');
check('message of "[object Object]"', () => message('[object Object]'), '"\\"[object Object]\\" is not valid JSON"');
check('message of "NaN"', () => message('NaN'), '"\\"NaN\\" is not valid JSON"');
check('message of "Infinity"', () => message('Infinity'), '"\\"Infinity\\" is not valid JSON"');
check('message of "{\\"a\\": 1, b}"', () => message('{"a": 1, b}'), '"Expected double-quoted property name in JSON at position 9"');
check('message of "{\\"a\\": 1,}"', () => message('{"a": 1,}'), '"Expected double-quoted property name in JSON at position 8"');
check('message of "{\\"a\\" 1}"', () => message('{"a" 1}'), '"Expected \':\' after property name in JSON at position 5"');
check('message of "{\\"a\\": 1 \\"b\\": 2}"', () => message('{"a": 1 "b": 2}'), '"Expected \',\' or \'}\' after property value in JSON at position 8"');
check('message of "<html>"', () => message('<html>'), '"Unexpected token \'<\', \\"<html>\\" is not valid JSON"');
check('message of "<!DOCTYPE html><html><head><title>404 Not Found</title></head></html>"', () => message('<!DOCTYPE html><html><head><title>404 Not Found</title></head></html>'), '"Unexpected token \'<\', \\"<!DOCTYPE \\"... is not valid JSON"');
check('message of "{\\"a\\":01}"', () => message('{"a":01}'), '"Unexpected number in JSON at position 6"');
check('message of "\\"abc"', () => message('"abc'), '"Unterminated string in JSON at position 4"');
check('message of "{\\"a\\":1}x"', () => message('{"a":1}x'), '"Unexpected non-whitespace character after JSON at position 7"');
check('message of "{\\"a\\":1} {\\"b\\":2}"', () => message('{"a":1} {"b":2}'), '"Unexpected non-whitespace character after JSON at position 8"');
check('message of "\\"a\\nb\\""', () => message('"a\u000ab"'), '"Bad control character in string literal in JSON at position 2"');
check('message of "\\"\\\\x\\""', () => message('"\\x"'), '"Bad escaped character in JSON at position 2"');
check('message of "\\"\\\\u12g4\\""', () => message('"\\u12g4"'), '"Bad Unicode escape in JSON at position 5"');
check('message of "-"', () => message('-'), '"No number after minus sign in JSON at position 1"');
check('message of "-a"', () => message('-a'), '"No number after minus sign in JSON at position 1"');
check('message of "1."', () => message('1.'), '"Unterminated fractional number in JSON at position 2"');
check('message of "1.a"', () => message('1.a'), '"Unterminated fractional number in JSON at position 2"');
check('message of "1e"', () => message('1e'), '"Exponent part is missing a number in JSON at position 2"');
check('message of "1e+"', () => message('1e+'), '"Exponent part is missing a number in JSON at position 3"');
check('message of "1ea"', () => message('1ea'), '"Exponent part is missing a number in JSON at position 2"');
check('message of "tru"', () => message('tru'), '"Unexpected end of JSON input"');
check('message of "trux"', () => message('trux'), '"Unexpected token \'x\', \\"trux\\" is not valid JSON"');
check('message of "nul"', () => message('nul'), '"Unexpected end of JSON input"');
check('message of "nulx"', () => message('nulx'), '"Unexpected token \'x\', \\"nulx\\" is not valid JSON"');
check('message of "\'a\'"', () => message('\'a\''), '"Unexpected token \'\'\', \\"\'a\'\\" is not valid JSON"');
check('message of "[1,\u00e9]"', () => message('[1,\u00e9]'), '"Unexpected token \'\u00e9\', \\"[1,\u00e9]\\" is not valid JSON"');
check('message of "\u4e2d"', () => message('\u4e2d'), '"Unexpected token \'\u4e2d\', \\"\u4e2d\\" is not valid JSON"');
check('message of "\\"abc\ud83d\ude00"', () => message('"abc\ud83d\ude00'), '"Unterminated string in JSON at position 6"');
check('message of "abcdefghijkl\ud83d\ude00mnopqrstuvwxyz"', () => message('abcdefghijkl\ud83d\ude00mnopqrstuvwxyz'), '"Unexpected token \'a\', \\"abcdefghij\\"... is not valid JSON"');
check('message of "[1,2]\u00a0"', () => message('[1,2]\u00a0'), '"Unexpected non-whitespace character after JSON at position 5"');
check('message of "{\\"a\\":1"', () => message('{"a":1'), '"Expected \',\' or \'}\' after property value in JSON at position 6"');
check('message of "{\\"a\\""', () => message('{"a"'), '"Expected \':\' after property name in JSON at position 4"');
check('message of "["', () => message('['), '"Unexpected end of JSON input"');
check('message of "[1"', () => message('[1'), '"Expected \',\' or \']\' after array element in JSON at position 2"');
check('message of "\\"\\\\"', () => message('"\\'), '"Unexpected end of JSON input"');
check('message of "\\"\\\\u"', () => message('"\\u'), '"Bad Unicode escape in JSON at position 3"');
check('message of "\\"\\\\u12"', () => message('"\\u12'), '"Bad Unicode escape in JSON at position 5"');
check('message of "\\"\\\\u\\""', () => message('"\\u"'), '"Bad Unicode escape in JSON at position 3"');
check('message of "\\"\\\\ud800\\\\n"', () => message('"\\ud800\\n'), '"Unterminated string in JSON at position 9"');
check('message of "\\"\\u0000\\""', () => message('"\u0000"'), '"Bad control character in string literal in JSON at position 1"');
check('message of "1 1"', () => message('1 1'), '"Unexpected non-whitespace character after JSON at position 2"');
check('message of "00"', () => message('00'), '"Unexpected number in JSON at position 1"');
check('message of ".5"', () => message('.5'), '"Unexpected token \'.\', \\".5\\" is not valid JSON"');
check('message of "+1"', () => message('+1'), '"Unexpected token \'+\', \\"+1\\" is not valid JSON"');
check('message of "[,]"', () => message('[,]'), '"Unexpected token \',\', \\"[,]\\" is not valid JSON"');
check('message of "{,}"', () => message('{,}'), '"Expected property name or \'}\' in JSON at position 1"');
check('message of "{\\"a\\":}"', () => message('{"a":}'), '"Unexpected token \'}\', \\"{\\"a\\":}\\" is not valid JSON"');
check('message of "{1:2}"', () => message('{1:2}'), '"Expected property name or \'}\' in JSON at position 1"');
check('message of "[1}"', () => message('[1}'), '"Expected \',\' or \']\' after array element in JSON at position 2"');
check('message of "{\\"a\\":1]"', () => message('{"a":1]'), '"Expected \',\' or \'}\' after property value in JSON at position 6"');
check('message of "\\"a\\"b"', () => message('"a"b'), '"Unexpected non-whitespace character after JSON at position 3"');
check('message of "[1 \\"b\\"]"', () => message('[1 "b"]'), '"Expected \',\' or \']\' after array element in JSON at position 3"');
check('message of "[\\"a\\" \\"b\\""', () => message('["a" "b"'), '"Expected \',\' or \']\' after array element in JSON at position 5"');
check('message of "\ufeff1"', () => message('\ufeff1'), '"Unexpected token \'\ufeff\', \\"\ufeff1\\" is not valid JSON"');
check('message of "[\\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\\", x, \\"bbbbbbbbbbbbbbbbbbbbbbbbbb\\"]"', () => message('["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", x, "bbbbbbbbbbbbbbbbbbbbbbbbbb"]'), '"Unexpected token \'x\', ...\\"aaaaaaa\\", x, \\"bbbbbb\\"... is not valid JSON"');
check('message of "x23456789012345678901"', () => message('x23456789012345678901'), '"Unexpected token \'x\', \\"x234567890\\"... is not valid JSON"');
check('message of "x2345678901234567890"', () => message('x2345678901234567890'), '"Unexpected token \'x\', \\"x2345678901234567890\\" is not valid JSON"');
check('message of "[\\"aaaaaa\\",x,\\"bbbbbbbb\\"]"', () => message('["aaaaaa",x,"bbbbbbbb"]'), '"Unexpected token \'x\', ...\\"[\\"aaaaaa\\",x,\\"bbbbbbb\\"... is not valid JSON"');
check('message of "[\\"aaaaaaaaaaaaa\\",x]"', () => message('["aaaaaaaaaaaaa",x]'), '"Unexpected token \'x\', \\"[\\"aaaaaaaaaaaaa\\",x]\\" is not valid JSON"');
check('message of "[\\"aaaaa\\",xaaaaaaaaaaaaaaaaaaaaaaa"', () => message('["aaaaa",xaaaaaaaaaaaaaaaaaaaaaaa'), '"Unexpected token \'x\', \\"[\\"aaaaa\\",xaaaaaaaaa\\"... is not valid JSON"');
check('message of "[object Array]"', () => message('[object Array]'), '"Unexpected token \'o\', \\"[object Array]\\" is not valid JSON"');
check('message of "undefined "', () => message('undefined '), '"Unexpected token \'u\', \\"undefined \\" is not valid JSON"');
check('message of "{\\"a\\":1}}"', () => message('{"a":1}}'), '"Unexpected non-whitespace character after JSON at position 7"');
check('message of "()=>1"', () => message('()=>1'), '"Unexpected token \'(\', \\"()=>1\\" is not valid JSON"');
check('message of "{x\\"a\\":1}"', () => message('{x"a":1}'), '"Expected property name or \'}\' in JSON at position 1"');
check('message of "[\\"\\", {\\"a\\" \\"b\\""', () => message('["", {"a" "b"'), '"Expected \':\' after property name in JSON at position 10"');
check('message of "1,2"', () => message('1,2'), '"Unexpected non-whitespace character after JSON at position 1"');
check('message of "[1,\\"a\\":2]"', () => message('[1,"a":2]'), '"Expected \',\' or \']\' after array element in JSON at position 6"');
check('message of "truefalse"', () => message('truefalse'), '"Unexpected non-whitespace character after JSON at position 4"');
check('message of "nullnull"', () => message('nullnull'), '"Unexpected non-whitespace character after JSON at position 4"');
check('message of "-01"', () => message('-01'), '"Unexpected number in JSON at position 2"');
check('message of "--1"', () => message('--1'), '"No number after minus sign in JSON at position 1"');
check('message of "1.5.5"', () => message('1.5.5'), '"Unexpected non-whitespace character after JSON at position 3"');
check('message of "1e5e5"', () => message('1e5e5'), '"Unexpected non-whitespace character after JSON at position 3"');
check('message of "\\"\\t\\""', () => message('"\u0009"'), '"Bad control character in string literal in JSON at position 1"');
check('message of "[\\"a\\","', () => message('["a",'), '"Unexpected end of JSON input"');
check('message of "{\\"a\\":1,"', () => message('{"a":1,'), '"Expected double-quoted property name in JSON at position 7"');
check('message of "{\\"a\\":"', () => message('{"a":'), '"Unexpected end of JSON input"');

// JSON.stringify.
const said = (run) => {
    try {
        return run();
    } catch (error) {
        return `${error.name}: ${error.message}`;
    }
};
const deep = (n) => {
    let o = 1;
    for (let i = 0; i < n; i++) o = i % 2 ? [o] : { o };
    return o;
};
check('written: values of all kinds', () => JSON.stringify({ a: 1, b: [1.5, -0, NaN, Infinity, null, undefined, () => 1, Symbol("x"), true], c: undefined, d: () => 1, [Symbol("q")]: 1, 2: 3, 1: 2 }), '"{\\"1\\":2,\\"2\\":3,\\"a\\":1,\\"b\\":[1.5,0,null,null,null,null,null,null,true]}"');
check('written: texts', () => JSON.stringify(["x\"\\\u0001\ud800\u00e9\u65e5", "\u2028\u2029\x7f\b\f\n\r\t", "\ud83d\ude00\ude00", { "\u65e5\ud800": "\ude00" }]).replace(/[^\x20-\x7e]/g, (unit) => `<${unit.charCodeAt(0)}>`), '"[\\"x\\\\\\"\\\\\\\\\\\\u0001\\\\ud800<233><26085>\\",\\"<8232><8233><127>\\\\b\\\\f\\\\n\\\\r\\\\t\\",\\"<55357><56832>\\\\ude00\\",{\\"<26085>\\\\ud800\\":\\"\\\\ude00\\"}]"');
check('written: numbers', () => JSON.stringify([1e21, 1e-7, -5, 2147483648, 0.1, -0.5e300]), '"[1e+21,1e-7,-5,2147483648,0.1,-5e+299]"');
check('written: objects that stand for primitives', () => JSON.stringify([new Number(3), new String("s"), new Boolean(false), Object(Symbol()), Object("abc"), { a: new Number(NaN) }]), '"[3,\\"s\\",false,{},\\"abc\\",{\\"a\\":null}]"');
check('written: indentation by 2', () => JSON.stringify({ a: [], b: {}, c: [1, [2]], d: { e: undefined }, f: { g: 1 } }, null, 2), '"{\\n  \\"a\\": [],\\n  \\"b\\": {},\\n  \\"c\\": [\\n    1,\\n    [\\n      2\\n    ]\\n  ],\\n  \\"d\\": {},\\n  \\"f\\": {\\n    \\"g\\": 1\\n  }\\n}"');
check('written: indentation by \'--\'', () => JSON.stringify({ a: [], b: {}, c: [1, [2]], d: { e: undefined }, f: { g: 1 } }, null, "--"), '"{\\n--\\"a\\": [],\\n--\\"b\\": {},\\n--\\"c\\": [\\n----1,\\n----[\\n------2\\n----]\\n--],\\n--\\"d\\": {},\\n--\\"f\\": {\\n----\\"g\\": 1\\n--}\\n}"');
check('written: indentation by \'\'', () => JSON.stringify({ a: [], b: {}, c: [1, [2]], d: { e: undefined }, f: { g: 1 } }, null, ""), '"{\\"a\\":[],\\"b\\":{},\\"c\\":[1,[2]],\\"d\\":{},\\"f\\":{\\"g\\":1}}"');
check('written: indentation by 20', () => JSON.stringify({ a: [], b: {}, c: [1, [2]], d: { e: undefined }, f: { g: 1 } }, null, 20), '"{\\n          \\"a\\": [],\\n          \\"b\\": {},\\n          \\"c\\": [\\n                    1,\\n                    [\\n                              2\\n                    ]\\n          ],\\n          \\"d\\": {},\\n          \\"f\\": {\\n                    \\"g\\": 1\\n          }\\n}"');
check('written: indentation by 0', () => JSON.stringify({ a: [], b: {}, c: [1, [2]], d: { e: undefined }, f: { g: 1 } }, null, 0), '"{\\"a\\":[],\\"b\\":{},\\"c\\":[1,[2]],\\"d\\":{},\\"f\\":{\\"g\\":1}}"');
check('written: indentation by new Number(3)', () => JSON.stringify({ a: [], b: {}, c: [1, [2]], d: { e: undefined }, f: { g: 1 } }, null, new Number(3)), '"{\\n   \\"a\\": [],\\n   \\"b\\": {},\\n   \\"c\\": [\\n      1,\\n      [\\n         2\\n      ]\\n   ],\\n   \\"d\\": {},\\n   \\"f\\": {\\n      \\"g\\": 1\\n   }\\n}"');
check('written: indentation by new String(\'ab\')', () => JSON.stringify({ a: [], b: {}, c: [1, [2]], d: { e: undefined }, f: { g: 1 } }, null, new String("ab")), '"{\\nab\\"a\\": [],\\nab\\"b\\": {},\\nab\\"c\\": [\\nabab1,\\nabab[\\nababab2\\nabab]\\nab],\\nab\\"d\\": {},\\nab\\"f\\": {\\nabab\\"g\\": 1\\nab}\\n}"');
check('written: indentation by \'a wide character\'', () => JSON.stringify({ a: [], b: {}, c: [1, [2]], d: { e: undefined }, f: { g: 1 } }, null, "\u65e5"), '"{\\n\u65e5\\"a\\": [],\\n\u65e5\\"b\\": {},\\n\u65e5\\"c\\": [\\n\u65e5\u65e51,\\n\u65e5\u65e5[\\n\u65e5\u65e5\u65e52\\n\u65e5\u65e5]\\n\u65e5],\\n\u65e5\\"d\\": {},\\n\u65e5\\"f\\": {\\n\u65e5\u65e5\\"g\\": 1\\n\u65e5}\\n}"');
check('written: indentation by \'12345678901\'', () => JSON.stringify({ a: [], b: {}, c: [1, [2]], d: { e: undefined }, f: { g: 1 } }, null, "12345678901"), '"{\\n1234567890\\"a\\": [],\\n1234567890\\"b\\": {},\\n1234567890\\"c\\": [\\n123456789012345678901,\\n12345678901234567890[\\n1234567890123456789012345678902\\n12345678901234567890]\\n1234567890],\\n1234567890\\"d\\": {},\\n1234567890\\"f\\": {\\n12345678901234567890\\"g\\": 1\\n1234567890}\\n}"');
check('written: a list of properties', () => JSON.stringify({ a: 1, b: { a: 2, c: 3 }, 0: 4, "-1": 5 }, ["b", "a", 0, new Number(1), "b", -1]), '"{\\"b\\":{\\"a\\":2},\\"a\\":1,\\"0\\":4,\\"-1\\":5}"');
check('written: what a replacer is called with', () => { const seen = []; const text = JSON.stringify({ a: 1, b: { a: [2] } }, function (key, value) { seen.push([key, Object.keys(this).join(), typeof value]); return typeof value === "number" ? value + 1 : value; }); return [text, ...seen]; }, '["{\\"a\\":2,\\"b\\":{\\"a\\":[3]}}", ["", "", "object"], ["a", "a,b", "number"], ["b", "a,b", "object"], ["a", "a", "object"], ["0", "0", "number"]]');
check('written: a replacer makes nothing of the whole value', () => JSON.stringify({ a: 1 }, () => undefined), 'undefined');
check('written: keys that toJSON gets', () => JSON.stringify([{ toJSON(key) { return `${typeof key} ${key}`; } }, { x: { toJSON(key) { return key; } } }]), '"[\\"string 0\\",{\\"x\\":\\"x\\"}]"');
check('written: what has no text', () => [undefined, () => 1, Symbol(), { toJSON() { } }].map((value) => JSON.stringify(value)), '[undefined, undefined, undefined, undefined]');
check('written: toJSON of a BigInt', () => { BigInt.prototype.toJSON = function () { return typeof this; }; try { return JSON.stringify([1n, { a: 2n }]); } finally { delete BigInt.prototype.toJSON; } }, '"[\\"object\\",{\\"a\\":\\"object\\"}]"');
check('written: a BigInt', () => said(() => JSON.stringify({ a: [1n] })), '"TypeError: Do not know how to serialize a BigInt"');
check('written: an object of a BigInt', () => said(() => JSON.stringify([Object(1n)])), '"TypeError: Do not know how to serialize a BigInt"');
check('written: a getter changes what comes', () => JSON.stringify({ get a() { delete this.b; this.c = 5; this.d = 6; return 1; }, b: 2, c: 3 }), '"{\\"a\\":1,\\"c\\":5}"');
check('written: a getter named toJSON changes what comes', () => JSON.stringify({ a: { get toJSON() { this.b = 9; return undefined; }, b: 1 } }), '"{\\"a\\":{\\"b\\":9}}"');
check('written: an array that shrinks', () => { const a = [{ toJSON() { a.pop(); a.length = 2; return 0; } }, 2, 3, 4]; return JSON.stringify(a); }, '"[0,2,null,null]"');
check('written: an array that becomes sparse', () => { const a = [{ toJSON() { a[1000] = 1; delete a[1]; return 0; } }, 2, 3]; return JSON.stringify(a); }, '"[0,null,3]"');
check('written: an array whose element becomes a getter', () => { const a = [{ toJSON() { Object.defineProperty(a, 1, { get: () => "got" }); return 0; } }, 2]; return JSON.stringify(a); }, '"[0,\\"got\\"]"');
check('written: proxies', () => JSON.stringify([new Proxy([1, 2], {}), new Proxy({ a: 1 }, {}), new Proxy({}, { ownKeys: () => ["p", "q"], getOwnPropertyDescriptor: (t, k) => ({ value: 1, enumerable: k === "p", configurable: true }), get: (t, k) => k === "toJSON" ? undefined : k })]), '"[[1,2],{\\"a\\":1},{\\"p\\":\\"p\\"}]"');
check('written: a revoked proxy', () => { const { proxy, revoke } = Proxy.revocable([], {}); return JSON.stringify({ get a() { revoke(); return proxy; } }); }, 'throws TypeError');
check('written: holes', () => JSON.stringify([, 1, , 2]), '"[null,1,null,2]"');
check('written: holes in front of a prototype', () => { Array.prototype[0] = "p"; try { return JSON.stringify([, 1]); } finally { delete Array.prototype[0]; } }, '"[\\"p\\",1]"');
check('written: properties that are inherited or hidden', () => JSON.stringify(Object.create({ a: 1 }, { b: { value: 2 }, c: { value: 3, enumerable: true } })), '"{\\"c\\":3}"');
check('written: objects of classes', () => JSON.stringify([new (class A { a = 1; #b = 2; get c() { return 3; } })(), new Map([[1, 2]]), new Uint8Array(2), /x/, new Error("x"), new Date(0), (function () { return arguments; })(1, 2)]), '"[{\\"a\\":1},{},{\\"0\\":0,\\"1\\":0},{},{},\\"1970-01-01T00:00:00.000Z\\",{\\"0\\":1,\\"1\\":2}]"');
check('written: a deep value', () => JSON.stringify(deep(900)).length, '3601');
check('written: a deep value, indented', () => JSON.stringify(deep(60), null, 1).length, '3991');
check('written: a value that stands in several places', () => { const o = deep(50); return JSON.stringify([o, [o], { o }]).length; }, '615');
check('written: too deep a value', () => said(() => JSON.stringify(deep(100000))), '"RangeError: Maximum call stack size exceeded"');
check('written: what a getter throws', () => said(() => JSON.stringify({ a: 1, get b() { throw new TypeError("no"); } })), '"TypeError: no"');
check('written: raw text', () => typeof JSON.rawJSON === "function" ? JSON.stringify({ a: JSON.rawJSON("1e1000") }) : '{"a":1e1000}', '"{\\"a\\":1e1000}"');
check('written: an array in an indented text', () => { const a = []; a.length = 3; return JSON.stringify({ a }, null, 1); }, '"{\\n \\"a\\": [\\n  null,\\n  null,\\n  null\\n ]\\n}"');
check('written: a circle of one', () => said(() => { const a = {}; a.a = a; return JSON.stringify(a); }), '"TypeError: Converting circular structure to JSON\\n    --> starting at object with constructor \'Object\'\\n    --- property \'a\' closes the circle"');
check('written: a circle of three', () => said(() => { const b = { x: { y: {} } }; b.x.y.z = b; return JSON.stringify({ b }); }), '"TypeError: Converting circular structure to JSON\\n    --> starting at object with constructor \'Object\'\\n    |     property \'x\' -> object with constructor \'Object\'\\n    |     property \'y\' -> object with constructor \'Object\'\\n    --- property \'z\' closes the circle"');
check('written: a circle of four', () => said(() => { const c = { x: { y: { w: {} } } }; c.x.y.w.z = c; return JSON.stringify(c); }), '"TypeError: Converting circular structure to JSON\\n    --> starting at object with constructor \'Object\'\\n    |     property \'x\' -> object with constructor \'Object\'\\n    |     property \'y\' -> object with constructor \'Object\'\\n    |     property \'w\' -> object with constructor \'Object\'\\n    --- property \'z\' closes the circle"');
check('written: a circle of many', () => said(() => { const c = { x: { y: { w: { v: { u: {} } } } } }; c.x.y.w.v.u.z = c; return JSON.stringify(c); }), '"TypeError: Converting circular structure to JSON\\n    --> starting at object with constructor \'Object\'\\n    |     property \'x\' -> object with constructor \'Object\'\\n    |     property \'y\' -> object with constructor \'Object\'\\n    |     ...\\n    |     property \'u\' -> object with constructor \'Object\'\\n    --- property \'z\' closes the circle"');
check('written: a circle far down', () => said(() => { const top = {}; let o = top; for (let i = 0; i < 40; i++) o = o.x = {}; o.top = top; return JSON.stringify(top); }), '"TypeError: Converting circular structure to JSON\\n    --> starting at object with constructor \'Object\'\\n    |     property \'x\' -> object with constructor \'Object\'\\n    |     property \'x\' -> object with constructor \'Object\'\\n    |     ...\\n    |     property \'x\' -> object with constructor \'Object\'\\n    --- property \'top\' closes the circle"');
check('written: a circle that begins far down', () => said(() => { const top = {}; let o = top, middle; for (let i = 0; i < 40; i++) { o = o.x = {}; if (i === 35) middle = o; } o.back = middle; return JSON.stringify(top); }), '"TypeError: Converting circular structure to JSON\\n    --> starting at object with constructor \'Object\'\\n    |     property \'x\' -> object with constructor \'Object\'\\n    |     property \'x\' -> object with constructor \'Object\'\\n    |     ...\\n    |     property \'x\' -> object with constructor \'Object\'\\n    --- property \'back\' closes the circle"');
check('written: a circle of arrays', () => said(() => { const d = [1, [2]]; d[1][3] = d; return JSON.stringify({ d }); }), '"TypeError: Converting circular structure to JSON\\n    --> starting at object with constructor \'Array\'\\n    |     index 1 -> object with constructor \'Array\'\\n    --- index 3 closes the circle"');
check('written: a circle of a class', () => said(() => { class Foo { } const f = new Foo(); f["a b"] = { "": f }; return JSON.stringify([0, f]); }), '"TypeError: Converting circular structure to JSON\\n    --> starting at object with constructor \'Foo\'\\n    |     property \'a b\' -> object with constructor \'Object\'\\n    --- <anonymous> closes the circle"');
check('written: a circle without a prototype', () => said(() => { const n = Object.create(null); n[""] = n; return JSON.stringify(n); }), '"TypeError: Converting circular structure to JSON\\n    --> starting at object with constructor \'Object\'\\n    --- <anonymous> closes the circle"');
check('written: a circle of a map', () => said(() => { const m = new Map(); m.self = m; return JSON.stringify(m); }), '"TypeError: Converting circular structure to JSON\\n    --> starting at object with constructor \'Map\'\\n    --- property \'self\' closes the circle"');
check('written: a circle of an object with its own constructor', () => said(() => { const o = { constructor: Map }; o.q = o; return JSON.stringify(o); }), '"TypeError: Converting circular structure to JSON\\n    --> starting at object with constructor \'Object\'\\n    --- property \'q\' closes the circle"');
check('written: a circle with names of other alphabets', () => said(() => { const o = { "\u00e9": {} }; o["\u00e9"]["\u65e5"] = o; return JSON.stringify(o); }), '"TypeError: Converting circular structure to JSON\\n    --> starting at object with constructor \'Object\'\\n    |     property \'\u00e9\' -> object with constructor \'Object\'\\n    --- property \'\u65e5\' closes the circle"');
