// Assertions take no quantifier, but for lookaheads without `u` (Annex B).

const made = (text, flags = '') => { try { return String(new RegExp(text, flags)); } catch (error) { return error; } };
check('boundaries', () => ['\\b*', '\\B+', 'a\\b?', '\\b{1,2}', '(\\B*)', '(?!\\b*)'].map((text) => made(text)), '[SyntaxError, SyntaxError, SyntaxError, SyntaxError, SyntaxError, SyntaxError]');
check('others', () => ['^*', '$?', '(?<=a)*', '(?<!a)+'].map((text) => made(text)), '[SyntaxError, SyntaxError, SyntaxError, SyntaxError]');
check('lookaheads', () => [made('(?=a)*'), made('(?!a){2}'), made('(?=a)*', 'u')], '["/(?=a)*/", "/(?!a){2}/", SyntaxError]');
check('what follows an assertion', () => [made('\\ba*'), made('\\Bb?'), made('[\\b]*'), made('\\b(?:a)*')], '["/\\\\ba*/", "/\\\\Bb?/", "/[\\\\b]*/", "/\\\\b(?:a)*/"]');
