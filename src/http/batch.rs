//! Batches: JSON-RPC 2.0, section 6, and the streamed kind that our own processes send each other.

use std::cell::Cell;
use std::future::ready;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use actix_web::http::StatusCode;
use actix_web::HttpResponse;
use bytes::Bytes;
use futures_util::future::{AbortHandle, Abortable, FutureExt, LocalBoxFuture};
use futures_util::stream::{self, FuturesUnordered, LocalBoxStream, Stream, StreamExt};
use madrpc_actors::policy::admission::Permit;
use madrpc_actors::policy::rate_limit::Granted;
use madrpc_actors::protocol::method::is_reserved;
use madrpc_actors::protocol::{reply, request};
use madrpc_actors::protocol::{Call, CallError, CallResult, JsonText, Notes};
use serde_json::value::RawValue;

use super::answer::{self, WriteReply};
use super::call_log::{Begun, BegunBatch};
use super::endpoint::{in_time, limited, Endpoint, Incoming, Prepared};
use super::head::Head;
use super::service::Service;
use super::streaming::Format;
use super::{EachInTime, STREAM_BATCH_MAX};

/// Built-in methods of one batch that run at once; some of them make requests of their own.
const BUILTINS_AT_ONCE: usize = 16;

/// All results of a batch that is answered as a whole together hold at most this many times the limit of one.
const RESULTS_ROOM: usize = 8;

/// A chunk of a streamed answer is sent once it has this many bytes.
const CHUNK: usize = 64 * 1024;

/// What a batch comes to: a result for each of the slots, in any order.
pub(super) struct Running {
    /// The ids to answer with, one per slot; a notification has no slot.
    ids: Vec<Option<JsonText>>,
    /// Of each slot what a peer wants to hear of its call's times.
    notes: Vec<Option<Arc<Notes>>>,
    /// What cancels the calls of some slots by themselves.
    cancels: Vec<(usize, Cancel)>,
    answers: LocalBoxStream<'static, (usize, CallResult)>,
}

/// Cancels a call until it has ended.
type Cancel = Rc<Cell<Option<AbortHandle>>>;

/// An element of a batch that can be cancelled by itself.
pub(super) struct Element {
    /// As it was written.
    pub(super) id: JsonText,
    cancel: Cancel,
}

impl Element {
    /// False when it has come to something.
    pub(super) fn cancel(&self) -> bool {
        let running = self.cancel.take();
        running.inspect(AbortHandle::abort).is_some()
    }
}

impl Running {
    /// The calls that can be cancelled by themselves.
    pub(super) fn elements(&self) -> Vec<Element> {
        let element =
            |(slot, cancel): &(usize, Cancel)| Some(Element { id: self.ids[*slot].clone()?, cancel: cancel.clone() });
        self.cancels.iter().filter_map(element).collect()
    }

    /// The first and the last of the ids.
    pub(super) fn ends(&self) -> Option<(JsonText, JsonText)> {
        Some((self.ids.first()?.clone()?, self.ids.last()?.clone()?))
    }
}

/// Most elements that a batch may have.
pub(super) fn limit<S>(endpoint: &Endpoint<S>, head: &Head<'_>) -> usize {
    if head.wants_stream() {
        STREAM_BATCH_MAX
    } else {
        endpoint.config.max_batch
    }
}

/// Runs the elements side by side and answers all of them, or each as it finishes.
pub(super) async fn answer<S: Service>(
    endpoint: &Endpoint<S>,
    incoming: &Incoming<'_>,
    elements: &[&RawValue],
    write: WriteReply,
) -> HttpResponse {
    let (running, granted) = begin(endpoint, incoming, elements, false);
    let limited = CallError::RateLimited { retry_after_s: granted.retry_after_s };
    let response = match running {
        None => answer::nothing(),
        Some(running) if incoming.peer.head.wants_stream() => {
            let mut chunks = Box::pin(lines(running, write));
            // Head and first lines leave in one packet.
            let first = chunks.next().await.unwrap_or_default();
            answer::stream(Format::LINES, stream::once(ready(first)).chain(chunks).map(Ok))
        }
        Some(running) => {
            let account = endpoint.unsent.at(0);
            answer::json(StatusCode::OK, account.count(whole(running, endpoint.config.max_body, write).await))
        }
    };
    match granted.calls {
        // What has run must not be sent again, so the status tells of a batch of which nothing has.
        0 => answer::all_refused(response, &limited),
        granted if granted < elements.len() => answer::explained(response, &limited),
        _ => response,
    }
}

