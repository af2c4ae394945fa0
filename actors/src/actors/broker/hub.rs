//! The actor Hub: the broker that is embedded in a process.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use actix::{Actor, Addr, AsyncContext, Context, Handler, Message};
use futures_util::future::{join_all, BoxFuture};
use tokio::sync::oneshot;

use super::uplink::{self, SessionClient, Uplink};
use super::{hand_out, Broker, Happened, Outlet};
use crate::actors::PeerUrl;
use crate::metrics::{EventMark, Metrics, Recorder};
use crate::policy::fanout::{Fanout, OutletId};
use crate::protocol::{CallError, Event};

/// Requests that wait for the hub or, on a node, for an orchestrator.
const MOST_WAITING: usize = 65_536;

/// Bytes of the events among them.
const MOST_BYTES: usize = 64 << 20;

/// How long a subscriber waits for orchestrators to know of it. Later it gets what they hear of all the same.
const CONFIRMATION: Duration = Duration::from_secs(2);

/// A handle; clones share the actor.
#[derive(Clone, Debug)]
pub struct Hub {
    hub: Addr<HubActor>,
    waiting: Arc<Waiting>,
}

/// What waits, over all threads.
#[derive(Debug, Default)]
struct Waiting {
    requests: AtomicUsize,
    bytes: AtomicUsize,
}

/// A place among what waits, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    waiting: Arc<Waiting>,
    bytes: usize,
}

impl Place {
    fn take(waiting: &Arc<Waiting>, bytes: usize) -> Result<Place, CallError> {
        let requests = waiting.requests.fetch_add(1, Ordering::Relaxed);
        let held = waiting.bytes.fetch_add(bytes, Ordering::Relaxed);
        // From here on it is given back in any case.
        let place = Place { waiting: waiting.clone(), bytes };
        // One event may have more bytes than all should have.
        let fits = requests < MOST_WAITING && (held == 0 || held.saturating_add(bytes) <= MOST_BYTES);
        fits.then_some(place).ok_or(CallError::Overloaded)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.waiting.requests.fetch_sub(1, Ordering::Relaxed);
        self.waiting.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Publish this.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Publish {
    pub(super) event: Event,
    pub(super) reply: oneshot::Sender<Result<u64, CallError>>,
    /// Orchestrators that could not be reached with it.
    pub(super) refusals: usize,
    /// Held until it is answered.
    pub(super) _place: Place,
}

/// So many receivers are behind an outlet.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Set {
    outlet: Arc<Outlet>,
    pattern: Arc<str>,
    receivers: u64,
    reply: oneshot::Sender<Result<(), CallError>>,
    place: Option<Place>,
}

/// An orchestrator tells this the subscribers of a pattern.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Deliver {
    pub(super) pattern: Arc<str>,
    pub(super) what: Happened,
}

pub(super) struct HubActor {
    fanout: Fanout,
    outlets: BTreeMap<OutletId, Weak<Outlet>>,
    /// Where it publishes instead, and hears of what others publish: the first that can be reached, and all of them.
    uplinks: Vec<uplink::Handle>,
    recorder: Rc<Recorder>,
}

impl Hub {
    /// A hub on the current arbiter, on its own.
    pub fn start(metrics: &Metrics) -> Hub {
        let recorder = Rc::new(metrics.recorder());
        let actor = HubActor { fanout: Fanout::default(), outlets: BTreeMap::new(), uplinks: Vec::new(), recorder };
        Hub { hub: actor.start(), waiting: Arc::default() }
    }

    /// A hub on the current arbiter whose events go by these orchestrators. `client` opens its sessions there.
    pub fn below(orchestrators: &[PeerUrl], client: &Rc<dyn SessionClient>, metrics: &Metrics) -> Hub {
        let recorder = Rc::new(metrics.recorder());
        let hub = HubActor::create(|context| {
            let hub = context.address();
            let open = |url: &PeerUrl| Uplink::launch(url.clone(), client.clone(), hub.clone(), recorder.clone());
            let uplinks = orchestrators.iter().map(open).collect();
            HubActor { fanout: Fanout::default(), outlets: BTreeMap::new(), uplinks, recorder }
        });
        Hub { hub, waiting: Arc::default() }
    }
}

