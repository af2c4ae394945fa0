//! One node as the threads that route calls share it.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::breaker::Outcome;
use super::latency::Latency;
use super::tally::{Figures, Tally};
use crate::protocol::PeerUrl;

mod signs;
mod verdict;

use signs::Signs;
pub use verdict::{Verdict, Way};

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
    signs: Signs,
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
            signs: Signs::new(now),
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

    /// It has spoken: a heartbeat, an answer to a check or to a call, anything on a link.
    pub fn heard(&self, at: Instant) {
        self.signs.heard(at);
    }

    /// While it lives, something is heard of it at least so often, though no call is made.
    pub fn expect_signs_every(&self, every: Duration) {
        self.signs.expect_every(every);
    }

    /// What a verdict means in the light of what else is known.
    fn weigh(&self, verdict: Verdict, is_probe: bool, sent: Instant, now: Instant) -> Verdict {
        let (is_failure, or_else) = match verdict {
            // Of a probe it is the answer, whatever was lost beside it.
            Verdict::Lost => (self.signs.is_new_loss(sent, now) || is_probe, Verdict::Nothing),
            Verdict::Silent => (self.signs.is_silent(sent, now), Verdict::Nothing),
            verdict => (false, verdict),
        };
        if is_failure {
            Verdict::Failed
        } else {
            or_else
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

    /// How the call goes, together with others or alone. Those to a node that dials in share its link always.
    pub fn way(&self, together: bool) -> Way {
        Way { foreign: self.foreign, shared: together || self.node.url.is_dialled_in() }
    }

    /// Something else than an answer was heard of the node at that time.
    pub fn heard(&self, at: Instant) {
        self.node.heard(at);
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
        let breaker = &self.node.breaker;
        let is_probe = self.probe.is_some_and(|number| breaker.is_probe(number));
        let was_lost = verdict == Verdict::Lost;
        let verdict = self.node.weigh(verdict, is_probe, self.at, now);
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
