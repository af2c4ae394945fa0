//! The cluster as its orchestrator shows it: what its nodes have reported, added up, and each node beside the others.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::interval::per_second;
use super::{LatencyFigures, MethodFigures, Outcomes, Traffic};
use crate::policy::breaker::CircuitState;
use crate::policy::health::NodeState;
use crate::policy::membership::{ClusterView, NodeView, Reports};
use crate::protocol::CallReport;

/// Methods that the cluster's figures name; the calls of further ones are in the sums alone.
const MAX_METHODS: usize = super::MAX_METHODS;

/// `cluster` in the `_metrics` of an orchestrator. Calls are those that nodes ran, calls that scripts made included.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ClusterFigures {
    /// Nodes that answer.
    pub nodes_up: usize,
    /// Nodes that failed lately or are silent.
    pub nodes_suspect: usize,
    /// Nodes that don't answer.
    pub nodes_down: usize,
    /// Calls that run or wait on the nodes, as far as this orchestrator has sent them.
    pub inflight: usize,
    /// Executors of all nodes.
    pub executors: Executors,
    /// Memory of all engines.
    pub rss_bytes: u64,
    /// Calls per second, of the last five to ten seconds.
    pub calls_per_s: f64,
    /// All methods together, since the nodes' engines started.
    #[serde(flatten)]
    pub all: MethodFigures,
    /// By method.
    pub methods: BTreeMap<String, MethodOfCluster>,
    /// By URL.
    pub nodes: BTreeMap<String, NodeOfCluster>,
}

/// One method.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MethodOfCluster {
    /// Calls per second, of the last five to ten seconds.
    pub calls_per_s: f64,
    /// Since the nodes' engines started.
    #[serde(flatten)]
    pub figures: MethodFigures,
}

/// One node. What it has not reported is null: an older node, or a server that is none of ours.
#[derive(Clone, Debug, Serialize)]
pub struct NodeOfCluster {
    /// Whether it is there.
    pub state: NodeState,
    /// Its circuit breaker.
    pub circuit_state: CircuitState,
    /// Calls that this orchestrator has sent and that have not ended.
    pub inflight: usize,
    /// Calls that wait there for an executor.
    pub queue: Option<u64>,
    /// Share of its cores in use, 0 to 1.
    pub cpu: Option<f64>,
    /// What it has reported.
    #[serde(flatten)]
    pub reported: Option<Reported>,
}

/// What a node's report tells.
#[derive(Clone, Debug, Serialize)]
pub struct Reported {
    /// Since its engine started.
    pub uptime_ms: u64,
    /// Memory of its engine.
    pub rss_bytes: u64,
    /// Its executors.
    pub executors: Executors,
    /// Calls that it ran.
    pub call_count: u64,
    /// Those with a result.
    pub success_count: u64,
    /// Those with an error.
    pub failure_count: u64,
    /// Errors by code.
    pub error_codes: BTreeMap<String, u64>,
    /// Calls per second, of the last five to ten seconds; like the latencies.
    pub calls_per_s: f64,
    /// What they took.
    #[serde(flatten)]
    pub latency: LatencyFigures,
}

/// Executors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Executors {
    /// Those that have work.
    pub busy: u64,
    /// All.
    pub all: u64,
}

impl ClusterFigures {
    /// Adds up what the nodes of `view` have reported.
    pub fn of(view: &ClusterView) -> Self {
        let mut cluster = ClusterFigures {
            nodes_up: view.nodes_up,
            nodes_suspect: view.nodes_suspect,
            nodes_down: view.nodes_down,
            ..ClusterFigures::default()
        };
        let (mut all, mut methods) = (Traffic::default(), BTreeMap::<&str, (Traffic, f64)>::new());
        for node in &view.nodes {
            cluster.inflight += node.inflight;
            let recent = node.reports.as_ref().map(|reports| recent(node, reports));
            if let (Some(reports), Some(recent)) = (&node.reports, &recent) {
                let report = &reports.latest;
                all.add_report(&report.all);
                cluster.calls_per_s += recent.calls_per_s;
                if node.state != NodeState::Down {
                    cluster.rss_bytes = cluster.rss_bytes.saturating_add(report.rss_bytes);
                    cluster.executors.add(Executors { busy: report.executors_busy, all: report.executors_all });
                }
                for (name, calls) in &report.methods {
                    if methods.len() >= MAX_METHODS && !methods.contains_key(name.as_str()) {
                        continue;
                    }
                    let (sum, calls_per_s) = methods.entry(name).or_default();
                    let outcomes = |calls: &CallReport| Outcomes::told(calls.results, &calls.error_codes);
                    let before = reports.earlier.as_ref().and_then(|earlier| earlier.methods.get(name));
                    let fresh = outcomes(calls).since(&before.map(outcomes).unwrap_or_default()).calls();
                    *calls_per_s += per_second(fresh, recent.over);
                    sum.add_report(calls);
                }
            }
            cluster.nodes.insert(node.addr.clone(), NodeOfCluster::of(node, recent));
        }
        let shown = |(name, (traffic, calls_per_s)): (&str, (Traffic, f64))| {
            (name.to_owned(), MethodOfCluster { calls_per_s, figures: traffic.figures() })
        };
        cluster.methods = methods.into_iter().map(shown).collect();
        cluster.all = all.figures();
        cluster
    }
}

impl Default for MethodFigures {
    fn default() -> Self {
        Traffic::default().figures()
    }
}

/// What a node did in the time between two of its reports.
#[derive(Clone, Copy)]
struct Recent {
    over: Duration,
    calls_per_s: f64,
    latency: LatencyFigures,
}

fn recent(node: &NodeView, reports: &Reports) -> Recent {
    // One that is gone does nothing, whatever it said last.
    let over = if node.state == NodeState::Down { Duration::ZERO } else { reports.over };
    let now = Traffic::reported(&reports.latest.all);
    let before = reports.earlier.as_ref().map(|earlier| Traffic::reported(&earlier.all)).unwrap_or_default();
    let fresh = now.latencies.since(&before.latencies);
    let calls = now.outcomes.since(&before.outcomes).calls();
    Recent { over, calls_per_s: per_second(calls, over), latency: LatencyFigures::of(&fresh) }
}

impl Executors {
    fn add(&mut self, other: Executors) {
        self.busy = self.busy.saturating_add(other.busy);
        self.all = self.all.saturating_add(other.all);
    }
}

impl NodeOfCluster {
    fn of(node: &NodeView, recent: Option<Recent>) -> Self {
        let reported = node.reports.as_ref().zip(recent).map(|(reports, recent)| {
            let report = &reports.latest;
            let outcomes = Outcomes::told(report.all.results, &report.all.error_codes);
            Reported {
                uptime_ms: report.uptime_ms,
                rss_bytes: report.rss_bytes,
                executors: Executors { busy: report.executors_busy, all: report.executors_all },
                call_count: outcomes.calls(),
                success_count: outcomes.results(),
                failure_count: outcomes.errors(),
                error_codes: outcomes.error_codes(),
                calls_per_s: recent.calls_per_s,
                latency: recent.latency,
            }
        });
        NodeOfCluster {
            state: node.state,
            circuit_state: node.circuit_state,
            inflight: node.inflight,
            queue: node.queue,
            cpu: node.cpu,
            reported,
        }
    }
}
