import moment from 'moment';
import 'moment/dist/locale/de.js';
import 'moment/dist/locale/ja.js';

moment.locale('en');

export default () => {
  const at = moment.utc('2024-02-29T13:05:09.078Z');
  return {
    formatted: ['MMMM Do YYYY, h:mm:ss a', 'dddd', 'MMM Do YY', 'YYYY [escaped] YYYY', 'LLLL', 'GGGG-[W]WW-E', 'DDDo Qo wo x X SSSSS Z', 'N y'].map((pattern) => at.format(pattern)),
    plain: [at.format(), at.toISOString(), at.toJSON(), at.toString(), at.toArray(), at.toObject()],
    relative: [moment.utc('20111031', 'YYYYMMDD').from(at), at.to(at.clone().add(3, 'days')), at.calendar(at.clone().add(1, 'day')), at.locale('de').from(moment.utc(0)), at.locale('en').fromNow(true).length > 0],
    moved: [at.clone().add(1, 'year'), at.clone().subtract(10, 'days'), at.clone().startOf('week'), at.clone().endOf('quarter'), at.clone().isoWeekday(7), at.clone().month('May'), at.clone().add({ months: 1, hours: 30 })],
    locales: ['de', 'ja', 'en'].map((locale) => at.clone().locale(locale).format('LLLL')),
    parsed: [moment.utc('12-25-1995', 'MM-DD-YYYY'), moment.utc('2010-10-20 4:30 +0200', 'YYYY-MM-DD HH:mm Z'), moment.utc('29. Februar 2024', 'D. MMMM YYYY', 'de'), moment.utc('/Date(1198908717056-0700)/'), moment.utc([2010, 1, 14, 15, 25, 50, 125]), moment.utc('2013-W06-5'), moment.utc('Mon, 25 Dec 1995 13:30:00 +0430', moment.RFC_2822)],
    invalid: [moment.utc('2024-02-30').isValid(), moment.utc('2024-02-30', 'YYYY-MM-DD', true).invalidAt(), moment.utc('it is 2012', 'YYYY').isValid(), moment.invalid().format()],
    compared: [at.diff(moment.utc(0), 'months', true), at.isBetween('2024-01-01', '2025-01-01'), at.isSame('2024-02-01', 'month'), at.isLeapYear(), at.daysInMonth(), at.isoWeeksInYear(), at.dayOfYear()],
    durations: [moment.duration(45, 'minutes').humanize(), moment.duration('23:59:59.5').toISOString(), moment.duration({ days: 40, hours: 50 }).toJSON(), moment.duration('P1Y2M3D').asDays(), moment.duration(1e9).locale('de').humanize(true)],
    offset: [at.clone().utcOffset('+05:30').format(), moment.parseZone('2013-01-01T00:00:00-13:00').utcOffset()],
    extremes: [moment.max(at, moment.utc(0)).year(), moment.min(at, moment.utc(0)).year(), moment.weekdaysShort(), moment.localeData('de').ordinal(3)],
  };
};
