//! The policies alone, by a clock that is moved by hand: the list of nodes, the tables that are made of it, and breakers
//! that hear of outcomes late. Compared with what follows naively from all that was done.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::invariants::is_ejected;
use crate::actors::fake_peers::url;
use crate::policy::balance::BalancePolicy;
use crate::policy::breaker::{Breaker, BreakerConfig, CircuitState, Outcome};
use crate::policy::health::{CheckFailure, HealthConfig, NodeState};
use crate::policy::joining::Joining;
use crate::policy::membership::{CheckOutcome, ClusterView, Membership, MembershipConfig, NodeView};
use crate::policy::node::{BreakerFlags, NodeEntry, NodeEvents, NodeId, Picked, Verdict};
use crate::policy::outlier;
use crate::policy::pool::Tags;
use crate::policy::routing::RoutingTable;
use crate::protocol::membership::{Heartbeat, NodeInfo};
use crate::protocol::{MethodInfo, PeerUrl};

/// How often leases are looked at.
const SWEEP: Duration = Duration::from_millis(200);
const LEASE: Duration = Duration::from_millis(2400);
const BREAKER: BreakerConfig =
    BreakerConfig { failure_threshold: 3, open_for: Duration::from_secs(1), backoff_multiplier: 2 };

#[derive(Clone, Copy, Debug)]
enum Event {
    TimePasses,
    Join,
    Heartbeat,
    Leave,
    Checks,
    NewsArrive,
    ManyCalls,
    Call,
    EndOfCall,
}

/// How likely they are at most; in each schedule they are less so by chance.
const ODDS: [(Event, usize); 9] = [
    (Event::TimePasses, 20),
    (Event::Join, 10),
    (Event::Heartbeat, 20),
    (Event::Leave, 2),
    (Event::Checks, 10),
    (Event::NewsArrive, 10),
    (Event::ManyCalls, 2),
    (Event::Call, 20),
    (Event::EndOfCall, 20),
];

enum News {
    Outcome(Outcome),
    Suspect,
    Renewed,
}

type Post = Arc<Mutex<VecDeque<(NodeId, News)>>>;

struct Line {
    id: NodeId,
    post: Post,
}

impl Line {
    fn send(&self, news: News) -> bool {
        let mut post = self.post.lock().expect("one thread");
        // A mailbox that is full takes no news, but those that must not get lost.
        let room = post.len() < 16 || matches!(news, News::Renewed);
        if room {
            post.push_back((self.id, news));
        }
        room
    }
}

impl NodeEvents for Line {
    fn outcome(&self, outcome: Outcome) -> bool {
        self.send(News::Outcome(outcome))
    }
    fn suspect(&self) -> bool {
        self.send(News::Suspect)
    }
    fn renewed(&self) {
        self.send(News::Renewed);
    }
}

/// What was done to a node, from which follows what must be known of it.
struct Member {
    is_static: bool,
    state: NodeState,
    failed_checks: u32,
    /// Given to those that registered; `None` once it was not renewed in time.
    lease: Option<Instant>,
    has_lost_lease: bool,
    has_left: bool,
}

impl Member {
    fn new(is_static: bool) -> Self {
        let state = NodeState::Down;
        Member { is_static, state, failed_checks: 0, lease: None, has_lost_lease: false, has_left: false }
    }

    fn answered(&mut self) {
        (self.state, self.failed_checks) = (NodeState::Up, 0);
    }

    fn state(&self) -> NodeState {
        if self.has_left || (self.has_lost_lease && !self.is_static) {
            NodeState::Down
        } else {
            self.state
        }
    }
}

/// A call between its pick and its end.
struct Held {
    /// Of the breaker's present life.
    is_probe: bool,
    picked: Picked,
}

struct Judge {
    port: u16,
    breaker: Breaker,
    flags: Arc<BreakerFlags>,
}

pub(super) struct Policies {
    rng: fastrand::Rng,
    now: Instant,
    swept: Instant,
    list: Membership,
    table: RoutingTable,
    view: ClusterView,
    post: Post,
    judges: Arc<Mutex<BTreeMap<NodeId, Judge>>>,
    members: BTreeMap<u16, Member>,
    held: Vec<Held>,
    ports: u16,
    events: Vec<Event>,
    policy: BalancePolicy,
    /// Nodes that fail many of their calls.
    bad: Vec<u16>,
    pub(super) ejections: u64,
}

