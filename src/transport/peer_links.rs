//! Links that peers have opened to this process, and over which it calls them: those of nodes that dial in (PROTOCOL,
//! section 1) and, on a node, those of its orchestrators.
//!
//! A link belongs to the thread that accepted it, and calls come from all of them: they are handed over as errands.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::{self, LocalBoxStream, StreamExt};
use madrpc_actors::protocol::{Call, CallError, CallResult, PeerUrl};
use tokio::sync::{mpsc, oneshot, Notify};
use tokio::time::{timeout, timeout_at};

use super::link::{self, Guest, Link, Pump, Socket};
use crate::http::EachInTime;

/// Peers that may have opened links; a cluster has fewer.
const MAX_PEERS: usize = 4096;

/// How much later than the node's word its link may come.
const ARRIVAL: Duration = Duration::from_millis(500);

/// Links of one peer, which has one for each of its threads; a further one takes the place of the oldest, which is a broken
/// one most of the time.
const MAX_LINKS: usize = 64;

/// The links that peers have opened to this process. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct PeerLinks(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    links: Mutex<HashMap<PeerUrl, Vec<Listed>>>,
    next: AtomicU64,
    /// A link was listed.
    arrived: Notify,
}

#[derive(Debug)]
struct Listed {
    number: u64,
    thread: ThreadId,
    /// Bounded by admission, as calls are anywhere.
    errands: mpsc::UnboundedSender<Errand>,
}

/// What another thread wants done over a link.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "most are calls, and each is moved on at once")]
enum Errand {
    Call(Call, oneshot::Sender<CallResult>),
    Batch(Vec<Call>, mpsc::UnboundedSender<(usize, CallResult)>),
}

impl PeerLinks {
    /// Carries calls to `node`, which has dialled in, until the link ends; `guest` answers its own.
    pub(crate) async fn attend(
        &self,
        node: PeerUrl,
        link: Link,
        socket: impl Socket,
        silence: Duration,
        guest: Box<dyn Guest>,
    ) {
        link.receive(guest);
        let Some(_listed) = self.list(&node, link.clone()) else { return };
        log::info!("{node} has dialled in");
        let end = Pump::lasting(link, socket, silence).await;
        log::info!("the link of {node} is lost: {end}");
    }

    /// From now on calls to `peer` take this link of the current thread. `None` when too many peers have links.
    pub(crate) fn list(&self, peer: &PeerUrl, link: Link) -> Option<PeerLink> {
        let (errands, mut received) = mpsc::unbounded_channel();
        let number = self.0.next.fetch_add(1, Ordering::Relaxed);
        if !self.insert(peer, Listed { number, thread: thread::current().id(), errands }) {
            log::warn!("{peer} can't be called by its link: {MAX_PEERS} peers have some");
            return None;
        }
        let own = link.clone();
        actix_rt::spawn(async move {
            while let Some(errand) = received.recv().await {
                actix_rt::spawn(run(own.clone(), errand));
            }
        });
        Some(PeerLink { links: self.clone(), peer: peer.clone(), number, link })
    }

    fn insert(&self, peer: &PeerUrl, listed: Listed) -> bool {
        let mut links = self.lock();
        if links.len() >= MAX_PEERS && !links.contains_key(peer) {
            return false;
        }
        let of_peer = links.entry(peer.clone()).or_default();
        if of_peer.len() >= MAX_LINKS {
            of_peer.remove(0);
        }
        of_peer.push(listed);
        drop(links);
        self.0.arrived.notify_waiters();
        true
    }

    fn remove(&self, peer: &PeerUrl, number: u64) {
        let mut links = self.lock();
        if let Some(of_peer) = links.get_mut(peer) {
            of_peer.retain(|listed| listed.number != number);
            if of_peer.is_empty() {
                links.remove(peer);
            }
        }
    }

    /// Waits until `peer` has opened a link, for a moment: what it says by HTTP may have come before.
    pub(super) async fn soon(&self, peer: &PeerUrl) {
        let arrival = async {
            loop {
                let arrived = self.0.arrived.notified();
                if self.reach(peer) {
                    return;
                }
                arrived.await;
            }
        };
        let _anyway = timeout(ARRIVAL, arrival).await;
    }

    /// Whether `peer` has opened a link that is there.
    pub(super) fn reach(&self, peer: &PeerUrl) -> bool {
        self.lock().contains_key(peer)
    }

    /// Hands it to the newest link of `peer`, of this thread if it has one; gives it back when there is none.
    fn hand_over(&self, peer: &PeerUrl, errand: Errand) -> Option<Errand> {
        let here = thread::current().id();
        let links = self.lock();
        let of_peer = links.get(peer).map(Vec::as_slice).unwrap_or_default();
        match of_peer.iter().rfind(|listed| listed.thread == here).or(of_peer.last()) {
            Some(listed) => listed.errands.send(errand).err().map(|refused| refused.0),
            None => Some(errand),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PeerUrl, Vec<Listed>>> {
        self.0.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a call to a peer by its link. Dropping the future cancels it.
    pub(super) fn call(&self, peer: &PeerUrl, call: Call) -> LocalBoxFuture<'static, CallResult> {
        let deadline = call.scope.deadline;
        let (reply, result) = oneshot::channel();
        if self.hand_over(peer, Errand::Call(call, reply)).is_some() {
            return Box::pin(std::future::ready(Err(CallError::Unreachable { sent: false })));
        }
        Box::pin(async move {
            let lost = |_| Err(CallError::Unreachable { sent: true });
            timeout_at(deadline.into(), result).await.map_or(Err(CallError::Timeout), |told| told.unwrap_or_else(lost))
        })
    }

    /// Takes calls there together; each index comes once.
    pub(super) fn batch(&self, peer: &PeerUrl, calls: Vec<Call>) -> LocalBoxStream<'static, (usize, CallResult)> {
        let deadlines: Vec<Instant> = calls.iter().map(|call| call.scope.deadline).collect();
        let (replies, mut results) = mpsc::unbounded_channel();
        if let Some(Errand::Batch(calls, _)) = self.hand_over(peer, Errand::Batch(calls, replies)) {
            let unsent = |index| (index, Err(CallError::Unreachable { sent: false }));
            return stream::iter((0..calls.len()).map(unsent)).boxed_local();
        }
        let answers = stream::poll_fn(move |cx| results.poll_recv(cx));
        EachInTime::new(answers, deadlines, CallError::Unreachable { sent: true }).boxed_local()
    }
}

/// A link that is listed, until this is dropped; then the link is at its end.
pub(crate) struct PeerLink {
    links: PeerLinks,
    peer: PeerUrl,
    number: u64,
    link: Link,
}

impl PeerLink {
    /// What the other side says of calls that this one made.
    pub(crate) fn hear(&self, frame: &Bytes) {
        self.link.hear(frame);
    }
}

impl Drop for PeerLink {
    fn drop(&mut self) {
        self.links.remove(&self.peer, self.number);
        self.link.end();
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
