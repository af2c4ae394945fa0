// A function in a block is seen behind it, unless it stands inside what declares its name: a `let` elsewhere is none of its business.

check('a loop over its name behind it', () => { { function f() {} } for (let f = 0; f < 1; f++); return typeof f; }, '"function"');
check('a loop before it', () => { for (const f of [1]); { function f() {} } return typeof f; }, '"function"');
check('a for-in', () => { { function f() {} } for (let f in {}); return typeof f; }, '"function"');
check('another block', () => { { function f() {} } { let f; } return typeof f; }, '"function"');
check('a switch', () => { { function f() {} } switch (0) { case 0: let f; } return typeof f; }, '"function"');
check('a pattern of catch', () => { { function f() {} } try { throw {}; } catch ({ f }) {} return typeof f; }, '"function"');
check('inside a loop over its name', () => { for (let f = 0; f < 1; f++) { { function f() {} } } return typeof globalThis.f; }, '"undefined"');
check('inside a block with its name', () => { { let f; { function f() {} } } return typeof globalThis.f; }, '"undefined"');
