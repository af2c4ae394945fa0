//! How nodes change: each change is logged, counted and, where calls are concerned, in the next table.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::news::Change;
use super::Membership;
use crate::policy::breaker::CircuitState;
use crate::policy::health::NodeState;
use crate::policy::node::NodeId;
use crate::policy::slow_start;

/// How often nodes have changed since the start of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NodeEvents {
    /// Found or registered for the first time.
    pub joined: u64,
    /// Up, then doubtful.
    pub suspect: u64,
    /// Out of rotation.
    pub down: u64,
    /// Up again, or no longer doubtful.
    pub recovered: u64,
    /// Gone by their own word, or forgotten.
    pub left: u64,
    /// Left out for a while since they did worse than their peers.
    pub ejected: u64,
}

impl Membership {
    /// Tells of a member's state if it is another one than it was. `reason` is what makes it suspect or down.
    pub(super) fn announce(&mut self, id: NodeId, reason: &str, now: Instant) {
        let starts_slowly = self.starts_slowly(id, now);
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        let (before, state) = (member.shown, member.state());
        if before == state {
            return;
        }
        member.shown = state;
        self.changed = true;
        let url = &member.entry.url;
        match (before, state) {
            (_, NodeState::Down) => {
                log::warn!(node = url.as_str(); "node {url} down: {reason}");
                self.events.down += 1;
                self.news.push(Change::Down, member, reason);
                member.down_reason = reason.into();
                member.forget_conduct();
            }
            (NodeState::Up, NodeState::Suspect) => {
                log::warn!(node = url.as_str(); "node {url} suspect: {reason}");
                self.events.suspect += 1;
                self.news.push(Change::Suspect, member, reason);
            }
            (NodeState::Down, _) => {
                member.up_since = Some(now);
                member.warming = starts_slowly.then_some((now, 1));
                if std::mem::replace(&mut member.was_up, true) {
                    log::info!(node = url.as_str(); "node {url} recovered");
                    self.events.recovered += 1;
                    self.news.push(Change::Recovered, member, "it is back");
                    // Being down was the harder verdict, and it is over.
                    member.entry.renew();
                } else {
                    let kind = if member.foreign { " (a JSON-RPC server of another make)" } else { "" };
                    log::info!(node = url.as_str(); "node {url} joined{kind} with {} methods", member.methods.len());
                    self.events.joined += 1;
                    self.news.push(Change::Joined, member, "");
                }
            }
            (NodeState::Up | NodeState::Suspect, _) => {
                log::info!(node = url.as_str(); "node {url} recovered: it answers");
                self.events.recovered += 1;
                self.news.push(Change::Recovered, member, "it answers");
            }
        }
    }

    /// What the node's circuit breaker lets through now.
    pub fn circuit(&mut self, id: NodeId, state: CircuitState, now: Instant) {
        let starts_slowly = self.starts_slowly(id, now);
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        let (url, failures) = (&member.entry.url, member.entry.consecutive_failures());
        match state {
            CircuitState::Open => {
                log::warn!(node = url.as_str(); "node {url} breaker opened after {failures} failures")
            }
            CircuitState::HalfOpen => {
                log::info!(node = url.as_str(); "node {url} breaker half-open: one call may try it")
            }
            CircuitState::Closed => {
                log::info!(node = url.as_str(); "node {url} breaker closed");
                member.warming = starts_slowly.then_some((now, 1));
            }
        }
        member.circuit = state;
        self.changed = true;
    }

    /// Whether the member is to get its calls by and by. Where all nodes are new, none has to wait for the others.
    pub(super) fn starts_slowly(&self, id: NodeId, now: Instant) -> bool {
        self.members.iter().any(|(other, member)| {
            let is_old = member.up_since.is_some_and(|since| slow_start::is_at_work(since, now));
            *other != id && is_old && member.warming.is_none() && member.state() != NodeState::Down
        })
    }

    /// Lets the shares of those grow that have begun with little.
    pub(super) fn warm_up(&mut self, now: Instant) {
        for member in self.members.values_mut() {
            let Some((since, share)) = member.warming else {
                continue;
            };
            let grown = slow_start::share(since, now);
            self.changed |= grown != share;
            member.warming = (grown < slow_start::WHOLE).then_some((since, grown));
        }
    }

    /// Doubts those whose heartbeats are overdue, and has them checked.
    pub(super) fn miss_heartbeats(&mut self, gap: Option<Duration>, now: Instant) {
        let mut overdue = Vec::new();
        for (id, member) in &mut self.members {
            let Some(arrivals) = &mut member.arrivals else {
                continue;
            };
            if let Some(gap) = gap {
                arrivals.extend(gap);
            }
            if !member.overdue && !member.lease_lost && arrivals.are_overdue(now) {
                member.overdue = true;
                member.health.hurry(&self.config.health, now);
                overdue.push((*id, arrivals.silence(now)));
            }
        }
        for (id, silence) in overdue {
            self.announce(id, &format!("no heartbeat for {:.1} s", silence.as_secs_f64()), now);
        }
    }
}
