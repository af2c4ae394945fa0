test('btoa pads', () => {
  for (const [text, expected] of [['', ''], ['f', 'Zg=='], ['fo', 'Zm8='], ['foo', 'Zm9v'], ['foob', 'Zm9vYg=='], ['\0\x80\xff', 'AID/'], ['\xfb\xff\xfe', '+//+']]) {
    same(btoa(text), expected, text);
    same(atob(expected), text, expected);
  }
});
test('all bytes go there and back', () => {
  const all = String.fromCharCode(...Array.from({ length: 256 }, (_, index) => index));
  for (const length of [254, 255, 256]) same(atob(btoa(all.slice(0, length))), all.slice(0, length), length);
});
test('arguments become text', () => {
  same(btoa(null), 'bnVsbA==');
  same(btoa(undefined), 'dW5kZWZpbmVk');
  same(btoa(12.5), 'MTIuNQ==');
  same(btoa({ toString: () => 'x' }), 'eA==');
  same(btoa(atob(null)), 'null');
});
test('decoding forgives white space and absent padding', () => {
  for (const text of [' Zg==', 'Z g = =', 'Zg', '\t\n\f\rZg= =', 'Zh', 'Zh==']) same(atob(text), 'f', JSON.stringify(text));
  for (const text of ['Zm8', 'Zm9']) same(atob(text), 'fo', text);
  same(atob(' '), '');
});
test('what is no base64 is refused', () => {
  for (const text of ['a', 'abcde', 'Zg=', 'Zg===', 'Z===', '=', '==', '====', 'ab=c', 'ab==cd', 'a b c d e', 'ab-_', 'abc\u00a0', 'abc\v', '\u0141bcd', 'ab\u013c=']) {
    throws(() => atob(text), 'InvalidCharacterError', JSON.stringify(text));
  }
  same((() => { try { atob('a'); } catch (error) { return error.code; } })(), 5);
});
test('text that is no bytes is refused', () => {
  throws(() => btoa('\u0100'), 'InvalidCharacterError');
  throws(() => btoa('a\ud83d\ude00'), 'InvalidCharacterError');
});
test('an argument is needed', () => {
  throws(() => atob(), 'TypeError');
  throws(() => btoa(), 'TypeError');
  throws(() => new btoa('x'), 'TypeError');
});
