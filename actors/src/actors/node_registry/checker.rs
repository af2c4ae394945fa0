//! Asks nodes for their `_info`, a bounded number of them at once.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use actix::{Addr, Message};
use tokio::time::timeout;

use super::NodeRegistry;
use crate::actors::clock;
use crate::actors::peer::PeerClient;
use crate::policy::health::CheckFailure;
use crate::policy::membership::{Check, CheckOutcome};
use crate::policy::node::NodeId;
use crate::protocol::membership::NodeInfo;
use crate::protocol::{Call, CallError, CallScope, Code, PeerUrl};

/// Checks at once. Urgent ones have as many places of their own, so that silent nodes can't hold them up.
const AT_ONCE: usize = 64;

/// What a check came to.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Checked {
    pub(super) id: NodeId,
    pub(super) urgent: bool,
    pub(super) outcome: CheckOutcome,
}

/// Two queues, each with its own places. No member is in them twice, which bounds them.
pub(super) struct Checker {
    peers: Rc<dyn PeerClient>,
    timeout: Duration,
    lanes: [Lane; 2],
}

#[derive(Default)]
struct Lane {
    waiting: VecDeque<Check>,
    running: usize,
}

impl Checker {
    pub(super) fn new(peers: Rc<dyn PeerClient>, timeout: Duration) -> Self {
        Checker { peers, timeout, lanes: Default::default() }
    }

    pub(super) fn enqueue(&mut self, checks: Vec<Check>) {
        for check in checks {
            self.lanes[usize::from(check.urgent)].waiting.push_back(check);
        }
    }

    /// Starts as many as there are places; each ends in a `Checked`.
    pub(super) fn start_some(&mut self, registry: &Addr<NodeRegistry>) {
        for lane in &mut self.lanes {
            while lane.running < AT_ONCE {
                let Some(Check { id, url, urgent }) = lane.waiting.pop_front() else {
                    break;
                };
                lane.running += 1;
                let (peers, registry, limit) = (self.peers.clone(), registry.clone(), self.timeout);
                actix_rt::spawn(async move {
                    let outcome = outcome(ask(&*peers, &url, limit).await);
                    registry.do_send(Checked { id, urgent, outcome });
                });
            }
        }
    }

    pub(super) fn finished(&mut self, urgent: bool) {
        self.lanes[usize::from(urgent)].running -= 1;
    }
}

/// Calls `_info`. What can't be read as a `NodeInfo` is read as one that says nothing.
pub(super) async fn ask(peers: &dyn PeerClient, url: &PeerUrl, limit: Duration) -> Result<NodeInfo, CallError> {
    let scope = CallScope { deadline: clock::now() + limit, ..CallScope::root(limit) };
    let call = Call::new("_info", None, scope);
    let answer = timeout(limit, peers.call(url, call)).await.unwrap_or(Err(CallError::Timeout))?;
    Ok(serde_json::from_str(answer.as_str()).unwrap_or_default())
}

fn outcome(answer: Result<NodeInfo, CallError>) -> CheckOutcome {
    match answer {
        Ok(info) => CheckOutcome::Info(Box::new(info)),
        // Our own processes all have `_info`, and say `fault` or refuse by a code of ours when they can't answer.
        Err(CallError::Remote(remote)) => match (remote.fault, remote.code) {
            (Some(_), _) | (None, Code::UNAUTHORIZED | Code::RATE_LIMITED | Code::OVERLOADED) => CheckOutcome::Alive,
            _ => CheckOutcome::Foreign,
        },
        Err(CallError::Unreachable { sent: false }) => CheckOutcome::Failed(CheckFailure::Gone),
        Err(CallError::Unreachable { sent: true }) => CheckOutcome::Failed(CheckFailure::Lost),
        Err(_) => CheckOutcome::Failed(CheckFailure::Silent),
    }
}
