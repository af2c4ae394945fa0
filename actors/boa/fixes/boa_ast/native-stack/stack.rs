//! The end of the native stack, for whatever calls itself: the parser, visitors of a tree, and internal methods.
//!
//! Whoever makes a thread says how much of its stack JavaScript may use, once, before anything else runs on it. What is
//! beyond that is left for work that asks nobody: it must be enough for native code that does not call itself. On a thread
//! of which nothing was said there is no limit.

use std::cell::Cell;

thread_local! {
    /// Below this address no level more may begin.
    static END: Cell<usize> = const { Cell::new(0) };
    /// Something went no deeper where it can return no error.
    static IS_CUT_SHORT: Cell<bool> = const { Cell::new(false) };
}

/// An address within the frame of whoever calls.
#[inline(always)]
fn here() -> usize {
    let marker = 0_u8;
    std::hint::black_box(&raw const marker) as usize
}

/// Lets JavaScript use `bytes` of this thread's stack, from here on.
#[inline(never)]
pub fn set_size(bytes: usize) {
    END.set(here().saturating_sub(bytes));
}

/// Whether nothing more may go a level deeper.
#[inline]
#[must_use]
pub fn is_used_up() -> bool {
    here() < END.get()
}

/// Bytes until `is_used_up`.
#[must_use]
pub fn remaining() -> usize {
    here().saturating_sub(END.get())
}

/// As `is_used_up`, for what can't return an error: it does nothing, and whoever has called it asks `take_cut_short`.
#[inline]
#[must_use]
pub fn cuts_short() -> bool {
    is_used_up() && {
        cut_short();
        true
    }
}

/// Takes note that something goes no deeper.
pub fn cut_short() {
    IS_CUT_SHORT.set(true);
}

/// Whether something was cut short since this was asked, which is thereby forgotten.
#[must_use]
pub fn take_cut_short() -> bool {
    IS_CUT_SHORT.replace(false)
}
