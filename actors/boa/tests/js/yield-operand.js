// What may begin the operand of `yield`.

check('a private name', () => { class A { #p; *m() { yield #p in this; yield #p in {}; } } return [...new A().m()]; }, '[true, false]');
check('a regular expression that begins with =', () => [...(function* () { yield /=a/; })()].map(String), '["/=a/"]');
check('nothing', () => [...(function* () { yield; (yield); [yield]; })()], '[undefined, undefined, undefined]');
check('templates', () => [...(function* () { yield `a${1}`; yield `b`; })()], '["a1", "b"]');
