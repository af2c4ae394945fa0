//! Sessions: JSON-RPC 2.0 over a WebSocket (PROTOCOL, section 6). Many calls are in flight, and each is answered as it
//! finishes.
//!
//! Browsers and services open them, and so do our own processes: a link between two of them is a session, too.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use actix::{Actor, ActorContext, AsyncContext, Context, Handler, Message, StreamHandler};
use actix_web::body::BoxBody;
use actix_web::dev::Payload;
use actix_web::{web, FromRequest, HttpRequest, HttpResponse};
use actix_ws::{AggregatedMessage, CloseCode, CloseReason, ProtocolError};
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use madrpc_actors::policy::access::Identity;
use madrpc_actors::protocol::request::{self, Body, Request};
use madrpc_actors::protocol::{CallError, CallResult, JsonText};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::task::AbortHandle;

use super::answer::WriteReply;
use super::endpoint::{run, too_deep, Endpoint, Incoming, Peer};
use super::head::Head;
use super::scope::Inherited;
use super::service::Service;
use super::{answer, batch, ENVELOPE_SLACK};

mod outbox;
mod subscriptions;

use outbox::Writer;
pub(super) use outbox::{encoded, EventFrames, Outbox};
pub(super) use subscriptions::Subscriptions;

/// How often the other side is asked whether it is there.
const PING: Duration = Duration::from_secs(15);

/// A side that says nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(45);

/// Answers that the other side does not take hold at most this many times the limit of one. Then calls are refused, and
/// results that are there already become errors.
const UNSENT_ROOM: usize = 8;

/// Who is told of so many bytes of mistakes without listening is told no more.
const MISTAKES_ROOM: usize = 4 << 20;

/// The notification that ends a call.
const CANCEL: &str = "$/cancelRequest";

/// Makes a session of the connection.
pub(super) fn open<S: Service>(
    endpoint: Rc<Endpoint<S>>,
    request: &HttpRequest,
    mut payload: Payload,
    ip: IpAddr,
    identity: Identity,
) -> HttpResponse {
    let upgraded = web::Payload::from_request(request, &mut payload)
        .into_inner()
        .and_then(|payload| actix_ws::handle(request, payload));
    // What it would write by is not used: it does not tell what the socket has taken.
    let (response, _, frames) = match upgraded {
        Ok(upgraded) => upgraded,
        Err(error) => {
            return answer::http_error(error.error_response().status(), "open a WebSocket here, version 13");
        }
    };
    let out = Outbox::default();
    let response = response.map_body(|_, unused| BoxBody::new(Writer::new(out.clone(), unused)));
    let longest = endpoint.config.max_body.saturating_add(ENVELOPE_SLACK);
    let frames = frames.max_frame_size(longest).aggregate_continuations().max_continuation_size(longest);
    let head = Head::read(request.headers());
    let inherited = Inherited::read(&head, endpoint.config.call_timeout);
    let write = answer::writer(&head);
    let request = request.clone();
    Session::create(move |context| {
        context.add_stream(frames);
        let subscriptions = endpoint.desk.clone().map(|desk| Subscriptions::new(desk, out.clone()));
        let (open, heard) = (Rc::default(), Instant::now());
        Session { endpoint, request, ip, identity, inherited, write, out, open, subscriptions, farewell: None, heard }
    });
    response
}

/// The actor: one for each WebSocket, on the thread that serves its connection.
struct Session<S: Service> {
    endpoint: Rc<Endpoint<S>>,
    /// The request that opened it, which says who is on the other side.
    request: HttpRequest,
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
    heard: Instant,
}

/// The process ends.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct GoAway;

/// The calls of a session that are not answered yet. Dropping it cancels them.
#[derive(Default)]
struct OpenCalls {
    /// By a number of our own: clients may use an id twice.
    tasks: HashMap<u64, Task>,
    next: u64,
}

struct Task {
    name: Name,
    abort: AbortHandle,
}

/// By what a call can be ended.
enum Name {
    /// Its id, as it was written.
    Id(JsonText),
    /// The first id of a batch and the last, of a peer's.
    Ids(JsonText, JsonText),
    /// A client's batch, which only ends with the session.
    None,
}

impl Drop for OpenCalls {
    fn drop(&mut self) {
        for task in self.tasks.values() {
            task.abort.abort();
        }
    }
}

