// V8's reading. The zone is that of the host where a text names none, so those rows look at the local parts.
const utc = (text) => { const time = Date.parse(text); return Number.isNaN(time) ? NaN : new Date(time).toISOString(); };
const local = (text) => { const d = new Date(text); return [d.getFullYear(), d.getMonth() + 1, d.getDate(), d.getHours(), d.getMinutes(), d.getSeconds(), d.getMilliseconds()].join(' '); };
check('any count of fraction digits', () => ['2024-05-01T12:00:00.123456Z', '2024-05-01T12:00:00.1Z', '2024-05-01T12:00:00.0000000001Z', '2024-05-01T12:00:00.999999999999Z'].map(utc),
    '["2024-05-01T12:00:00.123Z", "2024-05-01T12:00:00.100Z", "2024-05-01T12:00:00.000Z", "2024-05-01T12:00:00.999Z"]');
check('offsets', () => ['2024-05-01T12:00:00+0530', '2024-05-01T12:00:00-08:00', '2024-05-01T12:00+00:00', '2024-05-01 12:00 +02', '2024-05-01 12:00 -0830', '2024-05-01 12:00Z', '2026-11-28 21:20Z'].map(utc),
    '["2024-05-01T06:30:00.000Z", "2024-05-01T20:00:00.000Z", "2024-05-01T12:00:00.000Z", "2024-05-01T10:00:00.000Z", "2024-05-01T20:30:00.000Z", "2024-05-01T12:00:00.000Z", "2026-11-28T21:20:00.000Z"]');
check('a space for the T', () => ['2024-05-01 12:00:00', '2024-05-01 12:00', '2024-05-01T12:00:00'].map(local), '["2024 5 1 12 0 0 0", "2024 5 1 12 0 0 0", "2024 5 1 12 0 0 0"]');
check('mail and HTTP', () => ['Wed, 01 May 2024 12:00:00 +0000', 'Wed, 01 May 2024 12:00:00 GMT', 'Sat, 28-Nov-2026 21:20:00 GMT', 'Saturday, 28-Nov-26 21:20:00 GMT', '1 May 2024 12:00 EST', '1 May 2024 12:00 PDT'].map(utc),
    '["2024-05-01T12:00:00.000Z", "2024-05-01T12:00:00.000Z", "2026-11-28T21:20:00.000Z", "2026-11-28T21:20:00.000Z", "2024-05-01T17:00:00.000Z", "2024-05-01T19:00:00.000Z"]');
check('dates as people write them', () => ['Nov 28, 2026', 'May 1 2024', '5/1/2024', '2024/05/01', '1 May 2024', 'Monday, May 1, 2024', '5/1/24', 'May 2024', '1/2/50', '2024-5-1', 'May 1, 2024 3:04 PM', '5/1/2024 12:30:15 am', '12:00 May 1 2024', 'Sat Nov 28 21:20:00 2026'].map(local),
    '["2026 11 28 0 0 0 0", "2024 5 1 0 0 0 0", "2024 5 1 0 0 0 0", "2024 5 1 0 0 0 0", "2024 5 1 0 0 0 0", "2024 5 1 0 0 0 0", "2024 5 1 0 0 0 0", "2024 5 1 0 0 0 0", "1950 1 2 0 0 0 0", "2024 5 1 0 0 0 0", "2024 5 1 15 4 0 0", "2024 5 1 0 30 15 0", "2024 5 1 12 0 0 0", "2026 11 28 21 20 0 0"]');
check('what toString and its kin write is read', () => {
    const d = new Date(2024, 4, 1, 12, 30, 15);
    return [d.toString(), d.toUTCString(), d.toISOString(), `${d.toDateString()} ${d.toTimeString()}`].map((text) => Date.parse(text) - d);
}, '[0, 0, 0, 0]');
check('comments and words', () => ['2024-05-01 (the (first) of) 12:00Z', 'on Wed May 1 2024 12:00 UTC', 'Thu Jan 01 1970 00:00:00 GMT+0100 (CET)'].map(utc),
    '["2024-05-01T12:00:00.000Z", "2024-05-01T12:00:00.000Z", "1969-12-31T23:00:00.000Z"]');
check('years of six digits', () => ['+275760-09-13T00:00:00.000Z', '-271821-04-20T00:00:00.000Z', '+275760-09-13T00:00:00.001Z', '-000001-01-01T00:00:00Z'].map(utc),
    '["+275760-09-13T00:00:00.000Z", "-271821-04-20T00:00:00.000Z", NaN, "-000001-01-01T00:00:00.000Z"]');
check('the end of a day and days that roll over', () => ['2024-05-01T24:00:00Z', '2024-02-31', '2024-02-30T00:00:00Z', '2024-05-01', '2024'].map(utc),
    '["2024-05-02T00:00:00.000Z", "2024-03-02T00:00:00.000Z", "2024-03-01T00:00:00.000Z", "2024-05-01T00:00:00.000Z", "2024-01-01T00:00:00.000Z"]');
check('no dates', () => ['', ' ', 'foo', '2024-13-01', '2024-05-00', '2024-05-01T24:00:01Z', '2024-05-01T12:60Z', '2024-05-01T', '2024-05-01T12', 'May 1st 2024', '13:00 pm May 1 2024', '20240501T120000Z', '2024-05-01T12:00:00.Z', '1 2 3 4', '2024-05-01 foo', '2024-05-01 12:00)'].filter((text) => !Number.isNaN(Date.parse(text))), '[]');
check('long text ends', () => Date.parse('('.repeat(100000)) + Date.parse('1'.repeat(100000)), 'NaN');
check('UTC is named', () => new Date(0).getTimezoneOffset() !== 0 || new Date(0).toString().endsWith('GMT+0000 (Coordinated Universal Time)'), 'true');
check('separators of lines are no space', () => [Date.parse('5/1/2024\u202812:00'), Date.parse('5/1/2024\u00a012:00Z')], '[NaN, 1714564800000]');
