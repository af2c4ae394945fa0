//! Ending a match that takes too long: a backtracking matcher may need more steps than there is time.

use std::sync::OnceLock;

static INTERRUPT: OnceLock<fn() -> bool> = OnceLock::new();

/// Steps between two looks at whether a match must end.
pub(crate) const STEPS: u32 = 4_096;

/// Sets who is asked now and then whether the match that runs on this thread must end. One that must finds nothing; so
/// whoever set this asks again when a match was not found. The first of two calls counts.
pub fn set_interrupt(is_raised: fn() -> bool) {
    let _first = INTERRUPT.set(is_raised);
}

pub(crate) fn is_raised() -> bool {
    INTERRUPT.get().is_some_and(|is_raised| is_raised())
}
