//! One schedule: a cluster and what befalls it, all drawn from a seed.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{sleep, timeout};

use super::agents;
use super::nodes::{Kind, Method, Mood, Node, Presence, METHODS, MOODS};
use super::world::Sim;
use crate::actors::clock;
use crate::actors::cluster::{BalancePolicy, BreakerConfig, ClusterConfig, HealthConfig};
use crate::actors::{Cluster, OrchestratorHandle};
use crate::policy::admission::Admission;
use crate::policy::pool::Tags;
use crate::protocol::{Call, CallScope, IdempotencyKey, JsonText};

/// Numbers of calls that have a key lie beyond those of all others.
const KEYED: u64 = 1 << 32;

const KINDS: [Kind; 6] = [Kind::Static, Kind::Static, Kind::Registers, Kind::Registers, Kind::Both, Kind::Foreign];

/// What may befall a cluster. A schedule has but some kinds of it, which takes it further into each.
const EVENTS: [Event; 15] = [
    Event::Call,
    Event::Call,
    Event::Call,
    Event::Call,
    Event::Batch,
    Event::Batch,
    Event::LossyFlow,
    Event::Mood,
    Event::Mood,
    Event::Die,
    Event::Restart,
    Event::Drain,
    Event::Leave,
    Event::Return,
    Event::Stall,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Call,
    Batch,
    /// One call after the other to a node that loses its connections.
    LossyFlow,
    Mood,
    Die,
    Restart,
    Drain,
    Leave,
    Return,
    Stall,
}

pub(super) struct Stage {
    pub(super) sim: Sim,
    pub(super) cluster: Cluster,
    orchestrators: Vec<OrchestratorHandle>,
    pub(super) admission: Admission,
    rng: fastrand::Rng,
    events: Vec<Event>,
    moods: Vec<Mood>,
    methods: Vec<Method>,
    longest_ms: u64,
}

impl Stage {
    pub(super) fn set(seed: u64) -> Stage {
        let mut rng = fastrand::Rng::with_seed(seed);
        fastrand::seed(rng.u64(..));
        let (count, alike) = (rng.u16(1..=6), rng.bool());
        let nodes: Vec<Node> =
            (1..=count).map(|port| Node::new(port, pick(&mut rng, &KINDS), rng.u32(1..=3), alike)).collect();
        let config = config(&nodes, &mut rng);
        let every = config.lease / 3;
        let sim = Sim::new(rng.u64(..), nodes, config.clone());
        let cluster = Cluster::start(config, sim.factory());
        sim.world().cluster = Some(cluster.clone());
        actix_rt::spawn(agents::watch(sim.clone(), cluster.clone()));
        for node in 0..usize::from(count) {
            let kind = sim.world().nodes[node].kind;
            sim.world().note(format!("node {node}: {kind:?}"));
            if sim.world().nodes[node].registers() {
                actix_rt::spawn(agents::serve(sim.clone(), cluster.clone(), node, every));
            }
        }
        let start = |_| OrchestratorHandle::start(cluster.clone(), sim.factory()());
        sim.world().lossy = rng.bool();
        Stage {
            orchestrators: (0..rng.usize(1..=2)).map(start).collect(),
            sim,
            cluster,
            admission: Admission::new(1 << 16),
            events: [some(&mut rng, &EVENTS), vec![Event::Restart, Event::Return]].concat(),
            moods: some(&mut rng, &MOODS),
            methods: some(&mut rng, &METHODS),
            longest_ms: pick(&mut rng, &[300, 3000, 6000]),
            rng,
        }
    }

    /// Everything happens, and all that began is left to itself.
    pub(super) async fn play(&mut self) {
        sleep(Duration::from_millis(self.rng.u64(0..3000))).await;
        match self.rng.u8(..) {
            // It must be known how long they take before one of them can be late.
            0..=40 => self.many(METHODS[1], 2, 32).await,
            // And how often a node fails, or how long it takes, before it can be compared with others.
            41..=65 => {
                let nodes = self.sim.world().nodes.len();
                for node in 0..self.rng.usize(1..=nodes) {
                    let bad = pick(&mut self.rng, &[Mood::Fails, Mood::FailsHalf, Mood::Slow]);
                    self.with(node, |node| node.mood = bad);
                }
                self.many(METHODS[0], 6, 16 * nodes).await;
            }
            _ => {}
        }
        for _ in 0..self.rng.usize(20..=100) {
            let event = pick(&mut self.rng, &self.events);
            self.befall(event).await;
            let longest = if self.rng.u8(..) < 12 { self.longest_ms } else { 40 };
            sleep(Duration::from_millis(self.rng.u64(0..=longest))).await;
        }
    }

