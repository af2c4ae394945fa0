//! Whether a call should join the queue of an executor, or be refused at once since it would wait there in vain.
//!
//! How long a queue may be is a matter of time, since calls of a few microseconds come in batches of thousands. Their
//! number is bounded by admission.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::protocol::CallError;

/// A call joins a queue that takes up to this share of the time that it has left. What is admitted must be served in
/// time: to run a call for a caller who has given up is the work that makes overload collapse.
const WAITING_SHARE: f64 = 0.8;

/// How much a new figure counts: the mean follows a change within a few dozen calls.
const WEIGHT: u64 = 16;

/// How long a call occupies an executor, on average of late: all its turns, and none of its waiting.
///
/// Written by the executor alone, read by every thread that has a call for it.
#[derive(Debug, Default)]
pub struct Occupancy {
    mean_ns: AtomicU64,
}

impl Occupancy {
    /// The executor was occupied for `time` since it last said so, with one call.
    pub fn record(&self, time: Duration) {
        let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX / WEIGHT);
        let mean = match self.mean_ns.load(Ordering::Relaxed) {
            0 => time,
            mean => mean - mean / WEIGHT + time / WEIGHT,
        };
        self.mean_ns.store(mean, Ordering::Relaxed);
    }

    /// How long a call waits behind `ahead` others.
    pub fn wait_behind(&self, ahead: usize) -> Duration {
        Duration::from_nanos(self.mean_ns.load(Ordering::Relaxed).saturating_mul(ahead as u64))
    }
}

/// Whether a call at nesting `depth` that has `left` to live may wait behind `ahead` others, for `wait` by all that is
/// known. Nested calls belong to work that was admitted, and wait until their deadline.
pub fn may_wait(depth: u32, left: Duration, ahead: usize, wait: Duration) -> Result<(), CallError> {
    let in_vain = wait > left.mul_f64(WAITING_SHARE);
    match depth == 0 && ahead > 0 && in_vain {
        true => Err(CallError::Overloaded),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn the_mean_begins_with_the_first_call_and_follows_a_change() {
        let occupancy = Occupancy::default();
        assert_eq!(occupancy.wait_behind(1000), Duration::ZERO, "nothing is known, and nothing held against anybody");
        occupancy.record(MS);
        assert_eq!(occupancy.wait_behind(7), 7 * MS);
        (0..100).for_each(|_| occupancy.record(10 * MS));
        let wait = occupancy.wait_behind(1);
        assert!(wait > 9 * MS && wait <= 10 * MS, "{wait:?}");
    }

    #[test]
    fn who_would_wait_too_long_is_refused_at_once() {
        let may = |depth, left, ahead, wait| may_wait(depth, left, ahead, wait).is_ok();
        assert!(may(0, 100 * MS, 10, 80 * MS));
        assert!(!may(0, 100 * MS, 10, 81 * MS));
        assert!(may(1, 100 * MS, 10, 81 * MS), "a nested call waits");
        assert!(may(0, MS, 0, 51 * MS), "an idle executor refuses nobody");
        assert!(may(0, 100 * MS, 60_000, Duration::ZERO));
    }
}
