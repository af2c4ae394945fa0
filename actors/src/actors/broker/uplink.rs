//! The actor Uplink: a node's session with one orchestrator, by which it publishes and hears of what others publish.
//!
//! It is opened when somebody publishes or subscribes. It subscribes to each pattern that somebody on the node wants once,
//! tells how many receivers are behind it, and hands each event to the subscribers of that very pattern: so nobody gets one
//! twice.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::rc::Rc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorFutureExt, Addr, AsyncContext, Context, Handler, Message, StreamHandler, WrapFuture};
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use futures_util::stream;
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use super::hub::{Deliver, HubActor, Publish};
use super::{Happened, TextReceiver};
use crate::actors::PeerUrl;
use crate::metrics::{EventMark, Recorder};
use crate::policy::backoff::Backoff;
use crate::protocol::event::{Told, PUBLISH, SUBSCRIBE, UNSUBSCRIBE};
use crate::protocol::{request, CallError, CallResult, JsonText, Reply};

/// Between attempts to open a session.
const BACKOFF: Backoff = Backoff { first: Duration::from_millis(100), most: Duration::from_secs(5) };

/// How long it may take to open one.
const OPENING: Duration = Duration::from_secs(5);

/// What the orchestrator refuses is asked for again after so long.
const AGAIN: Duration = Duration::from_secs(2);

/// Opens sessions with other processes of ours. Bound to the thread that made it.
pub trait SessionClient: 'static {
    /// One session; it ends when the sender is dropped.
    fn open(&self, peer: &PeerUrl) -> LocalBoxFuture<'static, Result<TextSession, CallError>>;
}

/// Frames of text in both directions, both of them bounded.
#[derive(Debug)]
pub struct TextSession {
    /// To the peer.
    pub send: mpsc::Sender<Vec<u8>>,
    /// From the peer; ends with the session.
    pub receive: TextReceiver,
}

/// How it stands, for those who choose among several.
const OPENING_NOW: u8 = 0;
const OPEN: u8 = 1;
/// It could not be opened, or was lost, a moment ago.
const CLOSED: u8 = 2;
/// Nobody needs it.
const IDLE: u8 = 3;

/// What the hub has of it.
pub(super) struct Handle {
    uplink: Addr<Uplink>,
    state: Arc<AtomicU8>,
}

impl Handle {
    /// So many receivers are on this node now. `confirm` hears when the orchestrator knows, or can't be told.
    pub(super) fn want(&self, pattern: Arc<str>, receivers: u64, confirm: Option<oneshot::Sender<()>>) {
        self.uplink.do_send(Want { pattern, receivers, confirm });
    }
}

/// Publishes at the first that can be reached, or else may be.
pub(super) fn publish(uplinks: &[Handle], publish: Publish) {
    let by_state = |state| uplinks.iter().find(|uplink| uplink.state.load(Ordering::Relaxed) == state);
    let first = by_state(OPEN).or_else(|| by_state(OPENING_NOW)).or_else(|| by_state(IDLE));
    match first.filter(|_| publish.refusals < uplinks.len()) {
        Some(uplink) => uplink.uplink.do_send(publish),
        None => drop(publish.reply.send(Err(CallError::Unreachable { sent: false }))),
    }
}

#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Want {
    pattern: Arc<str>,
    receivers: u64,
    confirm: Option<oneshot::Sender<()>>,
}

pub(super) struct Uplink {
    url: PeerUrl,
    client: Rc<dyn SessionClient>,
    hub: Addr<HubActor>,
    state: Arc<AtomicU8>,
    failures: u32,
    session: Option<mpsc::Sender<Vec<u8>>>,
    /// Counts sessions: what comes of an earlier one is void.
    term: u64,
    next_id: u64,
    asked: HashMap<u64, Asked>,
    wanted: BTreeMap<Arc<str>, Wanted>,
    by_subscription: HashMap<u64, Arc<str>>,
    /// What is to be published once there is a session. Bounded by the hub.
    waiting: VecDeque<Publish>,
    recorder: Rc<Recorder>,
}

/// A request that is not answered yet.
enum Asked {
    Publish(Publish),
    Subscribe(Arc<str>, u64),
    Unsubscribe(Arc<str>),
}

/// A pattern that the node wants, or has wanted.
#[derive(Default)]
struct Wanted {
    receivers: u64,
    /// What the orchestrator knows, and by which number.
    told: u64,
    subscription: Option<u64>,
    /// It is being told something.
    busy: bool,
    confirm: Vec<oneshot::Sender<()>>,
}

/// A frame of the session of that term; none when it has ended.
struct Frame(u64, Option<Bytes>);

