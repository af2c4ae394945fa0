//! The policies alone, by a clock that is moved by hand: the list of nodes, the tables that are made of it, and breakers
//! that hear of outcomes late. Compared with what follows naively from all that was done.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use self::breakers::{Judge, Line, News, Post};
use self::naive::Member;
use crate::actors::fake_peers::url;
use crate::policy::balance::BalancePolicy;
use crate::policy::health::{CheckFailure, HealthConfig};
use crate::policy::joining::Joining;
use crate::policy::membership::{CheckOutcome, ClusterView, Membership, MembershipConfig};
use crate::policy::node::{BreakerFlags, NodeEntry, NodeId, Picked, Verdict};
use crate::policy::pool::Tags;
use crate::policy::routing::RoutingTable;
use crate::protocol::membership::{Heartbeat, NodeInfo};
use crate::protocol::{MethodInfo, PeerUrl};

mod breakers;
mod comparison;
mod naive;

/// How often leases are looked at.
const SWEEP: Duration = Duration::from_millis(200);
const LEASE: Duration = Duration::from_millis(2400);

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
    (Event::Join, 20),
    (Event::Heartbeat, 20),
    (Event::Leave, 2),
    (Event::Checks, 10),
    (Event::NewsArrive, 40),
    (Event::ManyCalls, 2),
    (Event::Call, 20),
    (Event::EndOfCall, 20),
];

/// A call between its pick and its end.
struct Held {
    /// Of the breaker's present life.
    is_probe: bool,
    picked: Picked,
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
    /// Of a hundred calls.
    cancelled: u8,
    pub(super) ejections: u64,
}

const HEALTH: HealthConfig =
    HealthConfig { interval: Some(Duration::from_secs(1)), timeout: Duration::from_secs(1), failures: 2 };

fn methods(port: u16) -> Vec<MethodInfo> {
    let names = ["all", if port.is_multiple_of(2) { "even" } else { "odd" }];
    names.map(MethodInfo::named).into()
}

fn tags(port: u16) -> Tags {
    Tags::from([("zone".to_owned(), if port.is_multiple_of(3) { "a" } else { "b" }.to_owned())])
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
                judges.lock().expect("one thread").insert(id, Judge::new(port, flags.clone()));
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
            cancelled: [2, 30][rng.usize(..2)],
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
                // Some are quick, and some outlive much of what happens.
                let last = self.held.len().saturating_sub(1);
                let index = if self.rng.bool() { last } else { self.rng.usize(..=last) };
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
        let due: Vec<NodeId> = {
            let (post, mut judges) = (self.post.lock().expect("one thread"), self.judges.lock().expect("one thread"));
            // An actor has heard all that was said before it sees that its time has come.
            let is_up_to_date = |id: &NodeId| !post.iter().any(|(whom, _)| whom == id);
            let waiting = judges.iter_mut().filter(|(id, _)| is_up_to_date(id));
            waiting.filter_map(|(id, judge)| judge.tick(self.now).then_some(*id)).collect()
        };
        due.into_iter().for_each(|id| self.changed(id));
        let gap = self.now - self.swept;
        if gap >= SWEEP {
            self.swept = self.now;
            self.members.retain(|_, member| !member.swept(gap, self.now));
            self.list.sweep(self.now);
            self.publish();
        }
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
        member.joined(self.now);
        self.publish();
    }

    fn beat(&mut self, port: u16) {
        let beat = Heartbeat { instance: port.to_string(), ..Heartbeat::default() };
        let reply = self.list.beat(beat, self.now);
        if let Some(member) = self.members.get_mut(&port).filter(|member| member.is_registered()) {
            assert!(reply.known, "{port} is a member");
            member.beat(self.now);
        }
        self.publish();
    }

    fn part(&mut self, port: u16) {
        let parted = self.list.part(&port.to_string());
        if let Some(member) = self.members.get_mut(&port).filter(|_| parted) {
            member.left();
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
                Some(failure) => member.failed(failure),
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
            let change = {
                let mut judges = self.judges.lock().expect("one thread");
                let judge = judges.get_mut(&id).expect("made with the node");
                match news {
                    News::Outcome(outcome) => judge.hear(outcome, self.now),
                    News::Renewed => {
                        judge.begin_anew();
                        let its = self.held.iter_mut().filter(|held| held.picked.id() == id);
                        its.for_each(|held| held.is_probe = false);
                        true
                    }
                    News::Suspect => {
                        self.list.suspect(id, self.now);
                        let port = judge.port;
                        drop(judges);
                        let is_present = self.id(port) == Some(id);
                        self.members.get_mut(&port).filter(|_| is_present).into_iter().for_each(Member::suspected);
                        false
                    }
                }
            };
            if change {
                self.changed(id);
            }
            self.publish();
        }
    }

    /// A breaker tells the list what it lets through.
    fn changed(&mut self, id: NodeId) {
        let state = self.state(id);
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
        let Held { picked, .. } = self.held.remove(index);
        let is_bad = self.bad.contains(&port_of(picked.url().as_str()));
        // Nobody is told.
        if self.rng.u8(..100) < self.cancelled {
            return;
        }
        let verdict = match self.rng.u8(..100) {
            0..=4 => Verdict::Nothing,
            5..=74 if is_bad => Verdict::Failed,
            5..=7 => Verdict::Failed,
            _ => Verdict::Worked,
        };
        if verdict == Verdict::Failed && self.rng.u8(..) < 16 {
            picked.suspect();
        }
        picked.settle(verdict, self.now);
    }
}

fn port_of(url: &str) -> u16 {
    let digits = url.rsplit(':').next().unwrap_or_default();
    digits.parse().expect("every node has a port")
}
