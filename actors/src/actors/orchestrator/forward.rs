//! The way of one call: pick a node, send, and on failure perhaps another node.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::time::timeout_at;

use crate::actors::clock;
use crate::actors::cluster::Cluster;
use crate::actors::peer::PeerClient;
use crate::policy::attempts::Attempts;
use crate::policy::node::{NodeId, Picked, Verdict};
use crate::policy::retry_budget::RetryBudget;
use crate::protocol::{Call, CallError, CallResult};

/// Routes and sends; shared by the calls of one thread.
pub(super) struct Forwarder {
    cluster: Cluster,
    pub(super) peers: Rc<dyn PeerClient>,
    budget: RefCell<RetryBudget>,
}

/// A call and where it has been.
pub(super) struct Journey {
    pub(super) call: Call,
    attempts: Attempts,
    tried: Vec<NodeId>,
    /// Why the last node did not do it.
    last: Option<CallError>,
}

/// One node's turn at a call.
pub(super) struct Attempt {
    pub(super) picked: Picked,
    /// Time that the call had left when it was sent.
    allowed: Duration,
}

impl Journey {
    pub(super) fn deadline(&self) -> Instant {
        self.call.scope.deadline
    }
}

impl Forwarder {
    pub(super) fn new(cluster: Cluster, peers: Rc<dyn PeerClient>) -> Self {
        Forwarder { cluster, peers, budget: RefCell::new(RetryBudget::new(clock::now())) }
    }

    pub(super) async fn forward(&self, call: Call) -> CallResult {
        self.travel(self.begin(call)).await
    }

    pub(super) fn begin(&self, call: Call) -> Journey {
        self.budget.borrow_mut().deposit(clock::now());
        // An idempotency key makes nothing safe by itself: no node tells a repeat by it yet.
        Journey { attempts: Attempts::default(), call, tried: Vec::new(), last: None }
    }

    /// Tries nodes until one gives a result, or an error that no other node would mend.
    pub(super) async fn travel(&self, mut journey: Journey) -> CallResult {
        loop {
            let attempt = self.depart(&mut journey)?;
            let sending = self.peers.call(attempt.picked.url(), journey.call.clone());
            let result = timeout_at(journey.deadline().into(), sending).await;
            let result = result.unwrap_or(Err(CallError::Timeout));
            if let Some(result) = self.arrive(&mut journey, attempt, result) {
                return result;
            }
        }
    }

    /// Picks the next node. The error is the call's last one, or why there is no node for it.
    pub(super) fn depart(&self, journey: &mut Journey) -> Result<Attempt, CallError> {
        match self.pick(journey) {
            Ok(attempt) => Ok(attempt),
            Err(error) => Err(journey.last.take().unwrap_or(error)),
        }
    }

    fn pick(&self, journey: &mut Journey) -> Result<Attempt, CallError> {
        let route = self.cluster.table().route(&journey.call.method)?;
        let now = clock::now();
        let scope = &mut journey.call.scope;
        if journey.tried.is_empty() {
            journey.attempts.idempotent |= route.info().idempotent;
            let own = route.info().timeout_ms.and_then(|ms| now.checked_add(Duration::from_millis(ms)));
            scope.deadline = own.map_or(scope.deadline, |own| own.min(scope.deadline));
        }
        let allowed = scope.deadline.saturating_duration_since(now);
        if allowed.is_zero() {
            return Err(CallError::Timeout);
        }
        let picked = route.pick(self.cluster.policy, &journey.tried, &scope.tags, now).ok_or(CallError::NoNode)?;
        picked.sent(clock::unix_ms());
        journey.tried.push(picked.id());
        Ok(Attempt { picked, allowed })
    }

    /// Takes note of what a node's turn came to. `None` when the call is to travel on.
    pub(super) fn arrive(&self, journey: &mut Journey, attempt: Attempt, result: CallResult) -> Option<CallResult> {
        let Attempt { picked, allowed } = attempt;
        let now = clock::now();
        let error = match &result {
            Ok(_) => {
                picked.settle(Verdict::Worked, now);
                return Some(result);
            }
            Err(error) => error,
        };
        if let CallError::Unreachable { .. } | CallError::Timeout | CallError::Internal { .. } = error {
            let Call { method, scope, .. } = &journey.call;
            log::warn!("call {scope} {} on {}: {error}", Shown(method), picked.url());
        }
        if let CallError::Unreachable { .. } = error {
            picked.suspect();
        }
        let may_go_on = journey.attempts.may_go_on(error, self.cluster.retries);
        picked.settle(Verdict::of(&result, allowed), now);
        if may_go_on && self.budget.borrow_mut().withdraw(now) {
            journey.last = result.err();
            return None;
        }
        Some(result)
    }
}

/// A method's name in the log: clients choose it, so it is cut and has no line breaks.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.0.char_indices().nth(128).map_or(self.0.len(), |(end, _)| end);
        self.0[..end].escape_debug().fmt(f)
    }
}