impl Uplink {
    pub(super) fn launch(
        url: PeerUrl,
        client: Rc<dyn SessionClient>,
        hub: Addr<HubActor>,
        recorder: Rc<Recorder>,
    ) -> Handle {
        let state = Arc::new(AtomicU8::new(IDLE));
        let uplink = Uplink {
            url,
            client,
            hub,
            state: state.clone(),
            failures: 0,
            session: None,
            term: 0,
            next_id: 1,
            asked: HashMap::new(),
            wanted: BTreeMap::new(),
            by_subscription: HashMap::new(),
            waiting: VecDeque::new(),
            recorder,
        };
        Handle { uplink: uplink.start(), state }
    }

    fn connect(&mut self, context: &mut Context<Self>) {
        self.state.store(OPENING_NOW, Ordering::Relaxed);
        self.term += 1;
        let term = self.term;
        let opening = tokio::time::timeout(OPENING, self.client.open(&self.url));
        let opened = opening.into_actor(self).map(move |opened, uplink, context| {
            match opened.unwrap_or(Err(CallError::Timeout)) {
                Ok(session) => uplink.opened(term, session, context),
                Err(error) => uplink.lost(&error.to_string(), context),
            }
        });
        context.spawn(opened);
    }

    fn opened(&mut self, term: u64, session: TextSession, context: &mut Context<Self>) {
        log::info!("events go by {}", self.url);
        self.failures = 0;
        self.session = Some(session.send);
        self.state.store(OPEN, Ordering::Relaxed);
        let frames = stream::unfold(Some(session.receive), move |receive| async move {
            let mut receive = receive?;
            match receive.recv().await {
                Some(frame) => Some((Frame(term, Some(frame)), Some(receive))),
                None => Some((Frame(term, None), None)),
            }
        });
        context.add_stream(frames);
        let patterns: Vec<_> = self.wanted.keys().cloned().collect();
        patterns.iter().for_each(|pattern| self.tell(pattern, context));
        for publish in std::mem::take(&mut self.waiting) {
            self.publish(publish, context);
        }
    }

    /// There is no session now: nobody knows what has become of what was published last, and the rest has not left.
    fn lost(&mut self, why: &str, context: &mut Context<Self>) {
        let delay = BACKOFF.delay(self.failures, fastrand::f64());
        let level = if self.failures == 0 { log::Level::Warn } else { log::Level::Debug };
        log::log!(level, "no events by {}: {why}; next attempt in {} ms", self.url, delay.as_millis());
        self.failures = self.failures.saturating_add(1);
        self.session = None;
        self.state.store(CLOSED, Ordering::Relaxed);
        self.by_subscription.clear();
        for (_, asked) in self.asked.drain() {
            if let Asked::Publish(publish) = asked {
                let _gone = publish.reply.send(Err(CallError::Unreachable { sent: true }));
            }
        }
        for mut publish in self.waiting.drain(..) {
            // Another orchestrator may be there.
            publish.refusals += 1;
            self.hub.do_send(publish);
        }
        self.wanted.retain(|_, wanted| wanted.receivers > 0);
        for wanted in self.wanted.values_mut() {
            *wanted = Wanted { receivers: wanted.receivers, ..Wanted::default() };
        }
        context.run_later(delay, |uplink, context| match uplink.wanted.is_empty() {
            true => uplink.state.store(IDLE, Ordering::Relaxed),
            false => uplink.connect(context),
        });
    }

