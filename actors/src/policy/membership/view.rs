//! The cluster's list as people and programs see it: the orchestrator's part of `_info` (PROTOCOL, section 7).

use std::sync::Arc;
use std::time::Instant;

use serde::{Serialize, Serializer};

use super::member::Member;
use super::reports::{ReportLog, Reports};
use super::states::NodeEvents;
use crate::policy::breaker::CircuitState;
use crate::policy::health::NodeState;
use crate::policy::pool::Tags;
use crate::protocol::MethodInfo;

/// Every node and how many there are.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ClusterView {
    /// All in the list.
    pub total_nodes: usize,
    /// Those that may get calls.
    pub enabled_nodes: usize,
    /// The others.
    pub disabled_nodes: usize,
    /// Nodes that answer.
    pub nodes_up: usize,
    /// Nodes that failed lately or are silent.
    pub nodes_suspect: usize,
    /// Nodes that don't answer.
    pub nodes_down: usize,
    /// In the order in which they were first seen.
    pub nodes: Vec<NodeView>,
    /// How often nodes have changed; shown among the metrics.
    #[serde(skip)]
    pub events: NodeEvents,
}

/// One node.
#[derive(Clone, Debug, Serialize)]
pub struct NodeView {
    /// Its URL in normal form.
    pub addr: String,
    /// It may get calls.
    pub enabled: bool,
    /// Why not. One that is ejected gets those that no other node can take.
    pub disable_reason: Option<String>,
    /// Its circuit breaker.
    pub circuit_state: CircuitState,
    /// Failures that the breaker has counted since the last success.
    pub consecutive_failures: u32,
    /// Calls sent there that have not ended.
    pub inflight: usize,
    /// Its capacity relative to others.
    pub weight: u32,
    /// Who it says it is; absent for a server that isn't ours.
    pub instance: Option<String>,
    /// Its release.
    pub version: String,
    /// Its tags.
    #[serde(serialize_with = "map")]
    pub tags: Arc<Tags>,
    /// What it serves.
    #[serde(serialize_with = "slice")]
    pub methods: Arc<[MethodInfo]>,
    /// Whether it is there.
    pub state: NodeState,
    /// Named on the command line.
    #[serde(rename = "static")]
    pub is_static: bool,
    /// Registered by itself.
    pub registered: bool,
    /// Any JSON-RPC server, a candidate for every method.
    pub foreign: bool,
    /// Calls ever sent there.
    pub request_count: u64,
    /// When the last was sent, in milliseconds of Unix time.
    pub last_request_ms: Option<u64>,
    /// How long it has taken to answer lately, by the average that jumps to peaks.
    pub latency_us: Option<u64>,
    /// Calls that wait there for an executor, by its last heartbeat.
    pub queue: Option<u64>,
    /// Share of its cores in use, 0 to 1, by its last heartbeat.
    pub cpu: Option<f64>,
    /// Calls sent there that came back with an error, or not at all.
    pub failure_count: u64,
    /// What it has reported of its work; shown among the metrics.
    #[serde(skip)]
    pub reports: Option<Reports>,
}

impl ClusterView {
    /// Executors that have work, and all, as the nodes that are there have reported them; `None` where none has.
    pub fn executors(&self) -> Option<(u64, u64)> {
        let there = self.nodes.iter().filter(|node| node.state != NodeState::Down);
        let reports = there.filter_map(|node| node.reports.as_ref());
        let counts = reports.map(|reports| (reports.latest.executors_busy, reports.latest.executors_all));
        counts.reduce(|sum, more| (sum.0.saturating_add(more.0), sum.1.saturating_add(more.1)))
    }

    pub(super) fn of<'a>(members: impl Iterator<Item = &'a Member>, events: NodeEvents, now: Instant) -> Self {
        let mut view = ClusterView { events, ..ClusterView::default() };
        for member in members {
            let node = NodeView::of(member, now);
            view.total_nodes += 1;
            *if node.enabled { &mut view.enabled_nodes } else { &mut view.disabled_nodes } += 1;
            *match node.state {
                NodeState::Up => &mut view.nodes_up,
                NodeState::Suspect => &mut view.nodes_suspect,
                NodeState::Down => &mut view.nodes_down,
            } += 1;
            view.nodes.push(node);
        }
        view
    }
}

impl NodeView {
    fn of(member: &Member, now: Instant) -> Self {
        let disable_reason = member.disable_reason();
        NodeView {
            addr: member.entry.url.to_string(),
            enabled: disable_reason.is_none(),
            disable_reason,
            circuit_state: member.circuit,
            consecutive_failures: member.entry.consecutive_failures(),
            inflight: member.entry.inflight(),
            weight: member.weight,
            instance: member.instance.clone(),
            version: member.version.clone(),
            tags: member.tags.clone(),
            methods: member.methods.clone(),
            state: member.state(),
            is_static: member.is_static,
            registered: member.lease.is_some(),
            foreign: member.foreign,
            request_count: member.entry.request_count(),
            last_request_ms: member.entry.last_request_ms(),
            latency_us: member.entry.latency(now).map(whole),
            queue: member.load.as_ref().map(|load| load.queue),
            cpu: member.load.as_ref().map(|load| load.cpu),
            failure_count: member.entry.failure_count(),
            reports: member.reports.as_ref().map(ReportLog::view),
        }
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "microseconds, never negative")]
fn whole(us: f32) -> u64 {
    us as u64
}

fn map<S: Serializer>(tags: &Arc<Tags>, serializer: S) -> Result<S::Ok, S::Error> {
    tags.as_ref().serialize(serializer)
}

fn slice<S: Serializer>(methods: &Arc<[MethodInfo]>, serializer: S) -> Result<S::Ok, S::Error> {
    methods.as_ref().serialize(serializer)
}
