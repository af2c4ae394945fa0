//! What active checks do to the list.

use std::sync::Arc;
use std::time::Instant;

use super::Membership;
use crate::policy::crowd;
use crate::policy::health::{CheckFailure, NodeState};
use crate::policy::joining;
use crate::policy::node::NodeId;
use crate::protocol::membership::NodeInfo;
use crate::protocol::PeerUrl;

/// A node to ask for its `_info`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Which member.
    pub id: NodeId,
    /// Where it is.
    pub url: PeerUrl,
    /// Its state hangs on the answer: to be asked before those whose turn it merely is.
    pub urgent: bool,
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum CheckOutcome {
    /// It said who it is.
    Info(Box<NodeInfo>),
    /// A JSON-RPC reply, but not one of ours: a server that knows no `_info`, or means something else by it.
    Foreign,
    /// An error of our own kind, such as an overloaded node's: it is alive, and says no more than that.
    Alive,
    /// No reply.
    Failed(CheckFailure),
}

impl Membership {
    /// The members to check now. Each is handed out once until `checked` has heard of it.
    pub fn due_checks(&mut self, now: Instant) -> Vec<Check> {
        let due = self.members.values_mut().filter(|member| {
            let is_due = member.health.next_check().is_some_and(|next| next <= now);
            // A registered member whose lease ran out comes back by its own heartbeat.
            is_due && !member.checking && (member.is_static || !member.lease_lost)
        });
        due.map(|member| {
            member.checking = true;
            Check { id: member.entry.id, url: member.entry.url.clone(), urgent: member.state() == NodeState::Suspect }
        })
        .collect()
    }

    /// A call to the node could not be delivered. It is due for a check at once.
    pub fn suspect(&mut self, id: NodeId, now: Instant) {
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        member.health.suspect(&self.config.health, now);
        if member.health.state() == NodeState::Up {
            // There are no checks: let the next failure speak again.
            member.entry.clear_suspicion();
        }
        self.announce(id, "a call did not reach it", now);
    }

    /// Takes in what a check found.
    pub fn checked(&mut self, id: NodeId, outcome: CheckOutcome, now: Instant) {
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        member.checking = false;
        member.entry.clear_suspicion();
        match outcome {
            CheckOutcome::Info(info) if info.instance == self.config.own_instance => self.found_itself(id, now),
            // It may be told to stay after all, and is asked as often as one that is gone.
            CheckOutcome::Info(info) if info.draining => self.failed(id, CheckFailure::Gone, "it drains", now),
            CheckOutcome::Info(info) => {
                let info = joining::trim(*info);
                if info.server_type == "node" && !info.instance.is_empty() {
                    self.found_node(id, info, now);
                } else {
                    self.found_foreign(id, now);
                }
            }
            CheckOutcome::Foreign => self.found_foreign(id, now),
            // Somebody of ours is there, but who?
            CheckOutcome::Alive if member.instance.is_none() && !member.foreign => {
                self.failed(id, CheckFailure::Silent, "it does not say who it is", now);
            }
            CheckOutcome::Alive => self.answered(id, now),
            CheckOutcome::Failed(failure) => {
                let reason = match failure {
                    CheckFailure::Gone => "connection refused",
                    CheckFailure::Lost => "connection lost",
                    CheckFailure::Silent => "no answer to health checks",
                };
                self.failed(id, failure, reason, now);
            }
        }
    }

    fn found_node(&mut self, id: NodeId, info: NodeInfo, now: Instant) {
        let Some(member) = self.members.get(&id) else {
            return;
        };
        if member.instance.as_deref() != Some(&info.instance) {
            if !member.is_static {
                return self.failed(id, CheckFailure::Gone, "another instance answers at its address", now);
            }
            if !self.take_over(id, &info.instance, now) {
                return;
            }
        }
        let methods = self.intern(joining::distinct(info.methods));
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        let restarts = std::mem::replace(&mut member.engine_restarts, info.engine_restarts);
        let is_new_engine = restarts < info.engine_restarts;
        if !member.declared {
            let foreign = member.lease.is_none() && methods.is_empty();
            let news = (&methods, &info.tags, info.weight, foreign);
            if news != (&member.methods, &*member.tags, member.weight, member.foreign) {
                self.changed = true;
                member.tags = Arc::new(info.tags);
            }
            member.methods = methods;
            member.weight = info.weight;
            member.foreign = foreign;
            member.version = info.version;
        }
        if is_new_engine {
            self.renew(id);
        }
        self.answered(id, now);
    }

    /// Gives `instance` to the static member `id`. False when another member has it and works: then this one is but
    /// another address of that node.
    fn take_over(&mut self, id: NodeId, instance: &str, now: Instant) -> bool {
        let owner = self.by_instance.get(instance).copied();
        let mut registration = None;
        if let Some(owner) = owner.and_then(|owner| self.members.get(&owner)) {
            let owner_id = owner.entry.id;
            if owner.state() != NodeState::Down {
                self.become_alias(id, owner_id, now);
                return false;
            }
            if owner.is_static {
                self.set_instance(owner_id, None);
            } else {
                registration = self.remove(owner_id);
            }
        }
        self.replace(id);
        self.set_instance(id, Some(instance.to_owned()));
        if let Some(member) = self.members.get_mut(&id) {
            member.alias_of = None;
            if let Some(old) = registration.filter(|old| !old.lease_lost) {
                member.lease = old.lease;
            }
        }
        true
    }

    fn become_alias(&mut self, id: NodeId, owner: NodeId, now: Instant) {
        self.set_instance(id, None);
        if let Some(member) = self.members.get_mut(&id) {
            member.forget();
            member.shown = NodeState::Down;
            member.health.answered(&self.config.health, 1, now, fastrand::f64());
            if member.alias_of.replace(owner) != Some(owner) {
                log::info!("node {} is another address of a node that is a member already", member.entry.url);
                self.changed = true;
            }
        }
    }

    fn found_itself(&mut self, id: NodeId, now: Instant) {
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        if !std::mem::replace(&mut member.is_self, true) {
            log::warn!("node {} is this orchestrator itself and gets no calls", member.entry.url);
            self.changed = true;
        }
        member.shown = NodeState::Down;
        member.health.answered(&self.config.health, 1, now, fastrand::f64());
    }

    fn found_foreign(&mut self, id: NodeId, now: Instant) {
        match self.members.get(&id) {
            Some(member) if !member.is_static => {
                return self.failed(id, CheckFailure::Gone, "it answers no longer as a node", now);
            }
            Some(member) if member.instance.is_some() || !member.foreign => self.replace(id),
            _ => {}
        }
        if let Some(member) = self.members.get_mut(&id) {
            member.foreign = true;
        }
        self.answered(id, now);
    }

    fn answered(&mut self, id: NodeId, now: Instant) {
        let stretch = crowd::stretch(self.members.len());
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        member.entry.heard(now);
        let identity = (member.is_self, member.alias_of);
        member.is_self = false;
        member.alias_of = None;
        // One that sends heartbeats is heard of without being asked.
        let stretch = if member.lease.is_some() { stretch } else { 1 };
        member.health.answered(&self.config.health, stretch, now, fastrand::f64());
        if member.lease.is_none() {
            member.entry.expect_signs_every(self.config.health.silence());
        }
        self.changed |= identity != (false, None);
        self.announce(id, "no heartbeat", now);
    }

    fn failed(&mut self, id: NodeId, failure: CheckFailure, reason: &str, now: Instant) {
        if let Some(member) = self.members.get_mut(&id) {
            member.health.failed(failure, &self.config.health, now);
            self.announce(id, reason, now);
        }
    }
}
