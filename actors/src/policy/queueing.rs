//! Whether a call should join the queue of an executor, or be refused at once since it would wait there in vain.
//!
//! How long a queue may be is a matter of time, since calls of a few microseconds come in batches of thousands. Their
//! number is bounded by admission.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::protocol::CallError;

/// A call joins a queue that takes up to this share of the time that it has left. What is admitted must be served in
/// time: to run a call for a caller who has given up is the work that makes overload collapse.
const WAITING_SHARE: f64 = 0.6;

/// How much a new figure counts: the mean follows a change within a few dozen calls.
const WEIGHT: u64 = 16;

/// A figure counts as this many times the average at most.
const ODD: u64 = 8;

/// What is taken for the average of what is new, or quicker than this: 100 microseconds.
const SHORT_NS: u64 = 100_000;

/// How long something occupies an executor, on average of late: the first turn of a method's calls, or what an executor
/// has to do between two calls.
///
/// Written and read by many threads; that one of two figures of the same moment may be lost does no harm.
#[derive(Debug, Default)]
pub struct Occupancy {
    mean_ns: AtomicU64,
}

impl Occupancy {
    /// It took `time` once more. One that takes far longer than those before it counts for little: the first call of a
    /// method, or one that met a collection of garbage, must not make a batch of thousands look hopeless.
    pub fn record(&self, time: Duration) {
        let mean = self.mean_ns.load(Ordering::Relaxed);
        let most = mean.max(SHORT_NS).saturating_mul(ODD);
        let time = u64::try_from(time.as_nanos()).map_or(most, |time| time.min(most));
        let mean = if mean == 0 { time } else { mean - mean / WEIGHT + time / WEIGHT };
        self.mean_ns.store(mean, Ordering::Relaxed);
    }

    /// The average, in nanoseconds; 0 while nothing is known.
    pub fn mean_ns(&self) -> u64 {
        self.mean_ns.load(Ordering::Relaxed)
    }
}

/// Whether a call at nesting `depth` that has `left` to live, and is expected to take `own`, may be given to an executor
/// that is busy, and where `ahead` others wait that take `wait`. Nested calls belong to work that was admitted, and wait
/// until their deadline.
pub fn may_wait(depth: u32, left: Duration, ahead: usize, wait: Duration, own: Duration) -> Result<(), CallError> {
    // The next in turn is taken on whatever is expected of it: that is how one learns whether it is still so.
    let in_vain = ahead > 0 && wait.saturating_add(own) > left.mul_f64(WAITING_SHARE);
    match depth == 0 && in_vain {
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
        assert_eq!(occupancy.mean_ns(), 0, "nothing is known, and nothing held against anybody");
        occupancy.record(MS / 2);
        assert_eq!(occupancy.mean_ns(), 500_000);
        occupancy.record(1000 * MS);
        assert!(occupancy.mean_ns() < 1_000_000, "it is an odd one");
        (0..100).for_each(|_| occupancy.record(10 * MS));
        let mean = occupancy.mean_ns();
        assert!((9_000_000..=10_000_000).contains(&mean), "{mean}");
    }

    #[test]
    fn who_would_wait_too_long_is_refused_at_once() {
        let may = |depth, left, ahead, wait, own| may_wait(depth, left, ahead, wait, own).is_ok();
        assert!(may(0, 100 * MS, 10, 50 * MS, 10 * MS));
        assert!(!may(0, 100 * MS, 10, 51 * MS, 10 * MS));
        assert!(may(1, 100 * MS, 10, 51 * MS, 10 * MS), "a nested call waits");
        assert!(may(0, 100 * MS, 0, Duration::ZERO, 1000 * MS), "it is next");
        assert!(may(0, 100 * MS, 60_000, Duration::ZERO, Duration::ZERO));
    }
}
