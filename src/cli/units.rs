//! Durations, sizes and counts as they are written on the command line. An error says what was given and what is
//! allowed.

use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

const DURATION: &str = "a duration is a number with ms, s, m or h (750ms, 5s, 1.5m); a bare number is milliseconds";
const SIZE: &str = "a size is a number with B, KB, MB, GB, KiB, MiB or GiB (512KB, 10MiB); a bare number is bytes";

/// Longer waits are taken for mistakes; it also keeps sums of instants in range.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// What an engine process needs before its scripts have allocated anything, twice over.
const LEAST_MEMORY: usize = 64 << 20;

/// A duration of at least 1 ms.
pub fn duration(text: &str) -> Result<Duration, String> {
    match duration_or_zero(text)? {
        Duration::ZERO => Err(format!("{text:?} is not allowed: at least 1ms; {DURATION}")),
        duration => Ok(duration),
    }
}

/// A duration of at least 1 ms, or 0, which turns something off.
pub fn duration_or_zero(text: &str) -> Result<Duration, String> {
    let refuse = || format!("{text:?} is not allowed: {DURATION}");
    let (number, unit) = split(text).ok_or_else(refuse)?;
    let unit_ms: f64 = match unit.to_ascii_lowercase().as_str() {
        "" | "ms" => 1.0,
        "s" => 1_000.0,
        "m" => 60_000.0,
        "h" => 3_600_000.0,
        _ => return Err(refuse()),
    };
    let ms = number * unit_ms;
    if ms > 0.0 && ms < 1.0 {
        return Err(format!("{text:?} is not allowed: at least 1ms; {DURATION}"));
    }
    match Duration::try_from_secs_f64(ms / 1_000.0) {
        Ok(duration) if duration <= LONGEST => Ok(duration),
        _ => Err(format!("{text:?} is not allowed: at most 366 days; {DURATION}")),
    }
}

/// A size of at least 1 byte and at most 1 TiB.
pub fn size(text: &str) -> Result<usize, String> {
    let refuse = || format!("{text:?} is not allowed: {SIZE}");
    let (number, unit) = split(text).ok_or_else(refuse)?;
    let unit_bytes: f64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => return Err(refuse()),
    };
    let bytes = number * unit_bytes;
    if !(1.0..=1_099_511_627_776.0).contains(&bytes) {
        return Err(format!("{text:?} is not allowed: from 1 byte to 1024GiB; {SIZE}"));
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range was checked above")]
    Ok(bytes as usize)
}

/// A whole number within `allowed`.
pub fn whole<T: FromStr + PartialOrd + std::fmt::Display>(text: &str, allowed: RangeInclusive<T>) -> Result<T, String> {
    match text.trim().parse() {
        Ok(number) if allowed.contains(&number) => Ok(number),
        _ => Err(format!("{text:?} is not allowed: a whole number from {} to {}", allowed.start(), allowed.end())),
    }
}

/// A plain decimal number (no sign, no exponent) and the unit after it.
fn split(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    if !number.starts_with(|c: char| c.is_ascii_digit()) || number.ends_with('.') {
        return None;
    }
    Some((number.parse().ok()?, unit.trim_start()))
}

/// Memory of a process that runs JavaScript; with less it could not even start.
pub fn memory(text: &str) -> Result<usize, String> {
    match size(text)? {
        bytes if bytes >= LEAST_MEMORY => Ok(bytes),
        _ => Err(format!("{text:?} is not allowed: at least 64MiB; {SIZE}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_take_units() {
        let ms = |text| duration_or_zero(text).map(|duration| duration.as_millis());
        assert_eq!(ms("750ms"), Ok(750));
        assert_eq!(ms("5s"), Ok(5_000));
        assert_eq!(ms("1m"), Ok(60_000));
        assert_eq!(ms("2h"), Ok(7_200_000));
        assert_eq!(ms("1.5s"), Ok(1_500));
        assert_eq!(ms("30000"), Ok(30_000));
        assert_eq!(ms(" 5 S "), Ok(5_000));
        assert_eq!(ms("0"), Ok(0));
        for bad in ["", "s", "5x", "-1s", "+1s", "1e3", "5.", ".5s", "1.2.3s", "5s5", "9999999h", "0.5ms", "NaN", "inf"]
        {
            let error = ms(bad).expect_err(bad);
            assert!(error.contains(&format!("{bad:?}")) && error.contains("750ms"), "{error}");
        }
        assert!(duration("0s").expect_err("zero").contains("at least 1ms"));
    }

    #[test]
    fn sizes_take_units() {
        assert_eq!(size("10MiB"), Ok(10 * 1024 * 1024));
        assert_eq!(size("512KB"), Ok(512_000));
        assert_eq!(size("512kib"), Ok(512 * 1024));
        assert_eq!(size("1.5 KiB"), Ok(1536));
        assert_eq!(size("1"), Ok(1));
        for bad in ["", "0", "0.5", "10X", "10M", "-5", "1025GiB", "99999999999999999999GiB", "MiB"] {
            let error = size(bad).expect_err(bad);
            assert!(error.contains(&format!("{bad:?}")) && error.contains("10MiB"), "{error}");
        }
    }

    #[test]
    fn a_process_needs_some_memory() {
        assert_eq!(memory("64MiB"), Ok(64 << 20));
        assert!(memory("63MiB").expect_err("too little").contains("at least 64MiB"));
    }

    #[test]
    fn whole_numbers_have_a_range() {
        assert_eq!(whole("7", 1..=10u32), Ok(7));
        for bad in ["0", "11", "x", "1.0", "-1", ""] {
            assert!(whole(bad, 1..=10u32).expect_err(bad).contains("from 1 to 10"));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,12}") {
            let _: (Result<_, _>, Result<_, _>) = (duration_or_zero(&text), size(&text));
        }

        #[test]
        fn bare_numbers_are_milliseconds_and_bytes(number in 1u32..1_000_000_000) {
            prop_assert_eq!(duration(&number.to_string()), Ok(Duration::from_millis(number.into())));
            prop_assert_eq!(size(&number.to_string()), Ok(number as usize));
        }
    }
}
