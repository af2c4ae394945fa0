//! Figures of a stretch of time.

use std::fmt;
use std::time::{Duration, Instant};

use super::{Metrics, Outcomes, Traffic};

/// Hands out what happened since it was last asked.
pub struct IntervalReader {
    metrics: Metrics,
    seen: Traffic,
    pub(super) since: Instant,
}

impl IntervalReader {
    pub(super) fn new(metrics: Metrics) -> Self {
        IntervalReader { seen: metrics.all(), metrics, since: Instant::now() }
    }

    /// Ends the interval and begins the next one at `now`.
    pub fn take(&mut self, now: Instant) -> IntervalFigures {
        let all = self.metrics.all();
        let fresh = all.latencies.since(&self.seen.latencies);
        let outcomes = all.outcomes.since(&self.seen.outcomes);
        self.seen = all;
        let elapsed = now.saturating_duration_since(self.since);
        self.since = now;
        let percentile = |share| (fresh.calls() > 0).then(|| Duration::from_micros(fresh.per_mille_us(share)));
        IntervalFigures { outcomes, elapsed, p50: percentile(500), p99: percentile(990) }
    }
}

impl fmt::Debug for IntervalReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntervalReader").field("since", &self.since).finish_non_exhaustive()
    }
}

/// What happened in one interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntervalFigures {
    /// Calls answered, and how.
    pub outcomes: Outcomes,
    /// The interval's length.
    pub elapsed: Duration,
    /// Median latency, exact to 1 %; `None` when there was no call.
    pub p50: Option<Duration>,
    /// 99th percentile, likewise.
    pub p99: Option<Duration>,
}

impl IntervalFigures {
    /// Calls per second.
    pub fn rate(&self) -> f64 {
        per_second(self.outcomes.calls(), self.elapsed)
    }
}

/// So many within that time; 0 where no time has passed.
pub(super) fn per_second(calls: u64, elapsed: Duration) -> f64 {
    let seconds = elapsed.as_secs_f64();
    if seconds > 0.0 {
        calls as f64 / seconds
    } else {
        0.0
    }
}
