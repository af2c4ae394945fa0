//! ScriptEvents: takes what a node's scripts publish to the broker, and events to the functions that they subscribed.
//!
//! Each event runs on one executor of the node, as a call of its own that nobody waits for. Those of one pattern run on the
//! same, one after the other: so they keep their order, and find what those before them have left in the module.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use actix::{Actor, ActorFutureExt, Addr, AsyncContext, Context, Handler, Message, WrapFuture};

use super::broker::{Broker, Delivery, Happened, Outlet};
use super::executor_inbox::{ExecutorInbox, Work};
use super::js_pool::PoolCore;
use crate::engine::OutgoingCall;
use crate::metrics::{EventMark, Recorder};
use crate::policy::event_queue::{EventQueue, Put, Room, Taken};
use crate::protocol::{CallError, Event, JsonText, Short};

/// What waits for the function of one pattern.
const ROOM: Room = Room { items: 4_096, bytes: 32 << 20 };

/// Between looks at whether there is room among the admitted for what waits.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Longest error in a line of the log, in bytes.
const LONGEST_ERROR: usize = 2_000;

/// Between two lines of the log about events that one pattern has lost.
const COMPLAINT: Duration = Duration::from_secs(5);

/// A handle to the actor.
#[derive(Clone, Debug)]
pub struct ScriptEvents(Addr<ScriptEventsActor>);

/// Scripts on `from` publish.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Publish {
    from: Arc<ExecutorInbox>,
    calls: Vec<OutgoingCall>,
}

/// The scripts subscribe to these patterns now, and to no others.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Subscribe {
    patterns: Arc<Vec<Arc<str>>>,
}

/// The outlet has given something.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Arrived(Taken<Delivery>);

struct ScriptEventsActor {
    pool: Weak<PoolCore>,
    broker: Arc<dyn Broker>,
    outlet: Arc<Outlet>,
    /// How long one event may take.
    timeout: Duration,
    subscribed: HashMap<Arc<str>, Subscribed>,
    /// Counts subscriptions.
    last: u64,
    /// Something waits for room among the admitted, and there will be another look.
    looks_again: bool,
    recorder: Recorder,
}

struct Subscribed {
    /// Tells it from an earlier one to the same pattern, and which executor it has.
    number: u64,
    queue: EventQueue<Event>,
    runs: bool,
    lost: u64,
    complained: Option<Instant>,
}

impl ScriptEvents {
    /// Starts on the current arbiter.
    pub(super) fn start(pool: &Arc<PoolCore>, broker: Arc<dyn Broker>, timeout: Duration) -> Self {
        let outlet = Outlet::new();
        let actor = ScriptEventsActor {
            pool: Arc::downgrade(pool),
            broker,
            outlet: outlet.clone(),
            timeout,
            subscribed: HashMap::new(),
            last: 0,
            looks_again: false,
            recorder: pool.recorder(),
        };
        let actor = actor.start();
        let address = actor.clone();
        actix_rt::spawn(async move {
            loop {
                let taken = outlet.next().await;
                // Answered when it was dealt with, so that what waits waits in the outlet, which is bounded.
                if address.send(Arrived(taken)).await.is_err() {
                    return;
                }
            }
        });
        ScriptEvents(actor)
    }

    /// Takes `_publish` calls to the broker, and the results back. Their number is bounded by the engine.
    pub(super) fn publish(&self, from: Arc<ExecutorInbox>, calls: Vec<OutgoingCall>) {
        self.0.do_send(Publish { from, calls });
    }

    /// Subscribes to these patterns instead of those before.
    pub(super) fn subscribe(&self, patterns: Arc<Vec<Arc<str>>>) {
        self.0.do_send(Subscribe { patterns });
    }
}

impl ScriptEventsActor {
    /// Runs the next event of a pattern, unless one runs, or there is no room for another among the admitted.
    fn go_on(&mut self, pattern: &Arc<str>, context: &mut Context<Self>) {
        let Some(subscribed) = self.subscribed.get_mut(pattern) else { return };
        if subscribed.runs || subscribed.queue.is_empty() {
            return;
        }
        let Some(pool) = self.pool.upgrade() else { return };
        // It has its place before it leaves the queue: a process that drains waits for it from here on.
        let Ok(permit) = pool.admit_event() else { return self.look_again_soon(context) };
        let event = loop {
            match subscribed.queue.take() {
                Some(Taken::Item(event)) => break event,
                Some(Taken::Dropped(count)) => subscribed.complain(pattern, count),
                None => return,
            }
        };
        self.recorder.event(EventMark::Delivered, 1);
        subscribed.runs = true;
        let number = subscribed.number;
        let run = pool.run_event((pattern, number), &event, self.timeout, permit);
        let pattern = pattern.clone();
        context.spawn(run.into_actor(self).map(move |result, actor, context| {
            let mark = if result.is_ok() { EventMark::Handled } else { EventMark::Failed };
            actor.recorder.event(mark, 1);
            if let Err(error) = result {
                log::error!(target: "script", "(event {pattern}) failed on {}: {}", event.channel.escape_debug(), Short::line(error, LONGEST_ERROR));
            }
            if let Some(same) = actor.subscribed.get_mut(&pattern).filter(|other| other.number == number) {
                same.runs = false;
            }
            actor.go_on(&pattern, context);
        }));
    }

