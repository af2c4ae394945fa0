//! One node as the cluster's list has it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::policy::breaker::CircuitState;
use crate::policy::health::{Health, NodeState};
use crate::policy::lease::Lease;
use crate::policy::node::{NodeEntry, NodeId};
use crate::policy::pool::Candidate;
use crate::policy::routing::Routable;
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
    /// It named its methods when it registered, and will do so again when they change.
    pub(super) declared: bool,
    pub(super) instance: Option<String>,
    pub(super) version: String,
    pub(super) tags: BTreeMap<String, String>,
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
    pub(super) load: Option<Heartbeat>,
}

impl Member {
    pub(super) fn new(entry: Arc<NodeEntry>, is_static: bool, health: Health) -> Self {
        Member {
            entry,
            is_static,
            lease: None,
            lease_lost: false,
            declared: false,
            instance: None,
            version: String::new(),
            tags: BTreeMap::new(),
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
            load: None,
        }
    }

    pub(super) fn state(&self) -> NodeState {
        // A static node is judged by its checks alone; its lease only says that it registered, too.
        if self.parted || (self.lease_lost && !self.is_static) {
            NodeState::Down
        } else {
            self.health.state()
        }
    }

    /// Why it gets no calls, if so.
    pub(super) fn disable_reason(&self) -> Option<String> {
        if self.is_self {
            Some("this orchestrator itself".into())
        } else if self.state() == NodeState::Down {
            Some(self.down_reason.clone())
        } else if self.circuit == CircuitState::Open {
            Some("circuit breaker open".into())
        } else {
            None
        }
    }

    pub(super) fn routable(&self) -> Option<Routable> {
        let is_node = !self.is_self && self.alias_of.is_none();
        is_node.then(|| Routable {
            candidate: Candidate { node: self.entry.clone(), weight: self.weight, foreign: self.foreign },
            circuit: (self.state() != NodeState::Down).then_some(self.circuit),
            methods: self.methods.clone(),
        })
    }

    /// What was known of whoever was at this address before is void.
    pub(super) fn forget(&mut self) {
        self.instance = None;
        self.lease = None;
        self.lease_lost = false;
        self.declared = false;
        self.parted = false;
        self.foreign = false;
        self.methods = Arc::new([]);
        self.load = None;
    }
}
