//! Arithmetic of long `BigInt`s in pieces, between which an interrupt is looked for: the whole may take minutes.
//!
//! Short operands, which are nearly all, go to `num_bigint` as they are.

use num_bigint::{BigInt, BigUint, Sign};
use num_traits::{One, Zero};

use crate::error::JsNativeError;
use crate::interrupt::{check_own, reserve};
use crate::{JsError, JsResult};

/// The longest `BigInt`, in bits, as V8 has it.
pub(crate) const MAX_BITS: u64 = 1 << 30;

/// Digits of 32 bits that are worked on between two looks: a few milliseconds of multiplication.
const PIECE: usize = 1 << 14;

/// Characters of text that are read, and bits that are written, between two looks.
const TEXT_PIECE: usize = 1 << 12;

pub(crate) fn too_big() -> JsError {
    JsNativeError::range()
        .with_message("Maximum BigInt size exceeded")
        .into()
}

/// Fails where a result of `bits` may not be, or there is no memory for it.
pub(crate) fn reserve_bits(bits: u64) -> JsResult<()> {
    match usize::try_from(bits) {
        Ok(bytes) if bits <= MAX_BITS => reserve(bytes / 8),
        _ => Err(too_big()),
    }
}

fn is_short(x: &BigUint) -> bool {
    x.bits() <= 32 * PIECE as u64
}

/// `x * y`.
pub(crate) fn mul(x: &BigInt, y: &BigInt) -> JsResult<BigInt> {
    if is_short(x.magnitude()) && is_short(y.magnitude()) {
        return Ok(x * y);
    }
    let bits = |x: &BigInt| x.bits().next_multiple_of(64);
    reserve_bits(bits(x) + bits(y))?;
    let sign = if x.sign() == y.sign() { Sign::Plus } else { Sign::Minus };
    Ok(BigInt::from_biguint(sign, product(x.magnitude(), y.magnitude())?))
}

fn product(x: &BigUint, y: &BigUint) -> JsResult<BigUint> {
    product_of_digits(&x.to_u32_digits(), &y.to_u32_digits())
}

/// By Karatsuba's method down to pieces.
fn product_of_digits(x: &[u32], y: &[u32]) -> JsResult<BigUint> {
    let (long, short) = if x.len() >= y.len() { (x, y) } else { (y, x) };
    if long.len() <= PIECE || short.is_empty() {
        check_own()?;
        return Ok(BigUint::from_slice(long) * BigUint::from_slice(short));
    }
    let half = long.len().div_ceil(2);
    let (low, high) = long.split_at(half);
    if short.len() <= half {
        return Ok(product_of_digits(low, short)? + (product_of_digits(high, short)? << (32 * half)));
    }
    let (short_low, short_high) = short.split_at(half);
    let lows = product_of_digits(low, short_low)?;
    let highs = product_of_digits(high, short_high)?;
    let sums = product(
        &(BigUint::from_slice(low) + BigUint::from_slice(high)),
        &(BigUint::from_slice(short_low) + BigUint::from_slice(short_high)),
    )?;
    let middle = sums - &lows - &highs;
    Ok(lows + (middle << (32 * half)) + (highs << (64 * half)))
}

/// `x ** y`, where `y` is not negative.
pub(crate) fn pow(x: &BigInt, y: &BigUint) -> JsResult<BigInt> {
    if y.is_zero() || x.magnitude().is_one() || x.is_zero() {
        let negative = x.sign() == Sign::Minus && !y.bit(0) && !y.is_zero();
        return Ok(match (y.is_zero(), negative) {
            (true, _) => BigInt::one(),
            (_, true) => -x,
            _ => x.clone(),
        });
    }
    let exponent = u64::try_from(y).map_err(|_| too_big())?;
    // A lower bound: the product of numbers is one bit shorter at most than they are together.
    reserve_bits((x.bits() - 1).checked_mul(exponent).ok_or_else(too_big)?)?;
    let zeros = x.trailing_zeros().unwrap_or(0);
    let odd = x >> zeros;
    // What is a power of two is only shifted.
    let power = odd_pow(&odd, exponent)?;
    shl(&power, zeros * exponent)
}

fn odd_pow(x: &BigInt, exponent: u64) -> JsResult<BigInt> {
    let mut power = BigInt::one();
    if x.is_one() {
        return Ok(power);
    }
    for bit in (0..u64::BITS - exponent.leading_zeros()).rev() {
        power = mul(&power, &power)?;
        if exponent & (1 << bit) != 0 {
            power = mul(&power, x)?;
        }
    }
    Ok(power)
}

