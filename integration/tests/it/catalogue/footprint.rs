//! Threads and memory of a node: its supervisor and its engine.

use std::time::{Duration, Instant};

use crate::harness::{pause, resident, threads_of, Process};

/// By how much the memory may have grown after all rows.
const MAX_GROWTH: u64 = 50 << 20;

/// The allocator gives memory back to the system some time after it was freed.
const SETTLED: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Footprint {
    threads: usize,
    memory: u64,
}

impl Footprint {
    pub(super) fn of(node: &Process) -> Footprint {
        let processes = [node.pid(), node.engine_pid()];
        Footprint {
            threads: processes.iter().map(|pid| threads_of(*pid)).sum(),
            memory: processes.iter().map(|pid| resident(*pid)).sum(),
        }
    }

    /// An executor that has had nothing to do for a second gives back what it does not need.
    pub(super) fn is_reached_again(&self, node: &Process) {
        let settled = |now: &Footprint| now.threads == self.threads && now.memory < self.memory + MAX_GROWTH;
        let begun = Instant::now();
        let mut now = Footprint::of(node);
        while !settled(&now) {
            assert!(begun.elapsed() < SETTLED, "{now:?} is left of {self:?}");
            pause(Duration::from_millis(20));
            now = Footprint::of(node);
        }
    }
}
