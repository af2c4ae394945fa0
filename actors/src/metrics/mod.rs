//! Counts and latencies of the calls that a process answers.
//!
//! Each recording thread has a shard of its own, to which it adds without a lock; readers merge the shards. Labels are
//! bounded: past [`MAX_METHODS`] names, and for names that no node registered, calls are counted under [`UNKNOWN`]; codes
//! that are not of the error table share one count.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

mod cluster;
mod events;
mod exposition;
mod figures;
mod histogram;
mod history;
mod interval;
mod outcomes;
mod recent;
mod recorder;
mod report;

pub use cluster::ClusterFigures;
pub use events::{EventFigures, EventMark, HandlerFigures};
pub use exposition::{Exposition, Kind, CONTENT_TYPE};
pub use figures::{LatencyFigures, MethodFigures, MetricsSnapshot, NodeFigures};
pub use histogram::{Histogram, LONGEST_US};
pub use history::{PastFigures, APART as HISTORY_APART};
pub use interval::{IntervalFigures, IntervalReader};
pub use outcomes::{Outcomes, OTHER};
pub use recent::RecentFigures;
pub use recorder::Recorder;
use recorder::Shard;

#[cfg(test)]
mod tests;

/// Names that get figures of their own.
pub const MAX_METHODS: usize = 1_000;

/// The label of every other name.
pub const UNKNOWN: &str = "(unknown)";

/// Threads that ask for a recorder beyond these share the shards of the earlier ones.
const MAX_SHARDS: usize = 64;

/// A part of a call's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hop {
    /// On a node: from when the call came until an executor took it up.
    Queue,
    /// On a node: from then until its JavaScript had ended or waited for something.
    JavaScript,
    /// On an orchestrator: from sending it to a node until the answer; the network, and all that the node did.
    Node,
}

const HOPS: usize = 3;

impl Hop {
    /// All of them, with the names that they are shown by.
    const ALL: [(Hop, &'static str); HOPS] =
        [(Hop::Queue, "queue"), (Hop::JavaScript, "javascript"), (Hop::Node, "node")];
}

/// The figures of one process. Clones share them.
#[derive(Clone)]
pub struct Metrics {
    shared: Arc<Shared>,
}

struct Shared {
    started: Instant,
    connections: AtomicUsize,
    shards: Mutex<Shards>,
    /// Every label in use. Never locked by a thread that holds the lock of a shard.
    labels: Mutex<BTreeSet<Arc<str>>>,
    looks: Mutex<recent::Looks>,
    history: Mutex<history::History>,
}

#[derive(Default)]
struct Shards {
    all: Vec<Arc<Shard>>,
    asked: usize,
}

/// A figure is never half written by a panic that matters more than the figure itself.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Calls, and how long they took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// How they ended.
    pub outcomes: Outcomes,
    /// What they took.
    pub latencies: Histogram,
}

impl Traffic {
    /// Adds what another has counted.
    pub fn add(&mut self, other: &Traffic) {
        self.outcomes.add(&other.outcomes);
        self.latencies.add(&other.latencies);
    }

