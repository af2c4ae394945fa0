//! Ending the parsing of a text that takes too long.

use std::sync::OnceLock;

static INTERRUPT: OnceLock<fn() -> bool> = OnceLock::new();

/// Sets who is asked at each token whether the parsing on this thread must end, which it does with an error. The first
/// of two calls counts.
pub fn set_interrupt(is_raised: fn() -> bool) {
    let _first = INTERRUPT.set(is_raised);
}

pub(crate) fn is_raised() -> bool {
    INTERRUPT.get().is_some_and(|is_raised| is_raised())
}
