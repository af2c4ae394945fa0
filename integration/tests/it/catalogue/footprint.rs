//! Threads and memory of a node: its supervisor and its engine.

use std::time::{Duration, Instant};

use crate::harness::{pause, resident, threads_of, Process};

/// By how much the memory may have grown after all rows.
pub(super) const MAX_GROWTH: u64 = 50 << 20;

/// By how much it may have grown after rows that make long chains of classes and prototypes. To be mended: of each link
/// about 2 KiB stay, until the executor finds that its context holds too much and makes another.
pub(super) const CHAINS_GROWTH: u64 = 400 << 20;

/// So many executors that stood in for blocked ones stay for the next time.
const STAND_INS: usize = 2;

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
    pub(super) fn is_reached_again(&self, node: &Process, growth: u64) {
        let settled = |now: &Footprint| now.threads <= self.threads + STAND_INS && now.memory < self.memory + growth;
        let begun = Instant::now();
        let mut now = Footprint::of(node);
        while !settled(&now) {
            assert!(begun.elapsed() < SETTLED, "{now:?} is left of {self:?}");
            pause(Duration::from_millis(20));
            now = Footprint::of(node);
        }
    }
}
