// Dates and numbers for people. `\u202f` and `\u2009` are the narrow spaces of the CLDR.
const moment = new Date(Date.UTC(2024, 6, 4, 22, 5, 9, 123));
const winter = new Date(Date.UTC(2024, 0, 7, 3, 4, 5));
const date = (locale, options, when = moment) => new Intl.DateTimeFormat(locale, { timeZone: 'UTC', ...options }).format(when);
const number = (locale, options, value) => new Intl.NumberFormat(locale, options).format(value);
const LOCALES = ['en', 'en-GB', 'de', 'fr', 'ja', 'es', 'pt', 'it', 'nl', 'pl', 'ru', 'zh', 'ko'];
const each = (body) => () => LOCALES.map(body).join(' | ');

check('dates without options', each((locale) => moment.toLocaleDateString(locale, { timeZone: 'UTC' })),
    '"7/4/2024 | 04/07/2024 | 4.7.2024 | 04/07/2024 | 2024/7/4 | 4/7/2024 | 04/07/2024 | 04/07/2024 | 4-7-2024 | 4.07.2024 | 04.07.2024 | 2024/7/4 | 2024. 7. 4."');
check('times without options', each((locale) => moment.toLocaleTimeString(locale, { timeZone: 'UTC' })),
    '"10:05:09 PM | 22:05:09 | 22:05:09 | 22:05:09 | 22:05:09 | 22:05:09 | 22:05:09 | 22:05:09 | 22:05:09 | 22:05:09 | 22:05:09 | 22:05:09 | PM 10:05:09"');
check('both', () => moment.toLocaleString('en-US', { timeZone: 'UTC' }), '"7/4/2024, 10:05:09 PM"');
check('full dates', each((locale) => date(locale, { dateStyle: 'full' })),
    '"Thursday, July 4, 2024 | Thursday, 4 July 2024 | Donnerstag, 4. Juli 2024 | jeudi 4 juillet 2024 | 2024年7月4日木曜日 | jueves, 4 de julio de 2024 | quinta-feira, 4 de julho de 2024 | giovedì 4 luglio 2024 | donderdag 4 juli 2024 | czwartek, 4 lipca 2024 | четверг, 4 июля 2024\u202fг. | 2024年7月4日星期四 | 2024년 7월 4일 목요일"'.replaceAll('\u202f', ' '));
check('styles of date and time', () => date('en', { dateStyle: 'long', timeStyle: 'short' }), '"July 4, 2024 at 10:05 PM"');
check('weekday, day and month', each((locale) => date(locale, { weekday: 'short', day: 'numeric', month: 'short' })),
    '"Thu, Jul 4 | Thu 4 Jul | Do., 4. Juli | jeu. 4 juil. | 7月4日(木) | jue, 4 jul | qui., 4 de jul. | gio 4 lug | do 4 jul | czw., 4 lip | чт, 4 июл. | 7月4日周四 | 7월 4일 (목)"');
check('month and year', each((locale) => date(locale, { month: 'long', year: 'numeric' })),
    '"July 2024 | July 2024 | Juli 2024 | juillet 2024 | 2024年7月 | julio de 2024 | julho de 2024 | luglio 2024 | juli 2024 | lipiec 2024 | июль 2024\u202fг. | 2024年7月 | 2024년 7월"'.replaceAll('\u202f', ' '));
