//! How long a node takes to answer, as all threads see it: a moving average that jumps to every peak.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A sample has lost most of its weight after this long.
const DECAY: Duration = Duration::from_secs(10);

/// Peak-EWMA, as Finagle's balancer has it: an answer slower than the average takes its place at once, faster ones pull
/// it down slowly, and so does time alone, so that a node which was slow once is tried again.
///
/// One word that is read and written without a lock. A sample that is lost to a race is one of many.
#[derive(Debug)]
pub struct Latency {
    epoch: Instant,
    /// Microseconds as the bits of an `f32`, then the millisecond since `epoch` at which they were right. 0 is no sample.
    packed: AtomicU64,
}

impl Latency {
    /// Nothing known yet. `epoch` must not lie after any time that comes later.
    pub fn new(epoch: Instant) -> Self {
        Latency { epoch, packed: AtomicU64::new(0) }
    }

    /// The average at `now`, in microseconds; `None` before the first answer.
    pub fn at(&self, now: Instant) -> Option<f32> {
        let (us, at) = unpack(self.packed.load(Ordering::Relaxed))?;
        Some(us * weight_left(millis_between(at, self.stamp(now))))
    }

    /// An answer took `latency`.
    pub fn observe(&self, latency: Duration, now: Instant) {
        let sample = micros(latency);
        self.update(now, |average| match average {
            Some((us, elapsed)) if sample <= us * weight_left(elapsed) => {
                // Within the same millisecond it would count for nothing: not worth a write to memory that is shared.
                (elapsed > 0).then(|| sample + (us - sample) * weight_left(elapsed))
            }
            _ => Some(sample),
        });
    }

    /// There was no answer after `latency`, or none that counts: what failed quickly is not quick. Says nothing where
    /// nothing is known yet.
    pub fn at_least(&self, latency: Duration, now: Instant) {
        let sample = micros(latency);
        self.update(now, |average| {
            let (us, elapsed) = average?;
            (sample > us * weight_left(elapsed)).then_some(sample)
        });
    }

    /// Another process answers from now on.
    pub fn forget(&self) {
        self.packed.store(0, Ordering::Relaxed);
    }

    /// `next` is handed the last average, and how many milliseconds ago it was right.
    fn update(&self, now: Instant, next: impl Fn(Option<(f32, u32)>) -> Option<f32>) {
        let (before, stamp) = (self.packed.load(Ordering::Relaxed), self.stamp(now));
        let average = unpack(before).map(|(us, at)| (us, millis_between(at, stamp)));
        if let Some(us) = next(average) {
            let after = u64::from(us.max(f32::MIN_POSITIVE).to_bits()) << 32 | u64::from(stamp);
            let _ = self.packed.compare_exchange(before, after, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// Goes round every 50 days.
    fn stamp(&self, now: Instant) -> u32 {
        let elapsed = now.saturating_duration_since(self.epoch);
        low_half(elapsed.as_secs() * 1000 + u64::from(elapsed.subsec_millis()))
    }
}

fn unpack(packed: u64) -> Option<(f32, u32)> {
    let (us, at) = (low_half(packed >> 32), low_half(packed));
    (packed != 0).then(|| (f32::from_bits(us), at))
}

#[allow(clippy::cast_possible_truncation, reason = "the lower half is what is asked for")]
fn low_half(word: u64) -> u32 {
    word as u32
}

/// Threads read the clock before they meet here: what looks like the future has just happened.
fn millis_between(earlier: u32, later: u32) -> u32 {
    let elapsed = later.wrapping_sub(earlier);
    if elapsed > u32::MAX / 2 {
        0
    } else {
        elapsed
    }
}

fn weight_left(elapsed_ms: u32) -> f32 {
    match elapsed_ms {
        0 => 1.0,
        ms => (-(ms as f32) / (DECAY.as_millis() as f32)).exp(),
    }
}

fn micros(latency: Duration) -> f32 {
    (latency.as_secs_f32() * 1e6).max(1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn millis(latency: &Latency, now: Instant) -> f32 {
        latency.at(now).expect("there are samples") / 1e3
    }

    #[test]
    fn peaks_count_at_once_and_fade() {
        let start = Instant::now();
        let latency = Latency::new(start);
        assert_eq!(latency.at(start), None);
        latency.observe(10 * MS, start);
        latency.observe(1000 * MS, start + MS);
        assert_eq!(millis(&latency, start + MS), 1000.0);
        let later = start + MS + DECAY;
        let faded = millis(&latency, later);
        assert!((360.0..375.0).contains(&faded), "{faded}");
        for step in 0..60_000u32 {
            latency.observe(10 * MS, later + step * MS);
        }
        let settled = millis(&latency, later + 60_000 * MS);
        assert!((9.5..12.0).contains(&settled), "{settled}");
    }

    #[test]
    fn what_failed_quickly_is_not_quick() {
        let start = Instant::now();
        let latency = Latency::new(start);
        latency.at_least(MS, start);
        assert_eq!(latency.at(start), None, "whoever only fails is not known to be quick");
        latency.observe(10 * MS, start);
        (1..1000).for_each(|step| latency.at_least(Duration::ZERO, start + step * MS / 1000));
        assert!(millis(&latency, start + MS) > 9.9);
        latency.at_least(500 * MS, start + MS);
        assert_eq!(millis(&latency, start + MS), 500.0);
        latency.forget();
        assert_eq!(latency.at(start), None);
    }

    #[test]
    fn a_clock_that_lags_and_one_that_goes_round_do_no_harm() {
        let start = Instant::now();
        let latency = Latency::new(start);
        latency.observe(10 * MS, start + 100 * MS);
        latency.observe(5 * MS, start + 90 * MS);
        assert_eq!(millis(&latency, start + 50 * MS), 10.0);
        let (latency, round) = (Latency::new(start), Duration::from_millis(1 << 32));
        latency.observe(10 * MS, start + round - MS);
        let after = millis(&latency, start + round + 99 * MS);
        assert!((9.8..10.0).contains(&after), "{after}");
    }

    proptest! {
        #[test]
        fn it_stays_between_nothing_and_the_worst(samples in prop::collection::vec((0u32..10_000, 0u32..60_000), 1..50)) {
            let start = Instant::now();
            let latency = Latency::new(start);
            let (mut now, mut worst) = (start, Duration::ZERO);
            for (us, wait) in samples {
                let sample = Duration::from_micros(us.into());
                now += wait * MS;
                worst = worst.max(sample);
                latency.observe(sample, now);
                let average = latency.at(now).expect("a sample");
                prop_assert!(average > 0.0 && average <= micros(worst) * 1.0001);
                // Never below a sample that has just come.
                prop_assert!(average >= micros(sample) * 0.999);
            }
        }
    }
}
