//! One node as the threads that route calls share it.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::breaker::Outcome;
use super::latency::Latency;
use super::tally::{Figures, Tally};
use crate::protocol::{CallError, CallResult, Code, Fault, PeerUrl};

/// A call that had less time than this and ran out of it says nothing about the node: clients choose deadlines.
const TELLING_TIMEOUT: Duration = Duration::from_secs(1);

/// Calls that are lost within so many milliseconds are lost together, by one connection that many had shared.
const TOGETHER_MS: u64 = 100;

/// Identifies a node within this process. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u64);

/// Who hears about a node. Told by every thread that routes; must not block.
pub trait NodeEvents: Send + Sync {
    /// A call ended. False when the news could not be taken.
    fn outcome(&self, outcome: Outcome) -> bool;
    /// A call could not be delivered. False when the news could not be taken.
    fn suspect(&self) -> bool;
    /// The node behind the address is another one, or came back: what was counted is void.
    fn renewed(&self);
}

/// What of a node outlives each `RoutingTable`: its address and its counters.
pub struct NodeEntry {
    /// Its id.
    pub id: NodeId,
    /// Its address.
    pub url: PeerUrl,
    inflight: AtomicUsize,
    request_count: AtomicU64,
    last_request_ms: AtomicU64,
    /// When it was first seen; times that threads share are told from then.
    since: Instant,
    heard_ms: AtomicU64,
    lost_ms: AtomicU64,
    latency: Latency,
    tally: Tally,
    breaker: Arc<BreakerFlags>,
    suspected: AtomicBool,
    events: Box<dyn NodeEvents>,
}

/// What a breaker and those who route share without a message. Successes of a healthy node go unreported, which keeps
/// the breaker off the path of every call.
#[derive(Debug, Default)]
pub struct BreakerFlags {
    /// The breaker wants to hear of successes, too.
    pub attention: AtomicBool,
    /// The one call that HalfOpen lets through, by its number, while it is under way; else 0.
    probe: AtomicU64,
    probes: AtomicU64,
    /// For people to see.
    pub consecutive_failures: AtomicU32,
}

impl BreakerFlags {
    /// HalfOpen may let another call through. The last one is no probe any more, however long it still takes.
    pub fn free_probe(&self) {
        self.probe.store(0, Ordering::Release);
    }

    /// The number of a new probe, unless there is one.
    pub(crate) fn take_probe(&self) -> Option<u64> {
        if self.probe.load(Ordering::Relaxed) != 0 {
            return None;
        }
        let number = 1 + self.probes.fetch_add(1, Ordering::Relaxed);
        self.probe.compare_exchange(0, number, Ordering::AcqRel, Ordering::Relaxed).ok().map(|_| number)
    }

    fn is_probe(&self, number: u64) -> bool {
        self.probe.load(Ordering::Acquire) == number
    }

    fn give_back_probe(&self, number: u64) {
        let _ = self.probe.compare_exchange(number, 0, Ordering::AcqRel, Ordering::Relaxed);
    }
}

/// What the end of a call says about the node that had it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It did its part.
    Worked,
    /// It did not.
    Failed,
    /// The connection was lost.
    Lost,
    /// It had not answered when the time was up: a failure if nothing else was heard of it either. A node that is slow,
    /// or runs a slow method, is not to be taken for a dead one.
    Silent,
    /// Nothing either way.
    Nothing,
}

impl Verdict {
    /// Judges `result` of a call that had `allowed` time when it was sent.
    pub fn of(result: &CallResult, allowed: Duration) -> Verdict {
        match result {
            Ok(_) => Verdict::Worked,
            Err(CallError::Cancelled) => Verdict::Nothing,
            // It would not even look at the call, as an overloaded node should.
            Err(CallError::Remote(remote)) if matches!(remote.fault, Some(Fault::Refused | Fault::Draining)) => {
                Verdict::Nothing
            }
            Err(error) if !error.meaning().breaker_counts => Verdict::Worked,
            // It says so itself.
            Err(CallError::Remote(remote)) if remote.code == Code::TIMEOUT => Verdict::Nothing,
            Err(CallError::Timeout) if allowed < TELLING_TIMEOUT => Verdict::Nothing,
            Err(CallError::Timeout) => Verdict::Silent,
            Err(CallError::Unreachable { sent: true }) => Verdict::Lost,
            Err(_) => Verdict::Failed,
        }
    }
}

