//! Events between the processes of a cluster: who publishes and who subscribes know a [`Broker`], and nothing of where it is.
//!
//! The embedded one is the [`Hub`], an actor of this process. On a node with orchestrators it is the lower half of a tree:
//! what is published goes up by an `Uplink`, and what others publish comes down by it.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use futures_util::future::BoxFuture;

use crate::policy::event_queue::{EventQueue, Put, Room, Taken};
use crate::policy::fanout::OutletId;
use crate::protocol::{CallError, Event};

mod hub;
mod text;
mod uplink;

pub use hub::Hub;
pub use text::{text_channel, TextReceiver, TextSender};
pub use uplink::{SessionClient, TextSession};

/// What waits for a thread to hand it on.
const ROOM: Room = Room { items: 65_536, bytes: 64 << 20 };

/// What publishers and subscribers ask for, from any thread. It may be in another process: whoever waits for it waits with a
/// deadline.
pub trait Broker: Debug + Send + Sync {
    /// Publishes, and gives the number of receivers that the broker knows of. Events of one caller keep the order of its
    /// calls, whether it has waited for the answers or not.
    ///
    /// Errors: `Unreachable` when no broker is, `Overloaded` when too many events wait for it.
    fn publish(&self, event: Event) -> BoxFuture<'static, Result<u64, CallError>>;

    /// Sends what matches `pattern` to `outlet`, each event once with all patterns that matched. What is published once this
    /// has resolved comes for certain. Called again for the same pattern it tells another number of receivers, of which 0 is
    /// the end; the numbers count in the order of the calls.
    ///
    /// Errors: `Overloaded` when there are too many patterns.
    fn subscribe(
        &self,
        outlet: &Arc<Outlet>,
        pattern: Arc<str>,
        receivers: u64,
    ) -> BoxFuture<'static, Result<(), CallError>>;
}

/// Where events come out for one subscriber, which may be on another thread than the broker.
#[derive(Debug)]
pub struct Outlet {
    id: OutletId,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    queue: EventQueue<Delivery>,
    reader: Option<Waker>,
}

/// Something for the subscribers of some patterns.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Those that matched.
    pub patterns: Vec<Arc<str>>,
    /// What it is.
    pub what: Happened,
}

/// What subscribers are told.
#[derive(Clone, Debug)]
pub enum Happened {
    /// This was published.
    Event(Event),
    /// So many events were dropped on their way here.
    Lost(u64),
}

impl Outlet {
    /// One that nothing was put into yet.
    pub fn new() -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = OutletId(NEXT.fetch_add(1, Ordering::Relaxed));
        Arc::new(Outlet { id, state: Mutex::new(State { queue: EventQueue::new(ROOM), reader: None }) })
    }

    /// Which one it is in this process.
    pub fn id(&self) -> OutletId {
        self.id
    }

    /// Puts something in; wakes the reader once for all that is put in until it comes.
    pub fn put(&self, delivery: Delivery) {
        let bytes = match &delivery.what {
            Happened::Event(event) => event.size(),
            Happened::Lost(_) => 0,
        };
        let mut state = self.lock();
        if state.queue.put(delivery, bytes) == Put::Dropped {
            log::warn!("a thread does not hand on its events as fast as they come: some are dropped");
        }
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// The next that was put in. `Dropped` may concern every subscriber of the outlet. For one reader.
    pub async fn next(&self) -> Taken<Delivery> {
        poll_fn(|cx| {
            let mut state = self.lock();
            if let Some(taken) = state.queue.take() {
                return Poll::Ready(taken);
            }
            state.reader = Some(cx.waker().clone());
            Poll::Pending
        })
        .await
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hands something to each of the outlets that are still there; gives those that are gone.
fn hand_out(
    outlets: &BTreeMap<OutletId, std::sync::Weak<Outlet>>,
    reached: BTreeMap<OutletId, Vec<Arc<str>>>,
    what: &Happened,
) -> Vec<OutletId> {
    let mut gone = Vec::new();
    for (id, patterns) in reached {
        match outlets.get(&id).and_then(std::sync::Weak::upgrade) {
            Some(outlet) => outlet.put(Delivery { patterns, what: what.clone() }),
            None => gone.push(id),
        }
    }
    gone
}

#[cfg(test)]
mod tests;
