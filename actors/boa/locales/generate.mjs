// Writes the table of patterns and names that `dates.rs` and `numbers.rs` read, from the Intl of the Node.js that runs it (CLDR 48).
// node generate.mjs > table.rs; see actors/boa/README.md.
const LOCALES = 'en en-GB en-AU en-CA en-IN en-IE en-NZ en-ZA de de-AT de-CH fr fr-CA fr-CH es es-MX it pt pt-PT nl da sv nb fi pl cs sk hu ro bg hr sl tr ru uk el ja ko zh zh-TW id he'.split(' ');
const QUOTE = { weekday: 'E', era: 'G', year: 'y', month: 'M', day: 'd', hour: 'h', minute: 'm', second: 's', dayPeriod: 'a', fractionalSecond: 'S', timeZoneName: 'z' };
const at = (...fields) => new Date(Date.UTC(...fields));
const MONTHS = Array.from({ length: 12 }, (_, month) => at(2024, month, 15));
const DAYS = Array.from({ length: 7 }, (_, day) => at(2024, 8, 1 + day)); // The 1st of September 2024 is a Sunday.
const clean = (text) => text;

class Names {
    lists = [];
    index(list) {
        const text = list.join(',');
        let found = this.lists.indexOf(text);
        if (found < 0) found = this.lists.push(text) - 1;
        return found;
    }
}

// A pattern: letters in braces are fields, with the number of a list of names where the field is a name.
function pattern(locale, options, names) {
    const format = new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' });
    const parts = (date) => format.formatToParts(date);
    const value = (date, type) => parts(date).find((part) => part.type === type)?.value;
    const sample = at(2024, 0, 7, 3, 4, 5); // A Sunday, at 03:04:05.
    let text = '';
    for (const { type, value: shown } of parts(sample)) {
        if (type === 'literal') { text += shown; continue; }
        if (type === 'weekday') text += `{E${names.index(DAYS.map((date) => value(date, 'weekday')))}}`;
        else if (type === 'era') text += `{G${names.index([at(2024, 0, 7), at(-100, 0, 7)].map((date) => value(date, 'era')))}}`;
        else if (type === 'month') {
            const all = MONTHS.map((date) => value(date, 'month'));
            if (all.every((each, index) => each === String(index + 1))) text += '{M}';
            else if (all.every((each, index) => each === String(index + 1).padStart(2, '0'))) text += '{MM}';
            else text += `{L${names.index(all)}}`;
        }
        else if (type === 'day') text += shown === '07' ? '{dd}' : '{d}';
        else if (type === 'year') text += shown === '24' ? '{yy}' : '{y}';
        else if (type === 'hour') text += shown.length === 2 ? '{hh}' : '{h}';
        else if (type === 'minute') text += shown.length === 2 ? '{mm}' : '{m}';
        else if (type === 'second') text += shown.length === 2 ? '{ss}' : '{s}';
        else if (type === 'dayPeriod') text += `{a${names.index([3, 15].map((hour) => value(at(2024, 0, 7, hour, 4, 5), 'dayPeriod')))}}`;
        else if (type === 'fractionalSecond') text += '{S}';
        else if (type === 'timeZoneName') text += '{z}';
        else throw new Error(`${locale}: ${type}`);
    }
    return text;
}

const widths = { '': undefined, n: 'numeric', 2: '2-digit', s: 'short', l: 'long', w: 'narrow' };
function* dateKeys() {
    for (const weekday of ['', 's', 'l']) for (const year of ['', 'n', '2']) for (const month of ['', 'n', '2', 's', 'l']) for (const day of ['', 'n', '2']) {
        if (weekday || year || month || day) yield [weekday, year, month, day];
    }
}
const dateOptions = ([weekday, year, month, day], era) => Object.fromEntries(
    [['weekday', weekday], ['year', year], ['month', month], ['day', day], ['era', era]].filter(([, code]) => code).map(([name, code]) => [name, widths[code]]));

// What a formatter makes of a key that is not in the table: the pattern for numeric fields, with fields widened.
function widened(base, [, year, month, day]) {
    let text = base;
    if (year === '2') text = text.replace('{y}', '{yy}');
    if (month === '2') text = text.replace('{M}', '{MM}');
    if (day === '2') text = text.replace('{d}', '{dd}');
    return text;
}

// What stands between a date and a time.
function between(date, whole, time) {
    if (!whole.endsWith(time)) throw new Error(`${whole} does not end with ${time}`);
    const head = whole.slice(0, whole.length - time.length);
    return head.startsWith(date) ? head.slice(date.length) : head.slice(head.lastIndexOf('}') + 1);
}