    /// As `_metrics` shows it.
    pub fn figures(&self) -> MethodFigures {
        MethodFigures::of(&self.outcomes, &self.latencies)
    }
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
                looks: Mutex::default(),
                history: Mutex::default(),
            }),
        }
    }

    /// A recorder for the calling thread.
    pub fn recorder(&self) -> Recorder {
        let mut shards = lock(&self.shared.shards);
        let next = shards.asked % MAX_SHARDS;
        shards.asked += 1;
        if next == shards.all.len() {
            shards.all.push(Arc::new(Shard::new()));
        }
        Recorder::new(self.shared.clone(), shards.all[next].clone())
    }

    /// Counts one open connection for as long as the guard lives.
    pub fn connection(&self) -> ConnectionGuard {
        self.shared.connections.fetch_add(1, Ordering::Relaxed);
        ConnectionGuard { shared: self.shared.clone() }
    }

    /// Connections open now.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// Time since the start.
    pub fn uptime(&self) -> Duration {
        self.shared.started.elapsed()
    }

    /// How all calls since the start have ended. Cheap: touches a few counters per shard.
    pub fn totals(&self) -> Outcomes {
        let mut totals = Outcomes::default();
        self.shards().iter().for_each(|shard| shard.all.outcomes.add_to(&mut totals));
        totals
    }

    /// All calls since the start.
    pub fn all(&self) -> Traffic {
        let mut all = Traffic::default();
        for shard in self.shards() {
            shard.all.outcomes.add_to(&mut all.outcomes);
            shard.all.latencies.add_to(&mut all.latencies);
        }
        all
    }

    /// All calls since the start, by method.
    pub fn by_method(&self) -> BTreeMap<Arc<str>, Traffic> {
        let mut methods: BTreeMap<Arc<str>, Traffic> = BTreeMap::new();
        for shard in self.shards() {
            let counts: Vec<_> =
                lock(&shard.methods).iter().map(|(label, counts)| (label.clone(), counts.clone())).collect();
            for (label, counts) in counts {
                let traffic = methods.entry(label).or_default();
                counts.outcomes.add_to(&mut traffic.outcomes);
                counts.latencies.add_to(&mut traffic.latencies);
            }
        }
        methods.retain(|_, traffic| traffic.outcomes.calls() > 0);
        methods
    }

    /// What the parts of calls' ways have taken since the start; parts that this process does not see are left out.
    pub fn hops(&self) -> BTreeMap<&'static str, Histogram> {
        let shards = self.shards();
        let merged = Hop::ALL.into_iter().map(|(hop, name)| {
            let mut merged = Histogram::default();
            shards.iter().for_each(|shard| shard.hops[hop as usize].add_to(&mut merged));
            (name, merged)
        });
        merged.filter(|(_, merged)| merged.calls() > 0).collect()
    }

    /// What became of events since the start.
    pub fn events(&self) -> EventFigures {
        let mut events = EventFigures::default();
        self.shards().iter().for_each(|shard| shard.events.add_to(&mut events));
        events
    }

    /// Figures of what happens from now on, an interval at a time. Readers don't disturb each other.
    pub fn interval(&self) -> IntervalReader {
        IntervalReader::new(self.clone())
    }

    /// What has happened since somebody asked this, in the last ten seconds.
    fn recent(&self, now: Instant) -> Option<RecentFigures> {
        let all = self.all();
        lock(&self.shared.looks).take(now, all)
    }

    /// Adds to the history what has happened since the last time; to be called every [`HISTORY_APART`].
    pub fn note_history(&self, now: Instant) {
        let all = self.all();
        lock(&self.shared.history).note(now, all);
    }

    /// The last five minutes, oldest first.
    pub fn history(&self, now: Instant) -> Vec<PastFigures> {
        lock(&self.shared.history).tell(now)
    }

    /// Everything so far, as `_metrics` shows it.
    pub fn snapshot(&self) -> MetricsSnapshot {
        let methods = self.by_method();
        let mut all = Traffic::default();
        methods.values().for_each(|traffic| all.add(traffic));
        let outcomes = &all.outcomes;
        MetricsSnapshot {
            total_requests: outcomes.calls(),
            successful_requests: outcomes.results(),
            failed_requests: outcomes.errors(),
            error_codes: outcomes.error_codes(),
            latency: LatencyFigures::of(&all.latencies),
            active_connections: self.connections(),
            uptime_ms: u64::try_from(self.uptime().as_millis()).unwrap_or(u64::MAX),
            methods: methods.iter().map(|(label, traffic)| (label.to_string(), traffic.figures())).collect(),
            hops: self.hops().iter().map(|(name, histogram)| (*name, LatencyFigures::of(histogram))).collect(),
            recent: self.recent(Instant::now()),
            events: self.events(),
            nodes: None,
        }
    }

    fn shards(&self) -> Vec<Arc<Shard>> {
        lock(&self.shared.shards).all.clone()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Metrics").field(&self.totals()).finish()
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
