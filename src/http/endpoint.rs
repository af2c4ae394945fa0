//! One JSON-RPC body in, one answer out.

use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use actix_web::http::header::HeaderValue;
use actix_web::http::StatusCode;
use actix_web::HttpResponse;
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use madrpc_actors::policy::access::Identity;
use madrpc_actors::policy::rate_limit::Granted;
use madrpc_actors::protocol::json_text::{nests_deeper_than, MAX_DEPTH};
use madrpc_actors::protocol::method::is_reserved;
use madrpc_actors::protocol::request::{self, Body, Request};
use madrpc_actors::protocol::streams::{self, End, Progress, Reader, Writer};
use madrpc_actors::protocol::unsent::{Account, Unsent};
use madrpc_actors::protocol::{reply, Call, CallError, CallResult, JsonText, Notes, TraceContext};

use super::answer;
use super::body::{BodyError, Unread};
use super::call_log::{self, Begun};
use super::desk::Desk;
use super::flow::{Flow, Flows};
use super::gate::Gate;
use super::head::Head;
use super::scope::{Inherited, LONGEST_CALL};
use super::service::{HttpConfig, Service};
use super::session::Subscriptions;
use super::streaming::{self, Format};
use super::{batch, ENVELOPE_SLACK};

/// Longest body that is read of a caller who is turned away: the answer has the id of the call, if it is found there.
const STRANGERS_BODY: usize = 64 * 1024;

/// The service of one worker thread, and the limits before it.
pub(super) struct Endpoint<S> {
    pub(super) service: S,
    pub(super) config: HttpConfig,
    pub(super) gate: Arc<Gate>,
    /// Of the process, in a place of the thread's own: clones of it cost other threads nothing.
    pub(super) unsent: Rc<Unsent>,
    /// Of the events, where there are any.
    pub(super) desk: Option<Rc<Desk>>,
}

/// Who sends a request, and how.
pub(super) struct Peer<'a> {
    pub(super) head: &'a Head<'a>,
    /// The address that the connection came from; unspecified (`0.0.0.0`) if the system didn't tell.
    pub(super) ip: IpAddr,
    pub(super) identity: Identity,
}

/// A request whose body has arrived.
pub(super) struct Incoming<'a> {
    pub(super) body: &'a Bytes,
    pub(super) peer: &'a Peer<'a>,
    pub(super) inherited: Result<Inherited, CallError>,
    pub(super) at: Instant,
    /// Of the session that it came by.
    pub(super) subscriptions: Option<&'a Subscriptions>,
}

/// A request that may run.
#[allow(clippy::large_enum_variant, reason = "one is made for each call, and moved on at once")]
pub(super) enum Prepared {
    /// Answered by this process itself; neither admitted nor counted.
    Builtin(LocalBoxFuture<'static, CallResult>),
    Call(Call),
}

/// What a request came to that was sent alone.
struct Answered<'a> {
    id: &'a str,
    result: CallResult,
    /// What a peer wants to hear of its times.
    notes: Option<Arc<Notes>>,
    /// Of a client's call, and whether it wants to know: then it has sent a trace of its own, or can look this one up.
    trace: Option<(TraceContext, bool)>,
}

impl Prepared {
    /// What whoever sent the call wants to hear of its times: a peer that keeps its span.
    pub(super) fn notes_for_peer(&self) -> Option<Arc<Notes>> {
        match self {
            Prepared::Call(call) => call.scope.notes.clone().filter(|notes| !notes.kept_here),
            Prepared::Builtin(_) => None,
        }
    }

    /// The trace of a call, and whether somebody can look it up here.
    fn trace(&self) -> Option<(TraceContext, bool)> {
        match self {
            Prepared::Call(call) => {
                let notes = call.scope.notes.as_ref();
                Some((call.scope.trace, notes.is_some_and(|notes| notes.sampled && notes.kept_here)))
            }
            Prepared::Builtin(_) => None,
        }
    }

    /// How many calls it is nested in.
    pub(super) fn depth(&self) -> u32 {
        match self {
            Prepared::Call(call) => call.scope.depth,
            Prepared::Builtin(_) => 0,
        }
    }
}

impl<S: Service> Endpoint<S> {
    /// Called on the worker thread that it is for.
    pub(super) fn new(service: S, config: HttpConfig, gate: Arc<Gate>) -> Self {
        let (recorder, token) = (config.metrics.recorder(), config.access.token.clone());
        let desk = config.broker.clone().map(|broker| Desk::open(broker, token, recorder));
        let unsent = Rc::new(config.unsent.clone());
        Endpoint { service, config, gate, unsent, desk }
    }

