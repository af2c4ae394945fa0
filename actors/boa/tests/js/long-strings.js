// The sizes are such that quadratic work takes very long, and linear work a moment.
const N = 60000;

check('a text grows at its end', () => {
    let s = '';
    for (let i = 0; i < N; i++) s += 'some more text';
    return [s.length, s.slice(-20)];
}, '[840000, "e textsome more text"]');
check('a text grows in a template', () => {
    let s = '';
    for (let i = 0; i < N; i++) s = `${s}${i % 10}, and so on`;
    return [s.length, s.slice(0, 14)];
}, '[720000, "0, and so on1,"]');
check('a text grows at its front', () => {
    let s = '';
    for (let i = 0; i < N; i++) s = 'some more text' + s;
    return [s.length, s.slice(0, 20)];
}, '[840000, "some more textsome m"]');
check('a text grows at both ends', () => {
    let s = '';
    for (let i = 0; i < N; i++) s = '([{<' + s + '>}])';
    return [s.length, s.slice(0, 5), s.slice(-5)];
}, '[480000, "([{<(", ")>}])"]');
check('a text grows wide', () => {
    let s = '';
    for (let i = 0; i < N; i++) s += i % 2 ? 'some more text' : 'é€';
    return [s.length, s.slice(0, 18)];
}, '[480000, "é€some more texté€"]');
check('a text shrinks from its front', () => {
    let s = 'x'.repeat(N);
    let steps = 0;
    while (s.length) { s = s.slice(1); steps++; }
    return steps;
}, '60000');
check('a text shrinks at its end', () => {
    let s = 'xyz'.repeat(N / 3);
    let steps = 0;
    while (s) { s = s.substring(0, s.length - 1); steps++; }
    return steps;
}, '60000');
check('a window moves over a text', () => {
    let s = '';
    let sum = 0;
    for (let i = 0; i < N / 10; i++) {
        s += 'some more text, and a long one at that';
        if (s.length > 40000) s = s.slice(s.length - 20000);
        sum += s.length;
    }
    return sum;
}, '168203486');

check('texts with one beginning are told apart', () => {
    let base = 'b'.repeat(300) + 'c'.repeat(300);
    base = base + base;
    base += '!';
    const all = ['1', '2€', '3'].map((end) => base + end);
    const front = ['1', '2€', '3'].map((begin) => begin + base);
    const twice = base + base;
    base += 'end';
    return [all, front].map((texts) => texts.map((text) => text.replace(/[bc]+/, '_'))).concat(
        twice.length, base.slice(-5), all[0].length, twice === twice.slice(0, 1201) + twice.slice(1201));
}, '[["_!1", "_!2€", "_!3"], ["1_!", "2€_!", "3_!"], 2402, "c!end", 1202, true]');
check('slices of slices', () => {
    const text = Array.from({ length: 2000 }, (_, i) => i).join();
    const part = text.slice(1000, 8000).slice(1000).slice(0, 5000).slice(500, 4500);
    return [part.length, part.slice(0, 9), part === text.slice(2500, 6500), part.slice(100, 100), part.slice(3999)];
}, '[4000, "2,653,654", true, "", ","]');
check('random pieces', () => {
    let seed = 5;
    const random = (n) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % n;
    const texts = ['a'];
    const lists = ['a'.split('')];
    for (let i = 0; i < 400; i++) {
        const [a, b] = [random(texts.length), random(texts.length)];
        let text, list;
        const step = random(5);
        if (step < 2) {
            text = texts[a] + texts[b];
            list = lists[a].concat(lists[b]);
        } else if (step === 2) {
            const piece = random(9) ? 'pq' : '€';
            text = texts[a] + piece + texts[b];
            list = lists[a].concat(piece.split(''), lists[b]);
        } else {
            const from = random(texts[a].length + 1);
            const to = from + random(texts[a].length + 1);
            text = texts[a].slice(from, to);
            list = lists[a].slice(from, to);
        }
        if (text.length > 3000) continue;
        if (texts.length < 60) { texts.push(text); lists.push(list); } else { texts[a] = text; lists[a] = list; }
    }
    return texts.every((text, i) => text === lists[i].join('') && text.split('').join() === lists[i].join());
}, 'true');

check('a text is searched from place to place', () => {
    const text = '1,2026-08-18,US,product-142,ok\n'.repeat(20000);
    let lines = 0;
    for (let from = 0, to; (to = text.indexOf('\n', from)) >= 0; from = to + 1) lines += text.slice(from, to).length;
    let back = 0;
    for (let from = text.length; from >= 0 && (from = text.lastIndexOf('US', from)) >= 0; from--) back++;
    let wide = 0;
    const other = '€' + text;
    for (let from = 0; (from = other.indexOf('duct', from)) >= 0; from++) wide++;
    return [lines, back, wide, text.split('\n').length, ('é€' + text).split(',').length];
}, '[600000, 20000, 20000, 20001, 80001]');
check('a text is searched for what is nearly there', () => {
    const text = 'a'.repeat(100000);
    const wanted = 'a'.repeat(2000) + 'b';
    return [text.indexOf(wanted), text.lastIndexOf('b' + wanted), text.includes(wanted + '€'), ('€' + text).indexOf(wanted),
        ('€' + text).lastIndexOf(wanted), text.replaceAll(wanted, '').length];
}, '[-1, -1, false, -1, -1, 100000]');
check('searches of all widths and from all places', () => {
    const texts = ['abcabc', 'äbcäbc', 'aĀaĀb\u0161a', 'āāāa', '', 'aa\u6161\u6161a\u0061'];
    const wanted = ['', 'a', 'abc', 'äb', 'Āa', 'ā', 'āāā', '\u6161', 'c', 'bcä', '\u0161', 'ab\u0000'];
    let out = '';
    for (const text of texts) for (const part of wanted) for (const from of [undefined, 0, 1, 3, 5, 6, 9, -1]) {
        out += text.indexOf(part, from) + text.lastIndexOf(part, from) * 10 + Number(text.includes(part, from)) + ' ';
    }
    let sum = 0;
    for (let i = 0; i < out.length; i++) sum = (sum * 31 + out.charCodeAt(i)) | 0;
    return [out.length, sum];
}, '[2099, -1636751621]');
