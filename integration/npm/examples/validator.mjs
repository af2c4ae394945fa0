import validator from 'validator';

const CASES = {
  isEmail: ['foo@bar.com', 'bar.@x.au', 'ünï@exämple.com', '"quoted x"@a.b.com', `${'x'.repeat(65)}@a.com`],
  isURL: ['foobar.com', 'http://user:pw@example.com:8080/p?q#h', 'http://localhost', 'javascript:alert(1)', 'http://[::1]/'],
  isIP: ['127.0.0.1', '256.0.0.1', '::1', 'fe80::1%eth0', '1.2.3'], isFQDN: ['a.example', 'a_b.com', 'x.-y.com'],
  isUUID: ['6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b', 'x'], isCreditCard: ['375556917985515', '375556917985516'], isIBAN: ['DE89370400440532013000', 'DE8937040044053201300'],
  isISO8601: ['2009-12-31T23:59:60Z', '2009-W53', '2009-367', '20091231'], isRFC3339: ['2009-05-19T14:39:22-06:00', '2010-02-18t00:23:23.33+24:00'], isDate: ['2020-02-30', '2020/02/29'],
  isJSON: ['{"a":1}', '{a:1}'], isJWT: ['aaaa.bbbb.cccc', 'a.b'], isBase64: ['Zg==', 'Zg='], isHexColor: ['#ff0034', '#gg0000'], isMACAddress: ['ab:ab:ab:ab:ab:ab', 'abc'],
  isNumeric: ['-1.5', '1e3', '+7'], isFloat: ['1.5e-7', '.', '12.'], isInt: ['-0', '01', '12a'], isDecimal: ['0.01', '.1', '1,5'], isAlpha: ['abc', 'äbc', ''], isAlphanumeric: ['a1', 'a 1'],
  isMobilePhone: ['+4915123456789', '123'], isPostalCode: ['12345', '1'], isISBN: ['978-3-8362-2119-1', '3836221195', '3-8362-2119-4'], isISSN: ['2434-561X', '0000-0001'], isEAN: ['9421023610112', '1'],
  isMongoId: ['507f1f77bcf86cd799439011', 'x'], isMD5: ['d94f3f016ae679c3008de268209132f2'], isSemVer: ['1.0.0-alpha+b', '1.0'], isSlug: ['a-b_c', '-a'], isStrongPassword: ['aA1!aaaa', 'weak'], isLatLong: ['(17.0, -179)', '91,0'],
  isSurrogatePair: ['😀', 'x'], isMultibyte: ['ä', 'x'], isFullWidth: ['ＡＢ', 'ab'], isCurrency: ['-$10,123.45', '$ 1'], isDataURI: ['data:text/plain,x', 'x'], isMimeType: ['application/json', 'x/'], isBIC: ['SBICKEN1345', 'x'], isISIN: ['AU0000XVGZA3', 'x'], isEthereumAddress: [`0x${'0'.repeat(40)}`, 'x'],
};

export default () => ({
  asked: Object.fromEntries(Object.entries(CASES).map(([name, inputs]) => [name, inputs.map((input) => { try { return name === 'isPostalCode' ? validator[name](input, 'DE') : validator[name](input); } catch (error) { return error.message; } })])),
  sanitised: [validator.escape('<a href="x">\'`/&'), validator.unescape('&lt;&amp;'), validator.trim('  x '), validator.ltrim('--x-', '-'), validator.blacklist('abcabc', 'a\\['), validator.whitelist('abc123', 'a-b'), validator.stripLow('a\u0007b\n', true), validator.normalizeEmail('Some.Name+tag@GoogleMail.com'), validator.toBoolean('1', true), validator.toInt('12px'), validator.toFloat('1.5e3x'), validator.toDate('2024-02-29')],
  compared: [validator.equals('a', 'a'), validator.contains('HELLO', 'ell', { ignoreCase: true }), validator.matches('abc', /B/i), validator.isIn('a', ['a', 'b']), validator.isLength('äö😀', { min: 3, max: 3 }), validator.isByteLength('äö', { max: 3 }), validator.isAfter('2024-02-29', '2024-02-28'), validator.isDivisibleBy('12', 3), validator.isStrongPassword('aA1!aaaa', { returnScore: true })],
  refused: (() => { try { return validator.isEmail(5); } catch (error) { return `${error}`; } })(),
});
