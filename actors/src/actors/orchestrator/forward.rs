//! The way of one call: pick a node, send, and on failure perhaps another node.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::{pin, Pin};
use std::rc::Rc;
use std::time::{Duration, Instant};

use futures_util::future::{select, Either, FutureExt};
use tokio::time::{sleep_until, timeout_at};

use crate::actors::clock;
use crate::actors::cluster::Cluster;
use crate::actors::peer::PeerClient;
use crate::metrics::{Hop, Recorder};
use crate::policy::attempts::Attempts;
use crate::policy::hedging::Latencies;
use crate::policy::log_rate::LogRate;
use crate::policy::node::{NodeId, Picked, Verdict};
use crate::policy::retry_budget::RetryBudget;
use crate::protocol::error::Retry;
use crate::protocol::{Call, CallError, CallResult, PeerUrl, Short};

/// Methods whose latencies a thread keeps for hedging; a cluster has fewer that ask for it.
const MAX_HEDGED: usize = 1024;

/// Longest error in a line of the log, in bytes.
const LONGEST_ERROR: usize = 2_000;

/// Routes and sends; shared by the calls of one thread.
pub(super) struct Forwarder {
    cluster: Cluster,
    pub(super) peers: Rc<dyn PeerClient>,
    budget: RefCell<RetryBudget>,
    /// Of the methods that are hedged.
    latencies: RefCell<HashMap<String, Latencies>>,
    recorder: Recorder,
    log_rate: RefCell<LogRate>,
}

/// A call and where it has been.
pub(super) struct Journey {
    pub(super) call: Call,
    attempts: Attempts,
    tried: Vec<NodeId>,
    /// Its method says that a second node may be asked when the first is late.
    pub(super) hedged: bool,
    /// Why the last node did not do it.
    last: Option<CallError>,
}

/// One node's turn at a call.
pub(super) struct Attempt {
    pub(super) picked: Picked,
    /// When it was sent.
    at: Instant,
}

impl Journey {
    pub(super) fn deadline(&self) -> Instant {
        self.call.scope.deadline
    }
}

impl Forwarder {
    pub(super) fn new(cluster: Cluster, peers: Rc<dyn PeerClient>) -> Self {
        let budget = RefCell::new(RetryBudget::new(clock::now()));
        let recorder = cluster.metrics.recorder();
        Forwarder { cluster, peers, budget, latencies: RefCell::default(), recorder, log_rate: RefCell::default() }
    }

    pub(super) async fn forward(&self, call: Call) -> CallResult {
        self.travel(self.begin(call)).await
    }

    pub(super) fn begin(&self, mut call: Call) -> Journey {
        self.budget.borrow_mut().deposit(clock::now());
        // Who sends a key would send the call again, too, if it was lost. The key has done its work here, and means
        // nothing to a node: there the keys of all clients would meet.
        let idempotent = call.scope.idempotency_key.take().is_some();
        Journey { attempts: Attempts::new(idempotent), call, tried: Vec::new(), hedged: false, last: None }
    }

    /// Tries nodes until one gives a result, or an error that no other node would mend.
    pub(super) async fn travel(&self, mut journey: Journey) -> CallResult {
        loop {
            let attempt = self.depart(&mut journey)?;
            if let Some(result) = self.attempt(&mut journey, attempt).await {
                return result;
            }
            if let Some(pause) = journey.attempts.pause(fastrand::f64()) {
                sleep_until((clock::now() + pause).min(journey.deadline()).into()).await;
            }
        }
    }