impl NodeEntry {
    /// A node with nothing in flight, first seen `now`.
    pub fn new(
        id: NodeId,
        url: PeerUrl,
        breaker: Arc<BreakerFlags>,
        events: Box<dyn NodeEvents>,
        now: Instant,
    ) -> Self {
        NodeEntry {
            id,
            url,
            inflight: AtomicUsize::new(0),
            request_count: AtomicU64::new(0),
            last_request_ms: AtomicU64::new(0),
            latency: Latency::new(now),
            since: now,
            heard_ms: AtomicU64::new(0),
            lost_ms: AtomicU64::new(u64::MAX),
            tally: Tally::default(),
            breaker,
            suspected: AtomicBool::new(false),
            events,
        }
    }

    /// Calls that this process has sent there and that have not ended.
    pub fn inflight(&self) -> usize {
        self.inflight.load(Ordering::Relaxed)
    }

    /// Calls ever sent there.
    pub fn request_count(&self) -> u64 {
        self.request_count.load(Ordering::Relaxed)
    }

    /// When the last one was sent, in milliseconds of Unix time.
    pub fn last_request_ms(&self) -> Option<u64> {
        Some(self.last_request_ms.load(Ordering::Relaxed)).filter(|ms| *ms > 0)
    }

    /// What its breaker has counted against it.
    pub fn consecutive_failures(&self) -> u32 {
        self.breaker.consecutive_failures.load(Ordering::Relaxed)
    }

    /// How long it takes to answer, in microseconds; `None` when that is not known yet.
    pub fn latency(&self, now: Instant) -> Option<f32> {
        self.latency.at(now)
    }

    /// How its calls have ended since this was last asked.
    pub fn take_figures(&self) -> Figures {
        self.tally.take()
    }

    /// It has spoken: a heartbeat, an answer to a check or to a call.
    pub fn heard(&self, now: Instant) {
        let ms = self.millis(now);
        // Written once a millisecond: all threads share it.
        if self.heard_ms.load(Ordering::Relaxed) != ms {
            self.heard_ms.store(ms, Ordering::Relaxed);
        }
    }

    fn millis(&self, now: Instant) -> u64 {
        // Time begins at 1: nothing was heard before.
        u64::try_from(now.saturating_duration_since(self.since).as_millis()).map_or(u64::MAX, |ms| ms + 1)
    }

    /// What a verdict means in the light of what else is known.
    fn weigh(&self, verdict: Verdict, sent: Instant, now: Instant) -> Verdict {
        match verdict {
            Verdict::Silent if self.heard_ms.load(Ordering::Relaxed) > self.millis(sent) => Verdict::Nothing,
            Verdict::Lost => {
                let ms = self.millis(now);
                let last = self.lost_ms.swap(ms, Ordering::Relaxed);
                match last != u64::MAX && ms.saturating_sub(last) < TOGETHER_MS {
                    true => Verdict::Nothing,
                    false => Verdict::Failed,
                }
            }
            Verdict::Silent => Verdict::Failed,
            verdict => verdict,
        }
    }

    /// The node behind the address is another one, or came back.
    pub fn renew(&self) {
        self.latency.forget();
        self.tally.take();
        self.events.renewed();
    }

    /// The check that a suspicion asked for is done.
    pub fn clear_suspicion(&self) {
        self.suspected.store(false, Ordering::Relaxed);
    }
}

