//! What happens in a simulated cluster, seen from outside of the orchestrator.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::invariants::Snapshots;
use super::nodes::{Kind, Method, Mood, Node, Plan, Presence};
use crate::actors::clock;
use crate::actors::cluster::ClusterConfig;
use crate::actors::fake_peers::LOST;
use crate::actors::{Cluster, PeerUrl};
use crate::policy::pool::Tags;
use crate::protocol::error::Retry;
use crate::protocol::{Call, CallError, CallResult};

/// How often each kind of thing has happened: what never happens is not tested.
pub(super) type Tally = BTreeMap<&'static str, u64>;

/// A handle to the world, for everything that happens in it.
#[derive(Clone)]
pub(super) struct Sim {
    world: Arc<Mutex<World>>,
    /// Rings when the orchestrator's view is to be looked at.
    pub(super) look: Arc<Notify>,
}

pub(super) struct World {
    pub(super) rng: fastrand::Rng,
    start: Instant,
    pub(super) nodes: Vec<Node>,
    pub(super) flights: BTreeMap<u64, Flight>,
    pub(super) calls: BTreeMap<u64, Ledger>,
    pub(super) waiting: BTreeMap<u64, Client>,
    next: u64,
    pub(super) cluster: Option<Cluster>,
    pub(super) snapshots: Snapshots,
    /// The process stood still: nothing could be in time.
    pub(super) stalls: Vec<(Instant, Instant)>,
    /// Messages get lost and come late.
    pub(super) lossy: bool,
    pub(super) mended: bool,
    pub(super) config: ClusterConfig,
    pub(super) trace: Vec<String>,
    pub(super) violations: Vec<String>,
    pub(super) tally: Tally,
}

/// One attempt of a call, on its way to a node or back.
pub(super) struct Flight {
    pub(super) call: u64,
    pub(super) node: usize,
    pub(super) tags: Tags,
    pub(super) sent: Instant,
    deadline: Instant,
    /// It was sent while the node's breaker was half-open.
    pub(super) is_probe: bool,
    /// It was sent after so many connections had been lost in a row that the breaker must have opened.
    pub(super) after_losses: bool,
}

/// All that has become of a call, or of a key.
pub(super) struct Ledger {
    pub(super) method: Method,
    pub(super) has_key: bool,
    /// Safe to run twice.
    pub(super) idempotent: bool,
    pub(super) flights: usize,
    pub(super) visited: Vec<usize>,
    /// Those that it may not come back to: a node that has registered since may be another one.
    pub(super) tried: Vec<usize>,
    /// A node may have run it.
    pub(super) may_have_run: bool,
    /// Its caller has its result, or left.
    pub(super) over: Option<Instant>,
}

/// Somebody who waits for a call.
pub(super) struct Client {
    pub(super) call: u64,
    pub(super) since: Instant,
    pub(super) deadline: Instant,
    pub(super) tags: Tags,
}

impl Sim {
    pub(super) fn new(seed: u64, nodes: Vec<Node>, config: ClusterConfig) -> Self {
        let world = World {
            rng: fastrand::Rng::with_seed(seed),
            start: clock::now(),
            nodes,
            flights: BTreeMap::new(),
            calls: BTreeMap::new(),
            waiting: BTreeMap::new(),
            next: 0,
            cluster: None,
            snapshots: Snapshots::default(),
            stalls: Vec::new(),
            lossy: false,
            mended: false,
            config,
            trace: Vec::new(),
            violations: Vec::new(),
            tally: Tally::new(),
        };
        Sim { world: Arc::new(Mutex::new(world)), look: Arc::default() }
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("nothing panics with it")
    }
}

impl World {
    pub(super) fn note(&mut self, event: String) {
        let at = clock::now().saturating_duration_since(self.start);
        self.trace.push(format!("{:.6} {event}", at.as_secs_f64()));
    }