    /// Batches of calls that are alike.
    async fn many(&mut self, method: Method, batches: usize, calls: usize) {
        for _ in 0..batches {
            let batch = (0..calls).map(|_| (method, self.of(method, Duration::from_secs(5)))).collect();
            self.send_batch(batch, None);
            sleep(Duration::from_millis(500)).await;
        }
    }

    async fn befall(&mut self, event: Event) {
        let node = self.rng.usize(..self.sim.world().nodes.len());
        let now = clock::now();
        match event {
            Event::Call => {
                let call = self.call();
                let patience = self.patience();
                self.send(call, patience);
            }
            Event::Batch => {
                let most = if self.rng.u8(..) < 25 { 150 } else { 12 };
                let count = self.rng.usize(0..=most);
                let calls = (0..count).map(|_| self.call()).collect();
                let patience = self.patience();
                self.send_batch(calls, patience);
            }
            Event::LossyFlow => {
                let mood = pick(&mut self.rng, &[Mood::LosesBefore, Mood::LosesAfter]);
                let tags = self.sim.world().nodes[node].tags.clone();
                self.with(node, |node| node.mood = mood);
                for _ in 0..self.rng.usize(5..=30) {
                    let mut call = self.of(METHODS[2], Duration::from_secs(2));
                    call.scope.tags = tags.clone();
                    self.send((METHODS[2], call), None);
                    sleep(Duration::from_millis(20)).await;
                }
            }
            Event::Mood => {
                let mood = pick(&mut self.rng, &self.moods);
                self.with(node, |node| node.mood = mood);
                self.sim.world().note(format!("node {node} is {mood:?}"));
            }
            Event::Die => {
                let presence = if self.rng.bool() { Presence::Dead } else { Presence::Vanished };
                self.with(node, |node| node.turn(presence, now));
                self.sim.world().note(format!("node {node} is {presence:?}"));
            }
            Event::Restart => {
                let same = self.rng.bool();
                self.with(node, |node| node.restart(same, now));
                self.sim.world().note(format!("node {node} starts again, as the same: {same}"));
            }
            Event::Drain => {
                self.with(node, |node| match node.presence {
                    Presence::Serving => node.turn(Presence::Draining, now),
                    Presence::Draining => node.turn(Presence::Serving, now),
                    _ => {}
                });
                let presence = self.sim.world().nodes[node].presence;
                self.sim.world().note(format!("node {node} is {presence:?}"));
            }
            Event::Leave => drop(actix_rt::spawn(agents::leave(self.sim.clone(), self.cluster.clone(), node))),
            Event::Return => self.with(node, |node| {
                if node.presence == Presence::Left && node.farewell {
                    node.registered = false;
                    node.turn(Presence::Serving, now);
                }
            }),
            Event::Stall => {
                let length = Duration::from_millis(self.rng.u64(100..=4000));
                self.sim.world().stand_still(length);
                tokio::time::advance(length).await;
            }
        }
    }

    fn with(&self, node: usize, change: impl FnOnce(&mut Node)) {
        change(&mut self.sim.world().nodes[node]);
    }

    /// Everybody is there again and does well.
    pub(super) fn mend(&mut self) {
        let world = &mut *self.sim.world();
        world.note("all is mended".into());
        let now = clock::now();
        world.lossy = false;
        world.mended = true;
        for node in &mut world.nodes {
            node.mood = Mood::Well;
            match node.presence {
                Presence::Serving => {}
                Presence::Draining => node.turn(Presence::Serving, now),
                Presence::Left | Presence::Dead | Presence::Vanished => node.restart(self.rng.bool(), now),
            }
        }
    }

    /// A call for each node that asks for it by its tags, or several for each that may go anywhere.
    pub(super) fn ask_everybody(&mut self, by_tags: bool) {
        let tags: Vec<Tags> = self.sim.world().nodes.iter().map(|node| node.tags.clone()).collect();
        for tags in tags {
            for _ in 0..if by_tags { 1 } else { 4 } {
                let mut call = self.of(METHODS[0], Duration::from_secs(2));
                call.scope.tags = if by_tags { tags.clone() } else { Tags::new() };
                self.send((METHODS[0], call), None);
            }
        }
    }

    /// A node that has not been used since all was mended, both for itself and by the balance.
    pub(super) fn unused(&self) -> Option<usize> {
        self.sim.world().nodes.iter().position(|node| {
            let was_asked_for = node.kind == Kind::Foreign || node.alike || node.served[0] > 0;
            !was_asked_for || node.served[1] == 0
        })
    }

    fn patience(&mut self) -> Option<Duration> {
        (self.rng.u8(..) < 25).then(|| Duration::from_millis(self.rng.u64(0..200)))
    }

