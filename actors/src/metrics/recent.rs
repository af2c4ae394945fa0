//! What has happened lately, for whoever looks now and then: the figures since one of the last looks.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::interval::per_second;
use super::Traffic;

/// How far back a figure reaches at most.
const LONGEST: Duration = Duration::from_secs(10);

/// Between two looks that are remembered; so there are few of them.
const APART: Duration = Duration::from_secs(2);

/// What the last looks saw. All who look share them.
#[derive(Debug, Default)]
pub(super) struct Looks(VecDeque<(Instant, Traffic)>);

/// The time since a look that is up to ten seconds old.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RecentFigures {
    /// How long that is, in milliseconds.
    pub over_ms: u64,
    /// Calls answered per second.
    pub calls_per_s: f64,
    /// Errors per second.
    pub errors_per_s: f64,
    /// Latencies, in microseconds; `None` when there was no call.
    pub p50_latency_us: Option<u64>,
    /// See `p50_latency_us`.
    pub p95_latency_us: Option<u64>,
    /// See `p50_latency_us`.
    pub p99_latency_us: Option<u64>,
}

impl RecentFigures {
    /// What has happened since `earlier`, which was `over` ago.
    pub(super) fn between(earlier: &Traffic, all: &Traffic, over: Duration) -> Self {
        let outcomes = all.outcomes.since(&earlier.outcomes);
        let latencies = all.latencies.since(&earlier.latencies);
        let percentile = |share| (latencies.calls() > 0).then(|| latencies.per_mille_us(share));
        RecentFigures {
            over_ms: u64::try_from(over.as_millis()).unwrap_or(u64::MAX),
            calls_per_s: per_second(outcomes.calls(), over),
            errors_per_s: per_second(outcomes.errors(), over),
            p50_latency_us: percentile(500),
            p95_latency_us: percentile(950),
            p99_latency_us: percentile(990),
        }
    }
}

impl Looks {
    /// Looks at what there is `now`. `None` where nobody has looked for a while.
    pub(super) fn take(&mut self, now: Instant, all: Traffic) -> Option<RecentFigures> {
        while self.0.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) > LONGEST) {
            self.0.pop_front();
        }
        let earlier = self.0.front().filter(|(at, _)| *at < now);
        let figures = earlier.map(|(at, earlier)| RecentFigures::between(earlier, &all, now - *at));
        if self.0.back().is_none_or(|(at, _)| now.saturating_duration_since(*at) >= APART) {
            self.0.push_back((now, all));
        }
        figures
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Code;

    #[test]
    fn figures_are_of_the_last_ten_seconds() {
        let (mut looks, mut all, start) = (Looks::default(), Traffic::default(), Instant::now());
        let mut calls = |count: u32, took_ms: u64, error| {
            for _ in 0..count {
                all.outcomes.record(error);
                all.latencies.record(Duration::from_millis(took_ms));
            }
            all.clone()
        };
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(looks.take(at(0), calls(1_000, 900, None)), None, "the first look");
        let all = calls(10, 1, None);
        assert_eq!(looks.take(at(0), all.clone()), None, "no time has passed");
        let figures = looks.take(at(4), calls(10, 1, Some(Code::SCRIPT))).expect("a look before");
        assert_eq!((figures.over_ms, figures.calls_per_s, figures.errors_per_s), (4_000, 5.0, 2.5));
        assert!(figures.p99_latency_us.is_some_and(|us| (1_000..=1_010).contains(&us)), "{figures:?}");
        for second in 5..100 {
            let figures = looks.take(at(second), calls(2, 3, None)).expect("a look before");
            assert!(figures.over_ms <= 10_000 && looks.0.len() <= 6, "{figures:?}");
        }
        let idle = looks.take(at(100), calls(0, 0, None)).expect("a look before");
        assert!((1.7..2.1).contains(&idle.calls_per_s), "{idle:?}");
        assert_eq!(looks.take(at(200), calls(5, 1, None)), None, "nobody has looked for a while");
        let idle = looks.take(at(205), calls(0, 0, None)).expect("a look before");
        assert_eq!((idle.calls_per_s, idle.p50_latency_us), (0.0, None));
    }
}
