//! Whether callers that make one call after the other go on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::wait::wait_until;

/// Counts the calls that each of some callers has ended.
#[derive(Debug)]
pub(crate) struct Progress(Vec<AtomicU64>);

impl Progress {
    pub(crate) fn of(callers: usize) -> Progress {
        Progress((0..callers).map(|_| AtomicU64::new(0)).collect())
    }

    /// The caller has ended a call.
    pub(crate) fn ended(&self, caller: usize) {
        self.0[caller].fetch_add(1, Ordering::Relaxed);
    }

    /// Waits until each caller has ended so many further calls; whatever was under way before is over then.
    pub(crate) fn wait_for_each(&self, calls: u64, bound: Duration) {
        let goals: Vec<u64> = self.0.iter().map(|ended| ended.load(Ordering::Relaxed) + calls).collect();
        let all = || self.0.iter().zip(&goals).all(|(ended, goal)| ended.load(Ordering::Relaxed) >= *goal);
        wait_until("every caller goes on", bound, all);
    }
}