impl fmt::Debug for NodeEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeEntry")
            .field("id", &self.id)
            .field("url", &self.url)
            .field("inflight", &self.inflight())
            .finish_non_exhaustive()
    }
}

/// A node chosen for a call. Counts as in flight until dropped; dropping it unsettled tells nobody anything.
#[derive(Debug)]
pub struct Picked {
    node: Arc<NodeEntry>,
    foreign: bool,
    /// Its number as a probe, which others have after it.
    probe: Option<u64>,
    at: Instant,
}

impl Picked {
    pub(super) fn new(node: Arc<NodeEntry>, foreign: bool, now: Instant) -> Self {
        // Counted before dispatch: a silent node must still look busy.
        node.inflight.fetch_add(1, Ordering::Relaxed);
        Picked { node, foreign, probe: None, at: now }
    }

    /// The probe of a half-open node, unless another call is it.
    pub(super) fn probe(node: &Arc<NodeEntry>, foreign: bool, now: Instant) -> Option<Self> {
        let number = node.breaker.take_probe()?;
        let mut picked = Picked::new(node.clone(), foreign, now);
        picked.probe = Some(number);
        Some(picked)
    }

    /// Its id.
    pub fn id(&self) -> NodeId {
        self.node.id
    }

    /// Where to send the call.
    pub fn url(&self) -> &PeerUrl {
        &self.node.url
    }

    /// Any JSON-RPC server, which knows nothing of our streamed batches.
    pub fn is_foreign(&self) -> bool {
        self.foreign
    }

    /// The call is being sent, at `unix_ms` milliseconds of Unix time.
    pub fn sent(&self, unix_ms: u64) {
        self.node.request_count.fetch_add(1, Ordering::Relaxed);
        self.node.last_request_ms.store(unix_ms, Ordering::Relaxed);
    }

    /// The call could not be delivered. Asks for one check however many calls fail until it is done.
    pub fn suspect(&self) {
        if !self.node.suspected.swap(true, Ordering::Relaxed) && !self.node.events.suspect() {
            self.node.clear_suspicion();
        }
    }

    /// The call ended.
    pub fn settle(mut self, verdict: Verdict, now: Instant) {
        let latency = now.saturating_duration_since(self.at);
        let verdict = self.node.weigh(verdict, self.at, now);
        if verdict == Verdict::Worked {
            self.node.heard(now);
        }
        match verdict {
            Verdict::Worked => {
                self.node.latency.observe(latency, now);
                self.node.tally.worked(latency);
            }
            Verdict::Failed => {
                self.node.latency.at_least(latency, now);
                self.node.tally.failed();
            }
            Verdict::Nothing | Verdict::Lost | Verdict::Silent => self.node.latency.at_least(latency, now),
        }
        let breaker = &self.node.breaker;
        let is_probe = self.probe.is_some_and(|number| breaker.is_probe(number));
        let success = match verdict {
            Verdict::Worked if is_probe || breaker.attention.load(Ordering::Relaxed) => true,
            Verdict::Failed => {
                breaker.attention.store(true, Ordering::Relaxed);
                false
            }
            _ => return,
        };
        let heard = self.node.events.outcome(Outcome { success, probe: is_probe });
        // The breaker decides when there is a next probe, unless it never learns of this one.
        self.probe = self.probe.filter(|_| !heard);
    }
}