    /// Answers `POST`. Dropping the future cancels what it began, but for notifications.
    pub(super) async fn post(&self, peer: &Peer<'_>, body: Unread) -> HttpResponse {
        let head = peer.head;
        if !head.is_json() {
            return answer::http_error(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send Content-Type: application/json");
        }
        let slack = if head.is_from_peer() { ENVELOPE_SLACK } else { 0 };
        let limit = self.config.max_body.saturating_add(slack);
        let refusal = match body.read(limit, self.config.body_timeout).await {
            Ok(body) => return self.answer(peer, &body).await,
            Err(BodyError::TooLarge) => {
                let error = CallError::TooLarge { limit: self.config.max_body as u64 };
                // Of a body in chunks nobody knows how long it would have become.
                let error = match head.body_len() {
                    Some(size) => error.with("size", size),
                    None => error,
                };
                answer::refusal(StatusCode::PAYLOAD_TOO_LARGE, error)
            }
            Err(BodyError::TimedOut) => answer::http_error(StatusCode::REQUEST_TIMEOUT, "send the whole body in time"),
            Err(BodyError::Broken) => answer::refusal(StatusCode::BAD_REQUEST, CallError::Parse),
        };
        answer::last(refusal)
    }

    /// Answers `POST` of a caller who is not let in.
    pub(super) async fn turn_away(&self, body: Unread, error: CallError) -> HttpResponse {
        let read = body.read(STRANGERS_BODY, self.config.body_timeout).await;
        let is_read = read.is_ok();
        let body = read.ok().filter(|body| !too_deep(body)).unwrap_or_default();
        let id = match request::read_up_to(&body, 1) {
            Body::Single(Ok(request)) => request.id,
            Body::Single(Err(refused)) => refused.id,
            Body::Batch(_) => None,
        };
        let refusal = answer::reply(reply::write, id.map(|id| id.get()), &Err(error));
        match is_read {
            true => refusal,
            false => answer::last(refusal),
        }
    }

    async fn answer(&self, peer: &Peer<'_>, body: &Bytes) -> HttpResponse {
        let write = answer::writer(peer.head);
        if too_deep(body) {
            return answer::reply(write, None, &Err(CallError::Parse));
        }
        let incoming = Incoming {
            body,
            peer,
            inherited: Inherited::read(peer.head, self.config.call_timeout),
            at: Instant::now(),
            subscriptions: None,
        };
        let limit = batch::limit(self, peer.head);
        match request::read_up_to(body, limit.saturating_add(1)) {
            Body::Single(Ok(request)) => match self.allowance(peer, &request) {
                Ok(()) => match (Format::accepted(peer.head.accept), request.id) {
                    (Some(format), Some(id)) => {
                        let flow = self.streamed(&incoming, &request);
                        streaming::answer(flow, format, id.get().to_owned(), write, self.unsent.at(0).clone())
                    }
                    _ => match self.single(&incoming, &request).await {
                        Some(Answered { id, result, notes, trace }) => {
                            let account = self.unsent.at(0);
                            let response = answer::counted_reply(write, Some(id), &result, notes.as_deref(), account);
                            let told = trace.filter(|(_, is_kept)| *is_kept || result.is_err());
                            match told {
                                Some((trace, _)) => answer::traced(response, &trace),
                                None => response,
                            }
                        }
                        None => answer::nothing(),
                    },
                },
                Err(error) => answer::reply(write, request.id.map(|id| id.get()), &Err(error)),
            },
            Body::Single(Err(refused)) => answer::reply(write, refused.id.map(|id| id.get()), &Err(refused.error)),
            Body::Batch(elements) if elements.len() > limit => {
                answer::reply(write, None, &Err(CallError::TooLarge { limit: limit as u64 }))
            }
            Body::Batch(elements) => batch::answer(self, &incoming, &elements, write).await,
        }
    }

    /// Lets in who asks for a document, which counts as a call.
    pub(super) fn enter(&self, head: &Head<'_>, ip: IpAddr) -> Result<(), CallError> {
        match self.gate.take(self.gate.identify(head, ip)?, ip, 1) {
            Granted { calls: 0, retry_after_s } => Err(CallError::RateLimited { retry_after_s }),
            _ => Ok(()),
        }
    }

    /// Takes one call from the caller's allowance.
    pub(super) fn allowance(&self, peer: &Peer<'_>, request: &Request<'_>) -> Result<(), CallError> {
        if self.gate.keeps_up_the_cluster(&request.method, peer.ip) {
            return Ok(());
        }
        match self.gate.take(peer.identity, peer.ip, 1) {
            Granted { calls: 0, retry_after_s } => {
                let error = CallError::RateLimited { retry_after_s };
                let begun = Begun::new(&self.service, &request.method, Instant::now());
                begun.finish(None, &Err(error.clone()));
                Err(error)
            }
            _ => Ok(()),
        }
    }

    /// What the request came to; `None` for a notification.
    async fn single<'a>(&self, incoming: &Incoming<'_>, request: &Request<'a>) -> Option<Answered<'a>> {
        let prepared = self.prepare(incoming, request, incoming.peer.head.idempotency_key);
        let notes = prepared.as_ref().ok().and_then(Prepared::notes_for_peer);
        let head = incoming.peer.head;
        let trace = prepared.as_ref().ok().and_then(Prepared::trace).filter(|_| !head.is_from_peer());
        let trace = trace.map(|(trace, is_kept)| (trace, is_kept || head.traceparent.is_some()));
        let Some(id) = request.id else {
            match prepared {
                Ok(Prepared::Builtin(work)) => drop(work.await),
                prepared => {
                    let (service, method, at) = (self.service.clone(), request.method.to_string(), incoming.at);
                    let (max_result, unsent) = (self.config.max_body, self.unsent.clone());
                    // Detached: nobody waits for a notification, so nobody's leaving cancels it.
                    actix_rt::spawn(async move { run(&service, &method, at, max_result, &unsent, prepared).await });
                }
            }
            return None;
        };
        let max_result = self.config.max_body;
        let result = run(&self.service, &request.method, incoming.at, max_result, &self.unsent, prepared).await;
        Some(Answered { id: id.get(), result, notes, trace })
    }

    /// A call whose items are wanted as they come. Of a method that yields none there is the result alone.
    fn streamed(&self, incoming: &Incoming<'_>, request: &Request<'_>) -> Flow {
        let prepared = self.prepare(incoming, request, incoming.peer.head.idempotency_key);
        let streams = self.service.flows(&request.method).items || incoming.peer.head.is_from_peer();
        let items = streams && request.meta.stream.unwrap_or(true);
        let progress = request.meta.progress.unwrap_or(false);
        let (prepared, ends) = open_streams(prepared, Flows { items, input: false, progress }, &self.unsent);
        let notes = prepared.as_ref().ok().and_then(Prepared::notes_for_peer);
        Flow::new(self.begin(incoming, request, prepared), ends.items).noted(notes).watched(ends.progress)
    }

    /// Runs what was prepared, on its own.
    pub(super) fn begin(
        &self,
        incoming: &Incoming<'_>,
        request: &Request<'_>,
        prepared: Result<Prepared, CallError>,
    ) -> LocalBoxFuture<'static, CallResult> {
        let (service, method, at) = (self.service.clone(), request.method.to_string(), incoming.at);
        let (max_result, unsent) = (self.config.max_body, self.unsent.clone());
        Box::pin(async move { run(&service, &method, at, max_result, &unsent, prepared).await })
    }

