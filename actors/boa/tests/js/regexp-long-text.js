// The sizes are such that quadratic work takes very long, and linear work a moment.
const text = '1,2026-08-18,US,product-142,ok\n'.repeat(4000);
const wide = '€' + text;

check('all matches in a long text', () => [text, wide].map((text) => {
    let lines = 0;
    for (const match of text.matchAll(/[^\n]+/g)) lines += match[0].length > 0;
    return [lines, text.match(/\d{4}/g).length, text.replace(/product-(\d+)/g, '$1').length,
        text.replaceAll(/US/gu, (us) => us + us).length];
}), '[[4000, 4000, 92000, 132000], [4000, 4000, 92001, 132001]]');
check('one match after the other in a long text', () => [text, wide].map((text) => {
    const [global, sticky] = [/,(\w+)-/g, /[^\n]*\n/y];
    let [commas, lines] = [0, 0];
    while (global.exec(text)) commas++;
    while (sticky.exec(text)) lines++;
    return [commas, lines, global.lastIndex, sticky.lastIndex];
}), '[[8000, 4000, 0, 0], [8000, 4000, 0, 0]]');
check('a long text is split', () => [text, wide].map((text) =>
    [text.split(/\n/).length, text.split(/[,-]/).length, text.split(/(,)|\n/u).length]),
    '[[4001, 28001, 40001], [4001, 28001, 40001]]');
check('a sticky expression looks at one place', () => {
    const source = ('let x = (1 + 23) * foo;\n').repeat(400);
    const kinds = [/\s+/y, /\d+/y, /[a-z]+/y, /[=()+*;]/y, /"never"/y];
    let tokens = 0;
    for (let at = 0; at < source.length;) {
        for (const kind of [kinds[4], ...kinds]) {
            kind.lastIndex = at;
            const match = kind.exec(source);
            if (match) { at = kind.lastIndex; tokens++; break; }
        }
    }
    return tokens;
}, '7600');
check('an anchored expression looks at one place', () => {
    const source = 'x'.repeat(200000);
    let found = 0;
    for (let i = 0; i < 2000; i++) found += /^(?:y|foo)/.test(source) + /^y/u.test(source);
    return found;
}, '0');

check('sticky and anchored matches are where they should be', () => [
    /b/y.exec('ab'), /^b/g.exec('ab'), 'aXbX'.replace(/X/y, '_'), 'XXaX'.replace(/X/gy, '_'), /^b/m.exec('a\nb').index,
    'xäÄ'.replace(/ä/gi, '_'), /(?<=a)b/y.test('ab'), 'éÉ'.match(/é/giu), '\u017f'.match(/s/iu) !== null,
    's'.match(/\u017f/iu) !== null, 'ÿ\u0178'.match(/ÿ/gi), /\w/iu.test('\u212a'), /(a)\1/i.test('aA'), /^$/.test(''),
], '[null, null, "aXbX", "__aX", 2, "x__", false, ["é", "É"], true, true, ["ÿ", "Ÿ"], true, true, true]');
check('splits at what is empty, at the ends, and with captures', () => [
    'abc'.split(/(?:)/), 'a😀b'.split(/(?:)/u), 'a😀b'.split(/(?:)/), ''.split(/x/), ''.split(/(?:)/), 'axbx'.split(/x/),
    'xaxb'.split(/x/), 'a1b2c'.split(/(\d)/), 'a1b2c'.split(/(\d)|(q)/), 'abc'.split(/$/), 'abc'.split(/^/),
    'a\nb\nc'.split(/^/m), 'aXbxc'.split(/x/i), 'abc'.split(/(?=b)/), 'abcb'.split(/(?<=b)/), 'a,b,c'.split(/,/, 2),
    'a1b2c'.split(/(\d)/, 3), 'a,b'.split(/,/, 0), 'aab'.split(/a*?/), 'aab'.split(/a*/), 'A<B>bold</B>'.split(/<(\/)?([^<>]+)>/),
    'äxöx'.split(/x/y), '😀😀'.split(/\udc00/), '€1€'.split(/(?<n>\d)/),
], '[["a", "b", "c"], ["a", "😀", "b"], ["a", "\\ud83d", "\\ude00", "b"], [""], [], ["a", "b", ""], ["", "a", "b"], ["a", "1", "b", "2", "c"], ["a", "1", undefined, "b", "2", undefined, "c"], ["abc"], ["abc"], ["a\\n", "b\\n", "c"], ["a", "b", "c"], ["a", "bc"], ["ab", "cb"], ["a", "b"], ["a", "1", "b"], [], ["a", "a", "b"], ["", "b"], ["A", undefined, "B", "bold", "/", "B", ""], ["ä", "ö", ""], ["😀😀"], ["€", "1", "€"]]');
check('a splitter of one\'s own is asked', () => {
    const log = [];
    class Mine extends RegExp { exec(text) { log.push(this.lastIndex); return super.exec(text); } }
    const parts = 'a,b'.split(new Mine(','));
    const plain = /,/;
    plain.exec = () => null;
    const own = 'a,b'.split(plain);
    const exec = RegExp.prototype.exec;
    RegExp.prototype.exec = function (text) { log.push('changed'); return exec.call(this, text); };
    const changed = 'a,b'.split(/,/);
    RegExp.prototype.exec = exec;
    return [parts, own, changed, log];
}, '[["a", "b"], ["a", "b"], ["a", "b"], [0, 1, 2, "changed", "changed", "changed"]]');
check('indices', () => {
    const match = /(?<y>\d+)-(x)?/d.exec('on 2026-');
    return [match.indices, { ...match.indices.groups }, 'indices' in /a/.exec('a')];
}, '[[[3, 8], [3, 7], undefined], {y: [3, 7]}, false]');
