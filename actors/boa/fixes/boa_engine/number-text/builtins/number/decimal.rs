//! Decimal text of numbers, from their exact values.

use num_bigint::BigUint;

/// The integer nearest to `x` × 10^`places`; of two that are as near, the larger one. `x` is finite and positive.
fn scaled(x: f64, places: i32) -> BigUint {
    let bits = x.to_bits();
    let stored = bits & ((1 << 52) - 1);
    let (significand, exponent) = match (bits >> 52) & 0x7FF {
        0 => (stored, -1074),
        // An 11-bit number fits.
        biased => (stored | 1 << 52, biased as i32 - 1075),
    };
    let ten = |power: i32| BigUint::from(10u8).pow(power.max(0).unsigned_abs());
    let two = |power: i32| power.max(0).unsigned_abs();
    let above = (BigUint::from(significand) << two(exponent)) * ten(places);
    let below = ten(-places) << two(-exponent);
    ((above << 1u8) + &below) / (below << 1u8)
}

/// The first `count` significant digits of `x`, rounded, and the power of ten of the first one.
fn significant(x: f64, count: usize) -> (String, i32) {
    let shortest = format!("{x:e}");
    let mut exponent: i32 = shortest
        .split_once('e')
        .and_then(|(_, exponent)| exponent.parse().ok())
        .unwrap_or_default();
    // The shortest text may have been rounded up to the next power of ten, and so may this one.
    if shortest.starts_with("1e") {
        exponent -= 1;
    }
    loop {
        // At most 101 digits are asked for.
        let digits = scaled(x, count as i32 - 1 - exponent).to_string();
        match digits.len().cmp(&count) {
            std::cmp::Ordering::Less => exponent -= 1,
            std::cmp::Ordering::Greater => exponent += 1,
            std::cmp::Ordering::Equal => return (digits, exponent),
        }
    }
}

fn sign(x: f64) -> &'static str {
    if x < 0.0 { "-" } else { "" }
}

fn exponential(digits: &str, exponent: i32) -> String {
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    format!("{first}{point}{rest}e{exponent:+}")
}

/// `x` with `places` digits behind the point. `x` is finite and below 1e21.
pub(super) fn fixed(x: f64, places: usize) -> String {
    let magnitude = x.abs();
    let digits = if magnitude == 0.0 {
        String::from("0")
    } else {
        // At most 100 places are asked for.
        scaled(magnitude, places as i32).to_string()
    };
    let digits = format!("{digits:0>width$}", width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{}{whole}{point}{fraction}", sign(x))
}

/// `x` with one digit before and `places` digits behind the point. `x` is finite.
pub(super) fn with_exponent(x: f64, places: usize) -> String {
    let (digits, exponent) = digits_of(x, places + 1);
    format!("{}{}", sign(x), exponential(&digits, exponent))
}

/// `x` with `count` significant digits. `x` is finite.
pub(super) fn precise(x: f64, count: usize) -> String {
    let (digits, exponent) = digits_of(x, count);
    let sign = sign(x);
    let Ok(before) = usize::try_from(exponent) else {
        if exponent < -6 {
            return format!("{sign}{}", exponential(&digits, exponent));
        }
        let zeros = "0".repeat((-1 - exponent).unsigned_abs() as usize);
        return format!("{sign}0.{zeros}{digits}");
    };
    if before >= count {
        return format!("{sign}{}", exponential(&digits, exponent));
    }
    let (whole, fraction) = digits.split_at(before + 1);
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

fn digits_of(x: f64, count: usize) -> (String, i32) {
    if x == 0.0 {
        return ("0".repeat(count), 0);
    }
    significant(x.abs(), count)
}
