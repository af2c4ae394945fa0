//! Outbound: takes the calls of a node's scripts to an orchestrator, and the results back to their executors. There is one
//! for each thread that has links to orchestrators, so that calls cross no further thread on their way.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use actix::{Actor, Addr, Context, Handler, Message};
use futures_util::StreamExt;
use tokio::task::AbortHandle;

use super::executor_inbox::{ExecutorInbox, Work};
use super::peer::{PeerClient, PeerUrl};
use crate::engine::{CallId, InvocationId, OutgoingCall};
use crate::protocol::{Call, CallError, CallResult};

/// Calls that travel together at most. A turn that makes more fills several requests, which the orchestrator works at
/// side by side.
pub const MAX_TOGETHER: usize = 128;

/// Params that travel in one request at most, in bytes; a single call may have more.
const MAX_BYTES_TOGETHER: usize = 1 << 20;

/// A handle to the actors.
#[derive(Clone, Debug)]
pub struct Outbound(Arc<Lanes>);

#[derive(Debug)]
struct Lanes {
    orchestrators: Arc<[PeerUrl]>,
    /// The first one takes calls while it is the only one.
    actors: RwLock<Vec<Addr<OutboundActor>>>,
}

impl Outbound {
    /// Starts an actor on the current arbiter. The first orchestrator that can be reached gets the calls.
    pub fn start(orchestrators: Vec<PeerUrl>, client: Rc<dyn PeerClient>) -> Self {
        let outbound = Outbound(Arc::new(Lanes { orchestrators: orchestrators.into(), actors: RwLock::default() }));
        outbound.join(client);
        outbound
    }

    /// Starts one on the current arbiter, which takes calls from now on.
    pub fn join(&self, client: Rc<dyn PeerClient>) {
        let orchestrators = self.0.orchestrators.clone();
        let actor = OutboundActor { client, orchestrators, running: Running::default(), next_task: 0 };
        let mut actors = self.0.actors.write().unwrap_or_else(PoisonError::into_inner);
        // A worker thread that has panicked has a successor.
        actors.retain(Addr::connected);
        actors.push(actor.start());
    }

    fn actors(&self) -> RwLockReadGuard<'_, Vec<Addr<OutboundActor>>> {
        self.0.actors.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends calls made on `from`, always by the same actor. Their number is bounded by the engine, which counts open calls.
    pub fn send(&self, from: Arc<ExecutorInbox>, calls: Vec<OutgoingCall>) {
        let actors = self.actors();
        let joined = actors.get(1..).unwrap_or_default();
        let own = from.number.checked_rem(joined.len()).and_then(|lane| joined.get(lane));
        if let Some(actor) = own.filter(|actor| actor.connected()).or(actors.first()) {
            actor.do_send(Send { from, calls });
        }
    }

    /// Nobody waits for these calls any more. A request ends when that is true of all that it carries.
    pub fn call_off(&self, ids: &HashSet<CallId>) {
        self.actors().iter().for_each(|actor| actor.do_send(CallOff { ids: ids.clone() }));
    }

    /// These invocations no longer wait for their calls.
    pub fn abandon(&self, parents: &[InvocationId]) {
        self.actors().iter().for_each(|actor| actor.do_send(Abandon { parents: parents.to_vec() }));
    }
}

#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Send {
    from: Arc<ExecutorInbox>,
    calls: Vec<OutgoingCall>,
}

#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Abandon {
    parents: Vec<InvocationId>,
}

#[derive(Debug, Message)]
#[rtype(result = "()")]
struct CallOff {
    ids: HashSet<CallId>,
}

/// Those calls of a request that have no result and that somebody waits for.
type Wanted = Rc<RefCell<HashSet<CallId>>>;

/// The requests that are under way, by the invocation whose calls they carry.
type Running = Rc<RefCell<HashMap<InvocationId, HashMap<u64, Request>>>>;

/// One of them.
struct Request {
    wanted: Wanted,
    handle: AbortHandle,
}

struct OutboundActor {
    client: Rc<dyn PeerClient>,
    orchestrators: Arc<[PeerUrl]>,
    running: Running,
    next_task: u64,
}

impl Actor for OutboundActor {
    type Context = Context<Self>;
}

impl Handler<Send> for OutboundActor {
    type Result = ();

    fn handle(&mut self, message: Send, _context: &mut Self::Context) {
        let (notifications, calls): (Vec<_>, Vec<_>) =
            message.calls.into_iter().partition(|outgoing| outgoing.call.notification);
        for OutgoingCall { id, call, .. } in notifications {
            // Nobody's end keeps it from leaving.
            let wanted = Rc::new(RefCell::new(HashSet::from([id])));
            let to = Recipient { executor: message.from.clone(), wanted };
            actix_rt::spawn(carry(self.client.clone(), self.orchestrators.clone(), to, vec![(id, call)]));
        }
        for (parent, calls) in split(calls) {
            let task = self.next_task;
            self.next_task += 1;
            let running = self.running.clone();
            let wanted: Wanted = Rc::new(RefCell::new(calls.iter().map(|(id, _)| *id).collect()));
            let to = Recipient { executor: message.from.clone(), wanted: wanted.clone() };
            let carry = carry(self.client.clone(), self.orchestrators.clone(), to, calls);
            // Context::spawn would poll every request on each wake-up of the actor.
            let handle = actix_rt::spawn(async move {
                carry.await;
                let mut running = running.borrow_mut();
                if let Some(tasks) = running.get_mut(&parent) {
                    tasks.remove(&task);
                    if tasks.is_empty() {
                        running.remove(&parent);
                    }
                }
            });
            self.running
                .borrow_mut()
                .entry(parent)
                .or_default()
                .insert(task, Request { wanted, handle: handle.abort_handle() });
        }
    }
}