const HEALTH: HealthConfig =
    HealthConfig { interval: Some(Duration::from_secs(1)), timeout: Duration::from_secs(1), failures: 2 };

fn methods(port: u16) -> Vec<MethodInfo> {
    let names = ["all", if port % 2 == 0 { "even" } else { "odd" }];
    names.map(MethodInfo::named).into()
}

fn tags(port: u16) -> Tags {
    Tags::from([("zone".to_owned(), if port % 3 == 0 { "a" } else { "b" }.to_owned())])
}

fn weight(port: u16) -> u32 {
    1 + u32::from(port % 2)
}

impl Policies {
    pub(super) fn new(seed: u64, now: Instant) -> Self {
        fastrand::seed(seed);
        let mut rng = fastrand::Rng::with_seed(seed);
        let (post, judges) = (Post::default(), Arc::<Mutex<BTreeMap<NodeId, Judge>>>::default());
        let ports = [1, 2, 3, 6, 9][rng.usize(..5)];
        let statics: Vec<u16> = (1..=ports).filter(|_| rng.bool()).collect();
        let make_entry = {
            let (post, judges) = (post.clone(), judges.clone());
            Box::new(move |id, url: &_| {
                let flags = Arc::<BreakerFlags>::default();
                let port = port_of(PeerUrl::as_str(url));
                let judge = Judge { port, breaker: Breaker::new(BREAKER), flags: flags.clone() };
                judges.lock().expect("one thread").insert(id, judge);
                Arc::new(NodeEntry::new(id, PeerUrl::clone(url), flags, Box::new(Line { id, post: post.clone() }), now))
            })
        };
        let config = MembershipConfig { own_instance: "self".into(), lease: LEASE, health: HEALTH };
        let urls: Vec<PeerUrl> = statics.iter().map(|port| url(*port)).collect();
        let policies = BalancePolicy::NAMES.map(|(_, policy)| policy);
        Policies {
            list: Membership::new(config, &urls, make_entry, now),
            table: RoutingTable::default(),
            view: ClusterView::default(),
            now,
            swept: now,
            post,
            judges,
            members: statics.into_iter().map(|port| (port, Member::new(true))).collect(),
            held: Vec::new(),
            ports,
            events: ODDS.iter().flat_map(|(event, most)| vec![*event; rng.usize(1..=*most)]).collect(),
            policy: policies[rng.usize(..4)],
            bad: (1..=ports).filter(|_| rng.u8(..) < 80).collect(),
            rng,
            ejections: 0,
        }
    }

    /// Does `steps` things, and compares after each.
    pub(super) fn run(&mut self, steps: usize) -> Result<(), String> {
        self.publish();
        for step in 0..steps {
            let did = self.step().map_err(|error| format!("step {step}: {error}"))?;
            self.compare().map_err(|error| format!("step {step}, {did:?}: {error}"))?;
        }
        self.held.clear();
        self.compare()
    }

    fn step(&mut self) -> Result<Event, String> {
        let port = self.rng.u16(1..=self.ports);
        let event = self.events[self.rng.usize(..self.events.len())];
        match event {
            Event::TimePasses => self.pass(),
            Event::Join => self.join(port),
            Event::Heartbeat => self.beat(port),
            Event::Leave => self.part(port),
            Event::Checks => self.check(),
            Event::NewsArrive => self.deliver(),
            Event::ManyCalls => self.many(40 * usize::from(self.ports))?,
            Event::Call => self.pick()?,
            Event::EndOfCall => {
                let index = self.rng.usize(..=self.held.len());
                self.settle(index);
            }
        }
        Ok(event)
    }

    fn publish(&mut self) {
        if self.list.take_changed() {
            self.table = self.list.table(&self.table);
        }
        self.view = self.list.view(self.now);
    }

    fn pass(&mut self) {
        let jump = if self.rng.u8(..) < 12 { self.rng.u64(1000..5000) } else { self.rng.u64(0..=600) };
        self.now += Duration::from_millis(jump);
        let mut due = Vec::new();
        for (id, judge) in self.judges.lock().expect("one thread").iter_mut() {
            if judge.breaker.tick(self.now) {
                due.push(*id);
            }
        }
        due.into_iter().for_each(|id| self.changed(id));
        if self.now - self.swept < SWEEP {
            return;
        }
        let gap = self.now - self.swept;
        self.swept = self.now;
        for member in self.members.values_mut() {
            let Some(lease) = &mut member.lease else { continue };
            if gap >= Duration::from_secs(1) && !member.has_lost_lease {
                *lease += gap;
            }
            let is_over = *lease <= self.now && !member.has_lost_lease;
            if is_over && member.is_static {
                member.lease = None;
                if member.state != NodeState::Down {
                    member.state = NodeState::Suspect;
                }
            } else if is_over {
                member.has_lost_lease = true;
            }
        }
        let now = self.now;
        self.members.retain(|_, member| {
            let forgotten = |lease: Instant| lease + Duration::from_secs(60) <= now;
            member.is_static || !(member.has_lost_lease && member.lease.is_some_and(forgotten))
        });
        self.list.sweep(self.now);
        self.publish();
    }

