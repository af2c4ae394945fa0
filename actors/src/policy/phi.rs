//! How unlikely a node's silence is, by when its heartbeats used to come.
//!
//! The φ accrual failure detector (Hayashibara, Défago, Yared, Katayama, 2004): φ is -log10 of the probability that a
//! heartbeat comes later than now, with the intervals so far taken as normally distributed.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A silence that one of 100 million would exceed is suspicious.
pub const THRESHOLD: f64 = 8.0;

/// Intervals that are remembered.
const WINDOW: usize = 100;

/// Deviation is never taken to be less than this share of the mean: heartbeats that have come like clockwork so far may
/// meet a busy moment, and φ would pass the threshold within milliseconds.
const LEAST_DEVIATION: f64 = 0.25;

/// When heartbeats came.
#[derive(Debug)]
pub struct Arrivals {
    last: Instant,
    /// In seconds.
    intervals: VecDeque<f32>,
    sum: f64,
    squares: f64,
}

impl Arrivals {
    /// The first was heard now; others are `expected` to follow at about this interval.
    pub fn new(expected: Duration, now: Instant) -> Self {
        let mut arrivals = Arrivals { last: now, intervals: VecDeque::new(), sum: 0.0, squares: 0.0 };
        arrivals.add(expected);
        arrivals
    }

    /// Another one. After a silence that was suspicious it only ends that: what was wrong is not what is usual.
    pub fn heard(&mut self, now: Instant) {
        if !self.are_overdue(now) {
            self.add(self.silence(now));
        }
        self.last = now;
    }

    /// Since the last one.
    pub fn silence(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.last)
    }

    /// None could be heard for `gap`, which says nothing about who sends them.
    pub fn extend(&mut self, gap: Duration) {
        self.last += gap;
    }

    /// The silence since the last one is suspicious.
    pub fn are_overdue(&self, now: Instant) -> bool {
        self.phi(now) >= THRESHOLD
    }

    /// φ of the silence so far.
    pub fn phi(&self, now: Instant) -> f64 {
        let silence = self.silence(now).as_secs_f64();
        let count = self.intervals.len() as f64;
        let mean = self.sum / count;
        let deviation = (self.squares / count - mean * mean).max(0.0).sqrt().max(mean * LEAST_DEVIATION);
        -log10_of_exceeding((silence - mean) / deviation.max(f64::MIN_POSITIVE))
    }

    fn add(&mut self, interval: Duration) {
        if self.intervals.len() == WINDOW {
            self.intervals.pop_front();
        }
        self.intervals.push_back(interval.as_secs_f32());
        // A hundred additions cost less than to worry about what rounding leaves behind over the years.
        let seconds = || self.intervals.iter().map(|interval| f64::from(*interval));
        self.sum = seconds().sum();
        self.squares = seconds().map(|interval| interval * interval).sum();
    }
}

/// log10 of the probability that a standard normal variable exceeds `y`, by the logistic approximation that is exact to
/// 0.02 % of probability and has no underflow.
fn log10_of_exceeding(y: f64) -> f64 {
    let x = y * (1.5976 + 0.070_566 * y * y);
    // 1 / (1 + e^x)
    let ln = if x > 30.0 { -x } else { -x.exp().ln_1p() };
    ln / std::f64::consts::LN_10
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BEAT: Duration = Duration::from_millis(800);

    fn silent_after(arrivals: &Arrivals, from: Instant) -> Duration {
        let millis = (0..10_000).find(|millis| arrivals.are_overdue(from + Duration::from_millis(*millis)));
        Duration::from_millis(millis.expect("at some time"))
    }

    #[test]
    fn the_probability_is_that_of_the_normal_distribution() {
        for (y, expected) in [(0.0, 0.5), (1.0, 0.1587), (2.0, 0.0228), (-2.0, 0.9772)] {
            let probability = 10f64.powf(log10_of_exceeding(y));
            assert!((probability - expected).abs() < 3e-4, "{y}: {probability}");
        }
        // Monotonous and finite as far as anybody waits.
        assert!(log10_of_exceeding(5.0) < -6.0 && log10_of_exceeding(1e6).is_finite());
    }

    #[test]
    fn silence_is_suspicious_before_a_lease_of_three_beats_ends() {
        let start = Instant::now();
        let mut arrivals = Arrivals::new(BEAT, start);
        let first = silent_after(&arrivals, start);
        assert!((BEAT * 2..BEAT * 5 / 2).contains(&first), "{first:?}");
        let mut now = start;
        for _ in 0..1000 {
            now += BEAT;
            assert!(!arrivals.are_overdue(now));
            arrivals.heard(now);
        }
        assert_eq!(arrivals.intervals.len(), WINDOW);
        let steady = silent_after(&arrivals, now);
        assert!((BEAT * 2..BEAT * 5 / 2).contains(&steady), "{steady:?}");
    }

    #[test]
    fn an_outage_is_not_learnt() {
        let start = Instant::now();
        let mut arrivals = Arrivals::new(BEAT, start);
        arrivals.heard(start + BEAT * 100);
        assert!(!arrivals.are_overdue(start + BEAT * 101));
        assert!(silent_after(&arrivals, start + BEAT * 100) < BEAT * 3);
    }

    #[test]
    fn the_window_forgets() {
        let mut now = Instant::now();
        let mut arrivals = Arrivals::new(BEAT, now);
        for interval in [BEAT; 100].into_iter().chain([BEAT / 4; 100]) {
            now += interval;
            arrivals.heard(now);
        }
        assert!(silent_after(&arrivals, now) < BEAT);
        arrivals.extend(BEAT);
        assert!(!arrivals.are_overdue(now + BEAT));
    }

    proptest! {
        #[test]
        fn heartbeats_that_jitter_by_half_are_never_suspicious(jitter in prop::collection::vec(0.5f64..1.5, 1..300)) {
            let mut now = Instant::now();
            let mut arrivals = Arrivals::new(BEAT, now);
            for factor in jitter {
                now += BEAT.mul_f64(factor);
                prop_assert!(!arrivals.are_overdue(now), "{}", arrivals.phi(now));
                arrivals.heard(now);
            }
        }

        #[test]
        fn suspicion_only_grows(intervals in prop::collection::vec(1u64..3000, 1..120), a in 0u64..10_000, b in 0u64..10_000) {
            let mut now = Instant::now();
            let mut arrivals = Arrivals::new(BEAT, now);
            for millis in intervals {
                now += Duration::from_millis(millis);
                arrivals.heard(now);
            }
            let phi = |millis| arrivals.phi(now + Duration::from_millis(millis));
            prop_assert!(phi(a.min(b)) <= phi(a.max(b)));
        }
    }
}