function dates(locale, names, above) {
    const table = new Map();
    for (const key of dateKeys()) {
        const numeric = key.map((code, place) => (place > 0 && code === '2' ? 'n' : code));
        const text = pattern(locale, dateOptions(key), names);
        const base = table.get(numeric.map((code) => code || '-').join(''));
        if (base === undefined || widened(base, key) !== text || above?.has(key.map((code) => code || '-').join(''))) table.set(key.map((code) => code || '-').join(''), text);
    }
    // With an era, for the usual fields.
    for (const key of [['', 'n', '', ''], ['', 'n', 'n', 'n'], ['', 'n', '2', '2'], ['', 'n', 's', 'n'], ['', 'n', 'l', 'n'], ['', 'n', 'l', '']]) {
        for (const era of ['s', 'l', 'w']) table.set(`G${era}${key.map((code) => code || '-').join('')}`, pattern(locale, dateOptions(key, era), names));
    }
    for (const style of ['full', 'long', 'medium', 'short']) {
        table.set(`D${style[0]}`, pattern(locale, { dateStyle: style }, names));
        for (const hour12 of [true, false]) table.set(`T${style[0]}${hour12 ? 12 : 24}`, pattern(locale, { timeStyle: style, hour12 }, names));
        const whole = pattern(locale, { dateStyle: style, timeStyle: 'short', hour12: false }, names);
        const [date, time] = [table.get(`D${style[0]}`), pattern(locale, { timeStyle: 'short', hour12: false }, names)];
        table.set(`J${style[0]}`, between(date, whole, time));
    }
    // Between date and time, by what the date has.
    for (const [name, options] of Object.entries({ S: { month: 'numeric', day: 'numeric', year: 'numeric' }, M: { month: 'short', day: 'numeric', year: 'numeric' }, L: { month: 'long', day: 'numeric', year: 'numeric' }, F: { weekday: 'long', month: 'long', day: 'numeric', year: 'numeric' } })) {
        const date = pattern(locale, options, names);
        const time = pattern(locale, { hour: 'numeric', minute: 'numeric', hour12: false }, names);
        const whole = pattern(locale, { ...options, hour: 'numeric', minute: 'numeric', hour12: false }, names);
        table.set(`G${name}`, between(date, whole, time));
    }
    for (const hour12 of [true, false]) for (const fields of ['h', 'hm', 'hms', 'm', 's', 'ms']) for (const hour of ['n', '2']) for (const minute of ['n', '2']) for (const second of ['n', '2']) {
        const options = { hour12 };
        if (fields.includes('h')) options.hour = widths[hour];
        if (fields.includes('m')) options.minute = widths[minute];
        if (fields.includes('s')) options.second = widths[second];
        table.set(`C${fields.replace('h', `h${hour}`).replace('m', `m${minute}`).replace('s', `s${second}`)}${hour12 ? 12 : 24}`, pattern(locale, options, names));
    }
    // Where the name of a time zone goes.
    const zoned = pattern(locale, { hour: 'numeric', minute: 'numeric', hour12: false, timeZoneName: 'short' }, names);
    const around = (whole, inner) => (whole.includes(inner) ? whole.replace(inner, '{t}') : '{t} {z}');
    table.set('Z', around(zoned, table.get('Chnmn24')));
    const zonedDate = pattern(locale, { year: 'numeric', month: 'numeric', day: 'numeric', timeZoneName: 'short' }, names);
    table.set('Y', around(zonedDate, pattern(locale, { year: 'numeric', month: 'numeric', day: 'numeric' }, names)));
    const resolved = (options) => new Intl.DateTimeFormat(locale, { hour: 'numeric', ...options }).resolvedOptions().hourCycle;
    table.set('H', `${resolved({})},${resolved({ hour12: true })},${resolved({ hour12: false })}`);
    // The separator of fractions of a second.
    table.set('.', new Intl.DateTimeFormat(locale, { second: 'numeric', fractionalSecondDigits: 1, timeZone: 'UTC' }).formatToParts(at(2024, 0, 1)).find((part) => part.type === 'literal')?.value ?? '.');
    // The names alone, for patterns that have another width.
    table.set('E', pattern(locale, { weekday: 'narrow' }, names));
    table.set('L', pattern(locale, { month: 'narrow' }, names));
    return table;
}