    /// What is to be done for a request, or why nothing is. `idempotency_key` is the header's.
    pub(super) fn prepare(
        &self,
        incoming: &Incoming<'_>,
        request: &Request<'_>,
        idempotency_key: Option<&HeaderValue>,
    ) -> Result<Prepared, CallError> {
        let inherited = incoming.inherited.as_ref().map_err(Clone::clone)?;
        let mut scope = inherited.scope(&request.meta, incoming.at, idempotency_key, self.service.tracer())?;
        if let Some(key) = &mut scope.idempotency_key {
            key.client = incoming.peer.identity.number();
        }
        let params = request.params.map(|params| JsonText::slice(incoming.body, params));
        if is_reserved(&request.method) {
            let caller = incoming.peer.head.caller(incoming.peer.ip, incoming.peer.identity);
            let desk = self.desk.as_ref();
            let events =
                desk.and_then(|desk| desk.builtin(&request.method, params.as_ref(), &caller, incoming.subscriptions));
            let work = events.or_else(|| self.service.builtin(&request.method, params, &caller));
            let (work, method) = (work.ok_or(CallError::MethodNotFound)?, request.method.to_string());
            let at = incoming.at;
            return Ok(Prepared::Builtin(Box::pin(async move {
                let result = in_time(scope.deadline, work).await;
                result.inspect_err(|error| call_log::builtin_failed(&method, scope.trace, at, error))
            })));
        }
        if let Some(timeout) = self.service.method_timeout(&request.method) {
            scope.bound_by_method(timeout.min(LONGEST_CALL), incoming.at);
        }
        match self.config.max_depth {
            Some(limit) if scope.depth > limit => Err(CallError::DepthExceeded { limit }),
            _ => Ok(Prepared::Call(Call::new(request.method.as_ref(), params, scope))),
        }
    }
}

