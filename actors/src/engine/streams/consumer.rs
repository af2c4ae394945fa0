//! Queues that scripts read: the items of a stream that one of them asked for, and what the caller of a method pushes.
//!
//! A value leaves its queue when JavaScript asks for it, so a loop that is slow holds up whoever writes.

use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context as Task, Poll, Waker};
use std::time::Instant;

use boa_engine::builtins::iterable::create_iter_result_object;
use boa_engine::builtins::promise::ResolvingFunctions;
use boa_engine::{Context, JsResult, JsValue};
use futures_util::Stream;

use super::super::host::{CallId, Host, Invocation};
use super::super::{api, errors, heap, map};
use crate::protocol::streams::Reader;
use crate::protocol::{CallError, CallResult, JsonText};

/// Values that may be asked for and not be there, per stream.
const MAX_ASKED: usize = 1_024;

/// A queue that is read.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) invocation: Rc<Invocation>,
    source: Source,
    /// Those who have asked, in their order.
    asked: VecDeque<ResolvingFunctions>,
    waker: Waker,
    /// When it must have ended by itself.
    pub(super) due: Option<Instant>,
    /// Its call has come to something.
    settled: bool,
}

#[derive(Debug)]
enum Source {
    /// The items of a call, and what it has come to. The items come first.
    Call { items: Reader, outcome: Option<CallResult> },
    /// A call that was aborted, and why.
    Refused(JsValue),
    /// Nothing any more.
    Nothing,
    /// What the caller pushes; its end is an end like any other.
    Input(Reader),
}

impl Reading {
    fn new(invocation: Rc<Invocation>, source: Source, id: CallId, host: &Host) -> Self {
        let waker = heap::uncounted(|| (host.surroundings.waker)(id));
        invocation.reads.set(true);
        Reading { invocation, source, asked: VecDeque::new(), waker, due: None, settled: false }
    }

    /// The items of a call that is about to leave.
    pub(super) fn call(invocation: Rc<Invocation>, items: Reader, due: Instant, id: CallId, host: &Host) -> Self {
        invocation.open_calls.set(invocation.open_calls.get() + 1);
        invocation.open_streams.set(invocation.open_streams.get() + 1);
        host.flows.open.set(host.flows.open.get() + 1);
        host.flows.is_due(due, id);
        let source = Source::Call { items, outcome: None };
        let mut reading = Reading::new(invocation, source, id, host);
        reading.due = Some(due);
        reading
    }

    /// What the caller of `invocation` pushes.
    pub(super) fn input(invocation: Rc<Invocation>, reader: Reader, id: CallId, host: &Host) -> Self {
        Reading::new(invocation, Source::Input(reader), id, host)
    }

    /// Somebody waits for the next item of a call.
    pub(super) fn is_awaited(&self) -> bool {
        self.is_call() && !self.asked.is_empty()
    }

    pub(super) fn is_call(&self) -> bool {
        matches!(self.source, Source::Call { .. })
    }

    /// What there is for whoever asks next.
    fn poll(&mut self) -> Poll<Next> {
        let waker = &self.waker;
        let poll =
            |queue: &mut Reader| heap::uncounted(|| std::pin::Pin::new(queue).poll_next(&mut Task::from_waker(waker)));
        match &mut self.source {
            Source::Refused(reason) => Poll::Ready(Next::Thrown(reason.clone())),
            Source::Nothing => Poll::Ready(Next::End),
            Source::Input(values) => poll(values).map(|value| value.map_or(Next::End, Next::Value)),
            Source::Call { items, outcome } => match poll(items) {
                Poll::Ready(Some(item)) => Poll::Ready(Next::Value(item)),
                Poll::Ready(None) | Poll::Pending => match outcome.take() {
                    Some(Ok(result)) => Poll::Ready(Next::Returned(result)),
                    Some(Err(error)) => Poll::Ready(Next::Failed(error)),
                    None => Poll::Pending,
                },
            },
        }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        // Another thread made what is in the queue; a reason is of this heap.
        if let Source::Refused(_) | Source::Nothing = self.source {
            return;
        }
        let source = std::mem::replace(&mut self.source, Source::Nothing);
        heap::uncounted(|| drop(source));
    }
}

enum Next {
    Value(JsonText),
    Returned(JsonText),
    Failed(CallError),
    Thrown(JsValue),
    End,
}

/// Somebody asks for the next value.
pub(super) fn ask(id: CallId, resolvers: ResolvingFunctions, host: &Host, context: &mut Context) -> JsResult<()> {
    let too_many = {
        let mut readings = host.flows.readings.borrow_mut();
        match readings.get_mut(&id) {
            None => {
                drop(readings);
                return resolve(&resolvers, JsValue::undefined(), true, context);
            }
            Some(reading) if reading.asked.len() >= MAX_ASKED => true,
            Some(reading) => {
                reading.asked.push_back(resolvers.clone());
                false
            }
        }
    };
    if too_many {
        let reason = errors::to_rpc_error(&CallError::Overloaded, host, context)?.into_opaque(context)?;
        return reject(&resolvers, &reason, context);
    }
    deliver(id, host, context)
}