const CURRENCIES = 'USD EUR GBP JPY CNY KRW INR BRL MXN CAD AUD NZD CHF SEK NOK DKK PLN CZK HUF RON BGN TRY RUB UAH ILS VND THB IDR PHP TWD HKD SGD ZAR ARS CLP COP XAF XOF XPF'.split(' ');
function numbers(locale) {
    const lines = [];
    const parts = (options, number) => new Intl.NumberFormat(locale, options).formatToParts(number);
    const one = (list, type) => list.find((part) => part.type === type)?.value ?? '';
    const plain = parts({ useGrouping: 'always' }, -1234567.5);
    lines.push(`n.=${one(plain, 'decimal')}`, `n,=${one(plain, 'group')}`, `n-=${one(plain, 'minusSign')}`, `n+=${one(parts({ signDisplay: 'always' }, 1), 'plusSign')}`, `n%=${one(parts({ style: 'percent' }, 1), 'percentSign')}`);
    lines.push(`nNaN=${one(parts({}, NaN), 'nan')}`, `nInf=${one(parts({}, Infinity), 'infinity')}`, `nE=${one(parts({ notation: 'scientific' }, 1e9), 'exponentSeparator')}`);
    const groups = parts({ useGrouping: 'always', maximumFractionDigits: 0 }, 12345678901).filter((part) => part.type === 'integer').map((part) => part.value.length);
    lines.push(`nG=${groups[groups.length - 2] ?? 3}`);
    lines.push(`n4=${parts({}, 1234).some((part) => part.type === 'group') ? 1 : 2}`); // The fewest digits before the first group.
    const shape = (list) => {
        let text = '', seen = false;
        for (const { type, value } of list) {
            if (['integer', 'group', 'decimal', 'fraction'].includes(type)) { if (!seen) text += '{n}'; seen = true; }
            else if (type === 'currency') text += '{c}';
            else if (type === 'percentSign') text += '{%}';
            else if (type === 'minusSign') text += '{-}';
            else if (type === 'compact') text += `{k${value}}`;
            else text += value;
        }
        return text;
    };
    const show = (name, options) => { lines.push(`${name}+=${clean(shape(parts(options, 1)))}`, `${name}-=${clean(shape(parts(options, -1)))}`); };
    show('p', { style: 'percent' });
    const money = (currency, display, sign = 'standard') => ({ style: 'currency', currency, currencyDisplay: display, currencySign: sign, minimumFractionDigits: 0, maximumFractionDigits: 0 });
    const signs = ['EUR', 'USD', 'GBP'].find((currency) => !/\p{L}$/u.test(one(parts(money(currency, 'symbol'), 1), 'currency'))) ?? 'EUR';
    show('c', money(signs, 'symbol')); // A symbol.
    show('C', money('EUR', 'code')); // A code of letters.
    show('a', money(signs, 'symbol', 'accounting'));
    show('A', money('EUR', 'code', 'accounting'));
    for (const currency of CURRENCIES) {
        const symbol = one(parts(money(currency, 'symbol'), 1), 'currency');
        const narrow = one(parts(money(currency, 'narrowSymbol'), 1), 'currency');
        const lettered = shape(parts(money(currency, 'symbol'), 1)) === shape(parts(money('EUR', 'code'), 1)) ? '1' : '0';
        const names = [1, 2, 5].map((number) => one(parts(money(currency, 'name'), number), 'currency'));
        lines.push(`$${currency}=${[symbol, narrow, ...new Set(names)].map(clean).join('|')}`);
    }
    lines.push(`u=${clean(shape(parts(money('EUR', 'name'), 2)))}`);
    const compact = (display) => {
        for (let power = 3; power < 16; power++) for (const [plural, first] of [['o', 1], ['m', 2]]) {
            const list = parts({ notation: 'compact', compactDisplay: display }, first * 10 ** power);
            const digits = list.filter((part) => part.type === 'integer').map((part) => part.value).join('').length;
            lines.push(`${display === 'short' ? 'k' : 'K'}${power}${plural}=${digits}${clean(shape(list))}`);
        }
    };
    compact('short');
    compact('long');
    return lines;
}

// One line for the keys of a text. A region has what differs from its language; the names of all are with the language.
const languages = new Map();
const sections = new Map();
for (const locale of LOCALES) {
    const [language] = locale.split('-');
    const above = languages.get(language);
    const names = above?.names ?? new Names();
    const table = new Map([...dates(locale, names, above?.table), ...numbers(locale).map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])]);
    if (!above) languages.set(language, { table, names });
    const byText = new Map();
    for (const [key, text] of table) if (above?.table.get(key) !== text) byText.set(text, [...(byText.get(text) ?? []), key]);
    sections.set(locale, [...byText].map(([text, keys]) => `${keys.join(' ')}=${text}`));
}
console.log('//! Written by actors/boa/locales/generate.mjs from the Unicode CLDR: do not edit.\n\npub(super) static TEXT: &str = r##"');
for (const [locale, lines] of sections) {
    console.log(`@${locale}\n${lines.join('\n')}`);
    languages.get(locale)?.names.lists.forEach((list, index) => console.log(`#${index}=${list}`));
}
console.log('@values');
for (const key of ['calendar', 'collation', 'currency', 'numberingSystem', 'timeZone', 'unit']) console.log(`${key}=${Intl.supportedValuesOf(key).join(',')}`);
console.log('"##;');
