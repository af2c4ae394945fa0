//! What must hold at every departure, run, end and new view, whatever happens in the cluster.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::nodes::{Node, Presence};
use super::world::{Client, World};
use crate::actors::clock;
use crate::actors::cluster::{ClusterConfig, ClusterView, NodeView};
use crate::policy::breaker::CircuitState;
use crate::policy::health::NodeState;
use crate::policy::outlier;
use crate::policy::pool::Tags;
use crate::policy::routing::RoutingTable;
use crate::protocol::{Call, CallError, CallResult, Code};

/// Timers tick once a millisecond.
const TICK: Duration = Duration::from_millis(2);

/// Tables whose view is remembered.
const KEPT: usize = 4;

/// What the registry has said of itself, by the table that it had published then.
#[derive(Default)]
pub(super) struct Snapshots {
    known: Vec<Snapshot>,
    /// Departures whose table nobody has looked at yet.
    pending: Vec<(Arc<RoutingTable>, u64)>,
}

struct Snapshot {
    table: Arc<RoutingTable>,
    view: Arc<ClusterView>,
    at: Instant,
}

/// Why a node may have been chosen.
enum Choice {
    Sound,
    /// There was no sound one.
    Doubtful,
    /// Its breaker is half-open.
    Probe,
}

pub(super) fn is_ejected(node: &NodeView) -> bool {
    node.disable_reason.as_ref().is_some_and(|reason| reason.starts_with("ejected"))
}

/// It must take a call if no other node does: neither doubt nor ejection may leave a method without nodes.
fn can_take(node: &NodeView, method: &str, tags: &Tags) -> bool {
    node.state != NodeState::Down
        && node.circuit_state == CircuitState::Closed
        && tags.iter().all(|(key, value)| node.tags.get(key) == Some(value))
        && (node.foreign || node.methods.iter().any(|info| info.name == method))
}

/// It takes calls before those of which it is doubtful whether they work.
fn is_sound(node: &NodeView) -> bool {
    node.enabled && node.state == NodeState::Up
}

impl World {
    /// A call sets out.
    pub(super) fn judge_departure(&mut self, id: u64, node: usize, call: &Call) {
        let now = clock::now();
        let Some(ledger) = self.calls.get(&id) else {
            return self.require(false, || format!("nobody made call {id}"));
        };
        let method = ledger.method;
        let others: Vec<usize> =
            self.flights.values().filter(|flight| flight.call == id).map(|flight| flight.node).collect();
        let most = 1 + self.config.retries as usize + usize::from(method.hedge);
        let checks = [
            (others.len() <= usize::from(method.hedge), "is on too many nodes at a time"),
            (!others.contains(&node), "is on the same node twice"),
            (ledger.has_key || ledger.flights < most, "was tried too often"),
            // One that was lost may find there another connection, or another engine.
            (
                ledger.has_key || !ledger.tried.contains(&node) || ledger.may_have_run,
                "comes back to a node that has failed it",
            ),
            (ledger.idempotent || !ledger.may_have_run, "may have run already"),
            (ledger.over.is_none_or(|over| over == now), "is over"),
            (call.scope.deadline > now, "is late"),
        ];
        for (holds, what) in checks {
            self.require(holds, || format!("call {id} to node {node} {what}"));
        }
        let of = &self.nodes[node];
        let is_gone = matches!(of.presence, Presence::Dead | Presence::Vanished);
        let long_gone = is_gone && self.noticed(of).is_some_and(|after| self.lived_since(of.since) >= after);
        let checks = [
            (call.scope.tags.iter().all(|(key, value)| of.tags.get(key) == Some(value)), "lacks the tags"),
            (of.has(method.name), "lacks the method"),
            (!of.farewell, "has left"),
            (!long_gone, "is long gone"),
            (of.told_to_drain.is_none_or(|told| told == now), "has said that it drains"),
        ];
        for (holds, what) in checks {
            self.require(holds, || format!("call {id} goes to node {node}, which {what}"));
        }
        if !others.is_empty() {
            self.count("hedges");
        }
    }

    /// When a node that is lost has no calls any more, at the latest; `None` if nobody looks.
    fn noticed(&self, node: &Node) -> Option<Duration> {
        let ClusterConfig { health, lease, .. } = &self.config;
        // Its last heartbeat may come late, and the sweep after the end of its lease.
        let by_lease = *lease + Duration::from_secs(2);
        let by_checks = |interval: Duration| interval * 2 + (health.timeout + interval) * (health.failures + 1);
        if node.is_static() {
            health.interval.map(by_checks)
        } else {
            Some(by_lease)
        }
    }

