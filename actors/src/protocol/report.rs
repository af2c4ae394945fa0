//! What a node reports of its work with each heartbeat, so that its orchestrator can show the whole cluster.
//!
//! Counts are those since the node's engine started: a report that is lost does no harm, and the last one is the whole.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Methods that a report names; all others are together one more.
pub const MAX_METHODS: usize = 64;

/// Codes that one count of errors tells apart.
const MAX_CODES: usize = 32;

/// Buckets of latencies in a whole report.
pub const MAX_BUCKETS: usize = 2_048;

/// Longest name of a method in a report, in bytes; a method whose name is longer is among the others.
pub const MAX_NAME: usize = 256;

/// A report. What is missing in it is 0: what an older or a newer release does not say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// Since the engine started.
    pub uptime_ms: u64,
    /// Memory of the engine that is in RAM.
    pub rss_bytes: u64,
    /// Executors that have work.
    pub executors_busy: u64,
    /// All that take calls.
    pub executors_all: u64,
    /// The calls of all methods.
    pub all: CallReport,
    /// By method.
    pub methods: BTreeMap<String, CallReport>,
}

/// Calls, and how long they took.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallReport {
    /// Calls that gave a result.
    pub results: u64,
    /// Errors by code.
    pub error_codes: BTreeMap<String, u64>,
    /// Sum of the latencies.
    pub sum_us: u64,
    /// The longest.
    pub max_us: u64,
    /// Numbers of buckets of the histogram, and what they have counted.
    pub latencies: Vec<(u16, u64)>,
}

impl Report {
    /// Whether it is as large as a report may be at most; who sends more is no node of ours.
    pub fn is_within_bounds(&self) -> bool {
        let all = || self.methods.values().chain([&self.all]);
        let short = |text: &String| text.len() <= MAX_NAME;
        self.methods.len() <= MAX_METHODS + 1
            && self.methods.keys().all(short)
            && all().map(|calls| calls.latencies.len()).sum::<usize>() <= MAX_BUCKETS
            && all().all(|calls| calls.error_codes.len() <= MAX_CODES && calls.error_codes.keys().all(short))
    }

    /// What it takes to know how many calls there were and how long they took, but not of which method how long.
    pub fn outline(&self) -> Report {
        let methods = self.methods.iter().map(|(name, calls)| {
            let outline = CallReport { latencies: Vec::new(), ..calls.clone() };
            (name.clone(), outline)
        });
        Report { methods: methods.collect(), all: self.all.clone(), ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_bounds() {
        let mut report = Report::default();
        for number in 0..=MAX_METHODS {
            report.methods.insert(format!("m{number}"), CallReport::default());
        }
        report.all.latencies = vec![(1, 1); MAX_BUCKETS];
        assert!(report.is_within_bounds());
        let mut one_bucket_more = report.clone();
        one_bucket_more.methods.insert("m0".into(), CallReport { latencies: vec![(1, 1)], ..CallReport::default() });
        let mut one_method_more = report.clone();
        one_method_more.methods.insert("x".into(), CallReport::default());
        let mut codes = report.clone();
        codes.all.error_codes = (0..=MAX_CODES).map(|code| (code.to_string(), 1)).collect();
        let mut long_name = Report::default();
        long_name.methods.insert("n".repeat(MAX_NAME + 1), CallReport::default());
        for report in [one_bucket_more, one_method_more, codes, long_name] {
            assert!(!report.is_within_bounds());
        }
    }

    #[test]
    fn what_is_missing_is_nothing_and_what_is_new_is_passed_over() {
        let report: Report = serde_json::from_str(r#"{"all":{"results":2},"news":[]}"#).expect("a report");
        assert_eq!((report.all.results, report.rss_bytes), (2, 0));
        assert_eq!(report.outline(), report);
    }
}
