//! Counting calls where they end: each thread writes to a shard of its own, by atomic additions that nobody waits for.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::events::{AtomicEvents, EventMark};
use super::histogram::AtomicHistogram;
use super::outcomes::AtomicOutcomes;
use super::{lock, Hop, Shared, HOPS, MAX_METHODS, UNKNOWN};
use crate::protocol::Code;

/// Names that a thread remembers the counts of; of further ones it asks each time.
const MAX_REMEMBERED: usize = 2 * MAX_METHODS;

/// What one thread has counted.
#[derive(Debug)]
pub(super) struct Shard {
    /// Of every method, for the figures of an interval.
    pub(super) all: MethodCounts,
    pub(super) hops: [AtomicHistogram; HOPS],
    pub(super) events: AtomicEvents,
    /// Locked by the thread that counts when it first meets a method, and by readers.
    pub(super) methods: std::sync::Mutex<HashMap<Arc<str>, Arc<MethodCounts>>>,
}

#[derive(Debug)]
pub(super) struct MethodCounts {
    pub(super) outcomes: AtomicOutcomes,
    pub(super) latencies: AtomicHistogram,
}

impl MethodCounts {
    const fn new() -> Self {
        MethodCounts { outcomes: AtomicOutcomes::new(), latencies: AtomicHistogram::new() }
    }

    fn record(&self, error: Option<Code>, latency: Duration) {
        self.outcomes.record(error);
        self.latencies.record(latency);
    }
}

impl Shard {
    pub(super) fn new() -> Self {
        Shard {
            all: MethodCounts::new(),
            hops: [const { AtomicHistogram::new() }; HOPS],
            events: AtomicEvents::new(),
            methods: std::sync::Mutex::default(),
        }
    }
}

/// Records what happens on one thread.
pub struct Recorder {
    shared: Arc<Shared>,
    shard: Arc<Shard>,
    /// The counts of the names that this thread has met.
    met: RefCell<HashMap<Box<str>, Arc<MethodCounts>>>,
}

impl Recorder {
    pub(super) fn new(shared: Arc<Shared>, shard: Arc<Shard>) -> Self {
        Recorder { shared, shard, met: RefCell::default() }
    }

    /// Counts a call that was answered after `latency`, with a result or with an error of this code. `method` is `None`
    /// when no node registered the name.
    pub fn record(&self, method: Option<&str>, error: Option<Code>, latency: Duration) {
        let name = method.unwrap_or(UNKNOWN);
        self.shard.all.record(error, latency);
        if let Some(counts) = self.met.borrow().get(name) {
            return counts.record(error, latency);
        }
        let counts = self.counts_of(name);
        counts.record(error, latency);
        let mut met = self.met.borrow_mut();
        if met.len() < MAX_REMEMBERED {
            met.insert(name.into(), counts);
        }
    }

    /// Counts what one part of a call's way took.
    pub fn hop(&self, hop: Hop, took: Duration) {
        self.shard.hops[hop as usize].record(took);
    }

    /// Counts events of which this became.
    pub fn event(&self, mark: EventMark, count: u64) {
        self.shard.events.add(mark, count);
    }

    /// The counts of this thread's shard under the label of `name`: itself while there is room.
    fn counts_of(&self, name: &str) -> Arc<MethodCounts> {
        let label = {
            let mut labels = lock(&self.shared.labels);
            match labels.get(name) {
                Some(label) => label.clone(),
                None => {
                    let full = labels.len() - usize::from(labels.contains(UNKNOWN)) >= MAX_METHODS;
                    let label: Arc<str> = if full { UNKNOWN } else { name }.into();
                    labels.insert(label.clone());
                    label
                }
            }
        };
        lock(&self.shard.methods).entry(label).or_insert_with(|| Arc::new(MethodCounts::new())).clone()
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder")
    }
}
