//! Where the events of one worker thread are handed on: the broker sends each here once, and from here it goes to every
//! session of the thread that wants it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::{ready, LocalBoxFuture};
use madrpc_actors::actors::broker::{Broker, Delivery, Happened, Outlet};
use madrpc_actors::metrics::Recorder;
use madrpc_actors::policy::event_queue::Taken;
use madrpc_actors::policy::joining;
use madrpc_actors::protocol::event::{self, Event, Subscribe};
use madrpc_actors::protocol::{CallError, CallResult, JsonText, Secret};

use super::service::Caller;
use super::session::{encoded, EventFrames, Outbox, Subscriptions};

/// So many events are handed on before the sockets have their turn.
const AT_ONCE: u32 = 64;

/// The desk of a thread.
pub(super) struct Desk {
    broker: Arc<dyn Broker>,
    outlet: Arc<Outlet>,
    token: Option<Secret>,
    /// Of this thread's events.
    pub(super) recorder: Rc<Recorder>,
    topics: RefCell<HashMap<Arc<str>, Topic>>,
    next_session: Cell<u64>,
}

/// Who wants a pattern on this thread.
#[derive(Default)]
struct Topic {
    /// What the broker is told.
    receivers: u64,
    /// By the number of the subscription and then of the session: those with the same number share their frames.
    subscribers: BTreeMap<u64, BTreeMap<u64, Subscriber>>,
}

struct Subscriber {
    out: Outbox,
    frames: Rc<EventFrames>,
}

/// Receivers of a pattern that the broker counts until this is dropped.
pub(super) struct Pledge {
    desk: Rc<Desk>,
    pub(super) pattern: Arc<str>,
    pub(super) receivers: u64,
}

impl Desk {
    /// Opens the desk of this thread.
    pub(super) fn open(broker: Arc<dyn Broker>, token: Option<Secret>, recorder: Recorder) -> Rc<Self> {
        let (outlet, recorder) = (Outlet::new(), Rc::new(recorder));
        let (topics, next_session) = (RefCell::default(), Cell::new(1));
        let desk = Rc::new(Desk { broker, outlet, token, recorder, topics, next_session });
        actix_rt::spawn(desk.clone().hand_on());
        desk
    }