    /// A call begins to run on a node.
    pub(super) fn judge_run(&mut self, id: u64, node: usize) {
        let mended = self.mended;
        let is_tagged = self.flights.values().any(|flight| flight.call == id && !flight.tags.is_empty());
        let ledger = &self.calls[&id];
        // Its own attempt is not over yet, so that whatever may have run was another one.
        let holds = ledger.idempotent || !ledger.may_have_run;
        self.require(holds, || format!("call {id} runs again on node {node}"));
        if mended {
            self.nodes[node].served[usize::from(!is_tagged)] += 1;
        }
        self.count("runs");
    }

    /// Somebody's wait for a call is over.
    pub(super) fn judge_end(&mut self, client: &Client, result: Option<&CallResult>) {
        let (id, now) = (client.call, clock::now());
        let by = client.deadline + TICK;
        let stalled = self.stalls.iter().any(|(from, to)| *from <= by && now <= *to + TICK);
        self.require(now <= by || stalled, || format!("call {id} ended {:?} after its deadline", now - by));
        let Some(result) = result else { return self.count("callers that left") };
        let ledger = &self.calls[&id];
        let over = ledger.over.filter(|_| ledger.has_key);
        let never_left = ledger.flights == 0;
        match result {
            Ok(text) => {
                let own = text.as_str() == id.to_string();
                self.require(own, || format!("call {id} got the result of call {}", text.as_str()));
                self.count(if over.is_some() { "repeats answered" } else { "results" });
            }
            Err(error) => {
                let code = error.code();
                let expected = match error.kind() {
                    CallError::Timeout => {
                        self.count("timeouts");
                        true
                    }
                    CallError::Unreachable { .. } => true,
                    CallError::NoNode | CallError::MethodNotFound => {
                        self.judge_refusal(client, never_left);
                        true
                    }
                    CallError::IdempotencyConflict => self.calls[&id].has_key,
                    CallError::Remote(_) => [Code::SCRIPT, Code::INTERNAL, Code::OVERLOADED].contains(&code),
                    _ => false,
                };
                self.require(expected, || format!("call {id} came to {error}"));
                let answered = over.is_some_and(|over| over < client.since);
                let repeat = !answered || matches!(error, CallError::IdempotencyConflict);
                self.require(repeat, || format!("call {id} has a result, and its repeat got {error}"));
            }
        }
    }

    /// A call found no node, not even a first one: then there was none that would have taken it.
    fn judge_refusal(&mut self, client: &Client, never_left: bool) {
        self.count("calls without a node");
        let (Some(cluster), Some(method)) = (&self.cluster, self.calls.get(&client.call).map(|call| call.method))
        else {
            return;
        };
        let now = clock::now();
        let table = cluster.table();
        // One that was looked at in this very moment may not be the one that the call was routed by.
        let known = self.snapshots.known.iter().find(|known| Arc::ptr_eq(&known.table, &table) && known.at < now);
        let fit =
            known.and_then(|known| known.view.nodes.iter().find(|node| can_take(node, method.name, &client.tags)));
        let fit = fit.map(|node| node.addr.clone()).filter(|_| never_left);
        self.require(fit.is_none(), || format!("call {} found no node, and {fit:?} is fit", client.call));
    }

    /// Remembers by which table a flight was sent, to be judged as soon as it is known what was said of it.
    pub(super) fn ask_about(&mut self, flight: u64) {
        let Some(cluster) = &self.cluster else { return };
        let table = Arc::clone(&cluster.table());
        match self.snapshots.known.iter().position(|known| Arc::ptr_eq(&known.table, &table)) {
            Some(index) => self.judge_by_view(flight, index),
            None => self.snapshots.pending.push((table, flight)),
        }
    }

