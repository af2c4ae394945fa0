//! The nodes of a simulated cluster: what is true of them, whatever their orchestrator believes.

use std::time::{Duration, Instant};

use crate::actors::clock;
use crate::actors::fake_peers::{remote, url, LOST, REFUSED};
use crate::policy::pool::Tags;
use crate::protocol::membership::{NodeInfo, Register};
use crate::protocol::{CallResult, Code, Fault, JsonText, MethodInfo, PeerUrl};

/// A method as all nodes have it, and what follows for its calls.
#[derive(Clone, Copy, Debug)]
pub(super) struct Method {
    pub(super) name: &'static str,
    pub(super) idempotent: bool,
    pub(super) hedge: bool,
    pub(super) timeout_ms: Option<u64>,
}

const fn method(name: &'static str, idempotent: bool, hedge: bool, timeout_ms: Option<u64>) -> Method {
    Method { name, idempotent, hedge, timeout_ms }
}

/// The last one only every second node has.
pub(super) const METHODS: [Method; 5] = [
    method("get", true, false, None),
    method("hedged", true, true, None),
    method("put", false, false, None),
    method("brief", false, false, Some(300)),
    method("rare", true, false, None),
];

/// Whether a process is behind the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    Serving,
    /// Refuses calls, and says so when it is asked.
    Draining,
    /// Has said farewell, and still answers.
    Left,
    /// Connections are refused.
    Dead,
    /// So is nothing: packets get lost.
    Vanished,
}

/// What a process does with calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Well,
    Slow,
    /// The script throws, which is no fault of the node's.
    Throws,
    Fails,
    FailsHalf,
    /// Calls hang; checks are answered.
    Hangs,
    /// As a process that was stopped: takes connections and says nothing.
    Stopped,
    Overloaded,
    LosesBefore,
    LosesAfter,
}

pub(super) const MOODS: [Mood; 10] = [
    Mood::Well,
    Mood::Slow,
    Mood::Throws,
    Mood::Fails,
    Mood::FailsHalf,
    Mood::Hangs,
    Mood::Stopped,
    Mood::Overloaded,
    Mood::LosesBefore,
    Mood::LosesAfter,
];

/// How a node is known to its orchestrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Static,
    /// A server of another make.
    Foreign,
    Registers,
    /// Named by the operator, and registers besides.
    Both,
}

/// What becomes of a call that has arrived.
pub(super) enum Plan {
    Answer(CallResult),
    Never,
    Run(Duration, CallResult),
}

/// Connections to a node that were lost in a row.
#[derive(Debug, Default)]
pub(super) struct Losses {
    in_a_row: u32,
    /// The last one that was not lost together with one before it.
    last: Option<Instant>,
    /// When there were as many as open the breaker.
    enough: Option<Instant>,
    forgotten: Option<Instant>,
}

impl Losses {
    /// A call sent at `sent` is lost. True when that makes `enough` of them.
    pub(super) fn add(&mut self, sent: Instant, now: Instant, enough: u32) -> bool {
        if self.last.is_some_and(|last| sent < last) {
            return false;
        }
        self.last = Some(now);
        // In this very moment the breaker may begin anew.
        if self.forgotten == Some(now) {
            return false;
        }
        self.in_a_row += 1;
        let is_enough = self.in_a_row == enough;
        if is_enough {
            self.enough = Some(now);
        }
        is_enough
    }

    /// The node has answered.
    pub(super) fn end_the_row(&mut self) {
        (self.in_a_row, self.enough) = (0, None);
    }

    pub(super) fn forget(&mut self, now: Instant) {
        self.end_the_row();
        self.forgotten = Some(now);
    }

    /// Whether nothing may be sent as long as the breaker has let no probe through.
    pub(super) fn are_enough(&self, now: Instant) -> bool {
        self.enough.is_some_and(|since| since < now)
    }
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) url: PeerUrl,
    port: u16,
    pub(super) kind: Kind,
    /// It has the same methods and tags as all others, which can be compared with it.
    pub(super) alike: bool,
    pub(super) tags: Tags,
    weight: u32,
    pub(super) presence: Presence,
    pub(super) since: Instant,
    pub(super) mood: Mood,
    /// Processes there have been at the address.
    pub(super) lives: u32,
    instances: u32,
    engine_restarts: u64,
    pub(super) registered: bool,
    pub(super) registering: bool,
    /// Its orchestrator has confirmed the farewell.
    pub(super) farewell: bool,
    /// When a check was told that it drains.
    pub(super) told_to_drain: Option<Instant>,
    /// The process that a check has found last.
    known_life: Option<u32>,
    pub(super) losses: Losses,
    /// When its last heartbeat was taken.
    beat: Option<Instant>,
    /// Calls served since all was mended: those that asked for it, and others.
    pub(super) served: [u32; 2],
}

impl Node {
    pub(super) fn new(port: u16, kind: Kind, weight: u32, alike: bool) -> Self {
        let tag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let zone = tag("zone", if port.is_multiple_of(3) || alike { "a" } else { "b" });
        let own = (!alike).then(|| tag("node", &port.to_string()));
        Node {
            url: url(port),
            port,
            kind,
            alike,
            tags: own.into_iter().chain([zone]).filter(|_| kind != Kind::Foreign).collect(),
            weight,
            presence: Presence::Serving,
            since: clock::now(),
            mood: Mood::Well,
            lives: 0,
            instances: 0,
            engine_restarts: 0,
            registered: false,
            registering: false,
            farewell: false,
            told_to_drain: None,
            known_life: None,
            losses: Losses::default(),
            beat: None,
            served: [0; 2],
        }
    }

