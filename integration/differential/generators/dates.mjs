// Dates: texts in the many forms that V8 reads, and some that it doesn't; parts, setters and formats, in UTC.

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const FULL = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const ODD = ['0', '1', '-1', '12', '13', '31', '32', '60', '99', '100', '1970', '2024', '-1.9', '1.9', 'NaN', 'Infinity', 'undefined', 'null', "'5'", '1e9', '8.64e15', '-0', '400', '24', '275760'];

const two = (n) => String(n).padStart(2, '0');

function parsable(random) {
  const year = random.pick([1, 70, 99, 1969, 1970, 1999, 2000, 2024, 2026, 9999]);
  const [month, day] = [random.between(0, 12), random.between(0, 32)];
  const full = String(year).padStart(4, '0');
  const time = random.pick([`${two(random.int(26))}:${two(random.int(62))}`, `${two(random.int(24))}:${two(random.int(60))}:${two(random.int(62))}`, `${random.int(13)}:${two(random.int(60))} ${random.pick(['AM', 'PM', 'am', 'pm'])}`]);
  const exact = random.chance(50) ? `${two(random.int(24))}:${two(random.int(60))}:${two(random.int(60))}.${random.times(1, 12, () => random.int(10)).join('')}` : time;
  const zone = random.pick(['', '', 'Z', 'z', '+00:00', '+0000', '-05:30', '+0530', ' GMT', ' UTC', ' GMT+0100', ' EST', ' PDT', ' +05', '+14:00', ' (comment)', ' GMT+0100 (Central)', '-00:00', ' Z', ' +0000']);
  const name = MONTHS[Math.min(Math.max(month - 1, 0), 11)];
  const weekday = random.pick(DAYS);
  return random.weighted([
    [4, () => `${full}-${two(month)}-${two(day)}${random.pick(['T', 'T', ' ', 't', '  '])}${exact}${zone}`],
    [2, () => `${full}-${two(month)}${random.chance(60) ? `-${two(day)}` : ''}`],
    [1, () => full],
    [2, () => `${random.pick(['+', '-'])}00${full}-${two(month)}-${two(day)}T${exact}${zone}`],
    [2, () => `${full}-${month}-${day}${random.chance(50) ? ` ${exact}` : ''}${zone}`],
    [3, () => `${weekday}, ${two(day)} ${name} ${full} ${time}${zone}`],
    [2, () => `${weekday} ${name} ${two(day)} ${full} ${time}${zone}`],
    [2, () => `${random.pick([name, FULL[random.int(12)], name.toUpperCase(), name.toLowerCase(), 'Foo', 'Sept'])} ${day}${random.pick([',', '', 'th,'])} ${year}${random.chance(40) ? ` ${time}` : ''}${zone}`],
    [2, () => `${day} ${name} ${year}${random.chance(40) ? ` ${time}` : ''}${zone}`],
    [2, () => `${month}/${day}/${year}${random.chance(40) ? ` ${time}` : ''}${zone}`],
    [1, () => `${year}/${month}/${day}${random.chance(40) ? ` ${time}` : ''}${zone}`],
    [1, () => `${day}-${name}-${year}`],
    [1, () => `${time} ${name} ${day} ${full}`],
    [1, () => random.pick(['', ' ', 'now', '2024-W05', '12', '1', '32', '2024-1', '20240501', '2024-05-01T', '2024-05-01T12', '2024-05-01T12:00:00+', '1/1', 'T12:00', '2024-13-01', '2024-02-30', '2024-02-30T00:00', '-000000-01-01', '2024-05-01T24:00:00', '2024-05-01T24:00:01', '1 2 3', '1.5.2024', 'May 2024', 'tomorrow', '+2024-01-01', '2024-05-01T12:00:00 Z', '0'])],
  ]);
}

function line(random) {
  const text = JSON.stringify(parsable(random));
  const some = () => random.pick(ODD);
  const start = random.pick(['0', '1700000000123', '-1', '951782400000', 'NaN', '8.64e15', '-8.64e15', '1709251199999', '-62198755200000', '-2208988800000']);
  return random.weighted([
    [8, () => `Date.parse(${text})`],
    [2, () => `new Date(${text})`],
    [2, () => `Date.UTC(${random.times(0, 7, some).join(', ')})`],
    [2, () => `new Date(${random.times(2, 7, some).join(', ')})`],
    [1, () => `new Date(${random.pick([some(), 'new Date(5)', "Object('2024-05-01')", '({ valueOf: () => 7 })', '1n'])})`],
    [4, () => `{ const d = new Date(${start}); return [d.set${random.pick(['', 'UTC'])}${random.pick(['FullYear', 'Month', 'Date', 'Hours', 'Minutes', 'Seconds', 'Milliseconds'])}(${random.times(0, 4, some).join(', ')}), d]; }`],
    [1, () => `{ const d = new Date(${start}); return [d.${random.pick(['setTime', 'setYear'])}(${some()}), d]; }`],
    [3, () => `new Date(${start}).${random.pick(['toISOString', 'toJSON', 'toString', 'toUTCString', 'toGMTString', 'toDateString', 'toTimeString', 'valueOf', 'getYear', 'getTimezoneOffset'])}()`],
    [1, () => `{ const d = new Date(${text}); return [String(d), d + 1, d - 1, \`\${d}\`, JSON.stringify({ d })]; }`],
    [1, () => `{ const d = new Date(${start}); return [d.getUTCFullYear(), d.getMonth(), d.getUTCDate(), d.getDay(), d.getHours(), d.getUTCMinutes(), d.getSeconds(), d.getMilliseconds()]; }`],
    [1, () => `new Date(${start})[Symbol.toPrimitive]('${random.pick(['number', 'string', 'default', 'other'])}')`],
  ]);
}

export function dates(random) {
  return random.times(6, 20, () => line(random)).map((text) => `attempt(log, ${JSON.stringify(text)}, () => ${text});`).join('\n');
}