    /// The registry has said this of itself while it had published `table`.
    pub(super) fn learn(&mut self, table: Arc<RoutingTable>, view: ClusterView) {
        if self.snapshots.known.iter().any(|known| Arc::ptr_eq(&known.table, &table)) {
            return;
        }
        self.judge_view(&view);
        let (judged, unknown): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.snapshots.pending).into_iter().partition(|(of, _)| Arc::ptr_eq(of, &table));
        if self.snapshots.known.len() == KEPT {
            self.snapshots.known.remove(0);
        }
        self.snapshots.known.push(Snapshot { table, view: Arc::new(view), at: clock::now() });
        for (_, flight) in judged {
            self.judge_by_view(flight, self.snapshots.known.len() - 1);
        }
        for _ in unknown {
            self.count("departures not judged by a view");
        }
    }

    fn judge_view(&mut self, view: &ClusterView) {
        let usable = |view: &ClusterView| view.nodes.iter().filter(|node| node.state != NodeState::Down).count();
        let before = self.snapshots.known.last().map(|known| known.view.clone()).unwrap_or_default();
        let ejected = view.nodes.iter().filter(|node| is_ejected(node)).count();
        if view.events.ejected > before.events.ejected {
            let cap = outlier::most_ejected(usable(view).max(usable(&before)));
            self.require(ejected <= cap, || format!("{ejected} nodes are ejected, and {cap} may be"));
            self.count("ejections");
        }
        for (index, node) in view.nodes.iter().enumerate() {
            let was = before.nodes.iter().find(|was| was.addr == node.addr);
            if was.is_some_and(|was| was.circuit_state != CircuitState::Open)
                && node.circuit_state == CircuitState::Open
            {
                self.count("openings");
            }
            let twin =
                view.nodes[..index].iter().any(|other| other.instance.is_some() && other.instance == node.instance);
            self.require(!twin, || format!("{:?} is in the list twice", node.instance));
            if node.state == NodeState::Down {
                let at = self.at(&node.addr);
                self.nodes[at].is_missed();
            }
            match node.circuit_state {
                CircuitState::Closed => self.forget_probes(&node.addr),
                // It has opened: what closes it again is another question.
                CircuitState::Open | CircuitState::HalfOpen => {
                    let at = self.at(&node.addr);
                    self.nodes[at].losses.end_the_row();
                }
            }
        }
    }

    /// The breaker has begun anew: what was its probe is none any more.
    pub(super) fn forget_probes(&mut self, url: &str) {
        let node = self.at(url);
        for flight in self.flights.values_mut().filter(|flight| flight.node == node) {
            flight.is_probe = false;
        }
    }

    /// A flight was sent by the table at `index`.
    fn judge_by_view(&mut self, number: u64, index: usize) {
        let (now, known) = (clock::now(), &self.snapshots.known);
        // A table that is seen for the first time may be newer than the choice that was made in this very moment.
        let before = index.checked_sub(1).filter(|_| known[index].at == now);
        let views = [Some(index), before].into_iter().flatten().map(|index| known[index].view.clone());
        let verdicts: Vec<Result<Choice, String>> = views.map(|view| self.choice(number, &view)).collect();
        match verdicts.iter().flatten().next() {
            Some(Choice::Sound) => {}
            Some(Choice::Doubtful) => self.count("calls to doubtful nodes"),
            Some(Choice::Probe) => {
                self.count("probes");
                if let Some(flight) = self.flights.get_mut(&number) {
                    flight.is_probe = true;
                }
            }
            None => {
                let why = verdicts.into_iter().find_map(Result::err).unwrap_or_default();
                self.require(false, || why);
            }
        }
    }

    /// Why a flight was sent where it went, by what `view` says, or why it should not have been.
    fn choice(&self, number: u64, view: &ClusterView) -> Result<Choice, String> {
        let Some(flight) = self.flights.get(&number) else { return Ok(Choice::Sound) };
        let (id, at) = (flight.call, flight.node);
        let ledger = &self.calls[&id];
        let url = self.nodes[at].url.as_str();
        let Some(node) = view.nodes.iter().find(|node| node.addr == url) else {
            return Err(format!("call {id} goes to node {at}, which is not in the list"));
        };
        if node.state == NodeState::Down {
            return Err(format!("call {id} goes to node {at}, which is down"));
        }
        let is_doubtful = node.state == NodeState::Suspect || is_ejected(node);
        if is_doubtful {
            let is_better = |other: &&NodeView| {
                is_sound(other)
                    && can_take(other, ledger.method.name, &flight.tags)
                    && !ledger.visited.contains(&self.at(&other.addr))
            };
            if let Some(better) = view.nodes.iter().find(is_better) {
                return Err(format!("call {id} goes to doubtful node {at} instead of {}", better.addr));
            }
        }
        match node.circuit_state {
            CircuitState::Closed if flight.after_losses => {
                let enough = self.config.breaker.failure_threshold;
                Err(format!("call {id} goes to node {at} after {enough} connections in a row were lost"))
            }
            CircuitState::Closed if is_doubtful => Ok(Choice::Doubtful),
            CircuitState::Closed => Ok(Choice::Sound),
            CircuitState::Open => Err(format!("call {id} goes to node {at}, whose breaker is open")),
            CircuitState::HalfOpen => {
                let is_second = self.flights.values().any(|flight| flight.node == at && flight.is_probe);
                if is_second {
                    Err(format!("call {id} goes to node {at} as a second probe"))
                } else {
                    Ok(Choice::Probe)
                }
            }
        }
    }

    /// When nothing is going on any more.
    pub(super) fn judge_silence(&mut self, view: &ClusterView, admitted: usize) {
        let inflight: usize = view.nodes.iter().map(|node| node.inflight).sum();
        let (flights, waiting) = (self.flights.len(), self.waiting.len());
        for (count, what) in [
            (inflight, "calls in flight by the nodes' counters"),
            (admitted, "calls admitted"),
            (flights, "calls between orchestrator and nodes"),
            (waiting, "callers that wait"),
        ] {
            self.require(count == 0, || format!("{count} {what} when all is over"));
        }
    }
}