    /// Asks the orchestrator. Without room in the session, which is thousands of frames behind, it is given up.
    fn ask(&mut self, method: &str, params: &JsonText, asked: Asked, context: &mut Context<Self>) {
        let Some(session) = &self.session else {
            if let Asked::Publish(publish) = asked {
                let _gone = publish.reply.send(Err(CallError::Unreachable { sent: false }));
            }
            return;
        };
        let id = self.next_id;
        self.next_id += 1;
        let frame = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{}}}"#, params.as_str());
        self.asked.insert(id, asked);
        if session.try_send(frame.into_bytes()).is_err() {
            self.term += 1;
            self.lost("it takes nothing", context);
        }
    }

    fn publish(&mut self, publish: Publish, context: &mut Context<Self>) {
        let params = publish.event.to_params();
        self.ask(PUBLISH, &params, Asked::Publish(publish), context);
    }

    /// Tells the orchestrator what it does not know of a pattern; one thing at a time.
    fn tell(&mut self, pattern: &Arc<str>, context: &mut Context<Self>) {
        if self.session.is_none() {
            if let Some(wanted) = self.wanted.get_mut(pattern) {
                wanted.confirm.clear();
            }
            return;
        }
        let Some(wanted) = self.wanted.get_mut(pattern).filter(|wanted| !wanted.busy) else { return };
        if wanted.told == wanted.receivers {
            for confirm in wanted.confirm.drain(..) {
                let _gone = confirm.send(());
            }
            if wanted.receivers == 0 {
                self.wanted.remove(pattern);
            }
            return;
        }
        wanted.busy = true;
        let receivers = wanted.receivers;
        let (method, params, asked) = match wanted.subscription.filter(|_| receivers == 0) {
            Some(id) => (UNSUBSCRIBE, json!({"subscription": id}), Asked::Unsubscribe(pattern.clone())),
            None => {
                let params = json!({"channel": &**pattern, "receivers": receivers});
                (SUBSCRIBE, params, Asked::Subscribe(pattern.clone(), receivers))
            }
        };
        self.ask(method, &JsonText::from_trusted(params.to_string()), asked, context);
    }

    fn answered(&mut self, asked: Asked, result: CallResult, context: &mut Context<Self>) {
        let number = |text: &JsonText| text.as_str().parse::<u64>().ok();
        let pattern = match asked {
            Asked::Publish(publish) => {
                let strange = || CallError::internal("an orchestrator answers _publish with no number");
                if result.is_ok() {
                    self.recorder.event(EventMark::Published, 1);
                }
                let _gone = publish.reply.send(result.and_then(|text| number(&text).ok_or_else(strange)));
                return;
            }
            Asked::Subscribe(pattern, receivers) => {
                let Some(wanted) = self.wanted.get_mut(&pattern) else { return };
                wanted.busy = false;
                match result.as_ref().map(number) {
                    Ok(Some(id)) => {
                        (wanted.told, wanted.subscription) = (receivers, Some(id));
                        self.by_subscription.insert(id, pattern.clone());
                    }
                    refused => {
                        log::warn!("{} does not take a subscription to {pattern}: {refused:?}", self.url);
                        wanted.confirm.clear();
                        context.run_later(AGAIN, move |uplink, context| uplink.tell(&pattern, context));
                        return;
                    }
                }
                pattern
            }
            Asked::Unsubscribe(pattern) => {
                let Some(wanted) = self.wanted.get_mut(&pattern) else { return };
                (wanted.busy, wanted.told) = (false, 0);
                if let Some(id) = wanted.subscription.take() {
                    self.by_subscription.remove(&id);
                }
                pattern
            }
        };
        self.tell(&pattern, context);
    }

    /// A notification of the orchestrator's.
    fn told(&self, told: Told) {
        let (subscription, what) = match told {
            Told::Event { subscription, event } => (subscription, Happened::Event(event)),
            Told::Dropped { subscription, count } => (subscription, Happened::Lost(count)),
        };
        if let Some(pattern) = self.by_subscription.get(&subscription) {
            self.hub.do_send(Deliver { pattern: pattern.clone(), what });
        }
    }
}

impl Actor for Uplink {
    type Context = Context<Self>;
}

impl Handler<Want> for Uplink {
    type Result = ();

    fn handle(&mut self, Want { pattern, receivers, confirm }: Want, context: &mut Self::Context) {
        if receivers == 0 && !self.wanted.contains_key(&pattern) {
            return;
        }
        let wanted = self.wanted.entry(pattern.clone()).or_default();
        wanted.receivers = receivers;
        wanted.confirm.extend(confirm);
        match self.state.load(Ordering::Relaxed) {
            IDLE => self.connect(context),
            // Whoever subscribes waits for it.
            OPENING_NOW => {}
            _ => self.tell(&pattern, context),
        }
    }
}

impl Handler<Publish> for Uplink {
    type Result = ();

    fn handle(&mut self, publish: Publish, context: &mut Self::Context) {
        match self.state.load(Ordering::Relaxed) {
            OPEN => self.publish(publish, context),
            OPENING_NOW => self.waiting.push_back(publish),
            IDLE => {
                self.waiting.push_back(publish);
                self.connect(context);
            }
            _ => drop(publish.reply.send(Err(CallError::Unreachable { sent: false }))),
        }
    }
}

impl StreamHandler<Frame> for Uplink {
    fn handle(&mut self, Frame(term, frame): Frame, context: &mut Self::Context) {
        if term != self.term {
            return;
        }
        let Some(frame) = frame else { return self.lost("the session has ended", context) };
        let text = std::str::from_utf8(&frame).unwrap_or_default();
        if let Ok(request) = request::read_element(text) {
            let params = request.params.map(|params| JsonText::slice(&frame, params));
            if let Some(told) = params.and_then(|params| Told::read(&request.method, &params)) {
                self.told(told);
            }
            return;
        }
        let Some(reply) = Reply::read(&frame) else { return };
        let id = reply.id.as_deref().and_then(|id| id.parse().ok());
        if let Some(asked) = id.and_then(|id: u64| self.asked.remove(&id)) {
            self.answered(asked, reply.result, context);
        }
    }

    /// The actor outlives its sessions.
    fn finished(&mut self, _: &mut Self::Context) {}
}
