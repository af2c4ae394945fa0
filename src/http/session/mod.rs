//! Sessions: JSON-RPC 2.0 over a WebSocket (PROTOCOL, section 6). Many calls are in flight, and each is answered as it
//! finishes.
//!
//! Browsers and services open them, and so do our own processes: a link between two of them is a session, too.

use std::cell::RefCell;
use std::net::IpAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use actix::{Actor, ActorContext, AsyncContext, Context, Handler, Message, StreamHandler};
use actix_http::ws::{CloseCode, CloseReason, Frame, ProtocolError};
use actix_web::http::header::HeaderMap;
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use madrpc_actors::policy::access::Identity;
use madrpc_actors::protocol::link::{self, LINK};
use madrpc_actors::protocol::request::{self, Body, Meta, Request};
use madrpc_actors::protocol::{CallError, CallResult, JsonText};
use serde_json::value::RawValue;
use tokio::task::AbortHandle;

use super::answer::WriteReply;
use super::endpoint::{open_streams, too_deep, Endpoint, Incoming, Peer, Prepared};
use super::flow::{Flow, Flows};
use super::head::Head;
use super::scope::Inherited;
use super::service::Service;
use super::{answer, batch, ENVELOPE_SLACK};
use crate::transport::PeerLink;
use crate::websocket::{close_reason, Life};

mod asking;
mod controls;
mod dial_in;
mod flowing;
mod guest;
mod open_calls;
mod outbox;
mod socket;
mod subscriptions;
mod upgrade;

use flowing::{Flowing, Pushed, Valve};
use open_calls::{Name, OpenCalls};
use socket::Reading;

pub use dial_in::keep_dialled;
pub(super) use guest::Reception;
pub(super) use outbox::{encoded, EventFrames, Outbox};
pub(super) use subscriptions::Subscriptions;
pub(super) use upgrade::{needed, upgraded};

/// So many pings leave in the time after which a silent side is gone.
const PINGS: u32 = 3;

/// Answers that the other side does not take hold at most this many times the limit of one. Then calls are refused, and
/// results that are there already become errors.
const UNSENT_ROOM: usize = 8;

/// Who is told of so many bytes of mistakes without listening is told no more.
const MISTAKES_ROOM: usize = 4 << 20;

/// What comes in by a WebSocket.
trait Frames: Stream<Item = Result<Frame, ProtocolError>> + 'static {}

impl<T: Stream<Item = Result<Frame, ProtocolError>> + 'static> Frames for T {}

/// The actor: one for each WebSocket, on the thread that serves its connection.
struct Session<S: Service> {
    endpoint: Rc<Endpoint<S>>,
    /// Of the request that opened it: they say who is on the other side.
    headers: HeaderMap,
    ip: IpAddr,
    identity: Identity,
    inherited: Result<Inherited, CallError>,
    write: WriteReply,
    out: Outbox,
    open: Rc<RefCell<OpenCalls>>,
    /// To events.
    subscriptions: Option<Subscriptions>,
    /// Waits for the end of the process.
    farewell: Option<AbortHandle>,
    pushed: Pushed,
    /// Of the other side; `None`: whoever carries its frames sees to that.
    life: Option<Rc<Life>>,
    reading: Rc<Reading>,
    /// This side asks, too.
    asking: RefCell<Option<PeerLink>>,
    /// It has a WebSocket of its own, and counts as one.
    counted: bool,
}

/// The process ends.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct GoAway;