    pub(super) fn count(&mut self, what: &'static str) {
        *self.tally.entry(what).or_default() += 1;
    }

    pub(super) fn require(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            let what = what();
            self.note(format!("VIOLATION: {what}"));
            self.violations.push(what);
        }
    }

    pub(super) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub(super) fn at(&self, url: &str) -> usize {
        self.nodes.iter().position(|node| node.url.as_str() == url).expect("nobody knows another address")
    }

    /// What a message takes on its way.
    pub(super) fn delay(&mut self) -> Duration {
        let late = self.lossy && self.rng.u8(..) < 3;
        Duration::from_millis(if late { self.rng.u64(100..1500) } else { self.rng.u64(1..=3) })
    }

    /// A call is on its way to a node.
    pub(super) fn depart(&mut self, node: usize, call: &Call) -> u64 {
        let id = call_id(call);
        self.judge_departure(id, node, call);
        let number = self.number();
        let ledger = self.calls.get_mut(&id).expect("somebody made it");
        ledger.flights += 1;
        ledger.visited.push(node);
        ledger.tried.push(node);
        if ledger.flights > 1 {
            self.count("second attempts");
        }
        let (sent, deadline) = (clock::now(), call.scope.deadline);
        let after_losses = self.nodes[node].losses.are_enough(sent);
        let tags = call.scope.tags.clone();
        self.flights.insert(number, Flight { call: id, node, tags, sent, deadline, is_probe: false, after_losses });
        self.ask_about(number);
        self.note(format!("call {id} {} goes to node {node} as flight {number}", call.method));
        number
    }

    pub(super) fn stand_still(&mut self, length: Duration) {
        let now = clock::now();
        match self.stalls.last_mut().filter(|(_, to)| *to == now) {
            Some((_, to)) => *to += length,
            None => self.stalls.push((now, now + length)),
        }
        self.note(format!("all stands still for {length:?}"));
    }

    /// How long ago that was, not counting when all stood still: such a time, with what goes before it since somebody
    /// last looked, is added to each lease.
    pub(super) fn lived_since(&self, then: Instant) -> Duration {
        let now = clock::now();
        let overlap = |(from, to): &(Instant, Instant)| (*to).min(now).saturating_duration_since((*from).max(then));
        let still =
            self.stalls.iter().filter(|(_, to)| *to > then).map(|stall| overlap(stall) + Duration::from_millis(400));
        now.saturating_duration_since(then).saturating_sub(still.sum())
    }

    /// A node has registered, or failed to: its breaker may have begun anew, and its former self is forgotten.
    pub(super) fn admitted(&mut self, node: usize, url: &str) {
        self.forget_probes(url);
        // The next check finds an engine that is new to whoever keeps the list.
        self.nodes[node].is_to_be_recognised();
        for ledger in self.calls.values_mut() {
            ledger.tried.retain(|tried| *tried != node);
        }
    }

    /// A call has arrived at a node.
    pub(super) fn arrive(&mut self, node: usize, id: u64) -> (Plan, u32) {
        let plan = self.nodes[node].receive(id, &mut self.rng);
        if let Plan::Run(..) = plan {
            self.judge_run(id, node);
        }
        (plan, self.nodes[node].lives)
    }

    /// What a check finds, and whether it is told that the node drains; `None` is silence.
    pub(super) fn ask(&mut self, node: usize) -> Option<(CallResult, bool)> {
        if self.lossy && self.rng.u8(..) < 8 {
            self.note(format!("a check of node {node} is lost"));
            return Some((Err(LOST), false));
        }
        let of = &self.nodes[node];
        let answer = of.info(&mut self.rng)?;
        let drains = answer.is_ok() && of.presence == Presence::Draining;
        self.note(format!("a check finds node {node} {:?}, draining: {drains}", answer.as_ref().err()));
        Some((answer, drains))
    }

    /// Calls travel together; when the connection is to break, if so.
    pub(super) fn break_batch(&mut self, peer: &PeerUrl, calls: usize) -> Option<Instant> {
        let node = &self.nodes[self.at(peer.as_str())];
        let (is_foreign, mood) = (node.kind == Kind::Foreign, node.mood);
        self.require(!is_foreign, || format!("a batch was sent to {peer}, which is of another make"));
        self.require((2..=128).contains(&calls), || format!("{calls} calls in one request"));
        self.count("batches");
        let odds = if mood == Mood::LosesAfter { 128 } else { 8 };
        let breaks = self.lossy && self.rng.u8(..) < odds;
        breaks.then(|| clock::now() + Duration::from_millis(self.rng.u64(1..=10)))
    }

    /// The orchestrator has the result, or has given up on it.
    pub(super) fn land(&mut self, number: u64, result: Option<&CallResult>) {
        let Some(flight) = self.flights.remove(&number) else { return };
        match result {
            // After its deadline nobody hears of it.
            Some(Err(CallError::Unreachable { sent: true })) if flight.deadline <= clock::now() => {}
            Some(Err(CallError::Unreachable { sent: true })) => self.lose(&flight),
            Some(Err(CallError::Unreachable { sent: false })) | None => {}
            Some(_) => self.nodes[flight.node].losses.end_the_row(),
        }
        let is_refusal = matches!(result, Some(Err(error)) if error.meaning().retry == Retry::Always);
        if let Some(ledger) = self.calls.get_mut(&flight.call) {
            ledger.may_have_run |= !is_refusal;
        }
        if result.is_none() {
            self.count("abandoned attempts");
        }
        self.note(format!("flight {number} comes to {}", shown(result)));
    }

    fn lose(&mut self, flight: &Flight) {
        let enough = self.config.breaker.failure_threshold;
        if self.nodes[flight.node].losses.add(flight.sent, clock::now(), enough) {
            self.count("enough losses in a row");
        }
    }

    /// Somebody waits for a call, which is theirs alone unless it has a key.
    pub(super) fn expect(&mut self, method: Method, call: &Call) -> u64 {
        let (id, has_key) = (call_id(call), call.scope.idempotency_key.is_some());
        let ledger = Ledger {
            method,
            has_key,
            idempotent: method.idempotent || has_key,
            flights: 0,
            visited: Vec::new(),
            tried: Vec::new(),
            may_have_run: false,
            over: None,
        };
        self.calls.entry(id).or_insert(ledger);
        let client = self.number();
        let (since, deadline) = (clock::now(), call.scope.deadline);
        self.waiting.insert(client, Client { call: id, since, deadline, tags: call.scope.tags.clone() });
        self.note(format!("client {client} makes call {id} {}", method.name));
        client
    }

    /// They wait no longer: they have a result, or have lost patience.
    pub(super) fn end(&mut self, client: u64, result: Option<&CallResult>) {
        let Some(waiting) = self.waiting.remove(&client) else {
            return self.require(false, || format!("client {client} was answered twice"));
        };
        self.note(format!("client {client} has {}", shown(result)));
        self.judge_end(&waiting, result);
        let ledger = self.calls.get_mut(&waiting.call).expect("somebody made it");
        if !ledger.has_key || matches!(result, Some(Ok(_))) {
            ledger.over.get_or_insert(clock::now());
        }
    }
}

/// Each call carries its number as its params.
fn call_id(call: &Call) -> u64 {
    let params = call.params.as_ref().map_or("", |params| params.as_str());
    params.trim_matches(['[', ']']).parse().expect("every call has its number")
}

pub(super) fn shown(result: Option<&CallResult>) -> String {
    match result {
        None => "nothing".into(),
        Some(Ok(text)) => text.as_str().to_owned(),
        Some(Err(CallError::Unreachable { sent })) => format!("unreachable, sent: {sent}"),
        Some(Err(error)) => error.to_string(),
    }
}