impl<S: Service> Actor for Session<S> {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        self.endpoint.config.sessions.fetch_add(1, Ordering::Relaxed);
        let (closing, session) = (self.endpoint.config.closing.clone(), context.address());
        let farewell = actix_rt::spawn(async move {
            closing.begun().await;
            session.do_send(GoAway);
        });
        self.farewell = Some(farewell.abort_handle());
        context.run_interval(PING, |session, context| {
            if session.heard.elapsed() >= SILENCE {
                return session.end(CloseCode::Policy, "silent for too long", context);
            }
            session.out.ping();
        });
    }

    /// The tasks of its calls hold the table, too: it is not dropped before they are.
    fn stopped(&mut self, _: &mut Self::Context) {
        drop(self.open.take());
        if let Some(subscriptions) = &self.subscriptions {
            subscriptions.end();
        }
        if let Some(farewell) = self.farewell.take() {
            farewell.abort();
        }
        self.endpoint.config.sessions.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<S: Service> Handler<GoAway> for Session<S> {
    type Result = ();

    fn handle(&mut self, _: GoAway, context: &mut Self::Context) {
        self.end(CloseCode::Away, "going away", context);
    }
}

impl<S: Service> StreamHandler<Result<AggregatedMessage, ProtocolError>> for Session<S> {
    fn handle(&mut self, frame: Result<AggregatedMessage, ProtocolError>, context: &mut Self::Context) {
        self.heard = Instant::now();
        match frame {
            Ok(AggregatedMessage::Text(text)) => self.text(&text.into_bytes()),
            Ok(AggregatedMessage::Ping(payload)) => self.out.pong(payload),
            Ok(AggregatedMessage::Pong(_)) => {}
            Ok(AggregatedMessage::Binary(_)) => self.end(CloseCode::Unsupported, "text frames only", context),
            Ok(AggregatedMessage::Close(_)) => self.end(CloseCode::Normal, "", context),
            Err(ProtocolError::Overflow) => self.end(CloseCode::Size, "the frame is too long", context),
            Err(_) => self.end(CloseCode::Protocol, "", context),
        }
    }

    fn finished(&mut self, context: &mut Self::Context) {
        context.stop();
    }
}

impl<S: Service> Session<S> {
    fn end(&self, code: CloseCode, why: &str, context: &mut Context<Self>) {
        let description = (!why.is_empty()).then(|| why.to_owned());
        self.out.close(CloseReason { code, description });
        context.stop();
    }

    /// A frame of text: a request, a batch of them, or neither.
    fn text(&self, body: &Bytes) {
        let head = Head::read(self.request.headers());
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
            Body::Single(Ok(request)) if request.method == CANCEL => self.cancel(&request),
            Body::Single(Ok(request)) => self.single(&incoming, &request),
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
        let (Some(running), _) = batch::begin(&self.endpoint, incoming, elements) else { return };
        let (max_body, write) = (self.endpoint.config.max_body, self.write);
        if incoming.peer.head.is_from_peer() {
            let name = running.ends().map_or(Name::None, |(first, last)| Name::Ids(first, last));
            self.answer_with(name, batch::arrays(running, write));
        } else {
            self.answer_with(Name::None, stream::once(batch::whole(running, max_body, write)));
        }
    }

    fn single(&self, incoming: &Incoming<'_>, request: &Request<'_>) {
        let endpoint = &self.endpoint;
        let allowed = self.has_room().and_then(|()| endpoint.allowance(incoming.peer, request));
        let prepared = match allowed {
            Ok(()) => endpoint.prepare(incoming, request, None),
            Err(error) => return self.refuse(request.id, error),
        };
        let (service, method, at) = (endpoint.service.clone(), request.method.to_string(), incoming.at);
        let max_result = endpoint.config.max_body;
        let work = async move { run(&service, &method, at, max_result, prepared).await };
        let Some(id) = request.id else {
            // Detached, as a notification over HTTP is.
            actix_rt::spawn(work);
            return;
        };
        let (id, write) = (JsonText::slice(incoming.body, id), self.write);
        let (name, out, room) = (Name::Id(id.clone()), self.out.clone(), self.room());
        self.answer_with(
            name,
            stream::once(async move {
                let result = match work.await {
                    Ok(text) if out.bytes().saturating_add(text.len()) > room => {
                        Err(CallError::TooLarge { limit: max_result as u64 })
                    }
                    result => result,
                };
                written(write, Some(id.as_str()), &result)
            }),
        );
    }

    /// Sends the texts that come of some work, which ends when it is cancelled by its name.
    fn answer_with(&self, name: Name, texts: impl Stream<Item = Vec<u8>> + 'static) {
        let (open, out, most) = (self.open.clone(), self.out.clone(), self.room().saturating_mul(2));
        let number = {
            let mut open = open.borrow_mut();
            open.next += 1;
            open.next
        };
        let own = open.clone();
        let task = actix_rt::spawn(async move {
            let mut texts = pin!(texts);
            while let Some(text) = texts.next().await {
                out.text(text);
                if out.bytes() > most {
                    out.give_up();
                }
            }
            own.borrow_mut().tasks.remove(&number);
        });
        open.borrow_mut().tasks.insert(number, Task { name, abort: task.abort_handle() });
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

    /// Ends the call that is named, which is answered with `Cancelled`; one that has ended is none. A peer names a whole
    /// batch by its ends, and hears no more of it.
    fn cancel(&self, request: &Request<'_>) {
        #[derive(Deserialize)]
        struct Cancel<'a> {
            #[serde(borrow)]
            id: &'a RawValue,
            #[serde(borrow)]
            through: Option<&'a RawValue>,
        }
        let params = request.params.map(RawValue::get).unwrap_or_default();
        let Ok(Cancel { id, through }) = serde_json::from_str(params) else { return };
        let named = |task: &Task| match (&task.name, through) {
            (Name::Id(own), None) => own.as_str() == id.get(),
            (Name::Ids(first, last), Some(through)) => first.as_str() == id.get() && last.as_str() == through.get(),
            _ => false,
        };
        let mut open = self.open.borrow_mut();
        let number = open.tasks.iter().find(|(_, task)| named(task)).map(|(number, _)| *number);
        let Some(task) = number.and_then(|number| open.tasks.remove(&number)) else { return };
        drop(open);
        task.abort.abort();
        if through.is_none() {
            self.refuse(Some(id), CallError::Cancelled);
        }
    }
}

fn written(write: WriteReply, id: Option<&str>, result: &CallResult) -> Vec<u8> {
    let mut text = Vec::with_capacity(answer::reply_len(id, result));
    write(&mut text, id, result);
    text
}
