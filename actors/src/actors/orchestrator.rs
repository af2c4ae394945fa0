//! The actor Orchestrator: one per HTTP worker thread, so that a call crosses no thread before it is forwarded.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context as TaskContext, Poll};

use actix::dev::SendError;
use actix::{Actor, Addr, Context, Handler, Message};
use futures_util::future::{select, Either};
use futures_util::stream::{self, Stream};
use tokio::sync::{mpsc, oneshot};

use super::cluster::Cluster;
use super::idempotency::Idempotency;
use super::peer::PeerClient;
use super::reply_to::ReplyTo;
use crate::policy::admission::Permit;
use crate::protocol::{Call, CallError, CallResult};

mod batch;
mod forward;

use forward::Forwarder;

/// Messages that wait. Each holds a permit already, so that admission is the bound that counts.
const MAILBOX: usize = 1 << 16;

/// One call to take to a node.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Forward {
    call: Call,
    /// None for a call whose place somebody else holds.
    permit: Option<Permit>,
    reply: ReplyTo,
}

/// Calls that came together.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct ForwardBatch {
    /// With their places in the batch.
    calls: Vec<(usize, Call)>,
    permit: Permit,
    replies: mpsc::UnboundedSender<(usize, CallResult)>,
}

struct Orchestrator {
    forwarder: Rc<Forwarder>,
}

impl Actor for Orchestrator {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
    }
}

// Both handlers start a task of their own: an actor's context polls every future that it holds at every wake.

impl Handler<Forward> for Orchestrator {
    type Result = ();

    fn handle(&mut self, message: Forward, _: &mut Self::Context) {
        let forwarder = self.forwarder.clone();
        let Forward { call, permit, mut reply } = message;
        actix_rt::spawn(async move {
            let outcome = {
                let (forwarding, caller_left) = (pin!(forwarder.forward(call)), pin!(reply.closed()));
                match select(forwarding, caller_left).await {
                    Either::Left((result, _)) => Some(result),
                    Either::Right(_) => None,
                }
            };
            drop(permit);
            if let Some(result) = outcome {
                reply.send(result);
            }
        });
    }
}

impl Handler<ForwardBatch> for Orchestrator {
    type Result = ();

    fn handle(&mut self, message: ForwardBatch, _: &mut Self::Context) {
        let forwarder = self.forwarder.clone();
        let ForwardBatch { calls, permit, replies } = message;
        actix_rt::spawn(async move {
            let (forwarding, caller_left) = (pin!(forwarder.forward_batch(calls, &replies)), pin!(replies.closed()));
            select(forwarding, caller_left).await;
            drop(permit);
        });
    }
}

/// The orchestrator of this thread. Stays on it.
#[derive(Clone)]
pub struct OrchestratorHandle {
    orchestrator: Addr<Orchestrator>,
    idempotency: Idempotency,
}

impl fmt::Debug for OrchestratorHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrchestratorHandle").finish_non_exhaustive()
    }
}

impl OrchestratorHandle {
    /// Starts one on the current thread, whose `client` takes calls to nodes.
    pub fn start(cluster: Cluster, client: Rc<dyn PeerClient>) -> Self {
        let idempotency = cluster.idempotency.clone();
        let forwarder = Rc::new(Forwarder::new(cluster, client));
        OrchestratorHandle { orchestrator: Orchestrator { forwarder }.start(), idempotency }
    }

    /// Takes `call` to a node and brings back what it came to, by its deadline. Dropping the future cancels the call,
    /// unless it has an idempotency key. `permit` is held until then.
    pub fn forward(&self, call: Call, permit: Permit) -> impl Future<Output = CallResult> + 'static {
        let (reply, result) = oneshot::channel();
        let reply = ReplyTo::One(reply);
        if call.scope.idempotency_key.is_some() {
            self.once(call, permit, reply);
        } else {
            send(&self.orchestrator, Forward { call, permit: Some(permit), reply });
        }
        async move { result.await.unwrap_or_else(|_| Err(lost())) }
    }

    /// Takes `calls` to nodes. Each index of `calls` comes exactly once, as soon as its result is there. Dropping the
    /// stream cancels what is left.
    pub fn forward_batch(
        &self,
        calls: Vec<Call>,
        mut permit: Permit,
    ) -> impl Stream<Item = (usize, CallResult)> + Unpin + 'static {
        let (replies, results) = mpsc::unbounded_channel();
        let mut batch = Batch { waiting: vec![true; calls.len()], results, broken: None };
        let mut unkeyed = Vec::with_capacity(calls.len());
        for (index, call) in calls.into_iter().enumerate() {
            if call.scope.idempotency_key.is_some() {
                self.once(call, permit.split_one(), ReplyTo::Batch { index, replies: replies.clone() });
            } else {
                unkeyed.push((index, call));
            }
        }
        let message = ForwardBatch { calls: unkeyed, permit, replies };
        batch.broken = self.orchestrator.try_send(message).err().map(|error| refusal(error).1);
        stream::poll_fn(move |cx| batch.poll_next(cx))
    }

    fn once(&self, call: Call, permit: Permit, reply: ReplyTo) {
        let orchestrator = self.orchestrator.clone();
        let run = move |call, reply| send(&orchestrator, Forward { call, permit: None, reply });
        self.idempotency.once(call, Some(permit), reply, run);
    }
}

/// What can't be sent is answered at once.
fn send(orchestrator: &Addr<Orchestrator>, message: Forward) {
    if let Err(error) = orchestrator.try_send(message) {
        let (message, why) = refusal(error);
        message.reply.send(Err(why));
    }
}

/// Results as they come, and an error for each that never will.
struct Batch {
    waiting: Vec<bool>,
    results: mpsc::UnboundedReceiver<(usize, CallResult)>,
    broken: Option<CallError>,
}

impl Batch {
    fn poll_next(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<(usize, CallResult)>> {
        while let Some((index, result)) = std::task::ready!(self.results.poll_recv(cx)) {
            if std::mem::take(&mut self.waiting[index]) {
                return Poll::Ready(Some((index, result)));
            }
        }
        let missing = self.waiting.iter_mut().enumerate().find(|(_, waiting)| **waiting);
        Poll::Ready(missing.map(|(index, waiting)| {
            *waiting = false;
            (index, Err(self.broken.clone().unwrap_or_else(lost)))
        }))
    }
}

fn refusal<M>(error: SendError<M>) -> (M, CallError) {
    match error {
        SendError::Full(message) => (message, CallError::Overloaded),
        SendError::Closed(message) => (message, lost()),
    }
}

fn lost() -> CallError {
    CallError::internal("the orchestrator of this thread lost the call")
}

#[cfg(test)]
mod tests;
