//! Dates as text, as V8 reads them.
//!
//! First the text is read as the standard's format (with any count of fraction digits, and `+hhmm` for `+hh:mm`). What
//! is left from the first token on that does not fit is read by older, lenient rules, which take numbers and names
//! in almost any order: a number before `:` belongs to the time, one after a sign to the zone, the others are the
//! day, month and year; words are months, zones, `am` and `pm`; text in parentheses is skipped, and so are unknown
//! words before the first number.

use crate::{JsString, builtins::date::utils, context::HostHooks};

/// Names of months and zones are told by three letters.
const NAMES: [(&str, Word); 27] = [
    ("jan", Word::Month(1)),
    ("feb", Word::Month(2)),
    ("mar", Word::Month(3)),
    ("apr", Word::Month(4)),
    ("may", Word::Month(5)),
    ("jun", Word::Month(6)),
    ("jul", Word::Month(7)),
    ("aug", Word::Month(8)),
    ("sep", Word::Month(9)),
    ("oct", Word::Month(10)),
    ("nov", Word::Month(11)),
    ("dec", Word::Month(12)),
    ("am", Word::HalfDay(0)),
    ("pm", Word::HalfDay(12)),
    ("ut", Word::Zone(0)),
    ("utc", Word::Zone(0)),
    ("z", Word::Zone(0)),
    ("gmt", Word::Zone(0)),
    ("cst", Word::Zone(-6)),
    ("cdt", Word::Zone(-5)),
    ("est", Word::Zone(-5)),
    ("edt", Word::Zone(-4)),
    ("mst", Word::Zone(-7)),
    ("mdt", Word::Zone(-6)),
    ("pst", Word::Zone(-8)),
    ("pdt", Word::Zone(-7)),
    ("t", Word::Separator),
];

#[derive(Clone, Copy, PartialEq, Debug)]
enum Word {
    Month(i32),
    /// Hours to add: `am` or `pm`.
    HalfDay(i32),
    /// Hours from UTC.
    Zone(i32),
    /// The `T` before the time.
    Separator,
    Unknown,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Token {
    /// The value of up to nine significant digits, and how many digits were written.
    Number(i32, usize),
    Word(Word, usize),
    /// One of `:+-.)`.
    Symbol(char),
    Space,
    /// Anything else, or a text in parentheses.
    Other,
    End,
}

impl Token {
    /// The value of a number that is written with this many digits.
    fn digits(self, count: usize) -> Option<i32> {
        match self {
            Self::Number(value, length) if length == count => Some(value),
            _ => None,
        }
    }

    fn sign(self) -> Option<i32> {
        match self {
            Self::Symbol('+') => Some(1),
            Self::Symbol('-') => Some(-1),
            _ => None,
        }
    }

    fn is_z(self) -> bool {
        matches!(self, Self::Word(Word::Zone(_), 1))
    }
}

/// Splits a text into tokens, with one token of look-ahead.
struct Scanner<I: Iterator<Item = u16>> {
    units: std::iter::Peekable<I>,
    next: Token,
}

impl<I: Iterator<Item = u16>> Scanner<I> {
    fn new(units: I) -> Self {
        let mut scanner = Self {
            units: units.peekable(),
            next: Token::End,
        };
        scanner.next = scanner.scan();
        scanner
    }

    fn take(&mut self) -> Token {
        let scanned = self.scan();
        std::mem::replace(&mut self.next, scanned)
    }

    fn skip(&mut self, symbol: char) -> bool {
        let found = self.next == Token::Symbol(symbol);
        if found {
            self.take();
        }
        found
    }

    fn scan(&mut self) -> Token {
        let Some(unit) = self.units.peek().copied() else {
            return Token::End;
        };
        let character = char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER);
        match character {
            '0'..='9' => self.scan_number(),
            ':' | '+' | '-' | '.' | ')' => {
                self.units.next();
                Token::Symbol(character)
            }
            '(' => {
                self.skip_parentheses();
                Token::Other
            }
            _ if is_space(character) => {
                self.units.next();
                Token::Space
            }
            'A'.. => self.scan_word(),
            _ => {
                self.units.next();
                Token::Other
            }
        }
    }