impl Drop for Picked {
    fn drop(&mut self) {
        if let Some(number) = self.probe {
            self.node.breaker.give_back_probe(number);
        }
        self.node.inflight.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::protocol::error::RemoteError;
    use crate::protocol::JsonText;

    /// Remembers what it was told.
    #[derive(Default)]
    pub(crate) struct Told {
        pub(crate) outcomes: Mutex<Vec<Outcome>>,
        pub(crate) suspicions: AtomicUsize,
        pub(crate) deaf: AtomicBool,
    }

    impl NodeEvents for Arc<Told> {
        fn outcome(&self, outcome: Outcome) -> bool {
            self.outcomes.lock().expect("one thread").push(outcome);
            !self.deaf.load(Ordering::Relaxed)
        }
        fn suspect(&self) -> bool {
            self.suspicions.fetch_add(1, Ordering::Relaxed);
            !self.deaf.load(Ordering::Relaxed)
        }
        fn renewed(&self) {}
    }

    pub(crate) fn node(id: u64) -> (Arc<NodeEntry>, Arc<BreakerFlags>, Arc<Told>) {
        let (flags, told) = (Arc::new(BreakerFlags::default()), Arc::new(Told::default()));
        let url = PeerUrl::parse(&format!("http://10.0.0.1:{}", 1 + id % 60_000)).expect("valid");
        let entry = NodeEntry::new(NodeId(id), url, flags.clone(), Box::new(told.clone()), Instant::now());
        (Arc::new(entry), flags, told)
    }

    #[test]
    fn successes_are_told_only_to_a_breaker_that_listens() {
        let (entry, flags, told) = node(1);
        let now = Instant::now();
        Picked::new(entry.clone(), false, now).settle(Verdict::Worked, now);
        Picked::new(entry.clone(), false, now).settle(Verdict::Nothing, now);
        assert!(told.outcomes.lock().expect("lock").is_empty());
        Picked::new(entry.clone(), false, now).settle(Verdict::Failed, now);
        assert!(flags.attention.load(Ordering::Relaxed));
        Picked::new(entry.clone(), false, now).settle(Verdict::Worked, now);
        let successes: Vec<bool> = told.outcomes.lock().expect("lock").iter().map(|o| o.success).collect();
        assert_eq!(successes, [false, true]);
        assert_eq!(entry.inflight(), 0);
    }

    #[test]
    fn there_is_one_probe_and_it_comes_back_without_an_outcome() {
        let (entry, flags, told) = node(1);
        let now = Instant::now();
        let probe = Picked::probe(&entry, false, now).expect("free");
        assert!(Picked::probe(&entry, false, now).is_none());
        assert_eq!(entry.inflight(), 1);
        drop(probe);
        Picked::probe(&entry, false, now).expect("given back").settle(Verdict::Nothing, now);
        let probe = Picked::probe(&entry, false, now).expect("given back");
        probe.settle(Verdict::Worked, now);
        assert!(flags.take_probe().is_none(), "the breaker decides about the next one");
        assert!(told.outcomes.lock().expect("lock")[0].probe);
        flags.free_probe();
        told.deaf.store(true, Ordering::Relaxed);
        Picked::probe(&entry, false, now).expect("free").settle(Verdict::Failed, now);
        assert!(flags.take_probe().is_some(), "nobody heard of it");
    }

    #[test]
    fn a_probe_of_a_breaker_that_has_begun_anew_is_a_call_like_others() {
        let (entry, flags, told) = node(1);
        let now = Instant::now();
        let probe = || Picked::probe(&entry, false, now);
        let former = probe().expect("free");
        flags.free_probe();
        let present = probe().expect("free");
        drop(former);
        assert!(probe().is_none(), "the present one is under way");
        flags.free_probe();
        present.settle(Verdict::Failed, now);
        assert_eq!(told.outcomes.lock().expect("lock")[..], [Outcome { success: false, probe: false }]);
    }

    #[test]
    fn many_failures_ask_for_one_check() {
        let (entry, _, told) = node(1);
        let now = Instant::now();
        (0..5).for_each(|_| Picked::new(entry.clone(), false, now).suspect());
        assert_eq!(told.suspicions.load(Ordering::Relaxed), 1);
        entry.clear_suspicion();
        Picked::new(entry, false, now).suspect();
        assert_eq!(told.suspicions.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn calls_are_timed_and_counted_by_their_verdict() {
        let (entry, _, _) = node(1);
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        let settle = |verdict, millis| Picked::new(entry.clone(), false, start).settle(verdict, after(millis));
        settle(Verdict::Failed, 1);
        assert_eq!(entry.latency(after(1)), None);
        settle(Verdict::Worked, 20);
        assert_eq!(entry.latency(after(20)), Some(20_000.0));
        settle(Verdict::Nothing, 21);
        assert_eq!(entry.latency(after(21)), Some(21_000.0), "it was no quicker than that");
        drop(Picked::new(entry.clone(), false, start));
        let figures = entry.take_figures();
        assert_eq!((figures.worked, figures.failed), (1, 1));
        entry.renew();
        assert_eq!(entry.latency(after(21)), None);
    }

    #[test]
    fn a_script_can_not_forge_a_failure() {
        let long = Duration::from_secs(30);
        let remote = |code, fault| {
            let object = JsonText::parse("{}").expect("valid");
            Err(CallError::Remote(Box::new(RemoteError { object, code, fault })))
        };
        assert_eq!(Verdict::of(&Ok(JsonText::NULL), long), Verdict::Worked);
        assert_eq!(Verdict::of(&remote(Code::UNREACHABLE, None), long), Verdict::Worked);
        assert_eq!(Verdict::of(&remote(Code::INTERNAL, Some(Fault::Failed)), long), Verdict::Failed);
        assert_eq!(Verdict::of(&remote(Code::OVERLOADED, Some(Fault::Refused)), long), Verdict::Nothing);
        let lost = CallError::Unreachable { sent: true };
        assert_eq!(Verdict::of(&Err(lost), long), Verdict::Lost);
        assert_eq!(Verdict::of(&remote(Code::TIMEOUT, Some(Fault::Failed)), long), Verdict::Nothing, "it lives");
    }

    #[test]
    fn a_tiny_deadline_is_not_held_against_the_node() {
        let short = Duration::from_millis(999);
        assert_eq!(Verdict::of(&Err(CallError::Timeout), short), Verdict::Nothing);
        assert_eq!(Verdict::of(&Err(CallError::Timeout), Duration::from_secs(1)), Verdict::Silent);
        let lost = CallError::Unreachable { sent: false };
        assert_eq!(Verdict::of(&Err(lost), short), Verdict::Failed);
    }

    /// What the breaker hears of calls that are sent at once and end so, a second later.
    fn failures(verdicts: &[Verdict], meanwhile: impl Fn(&NodeEntry, Instant)) -> usize {
        let (entry, _, told) = node(1);
        let now = Instant::now() + Duration::from_secs(1);
        let picked: Vec<Picked> = verdicts.iter().map(|_| Picked::new(entry.clone(), false, now)).collect();
        meanwhile(&entry, now + Duration::from_millis(500));
        for (picked, verdict) in picked.into_iter().zip(verdicts) {
            picked.settle(*verdict, now + Duration::from_secs(1));
        }
        let outcomes = told.outcomes.lock().expect("lock");
        outcomes.iter().filter(|outcome| !outcome.success).count()
    }

    #[test]
    fn calls_that_are_lost_together_are_one_failure() {
        assert_eq!(failures(&[Verdict::Lost; 20], |_, _| ()), 1);
        let (entry, _, told) = node(1);
        let begun = Instant::now();
        for ms in [0, 50, 200, 450] {
            Picked::new(entry.clone(), false, begun).settle(Verdict::Lost, begun + Duration::from_millis(ms));
        }
        assert_eq!(told.outcomes.lock().expect("lock").len(), 3);
    }

    #[test]
    fn who_was_heard_of_meanwhile_is_slow_and_not_silent() {
        assert_eq!(failures(&[Verdict::Silent; 3], |_, _| ()), 3);
        assert_eq!(failures(&[Verdict::Silent; 3], |entry, now| entry.heard(now)), 0);
        assert_eq!(failures(&[Verdict::Worked, Verdict::Silent], |_, _| ()), 0, "it has answered another call");
    }
}
