//! Numbers as text: signs, groups, percent, currencies and short forms of large numbers.

use super::locales::{Locale, Part, fill};

/// What a currency is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Display {
    Symbol,
    Narrow,
    Code,
    Name,
}

/// What a number stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style<'a> {
    Decimal,
    Percent,
    Currency { code: &'a str, display: Display, accounting: bool },
    /// A unit, by its identifier.
    Unit(&'a str),
}

/// When digits are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grouping {
    Auto,
    Always,
    /// From two digits before the first group on.
    Min2,
    Never,
}

/// The sign that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    None,
    Minus,
    Plus,
}

/// A number that has been rounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    NotANumber,
    Infinity,
    /// The digits before and after the point.
    Finite { integer: String, fraction: String },
}

/// How a number is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NumberFormat<'a> {
    pub(crate) style: Style<'a>,
    pub(crate) grouping: Grouping,
    /// An exponent of ten that follows the digits.
    pub(crate) exponent: Option<i32>,
    /// The power of ten whose short form is shown, and whether it is the long one.
    pub(crate) compact: Option<(u32, bool)>,
}

/// How many digits of a number with this power of ten stand before its short form: `12K` has 2 of `12345`.
pub(crate) fn compact_digits(locale: &Locale, power: u32, long: bool) -> u32 {
    let text = locale.get(&compact_key(power, long, false)).unwrap_or("");
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(power + 1)
}

fn compact_key(power: u32, long: bool, one: bool) -> String {
    format!("{}{}{}", if long { 'K' } else { 'k' }, power.min(15), if one { 'o' } else { 'm' })
}

impl NumberFormat<'_> {
    /// The parts of a number.
    pub(crate) fn format(&self, locale: &Locale, sign: Sign, value: &Value) -> Vec<Part> {
        let text = |key: &str, usual: &'static str| locale.get(key).unwrap_or(usual);
        let (pattern, currency) = self.pattern(locale, sign, value);
        fill(&pattern, |field, parts| {
            let mut push = |kind, text: &str| parts.push(Part { kind, text: text.to_owned() });
            match field {
                "n" => self.digits(locale, value, parts),
                "c" => push("currency", &currency),
                "%" => push("percentSign", text("n%", "%")),
                "-" if sign == Sign::Plus => push("plusSign", text("n+", "+")),
                "-" => push("minusSign", text("n-", "-")),
                _ => match field.strip_prefix('k') {
                    Some(short) => push("compact", short),
                    None => push("unit", field.trim_start_matches('u')),
                },
            }
        })
    }

    /// The pattern, and what the currency is called.
    fn pattern(&self, locale: &Locale, sign: Sign, value: &Value) -> (String, String) {
        let signed = sign != Sign::None;
        let get = |key: &str| locale.get(&format!("{key}{}", if signed { '-' } else { '+' })).unwrap_or("{-}{n}").to_owned();
        let plain = if signed { "{-}{n}" } else { "{n}" };
        let one = matches!(value, Value::Finite { integer, fraction } if integer == "1" && fraction.is_empty());
        let short = self.compact.and_then(|(power, long)| locale.get(&compact_key(power, long, one)));
        let short = short.map(|text| text.trim_start_matches(|c: char| c.is_ascii_digit()));
        let (pattern, currency) = match self.style {
            Style::Decimal => (plain.to_owned(), String::new()),
            Style::Percent => (get("p"), String::new()),
            Style::Unit(unit) => (format!("{plain} {{u{unit}}}"), String::new()),
            Style::Currency { code, display, accounting } => {
                let known = locale.get(&format!("${code}")).unwrap_or("");
                let mut known = known.split('|');
                let symbol = known.next().filter(|symbol| !symbol.is_empty()).unwrap_or(code);
                let narrow = known.next().unwrap_or(symbol);
                if display == Display::Name {
                    let names: Vec<_> = known.collect();
                    let name = if one { names.first() } else { names.get(1).or_else(|| names.first()) };
                    let around = locale.get("u").unwrap_or("{n} {c}").replace("{n}", plain);
                    (around, name.copied().unwrap_or(code).to_owned())
                } else {
                    let symbol = match display {
                        Display::Narrow => narrow,
                        Display::Code => code,
                        _ => symbol,
                    };
                    // Letters keep a space from digits.
                    let digits = matches!(value, Value::Finite { .. });
                    let letters = digits && symbol.chars().next_back().is_some_and(char::is_alphabetic);
                    let key = match (accounting && sign != Sign::Plus, letters) {
                        (true, true) => "A",
                        (true, false) => "a",
                        (false, true) => "C",
                        (false, false) => "c",
                    };
                    (get(key), symbol.to_owned())
                }
            }
        };
        match short {
            Some(short) => (pattern.replace("{n}", short), currency),
            None => (pattern, currency),
        }
    }

    fn digits(&self, locale: &Locale, value: &Value, parts: &mut Vec<Part>) {
        let text = |key: &str, usual: &'static str| locale.get(key).unwrap_or(usual).to_owned();
        let mut push = |kind, text: String| parts.push(Part { kind, text });
        let (integer, fraction) = match value {
            Value::NotANumber => return push("nan", text("nNaN", "NaN")),
            Value::Infinity => return push("infinity", text("nInf", "∞")),
            Value::Finite { integer, fraction } => (integer, fraction),
        };
        let fewest = match self.grouping {
            Grouping::Never => usize::MAX,
            Grouping::Always => 1,
            Grouping::Min2 => 2,
            Grouping::Auto => text("n4", "1").parse().unwrap_or(1),
        };
        let higher = text("nG", "3").parse().unwrap_or(3);
        if fewest == usize::MAX || integer.len() < 3 + fewest {
            push("integer", integer.clone());
        } else {
            let (head, last) = integer.split_at(integer.len() - 3);
            let first = (head.len() - 1) % higher + 1;
            let (first, rest) = head.split_at(first);
            push("integer", first.to_owned());
            let rest = rest.as_bytes().chunks(higher).map(|group| String::from_utf8_lossy(group).into_owned());
            for group in rest.chain([last.to_owned()]) {
                push("group", text("n,", ","));
                push("integer", group);
            }
        }
        if !fraction.is_empty() {
            push("decimal", text("n.", "."));
            push("fraction", fraction.clone());
        }
        if let Some(exponent) = self.exponent {
            push("exponentSeparator", text("nE", "E"));
            if exponent < 0 {
                push("exponentMinusSign", text("n-", "-"));
            }
            push("exponentInteger", exponent.unsigned_abs().to_string());
        }
    }
}

/// The text of parts.
pub(crate) fn text(parts: &[Part]) -> String {
    parts.iter().map(|part| part.text.as_str()).collect()
}
