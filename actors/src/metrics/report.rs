//! Figures as a node reports them to its orchestrators, small enough to go with every heartbeat.

use std::collections::BTreeMap;

use super::{Metrics, Outcomes, Traffic};
use crate::protocol::report::{MAX_BUCKETS, MAX_METHODS, MAX_NAME};
use crate::protocol::{CallReport, Report};

/// The label of the methods that a report does not name.
const OTHERS: &str = "(other)";

/// Buckets for all methods together; the rest is shared among the methods. A latency that varies by a factor of ten takes
/// about 430, so that the figures of a few methods stay exact to 1 %, and those of many become coarser.
const BUCKETS_OF_ALL: usize = 512;

impl Metrics {
    /// What is known here goes into the report; the rest of it is the caller's to fill in.
    pub fn report(&self) -> Report {
        let methods = named(self.by_method());
        let buckets = (MAX_BUCKETS - BUCKETS_OF_ALL) / methods.len().max(1);
        // Not what was counted for all together: calls that end meanwhile must not make the parts differ from the whole.
        let mut all = Traffic::default();
        methods.values().for_each(|traffic| all.add(traffic));
        Report {
            uptime_ms: u64::try_from(self.uptime().as_millis()).unwrap_or(u64::MAX),
            all: all.report(BUCKETS_OF_ALL),
            methods: methods.into_iter().map(|(name, traffic)| (name, traffic.report(buckets))).collect(),
            ..Report::default()
        }
    }
}

/// The methods with the most calls; the others are taken together.
fn named(methods: BTreeMap<std::sync::Arc<str>, Traffic>) -> BTreeMap<String, Traffic> {
    let mut by_calls: Vec<_> = methods.into_iter().collect();
    by_calls.sort_by_key(|(_, traffic)| std::cmp::Reverse(traffic.outcomes.calls()));
    let mut named: BTreeMap<String, Traffic> = BTreeMap::new();
    for (place, (name, traffic)) in by_calls.into_iter().enumerate() {
        let label = if place < MAX_METHODS && name.len() <= MAX_NAME { name.to_string() } else { OTHERS.to_owned() };
        named.entry(label).or_default().add(&traffic);
    }
    named
}

impl Traffic {
    fn report(&self, buckets: usize) -> CallReport {
        CallReport {
            results: self.outcomes.results(),
            error_codes: self.outcomes.error_codes(),
            sum_us: u64::try_from(self.latencies.sum().as_micros()).unwrap_or(u64::MAX),
            max_us: self.latencies.max_us(),
            latencies: self.latencies.compact(buckets),
        }
    }

    /// What a node has reported.
    pub fn reported(report: &CallReport) -> Traffic {
        let mut traffic = Traffic::default();
        traffic.add_report(report);
        traffic
    }

    /// Adds what a node has reported.
    pub fn add_report(&mut self, report: &CallReport) {
        self.outcomes.add(&Outcomes::told(report.results, &report.error_codes));
        self.latencies.add_compact(&report.latencies, report.sum_us, report.max_us);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::protocol::Code;

    #[test]
    fn a_report_of_few_methods_tells_everything() {
        let metrics = Metrics::new();
        let recorder = metrics.recorder();
        for n in 1..=1_000_u64 {
            recorder.record(Some("a"), (n % 10 == 0).then_some(Code::SCRIPT), Duration::from_micros(n));
            recorder.record(Some("b"), None, Duration::from_micros(n * 7));
        }
        let report = metrics.report();
        assert!(report.is_within_bounds());
        for (name, traffic) in metrics.by_method() {
            assert_eq!(Traffic::reported(&report.methods[&*name]), traffic, "{name}");
        }
        let all = Traffic::reported(&report.all);
        assert_eq!((all.outcomes.calls(), all.outcomes.errors()), (2_000, 100));
    }

    #[test]
    fn a_report_of_many_methods_is_bounded_and_loses_no_call() {
        let metrics = Metrics::new();
        let recorder = metrics.recorder();
        let long_name = "n".repeat(MAX_NAME + 1);
        for number in 0..300_u64 {
            for n in 0..200 {
                recorder.record(Some(&format!("m{number}")), None, Duration::from_micros(n * n * (number + 1)));
            }
        }
        (0..1_000).for_each(|_| recorder.record(Some(&long_name), None, Duration::ZERO));
        let report = metrics.report();
        assert!(report.is_within_bounds());
        assert_eq!(report.methods.len(), MAX_METHODS);
        let sum: u64 = report.methods.values().map(|calls| Traffic::reported(calls).latencies.calls()).sum();
        assert_eq!((sum, report.all.results), (61_000, 61_000));
        let text = serde_json::to_string(&report).expect("JSON");
        assert!(text.len() < 64 * 1024, "{} bytes", text.len());
    }
}