/// Begins what the caller's allowance has room for, and says how much that was. Nothing runs of which one is to hear when
/// all are notifications. `singly`: so that each call can be cancelled by itself.
pub(super) fn begin<S: Service>(
    endpoint: &Endpoint<S>,
    incoming: &Incoming<'_>,
    elements: &[&RawValue],
    singly: bool,
) -> (Option<Running>, Granted) {
    let granted = endpoint.gate.take(incoming.peer.identity, incoming.peer.ip, elements.len());
    let limited = CallError::RateLimited { retry_after_s: granted.retry_after_s };
    let running = start(endpoint, incoming, elements, granted.calls, &limited, singly);
    (Some(running).filter(|running| !running.ids.is_empty()), granted)
}

/// Begins everything but what is beyond the first `granted` elements, which gets the error `limited`. Notifications go
/// on when the answers are dropped, the rest is cancelled by that.
fn start<S: Service>(
    endpoint: &Endpoint<S>,
    incoming: &Incoming<'_>,
    elements: &[&RawValue],
    granted: usize,
    limited: &CallError,
    singly: bool,
) -> Running {
    let mut ids = Vec::with_capacity(elements.len());
    let mut notes = Vec::with_capacity(elements.len());
    let mut refused: Vec<(usize, CallResult)> = Vec::new();
    let mut builtins: Vec<LocalBoxFuture<'static, (Option<usize>, CallResult)>> = Vec::new();
    let (mut calls, mut slots, mut notifications) = (Vec::new(), Vec::new(), Vec::new());
    for (position, element) in elements.iter().enumerate() {
        let (id, work) = match request::read_element(element.get()) {
            Err(bad) => (Some(bad.id), Err(bad.error)),
            Ok(request) => {
                let work = match position < granted {
                    true => endpoint.prepare(incoming, &request, None),
                    false => Err(limited.clone()),
                };
                if let (Err(error), false) = (&work, is_reserved(&request.method)) {
                    // Counted like any call that failed.
                    Begun::new(&endpoint.service, &request.method, incoming.at).finish(None, &Err(error.clone()));
                }
                (request.id.map(Some), work)
            }
        };
        let slot = id.map(|id| {
            ids.push(id.map(|id| JsonText::slice(incoming.body, id)));
            notes.push(work.as_ref().ok().and_then(Prepared::notes_for_peer));
            ids.len() - 1
        });
        match (work, slot) {
            (Ok(Prepared::Builtin(work)), slot) => builtins.push(work.map(move |result| (slot, result)).boxed_local()),
            (Ok(Prepared::Call(call)), Some(slot)) => {
                calls.push(call);
                slots.push(slot);
            }
            (Ok(Prepared::Call(call)), None) => notifications.push(call),
            (Err(error), Some(slot)) => refused.push((slot, Err(error))),
            (Err(_), None) => {}
        }
    }
    if !notifications.is_empty() {
        let running = run(endpoint, incoming, notifications, None);
        actix_rt::spawn(running.for_each(|_| ready(())));
    }
    let builtins = stream::iter(builtins)
        .buffer_unordered(BUILTINS_AT_ONCE)
        .filter_map(|(slot, result)| ready(slot.map(|slot| (slot, result))));
    let cancels: Vec<Cancel> = if singly { calls.iter().map(|_| Cancel::default()).collect() } else { Vec::new() };
    let of_slots = slots.iter().copied().zip(cancels.iter().cloned()).collect();
    let calls = run(endpoint, incoming, calls, singly.then_some(cancels));
    let calls = calls.map(move |(index, result)| (slots[index], result));
    let answers = stream::iter(refused).chain(stream::select(builtins, calls)).boxed_local();
    Running { ids, notes, cancels: of_slots, answers }
}

/// Runs the calls, each to its own deadline, and counts them; those for which there is no place are refused. Each index
/// comes once. With `cancels`, there is one for each.
fn run<S: Service>(
    endpoint: &Endpoint<S>,
    incoming: &Incoming<'_>,
    mut calls: Vec<Call>,
    cancels: Option<Vec<Cancel>>,
) -> LocalBoxStream<'static, (usize, CallResult)> {
    if calls.is_empty() {
        return stream::empty().boxed_local();
    }
    let service = endpoint.service.clone();
    let mut begun = BegunBatch::new(service.clone(), incoming.at, &calls);
    // Calls of one batch come from one place; were they mixed, the outermost says what all of them are.
    let depth = calls.iter().map(|call| call.scope.depth).min().unwrap_or(0);
    let deadlines: Vec<_> = calls.iter().map(|call| call.scope.deadline).collect();
    let allowed: Vec<_> = calls.iter().map(|call| call.scope.allowed).collect();
    let all = calls.len();
    let refused =
        |from: usize, error: CallError| stream::iter((from..all).map(move |index| (index, Err(error.clone()))));
    let answers = match service.admission().admit_some(all, depth) {
        Ok(permit) => {
            let admitted = permit.calls();
            calls.truncate(admitted);
            let answers = match cancels {
                Some(cancels) => each(&service, calls, permit, cancels),
                None => service.batch(calls, permit),
            };
            refused(admitted, CallError::Overloaded).chain(answers).boxed_local()
        }
        Err(error) => refused(0, error).boxed_local(),
    };
    let (max_result, account) = (endpoint.config.max_body, endpoint.unsent.at(depth).clone());
    EachInTime::new(answers, deadlines, CallError::internal("a call of a batch was left unanswered"))
        .map(move |(index, result)| {
            let result = limited(result, max_result, &account).map_err(|error| error.within(allowed[index]));
            begun.finish(index, &result);
            (index, result)
        })
        .boxed_local()
}

