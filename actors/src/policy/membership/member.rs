//! One node as the cluster's list has it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::reports::ReportLog;
use crate::policy::breaker::CircuitState;
use crate::policy::health::{Health, NodeState};
use crate::policy::lease::Lease;
use crate::policy::node::{NodeEntry, NodeId};
use crate::policy::outlier::Conduct;
use crate::policy::phi::Arrivals;
use crate::policy::pool::{Candidate, Tags};
use crate::policy::routing::Routable;
use crate::policy::slow_start;
use crate::protocol::membership::Heartbeat;
use crate::protocol::MethodInfo;

/// A member.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) entry: Arc<NodeEntry>,
    /// Named by the operator: it goes down, and never leaves.
    pub(super) is_static: bool,
    /// Given to those that registered.
    pub(super) lease: Option<Lease>,
    pub(super) lease_lost: bool,
    /// Of its heartbeats, while it has a lease.
    pub(super) arrivals: Option<Arrivals>,
    /// It has been silent for suspiciously long.
    pub(super) overdue: bool,
    /// It named its methods when it registered, and will do so again when they change.
    pub(super) declared: bool,
    pub(super) instance: Option<String>,
    pub(super) version: String,
    pub(super) tags: Arc<Tags>,
    pub(super) weight: u32,
    pub(super) methods: Arc<[MethodInfo]>,
    pub(super) foreign: bool,
    pub(super) health: Health,
    pub(super) circuit: CircuitState,
    pub(super) is_self: bool,
    /// Another address of that member.
    pub(super) alias_of: Option<NodeId>,
    /// It said that it leaves.
    pub(super) parted: bool,
    /// Why it is down, for people.
    pub(super) down_reason: String,
    pub(super) checking: bool,
    pub(super) was_up: bool,
    /// The state that was told last.
    pub(super) shown: NodeState,
    pub(super) up_since: Option<Instant>,
    /// Since when it gets this share of its calls, while it is not the whole.
    pub(super) warming: Option<(Instant, u32)>,
    pub(super) conduct: Conduct,
    /// Engines that its supervisor has replaced.
    pub(super) engine_restarts: u64,
    pub(super) load: Option<Heartbeat>,
    pub(super) reports: Option<ReportLog>,
}

impl Member {
    pub(super) fn new(entry: Arc<NodeEntry>, is_static: bool, health: Health) -> Self {
        Member {
            entry,
            is_static,
            lease: None,
            lease_lost: false,
            arrivals: None,
            overdue: false,
            declared: false,
            instance: None,
            version: String::new(),
            tags: Arc::default(),
            weight: 1,
            methods: Arc::new([]),
            foreign: false,
            health,
            circuit: CircuitState::Closed,
            is_self: false,
            alias_of: None,
            parted: false,
            down_reason: "not reached yet".into(),
            checking: false,
            was_up: false,
            shown: NodeState::Down,
            up_since: None,
            warming: None,
            conduct: Conduct::default(),
            engine_restarts: 0,
            load: None,
            reports: None,
        }
    }

    pub(super) fn state(&self) -> NodeState {
        // A static node is judged by its checks alone; its lease only says that it registered, too.
        if self.parted || (self.lease_lost && !self.is_static) {
            return NodeState::Down;
        }
        match self.health.state() {
            NodeState::Up if self.overdue => NodeState::Suspect,
            state => state,
        }
    }

    pub(super) fn is_ejected(&self) -> bool {
        self.conduct.ejected().is_some()
    }

    /// Why it gets no calls as long as others can take them, if so.
    pub(super) fn disable_reason(&self) -> Option<String> {
        if self.is_self {
            Some("this orchestrator itself".into())
        } else if self.state() == NodeState::Down {
            Some(self.down_reason.clone())
        } else if self.circuit == CircuitState::Open {
            Some("circuit breaker open".into())
        } else {
            self.conduct.ejected().map(|outlier| format!("ejected: {outlier}"))
        }
    }

    pub(super) fn routable(&self) -> Option<Routable> {
        let is_node = !self.is_self && self.alias_of.is_none();
        let share = self.warming.map_or(slow_start::WHOLE, |(_, share)| share);
        let candidate = || Candidate {
            node: self.entry.clone(),
            weight: self.weight.saturating_mul(share),
            foreign: self.foreign,
            tags: self.tags.clone(),
        };
        is_node.then(|| Routable {
            candidate: candidate(),
            circuit: (self.state() != NodeState::Down).then_some(self.circuit),
            reserve: self.state() == NodeState::Suspect || self.is_ejected(),
            methods: self.methods.clone(),
        })
    }

    /// A heartbeat came, or as much as one: others follow, three to a lease of this length.
    pub(super) fn heard(&mut self, lease: Duration, now: Instant) {
        let as_before = self.lease.is_some_and(|held| held.length() == lease);
        match &mut self.arrivals {
            Some(arrivals) if as_before => arrivals.heard(now),
            _ => self.arrivals = Some(Arrivals::new(lease / 3, now)),
        }
        self.overdue = false;
        self.lease = Some(Lease::new(lease, now));
        self.entry.expect_signs_every(lease);
    }

    /// It needs no heartbeats any more to be a member.
    pub(super) fn end_lease(&mut self) {
        self.lease = None;
        self.lease_lost = false;
        self.arrivals = None;
        self.overdue = false;
        self.declared = false;
    }

    /// What it did before says nothing any more.
    pub(super) fn forget_conduct(&mut self) {
        self.conduct = Conduct::default();
        self.up_since = None;
        self.warming = None;
    }

    /// What was known of whoever was at this address before is void.
    pub(super) fn forget(&mut self) {
        self.end_lease();
        self.instance = None;
        self.parted = false;
        self.foreign = false;
        self.methods = Arc::new([]);
        self.load = None;
        self.reports = None;
    }
}