    /// A call of some kind.
    fn call(&mut self) -> (Method, Call) {
        let method = pick(&mut self.rng, &self.methods);
        let longest = if self.rng.bool() { 300 } else { 5000 };
        let timeout = Duration::from_millis(self.rng.u64(20..=longest));
        let mut call = self.of(method, timeout);
        match self.rng.u8(..) {
            0..=20 => drop(call.scope.tags.insert("zone".into(), pick(&mut self.rng, &["a", "b", "c"]).into())),
            21..=40 => drop(call.scope.tags.insert("node".into(), self.rng.u8(1..=6).to_string())),
            41..=70 => {
                let key = self.rng.u64(..6);
                call.scope.idempotency_key = IdempotencyKey::new(0, format!("key {key}")).ok();
                // Its number is the key's, and now and then that of another call which has the same key.
                let other = u64::from(self.rng.u8(..) < 10);
                let number = KEYED + 2 * (key * 8 + self.index_of(method)) + other;
                call.params = Some(JsonText::from_trusted(format!("[{number}]")));
            }
            _ => {}
        }
        (method, call)
    }

    fn index_of(&self, method: Method) -> u64 {
        METHODS.iter().map(|of| of.name).take_while(|name| *name != method.name).count() as u64
    }

    fn of(&self, method: Method, timeout: Duration) -> Call {
        let number = self.sim.world().number();
        let scope = CallScope { deadline: clock::now() + timeout, ..CallScope::root(timeout) };
        Call::new(method.name, Some(JsonText::from_trusted(format!("[{number}]"))), scope)
    }

    fn orchestrator(&mut self) -> OrchestratorHandle {
        let index = self.rng.usize(..self.orchestrators.len());
        self.orchestrators[index].clone()
    }

    fn send(&mut self, (method, call): (Method, Call), patience: Option<Duration>) {
        let client = self.sim.world().expect(method, &call);
        let permit = self.admission.admit(1, 0).expect("room");
        let result = self.orchestrator().forward(call, permit);
        let sim = self.sim.clone();
        actix_rt::spawn(async move {
            let result = match patience {
                Some(patience) => timeout(patience, result).await.ok(),
                None => Some(result.await),
            };
            sim.world().end(client, result.as_ref());
        });
    }

    fn send_batch(&mut self, calls: Vec<(Method, Call)>, patience: Option<Duration>) {
        let clients: Vec<u64> = calls.iter().map(|(method, call)| self.sim.world().expect(*method, call)).collect();
        let permit = self.admission.admit(calls.len(), 0).expect("room");
        let calls = calls.into_iter().map(|(_, call)| call).collect();
        let mut results = self.orchestrator().forward_batch(calls, permit);
        let sim = self.sim.clone();
        actix_rt::spawn(async move {
            let mut open = clients.clone();
            let answers = async {
                while let Some((index, result)) = results.next().await {
                    open.retain(|client| *client != clients[index]);
                    sim.world().end(clients[index], Some(&result));
                }
            };
            // Those that are left when their caller leaves have nothing.
            let _ = timeout(patience.unwrap_or(Duration::from_secs(3600)), answers).await;
            open.into_iter().for_each(|client| sim.world().end(client, None));
        });
    }
}

fn pick<T: Copy>(rng: &mut fastrand::Rng, of: &[T]) -> T {
    of[rng.usize(..of.len())]
}

/// One of them at least.
fn some<T: Copy>(rng: &mut fastrand::Rng, of: &[T]) -> Vec<T> {
    let mut chosen = of.to_vec();
    rng.shuffle(&mut chosen);
    chosen.truncate(rng.usize(1..=of.len()));
    chosen
}

fn config(nodes: &[Node], rng: &mut fastrand::Rng) -> ClusterConfig {
    let policies = BalancePolicy::NAMES.map(|(_, policy)| policy);
    let millis = Duration::from_millis;
    ClusterConfig {
        static_nodes: nodes.iter().filter(|node| node.is_static()).map(|node| node.url.clone()).collect(),
        policy: pick(rng, &policies),
        breaker: BreakerConfig {
            failure_threshold: pick(rng, &[1, 2, 5, 50]),
            open_for: millis(pick(rng, &[200, 600, 2000])),
            backoff_multiplier: rng.u32(1..=3),
        },
        health: HealthConfig {
            interval: (rng.u8(..) < 220).then(|| millis(rng.u64(500..=5000))),
            timeout: millis(rng.u64(200..=2000)),
            failures: rng.u32(1..=3),
        },
        retries: rng.u32(0..=3),
        lease: millis(rng.u64(900..=3600)),
        cluster_token: None,
        instance: "orchestrator".into(),
        metrics: crate::metrics::Metrics::new(),
    }
}
