//! What happens to the nodes.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{usable, Node, NODES};
use crate::harness::{pause, run, signal, wait_until, Client, Progress, SOON};

/// How long a cluster may take to be whole again after a fault.
pub(super) const RECOVERY: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    /// SIGKILL to all of the node, and a new one after a while.
    Kill,
    /// SIGKILL to the engine: the supervisor replaces it.
    KillEngine,
    /// SIGSTOP to the engine, for less or more than a lease.
    Pause,
    /// Every call takes 200 ms more.
    Slow,
    /// SIGTERM, and a new one.
    Restart,
    /// Out of service and in again, from outside.
    Cordon,
}

const FAULTS: [Fault; 6] = [Fault::Kill, Fault::KillEngine, Fault::Pause, Fault::Slow, Fault::Restart, Fault::Cordon];

/// One fault after the other. Each hits a cluster that is whole, and none of the calls that the last one hit: a call that two nodes in a row died of is not tried on a
/// third, whoever's fault it was.
pub(super) struct Chaos<'a> {
    random: fastrand::Rng,
    client: &'a Client,
    faults: BTreeMap<Fault, usize>,
}

impl<'a> Chaos<'a> {
    pub(super) fn new(seed: u64, client: &'a Client) -> Self {
        Chaos { random: fastrand::Rng::with_seed(seed), client, faults: BTreeMap::new() }
    }

    pub(super) fn reign(&mut self, nodes: &mut [Node], progress: &Progress, span: Duration) {
        let end = Instant::now() + span;
        while Instant::now() < end {
            let fault = FAULTS[self.random.usize(..FAULTS.len())];
            let victim = &mut nodes[self.random.usize(..NODES)];
            *self.faults.entry(fault).or_default() += 1;
            self.strike(fault, victim);
            wait_until("the cluster is whole again", RECOVERY, || usable(self.client) == NODES);
            progress.wait_for_each(2, RECOVERY);
            self.rest(100..400);
        }
    }

    fn strike(&mut self, fault: Fault, node: &mut Node) {
        match fault {
            Fault::Kill => {
                node.process().kill();
                self.rest(0..1_500);
                node.start();
            }
            Fault::KillEngine => {
                let engine = node.process().engine_pid();
                signal(engine, "KILL");
                // Only then can it be seen whether the cluster is whole.
                wait_until("another engine runs", SOON, || {
                    let now = node.process().engine_pid();
                    now != engine && now != node.process().pid()
                });
            }
            Fault::Pause => {
                let engine = node.process().engine_pid();
                signal(engine, "STOP");
                self.rest(200..4_000);
                signal(engine, "CONT");
            }
            Fault::Slow => {
                let ms = self.random.u64(200..2_000);
                node.client().call("be_slow", json!({ "ms": ms })).expect("the node is there");
                self.rest(200..2_000);
            }
            Fault::Restart => {
                signal(node.process().pid(), "TERM");
                assert_eq!(node.process().wait_for_exit(SOON), Some(0), "a node that drains ends well");
                node.start();
            }
            Fault::Cordon => {
                let url = format!("http://{}", node.address);
                assert_eq!(run(["drain", &url]).status.code(), Some(0));
                self.rest(0..500);
                assert_eq!(run(["drain", &url, "--undo"]).status.code(), Some(0));
            }
        }
    }

    /// Lets the traffic go on for a while.
    fn rest(&mut self, millis: std::ops::Range<u64>) {
        let end = Instant::now() + Duration::from_millis(self.random.u64(millis));
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            pause(left);
        }
    }
}

impl fmt::Display for Chaos<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} faults {:?}", self.faults.values().sum::<usize>(), self.faults)
    }
}
