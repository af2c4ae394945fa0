//! Load on a server, and what it came to: calls in a closed loop, each connection making the next when the last has ended,
//! or in an open one, at a rate that does not wait for the server.
//!
//! In an open loop a latency counts from when the call was meant to start. Otherwise a server that stalls would keep the
//! very calls from being made that would have told of it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use awc::http::header::{HeaderName, HeaderValue};
use serde_json::Value;
use url::Url;

use crate::tls::ClientTls;

mod caller;
mod lane;
mod pace;
mod tally;

pub use tally::Tally;

/// What is asked of the server.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where to.
    pub url: Url,
    /// The request, which each call sends as it is.
    pub body: Vec<u8>,
    /// Headers of each request.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// For a URL of https.
    pub tls: ClientTls,
    /// Calls under way at once, each on a connection of its own.
    pub connections: usize,
    /// For how long calls begin.
    pub duration: Duration,
    /// How many begin in a second; `None`: as many as the connections bear.
    pub rate: Option<f64>,
    /// By WebSocket instead of HTTP.
    pub web_socket: bool,
    /// How long a call may take.
    pub timeout: Duration,
    /// What each result must be.
    pub expect: Option<Value>,
}

/// How far it is, for whoever watches.
#[derive(Debug, Default)]
pub struct Progress {
    calls: AtomicU64,
    errors: AtomicU64,
    replies: AtomicU64,
    given_up: AtomicBool,
}

impl Progress {
    /// Calls that have ended, and those of them that failed.
    pub fn so_far(&self) -> (u64, u64) {
        (self.calls.load(Ordering::Relaxed), self.errors.load(Ordering::Relaxed))
    }
}

/// Carries the plan out on as many threads as the machine has processors, and gives what it came to. Blocks for the time of
/// the plan, and for that of the last calls.
pub fn run(plan: Plan, progress: &Arc<Progress>) -> Tally {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = processors.min(plan.connections).max(1);
    let (plan, start) = (Arc::new(plan), Instant::now());
    let lanes: Vec<_> = (0..threads)
        .map(|number| {
            let share = lane::Share { number, of: threads, start };
            let (plan, progress) = (plan.clone(), progress.clone());
            std::thread::spawn(move || lane::drive(plan, share, progress))
        })
        .collect();
    let mut tally = Tally::default();
    for lane in lanes {
        // One that has panicked has nothing to tell, and the panic has told what happened.
        if let Ok(part) = lane.join() {
            tally.add(&part);
        }
    }
    tally.elapsed = start.elapsed();
    tally
}