    /// One node's turn, or two nodes' at once if the first is late. `None` when the call is to travel on.
    pub(super) async fn attempt(&self, journey: &mut Journey, attempt: Attempt) -> Option<CallResult> {
        let mut sending = pin!(self.send(journey, &attempt));
        if !journey.hedged {
            let result = sending.await;
            return self.arrive(journey, attempt, result, false);
        }
        let late = self.latencies.borrow().get(&journey.call.method).and_then(Latencies::p95);
        let (attempt, result) = match late {
            Some(late) => {
                let (attempt, result) = self.hedge(journey, attempt, sending.as_mut(), late).await;
                if let Some(notes) = &journey.call.scope.notes {
                    notes.answered_by(attempt.picked.url());
                }
                (attempt, result)
            }
            None => {
                let result = sending.await;
                (attempt, result)
            }
        };
        if result.is_ok() {
            // Its own time, and not the call's: otherwise what is late would grow by what was late.
            self.note_latency(&journey.call.method, clock::now().saturating_duration_since(attempt.at));
        }
        self.arrive(journey, attempt, result, false)
    }

    fn send(&self, journey: &Journey, attempt: &Attempt) -> impl Future<Output = CallResult> {
        let sending = self.peers.call(attempt.picked.url(), journey.call.clone());
        timeout_at(journey.deadline().into(), sending).map(|result| result.unwrap_or(Err(CallError::Timeout)))
    }

    /// Asks a second node when the first takes `late`, if there is one and the budget has room, and takes what either answers first. The
    /// other call is cancelled; one that fails leaves it to the other.
    async fn hedge(
        &self,
        journey: &mut Journey,
        first: Attempt,
        sending: Pin<&mut impl Future<Output = CallResult>>,
        late: Duration,
    ) -> (Attempt, CallResult) {
        let sending = match select(sending, pin!(sleep_until((first.at + late).into()))).await {
            Either::Left((result, _)) => return (first, result),
            Either::Right(((), sending)) => sending,
        };
        // Once for each call: its next attempts are retries.
        journey.hedged = false;
        let affordable = self.budget.borrow_mut().affords_one(clock::now());
        let Some(second) = affordable.then(|| self.pick(journey, false).ok()).flatten() else {
            return (first, sending.await);
        };
        self.budget.borrow_mut().withdraw(clock::now());
        let sending_again = pin!(self.send(journey, &second));
        let (failed, error, left, waiting) = match select(sending, sending_again).await {
            Either::Left((result, waiting)) => match is_decisive(&result) {
                true => {
                    overtaken(second);
                    return (first, result);
                }
                false => (first, result, second, Either::Left(waiting)),
            },
            Either::Right((result, waiting)) => match is_decisive(&result) {
                true => {
                    overtaken(first);
                    return (second, result);
                }
                false => (second, result, first, Either::Right(waiting)),
            },
        };
        self.note(journey, failed, &error, false);
        (left, waiting.await)
    }

    fn note_latency(&self, method: &str, took: Duration) {
        let mut latencies = self.latencies.borrow_mut();
        match latencies.get_mut(method) {
            Some(of_method) => of_method.record(took),
            None => {
                if latencies.len() >= MAX_HEDGED {
                    latencies.clear();
                }
                latencies.entry(method.to_owned()).or_default().record(took);
            }
        }
    }

    /// Picks the next node. The error is the call's last one, or why there is no node for it.
    pub(super) fn depart(&self, journey: &mut Journey) -> Result<Attempt, CallError> {
        match self.pick(journey, true) {
            Ok(attempt) => Ok(attempt),
            Err(error) => {
                let error = journey.last.take().unwrap_or(error);
                Err(error.of_call(&journey.call.method, &journey.call.scope))
            }
        }
    }

