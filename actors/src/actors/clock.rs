//! The clocks of the actors.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The runtime's own time, so that it and the timers agree even where a test has stopped the clock.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Milliseconds of Unix time, for people and for other programs.
pub(crate) fn unix_ms() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}
