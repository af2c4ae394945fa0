// A text is a BigInt only as the grammar has it: no separators, no sign after a prefix, JavaScript's white space.

const read = (text) => { try { return BigInt(text); } catch (error) { return error; } };
check('no BigInts', () => ['1_0', '_1', '0x', '0x-1', '-0x1', '+0b1', '1e3', '1.5', '1n', '--5', '\u00857', '- 1', '0x1g'].map(read), '[' + Array(13).fill('SyntaxError').join(', ') + ']');
check('BigInts', () => ['-5', '+5', '', ' ', '0B11', '0o17', '0xfF', '\ufeff7\u2029', '00012'].map(read), '[-5n, 5n, 0n, 0n, 3n, 15n, 255n, 7n, 12n]');
check('compared with texts', () => [-1n < '1_0', 1n < 'x', 1n >= 'x', '1' < 2n, 1n == ' 0x1 ', 1n == '1_0'], '[false, false, false, true, true, false]');