    /// The built-in methods of events; `session` is the one that asks.
    pub(super) fn builtin(
        self: &Rc<Self>,
        method: &str,
        params: Option<&JsonText>,
        caller: &Caller,
        session: Option<&Subscriptions>,
    ) -> Option<LocalBoxFuture<'static, CallResult>> {
        let refused = |error| -> LocalBoxFuture<'static, CallResult> { Box::pin(ready(Err(error))) };
        Some(match (method, session) {
            (event::PUBLISH, _) => match Event::read(params, self.is_member(caller)) {
                Ok(event) => {
                    // Begun here, in the order of the requests.
                    let publishing = self.broker.publish(event);
                    Box::pin(async move { JsonText::of(&publishing.await?) })
                }
                Err(error) => refused(error),
            },
            (event::SUBSCRIBE, Some(session)) => match Subscribe::read(params) {
                Ok(Subscribe { channel, receivers: None }) => session.subscribe(channel.into()),
                Ok(Subscribe { channel, receivers: Some(receivers) }) if self.is_member(caller) => {
                    session.subscribe_peer(channel.into(), receivers)
                }
                Ok(_) => refused(CallError::Unauthorized),
                Err(error) => refused(error),
            },
            (event::UNSUBSCRIBE, Some(session)) => match event::read_unsubscribe(params) {
                Ok(subscription) => Box::pin(ready(JsonText::of(&session.unsubscribe(subscription)))),
                Err(error) => refused(error),
            },
            (event::SUBSCRIBE | event::UNSUBSCRIBE, None) => {
                refused(CallError::invalid_params("transport", "subscriptions need a WebSocket: open GET /ws"))
            }
            _ => return None,
        })
    }

    /// Processes of the cluster publish what others must not, and tell how many are behind them.
    fn is_member(&self, caller: &Caller) -> bool {
        caller.is_peer && joining::authorise(self.token.as_ref(), caller.cluster_token.as_ref(), caller.ip).is_ok()
    }

    /// A number for a session of this thread.
    pub(super) fn number_session(&self) -> u64 {
        let number = self.next_session.get();
        self.next_session.set(number + 1);
        number
    }

    /// Has the broker send what matches, for so many receivers more.
    pub(super) fn pledge(
        self: &Rc<Self>,
        pattern: Arc<str>,
        receivers: u64,
    ) -> (Pledge, impl std::future::Future<Output = Result<(), CallError>> + 'static) {
        let total = {
            let mut topics = self.topics.borrow_mut();
            let topic = topics.entry(pattern.clone()).or_default();
            topic.receivers = topic.receivers.saturating_add(receivers);
            topic.receivers
        };
        let told = self.broker.subscribe(&self.outlet, pattern.clone(), total);
        (Pledge { desk: self.clone(), pattern, receivers }, told)
    }

    /// Hands events on to a session from now on.
    pub(super) fn insert(&self, pattern: &Arc<str>, id: u64, session: u64, out: Outbox, frames: Rc<EventFrames>) {
        if let Some(topic) = self.topics.borrow_mut().get_mut(pattern) {
            topic.subscribers.entry(id).or_default().insert(session, Subscriber { out, frames });
        }
    }

    /// And no longer.
    pub(super) fn remove(&self, pattern: &Arc<str>, id: u64, session: u64) {
        if let Some(topic) = self.topics.borrow_mut().get_mut(pattern) {
            if let Some(sessions) = topic.subscribers.get_mut(&id) {
                sessions.remove(&session);
                if sessions.is_empty() {
                    topic.subscribers.remove(&id);
                }
            }
        }
    }

    /// Runs as long as the thread.
    async fn hand_on(self: Rc<Self>) {
        loop {
            for _ in 0..AT_ONCE {
                match self.outlet.next().await {
                    Taken::Item(delivery) => self.deliver(&delivery),
                    // Nobody knows whose they were.
                    Taken::Dropped(count) => {
                        let patterns = self.topics.borrow().keys().cloned().collect();
                        self.deliver(&Delivery { patterns, what: Happened::Lost(count) });
                    }
                }
            }
            tokio::task::yield_now().await;
        }
    }

    fn deliver(&self, Delivery { patterns, what }: &Delivery) {
        let topics = self.topics.borrow();
        let mut frames: HashMap<u64, Bytes> = HashMap::new();
        for topic in patterns.iter().filter_map(|pattern| topics.get(pattern)) {
            for (id, sessions) in &topic.subscribers {
                match what {
                    Happened::Event(event) => {
                        for subscriber in sessions.values() {
                            if subscriber.out.takes_events() {
                                let frame = frames.entry(*id).or_insert_with(|| encoded(event.frame(*id)));
                                subscriber.out.event(&subscriber.frames, frame);
                            } else {
                                subscriber.out.lost(&subscriber.frames, 1);
                            }
                        }
                    }
                    Happened::Lost(count) => {
                        sessions.values().for_each(|subscriber| subscriber.out.lost(&subscriber.frames, *count));
                    }
                }
            }
        }
    }
}

impl Drop for Pledge {
    fn drop(&mut self) {
        let desk = &self.desk;
        let total = {
            let mut topics = desk.topics.borrow_mut();
            let Some(topic) = topics.get_mut(&self.pattern) else { return };
            topic.receivers = topic.receivers.saturating_sub(self.receivers);
            let total = topic.receivers;
            if total == 0 {
                topics.remove(&self.pattern);
            }
            total
        };
        // It counts from when it is said.
        drop(desk.broker.subscribe(&desk.outlet, self.pattern.clone(), total));
    }
}
