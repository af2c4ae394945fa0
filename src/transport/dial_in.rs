//! Nodes that dial in: the node opens the link, so that it needs no address of its own (PROTOCOL, section 1). Everything
//! else is the same for it: over the link travel the frames of any other, in the usual direction.
//!
//! A link belongs to the thread that accepted it, and calls come from all of them: they are handed over as errands.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use awc::error::WsClientError;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::{self, LocalBoxStream, StreamExt};
use madrpc_actors::protocol::{Call, CallError, CallResult, PeerUrl};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout_at;

use super::client::{self, TransportConfig};
use super::link::{self, Link, Links, Pump, Socket};
use crate::http::EachInTime;

/// Nodes that may have dialled in; a cluster has fewer.
const MAX_NODES: usize = 4096;

/// Links of one node; a further one takes the place of the oldest, which is a broken one most of the time.
const MAX_LINKS: usize = 4;

/// The links that nodes have opened to this process. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct DialIns(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    links: Mutex<HashMap<PeerUrl, Vec<Dialled>>>,
    next: AtomicU64,
}

#[derive(Debug)]
struct Dialled {
    number: u64,
    /// Bounded by admission, as calls are anywhere.
    errands: mpsc::UnboundedSender<Errand>,
}

/// What another thread wants done over a link.
#[derive(Debug)]
enum Errand {
    Call(Call, oneshot::Sender<CallResult>),
    Batch(Vec<Call>, mpsc::UnboundedSender<(usize, CallResult)>),
}

impl DialIns {
    /// Carries calls to `node` over a link that it has opened, until the link ends.
    pub(crate) async fn attend(&self, node: PeerUrl, max_body: usize, socket: impl Socket) {
        let link = Link::new(max_body);
        let (errands, mut received) = mpsc::unbounded_channel();
        let number = self.0.next.fetch_add(1, Ordering::Relaxed);
        if !self.insert(&node, Dialled { number, errands }) {
            return log::warn!("{node} may not dial in: {MAX_NODES} nodes have");
        }
        log::info!("{node} has dialled in");
        let own = link.clone();
        let errands = async move {
            while let Some(errand) = received.recv().await {
                actix_rt::spawn(run(own.clone(), errand));
            }
            // Another link has taken its place: what is open comes to its end here.
            std::future::pending::<()>().await;
        };
        let end = tokio::select! {
            end = Pump::lasting(link, socket) => end,
            () = errands => return,
        };
        self.remove(&node, number);
        log::info!("the link of {node} is lost: {end}");
    }

    fn insert(&self, node: &PeerUrl, dialled: Dialled) -> bool {
        let mut links = self.lock();
        if links.len() >= MAX_NODES && !links.contains_key(node) {
            return false;
        }
        let of_node = links.entry(node.clone()).or_default();
        if of_node.len() >= MAX_LINKS {
            of_node.remove(0);
        }
        of_node.push(dialled);
        true
    }

    fn remove(&self, node: &PeerUrl, number: u64) {
        let mut links = self.lock();
        if let Some(of_node) = links.get_mut(node) {
            of_node.retain(|dialled| dialled.number != number);
            if of_node.is_empty() {
                links.remove(node);
            }
        }
    }

    /// Hands it to the newest link of `node`; gives it back when there is none.
    fn hand_over(&self, node: &PeerUrl, errand: Errand) -> Option<Errand> {
        match self.lock().get(node).and_then(|links| links.last()) {
            Some(dialled) => dialled.errands.send(errand).err().map(|refused| refused.0),
            None => Some(errand),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PeerUrl, Vec<Dialled>>> {
        self.0.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a call to a node that has dialled in. Dropping the future cancels it.
    pub(super) fn call(&self, node: &PeerUrl, call: Call) -> LocalBoxFuture<'static, CallResult> {
        let deadline = call.scope.deadline;
        let (reply, result) = oneshot::channel();
        if self.hand_over(node, Errand::Call(call, reply)).is_some() {
            return Box::pin(std::future::ready(Err(CallError::Unreachable { sent: false })));
        }
        Box::pin(async move {
            let lost = |_| Err(CallError::Unreachable { sent: true });
            timeout_at(deadline.into(), result).await.map_or(Err(CallError::Timeout), |told| told.unwrap_or_else(lost))
        })
    }

    /// Takes calls there together; each index comes once.
    pub(super) fn batch(&self, node: &PeerUrl, calls: Vec<Call>) -> LocalBoxStream<'static, (usize, CallResult)> {
        let deadlines: Vec<Instant> = calls.iter().map(|call| call.scope.deadline).collect();
        let (replies, mut results) = mpsc::unbounded_channel();
        if let Some(Errand::Batch(calls, _)) = self.hand_over(node, Errand::Batch(calls, replies)) {
            let unsent = |index| (index, Err(CallError::Unreachable { sent: false }));
            return stream::iter((0..calls.len()).map(unsent)).boxed_local();
        }
        let answers = stream::poll_fn(move |cx| results.poll_recv(cx));
        EachInTime::new(answers, deadlines, CallError::Unreachable { sent: true }).boxed_local()
    }
}

/// Does an errand, unless nobody waits for it any more.
async fn run(link: Link, errand: Errand) {
    match errand {
        Errand::Call(call, mut reply) => {
            let result = tokio::select! {
                result = link::take(link, call) => result,
                () = reply.closed() => return,
            };
            let _nobody_waits = reply.send(result);
        }
        Errand::Batch(calls, replies) => {
            let mut answers = link.batch(&calls, Instant::now());
            loop {
                let answer = tokio::select! {
                    answer = answers.next() => answer,
                    () = replies.closed() => return,
                };
                match answer {
                    Some(answer) => drop(replies.send(answer)),
                    None => return,
                }
            }
        }
    }
}

/// Opens the links of a node that dials in.
#[derive(Clone, Debug)]
pub struct Dialler {
    config: TransportConfig,
    instance: String,
}

impl Dialler {
    /// Says to be the node `instance`.
    pub fn new(config: TransportConfig, instance: String) -> Self {
        Dialler { config, instance }
    }

    /// Makes the function that opens a link to `orchestrator`, on the thread that will use it.
    pub(crate) fn towards(
        &self,
        orchestrator: PeerUrl,
    ) -> impl Fn() -> LocalBoxFuture<'static, Result<Box<dyn Socket>, String>> {
        let links =
            Links::new(client::connecting(&self.config), client::credentials(&self.config), self.config.max_body);
        let instance = self.instance.clone();
        move || {
            let (links, orchestrator, instance) = (links.clone(), orchestrator.clone(), instance.clone());
            Box::pin(async move {
                links
                    .open(&orchestrator, Some(&instance))
                    .await
                    .map(|socket| Box::new(socket) as Box<dyn Socket>)
                    .map_err(|error| match error {
                        Some(WsClientError::InvalidResponseStatus(status)) => format!("HTTP {status}"),
                        Some(error) => error.to_string(),
                        None => "no answer in time".into(),
                    })
            })
        }
    }
}
