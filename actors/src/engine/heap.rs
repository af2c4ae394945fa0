//! How much the JavaScript of a thread has allocated and not freed.
//!
//! Boa has no heap limit and tells no size. The process's allocator reports every allocation here; what the engine does
//! inside `counted` is charged to its thread, so that the call which grows the heap is known while it still runs.
//! What crosses threads (params, results, calls on their way out) is made and dropped outside, or the count would drift.

use std::cell::Cell;

thread_local! {
    static COUNTING: Cell<bool> = const { Cell::new(false) };
    static BYTES: Cell<isize> = const { Cell::new(0) };
}

/// For the allocator: `bytes` were taken, or given back where negative. Allocates nothing and never panics.
#[inline]
pub fn report(bytes: isize) {
    if COUNTING.get() {
        BYTES.set(BYTES.get().wrapping_add(bytes));
    }
}

/// What the engines of this thread hold. Meaningful as a difference; 0 under an allocator that does not report.
pub(super) fn bytes() -> isize {
    BYTES.get()
}

/// Charges what `body` allocates.
pub(super) fn counted<T>(body: impl FnOnce() -> T) -> T {
    switched(true, body)
}

/// Does not charge what `body` allocates, since another thread will free it.
pub(super) fn uncounted<T>(body: impl FnOnce() -> T) -> T {
    switched(false, body)
}

fn switched<T>(on: bool, body: impl FnOnce() -> T) -> T {
    // A panic inside leaves the engine for good; its successor on this thread sets the switch anew.
    let before = COUNTING.replace(on);
    let result = body();
    COUNTING.set(before);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_counted_counts() {
        let start = bytes();
        report(100);
        counted(|| {
            report(10);
            uncounted(|| report(1000));
            report(-4);
        });
        report(100);
        assert_eq!(bytes() - start, 6);
    }
}
