//! What scripts see of a stream: an async iterator, for `madrpc.stream` and for `ctx.input`.

use std::rc::Rc;

use boa_engine::gc::GcRefCell;
use boa_engine::object::builtins::JsPromise;
use boa_engine::object::{JsObject, ObjectInitializer};
use boa_engine::property::Attribute;
use boa_engine::{js_string, Context, Finalize, JsArgs, JsData, JsResult, JsSymbol, JsValue, Trace};

use super::super::host::{CallId, Host, Invocation};
use super::super::web::{function, type_error, Algorithm, Native};
use super::super::{api, errors, heap};
use super::consumer::{self, Reading};
use crate::protocol::streams::{queue, End};
use crate::protocol::CallError;

/// The iterator itself is only a name for what the engine keeps: it may outlive the call that it belongs to.
#[derive(Debug, Trace, Finalize, JsData)]
struct Iterator {
    #[unsafe_ignore_trace]
    id: CallId,
    /// Why there is no stream: its first value, as an async generator would tell it.
    refused: GcRefCell<Option<JsValue>>,
}

/// `madrpc.stream(method, params, options)`: the call leaves when this turn ends, as one of `madrpc.call` does. It runs
/// ahead of its reader by what the queue holds.
pub(in crate::engine) fn stream(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let host = Host::of(context)?;
    let signal = api::signal_of(arguments, context)?;
    let aborted = signal.as_ref().filter(|signal| signal.borrow().data().is_aborted());
    if let Some(reason) = aborted.map(|signal| signal.borrow().data().reason()) {
        return Ok(iterator(host.next_call_id(), Some(reason), &host, context).into());
    }
    match api::open_call(&host, arguments, context)? {
        Ok((_, outgoing)) if outgoing.call.scope.idempotency_key.is_some() => {
            let refused = CallError::invalid_params("idempotencyKey", "a stream can't be replayed, so it has no key");
            heap::uncounted(|| drop(outgoing));
            refuse(&refused, &host, context)
        }
        Ok((invocation, mut outgoing)) => {
            let id = outgoing.id;
            let reader = heap::uncounted(|| {
                let (writer, reader) = queue();
                outgoing.call.streams.items = Some(End::new(writer));
                outgoing.alone = true;
                reader
            });
            let reading = Reading::call(invocation, reader, outgoing.call.scope.deadline, id, &host);
            host.flows.readings.borrow_mut().insert(id, reading);
            heap::uncounted(|| host.outgoing.borrow_mut().push(outgoing));
            if let Some(signal) = signal {
                signal.borrow().data().on_abort(Algorithm::CancelCall(id), context)?;
            }
            Ok(iterator(id, None, &host, context).into())
        }
        Err(error) => refuse(&error, &host, context),
    }
}

fn refuse(error: &CallError, host: &Host, context: &mut Context) -> JsResult<JsValue> {
    let reason = errors::to_rpc_error(error, host, context)?.into_opaque(context)?;
    Ok(iterator(host.next_call_id(), Some(reason), host, context).into())
}

/// `ctx.input`. Without a queue, or once the call has ended, it is at its end.
pub(in crate::engine) fn input(invocation: &Rc<Invocation>, context: &mut Context) -> JsResult<JsObject> {
    let host = Host::of(context)?;
    let id = host.next_call_id();
    let reader = heap::uncounted(|| invocation.input.borrow_mut().take().and_then(|end| end.take()));
    if let Some(reader) = reader {
        let reading = Reading::input(invocation.clone(), reader, id, &host);
        host.flows.readings.borrow_mut().insert(id, reading);
    }
    Ok(iterator(id, None, &host, context))
}

fn iterator(id: CallId, refused: Option<JsValue>, host: &Host, context: &mut Context) -> JsObject {
    let prototype = prototype(host, context);
    let iterator = Iterator { id, refused: GcRefCell::new(refused) };
    JsObject::new(context.root_shape(), prototype, iterator).upcast()
}

fn prototype(host: &Host, context: &mut Context) -> JsObject {
    let made = host.flows.prototype.get_or_init(|| {
        let methods: [(&str, usize, Native); 3] = [("next", 0, next), ("return", 1, r#return), ("throw", 1, throw)];
        let methods = methods.map(|(name, length, body)| (name, function(name, length, body, context)));
        let mut object = ObjectInitializer::new(context);
        for (name, method) in methods {
            let attribute = Attribute::WRITABLE | Attribute::CONFIGURABLE;
            object.property(boa_engine::JsString::from(name), method, attribute);
        }
        object.property(JsSymbol::to_string_tag(), js_string!("Stream"), Attribute::CONFIGURABLE);
        let object = object.build();
        object.set_prototype(Some(context.intrinsics().objects().iterator_prototypes().async_iterator()));
        object
    });
    made.clone()
}

fn id_of(this: &JsValue) -> JsResult<CallId> {
    let object = this.as_object();
    let id = object.as_ref().and_then(|object| object.downcast_ref::<Iterator>().map(|iterator| iterator.id));
    id.ok_or_else(|| type_error("Illegal invocation: this is no stream"))
}

/// Told once.
fn refusal(this: &JsValue) -> Option<JsValue> {
    let object = this.as_object()?;
    let iterator = object.downcast_ref::<Iterator>()?;
    let refused = iterator.refused.borrow_mut().take();
    refused
}

/// Several may ask at once; they are answered in their order.
fn next(this: &JsValue, _arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let (promise, resolvers) = JsPromise::new_pending(context);
    let host = Host::of(context)?;
    match (id_of(this), refusal(this)) {
        (Err(error), _) => consumer::reject(&resolvers, &error.into_opaque(context)?, context)?,
        (Ok(_), Some(reason)) => consumer::reject(&resolvers, &reason, context)?,
        (Ok(id), None) => consumer::ask(id, resolvers, &host, context)?,
    }
    Ok(promise.into())
}

/// Cancels the call: nobody reads on. Those who wait for a value are told of the end.
fn r#return(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let (promise, resolvers) = JsPromise::new_pending(context);
    match leave(this, context) {
        Ok(()) => consumer::resolve(&resolvers, arguments.get_or_undefined(0).clone(), true, context)?,
        Err(error) => consumer::reject(&resolvers, &error.into_opaque(context)?, context)?,
    }
    Ok(promise.into())
}

/// As `return`, and rejects.
fn throw(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let (promise, resolvers) = JsPromise::new_pending(context);
    match leave(this, context) {
        Ok(()) => consumer::reject(&resolvers, arguments.get_or_undefined(0), context)?,
        Err(error) => consumer::reject(&resolvers, &error.into_opaque(context)?, context)?,
    }
    Ok(promise.into())
}

fn leave(this: &JsValue, context: &mut Context) -> JsResult<()> {
    let id = id_of(this)?;
    refusal(this);
    let host = Host::of(context)?;
    for asked in consumer::end(id, &host) {
        consumer::resolve(&asked, JsValue::undefined(), true, context)?;
    }
    Ok(())
}
