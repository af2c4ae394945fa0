//! How much the JavaScript of each thread has allocated and not freed.
//!
//! Boa has no heap limit and tells no size. The process's allocator reports every allocation here; what the engine does
//! inside `counted` is charged to its thread, where a watchdog can read it while JavaScript runs. What crosses threads
//! (params, results, calls on their way out) is made and dropped outside, or the count would drift.

use std::cell::Cell;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};
use std::sync::OnceLock;

/// Threads that can be told apart; further ones share the last account.
const ACCOUNTS: usize = 2_048;

/// Written by their own thread only, but for the last.
static BYTES: [AtomicIsize; ACCOUNTS] = [const { AtomicIsize::new(0) }; ACCOUNTS];

static NEXT: AtomicUsize = AtomicUsize::new(1);

thread_local! {
    /// This thread's account; 0 until it has one.
    static OWN: Cell<usize> = const { Cell::new(0) };
    /// The account that is being charged; 0 for none.
    static CHARGED: Cell<usize> = const { Cell::new(0) };
}

/// For the allocator: `bytes` were taken, or given back where negative. Allocates nothing and never panics.
#[inline]
pub fn report(bytes: isize) {
    let account = CHARGED.get();
    if account != 0 {
        let held = &BYTES[account];
        held.store(held.load(Ordering::Relaxed).wrapping_add(bytes), Ordering::Relaxed);
    }
}

static GIVE_BACK: OnceLock<fn()> = OnceLock::new();

/// Tells how the allocator is made to let the system have what a thread has freed. The first of two calls counts.
pub fn give_back_by(give_back: fn()) {
    let _first = GIVE_BACK.set(give_back);
}

/// Lets the system have what this thread has freed. Costs about as much as a collection of garbage.
pub(crate) fn give_back() {
    if let Some(give_back) = GIVE_BACK.get() {
        give_back();
    }
}

/// A thread's account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Account(usize);

impl Account {
    /// The account of the thread that asks.
    pub(super) fn own() -> Self {
        if OWN.get() == 0 {
            OWN.set(NEXT.fetch_add(1, Ordering::Relaxed).min(ACCOUNTS - 1));
        }
        Account(OWN.get())
    }

    /// What the engines of that thread hold. Meaningful as a difference; 0 under an allocator that does not report.
    pub(super) fn bytes(self) -> isize {
        BYTES[self.0].load(Ordering::Relaxed)
    }
}

/// Charges what `body` allocates to this thread.
pub(super) fn counted<T>(body: impl FnOnce() -> T) -> T {
    charging(Account::own().0, body)
}

/// Does not charge what `body` allocates, since another thread will free it.
pub(super) fn uncounted<T>(body: impl FnOnce() -> T) -> T {
    charging(0, body)
}

fn charging<T>(account: usize, body: impl FnOnce() -> T) -> T {
    // A panic inside leaves the engine for good; its successor on this thread sets the account anew.
    let before = CHARGED.replace(account);
    let result = body();
    CHARGED.set(before);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_counted_counts_and_others_can_read_it() {
        let account = Account::own();
        let start = account.bytes();
        report(100);
        counted(|| {
            report(10);
            uncounted(|| report(1000));
            report(-4);
        });
        report(100);
        assert_eq!(account.bytes() - start, 6);
        let elsewhere = std::thread::spawn(move || (account.bytes(), Account::own() != account));
        assert_eq!(elsewhere.join().expect("no panic"), (start + 6, true));
    }
}