    fn join(&mut self, port: u16) {
        let joining = Joining {
            url: url(port),
            instance: Some(port.to_string()),
            methods: Some(methods(port).into()),
            declared: true,
            tags: tags(port),
            weight: weight(port),
            version: String::new(),
        };
        self.list.admit(joining, self.now).expect("there is room");
        let member = self.members.entry(port).or_insert_with(|| Member::new(false));
        member.answered();
        member.lease = Some(self.now + LEASE);
        (member.has_lost_lease, member.has_left) = (false, false);
        self.publish();
    }

    fn beat(&mut self, port: u16) {
        let beat = Heartbeat { instance: port.to_string(), inflight: 0, queue: 0, cpu: 0.0 };
        let reply = self.list.beat(beat, self.now);
        let now = self.now;
        if let Some(member) = self.members.get_mut(&port).filter(|member| member.lease.is_some()) {
            assert!(reply.known, "{port} is a member");
            member.lease = Some(now + LEASE);
            if std::mem::take(&mut member.has_lost_lease) && member.state == NodeState::Suspect {
                member.answered();
            }
        }
        self.publish();
    }

    fn part(&mut self, port: u16) {
        let parted = self.list.part(&port.to_string());
        if let Some(member) = self.members.get_mut(&port).filter(|_| parted) {
            (member.has_left, member.lease) = (true, None);
            if !member.is_static {
                self.members.remove(&port);
            }
        }
        self.publish();
    }

    fn check(&mut self) {
        for check in self.list.due_checks(self.now) {
            let port = port_of(check.url.as_str());
            let failed = |failure| (CheckOutcome::Failed(failure), Some(failure));
            let (outcome, failure) = match self.rng.u8(..20) {
                0 => failed(CheckFailure::Gone),
                1 => failed(CheckFailure::Lost),
                2 => failed(CheckFailure::Silent),
                3 => (self.info(port, true), Some(CheckFailure::Gone)),
                _ => (self.info(port, false), None),
            };
            self.list.checked(check.id, outcome, self.now);
            let Some(member) = self.members.get_mut(&port) else { continue };
            match failure {
                None => member.answered(),
                Some(failure) => {
                    member.failed_checks += 1;
                    let is_down = member.state == NodeState::Down
                        || failure == CheckFailure::Gone
                        || member.failed_checks >= HEALTH.failures;
                    member.state = if is_down { NodeState::Down } else { NodeState::Suspect };
                }
            }
        }
        self.publish();
    }

    fn info(&self, port: u16, draining: bool) -> CheckOutcome {
        CheckOutcome::Info(Box::new(NodeInfo {
            server_type: "node".into(),
            instance: port.to_string(),
            methods: methods(port),
            tags: tags(port),
            weight: weight(port),
            draining,
            ..NodeInfo::default()
        }))
    }

    /// Some of the news reach breakers and the list.
    fn deliver(&mut self) {
        for _ in 0..self.rng.usize(1..=16) {
            let Some((id, news)) = self.post.lock().expect("one thread").pop_front() else { return };
            match news {
                News::Outcome(outcome) => {
                    let mut judges = self.judges.lock().expect("one thread");
                    let judge = judges.get_mut(&id).expect("made with the node");
                    let changed = judge.breaker.hear(outcome, self.now);
                    let attention =
                        judge.breaker.state() != CircuitState::Closed || judge.breaker.consecutive_failures() > 0;
                    judge.flags.attention.store(attention, Relaxed);
                    drop(judges);
                    if changed {
                        self.changed(id);
                    }
                }
                News::Suspect => {
                    let port = self.judges.lock().expect("one thread").get(&id).map(|judge| judge.port);
                    let port = port.filter(|port| self.id(*port) == Some(id));
                    self.list.suspect(id, self.now);
                    if let Some(member) = port.and_then(|port| self.members.get_mut(&port)) {
                        if member.state != NodeState::Down {
                            member.state = NodeState::Suspect;
                        }
                    }
                }
                News::Renewed => {
                    let mut judges = self.judges.lock().expect("one thread");
                    let judge = judges.get_mut(&id).expect("made with the node");
                    judge.breaker = Breaker::new(BREAKER);
                    judge.flags.free_probe();
                    judge.flags.attention.store(false, Relaxed);
                    drop(judges);
                    self.held.iter_mut().filter(|held| held.picked.id() == id).for_each(|held| held.is_probe = false);
                    self.changed(id);
                }
            }
            self.publish();
        }
    }

