//! Dates and times as text: which pattern of the table fits what is asked for, and filling it.

use super::locales::{Locale, Part, fill};

/// How hours are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cycle {
    H11,
    H12,
    H23,
    H24,
}

impl Cycle {
    pub(crate) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "h11" => Self::H11,
            "h12" => Self::H12,
            "h23" => Self::H23,
            "h24" => Self::H24,
            _ => return None,
        })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::H11 => "h11",
            Self::H12 => "h12",
            Self::H23 => "h23",
            Self::H24 => "h24",
        }
    }

    pub(crate) fn has_halves(self) -> bool {
        matches!(self, Self::H11 | Self::H12)
    }

    fn hour(self, hour: u8) -> u8 {
        match (self, hour % 12, hour) {
            (Self::H11, half, _) => half,
            (Self::H12, 0, _) => 12,
            (Self::H12, half, _) => half,
            (Self::H23, ..) => hour,
            (Self::H24, _, 0) => 24,
            (Self::H24, ..) => hour,
        }
    }
}

/// What a formatter shows. A width is the first letter of its name, `2` for `2-digit`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Fields {
    pub(crate) weekday: Option<char>,
    pub(crate) era: Option<char>,
    pub(crate) year: Option<char>,
    pub(crate) month: Option<char>,
    pub(crate) day: Option<char>,
    pub(crate) hour: Option<char>,
    pub(crate) minute: Option<char>,
    pub(crate) second: Option<char>,
    /// Digits of fractions of a second.
    pub(crate) fraction: u8,
    /// A time zone's name is shown.
    pub(crate) zone: bool,
    pub(crate) date_style: Option<char>,
    pub(crate) time_style: Option<char>,
}

/// A moment on a calendar and a clock.
#[derive(Debug, Clone, Default)]
pub(crate) struct Moment {
    pub(crate) year: i32,
    /// From 0.
    pub(crate) month: u8,
    pub(crate) day: u8,
    /// From Sunday.
    pub(crate) weekday: u8,
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    pub(crate) second: u8,
    pub(crate) millisecond: u16,
    pub(crate) zone_name: String,
}

impl Fields {
    fn has_date(&self) -> bool {
        self.weekday.or(self.year).or(self.month).or(self.day).or(self.date_style).or(self.era).is_some()
    }

    fn has_time(&self) -> bool {
        self.has_clock() || self.time_style.is_some()
    }

    fn has_clock(&self) -> bool {
        self.hour.or(self.minute).or(self.second).is_some() || self.fraction > 0
    }

    /// Whether an hour is shown, and so how hours are counted.
    pub(crate) fn has_hour(&self) -> bool {
        self.hour.is_some() || self.time_style.is_some()
    }

    /// Whether the pattern itself names the time zone.
    pub(crate) fn names_zone(&self) -> bool {
        self.zone || matches!(self.time_style, Some('f' | 'l'))
    }

    /// The pattern of the date.
    fn date(&self, locale: &Locale) -> Option<String> {
        if let Some(style) = self.date_style {
            return locale.get(&format!("D{style}")).map(str::to_owned);
        }
        // Narrow names stand where short ones do.
        let short = |width: Option<char>| if width == Some('w') { Some('s') } else { width };
        let keys = [short(self.weekday), self.year, short(self.month), self.day].map(|width| width.unwrap_or('-'));
        let text = |keys: [char; 4]| keys.iter().collect::<String>();
        let numeric = [keys[0], keys[1], keys[2], keys[3]].map(|key| if key == '2' { 'n' } else { key });
        let with_era = |era: char| {
            let key = |keys| format!("G{era}{}", text(keys));
            locale.get(&key(keys)).or_else(|| locale.get(&key(numeric))).map(str::to_owned)
        };
        let mut pattern = match self.era.and_then(with_era) {
            Some(pattern) => pattern,
            None => {
                let exact = locale.get(&text(keys));
                let mut pattern = match exact {
                    Some(pattern) => pattern.to_owned(),
                    None => widened(locale.get(&text(numeric))?, self),
                };
                if let Some(era) = self.era {
                    let year = locale.get(&format!("G{era}-n--")).unwrap_or("{y}");
                    pattern = pattern.replace("{y}", year);
                }
                pattern
            }
        };
        if self.era.is_some() {
            pattern = widened(&pattern, self);
        }
        if self.weekday == Some('w') {
            pattern = narrowed(&pattern, 'E', locale);
        }
        if self.month == Some('w') {
            pattern = narrowed(&pattern, 'L', locale);
        }
        Some(pattern)
    }

