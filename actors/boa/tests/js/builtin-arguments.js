// What single builtins do with arguments that are odd.
const replaced = (text, regexp, template) => text.replace(regexp, template);
check('a name without an end in a template', () => replaced('abc', /(?<n>a)/, '$<$1'), '"$<abc"');
check('a name without an end behind others', () => replaced('abc', /(?<n>a)/, '$<n>-$<n-$1-$&'), '"a-$<n-a-abc"');
check('a name that is none', () => replaced('abc', /(?<n>a)/, '[$<m>]$<$<n>]'), '"[]]bc"');
check('a name without named groups', () => replaced('abc', /(a)/, '$<n>$1'), '"$<n>abc"');
check('many names without an end', () => replaced('abc', /(?<n>a)/, '$<'.repeat(10000)).length, '20002');

const found = (regexp, text, lastIndex) => {
    regexp.lastIndex = lastIndex;
    const match = regexp.exec(text);
    return [match && match.index, match && match[0].length, regexp.lastIndex];
};
check('within a character: g', () => found(/(?:)/gu, '\u{1f600}a\u{1f602}', 4), '[3, 0, 3]');
check('within a character: y', () => found(/./uy, '\u{1f600}a', 1), '[0, 2, 2]');
check('within a character: v', () => found(/./gv, '\u{1f600}a', 1), '[0, 2, 2]');
check('within a character without u', () => found(/./g, '\u{1f600}a', 1), '[1, 1, 2]');
check('within what is no character', () => found(/./gu, '\ude00\ude00', 1), '[1, 1, 2]');
check('within a character without g or y', () => found(/./u, '\u{1f600}a', 1), '[0, 2, 1]');
check('replace within a character', () => { const regexp = /(?:)/uy; regexp.lastIndex = 1; return ['\u{1f600}'.replace(regexp, '-').length, regexp.lastIndex]; }, '[3, 0]');

for (const [what, compare] of Object.entries({
    sum: (a, b) => a + b, 'true or false': (a, b) => a < b, reversed: (a, b) => b - a, zero: () => 0, 'negative zero': () => -0, one: () => 1, 'minus one': () => -1, NaN: () => NaN, undefined: () => undefined, text: (a, b) => String(a - b),
})) {
    const expected = {
        sum: '["1,-1,0,2,3", "-1,0", "8,4,4,0,7,1,9,3,5"]', 'true or false': '["3,2,1,0,-1", "0,-1", "9,8,7,5,4,4,3,1,0"]', reversed: '["3,2,1,0,-1", "0,-1", "9,8,7,5,4,4,3,1,0"]',
        zero: '["3,1,2,-1,0", "-1,0", "5,3,9,1,7,0,4,4,8"]', 'negative zero': '["3,1,2,-1,0", "-1,0", "5,3,9,1,7,0,4,4,8"]', one: '["0,-1,2,1,3", "0,-1", "8,4,4,0,7,1,9,3,5"]', 'minus one': '["3,1,2,-1,0", "-1,0", "5,3,9,1,7,0,4,4,8"]',
        NaN: '["3,1,2,-1,0", "-1,0", "5,3,9,1,7,0,4,4,8"]', undefined: '["3,1,2,-1,0", "-1,0", "5,3,9,1,7,0,4,4,8"]', text: '["-1,0,1,2,3", "-1,0", "0,1,3,4,4,5,7,8,9"]',
    };
    check(`typed arrays sorted by ${what}`, () => [[3, 1, 2, -1, 0], [-1, 0], [5, 3, 9, 1, 7, 0, 4, 4, 8]].map((items) => String(new Int8Array(items).sort(compare))), expected[what]);
    check(`typed arrays sorted as others by ${what}`, () => String(new Float64Array([3, 1, 2]).toSorted(compare)) === String(new Float64Array([3, 1, 2]).sort(compare)), 'true');
}
check('typed arrays sorted', () => [...new Float64Array([3, NaN, -0, 0, -1, Infinity, -Infinity, NaN, 0, -0]).sort()], '[-Infinity, -1, -0, -0, 0, 0, 3, Infinity, NaN, NaN]');
check('many elements', () => { const items = Uint32Array.from({ length: 1000 }, (_, i) => (i * 7919) % 1009); return String(items.toSorted((a, b) => a - b)) === String(items.sort()); }, 'true');
check('a comparator that throws', () => new Int8Array([2, 1]).sort(() => { throw new RangeError('x'); }), 'throws RangeError');
check('a comparator that empties the buffer', () => { const buffer = new ArrayBuffer(4, { maxByteLength: 8 }); const items = new Int8Array(buffer); items.sort(() => { buffer.resize(0); return 1; }); return items.length; }, '0');

check('elements of typed arrays as texts', () => [new Float64Array([0.5, -0]).toLocaleString(), new BigInt64Array([3n, 2n]).toLocaleString(), new Uint8Array(1).toLocaleString(), new Uint8Array(0).toLocaleString()], '["0.5,-0", "3,2", "0", ""]');
check('a buffer of fixed length', () => new ArrayBuffer(8).resize(-1), 'throws TypeError');
check('a buffer of fixed length converts nothing', () => { const log = []; try { new ArrayBuffer(8).resize({ valueOf() { log.push('converted'); return 1; } }); } catch (error) { log.push(error.name); } return log; }, '["TypeError"]');
check('a buffer of other lengths', () => new ArrayBuffer(8, { maxByteLength: 16 }).resize(-1), 'throws RangeError');
for (const flags of ['gu', 'gv', 'gimsv']) {
    check(`empty matches between characters: ${flags}`, () => {
        const [text, regexp] = ['\u{1f600}a\u{1f602}', new RegExp('()', flags)];
        return [text.replace(regexp, '-').length, text.match(regexp).length, [...text.matchAll(regexp)].map((match) => match.index), text.split(regexp).length, text.replaceAll(regexp, () => '').length];
    }, '[9, 4, [0, 2, 3, 5], 5, 5]');
}