/// Our ends of the queues beside a call.
#[derive(Default)]
pub(super) struct Ends {
    pub(super) items: Option<Reader>,
    pub(super) input: Option<Writer>,
    pub(super) progress: Option<Arc<Progress>>,
}

/// Gives a call the queues that are wanted. What has an idempotency key may be answered from memory, where no items are.
pub(super) fn open_streams(
    prepared: Result<Prepared, CallError>,
    wanted: Flows,
    unsent: &Unsent,
) -> (Result<Prepared, CallError>, Ends) {
    let (mut call, mut ends) = match prepared {
        Ok(Prepared::Call(call)) => (call, Ends::default()),
        other => return (other, Ends::default()),
    };
    let keyed = call.scope.idempotency_key.is_some();
    if wanted.items && keyed {
        let error = CallError::invalid_params("idempotencyKey", "a stream can't be repeated");
        return (Err(error), ends);
    }
    if wanted.items {
        let (writer, reader) = streams::queue_in(unsent.at(call.scope.depth));
        call.streams.items = Some(End::new(writer));
        ends.items = Some(reader);
    }
    if wanted.input && !keyed {
        let (writer, reader) = streams::queue();
        call.streams.input = Some(End::new(reader));
        ends.input = Some(writer);
    }
    if wanted.progress {
        ends.progress = Some(Arc::default());
        call.streams.progress.clone_from(&ends.progress);
    }
    (Ok(Prepared::Call(call)), ends)
}

/// Runs one request to its end: admission, deadline, figures, log.
pub(super) async fn run<S: Service>(
    service: &S,
    method: &str,
    at: Instant,
    max_result: usize,
    unsent: &Unsent,
    prepared: Result<Prepared, CallError>,
) -> CallResult {
    let call = match prepared {
        Ok(Prepared::Builtin(work)) => return work.await,
        Err(error) if is_reserved(method) => return Err(error),
        Ok(Prepared::Call(call)) => Ok(call),
        Err(error) => Err(error),
    };
    let begun = Begun::new(service, method, at).in_scope(call.as_ref().ok().map(|call| &call.scope));
    let trace = call.as_ref().ok().map(|call| call.scope.trace);
    let result = match call {
        Ok(call) => match service.admission().admit(1, call.scope.depth) {
            Ok(permit) => {
                let (account, allowed) = (unsent.at(call.scope.depth), call.scope.allowed);
                let result = in_time(call.scope.deadline, service.call(call, permit)).await;
                limited(result, max_result, account).map_err(|error| error.within(allowed))
            }
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    begun.finish(trace, &result);
    result
}

/// A service that hangs can't hold a reply beyond its deadline.
pub(super) async fn in_time(deadline: Instant, work: LocalBoxFuture<'static, CallResult>) -> CallResult {
    tokio::time::timeout_at(deadline.into(), work).await.unwrap_or(Err(CallError::Timeout))
}

/// A result over the limit is an error, and so is one that would wait for a client when too much does already. It counts
/// there until the client has taken it. An error has its own bound, where it is made or taken from a peer.
pub(super) fn limited(result: CallResult, max_result: usize, account: &Account) -> CallResult {
    let too_large = |limit: usize, size: usize| CallError::TooLarge { limit: limit as u64 }.with("size", size);
    match result {
        Ok(text) if text.len() > max_result => Err(too_large(max_result, text.len())),
        Ok(text) => {
            let size = text.len();
            account.admit(text).ok_or_else(|| too_large(account.room(), size))
        }
        // Counted from when its reply is written.
        Err(error) if !account.has_room(error.size()) => Err(too_large(account.room(), error.size())),
        error => error,
    }
}

/// Params lie in a request object, and that perhaps in a batch. Checked before anything is parsed, so that no reader
/// of a part of the body has to.
pub(super) fn too_deep(body: &[u8]) -> bool {
    let in_batch = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    nests_deeper_than(body, MAX_DEPTH + 1 + usize::from(in_batch))
}
