//! How much the JavaScript of each thread has allocated and not freed.
//!
//! Boa has no heap limit and tells no size. The process's allocator reports every allocation here; what the engine does
//! inside `counted` is charged to its thread, where a watchdog can read it while JavaScript runs. What crosses threads
//! (params, results, calls on their way out) is made and dropped outside, or the count would drift.
//!
//! A thread's account can have a bound. The allocation that exceeds it raises the thread's interrupt, so that what runs
//! ends at its next step; and a builtin that is about to take much at once asks before it does (`may_take`).

use std::cell::Cell;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};
use std::sync::OnceLock;

use boa_engine::interrupt::Interrupt;

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
    /// What the account may hold; `isize::MAX`: anything.
    static BOUND: Cell<isize> = const { Cell::new(isize::MAX) };
    /// It has held more, or would have.
    static EXCEEDED: Cell<bool> = const { Cell::new(false) };
}

/// For the allocator: `bytes` were taken, or given back where negative. Allocates nothing and never panics.
#[inline]
pub fn report(bytes: isize) {
    let account = CHARGED.get();
    if account != 0 {
        let held = &BYTES[account];
        let now = held.load(Ordering::Relaxed).wrapping_add(bytes);
        held.store(now, Ordering::Relaxed);
        if now > BOUND.get() {
            exceed();
        }
    }
}

#[cold]
fn exceed() {
    if !EXCEEDED.replace(true) {
        Interrupt::raise_own();
    }
}

/// For builtins: whether `bytes` more may be taken at once. If not, what runs is to end.
pub(super) fn may_take(bytes: usize) -> bool {
    let held = BYTES[CHARGED.get()].load(Ordering::Relaxed);
    let fits = isize::try_from(bytes).is_ok_and(|bytes| held.saturating_add(bytes) <= BOUND.get());
    if !fits {
        EXCEEDED.set(true);
    }
    fits
}

/// From here on this thread's account may grow by `limit`; none: by anything.
pub(super) fn bound(limit: Option<usize>) {
    let held = Account::own().bytes();
    let bound = limit.and_then(|limit| isize::try_from(limit).ok()).map(|limit| held.saturating_add(limit));
    BOUND.set(bound.unwrap_or(isize::MAX));
    EXCEEDED.set(false);
}

/// Whether the bound was exceeded since it was set.
pub(super) fn is_exceeded() -> bool {
    EXCEEDED.get()
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
    fn a_bound_raises_the_interrupt_of_its_own_thread() {
        let interrupt = Interrupt::of_thread();
        bound(Some(1_000));
        counted(|| report(900));
        assert!(may_take_counted(50) && !interrupt.is_raised() && !is_exceeded());
        assert!(!may_take_counted(200) && is_exceeded());
        bound(Some(1_000));
        counted(|| report(1_001));
        assert!(interrupt.is_raised() && is_exceeded());
        bound(None);
        interrupt.clear();
        counted(|| report(isize::MAX / 2));
        assert!(!interrupt.is_raised() && !is_exceeded());
    }

    fn may_take_counted(bytes: usize) -> bool {
        counted(|| may_take(bytes))
    }

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