impl<S: Service> Actor for Session<S> {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        if self.counted {
            self.endpoint.config.sessions.fetch_add(1, Ordering::Relaxed);
        }
        let (closing, session) = (self.endpoint.config.closing.clone(), context.address());
        let farewell = actix_rt::spawn(async move {
            closing.begun().await;
            session.do_send(GoAway);
        });
        self.farewell = Some(farewell.abort_handle());
        if let Some(life) = self.life.clone() {
            let silence = self.endpoint.config.silence;
            context.run_interval(silence / PINGS, move |session, context| session.look(&life, silence, context));
        }
    }

    /// The tasks of its calls hold the table, too: it is not dropped before they are.
    fn stopped(&mut self, _: &mut Self::Context) {
        drop(self.open.take());
        drop(self.asking.take());
        if let Some(subscriptions) = &self.subscriptions {
            subscriptions.end();
        }
        if let Some(farewell) = self.farewell.take() {
            farewell.abort();
        }
        self.out.shut();
        if self.counted {
            self.endpoint.config.sessions.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl<S: Service> Handler<GoAway> for Session<S> {
    type Result = ();

    fn handle(&mut self, _: GoAway, context: &mut Self::Context) {
        self.end(CloseCode::Away, "going away", context);
    }
}

impl<S: Service> StreamHandler<Result<Frame, ProtocolError>> for Session<S> {
    fn handle(&mut self, frame: Result<Frame, ProtocolError>, context: &mut Self::Context) {
        match frame {
            // RFC 6455, section 8.1.
            Ok(Frame::Text(text)) if std::str::from_utf8(&text).is_err() => {
                self.end(CloseCode::Invalid, "the text is not UTF-8", context);
            }
            Ok(Frame::Text(text)) => self.text(&text),
            Ok(Frame::Ping(payload)) => self.out.pong(payload),
            Ok(Frame::Pong(_)) => {}
            Ok(Frame::Binary(_)) => self.end(CloseCode::Unsupported, "text frames only", context),
            Ok(Frame::Close(_)) => self.end(CloseCode::Normal, "", context),
            Ok(Frame::Continuation(_)) => self.end(CloseCode::Protocol, "fragments are not expected here", context),
            Err(error) => {
                self.out.close(close_reason(&error));
                context.stop();
            }
        }
    }

    fn finished(&mut self, context: &mut Self::Context) {
        context.stop();
    }
}

impl<S: Service> Session<S> {
    fn new(endpoint: Rc<Endpoint<S>>, headers: HeaderMap, ip: IpAddr, identity: Identity, out: Outbox) -> Self {
        let head = Head::read(&headers);
        let inherited = Inherited::read(&head, endpoint.config.call_timeout);
        let write = answer::writer(&head);
        let (open, reading) = (Rc::default(), Rc::default());
        let subscriptions = endpoint.desk.clone().map(|desk| Subscriptions::new(desk, out.clone()));
        let farewell = None;
        Session {
            endpoint,
            headers,
            ip,
            identity,
            inherited,
            write,
            out,
            open,
            subscriptions,
            pushed: Pushed::default(),
            farewell,
            life: None,
            reading,
            asking: RefCell::default(),
            counted: false,
        }
    }

    /// It counts as an open WebSocket.
    fn counted(self) -> Self {
        Session { counted: true, ..self }
    }

    /// It pings the other side, and ends when there is no sign of life.
    fn watching(self, life: Rc<Life>) -> Self {
        Session { life: Some(life), ..self }
    }

    /// With its frames, which end it.
    fn listening(self, frames: impl Frames, reading: Rc<Reading>, context: &mut Context<Self>) -> Self {
        context.add_stream(frames);
        Session { reading, ..self }
    }

    /// Ends a session with nobody; a ping asks whether there is somebody.
    fn look(&self, life: &Life, silence: Duration, context: &mut Context<Self>) {
        if life.silent_for() >= silence {
            return self.end(CloseCode::Policy, "silent for too long", context);
        }
        if self.reading.unfinished.get().is_some_and(|since| since.elapsed() >= silence) {
            return self.end(CloseCode::Policy, "a message took too long", context);
        }
        self.out.ping();
    }

    fn end(&self, code: CloseCode, why: &str, context: &mut Context<Self>) {
        let description = (!why.is_empty()).then(|| why.to_owned());
        self.out.close(CloseReason { code, description });
        context.stop();
    }

    /// A frame of text: a request, a batch of them, or neither; where this side asks, too, perhaps an answer.
    fn text(&self, body: &Bytes) {
        if let Some(asking) = self.asking.borrow().as_ref().filter(|_| !link::asks(body)) {
            return asking.hear(body);
        }
        let head = Head::read(&self.headers);
        let peer = Peer { head: &head, ip: self.ip, identity: self.identity };
        let (inherited, subscriptions) = (self.inherited.clone(), self.subscriptions.as_ref());
        let incoming = Incoming { body, peer: &peer, inherited, at: Instant::now(), subscriptions };
        let limit = self.endpoint.config.max_batch;
        let (max_body, slack) = (self.endpoint.config.max_body, if head.is_from_peer() { ENVELOPE_SLACK } else { 0 });
        if body.len() > max_body.saturating_add(slack) {
            return self.refuse(None, CallError::TooLarge { limit: max_body as u64 });
        }
        if too_deep(body) {
            return self.refuse(None, CallError::Parse);
        }
        match request::read_up_to(body, limit.saturating_add(1)) {
            Body::Single(Ok(request)) => match &*request.method {
                LINK if request.id.is_none() && head.is_from_peer() => self.be_let_ask(&request),
                _ if self.control(&incoming, &request) => {}
                _ => self.single(&incoming, &request),
            },
            Body::Single(Err(bad)) => self.refuse(bad.id, bad.error),
            Body::Batch(elements) if elements.len() > limit => {
                self.refuse(None, CallError::TooLarge { limit: limit as u64 });
            }
            Body::Batch(elements) => self.batch(&incoming, &elements),
        }
    }

    /// A client's batch is answered as a whole, and a peer's bit by bit.
    fn batch(&self, incoming: &Incoming<'_>, elements: &[&RawValue]) {
        if let Err(error) = self.has_room() {
            return self.refuse(None, error);
        }
        let from_peer = incoming.peer.head.is_from_peer();
        let (Some(running), _) = batch::begin(&self.endpoint, incoming, elements, !from_peer) else { return };
        let (max_body, write) = (self.endpoint.config.max_body, self.write);
        if from_peer {
            let name = running.ends().map_or(Name::Elements(Vec::new()), |(first, last)| Name::Ids(first, last));
            self.answer_with(name, 1, None, batch::arrays(running, write));
        } else {
            let elements = Name::Elements(running.elements());
            self.answer_with(elements, 0, None, stream::once(batch::whole(running, max_body, write)));
        }
    }

    fn single(&self, incoming: &Incoming<'_>, request: &Request<'_>) {
        let endpoint = &self.endpoint;
        let allowed = self.has_room().and_then(|()| endpoint.allowance(incoming.peer, request));
        let prepared = match allowed {
            Ok(()) => endpoint.prepare(incoming, request, None),
            Err(error) => return self.refuse(request.id, error),
        };
        let Some(id) = request.id else {
            // Detached, as a notification over HTTP is.
            actix_rt::spawn(endpoint.begin(incoming, request, prepared));
            return;
        };
        let (id, from_peer) = (JsonText::slice(incoming.body, id), incoming.peer.head.is_from_peer());
        let (prepared, ends) = open_streams(prepared, self.flows(request, from_peer), &endpoint.unsent);
        let notes = prepared.as_ref().ok().and_then(Prepared::notes_for_peer);
        let depth = prepared.as_ref().map_or(0, Prepared::depth);
        let flow = Flow::new(endpoint.begin(incoming, request, prepared), ends.items);
        let flow = flow.noted(notes).watched(ends.progress);
        let valve = Valve::new(from_peer, ends.input.is_some(), self.pushed.clone());
        let flowing = Flowing::new(id.clone(), flow, ends.input, valve.clone(), self.out.clone(), self.write);
        self.answer_with(Name::Id(id), depth, Some(valve), flowing.limited(self.room(), endpoint.config.max_body));
    }

    /// What flows beside a call: a peer says it, and of a client's it is known by the method.
    fn flows(&self, request: &Request<'_>, from_peer: bool) -> Flows {
        let Meta { stream, input, progress, .. } = request.meta;
        let progress = progress.unwrap_or(false);
        match from_peer {
            true => Flows { items: stream.unwrap_or(false), input: input.unwrap_or(false), progress },
            false => {
                let known = self.endpoint.service.flows(&request.method);
                Flows { items: known.items && stream.unwrap_or(true), progress, ..known }
            }
        }
    }

    /// Sends the texts that come of some work at that depth of nesting, which ends when it is cancelled by its name.
    fn answer_with(
        &self,
        name: Name,
        depth: u32,
        valve: Option<Rc<Valve>>,
        texts: impl Stream<Item = Vec<u8>> + 'static,
    ) {
        let (open, out, most) = (self.open.clone(), self.out.clone(), self.room().saturating_mul(2));
        let unsent = self.endpoint.unsent.clone();
        let number = open.borrow_mut().number();
        let own = open.clone();
        let task = actix_rt::spawn(async move {
            let mut texts = pin!(texts);
            while let Some(text) = texts.next().await {
                out.text(unsent.at(depth).count(text));
                if out.bytes() > most {
                    out.give_up();
                }
            }
            own.borrow_mut().remove(number);
        });
        open.borrow_mut().insert(number, name, task.abort_handle(), valve);
    }

    fn refuse(&self, id: Option<&RawValue>, error: CallError) {
        if self.out.bytes() > MISTAKES_ROOM {
            return self.out.give_up();
        }
        self.out.text(written(self.write, id.map(RawValue::get), &Err(error)));
    }

    /// Whoever does not take the answers that are there gets no further ones made.
    fn has_room(&self) -> Result<(), CallError> {
        match self.out.bytes() < self.room() {
            true => Ok(()),
            false => Err(CallError::Overloaded),
        }
    }

    fn room(&self) -> usize {
        self.endpoint.config.max_body.saturating_mul(UNSENT_ROOM)
    }
}

fn written(write: WriteReply, id: Option<&str>, result: &CallResult) -> Vec<u8> {
    let mut text = Vec::with_capacity(answer::reply_len(id, result));
    write(&mut text, id, result);
    text
}
