//! Methods that yield: the host drives the generator of an invocation, an item at a time.
//!
//! It asks for the next item when the queue has room for it, so a reader that is slow suspends the generator. The call
//! comes to what the generator returns, or throws, when all items are in the queue.

use std::rc::Rc;
use std::task::{Context as Task, Poll, Waker};
use std::time::Instant;

use boa_engine::builtins::async_generator::AsyncGenerator;
use boa_engine::object::builtins::{JsAsyncGenerator, JsFunction, JsPromise};
use boa_engine::object::JsObject;
use boa_engine::{js_string, Context, JsArgs, JsError, JsResult, JsValue};

use super::super::host::{CallId, Failure, Host, Invocation};
use super::super::json_writer::{self, WriteError};
use super::super::web::function;
use super::super::{errors, heap};
use super::{winding, Reactions};
use crate::protocol::streams::Writer;
use crate::protocol::{CallError, JsonText};

/// A generator, and where its items go.
#[derive(Debug)]
pub(super) struct Producer {
    pub(super) invocation: Rc<Invocation>,
    pub(super) generator: JsAsyncGenerator,
    sink: Sink,
    waker: Waker,
    /// It has returned or thrown.
    done: bool,
}

#[derive(Debug)]
enum Sink {
    /// Read by whoever called.
    Queue(Writer),
    /// The text of an array, as far as it goes: its items are the result.
    Array(Vec<u8>),
    /// Nobody wants them any more.
    Nowhere,
}

impl Producer {
    /// When it must have ended.
    pub(super) fn due(&self) -> Instant {
        self.invocation.ends_at()
    }

    /// There is nothing left to resume.
    pub(super) fn give_up(&mut self) {
        self.done = true;
    }

    pub(super) fn has_no_reader(&self) -> bool {
        matches!(&self.sink, Sink::Queue(writer) if writer.is_closed())
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        // What is in the queue was made for another thread, and is on nobody's account.
        heap::uncounted(|| drop(std::mem::replace(&mut self.sink, Sink::Nowhere)));
    }
}

/// True for an async generator function: only these stream.
pub(in crate::engine) fn is_stream(function: &JsFunction, context: &Context) -> bool {
    let kind = context.intrinsics().constructors().async_generator_function().prototype();
    function.prototype().is_some_and(|prototype| JsObject::equals(&prototype, &kind))
}

/// The generator that a streaming method has made. One that another kind of function gives is a value like any other.
pub(in crate::engine) fn drives(value: &JsValue, function: &JsFunction, context: &Context) -> Option<JsAsyncGenerator> {
    let object = value.as_object().filter(|object| object.is::<AsyncGenerator>() && is_stream(function, context))?;
    JsAsyncGenerator::from_object(object).ok()
}

/// Begins to drive a generator. Nothing of it runs before the next promise job.
pub(in crate::engine) fn start(
    generator: JsAsyncGenerator,
    invocation: &Rc<Invocation>,
    host: &Host,
    context: &mut Context,
) -> JsResult<()> {
    let id = host.next_call_id();
    let waker = heap::uncounted(|| (host.surroundings.waker)(id));
    let writer = heap::uncounted(|| invocation.items.take().and_then(|end| end.take()));
    let sink = writer.map_or_else(|| Sink::Array(Vec::new()), Sink::Queue);
    let producer = Producer { invocation: invocation.clone(), generator, sink, waker, done: false };
    invocation.producing.set(Some(id));
    host.flows.is_due(producer.due(), id);
    host.flows.producers.borrow_mut().insert(id, producer);
    // In a turn of its own, which whoever watches knows for that of a generator.
    let begun = JsPromise::resolve(JsValue::undefined(), context)?;
    begun.then(Some(reactions(host, context).item.clone()), None, context)?;
    Ok(())
}

pub(super) fn reactions<'a>(host: &'a Host, context: &mut Context) -> &'a Reactions {
    host.flows.reactions.get_or_init(|| Reactions {
        item: function("", 1, on_item, context),
        failed: function("", 1, on_failed, context),
        wound_down: function("", 1, winding::on_wound_down, context),
    })
}

/// Asks the generator for its next item, if there is room for it.
pub(super) fn resume(id: CallId, host: &Host, context: &mut Context) -> JsResult<()> {
    let generator = {
        let mut producers = host.flows.producers.borrow_mut();
        let Some(producer) = producers.get_mut(&id) else { return Ok(()) };
        let room = match &mut producer.sink {
            Sink::Queue(writer) => {
                heap::uncounted(|| writer.poll_ready(&mut Task::from_waker(&producer.waker)).map_err(drop))
            }
            Sink::Array(_) => Poll::Ready(Ok(())),
            Sink::Nowhere => Poll::Pending,
        };
        match room {
            Poll::Pending => return Ok(()),
            Poll::Ready(Ok(())) => producer.generator.clone(),
            Poll::Ready(Err(())) => {
                let invocation = producer.invocation.clone();
                host.settled.borrow_mut().push((invocation, Err(Failure::Ended(CallError::Cancelled))));
                return Ok(());
            }
        }
    };
    let promise = generator.next(JsValue::undefined(), context)?;
    let reactions = reactions(host, context);
    promise.then(Some(reactions.item.clone()), Some(reactions.failed.clone()), context)?;
    Ok(())
}