    /// `may_return` to a node where it was lost, if no other is there.
    fn pick(&self, journey: &mut Journey, may_return: bool) -> Result<Attempt, CallError> {
        let route = self.cluster.table().route(&journey.call.method)?;
        let now = clock::now();
        let Call { scope, streams, .. } = &mut journey.call;
        if journey.tried.is_empty() {
            journey.attempts.idempotent |= route.info().idempotent;
            journey.hedged = route.info().hedge && route.info().idempotent && streams.are_none();
            if let Some(ms) = route.info().timeout_ms {
                scope.bound_by_method(Duration::from_millis(ms), now);
            }
        }
        if scope.deadline <= now {
            return Err(CallError::Timeout);
        }
        let pick = |tried: &[NodeId]| route.pick(self.cluster.policy, tried, &scope.tags, now);
        let again = || (may_return && journey.attempts.was_lost()).then(|| pick(&[])).flatten();
        let picked = pick(&journey.tried).or_else(again).ok_or(CallError::NoNode)?;
        picked.sent(clock::unix_ms());
        if let Some(notes) = &scope.notes {
            notes.goes_to(picked.url());
        }
        journey.tried.push(picked.id());
        Ok(Attempt { picked, at: now })
    }

    /// Takes note of what a node's turn came to, where the call went `together` with others or alone. `None` when it is to
    /// travel on.
    pub(super) fn arrive(
        &self,
        journey: &mut Journey,
        attempt: Attempt,
        result: CallResult,
        together: bool,
    ) -> Option<CallResult> {
        let may_go_on = result.as_ref().is_err_and(|error| journey.attempts.may_go_on(error, self.cluster.retries))
            && !journey.call.streams.have_begun();
        self.note(journey, attempt, &result, together);
        if may_go_on && self.budget.borrow_mut().withdraw(clock::now()) {
            journey.last = result.err();
            return None;
        }
        Some(result.map_err(|error| error.of_call(&journey.call.method, &journey.call.scope)))
    }

    /// Of many attempts that fail alike, the log gets some.
    fn log(&self, call: &Call, url: &PeerUrl, error: &CallError, took: Duration) {
        let code = error.code().0;
        let Some(left_out) = self.log_rate.borrow_mut().take(code, &call.method, clock::now()) else { return };
        let more = if left_out > 0 { format!(" ({left_out} like it were left out)") } else { String::new() };
        let (request, method) = (call.scope.to_string(), Shown(&call.method).to_string());
        let trace = format!("{:032x}", call.scope.trace.trace_id);
        let error = Short::line(error, LONGEST_ERROR);
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        log::warn!(
            request = request.as_str(), trace = trace.as_str(), method = method.as_str(), node = url.as_str(), code = code,
            duration_us = took_us, left_out = left_out;
            "call {request} {method} on {url}: {error}{more} trace={trace}"
        );
    }

    /// Tells what the end of a node's turn says about the node.
    fn note(&self, journey: &Journey, attempt: Attempt, result: &CallResult, together: bool) {
        let Attempt { picked, at } = attempt;
        let now = clock::now();
        self.recorder.hop(Hop::Node, now.saturating_duration_since(at));
        if let Err(error) = result {
            picked.failed();
            if let CallError::Unreachable { .. } | CallError::Timeout | CallError::Internal { .. } = error {
                self.log(&journey.call, picked.url(), error, now.saturating_duration_since(at));
            }
            if error.is_farewell() {
                picked.suspect();
            }
        }
        let verdict = Verdict::of(result, picked.way(together));
        if let Some(at) = (verdict == Verdict::Silent).then(|| self.peers.heard(picked.url())).flatten() {
            picked.heard(at);
        }
        picked.settle(verdict, now);
    }
}

/// The call is cancelled there: it would have taken longer than this, which is all that is known.
fn overtaken(attempt: Attempt) {
    attempt.picked.settle(Verdict::Nothing, clock::now());
}

/// Whether another node would say the same.
fn is_decisive(result: &CallResult) -> bool {
    result.as_ref().err().is_none_or(|error| {
        let meaning = error.meaning();
        meaning.retry == Retry::Never && !meaning.breaker_counts
    })
}

/// A method's name in the log: clients choose it, so it is cut and has no line breaks.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.0.char_indices().nth(128).map_or(self.0.len(), |(end, _)| end);
        self.0[..end].escape_debug().fmt(f)
    }
}
