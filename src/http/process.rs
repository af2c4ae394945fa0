//! What every process of ours can say about itself.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use madrpc_actors::metrics::{Metrics, Recorder};
use madrpc_actors::policy::admission::Admission;
use madrpc_actors::protocol::{CallResult, Code, JsonText};
use madrpc_actors::traces::Traces;
use serde::Serialize;

use super::documents;
use super::draining::Draining;
use super::service::CallRecorder;
use crate::vitals;

/// One per process; clones are handed to the threads.
#[derive(Clone, Debug)]
pub struct Process {
    /// The identity of this run.
    pub instance: Arc<str>,
    /// Since when it runs.
    pub started: Instant,
    /// Which calls are taken on.
    pub admission: Admission,
    /// Whether it is about to leave.
    pub draining: Draining,
    /// WebSockets that are open.
    pub sessions: Arc<AtomicUsize>,
    /// Requests whose answers have not been handed to their sockets.
    pub answering: Arc<AtomicUsize>,
    /// The figures of all threads.
    pub metrics: Metrics,
    /// The traces of all threads.
    pub traces: Traces,
}

/// `process` in `_metrics`: what this very process has in hand and takes of its machine.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Vitals {
    /// Calls that run or wait.
    inflight: usize,
    /// Processor time since the start, in seconds.
    cpu_s: f64,
    /// Processors that it may use.
    cpus: usize,
    /// Memory; null where the system does not tell.
    rss_bytes: Option<u64>,
}

impl Process {
    pub(super) fn vitals(&self) -> Vitals {
        Vitals {
            inflight: self.admission.inflight(),
            cpu_s: vitals::cpu_time().as_secs_f64(),
            cpus: std::thread::available_parallelism().map_or(1, usize::from),
            rss_bytes: vitals::resident_bytes(),
        }
    }

    pub(super) fn health(&self) -> CallResult {
        documents::health(&self.instance, self.sessions.load(Ordering::Relaxed), self.admission.inflight())
    }

    /// Result of `_trace` and `GET /_trace`.
    pub(super) fn trace(&self, params: Option<JsonText>) -> CallResult {
        documents::trace(&self.traces, params)
    }

    /// Result of `_history`: the last five minutes.
    pub(super) fn history(&self) -> CallResult {
        JsonText::of(&self.metrics.history(Instant::now()))
    }

    pub(super) fn uptime_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl CallRecorder for Recorder {
    fn record(&self, method: Option<&str>, error: Option<Code>, latency: Duration) {
        Recorder::record(self, method, error, latency);
    }
}
