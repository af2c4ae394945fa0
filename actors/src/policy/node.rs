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
    failure_count: AtomicU64,
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
            failure_count: AtomicU64::new(0),
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

    /// Those that came back with an error, whosever fault it was, or not at all.
    pub fn failure_count(&self) -> u64 {
        self.failure_count.load(Ordering::Relaxed)
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

    /// The call has no result.
    pub fn failed(&self) {
        self.node.failure_count.fetch_add(1, Ordering::Relaxed);
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
        let was_lost = verdict == Verdict::Lost;
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
            Verdict::Nothing | Verdict::Lost | Verdict::Silent => {
                self.node.latency.at_least(latency, now);
                // One failure to the breaker, which counts those in a row; but that many calls have failed here.
                if was_lost {
                    self.node.tally.failed();
                }
            }
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
pub(crate) mod tests;
