//! Figures as people read them.

use std::collections::BTreeMap;
use std::time::Duration;

/// As `latency`; `-` when nothing happened.
pub(super) fn latency_or_dash(of: Option<Duration>) -> String {
    of.map_or_else(|| "-".into(), latency)
}

/// `(-32001:2,-32000:1)` after a space, the most frequent first; nothing where there is none.
pub(super) fn codes(codes: &BTreeMap<String, u64>) -> String {
    let mut by_count: Vec<_> = codes.iter().collect();
    by_count.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let listed: Vec<String> = by_count.into_iter().map(|(code, count)| format!("{code}:{count}")).collect();
    if listed.is_empty() {
        return String::new();
    }
    format!(" ({})", listed.join(","))
}

/// `850us`, `1.2ms`, `12.3s`.
pub fn latency(latency: Duration) -> String {
    let us = latency.as_secs_f64() * 1e6;
    match us {
        ..999.5 => format!("{us:.0}us"),
        ..999_950.0 => format!("{:.1}ms", us / 1e3),
        _ => format!("{:.1}s", us / 1e6),
    }
}

/// Calls per second: one decimal while it matters.
pub fn rate(per_second: f64) -> String {
    if per_second < 99.95 {
        format!("{per_second:.1}")
    } else {
        format!("{per_second:.0}")
    }
}

/// `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_have_a_unit_that_fits() {
        let text = |us| latency_or_dash(Some(Duration::from_micros(us)));
        assert_eq!(latency_or_dash(None), "-");
        assert_eq!((text(0), text(850), text(999)), ("0us".into(), "850us".into(), "999us".into()));
        assert_eq!((text(1_000), text(1_249), text(999_900)), ("1.0ms".into(), "1.2ms".into(), "999.9ms".into()));
        assert_eq!((text(999_960), text(61_000_000)), ("1.0s".into(), "61.0s".into()));
    }

    #[test]
    fn codes_are_listed_by_how_often_they_came() {
        let counts = [("-32000", 1), ("-32001", 2)].map(|(code, count)| (code.to_owned(), count));
        assert_eq!(codes(&BTreeMap::from(counts)), " (-32001:2,-32000:1)");
        assert_eq!(codes(&BTreeMap::new()), "");
    }

    #[test]
    fn numbers_are_grouped() {
        let text: Vec<String> = [0, 999, 1_000, 123_456, 1_234_567].into_iter().map(grouped).collect();
        assert_eq!(text, ["0", "999", "1,000", "123,456", "1,234,567"]);
        assert_eq!((rate(0.0), rate(99.94), rate(1234.5678)), ("0.0".into(), "99.9".into(), "1235".into()));
    }
}
