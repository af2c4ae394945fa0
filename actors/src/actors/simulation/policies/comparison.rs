//! Comparing what the policies do with what they should.

use super::breakers::News;
use super::{port_of, Held, Policies};
use crate::actors::simulation::invariants::is_ejected;
use crate::policy::breaker::{CircuitState, Outcome};
use crate::policy::health::NodeState;
use crate::policy::membership::NodeView;
use crate::policy::node::NodeId;
use crate::policy::outlier;
use crate::policy::pool::Tags;

/// Ports of the nodes that fit a call.
#[derive(Default)]
struct Tier {
    closed: Vec<u16>,
    probing: Vec<u16>,
}

impl Policies {
    /// A call is made, and goes where it must.
    pub(super) fn call(&mut self, method: &str, tags: &Tags, tried: &[u16]) -> Result<(), String> {
        let fits = |node: &&NodeView| {
            node.methods.iter().any(|info| info.name == method)
                && tags.iter().all(|(key, value)| node.tags.get(key) == Some(value))
                && node.state != NodeState::Down
                && !tried.contains(&port_of(&node.addr))
        };
        let (mut sound, mut doubtful) = (Tier::default(), Tier::default());
        for node in self.view.nodes.iter().filter(fits) {
            let is_sound = node.state == NodeState::Up && !is_ejected(node);
            let tier = if is_sound { &mut sound } else { &mut doubtful };
            let port = port_of(&node.addr);
            match node.circuit_state {
                CircuitState::Closed => tier.closed.push(port),
                CircuitState::Open => {}
                CircuitState::HalfOpen => {
                    if !self.is_probed(port) {
                        tier.probing.push(port);
                    }
                }
            }
        }
        let expected = [sound.probing, sound.closed, doubtful.probing, doubtful.closed];
        let expected = expected.into_iter().find(|ports| !ports.is_empty()).unwrap_or_default();
        let ids: Vec<NodeId> = tried.iter().filter_map(|port| self.id(*port)).collect();
        let route = self.table.route(method);
        let picked = route.as_ref().ok().and_then(|route| route.pick(self.policy, &ids, tags, self.now));
        let Some(picked) = picked else {
            let why = format!("nobody took {method} {tags:?} but {tried:?}, and {expected:?} could");
            return if expected.is_empty() { Ok(()) } else { Err(why) };
        };
        let port = port_of(picked.url().as_str());
        if !expected.contains(&port) {
            return Err(format!("{port} took {method} {tags:?} but {tried:?}, and {expected:?} should"));
        }
        let is_probe = self.state(picked.id()) == CircuitState::HalfOpen;
        self.held.push(Held { is_probe, picked });
        Ok(())
    }

    /// What must be the case, whatever happened.
    pub(super) fn compare(&mut self) -> Result<(), String> {
        self.view = self.list.view(self.now);
        let ports: Vec<u16> = self.view.nodes.iter().map(|node| port_of(&node.addr)).collect();
        let mut expected: Vec<u16> = self.members.keys().copied().collect();
        expected.sort_by_key(|port| self.id(*port));
        if ports != expected {
            return Err(format!("{ports:?} are in the list instead of {expected:?}"));
        }
        for node in &self.view.nodes {
            let (port, member) = (port_of(&node.addr), &self.members[&port_of(&node.addr)]);
            let state = member.state();
            let is_silent = state == NodeState::Up && node.state == NodeState::Suspect && member.is_registered();
            if node.state != state && !is_silent {
                return Err(format!("{port} is {:?} instead of {state:?}", node.state));
            }
            let id = self.id(port).unwrap_or(NodeId(u64::MAX));
            let held = self.held.iter().filter(|held| held.picked.id() == id).count();
            if node.inflight != held {
                return Err(format!("{port} has {} calls in flight instead of {held}", node.inflight));
            }
            if node.circuit_state != self.state(id) {
                return Err(format!("{port} is {:?} instead of {:?}", node.circuit_state, self.state(id)));
            }
        }
        let usable = self.view.nodes.iter().filter(|node| node.state != NodeState::Down);
        let (usable, ejected) =
            usable.fold((0, 0), |(all, some), node| (all + 1, some + usize::from(is_ejected(node))));
        let before = std::mem::replace(&mut self.ejections, self.view.events.ejected);
        if self.ejections > before && ejected > outlier::most_ejected(usable) {
            return Err(format!("{ejected} of {usable} nodes are ejected"));
        }
        Ok(())
    }

    /// A probe is under way, or its breaker has not heard yet what it came to.
    fn is_probed(&self, port: u16) -> bool {
        let Some(id) = self.id(port) else { return false };
        let is_probe =
            |(of, news): &(NodeId, News)| *of == id && matches!(news, News::Outcome(Outcome { probe: true, .. }));
        self.held.iter().any(|held| held.picked.id() == id && held.is_probe)
            || self.post.lock().expect("one thread").iter().any(is_probe)
    }

    pub(super) fn state(&self, id: NodeId) -> CircuitState {
        let judges = self.judges.lock().expect("one thread");
        judges.get(&id).map_or(CircuitState::Closed, |judge| judge.state())
    }

    /// The latest node at `port`.
    pub(super) fn id(&self, port: u16) -> Option<NodeId> {
        let judges = self.judges.lock().expect("one thread");
        judges.iter().rev().find(|(_, judge)| judge.port == port).map(|(id, _)| *id)
    }
}
