//! Text for terminals and pipes: times, and what others have written.

use std::time::Duration;

use super::text::latency;

/// `850us`, `1.2ms`, `12.3s`.
pub fn duration_us(us: u64) -> String {
    latency(Duration::from_micros(us))
}

/// What somebody else has written, for a terminal: no control characters, and at most `most` characters.
pub fn on_one_line(text: &str, most: usize) -> String {
    let mut line = String::new();
    let mut length = 0;
    for c in text.chars() {
        let shown: String = match c {
            '"' | '\'' | '\\' => c.to_string(),
            c => c.escape_debug().collect(),
        };
        let width = shown.chars().count();
        if length + width > most {
            while length + 1 > most && line.pop().is_some() {
                length -= 1;
            }
            line.push('…');
            return line;
        }
        line += &shown;
        length += width;
    }
    line
}

/// `2026-11-21 19:10:17Z`, of microseconds of Unix time.
pub fn utc(unix_us: u64) -> String {
    let seconds = unix_us / 1_000_000;
    let (days, time) = (seconds / 86_400, seconds % 86_400);
    // Days since 1 March of year 0, in eras of 400 years (Howard Hinnant, "chrono-compatible low-level date algorithms").
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let date = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (time / 3_600, time / 60 % 60, time % 60);
    format!("{year:04}-{month:02}-{date:02} {hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let at = |seconds: u64| utc(seconds * 1_000_000 + 999_999);
        assert_eq!(at(0), "1970-01-01 00:00:00Z");
        assert_eq!(at(951_782_399), "2000-02-28 23:59:59Z");
        assert_eq!(at(951_782_400), "2000-02-29 00:00:00Z");
        assert_eq!(at(1_709_251_200), "2024-03-01 00:00:00Z");
        assert_eq!(at(4_102_444_799), "2099-12-31 23:59:59Z");
    }

    #[test]
    fn the_text_of_others_can_do_nothing_to_a_terminal() {
        assert_eq!(on_one_line("add", 10), "add");
        assert_eq!(on_one_line("größe \"x\"", 20), "größe \"x\"");
        assert_eq!(on_one_line("a\u{1b}[2J\n\u{202e}b", 40), "a\\u{1b}[2J\\n\\u{202e}b");
        assert_eq!(on_one_line("abcdef", 4), "abc…");
        assert_eq!(on_one_line("abcd", 4), "abcd");
        assert!(on_one_line("ab\u{1b}c", 4).chars().count() <= 4);
    }
}