/// The producer on whose behalf code runs, unless it is being wound down.
fn current(host: &Host) -> Option<(CallId, Rc<Invocation>)> {
    let invocation = host.current().filter(|invocation| invocation.grace.get().is_none())?;
    Some((invocation.producing.get()?, invocation))
}

fn on_item(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let host = Host::of(context)?;
    let Some((id, invocation)) = current(&host) else { return Ok(JsValue::undefined()) };
    if let Some(result) = arguments.get_or_undefined(0).as_object() {
        let value = result.get(js_string!("value"), context)?;
        if result.get(js_string!("done"), context)?.to_boolean() {
            finish(id, invocation, Ok(value), &host);
            return Ok(JsValue::undefined());
        }
        if let Err(failure) = send(id, &value, &invocation, &host, context) {
            host.settled.borrow_mut().push((invocation, Err(failure)));
            return Ok(JsValue::undefined());
        }
    }
    resume(id, &host, context)?;
    Ok(JsValue::undefined())
}

fn on_failed(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let host = Host::of(context)?;
    if let Some((id, invocation)) = current(&host) {
        let error = JsError::from_opaque(arguments.get_or_undefined(0).clone());
        finish(id, invocation, Err(Failure::Thrown(error)), &host);
    }
    Ok(JsValue::undefined())
}

fn finish(id: CallId, invocation: Rc<Invocation>, outcome: Result<JsValue, Failure>, host: &Host) {
    if let Some(producer) = host.flows.producers.borrow_mut().get_mut(&id) {
        producer.done = true;
    }
    host.settled.borrow_mut().push((invocation, outcome));
}

fn send(
    id: CallId,
    value: &JsValue,
    invocation: &Rc<Invocation>,
    host: &Host,
    context: &mut Context,
) -> Result<(), Failure> {
    let api = host.api()?;
    // The text leaves this thread.
    heap::uncounted(|| {
        let written = json_writer::write(value, host.surroundings.max_body, &api.intrinsics, context);
        let text = written.map_err(|error| match error {
            // Whoever stopped it says why.
            WriteError::Thrown(error) if error.as_engine().is_some() => Failure::Thrown(error),
            error => Failure::Ended(errors::write_error(error, host, invocation, context)),
        })?;
        let mut producers = host.flows.producers.borrow_mut();
        let Some(producer) = producers.get_mut(&id) else { return Ok(()) };
        match &mut producer.sink {
            Sink::Queue(writer) => {
                let item = JsonText::from_trusted(text);
                if let Some(limit) = writer.refuses(&item) {
                    return Err(Failure::Ended(CallError::TooLarge { limit: limit as u64 }));
                }
                writer.try_send(item).map_err(|_gone| Failure::Ended(CallError::Cancelled))
            }
            Sink::Array(items) => append(items, &text, host.surroundings.max_body).map_err(Failure::Ended),
            Sink::Nowhere => Ok(()),
        }
    })
}

fn append(items: &mut Vec<u8>, text: &[u8], max_body: usize) -> Result<(), CallError> {
    // A bracket or comma before it, and the last bracket.
    if items.len() + text.len() + 2 > max_body {
        return Err(CallError::TooLarge { limit: max_body as u64 });
    }
    items.push(if items.is_empty() { b'[' } else { b',' });
    items.extend_from_slice(text);
    Ok(())
}

/// The items of a generator that has returned, where they are the result.
pub(in crate::engine) fn collected(invocation: &Invocation, host: &Host) -> Option<JsonText> {
    let mut producers = host.flows.producers.borrow_mut();
    let Sink::Array(items) = &mut producers.get_mut(&invocation.producing.get()?)?.sink else { return None };
    let mut items = std::mem::take(items);
    if items.is_empty() {
        items.push(b'[');
    }
    items.push(b']');
    Some(JsonText::from_trusted(items))
}

/// The generator of an invocation that ends before its generator has.
pub(super) fn unfinished(invocation: &Invocation, host: &Host) -> Option<JsAsyncGenerator> {
    let mut producers = host.flows.producers.borrow_mut();
    let producer = producers.get_mut(&invocation.producing.get()?).filter(|producer| !producer.done)?;
    heap::uncounted(|| producer.sink = Sink::Nowhere);
    Some(producer.generator.clone())
}
