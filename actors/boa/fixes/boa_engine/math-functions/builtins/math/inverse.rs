//! Inverse hyperbolic functions and the length of a vector, accurate where the plain formulas cancel.

use std::f64::consts::LN_2;

/// Above this, 1 vanishes beside the square.
const LARGE: f64 = 268_435_456.0;
/// Below this, the functions are the identity.
const SMALL: f64 = 1.0 / LARGE;

pub(super) fn asinh(x: f64) -> f64 {
    let t = x.abs();
    if !x.is_finite() || t < SMALL {
        return x;
    }
    let magnitude = if t > LARGE {
        t.ln() + LN_2
    } else if t > 2.0 {
        (2.0 * t + 1.0 / ((x * x + 1.0).sqrt() + t)).ln()
    } else {
        let square = x * x;
        (t + square / (1.0 + (1.0 + square).sqrt())).ln_1p()
    };
    magnitude.copysign(x)
}

pub(super) fn acosh(x: f64) -> f64 {
    if x < 1.0 || x.is_nan() {
        return f64::NAN;
    }
    if x > LARGE {
        x.ln() + LN_2
    } else if x > 2.0 {
        (2.0 * x - 1.0 / (x + (x * x - 1.0).sqrt())).ln()
    } else {
        let above = x - 1.0;
        (above + (2.0 * above + above * above).sqrt()).ln_1p()
    }
}

pub(super) fn atanh(x: f64) -> f64 {
    let t = x.abs();
    if t < SMALL {
        return x;
    }
    let twice = t + t;
    let magnitude = if t < 0.5 {
        0.5 * (twice + twice * t / (1.0 - t)).ln_1p()
    } else {
        0.5 * (twice / (1.0 - t)).ln_1p()
    };
    magnitude.copysign(x)
}

/// The square root of the sum of squares, in the order and with the compensation (Kahan) that V8 uses.
pub(super) fn hypot(numbers: &[f64]) -> f64 {
    if numbers.iter().any(|x| x.is_infinite()) {
        return f64::INFINITY;
    }
    if numbers.iter().any(|x| x.is_nan()) {
        return f64::NAN;
    }
    let largest = numbers.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    if largest == 0.0 {
        return 0.0;
    }
    let (mut sum, mut compensation) = (0.0, 0.0);
    for x in numbers {
        let part = x.abs() / largest;
        let summand = part * part - compensation;
        let preliminary = sum + summand;
        compensation = (preliminary - sum) - summand;
        sum = preliminary;
    }
    sum.sqrt() * largest
}