    /// The pattern of the time.
    fn time(&self, locale: &Locale, cycle: Cycle) -> Option<String> {
        let halves = if cycle.has_halves() { "12" } else { "24" };
        if let Some(style) = self.time_style {
            return locale.get(&format!("T{style}{halves}")).map(str::to_owned);
        }
        let seconds = self.second.is_some() || self.fraction > 0;
        let wide = |width: Option<char>| if width == Some('2') { '2' } else { 'n' };
        let (hour, minute, second) = (wide(self.hour), wide(self.minute), wide(self.second));
        let fields = match (self.hour.is_some(), self.minute.is_some(), seconds) {
            (true, false, false) => format!("h{hour}"),
            (true, true, false) => format!("h{hour}m{minute}"),
            (true, _, true) => format!("h{hour}m{minute}s{second}"),
            (false, true, false) => format!("m{minute}"),
            (false, true, true) => format!("m{minute}s{second}"),
            (false, false, _) => format!("s{second}"),
        };
        let mut pattern = locale.get(&format!("C{fields}{halves}"))?.to_owned();
        if self.fraction > 0 && self.second.or(self.minute).or(self.hour).is_none() {
            return Some("{S}".to_owned());
        }
        if self.fraction > 0 {
            let point = locale.get("n.").unwrap_or(".");
            for second in ["{ss}", "{s}"] {
                pattern = pattern.replace(second, &format!("{second}{point}{{S}}"));
            }
        }
        Some(pattern)
    }

    /// The whole pattern.
    fn pattern(&self, locale: &Locale, cycle: Cycle) -> Option<String> {
        let date = if self.has_date() { Some(self.date(locale)?) } else { None };
        let time = if self.has_time() { Some(self.time(locale, cycle)?) } else { None };
        let zoned = |text: String, key: &str| match (self.zone, locale.get(key)) {
            (true, Some(around)) => around.replace("{t}", &text),
            _ => text,
        };
        Some(match (date, time) {
            (Some(date), Some(time)) => {
                let between = match (self.date_style, self.month, self.weekday) {
                    (Some(style), ..) => locale.get(&format!("J{style}")),
                    (_, Some('l'), Some(_)) => locale.get("GF"),
                    (_, Some('l'), None) => locale.get("GL"),
                    (_, Some('s' | 'w'), _) => locale.get("GM"),
                    _ => locale.get("GS"),
                };
                format!("{date}{}{}", between.unwrap_or(" "), zoned(time, "Z"))
            }
            (Some(date), None) => zoned(date, "Y"),
            (None, Some(time)) => zoned(time, "Z"),
            (None, None) => "{z}".to_owned(),
        })
    }

    /// The parts of a moment; nothing where the table has no pattern.
    pub(crate) fn format(&self, locale: &Locale, cycle: Cycle, moment: &Moment) -> Option<Vec<Part>> {
        let pattern = self.pattern(locale, cycle)?;
        // Before the common era years are counted backwards.
        let year = if moment.year > 0 { moment.year } else { 1 - moment.year };
        let hour = cycle.hour(moment.hour);
        Some(fill(&pattern, |field, parts| {
            let (letter, list) = field.split_at(field.chars().next().map_or(0, char::len_utf8));
            let double = list == letter;
            let number = |value: i32| if double { format!("{value:02}") } else { value.to_string() };
            let (kind, text) = match letter {
                "E" => ("weekday", locale.name(list, moment.weekday.into()).to_owned()),
                "L" => ("month", locale.name(list, moment.month.into()).to_owned()),
                "G" => ("era", locale.name(list, usize::from(moment.year <= 0)).to_owned()),
                "a" => ("dayPeriod", locale.name(list, usize::from(moment.hour >= 12)).to_owned()),
                "y" if double => ("year", format!("{:02}", year % 100)),
                "y" => ("year", year.to_string()),
                "M" => ("month", number(i32::from(moment.month) + 1)),
                "d" => ("day", number(moment.day.into())),
                "h" => ("hour", number(hour.into())),
                "m" => ("minute", number(moment.minute.into())),
                "s" => ("second", number(moment.second.into())),
                "S" => {
                    let digits = format!("{:03}", moment.millisecond);
                    ("fractionalSecond", digits[..usize::from(self.fraction.min(3))].to_owned())
                }
                _ => ("timeZoneName", moment.zone_name.clone()),
            };
            parts.push(Part { kind, text });
        }))
    }
}

fn widened(pattern: &str, fields: &Fields) -> String {
    let mut pattern = pattern.to_owned();
    for (width, from, to) in [(fields.year, "{y}", "{yy}"), (fields.month, "{M}", "{MM}"), (fields.day, "{d}", "{dd}")] {
        if width == Some('2') {
            pattern = pattern.replace(from, to);
        }
    }
    pattern
}

/// A pattern with the narrow names of weekdays or months.
fn narrowed(pattern: &str, letter: char, locale: &Locale) -> String {
    let Some(narrow) = locale.get(&letter.to_string()) else { return pattern.to_owned() };
    match pattern.split_once(&format!("{{{letter}")) {
        Some((before, rest)) => {
            let after = rest.split_once('}').map_or("", |(_, after)| after);
            format!("{before}{narrow}{after}")
        }
        None => pattern.to_owned(),
    }
}
