// A left operand has the value from before the right one is evaluated.
check('assignments on the right', () => { let x = 1; return [x + (x = 5), x * (x = 2), x - (x = x + 1), x]; }, '[6, 10, -1, 3]');
check('updates on the right', () => { let x = 1; return [x + x++, x + ++x, x - x--, x]; }, '[2, 5, 0, 2]');
check('comparisons', () => { let x = 1; return [x < (x = 0), x === (x = 2), x == (x = 3), x >= (x = 9), x !== (x = 9)]; }, '[false, false, false, false, false]');
check('bits', () => { let x = 6; return [x & (x = 3), x | (x = 8), x ^ (x = 1), x << (x = 2), x >>> (x = 0)]; }, '[2, 11, 9, 4, 2]');
check('in and instanceof', () => { let x = 'a'; const found = x in (x = { a: 1 }); return [found, x instanceof (x = Object)]; }, '[true, true]');
check('conditions of loops and branches', () => {
    let x = 3, n = 0;
    while (x < (x = 1)) n++;
    if (x === (x = 2)) n += 10;
    for (let y = 5; y > (y = 4);) { n += 100; if (n > 1000) break; y = 0; }
    return [x, n];
}, '[2, 100]');
check('parameters, patterns and nested operands', () => ((x, y) => [x + ([x] = [5])[0], y + ({ y } = { y: 3 }).y, x + (y + (x = y = 1)), x])(1, 2), '[6, 5, 9, 1]');
check('what a function or an await changes', async () => { let x = 1, y = 1; const f = () => (x = 5); return [x + f(), y + (await (y = 7))]; }, '[6, 8]');
