// `using` declarations are refused: what they declare would never be disposed of. `using` is a name else.
const refused = (source) => { try { Function(source); return 'taken'; } catch (e) { return e.name; } };

check.boa('using declarations are refused', () => [
    refused('using a = b;'), refused('{ using\ta = null; }'), refused('if (1) { f();\nusing a = null }'),
    refused('return async () => { await using a = b; }'), refused('for (using a of b) ;'), refused('for (using a = b;;) ;'),
].join(), '"SyntaxError,SyntaxError,SyntaxError,SyntaxError,SyntaxError,SyntaxError"');
check.boa('the message says where', () => { try { Function('f();\n  using a = b;'); } catch (e) { return /`using` declarations are not supported at line \d+, col 3/.test(e.message); } }, 'true');
check('using is a name', () => {
    var using = 5;
    using++;
    using
    using = using + 1;
    const f = (using) => using * 2;
    const o = { using, f(using) { return using; } };
    function g() { using: for (;;) break using; return 1; }
    for (using in { a: 1 }) ;
    return [using, f(2), o.using, o.f(3), g(), ((using) => { using /= 2; return using; })(8)];
}, '["a", 4, 7, 3, 1, 4]');
check('using is a name of declarations', () => { let using = 1; { class using2 {} } function h() { const using = 2; return using; } return [using, h()]; }, '[1, 2]');
check('awaiting what is called using', async () => { const using = Promise.resolve(1); return await using; }, '1');