    /// A check has the answer of this process: what another one had lost is void.
    pub(super) fn is_recognised(&mut self, life: u32) {
        if self.known_life.replace(life) != Some(life) {
            self.losses.forget(clock::now());
        }
    }

    /// It may be taken for dead, until it is heard of again: then it begins anew.
    pub(super) fn is_missed(&mut self) {
        self.is_to_be_recognised();
    }

    /// A heartbeat was taken. One that comes late may find its node taken for dead.
    pub(super) fn is_heard(&mut self, lease: Duration) {
        let now = clock::now();
        if self.beat.replace(now).is_none_or(|last| now.saturating_duration_since(last) >= lease.mul_f64(0.8)) {
            self.is_to_be_recognised();
        }
    }

    /// It has registered, which makes all that was lost void, and so does the next check.
    pub(super) fn is_to_be_recognised(&mut self) {
        self.known_life = None;
        self.losses.forget(clock::now());
    }

    pub(super) fn is_static(&self) -> bool {
        self.kind != Kind::Registers
    }

    pub(super) fn registers(&self) -> bool {
        matches!(self.kind, Kind::Registers | Kind::Both)
    }

    pub(super) fn instance(&self) -> String {
        format!("{}-{}", self.port, self.instances)
    }

    pub(super) fn has(&self, method: &str) -> bool {
        self.kind == Kind::Foreign || self.alike || method != "rare" || self.port.is_multiple_of(2)
    }

    fn methods(&self) -> Vec<MethodInfo> {
        let having = METHODS.iter().filter(|method| self.has(method.name));
        let info = |method: &Method| MethodInfo {
            idempotent: method.idempotent,
            hedge: method.hedge,
            timeout_ms: method.timeout_ms,
            ..MethodInfo::named(method.name)
        };
        having.map(info).collect()
    }

    pub(super) fn turn(&mut self, presence: Presence, now: Instant) {
        self.presence = presence;
        self.since = now;
        self.told_to_drain = None;
    }

    /// Another process begins where the last one ended, as the same instance or as another one.
    pub(super) fn restart(&mut self, same_instance: bool, now: Instant) {
        self.lives += 1;
        self.registered = false;
        self.farewell = false;
        if same_instance {
            self.engine_restarts += 1;
        } else {
            self.instances += 1;
            self.engine_restarts = 0;
        }
        self.turn(Presence::Serving, now);
    }

    pub(super) fn registration(&self) -> Register {
        Register {
            node_url: self.url.to_string(),
            methods: Some(self.methods()),
            tags: self.tags.clone(),
            weight: self.weight,
            version: "1".into(),
            instance: Some(self.instance()),
            link_key: None,
        }
    }

    /// What a check finds; `None` is silence.
    pub(super) fn info(&self, rng: &mut fastrand::Rng) -> Option<CallResult> {
        match (self.presence, self.mood) {
            (Presence::Dead, _) => return Some(Err(REFUSED)),
            (Presence::Vanished, _) | (_, Mood::Stopped) => return None,
            _ if self.kind == Kind::Foreign => return Some(Err(remote(Code::METHOD_NOT_FOUND, None))),
            (Presence::Serving, Mood::Overloaded) if rng.bool() => {
                return Some(Err(remote(Code::OVERLOADED, Some(Fault::Refused))))
            }
            _ => {}
        }
        let info = NodeInfo {
            server_type: "node".into(),
            instance: self.instance(),
            version: "1".into(),
            methods: self.methods(),
            tags: self.tags.clone(),
            weight: self.weight,
            engine_restarts: self.engine_restarts,
            draining: self.presence == Presence::Draining,
        };
        Some(JsonText::of(&info))
    }

    /// What it does with call `id`.
    pub(super) fn receive(&self, id: u64, rng: &mut fastrand::Rng) -> Plan {
        let ours = |fault| Some(fault).filter(|_| self.kind != Kind::Foreign);
        let quick = Duration::from_millis(rng.u64(1..=10));
        let works = || JsonText::of(&id);
        let fails = || Err(remote(Code::INTERNAL, ours(Fault::Failed)));
        match (self.presence, self.mood) {
            (Presence::Dead, _) => Plan::Answer(Err(REFUSED)),
            (Presence::Vanished, _) | (_, Mood::Stopped) => Plan::Never,
            (Presence::Draining, _) if self.kind != Kind::Foreign => {
                Plan::Answer(Err(remote(Code::OVERLOADED, Some(Fault::Draining))))
            }
            (_, Mood::Well) => Plan::Run(quick, works()),
            (_, Mood::Slow) => Plan::Run(Duration::from_millis(rng.u64(100..=800)), works()),
            (_, Mood::Throws) => Plan::Run(quick, Err(remote(Code::SCRIPT, None))),
            (_, Mood::Fails) => Plan::Run(quick, fails()),
            (_, Mood::FailsHalf) => Plan::Run(quick, if rng.bool() { works() } else { fails() }),
            (_, Mood::Hangs) => Plan::Run(Duration::from_secs(3600), works()),
            (_, Mood::Overloaded) => Plan::Answer(Err(remote(Code::OVERLOADED, ours(Fault::Refused)))),
            (_, Mood::LosesBefore) => Plan::Answer(Err(LOST)),
            (_, Mood::LosesAfter) => Plan::Run(quick, Err(LOST)),
        }
    }
}