    fn scan_number(&mut self) -> Token {
        let (mut value, mut length, mut significant) = (0, 0, 0);
        while let Some(digit) = self.units.next_if(|unit| (48..58).contains(unit)) {
            length += 1;
            if significant > 0 || digit != 48 {
                significant += 1;
                if significant <= 9 {
                    value = value * 10 + i32::from(digit) - 48;
                }
            }
        }
        Token::Number(value, length)
    }

    fn scan_word(&mut self) -> Token {
        let mut prefix = String::new();
        let mut length = 0;
        while let Some(unit) = self.units.next_if(|unit| {
            let character = char::from_u32((*unit).into());
            *unit >= 65 && !character.is_some_and(is_space)
        }) {
            length += 1;
            if length <= 3 {
                let lower = char::from_u32(u32::from(unit | 32));
                prefix.push(lower.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
        let word = NAMES.iter().find(|(name, word)| {
            *name == prefix && (length <= 3 || matches!(word, Word::Month(_)))
        });
        Token::Word(word.map_or(Word::Unknown, |(_, word)| *word), length)
    }

    fn skip_parentheses(&mut self) {
        let mut depth = 0usize;
        while let Some(unit) = self.units.next() {
            match unit {
                40 => depth += 1,
                41 => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }
}

/// Separators of lines and paragraphs count as letters here.
fn is_space(character: char) -> bool {
    match character {
        '\u{85}' | '\u{2028}' | '\u{2029}' => false,
        '\u{FEFF}' => true,
        _ => character.is_whitespace(),
    }
}

/// Whole milliseconds of a fraction of a second.
fn milliseconds(value: i32, length: usize) -> i32 {
    match length {
        1 => value * 100,
        2 => value * 10,
        3 => value,
        // The value has at most nine digits.
        _ => value / 10i32.pow(length.min(9) as u32 - 3),
    }
}

/// The parts of a date that have been read.
#[derive(Default)]
struct Parts {
    days: Vec<i32>,
    month: Option<i32>,
    standard: bool,
    times: Vec<i32>,
    half_day: Option<i32>,
    sign: Option<i32>,
    zone_hour: Option<i32>,
    zone_minute: Option<i32>,
}

impl Parts {
    fn add_day(&mut self, number: i32) -> Option<()> {
        (self.days.len() < 3).then(|| self.days.push(number))
    }

    fn add_time(&mut self, number: i32) -> Option<()> {
        (self.times.len() < 4).then(|| self.times.push(number))
    }

    /// Adds the last part of the time; one too many is ignored.
    fn end_time(&mut self, number: i32) {
        self.times.push(number);
        self.times.resize(4, 0);
    }

    fn set_zone(&mut self, hours: i32) {
        self.sign = Some(if hours < 0 { -1 } else { 1 });
        self.zone_hour = Some(hours.abs());
        self.zone_minute = Some(0);
    }

    fn time_expects(&self, number: i32) -> bool {
        match self.times.len() {
            1 | 2 => (0..60).contains(&number),
            3 => (0..1000).contains(&number),
            _ => false,
        }
    }

    fn zone_expects(&self, number: i32) -> bool {
        self.zone_hour.is_some() && self.zone_minute.is_none() && (0..60).contains(&number)
    }

    /// Reads the standard's format. The first token that does not fit it is given back; `None` if the text is no date.
    fn read_standard<I: Iterator<Item = u16>>(
        &mut self,
        scanner: &mut Scanner<I>,
    ) -> Option<Token> {
        if let Some(sign) = scanner.next.sign() {
            let token = scanner.take();
            match scanner.next.digits(6) {
                Some(year) if sign > 0 || year > 0 => {
                    scanner.take();
                    self.add_day(sign * year)?;
                }
                // The number is left to the lenient rules, behind its sign.
                Some(_) => {
                    scanner.take();
                    return Some(token);
                }
                None => return Some(token),
            }
        } else if let Some(year) = scanner.next.digits(4) {
            scanner.take();
            self.add_day(year)?;
        } else {
            return Some(scanner.take());
        }
        for most in [12, 31] {
            if !scanner.skip('-') {
                break;
            }
            match scanner.next.digits(2) {
                Some(number) if (1..=most).contains(&number) => {
                    scanner.take();
                    self.add_day(number)?;
                }
                _ => return Some(scanner.take()),
            }
        }
        if !matches!(scanner.next, Token::Word(Word::Separator, _)) {
            if scanner.next != Token::End {
                return Some(scanner.take());
            }
            self.set_zone(0);
        } else {
            scanner.take();
            self.read_standard_time(scanner)?;
        }
        self.standard = true;
        Some(Token::End)
    }

    fn read_standard_time<I: Iterator<Item = u16>>(
        &mut self,
        scanner: &mut Scanner<I>,
    ) -> Option<()> {
        fn two_digits<I: Iterator<Item = u16>>(scanner: &mut Scanner<I>, most: i32) -> Option<i32> {
            let number = scanner.next.digits(2)?;
            scanner.take();
            (number <= most).then_some(number)
        }
        let hour = two_digits(scanner, 24)?;
        // Of the hour 24 there is the beginning only.
        let most = if hour == 24 { 0 } else { 59 };
        self.add_time(hour)?;
        if !scanner.skip(':') {
            return None;
        }
        self.add_time(two_digits(scanner, most)?)?;
        if scanner.skip(':') {
            self.add_time(two_digits(scanner, most)?)?;
            if scanner.skip('.') {
                let Token::Number(value, length) = scanner.take() else {
                    return None;
                };
                if hour == 24 && value > 0 {
                    return None;
                }
                self.add_time(milliseconds(value, length))?;
            }
        }
        if scanner.next.is_z() {
            scanner.take();
            self.set_zone(0);
        } else if let Some(sign) = scanner.next.sign() {
            scanner.take();
            self.sign = Some(sign);
            let (hour, minute) = if let Some(number) = scanner.next.digits(4) {
                scanner.take();
                (number / 100, number % 100)
            } else {
                let hour = two_digits(scanner, 23)?;
                if !scanner.skip(':') {
                    return None;
                }
                (hour, two_digits(scanner, 59)?)
            };
            if hour > 23 || minute > 59 {
                return None;
            }
            self.zone_hour = Some(hour);
            self.zone_minute = Some(minute);
        }
        (scanner.next == Token::End).then_some(())
    }

    /// Reads the rest, from `token` on, by the lenient rules.
    fn read_lenient<I: Iterator<Item = u16>>(
        &mut self,
        mut token: Token,
        scanner: &mut Scanner<I>,
    ) -> Option<()> {
        let mut number_read = !self.days.is_empty();
        while token != Token::End {
            match token {
                Token::Number(number, _) => {
                    number_read = true;
                    self.read_number(number, scanner)?;
                }
                Token::Word(word, _) => match word {
                    Word::HalfDay(hours) if !self.times.is_empty() => self.half_day = Some(hours),
                    Word::Month(month) => {
                        self.month = Some(month);
                        scanner.skip('-');
                    }
                    Word::Zone(hours) if number_read => self.set_zone(hours),
                    _ => {
                        if number_read || matches!(scanner.next, Token::Number(..)) {
                            return None;
                        }
                    }
                },
                Token::Symbol(symbol) => {
                    let utc = self.zone_hour == Some(0) && self.zone_minute == Some(0);
                    match token.sign() {
                        Some(sign) if utc || !self.times.is_empty() => {
                            number_read = true;
                            self.read_offset(sign, scanner)?;
                        }
                        None if symbol != ')' => {}
                        _ => {
                            if number_read {
                                return None;
                            }
                        }
                    }
                }
                Token::Space | Token::Other | Token::End => {}
            }
            token = scanner.take();
        }
        Some(())
    }

    fn read_number<I: Iterator<Item = u16>>(
        &mut self,
        number: i32,
        scanner: &mut Scanner<I>,
    ) -> Option<()> {
        if scanner.skip(':') {
            if scanner.skip(':') {
                if !self.times.is_empty() {
                    return None;
                }
                self.add_time(number)?;
                return self.add_time(0);
            }
            self.add_time(number)?;
            scanner.skip('.');
            return Some(());
        }
        if scanner.skip('.') {
            if self.time_expects(number) {
                self.add_time(number)?;
                let Token::Number(value, length) = scanner.take() else {
                    return None;
                };
                self.end_time(milliseconds(value, length));
                return Some(());
            }
        }
        if self.zone_expects(number) {
            self.zone_minute = Some(number);
            return Some(());
        }
        if self.time_expects(number) {
            self.end_time(number);
            let next = scanner.next;
            let ends = matches!(next, Token::End | Token::Space) || next.is_z();
            return (ends || next.sign().is_some()).then_some(());
        }
        self.add_day(number)?;
        scanner.skip('-');
        Some(())
    }

    /// Reads what is behind a sign: an offset from UTC.
    fn read_offset<I: Iterator<Item = u16>>(
        &mut self,
        sign: i32,
        scanner: &mut Scanner<I>,
    ) -> Option<()> {
        self.sign = Some(sign);
        let (mut number, mut length) = (0, 0);
        if let Token::Number(value, digits) = scanner.next {
            scanner.take();
            (number, length) = (value, digits);
        }
        if scanner.next == Token::Symbol(':') {
            self.zone_hour = Some(number);
            self.zone_minute = None;
            return Some(());
        }
        (self.zone_hour, self.zone_minute) = match length {
            1 | 2 => (Some(number), Some(0)),
            3 | 4 => (Some(number / 100), Some(number % 100)),
            _ => return None,
        };
        Some(())
    }

    /// Year, month (from 1) and day.
    fn day(&self) -> Option<(i32, i32, i32)> {
        let &first = self.days.first()?;
        let number = |index: usize| self.days.get(index).copied().unwrap_or(1);
        let is_day = (1..=31).contains(&first);
        let (mut year, month, day) = match self.month {
            None if self.standard || !is_day => (first, number(1), number(2)),
            None => (number(2), first, number(1)),
            Some(month) if is_day => (number(1), month, first),
            Some(month) => (first, month, number(1)),
        };
        if !self.standard {
            year += match year {
                0..=49 => 2000,
                50..=99 => 1900,
                _ => 0,
            };
        }
        ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some((year, month, day))
    }

    /// Hour, minute, second and millisecond.
    fn time(&self) -> Option<[i32; 4]> {
        let number = |index: usize| self.times.get(index).copied().unwrap_or(0);
        let (mut hour, minute, second, milli) = (number(0), number(1), number(2), number(3));
        if let Some(offset) = self.half_day {
            if !(0..=12).contains(&hour) {
                return None;
            }
            hour = hour % 12 + offset;
        }
        let whole = minute == 0 && second == 0 && milli == 0;
        let valid = (0..24).contains(&hour) || (hour == 24 && whole);
        (valid && minute < 60 && second < 60 && milli < 1000)
            .then_some([hour, minute, second, milli])
    }

    /// Milliseconds to add to UTC; `None` in local time.
    fn offset(&self) -> Option<f64> {
        let sign = self.sign?;
        let minutes = f64::from(self.zone_hour.unwrap_or(0)) * 60.0
            + f64::from(self.zone_minute.unwrap_or(0));
        Some(f64::from(sign) * minutes * utils::MS_PER_MINUTE)
    }
}

/// The time value that the text stands for.
pub(super) fn parse(text: &JsString, hooks: &dyn HostHooks) -> Option<i64> {
    let mut scanner = Scanner::new(text.iter());
    let mut parts = Parts::default();
    let token = parts.read_standard(&mut scanner)?;
    parts.read_lenient(token, &mut scanner)?;

    let (year, month, day) = parts.day()?;
    let [hour, minute, second, milli] = parts.time()?.map(f64::from);
    let date = utils::make_date(
        utils::make_day(year.into(), (month - 1).into(), day.into()),
        utils::make_time(hour, minute, second, milli),
    );
    let time = match parts.offset() {
        Some(offset) => date - offset,
        None => utils::utc_t(date, hooks),
    };
    let time = utils::time_clip(time);
    // Within 8.64e15.
    time.is_finite().then_some(time as i64)
}
