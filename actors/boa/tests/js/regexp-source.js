const sources = ['\\/', '/', '[/]', '[/\\]/]/', '\\\\/', '[\\\\]/', '\n', '\\\n', '[\r]', '\\\u2028\u2029', '', 'a/b/c', '[[/]]/', ']/[a]', '\\[/'];
const made = sources.map((source) => new RegExp(source).source);

check('a slash is escaped once, and not in a class', () => made.slice(0, 6), '["\\\\/", "\\\\/", "[/]", "[/\\\\]/]\\\\/", "\\\\\\\\\\\\/", "[\\\\\\\\]\\\\/"]');
check('so are ends of lines', () => made.slice(6, 10), '["\\\\n", "\\\\n", "[\\\\r]", "\\\\u2028\\\\u2029"]');
check('the rest', () => made.slice(10), '["(?:)", "a\\\\/b\\\\/c", "[[/]]\\\\/", "]\\\\/[a]", "\\\\[\\\\/"]');
check('a literal is itself', () => [/\//.source, /[/]\/\n/.source, String(/a\/b/g)], '["\\\\/", "[/]\\\\/\\\\n", "/a\\\\/b/g"]');
check('the source makes the same expression', () => { const made = new RegExp(new RegExp(/^https?:\/\/[^/]+/.source).source); return made.exec('https://example.org/x')[0]; }, '"https://example.org"');
