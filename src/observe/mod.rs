//! What a person sees of a running process: the log, a summary in it, and on a terminal a live line under it.
//!
//! Knows figures and text; where the figures come from is the business of whoever starts [`watch`].

use std::future::Future;
use std::time::{Duration, Instant};

use madrpc_actors::metrics::{Metrics, HISTORY_APART};

mod json_log;
mod log;
mod plain;
mod progress;
mod summary;
mod terminal;
mod text;

pub use self::log::{init, LogFormat};
pub use self::plain::{duration_us, on_one_line, utc};
pub use self::terminal::{Bar, LiveLine, Terminal};
pub use self::text::{grouped, latency, rate};

/// What a process is doing now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// Calls that run or wait.
    pub inflight: usize,
    /// An orchestrator's nodes.
    pub nodes: Option<NodeCounts>,
    /// A node's executors, or those of all nodes.
    pub executors: Option<ExecutorCounts>,
}

/// Nodes by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeCounts {
    /// In rotation.
    pub up: usize,
    /// Failing, and not out of rotation yet.
    pub suspect: usize,
    /// Out of rotation.
    pub down: usize,
}

/// Executors of the pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExecutorCounts {
    /// Running JavaScript now.
    pub busy: u64,
    /// Of how many.
    pub all: u64,
}

/// Keeps the live line and the history fresh and logs a summary every `summary_interval` (zero: never). Runs until it is
/// dropped.
pub async fn watch<F, G>(terminal: Terminal, metrics: Metrics, summary_interval: Duration, gauges: F)
where
    F: Fn() -> G,
    G: Future<Output = Gauges>,
{
    futures_util::future::join3(
        progress::run(&terminal, &metrics, &gauges),
        summary::run(&metrics, summary_interval, &gauges),
        keep_history(&metrics),
    )
    .await;
}

async fn keep_history(metrics: &Metrics) {
    let mut ticks = tokio::time::interval(HISTORY_APART);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        metrics.note_history(Instant::now());
    }
}
