//! Rates of a node that stands alone: it tells sums, and two looks make a rate. An orchestrator tells rates itself.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::answers::Metrics;

/// Rates are those of so long a time, or of that since the first look.
const SPAN: Duration = Duration::from_secs(5);

/// Looks that are kept; with closer ones the time is shorter.
const MAX_LOOKS: usize = 64;

/// What two looks tell.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Rates {
    pub(super) calls_per_s: Option<f64>,
    pub(super) errors_per_s: Option<f64>,
    /// Share of the processors, 0 to 1.
    pub(super) cpu: Option<f64>,
    /// Calls and errors per second.
    pub(super) methods: BTreeMap<String, (f64, f64)>,
}

#[derive(Debug)]
struct Look {
    at: Instant,
    calls: u64,
    errors: u64,
    cpu_s: f64,
    methods: BTreeMap<String, (u64, u64)>,
}

/// The looks of the last seconds.
#[derive(Debug, Default)]
pub(super) struct Window(VecDeque<Look>);

impl Window {
    /// Another process answers: what was counted before is of no use.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn add(&mut self, at: Instant, metrics: &Metrics) -> Rates {
        // The first one kept is the youngest that is old enough.
        while self.0.len() >= MAX_LOOKS || self.0.get(1).is_some_and(|look| at.duration_since(look.at) >= SPAN) {
            self.0.pop_front();
        }
        let of_method = |(name, method): (&String, &super::answers::Method)| {
            (name.clone(), (method.call_count, method.failure_count))
        };
        let now = Look {
            at,
            calls: metrics.total_requests,
            errors: metrics.failed_requests,
            cpu_s: metrics.process.cpu_s,
            methods: metrics.methods.iter().map(of_method).collect(),
        };
        let rates = self.0.front().map(|first| now.since(first, metrics.process.cpus)).unwrap_or_default();
        self.0.push_back(now);
        rates
    }
}

impl Look {
    fn since(&self, first: &Look, cpus: u32) -> Rates {
        let seconds = self.at.saturating_duration_since(first.at).as_secs_f64();
        if seconds <= 0.0 {
            return Rates::default();
        }
        let rate = |now: u64, before: u64| now.saturating_sub(before) as f64 / seconds;
        let of_method = |(name, now): (&String, &(u64, u64))| {
            let before = first.methods.get(name).copied().unwrap_or_default();
            (name.clone(), (rate(now.0, before.0), rate(now.1, before.1)))
        };
        let cpu = (self.cpu_s - first.cpu_s) / (seconds * f64::from(cpus.max(1)));
        Rates {
            calls_per_s: Some(rate(self.calls, first.calls)),
            errors_per_s: Some(rate(self.errors, first.errors)),
            cpu: Some(cpu.clamp(0.0, 1.0)),
            methods: self.methods.iter().map(of_method).collect(),
        }
    }
}