impl Handler<Abandon> for OutboundActor {
    type Result = ();

    fn handle(&mut self, message: Abandon, _context: &mut Self::Context) {
        for parent in message.parents {
            for (_, request) in self.running.borrow_mut().remove(&parent).unwrap_or_default() {
                request.handle.abort();
            }
        }
    }
}

impl Handler<CallOff> for OutboundActor {
    type Result = ();

    fn handle(&mut self, message: CallOff, _context: &mut Self::Context) {
        self.running.borrow_mut().retain(|_, requests| {
            requests.retain(|_, request| {
                let mut wanted = request.wanted.borrow_mut();
                wanted.retain(|id| !message.ids.contains(id));
                if wanted.is_empty() {
                    request.handle.abort();
                }
                !wanted.is_empty()
            });
            !requests.is_empty()
        });
    }
}

/// Groups calls that travel together: those of one invocation, up to the bounds of one request, and none that may be
/// called off by itself.
fn split(calls: Vec<OutgoingCall>) -> Vec<(InvocationId, Vec<(CallId, Call)>)> {
    let mut groups: Vec<(InvocationId, Vec<(CallId, Call)>)> = Vec::new();
    let mut bytes = 0;
    // Whether another may join the last group.
    let mut open = false;
    for OutgoingCall { id, parent, call, alone, .. } in calls {
        let size = call.params.as_ref().map_or(0, |params| params.len());
        match groups.last_mut() {
            Some((owner, group))
                if open
                    && !alone
                    && *owner == parent
                    && group.len() < MAX_TOGETHER
                    && bytes + size <= MAX_BYTES_TOGETHER =>
            {
                bytes += size;
                group.push((id, call));
            }
            _ => {
                bytes = size;
                groups.push((parent, vec![(id, call)]));
                open = !alone;
            }
        }
    }
    groups
}

/// Where the results of a request go.
struct Recipient {
    executor: Arc<ExecutorInbox>,
    wanted: Wanted,
}

impl Recipient {
    /// False when nobody waits for anything else.
    fn send(&self, results: Vec<(CallId, CallResult)>) -> bool {
        let mut wanted = self.wanted.borrow_mut();
        for (id, _) in &results {
            wanted.remove(id);
        }
        let goes_on = !wanted.is_empty();
        drop(wanted);
        self.executor.send(Work::Settled(results));
        goes_on
    }
}

/// Takes calls to the first orchestrator that can be reached, and every result to the executor.
async fn carry(
    client: Rc<dyn PeerClient>,
    orchestrators: Arc<[PeerUrl]>,
    to: Recipient,
    mut calls: Vec<(CallId, Call)>,
) {
    for (position, orchestrator) in orchestrators.iter().enumerate() {
        let last = position + 1 == orchestrators.len();
        calls = attempt(&client, orchestrator, &to, calls, last).await;
        if calls.is_empty() {
            return;
        }
        log::warn!("orchestrator {orchestrator} can't be reached; {} calls go to the next", calls.len());
    }
}

/// One attempt; gives back the calls that did not leave this process, unless it is the `last` attempt.
async fn attempt(
    client: &Rc<dyn PeerClient>,
    orchestrator: &PeerUrl,
    to: &Recipient,
    mut calls: Vec<(CallId, Call)>,
    last: bool,
) -> Vec<(CallId, Call)> {
    let unsent = |result: &CallResult| !last && matches!(result, Err(CallError::Unreachable { sent: false }));
    if calls.len() == 1 {
        let (id, call) = calls.swap_remove(0);
        let (allowed, kept) = (call.scope.allowed, if last { None } else { Some(call.clone()) });
        let result = client.call(orchestrator, call).await.map_err(|error| error.within(allowed));
        return match kept {
            Some(call) if unsent(&result) && !call.streams.have_begun() => vec![(id, call)],
            _ => {
                to.send(vec![(id, result)]);
                Vec::new()
            }
        };
    }
    let ids: Vec<_> = calls.iter().map(|(id, call)| (*id, call.scope.allowed)).collect();
    let kept: Vec<_> = if last { Vec::new() } else { calls.clone() };
    let batch = calls.into_iter().map(|(_, call)| call).collect();
    let mut results = client.batch(orchestrator, batch).ready_chunks(MAX_TOGETHER);
    let mut again = Vec::new();
    while let Some(chunk) = results.next().await {
        let mut settled = Vec::with_capacity(chunk.len());
        for (index, result) in chunk {
            if unsent(&result) {
                again.push(kept[index].clone());
            } else {
                let (id, allowed) = ids[index];
                settled.push((id, result.map_err(|error| error.within(allowed))));
            }
        }
        if !settled.is_empty() && !to.send(settled) {
            break;
        }
    }
    again
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::protocol::CallScope;

    #[test]
    fn calls_of_one_invocation_travel_together_up_to_the_bound() {
        let call = |number, parent| OutgoingCall {
            id: CallId { engine: 0, number },
            parent,
            call: Call::new("m", None, CallScope::root(Duration::from_secs(1))),
            alone: number == 50,
            bounded: false,
        };
        let calls = (0..300).map(|number| call(number, u64::from(number >= 200))).collect();
        let sizes: Vec<_> = split(calls).into_iter().map(|(parent, group)| (parent, group.len())).collect();
        assert_eq!(sizes, [(0, 50), (0, 1), (0, 128), (0, 21), (1, 100)]);
    }
}
