//! How the calls of a node have ended since somebody last looked, counted by all threads.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// Latencies are added up as logarithms, in sixteenths of an octave: what few calls that take long by nature would do to
/// a sum of times, they can't do to this one.
const STEPS: u32 = 16;

const COUNT_SHIFT: u32 = 40;

/// One word for what is counted at every call, and one for what should be rare.
#[derive(Debug, Default)]
pub struct Tally {
    /// Calls that worked, above `COUNT_SHIFT`, and the sum of their logarithms: both by one addition.
    worked: AtomicU64,
    failed: AtomicU32,
}

/// What a tally came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Calls that the node did its part in.
    pub worked: u64,
    /// Calls that it failed.
    pub failed: u64,
    /// Sum of the logarithms of the latencies of those that worked.
    logs: u64,
}

impl Tally {
    /// A call worked, and took `latency`.
    pub fn worked(&self, latency: Duration) {
        self.worked.fetch_add((1 << COUNT_SHIFT) + u64::from(log(latency)), Ordering::Relaxed);
    }

    /// A call failed.
    pub fn failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// What has come since the last `take`, of which 16 million calls are counted.
    pub fn take(&self) -> Figures {
        let worked = self.worked.swap(0, Ordering::Relaxed);
        let failed = self.failed.swap(0, Ordering::Relaxed).into();
        Figures { worked: worked >> COUNT_SHIFT, failed, logs: worked & ((1 << COUNT_SHIFT) - 1) }
    }
}

impl Figures {
    /// Calls that say something about the node.
    pub fn calls(&self) -> u64 {
        self.worked + self.failed
    }

    /// The share of them that failed, 0 to 1.
    pub fn failure_rate(&self) -> f64 {
        self.failed as f64 / self.calls().max(1) as f64
    }

    /// The typical latency of a call that worked: the geometric mean.
    pub fn latency(&self) -> Duration {
        let octaves = self.logs as f64 / (self.worked.max(1) * u64::from(STEPS)) as f64;
        Duration::from_secs_f64((1.0 + octaves.fract()) * octaves.floor().exp2() / 1e6)
    }
}

impl std::ops::Add for Figures {
    type Output = Figures;

    fn add(self, other: Figures) -> Figures {
        Figures { worked: self.worked + other.worked, failed: self.failed + other.failed, logs: self.logs + other.logs }
    }
}

impl std::ops::Sub for Figures {
    type Output = Figures;

    /// `other` must be a part of it.
    fn sub(self, other: Figures) -> Figures {
        Figures { worked: self.worked - other.worked, failed: self.failed - other.failed, logs: self.logs - other.logs }
    }
}

impl std::iter::Sum for Figures {
    fn sum<I: Iterator<Item = Figures>>(figures: I) -> Figures {
        figures.fold(Figures::default(), std::ops::Add::add)
    }
}

/// Of the microseconds, to the base of 2, by straight lines between the powers.
fn log(latency: Duration) -> u32 {
    let us = latency.as_secs().saturating_mul(1_000_000) + u64::from(latency.subsec_micros());
    let us = u32::try_from(us).unwrap_or(u32::MAX).max(1);
    let octave = us.ilog2();
    let within = (u64::from(us) * u64::from(STEPS)) >> octave;
    octave * STEPS + u32::try_from(within).unwrap_or(STEPS) - STEPS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_call_is_counted_once() {
        let tally = Tally::default();
        (0..30).for_each(|_| tally.worked(Duration::from_millis(4)));
        (0..10).for_each(|_| tally.failed());
        let figures = tally.take();
        assert_eq!((figures.worked, figures.failed, figures.calls()), (30, 10, 40));
        assert_eq!(figures.failure_rate(), 0.25);
        assert!((3900..4100).contains(&figures.latency().as_micros()), "{:?}", figures.latency());
        assert_eq!(tally.take(), Figures::default());
        assert_eq!(Figures::default().failure_rate(), 0.0);
    }

    #[test]
    fn one_long_call_among_many_makes_a_node_no_slower() {
        let tally = Tally::default();
        (0..99).for_each(|_| tally.worked(Duration::from_millis(1)));
        tally.worked(Duration::from_secs(60 * 60));
        let latency = tally.take().latency();
        assert!(latency < Duration::from_micros(1300), "{latency:?}");
    }

    proptest! {
        #[test]
        fn a_logarithm_tells_the_latency(us in 1u64..u64::from(u32::MAX)) {
            let latency = Duration::from_micros(us);
            let told = Figures { worked: 1, failed: 0, logs: log(latency).into() }.latency();
            prop_assert!(told <= latency + Duration::from_nanos(10) && told >= latency.mul_f64(0.93), "{:?}", told);
        }

        #[test]
        fn sums_and_parts_agree(latencies in prop::collection::vec(0u64..10_000_000, 1..50), at in 0usize..50) {
            let tally = Tally::default();
            let take = |latencies: &[u64]| {
                latencies.iter().for_each(|us| tally.worked(Duration::from_micros(*us)));
                tally.take()
            };
            let (one, two) = latencies.split_at(at.min(latencies.len()));
            let (one, two) = (take(one), take(two));
            prop_assert_eq!([one, two].into_iter().sum::<Figures>(), take(&latencies));
            prop_assert_eq!(one + two - one, two);
        }
    }
}
