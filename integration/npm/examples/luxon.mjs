import { DateTime, Duration, Info, Interval, Settings } from 'luxon';

Settings.defaultZone = 'UTC';

export default () => {
  const at = DateTime.fromISO('2024-03-31T00:59:59.5Z');
  const zoned = (zone) => at.setZone(zone);
  return {
    zones: ['America/New_York', 'Europe/London', 'Asia/Kolkata', 'Pacific/Apia', 'UTC+3'].map((zone) => [zoned(zone).toISO(), zoned(zone).offsetNameShort, zoned(zone).isInDST]),
    changed: zoned('Europe/Berlin').plus({ seconds: 1 }).toISO(),
    keptHours: zoned('Europe/Berlin').plus({ days: 1 }).toISO(),
    formatted: [
      at.toFormat("yyyy LLL dd, HH:mm:ss.SSS 'o''clock' EEEE ZZZZ kkkk-'W'WW"),
      at.toLocaleString(DateTime.DATETIME_FULL, { locale: 'en-US' }),
      at.setLocale('de').toLocaleString(DateTime.DATE_HUGE),
      at.setLocale('fr').toFormat('cccc d LLLL yyyy'),
      at.toRFC2822(), at.toHTTP(), at.toSQL(), at.toISOWeekDate(), at.toISOTime({ suppressMilliseconds: true }),
    ],
    parsed: [
      DateTime.fromFormat('May 25, 1982 3 PM', 'MMMM dd, yyyy h a').toISO(),
      DateTime.fromFormat('mai 25 1982', 'LLLL dd yyyy', { locale: 'fr' }).toISO(),
      DateTime.fromISO('2016-W21-3T09:24:15.123+02:00', { setZone: true }).toISO(),
      DateTime.fromRFC2822('Tue, 01 Nov 2016 13:23:12 +0630').toISO(),
      DateTime.fromSQL('2017-05-15 09:24:15').toISO(),
    ],
    invalid: [DateTime.fromISO('2024-13-01').invalidReason, DateTime.fromObject({ year: 2023, month: 2, day: 29 }).invalidExplanation, at.setZone('Not/There').invalidReason],
    relative: [at.toRelative({ base: at.minus({ days: 3 }) }), at.setLocale('es').toRelative({ base: at.plus({ months: 2 }) }), at.toRelativeCalendar({ base: at.plus({ days: 1 }) })],
    difference: at.diff(DateTime.fromISO('2020-02-29'), ['years', 'months', 'days', 'hours']).toObject(),
    durations: [Duration.fromISO('PT90M').shiftTo('hours', 'minutes').toHuman(), Duration.fromObject({ days: 1.5, hours: 30 }).normalize().toISO(), Duration.fromMillis(123456789).toFormat("d 'd' hh:mm:ss")],
    interval: Interval.after(at, { hours: 5 }).splitBy({ hours: 2 }).map((part) => part.toISOTime()),
    info: [Info.weekdays('short', { locale: 'de' }), Info.months('long', { locale: 'en' })[1], Info.isValidIANAZone('Europe/Paris'), Info.features()],
    weekData: [at.weekNumber, at.ordinal, at.daysInMonth, at.isInLeapYear, at.localWeekNumber],
  };
};
