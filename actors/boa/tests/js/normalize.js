// `normalize` leaves lone surrogates as they are.

check('NFC', () => 'e\u0301\ud800e\u0301'.normalize() === '\u00e9\ud800\u00e9', 'true');
check('at the ends', () => ['\udc00e\u0301', 'e\u0301\ud83d', '\ud800', '\ud83d\ud83d\ude00'].map((text) => text.normalize('NFC').length), '[2, 2, 1, 3]');
check('NFD', () => '\u00e9\udfff'.normalize('NFD') === 'e\u0301\udfff', 'true');
check('NFKC and NFKD', () => ['NFKC', 'NFKD'].map((form) => '\ufb01\ud900'.normalize(form) === 'fi\ud900'), '[true, true]');
check('pairs', () => '\ud834\udd5e'.normalize('NFD') === '\ud834\udd57\ud834\udd65', 'true');
