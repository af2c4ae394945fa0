import * as d from 'date-fns';
import { de, fr } from 'date-fns/locale';

const at = new Date(Date.UTC(2024, 1, 29, 13, 5, 9, 78));

export default () => ({
  formatted: ["yyyy-MM-dd'T'HH:mm:ss.SSSxxx", 'PPPPpppp', "do 'of' MMMM, EEEE", 'RRRR-II-i', 'QQQ BBBB h:mm aaa', "''yy D", 't T'].map(
    (pattern) => d.format(at, pattern, { useAdditionalDayOfYearTokens: true }),
  ),
  locales: [de, fr].map((locale) => d.format(at, 'PPPP', { locale })),
  distance: [
    d.formatDistance(d.subDays(at, 3), at, { addSuffix: true }),
    d.formatDistanceStrict(at, d.addHours(at, 30), { locale: de }),
    d.formatRelative(d.subDays(at, 3), at),
    d.formatDuration({ years: 1, months: 2, hours: 3 }),
  ],
  moved: [d.addMonths(at, 12), d.add(at, { weeks: 1, hours: -3 }), d.endOfMonth(at), d.startOfISOWeek(at), d.lastDayOfQuarter(at), d.nextFriday(at), d.addBusinessDays(at, 3)],
  parsed: [d.parse('02/11/2014 6:07 pm', 'MM/dd/yyyy h:mm a', at), d.parseISO('2014-02-11T11:30:30.5+02:00'), d.parse('11 mars 2020', 'd MMMM yyyy', at, { locale: fr })],
  invalid: [d.isValid(d.parse('31/02/2020', 'dd/MM/yyyy', at)), String(d.parseISO('nonsense'))],
  asked: [d.isLeapYear(at), d.getISOWeek(at), d.getDayOfYear(at), d.differenceInCalendarDays(at, new Date(0)), d.differenceInMonths(at, new Date(0)), d.isWeekend(at)],
  interval: d.eachWeekendOfInterval({ start: at, end: d.addDays(at, 12) }).map((day) => d.formatISO(day, { representation: 'date' })),
  duration: d.intervalToDuration({ start: new Date(1929, 0, 15, 12), end: new Date(1968, 3, 4, 19, 5) }),
  sorted: [at, new Date(0), d.addDays(at, -1)].sort(d.compareDesc),
  closest: d.closestIndexTo(at, [new Date(0), d.addDays(at, 1)]),
});
