//! Counts and latencies of the calls that a process answers.
//!
//! Each recording thread has a shard of its own, so that recording takes a lock that nobody else wants; readers merge
//! the shards. Labels are bounded: past [`MAX_METHODS`] names, and for names that no node registered, calls are counted
//! under [`UNKNOWN`].

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::Serialize;

#[cfg(test)]
mod tests;

/// Names that get figures of their own.
pub const MAX_METHODS: usize = 1_000;

/// The label of every other name.
pub const UNKNOWN: &str = "(unknown)";

/// Percentiles count no call as longer than this (1 h, in microseconds), which bounds a histogram to 27 kB.
const LONGEST_US: u64 = 3_600_000_000;

/// Threads that ask for a recorder beyond these share the shards of the earlier ones.
const MAX_SHARDS: usize = 64;

/// The figures of one process. Clones share them.
#[derive(Clone)]
pub struct Metrics {
    shared: Arc<Shared>,
}

struct Shared {
    started: Instant,
    connections: AtomicUsize,
    shards: Mutex<Shards>,
    /// Every label in use. Never locked by a thread that already waits for a shard in order to read it.
    labels: Mutex<BTreeSet<Arc<str>>>,
}

#[derive(Default)]
struct Shards {
    all: Vec<Arc<Mutex<Shard>>>,
    asked: usize,
}

struct Shard {
    methods: HashMap<Arc<str>, MethodStats>,
    /// Latencies of every method, for the figures of an interval.
    all: Histogram<u64>,
    failed: u64,
}

struct MethodStats {
    success: u64,
    failure: u64,
    sum_ns: u64,
    max_us: u64,
    latencies: Histogram<u64>,
}

/// Microseconds with 2 significant figures: a percentile is at most 1 % above the true one. It grows with the longest
/// latency seen: 2 kB for microseconds, 14 kB for seconds.
fn histogram() -> Histogram<u64> {
    Histogram::new(2).expect("2 significant figures are within what the crate allows")
}

/// A figure is never half written by a panic that matters more than the figure itself.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn micros(latency: Duration) -> u64 {
    u64::try_from(latency.as_micros()).unwrap_or(u64::MAX)
}

fn count(histogram: &mut Histogram<u64>, us: u64) {
    histogram.record(us).expect("a resizing histogram takes every value up to an hour");
}

/// Adding can't fail: the target grows.
fn merge(into: &mut Histogram<u64>, from: &Histogram<u64>) {
    into.add(from).expect("a resizing histogram of the same precision takes any other");
}

impl Default for Metrics {
    fn default() -> Self {
        Metrics::new()
    }
}

impl Metrics {
    /// Starts counting, and the uptime.
    pub fn new() -> Self {
        Metrics {
            shared: Arc::new(Shared {
                started: Instant::now(),
                connections: AtomicUsize::new(0),
                shards: Mutex::default(),
                labels: Mutex::default(),
            }),
        }
    }

    /// A recorder for the calling thread. Clones of it share its shard.
    pub fn recorder(&self) -> Recorder {
        let mut shards = lock(&self.shared.shards);
        let next = shards.asked % MAX_SHARDS;
        shards.asked += 1;
        if next == shards.all.len() {
            shards.all.push(Arc::new(Mutex::new(Shard { methods: HashMap::new(), all: histogram(), failed: 0 })));
        }
        Recorder { shared: self.shared.clone(), shard: shards.all[next].clone() }
    }

    /// Counts one open connection for as long as the guard lives.
    pub fn connection(&self) -> ConnectionGuard {
        self.shared.connections.fetch_add(1, Ordering::Relaxed);
        ConnectionGuard { shared: self.shared.clone() }
    }

    /// Calls and errors since the start. Cheap: touches one counter per shard.
    pub fn totals(&self) -> Totals {
        self.shards().iter().fold(Totals::default(), |totals, shard| {
            let shard = lock(shard);
            Totals { calls: totals.calls + shard.all.len(), errors: totals.errors + shard.failed }
        })
    }

    /// Figures of what happens from now on, an interval at a time. Readers don't disturb each other.
    pub fn interval(&self) -> IntervalReader {
        IntervalReader { metrics: self.clone(), seen: self.all_latencies(), since: Instant::now() }
    }