check('two digits', () => date('en-US', { year: '2-digit', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' }, winter), '"01/07/24, 03:04 AM"');
check('hours of 12 and 24', () => [true, false].map((hour12) => date('de', { hour: 'numeric', minute: 'numeric', hour12 })).join(), '"10:05 PM,22:05"');
check('midnight', () => ['h11', 'h12', 'h23', 'h24'].map((hourCycle) => date('en', { hour: 'numeric', minute: 'numeric', hourCycle }, new Date(0))).join(), '"0:00 AM,12:00 AM,00:00,24:00"');
check('fractions of a second', () => date('en', { second: 'numeric', fractionalSecondDigits: 2 }), '"9.12"');
check('a zone in summer and winter', () => [moment, winter].map((when) => when.toLocaleString('de', { timeZone: 'Europe/Berlin' })).join(' | '), '"5.7.2024, 00:05:09 | 7.1.2024, 04:04:05"');
check('names of zones', () => ['short', 'long', 'shortOffset', 'longOffset'].map((timeZoneName) => date('en-US', { timeZone: 'America/New_York', hour: 'numeric', minute: 'numeric', hour12: false, timeZoneName })).join(' | '),
    '"18:05 EDT | 18:05 Eastern Daylight Time | 18:05 GMT-4 | 18:05 GMT-04:00"');
check('parts, as libraries for dates take them', () => {
    const options = { hour12: false, timeZone: 'Europe/Berlin', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', era: 'short' };
    return new Intl.DateTimeFormat('en-US', options).formatToParts(moment).map(({ type, value }) => `${type}=${value}`).join('');
}, '"month=07literal=/day=05literal=/year=2024literal= era=ADliteral=, hour=24literal=:minute=05literal=:second=09"');
check('what a formatter has resolved', () => {
    const { locale, calendar, numberingSystem, timeZone, hourCycle, hour12, minute } = new Intl.DateTimeFormat('en-GB', { timeZone: 'europe/berlin', timeStyle: 'short' }).resolvedOptions();
    return [locale, calendar, numberingSystem, timeZone, hourCycle, hour12, minute].join();
}, '"en-GB,gregory,latn,Europe/Berlin,h23,false,"');
check('the default locale', () => new Intl.DateTimeFormat().resolvedOptions().locale, '"en-US"');
check('names of UTC', () => ['UTC', 'Etc/UTC', 'GMT'].map((timeZone) => new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone).join(), '"UTC,UTC,UTC"');
check('a zone that is not there', () => new Intl.DateTimeFormat('en', { timeZone: 'Mars/Olympus' }), 'throws RangeError');
check('no date', () => new Intl.DateTimeFormat('en').format(NaN), 'throws RangeError');
check('an invalid date', () => new Date(NaN).toLocaleString('de'), '"Invalid Date"');
check('a range', () => new Intl.DateTimeFormat('en', { timeZone: 'UTC' }).formatRange(winter, moment), '"1/7/2024\u2009–\u20097/4/2024"');

check('numbers', each((locale) => number(locale, {}, -1234567.891)),
    '"-1,234,567.891 | -1,234,567.891 | -1.234.567,891 | -1\u202f234\u202f567,891 | -1,234,567.891 | -1.234.567,891 | -1.234.567,891 | -1.234.567,891 | -1.234.567,891 | -1\u00a0234\u00a0567,891 | -1\u00a0234\u00a0567,891 | -1,234,567.891 | -1,234,567.891"');
check('four digits', () => ['en', 'es', 'pl', 'de'].map((locale) => number(locale, {}, 1234)).join(' | '), '"1,234 | 1234 | 1234 | 1.234"');
check('groups of India', () => number('en-IN', {}, 12345678), '"1,23,45,678"');
check('percent', each((locale) => number(locale, { style: 'percent', maximumFractionDigits: 1 }, 0.256)),
    '"25.6% | 25.6% | 25,6\u00a0% | 25,6\u00a0% | 25.6% | 25,6\u00a0% | 25,6% | 25,6% | 25,6% | 25,6% | 25,6\u00a0% | 25.6% | 25.6%"');
check('money', each((locale) => number(locale, { style: 'currency', currency: 'EUR' }, -1234.5)),
    '"-€1,234.50 | -€1,234.50 | -1.234,50\u00a0€ | -1\u202f234,50\u00a0€ | -€1,234.50 | -1234,50\u00a0€ | -€\u00a01.234,50 | -1234,50\u00a0€ | €\u00a0-1.234,50 | -1234,50\u00a0€ | -1\u00a0234,50\u00a0€ | -€1,234.50 | -€1,234.50"');
check('money without fractions', () => number('ja', { style: 'currency', currency: 'JPY' }, 1234.5), '"￥1,235"');
check('money by code and name', () => ['code', 'name'].map((currencyDisplay) => number('en', { style: 'currency', currency: 'USD', currencyDisplay }, 2)).join(' | '), '"USD\u00a02.00 | 2.00 US dollars"');
check('accounts', () => number('en', { style: 'currency', currency: 'USD', currencySign: 'accounting' }, -5), '"($5.00)"');
check('parts of money', () => new Intl.NumberFormat('en', { style: 'currency', currency: 'usd' }).formatToParts(-1234.5).map(({ type, value }) => `${type}=${value}`).join(' '),
    '"minusSign=- currency=$ integer=1 group=, integer=234 decimal=. fraction=50"');
check('short forms', () => [999, 1234, 12345, 999999, 1234567, 2e9, 1e15].map((value) => number('en', { notation: 'compact' }, value)).join(), '"999,1.2K,12K,1M,1.2M,2B,1000T"');
check('short forms of other languages', () => [number('de', { notation: 'compact', compactDisplay: 'long' }, 25300), number('ja', { notation: 'compact' }, 123456), number('es', { notation: 'compact' }, 1e6)].join(' | '), '"25 Tausend | 12万 | 1\u00a0M"');
check('powers of ten', () => [number('en', { notation: 'scientific' }, 123456), number('en', { notation: 'engineering' }, 0.00123456)].join(), '"1.235E5,1.235E-3"');
check('signs', () => ['always', 'never', 'exceptZero', 'negative'].map((signDisplay) => [5, -5, 0, -0].map((value) => number('en', { signDisplay }, value)).join()).join(' | '),
    '"+5,-5,+0,-0 | 5,5,0,0 | +5,-5,0,0 | 5,-5,0,0"');
check('digits', () => [number('en', { minimumFractionDigits: 2 }, 5), number('en', { minimumIntegerDigits: 3 }, 5.5), number('en', { maximumSignificantDigits: 2 }, 123456)].join(' '), '"5.00 005.5 120,000"');
check('what is no number', () => [NaN, Infinity, -Infinity].map((value) => value.toLocaleString('en')).join(), '"NaN,∞,-∞"');
check('big integers', () => 123456789012345678901234567890n.toLocaleString('de'), '"123.456.789.012.345.678.901.234.567.890"');
check('texts', () => new Intl.NumberFormat('en').format('12345678901234567890.123'), '"12,345,678,901,234,567,890.123"');
check('arrays', () => [1234.5, 6, null].toLocaleString('de'), '"1.234,5,6,"');

check('order of letters', () => [['de', 'ä'], ['sv', 'ä']].map(([locale, letter]) => [letter, 'a', 'z'].sort(new Intl.Collator(locale).compare).join('')).join(), '"aäz,azä"');
check('localeCompare', () => ['a'.localeCompare('B'), 'a'.localeCompare('A'), 'a'.localeCompare('á', 'en', { sensitivity: 'base' }), 'a2'.localeCompare('a10', undefined, { numeric: true }), 'résumé'.localeCompare('resume')].join(), '"-1,-1,0,-1,1"');
check('letters of Turkish', () => 'i'.toLocaleUpperCase('tr') + 'I'.toLocaleLowerCase('tr'), '"İı"');
check('plurals', () => [new Intl.PluralRules('en', { type: 'ordinal' }).select(2), new Intl.PluralRules('ru').select(3)].join(), '"two,few"');
check('lists', () => new Intl.ListFormat('de').format(['a', 'b', 'c']), '"a, b und c"');
check('words', () => [...new Intl.Segmenter('en', { granularity: 'word' }).segment('Hi there!')].map(({ segment }) => segment).join('|'), '"Hi| |there|!"');
check('values that are supported', () => [Intl.supportedValuesOf('timeZone').includes('Europe/Berlin'), Intl.supportedValuesOf('currency').includes('EUR'), Intl.supportedValuesOf('unit').length > 40], '[true, true, true]');
check('values of another key', () => Intl.supportedValuesOf('other'), 'throws RangeError');