/// `x << bits`.
pub(crate) fn shl(x: &BigInt, bits: u64) -> JsResult<BigInt> {
    if x.is_zero() {
        return Ok(BigInt::zero());
    }
    reserve_bits(x.bits().checked_add(bits).ok_or_else(too_big)?)?;
    Ok(x << bits)
}

/// `x / y` and `x % y`, rounded to zero, where `y` is not zero.
pub(crate) fn div_rem(x: &BigInt, y: &BigInt) -> JsResult<(BigInt, BigInt)> {
    if is_short(x.magnitude()) {
        return Ok((x / y, x % y));
    }
    let (quotient, remainder) = quotient(x.magnitude(), y.magnitude())?;
    let sign = if x.sign() == y.sign() { Sign::Plus } else { Sign::Minus };
    Ok((BigInt::from_biguint(sign, quotient), BigInt::from_biguint(x.sign(), remainder)))
}

fn quotient(x: &BigUint, y: &BigUint) -> JsResult<(BigUint, BigUint)> {
    if x < y {
        return Ok((BigUint::zero(), x.clone()));
    }
    // Long division in digits as long as the divisor, or as a piece where that is longer.
    let digit = usize::try_from(y.bits()).map_err(|_| too_big())?.div_ceil(32).max(PIECE / 2);
    let by_reciprocal = if is_short(y) { None } else { Some(reciprocal(y)?) };
    let digits = x.to_u32_digits();
    let (mut quotient, mut remainder) = (Vec::with_capacity(digits.len() + digit), BigUint::zero());
    for chunk in digits.rchunks(digit).collect::<Vec<_>>() {
        check_own()?;
        let part = (remainder << (32 * chunk.len())) + BigUint::from_slice(chunk);
        let (part_quotient, rest) = match &by_reciprocal {
            Some(reciprocal) => by(&part, y, reciprocal)?,
            None => (&part / y, part % y),
        };
        remainder = rest;
        let mut part_digits = part_quotient.to_u32_digits();
        part_digits.resize(chunk.len(), 0);
        quotient.extend(part_digits.into_iter().rev());
    }
    quotient.reverse();
    Ok((BigUint::new(quotient), remainder))
}

/// About `2 ** (2 * bits) / y`, where `bits` is the length of `y`, by Newton's method.
fn reciprocal(y: &BigUint) -> JsResult<BigUint> {
    let bits = y.bits();
    if is_short(y) {
        check_own()?;
        return Ok((BigUint::one() << (2 * bits)) / y);
    }
    let cut = bits - (bits / 2 + 2);
    let estimate = reciprocal(&(y >> cut))? << cut;
    let error = product(&product(&estimate, &estimate)?, y)? >> (2 * bits);
    Ok((estimate << 1_u32) - error)
}

/// `x / y` and what is left, where `x` is at most twice as long as `y`.
fn by(x: &BigUint, y: &BigUint, reciprocal: &BigUint) -> JsResult<(BigUint, BigUint)> {
    let mut quotient = product(x, reciprocal)? >> (2 * y.bits());
    let mut rest = BigInt::from(x.clone()) - BigInt::from(product(&quotient, y)?);
    let divisor = BigInt::from(y.clone());
    while rest.sign() == Sign::Minus {
        quotient -= 1_u32;
        rest += &divisor;
    }
    while rest >= divisor {
        quotient += 1_u32;
        rest -= &divisor;
    }
    Ok((quotient, rest.into_parts().1))
}

/// `x` modulo `2 ** bits`, as an unsigned number.
pub(crate) fn low_bits(x: &BigInt, bits: u64) -> JsResult<BigInt> {
    if x.sign() != Sign::Minus && x.bits() <= bits {
        return Ok(x.clone());
    }
    // Only a negative number can need them all.
    reserve_bits(bits)?;
    let modulus = BigInt::one() << bits;
    Ok(x & (modulus - 1_u32))
}

/// `x` modulo `2 ** bits`, as a signed number.
pub(crate) fn low_bits_signed(x: &BigInt, bits: u64) -> JsResult<BigInt> {
    if x.bits() < bits {
        return Ok(x.clone());
    }
    let low = low_bits(x, bits)?;
    // It is negative where its highest bit is set.
    let negative = bits > 0 && low.bit(bits - 1);
    Ok(if negative { low - (BigInt::one() << bits) } else { low })
}

