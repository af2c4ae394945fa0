//! Numbers written in a radix that is a power of two.

/// The number that is nearest to these digits of `bits` bits each; of two that are as near, the even one.
#[must_use]
pub fn number_of_bits(digits: impl Iterator<Item = u32>, bits: u32) -> f64 {
    let mut head: u128 = 0;
    let mut dropped: i32 = 0;
    for digit in digits {
        if head >> 64 == 0 {
            head = (head << bits) | u128::from(digit);
        } else {
            // More than 53 bits are there: of the rest it only counts whether there is something.
            head |= u128::from(digit != 0);
            dropped = dropped.saturating_add(bits.cast_signed());
        }
    }
    if head == 0 {
        return 0.0;
    }
    // Without a rest: a power of two.
    head as f64 * 2f64.powi(dropped.min(2000))
}
