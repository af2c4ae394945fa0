//! `madrpc.publish` and `madrpc.subscribe` (PROTOCOL, section 5).
//!
//! To publish is a call of the built-in method. The function of a subscription runs as a method does, by a name that no
//! method can have.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use boa_engine::object::builtins::{JsFunction, JsPromise};
use boa_engine::object::JsObject;
use boa_engine::{js_string, Context, JsArgs, JsError, JsNativeError, JsResult, JsString, JsValue};

use super::host::{CallOptions, Host, Invocation, OutgoingCall};
use super::{api, errors, heap, json_writer};
use crate::protocol::event::{self, PUBLISH};
use crate::protocol::{CallError, JsonText};

/// Patterns that the scripts of one node may subscribe to.
const MAX_SUBSCRIPTIONS: usize = 1_000;

/// Begins the name by which an engine is asked to run the function of a subscription.
const EVENT_METHOD: &str = "_event:";

/// The functions by their patterns, with the names that the log has for them.
pub(super) type Subscriptions = RefCell<BTreeMap<Arc<str>, (JsFunction, Arc<str>)>>;

/// The name by which an engine is asked to run the function that is subscribed to `pattern`, with the channel and the data
/// as params. Callers can't have it: it is reserved.
pub fn event_method(pattern: &str) -> String {
    format!("{EVENT_METHOD}{pattern}")
}

/// The function that such a name means, and what the log calls it.
pub(super) fn find(host: &Host, method: &str) -> Option<(Arc<str>, JsFunction)> {
    let (function, name) = host.subscriptions.borrow().get(method.strip_prefix(EVENT_METHOD)?)?.clone();
    Some((name, function))
}

/// Whether such a name was asked for.
pub(super) fn is_event(method: &str) -> bool {
    method.starts_with(EVENT_METHOD)
}

/// What a function gets: params and `ctx` of a call, or the data of an event and `ctx` with the channel.
pub(super) fn arguments(
    invocation: &Invocation,
    params: JsValue,
    ctx: JsObject,
    context: &mut Context,
) -> JsResult<[JsValue; 2]> {
    let Some(array) = params.as_object().filter(|_| invocation.event.is_some()) else {
        return Ok([params, ctx.into()]);
    };
    let channel = array.get(0, context)?;
    ctx.create_data_property_or_throw(js_string!("channel"), channel, context)?;
    Ok([array.get(1, context)?, ctx.into()])
}

fn type_error(message: impl Into<std::borrow::Cow<'static, str>>) -> JsError {
    JsNativeError::typ().with_message(message).into()
}

fn channel(arguments: &[JsValue]) -> JsResult<JsString> {
    arguments.get_or_undefined(0).as_string().ok_or_else(|| type_error("a channel is a string"))
}

pub(super) fn subscribe(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let host = Host::of(context)?;
    let pattern = channel(arguments)?.to_std_string().map_err(|_| type_error("a channel is well-formed text"))?;
    let function = arguments.get_or_undefined(1).as_function();
    if let Some(wanted) = host.wanted.borrow_mut().as_mut() {
        // The script runs again for one event, and was checked when it was loaded.
        if wanted.name.strip_prefix(EVENT_METHOD) == Some(&pattern) {
            wanted.function = function;
        }
        return Ok(JsValue::undefined());
    }
    if !host.loading.get() {
        return Err(type_error("madrpc.subscribe works only while the script loads"));
    }
    let function = function.ok_or_else(|| type_error("madrpc.subscribe takes a channel and a function"))?;
    if event::check_channel(&pattern).is_err() {
        return Err(type_error(format!("a channel has 1 to {} bytes", event::MAX_CHANNEL)));
    }
    let mut subscriptions = host.subscriptions.borrow_mut();
    if subscriptions.contains_key(pattern.as_str()) {
        return Err(type_error(format!("{pattern} is subscribed to already")));
    }
    if subscriptions.len() >= MAX_SUBSCRIPTIONS {
        return Err(type_error(format!("more than {MAX_SUBSCRIPTIONS} subscriptions")));
    }
    let name = format!("(event {pattern})").into();
    subscriptions.insert(pattern.into(), (function, name));
    Ok(JsValue::undefined())
}

pub(super) fn publish(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let host = Host::of(context)?;
    let (promise, resolvers) = JsPromise::new_pending(context);
    match heap::uncounted(|| read(&host, arguments, context))? {
        Ok((invocation, outgoing)) => api::begin_call(&host, invocation, outgoing, resolvers, context),
        Err(error) => {
            let error = errors::to_rpc_error(&error, &host, context)?.into_opaque(context)?;
            resolvers.reject.call(&JsValue::undefined(), &[error], context)?;
        }
    }
    Ok(promise.into())
}

type Opened = Result<(Rc<Invocation>, OutgoingCall), CallError>;

/// A programming error throws; what PROTOCOL has a code for is a `CallError`.
fn read(host: &Host, arguments: &[JsValue], context: &mut Context) -> JsResult<Opened> {
    let channel = channel(arguments)?.to_std_string_lossy();
    let Some(invocation) = host.current() else { return Ok(Err(CallError::Cancelled)) };
    let mut params = vec![b'['];
    event::write_string(&mut params, &channel);
    params.push(b',');
    match arguments.get_or_undefined(1) {
        data if data.is_undefined() => params.extend_from_slice(b"null"),
        data => match json_writer::write(data, host.surroundings.max_body, &host.api()?.intrinsics, context) {
            Ok(text) => params.extend_from_slice(&text),
            Err(json_writer::WriteError::Thrown(error)) => return Err(error),
            Err(error) => return Ok(Err(errors::write_error(error, host, &invocation, context))),
        },
    }
    params.push(b']');
    let options = CallOptions { params: Some(JsonText::from_trusted(params)), ..CallOptions::default() };
    Ok(host.open_call(PUBLISH.to_owned(), options))
}