/// Runs each call by itself.
fn each<S: Service>(
    service: &S,
    calls: Vec<Call>,
    mut permit: Permit,
    cancels: Vec<Cancel>,
) -> LocalBoxStream<'static, (usize, CallResult)> {
    let begin = |(index, (call, cancel)): (usize, (Call, Cancel))| {
        let (handle, registration) = AbortHandle::new_pair();
        cancel.set(Some(handle));
        let deadline = call.scope.deadline;
        let work = in_time(deadline, service.call(call, permit.split_one()));
        let work = Abortable::new(work, registration);
        async move {
            let result = work.await.unwrap_or(Err(CallError::Cancelled));
            cancel.take();
            (index, result)
        }
    };
    calls.into_iter().zip(cancels).enumerate().map(begin).collect::<FuturesUnordered<_>>().boxed_local()
}

/// One array, in the order of the requests.
pub(super) async fn whole(mut running: Running, max_body: usize, write: WriteReply) -> Vec<u8> {
    let mut results: Vec<Option<CallResult>> = Vec::new();
    results.resize_with(running.ids.len(), || None);
    let mut room = max_body.saturating_mul(RESULTS_ROOM);
    let mut size = 0;
    while let Some((slot, result)) = running.answers.next().await {
        // Errors count as results do.
        let result = match reply::size(&result) > room {
            true => Err(CallError::TooLarge { limit: max_body as u64 }.with("size", reply::size(&result))),
            false => result,
        };
        let len = reply::size(&result);
        room = room.saturating_sub(len);
        size += len + 64;
        results[slot] = Some(result);
    }
    let mut out = Vec::with_capacity(size);
    for (id, result) in running.ids.iter().zip(results) {
        out.push(if out.is_empty() { b'[' } else { b',' });
        let result = result.unwrap_or_else(|| Err(CallError::internal("a slot of a batch was left empty")));
        write(&mut out, id.as_ref().map(JsonText::as_str), &result);
    }
    out.push(b']');
    out
}

/// One reply a line; what is ready together goes out together.
fn lines(running: Running, write: WriteReply) -> impl Stream<Item = Bytes> {
    let write = move |out: &mut Vec<u8>, id: Option<&str>, result: &CallResult, notes: Option<&Notes>| {
        let line = out.len();
        write(out, id, result);
        answer::tell_times(out, notes);
        // A result keeps its sender's layout. A line break in it can only be white space: inside a JSON string it is
        // escaped.
        for byte in out[line..].iter_mut().filter(|byte| **byte == b'\n') {
            *byte = b' ';
        }
        out.push(b'\n');
    };
    ready_together(running, write).map(Bytes::from)
}

/// Arrays of the replies that are ready together.
pub(super) fn arrays(running: Running, write: WriteReply) -> impl Stream<Item = Vec<u8>> {
    let write = move |out: &mut Vec<u8>, id: Option<&str>, result: &CallResult, notes: Option<&Notes>| {
        out.push(if out.is_empty() { b'[' } else { b',' });
        write(out, id, result);
        answer::tell_times(out, notes);
    };
    ready_together(running, write).map(|mut array| {
        array.push(b']');
        array
    })
}

fn ready_together(
    running: Running,
    mut write: impl FnMut(&mut Vec<u8>, Option<&str>, &CallResult, Option<&Notes>),
) -> impl Stream<Item = Vec<u8>> {
    let Running { ids, notes, answers, .. } = running;
    let mut answers = answers.fuse();
    stream::poll_fn(move |cx| {
        let mut out = Vec::new();
        while out.len() < CHUNK {
            match Pin::new(&mut answers).poll_next(cx) {
                Poll::Ready(Some((slot, result))) => {
                    write(&mut out, ids[slot].as_ref().map(JsonText::as_str), &result, notes[slot].as_deref());
                }
                Poll::Ready(None) => break,
                Poll::Pending if out.is_empty() => return Poll::Pending,
                Poll::Pending => break,
            }
        }
        Poll::Ready((!out.is_empty()).then_some(out))
    })
}
