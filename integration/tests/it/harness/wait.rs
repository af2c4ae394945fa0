//! Waiting for a condition, never for a time.

use std::time::{Duration, Instant};

/// Long enough for anything that should happen at once, on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(15);

/// Lets other threads run for a moment between two looks at a condition.
pub(crate) fn pause(at_most: Duration) {
    std::thread::park_timeout(at_most);
}

/// Waits until `condition` holds, and returns how long that took. Fails the test after `bound`.
pub(crate) fn wait_until(what: &str, bound: Duration, mut condition: impl FnMut() -> bool) -> Duration {
    wait_for(what, bound, || condition().then_some(())).1
}

/// Waits until `look` finds something, and returns it with the time it took. Fails the test after `bound`.
pub(crate) fn wait_for<T>(what: &str, bound: Duration, mut look: impl FnMut() -> Option<T>) -> (T, Duration) {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return (found, start.elapsed());
        }
        assert!(start.elapsed() < bound, "waited {bound:?} in vain until {what}");
        pause(Duration::from_millis(5));
    }
}