    fn look_again_soon(&mut self, context: &mut Context<Self>) {
        if !std::mem::replace(&mut self.looks_again, true) {
            context.run_later(LOOK_AGAIN, |actor, context| {
                actor.looks_again = false;
                let patterns: Vec<_> = actor.subscribed.keys().cloned().collect();
                patterns.iter().for_each(|pattern| actor.go_on(pattern, context));
            });
        }
    }
}

impl Subscribed {
    fn complain(&mut self, pattern: &str, count: u64) {
        self.lost = self.lost.saturating_add(count);
        let now = Instant::now();
        if self.complained.is_none_or(|last| now.saturating_duration_since(last) >= COMPLAINT) {
            log::warn!(target: "script", "(event {pattern}) has lost {} events: it is too slow for them", self.lost);
            (self.complained, self.lost) = (Some(now), 0);
        }
    }
}

impl Actor for ScriptEventsActor {
    type Context = Context<Self>;
}

impl Handler<Publish> for ScriptEventsActor {
    type Result = ();

    fn handle(&mut self, Publish { from, calls }: Publish, _: &mut Self::Context) {
        for OutgoingCall { id, call, .. } in calls {
            let publishing = Event::read(call.params.as_ref(), false).map(|event| self.broker.publish(event));
            let (from, deadline) = (from.clone(), call.scope.deadline);
            actix_rt::spawn(async move {
                let result = match publishing {
                    Ok(publishing) => {
                        let published = tokio::time::timeout_at(deadline.into(), publishing).await;
                        published.unwrap_or(Err(CallError::Timeout)).and_then(|count| JsonText::of(&count))
                    }
                    Err(refused) => Err(refused),
                };
                from.send(Work::Settled(vec![(id, result)]));
            });
        }
    }
}

impl Handler<Subscribe> for ScriptEventsActor {
    type Result = ();

    fn handle(&mut self, Subscribe { patterns }: Subscribe, _: &mut Self::Context) {
        let wanted: HashSet<&Arc<str>> = patterns.iter().collect();
        let mut changing = Vec::new();
        self.subscribed.retain(|pattern, _| {
            let stays = wanted.contains(pattern);
            if !stays {
                changing.push(self.broker.subscribe(&self.outlet, pattern.clone(), 0));
            }
            stays
        });
        for pattern in wanted {
            if !self.subscribed.contains_key(pattern) {
                self.last += 1;
                let queue = EventQueue::new(ROOM);
                let fresh = Subscribed { number: self.last, queue, runs: false, lost: 0, complained: None };
                self.subscribed.insert(pattern.clone(), fresh);
                changing.push(self.broker.subscribe(&self.outlet, pattern.clone(), 1));
            }
        }
        actix_rt::spawn(async move {
            for changed in changing {
                if let Err(error) = changed.await {
                    log::error!(target: "script", "a subscription of the scripts is not there: {error}");
                }
            }
        });
    }
}

impl Handler<Arrived> for ScriptEventsActor {
    type Result = ();

    fn handle(&mut self, Arrived(taken): Arrived, context: &mut Self::Context) {
        let (patterns, what) = match taken {
            Taken::Item(Delivery { patterns, what }) => (patterns, what),
            // Whose they were is not known.
            Taken::Dropped(count) => (self.subscribed.keys().cloned().collect(), Happened::Lost(count)),
        };
        for pattern in patterns {
            let Some(subscribed) = self.subscribed.get_mut(&pattern) else { continue };
            let (put, lost) = match &what {
                Happened::Event(event) => (subscribed.queue.put(event.clone(), event.size()), 1),
                Happened::Lost(count) => (subscribed.queue.count_dropped(*count), *count),
            };
            if put != Put::Queued {
                self.recorder.event(EventMark::Dropped, lost);
            }
            self.go_on(&pattern, context);
        }
    }
}
