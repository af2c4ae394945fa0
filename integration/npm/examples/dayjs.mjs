import dayjs from 'dayjs';
import advancedFormat from 'dayjs/plugin/advancedFormat.js';
import customParseFormat from 'dayjs/plugin/customParseFormat.js';
import duration from 'dayjs/plugin/duration.js';
import isoWeek from 'dayjs/plugin/isoWeek.js';
import relativeTime from 'dayjs/plugin/relativeTime.js';
import timezone from 'dayjs/plugin/timezone.js';
import utc from 'dayjs/plugin/utc.js';
import 'dayjs/locale/es.js';

for (const plugin of [advancedFormat, customParseFormat, duration, isoWeek, relativeTime, timezone, utc]) dayjs.extend(plugin);

const ZONES = ['America/New_York', 'Asia/Tokyo', 'Europe/Berlin', 'Australia/Lord_Howe', 'UTC'];

export default () => {
  const at = dayjs.utc('2024-03-10T06:59:59.123Z');
  return {
    formatted: at.format('dddd, MMMM D, YYYY h:mm:ss.SSS A [UTC]Z Do Q W X'),
    zoned: ZONES.map((zone) => at.tz(zone).format('YYYY-MM-DD HH:mm:ss Z')),
    nextSecond: ZONES.map((zone) => at.add(1, 'second').tz(zone).format()),
    local: ZONES.map((zone) => dayjs.tz('2024-10-27 02:30', zone).toISOString()),
    offsets: ZONES.map((zone) => at.tz(zone).utcOffset()),
    names: at.tz('America/New_York').offsetName('short'),
    parsed: [dayjs('05/02/69 1:02:03 PM -05:00', 'MM/DD/YY H:mm:ss A Z').toISOString(), dayjs('12-25-1995', 'MM-DD-YYYY').format(), dayjs('32 February', 'DD MMMM', true).isValid()],
    relative: [at.to(at.add(3, 'day')), at.locale('es').from(at.add(2, 'month')), dayjs.duration(100, 'minutes').humanize()],
    moved: [at.startOf('month'), at.endOf('isoWeek'), at.add(1, 'month').subtract(1, 'day'), at.set('hour', 25)].map((day) => day.toISOString()),
    compared: [at.diff('2000-01-01', 'month', true), at.isBefore('2025-01-01'), at.isoWeek(), at.daysInMonth(), at.isSame('2024-03-10T00:00:00Z', 'month')],
    duration: [dayjs.duration({ hours: 27, minutes: 61 }).format('D[d] HH:mm'), dayjs.duration('P1Y2M3DT4H').toISOString()],
    spanish: at.locale('es').format('dddd D [de] MMMM'),
  };
};