/// Gives those who have asked what there is.
pub(super) fn deliver(id: CallId, host: &Host, context: &mut Context) -> JsResult<()> {
    loop {
        let (first, next) = {
            let mut readings = host.flows.readings.borrow_mut();
            let Some(reading) = readings.get_mut(&id) else { return Ok(()) };
            if reading.asked.is_empty() {
                return Ok(());
            }
            let Poll::Ready(next) = reading.poll() else { return Ok(()) };
            let Some(first) = reading.asked.pop_front() else { return Ok(()) };
            (first, next)
        };
        let (value, done) = match &next {
            Next::Value(text) => (api::read_result(text, context), false),
            Next::Returned(text) => (api::read_result(text, context), true),
            Next::Failed(error) => (errors::to_rpc_error(error, host, context).and_then(Err), true),
            Next::Thrown(reason) => (Err(boa_engine::JsError::from_opaque(reason.clone())), true),
            Next::End => (Ok(JsValue::undefined()), true),
        };
        heap::uncounted(|| drop(next));
        // What can't be read ends the stream as a failure does.
        let others = if done || value.is_err() { end(id, host) } else { VecDeque::new() };
        match value {
            Ok(value) => resolve(&first, value, done, context)?,
            Err(error) => {
                let reason = error.into_opaque(context)?;
                reject(&first, &reason, context)?;
            }
        }
        for asked in others {
            resolve(&asked, JsValue::undefined(), true, context)?;
        }
    }
}

/// The call of a stream has come to `result`: on whose behalf that is told.
pub(super) fn settle(id: CallId, result: CallResult, host: &Host) -> Option<Rc<Invocation>> {
    let mut readings = host.flows.readings.borrow_mut();
    let reading = readings.get_mut(&id)?;
    let Source::Call { outcome, .. } = &mut reading.source else { return None };
    *outcome = Some(result);
    reading.settled = true;
    // Nothing else ends what a timer of the script's own leaves unread.
    if !reading.invocation.background {
        host.flows.not_due(reading.due.take().map(|due| (due, id)));
    }
    Some(reading.invocation.clone())
}

/// Ends a stream, and the call that it is of; gives those who have asked.
pub(super) fn end(id: CallId, host: &Host) -> VecDeque<ResolvingFunctions> {
    let Some(mut reading) = host.flows.readings.borrow_mut().remove(&id) else { return VecDeque::new() };
    host.flows.forget(id, &reading);
    host.has_changed(&reading.invocation);
    if reading.is_call() {
        let open = &reading.invocation.open_calls;
        open.set(open.get().saturating_sub(1));
        if !reading.settled {
            host.call_back(id);
        }
    }
    std::mem::take(&mut reading.asked)
}

/// Ends all that an invocation reads; gives those who have asked.
pub(in crate::engine) fn end_all_of(invocation: &Invocation, host: &Host) -> Vec<ResolvingFunctions> {
    let readings = host.flows.readings.borrow();
    let of = |reading: &Reading| reading.invocation.id == invocation.id;
    let ids: Vec<_> = readings.iter().filter(|(_, reading)| of(reading)).map(|(id, _)| *id).collect();
    drop(readings);
    ids.into_iter().flat_map(|id| end(id, host)).collect()
}

/// Ends a stream for `reason`, which its next value tells.
pub(in crate::engine) fn abort(id: CallId, reason: &JsValue, context: &mut Context) -> JsResult<()> {
    let host = Host::of(context)?;
    let open = host.flows.readings.borrow().get(&id).map(|reading| (reading.invocation.clone(), reading.due));
    let Some((invocation, due)) = open else { return map::abort(id, reason, &host, context) };
    let asked = end(id, &host);
    if asked.is_empty() {
        let mut refused = Reading::new(invocation, Source::Refused(reason.clone()), id, &host);
        refused.due = due.inspect(|due| host.flows.is_due(*due, id));
        host.flows.readings.borrow_mut().insert(id, refused);
        return Ok(());
    }
    host.on_behalf_of(Some(invocation), || {
        asked.into_iter().enumerate().try_for_each(|(index, asked)| match index {
            0 => reject(&asked, reason, context),
            _ => resolve(&asked, JsValue::undefined(), true, context),
        })
    })
}

pub(super) fn resolve(
    resolvers: &ResolvingFunctions,
    value: JsValue,
    done: bool,
    context: &mut Context,
) -> JsResult<()> {
    let result = create_iter_result_object(value, done, context);
    resolvers.resolve.call(&JsValue::undefined(), &[result], context).map(drop)
}

pub(super) fn reject(resolvers: &ResolvingFunctions, reason: &JsValue, context: &mut Context) -> JsResult<()> {
    resolvers.reject.call(&JsValue::undefined(), std::slice::from_ref(reason), context).map(drop)
}