    /// What a breaker lets through now is in the list and, if it is half-open, there is a probe to be had.
    fn changed(&mut self, id: NodeId) {
        let judges = self.judges.lock().expect("one thread");
        let state = judges[&id].breaker.state();
        if state == CircuitState::HalfOpen {
            judges[&id].flags.free_probe();
        }
        drop(judges);
        self.list.circuit(id, state, self.now);
        self.publish();
    }

    /// A call of some method, with or without tags, that has been to some nodes already.
    fn pick(&mut self) -> Result<(), String> {
        let method = ["all", "even", "odd"][self.rng.usize(..3)];
        let tags = if self.rng.u8(..) < 64 { tags(self.rng.u16(1..=3)) } else { Tags::new() };
        let tried: Vec<u16> = (1..=self.ports).filter(|_| self.rng.u8(..) < 40).collect();
        self.call(method, &tags, &tried)
    }

    fn call(&mut self, method: &str, tags: &Tags, tried: &[u16]) -> Result<(), String> {
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

    /// Calls that end at once, enough to tell good nodes from bad ones.
    fn many(&mut self, count: usize) -> Result<(), String> {
        for _ in 0..count {
            self.call("all", &Tags::new(), &[])?;
            self.settle(self.held.len().saturating_sub(1));
        }
        Ok(())
    }

    fn settle(&mut self, index: usize) {
        if index >= self.held.len() {
            return;
        }
        let Held { picked, .. } = self.held.swap_remove(index);
        let is_bad = self.bad.contains(&port_of(picked.url().as_str()));
        let verdict = match self.rng.u8(..100) {
            // Nobody is told.
            0..=4 => return,
            5..=9 => Verdict::Nothing,
            10..=74 if is_bad => Verdict::Failed,
            10..=12 => Verdict::Failed,
            _ => Verdict::Worked,
        };
        if verdict == Verdict::Failed && self.rng.u8(..) < 16 {
            picked.suspect();
        }
        picked.settle(verdict, self.now);
    }

    /// What must be the case, whatever happened.
    fn compare(&mut self) -> Result<(), String> {
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
            let is_silent = state == NodeState::Up && node.state == NodeState::Suspect && member.lease.is_some();
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
        let (usable, ejected) = usable.fold((0, 0), |(all, some), node| (all + 1, some + usize::from(is_ejected(node))));
        let before = std::mem::replace(&mut self.ejections, self.view.events.ejected);
        if self.ejections > before && ejected > outlier::most_ejected(usable) {
            return Err(format!("{ejected} of {usable} nodes are ejected"));
        }
        Ok(())
    }

    /// A probe is under way, or its breaker has not heard yet what it came to.
    fn is_probed(&self, port: u16) -> bool {
        let Some(id) = self.id(port) else { return false };
        let is_probe = |(of, news): &(NodeId, News)| {
            *of == id && matches!(news, News::Outcome(Outcome { probe: true, .. }))
        };
        self.held.iter().any(|held| held.picked.id() == id && held.is_probe)
            || self.post.lock().expect("one thread").iter().any(is_probe)
    }

    fn state(&self, id: NodeId) -> CircuitState {
        let judges = self.judges.lock().expect("one thread");
        judges.get(&id).map_or(CircuitState::Closed, |judge| judge.breaker.state())
    }

    /// The latest node at `port`.
    fn id(&self, port: u16) -> Option<NodeId> {
        let judges = self.judges.lock().expect("one thread");
        judges.iter().rev().find(|(_, judge)| judge.port == port).map(|(id, _)| *id)
    }
}

#[derive(Default)]
struct Tier {
    closed: Vec<u16>,
    probing: Vec<u16>,
}

fn port_of(url: &str) -> u16 {
    let digits = url.rsplit(':').next().unwrap_or_default();
    digits.parse().expect("every node has a port")
}