/// The digits of `x`.
pub(crate) fn to_text(x: &BigInt, radix: u32) -> JsResult<String> {
    if x.bits() <= TEXT_PIECE as u64 {
        return Ok(x.to_str_radix(radix));
    }
    // A radix is at most two to the power of this.
    let bits_per_digit = u64::from(radix.ilog2());
    if x.bits() / (bits_per_digit + 1) > crate::builtins::string::String::MAX_STRING_LENGTH as u64 {
        return Err(JsNativeError::range().with_message("Invalid string length").into());
    }
    let length = usize::try_from(x.bits() / bits_per_digit).map_err(|_| too_big())? + 2;
    reserve(length)?;
    if radix.is_power_of_two() {
        return Ok(x.to_str_radix(radix));
    }
    // `powers[i]` has `2 ** i` times the digits of the first.
    let digits = TEXT_PIECE / 4;
    let mut powers = vec![BigUint::from(radix).pow(u32::try_from(digits).unwrap_or(u32::MAX))];
    while let Some(last) = powers.last().filter(|last| 2 * last.bits() <= x.bits() + 1) {
        powers.push(product(last, last)?);
    }
    let mut text = Vec::with_capacity(length);
    write(x.magnitude(), radix, digits, &powers, false, &mut text)?;
    let text = String::from_utf8(text).unwrap_or_default();
    Ok(if x.sign() == Sign::Minus { format!("-{text}") } else { text })
}

/// Writes `x`, which is below the square of the last power, with leading zeros where it is `padded`.
fn write(
    x: &BigUint,
    radix: u32,
    digits: usize,
    powers: &[BigUint],
    padded: bool,
    text: &mut Vec<u8>,
) -> JsResult<()> {
    let Some((last, smaller)) = powers.split_last() else {
        check_own()?;
        let own = if x.is_zero() && !padded { String::new() } else { x.to_str_radix(radix) };
        if padded {
            text.extend(std::iter::repeat_n(b'0', digits.saturating_sub(own.len())));
        }
        text.extend(own.bytes());
        return Ok(());
    };
    let (high, low) = quotient(x, last)?;
    if high.is_zero() && !padded {
        return write(&low, radix, digits, smaller, false, text);
    }
    write(&high, radix, digits, smaller, padded, text)?;
    write(&low, radix, digits, smaller, true, text)
}

/// The number that `text` is, if it is one and can be told before the interrupt.
pub(crate) fn of_text(text: &[u8], radix: u32) -> Option<BigInt> {
    if text.len() <= TEXT_PIECE {
        return BigInt::parse_bytes(text, radix);
    }
    let (sign, digits) = match text {
        [b'-', rest @ ..] => (Sign::Minus, rest),
        [b'+', rest @ ..] => (Sign::Plus, rest),
        _ => (Sign::Plus, text),
    };
    let bits = digits.len() as u64 * u64::from(radix.ilog2());
    reserve_bits(bits).ok()?;
    Some(BigInt::from_biguint(sign, read(digits, radix, &mut Vec::new()).ok()?))
}

/// The number that the digits of `text` are; fails where they are none.
///
/// `powers[i]` is the radix to the power of `TEXT_PIECE * 2 ** i`, as far as they were needed.
fn read(text: &[u8], radix: u32, powers: &mut Vec<BigUint>) -> JsResult<BigUint> {
    if text.len() <= TEXT_PIECE {
        check_own()?;
        // A sign or a separator further on would be taken for a part of a number.
        let known = |digit: &u8| char::from(*digit).is_digit(radix);
        let number = BigUint::parse_bytes(text, radix).filter(|_| text.iter().all(known));
        return number.ok_or_else(|| JsNativeError::syntax().into());
    }
    let (mut place, mut low) = (0, TEXT_PIECE);
    while low * 2 < text.len() {
        low *= 2;
        place += 1;
    }
    while powers.len() <= place {
        let next = match powers.last() {
            Some(last) => product(last, last)?,
            None => BigUint::from(radix).pow(TEXT_PIECE as u32),
        };
        powers.push(next);
    }
    let (high, rest) = text.split_at(text.len() - low);
    let high = read(high, radix, powers)?;
    let rest = read(rest, radix, powers)?;
    Ok(product(&high, &powers[place])? + rest)
}