/// The answer of the hub, which lives as long as the process.
async fn answered<T>(answer: oneshot::Receiver<Result<T, CallError>>) -> Result<T, CallError> {
    answer.await.unwrap_or_else(|_| Err(CallError::internal("the hub of events is gone")))
}

impl Broker for Hub {
    fn publish(&self, event: Event) -> BoxFuture<'static, Result<u64, CallError>> {
        let (reply, answer) = oneshot::channel();
        // Sent now, not when the future is polled: this is the order that was promised.
        match Place::take(&self.waiting, event.size()) {
            Ok(place) => self.hub.do_send(Publish { event, reply, refusals: 0, _place: place }),
            Err(refused) => drop(reply.send(Err(refused))),
        }
        Box::pin(answered(answer))
    }

    fn subscribe(
        &self,
        outlet: &Arc<Outlet>,
        pattern: Arc<str>,
        receivers: u64,
    ) -> BoxFuture<'static, Result<(), CallError>> {
        let (reply, answer) = oneshot::channel();
        let outlet = outlet.clone();
        match Place::take(&self.waiting, pattern.len()) {
            // The end of a subscription is never refused: nobody would say it again.
            Err(refused) if receivers > 0 => drop(reply.send(Err(refused))),
            place => self.hub.do_send(Set { outlet, pattern, receivers, reply, place: place.ok() }),
        }
        Box::pin(answered(answer))
    }
}

impl HubActor {
    fn hand_out(&mut self, reached: BTreeMap<OutletId, Vec<Arc<str>>>, what: &Happened) {
        for gone in hand_out(&self.outlets, reached, what) {
            self.outlets.remove(&gone);
            for (pattern, receivers) in self.fanout.remove(gone) {
                self.uplinks.iter().for_each(|uplink| uplink.want(pattern.clone(), receivers, None));
            }
        }
    }
}

impl Actor for HubActor {
    type Context = Context<Self>;
}

impl Handler<Publish> for HubActor {
    type Result = ();

    fn handle(&mut self, publish: Publish, _: &mut Self::Context) {
        if !self.uplinks.is_empty() {
            return uplink::publish(&self.uplinks, publish);
        }
        self.recorder.event(EventMark::Published, 1);
        let reach = self.fanout.reach(&publish.event.channel);
        let _gone = publish.reply.send(Ok(reach.receivers));
        self.hand_out(reach.outlets, &Happened::Event(publish.event));
    }
}

impl Handler<Set> for HubActor {
    type Result = ();

    fn handle(&mut self, Set { outlet, pattern, receivers, reply, place }: Set, _: &mut Self::Context) {
        let total = match self.fanout.set(outlet.id(), &pattern, receivers) {
            Ok(total) => total,
            Err(refused) => return drop(reply.send(Err(refused))),
        };
        self.outlets.entry(outlet.id()).or_insert_with(|| Arc::downgrade(&outlet));
        let mut confirmed = Vec::new();
        for uplink in &self.uplinks {
            let (confirm, told) = oneshot::channel();
            uplink.want(pattern.clone(), total, Some(confirm));
            confirmed.push(told);
        }
        if confirmed.is_empty() || receivers == 0 {
            return drop(reply.send(Ok(())));
        }
        actix_rt::spawn(async move {
            let _late = tokio::time::timeout(CONFIRMATION, join_all(confirmed)).await;
            let _gone = reply.send(Ok(()));
            drop(place);
        });
    }
}

impl Handler<Deliver> for HubActor {
    type Result = ();

    fn handle(&mut self, Deliver { pattern, what }: Deliver, _: &mut Self::Context) {
        let reach = self.fanout.reach_of(&pattern);
        self.hand_out(reach.outlets, &what);
    }
}