    /// Everything so far. Locks a shard for the time of merging one method, a few microseconds.
    pub fn snapshot(&self) -> MetricsSnapshot {
        let labels: Vec<Arc<str>> = lock(&self.shared.labels).iter().cloned().collect();
        let shards = self.shards();
        let methods: BTreeMap<String, MethodFigures> = labels
            .iter()
            .map(|label| (label.to_string(), figures(&shards, label)))
            .filter(|(_, figures)| figures.call_count > 0)
            .collect();
        let successful_requests = methods.values().map(|method| method.success_count).sum();
        let failed_requests = methods.values().map(|method| method.failure_count).sum();
        MetricsSnapshot {
            total_requests: successful_requests + failed_requests,
            successful_requests,
            failed_requests,
            active_connections: self.shared.connections.load(Ordering::Relaxed),
            uptime_ms: u64::try_from(self.shared.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            methods,
            nodes: None,
        }
    }

    fn shards(&self) -> Vec<Arc<Mutex<Shard>>> {
        lock(&self.shared.shards).all.clone()
    }

    fn all_latencies(&self) -> Histogram<u64> {
        let mut all = histogram();
        for shard in self.shards() {
            merge(&mut all, &lock(&shard).all);
        }
        all
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Metrics").field(&self.totals()).finish()
    }
}

fn figures(shards: &[Arc<Mutex<Shard>>], label: &str) -> MethodFigures {
    let (mut success, mut failure, mut sum_ns, mut max_us) = (0u64, 0u64, 0u64, 0u64);
    let mut latencies = histogram();
    for shard in shards {
        if let Some(stats) = lock(shard).methods.get(label) {
            success += stats.success;
            failure += stats.failure;
            sum_ns = sum_ns.saturating_add(stats.sum_ns);
            max_us = max_us.max(stats.max_us);
            merge(&mut latencies, &stats.latencies);
        }
    }
    let calls = success + failure;
    // A histogram answers with the upper edge of a bucket, which may lie above the longest call.
    let percentile = |quantile| latencies.value_at_quantile(quantile).min(max_us);
    MethodFigures {
        call_count: calls,
        success_count: success,
        failure_count: failure,
        avg_latency_us: sum_ns.checked_div(calls).unwrap_or(0) / 1_000,
        p50_latency_us: percentile(0.5),
        p95_latency_us: percentile(0.95),
        p99_latency_us: percentile(0.99),
        max_latency_us: max_us,
    }
}

/// Records the calls of one thread.
#[derive(Clone)]
pub struct Recorder {
    shared: Arc<Shared>,
    shard: Arc<Mutex<Shard>>,
}

impl Recorder {
    /// Counts a call that was answered after `latency`. `method` is `None` when no node registered the name.
    pub fn record(&self, method: Option<&str>, ok: bool, latency: Duration) {
        let name = method.unwrap_or(UNKNOWN);
        let mut shard = lock(&self.shard);
        let us = micros(latency).clamp(1, LONGEST_US);
        count(&mut shard.all, us);
        shard.failed += u64::from(!ok);
        match shard.methods.get_mut(name) {
            Some(stats) => stats.record(ok, latency, us),
            None => {
                let label = self.label(name);
                let stats = shard.methods.entry(label).or_insert_with(MethodStats::new);
                stats.record(ok, latency, us);
            }
        }
    }

    /// The label that counts `name`: itself while there is room.
    fn label(&self, name: &str) -> Arc<str> {
        let mut labels = lock(&self.shared.labels);
        if let Some(label) = labels.get(name) {
            return label.clone();
        }
        let full = labels.len() - usize::from(labels.contains(UNKNOWN)) >= MAX_METHODS;
        let label: Arc<str> = if full { UNKNOWN } else { name }.into();
        labels.insert(label.clone());
        label
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder")
    }
}

impl MethodStats {
    fn new() -> Self {
        MethodStats { success: 0, failure: 0, sum_ns: 0, max_us: 0, latencies: histogram() }
    }

    fn record(&mut self, ok: bool, latency: Duration, us: u64) {
        self.success += u64::from(ok);
        self.failure += u64::from(!ok);
        let ns = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.sum_ns = self.sum_ns.saturating_add(ns);
        self.max_us = self.max_us.max(micros(latency));
        count(&mut self.latencies, us);
    }
}

/// One open connection.
pub struct ConnectionGuard {
    shared: Arc<Shared>,
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.shared.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for ConnectionGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConnectionGuard")
    }
}

/// Counts since the start of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Calls answered, with a result or an error.
    pub calls: u64,
    /// Those answered with an error.
    pub errors: u64,
}

/// Hands out what happened since it was last asked.
pub struct IntervalReader {
    metrics: Metrics,
    seen: Histogram<u64>,
    since: Instant,
}

impl IntervalReader {
    /// Ends the interval and begins the next one at `now`.
    pub fn take(&mut self, now: Instant) -> IntervalFigures {
        let all = self.metrics.all_latencies();
        let mut fresh = all.clone();
        fresh.subtract(&self.seen).expect("what was seen is still in the shards");
        self.seen = all;
        let elapsed = now.saturating_duration_since(self.since);
        self.since = now;
        let percentile =
            |quantile| (!fresh.is_empty()).then(|| Duration::from_micros(fresh.value_at_quantile(quantile)));
        IntervalFigures { calls: fresh.len(), elapsed, p50: percentile(0.5), p99: percentile(0.99) }
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
    /// Calls answered.
    pub calls: u64,
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
        let seconds = self.elapsed.as_secs_f64();
        if seconds > 0.0 {
            self.calls as f64 / seconds
        } else {
            0.0
        }
    }
}

/// The shape of `_metrics` (PROTOCOL, section 7).
#[derive(Clone, Debug, Serialize)]
pub struct MetricsSnapshot {
    /// Calls answered since the start; built-in methods are not counted.
    pub total_requests: u64,
    /// Those with a result.
    pub successful_requests: u64,
    /// Those with an error.
    pub failed_requests: u64,
    /// Connections open now.
    pub active_connections: usize,
    /// Time since the start, in milliseconds.
    pub uptime_ms: u64,
    /// By method name.
    pub methods: BTreeMap<String, MethodFigures>,
    /// By node URL, on an orchestrator; whoever serves the snapshot fills it in.
    pub nodes: Option<BTreeMap<String, NodeFigures>>,
}

/// Counts and latencies of one method. Percentiles are exact to 1 %.
#[allow(missing_docs, reason = "the names say it, units included")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MethodFigures {
    pub call_count: u64,
    pub success_count: u64,
    pub failure_count: u64,
    pub avg_latency_us: u64,
    pub p50_latency_us: u64,
    pub p95_latency_us: u64,
    pub p99_latency_us: u64,
    pub max_latency_us: u64,
}

/// What an orchestrator knows of a node's traffic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NodeFigures {
    /// The node's URL in normal form.
    pub node_addr: String,
    /// Calls sent to it.
    pub request_count: u64,
    /// When the last one was sent, in milliseconds of Unix time.
    pub last_request_ms: Option<u64>,
}
