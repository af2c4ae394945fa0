//! `ctx.waitUntil(promise)`: the call goes on after its answer until the promise has settled, up to the call's deadline.
//!
//! A call goes on by itself while something that it began is open. This is for the rest: JavaScript that waits for what
//! other calls do, and for what a reader should see at a glance.

use std::rc::Rc;

use boa_engine::object::builtins::JsPromise;
use boa_engine::{Context, JsArgs, JsResult, JsValue};

use super::host::{Host, Invocation};
use super::leftovers;
use super::web::type_error;

pub(super) fn wait(invocation: &Rc<Invocation>, promise: &JsValue, context: &mut Context) -> JsResult<JsValue> {
    let host = Host::of(context)?;
    if invocation.finished.get() {
        return Err(type_error("the call is over: there is nothing left to keep alive"));
    }
    if !leftovers::has_room(invocation) {
        return Err(type_error("the call was answered and leaves too much behind"));
    }
    let promise = JsPromise::resolve(promise.clone(), context)?;
    let api = host.api()?;
    // Whoever runs now, it is this call that goes on.
    host.on_behalf_of(Some(invocation.clone()), || {
        invocation.awaited.set(invocation.awaited.get() + 1);
        promise.then(Some(api.on_awaited.clone()), Some(api.on_awaited_rejected.clone()), context)
    })?;
    Ok(JsValue::undefined())
}

/// A reaction runs on behalf of the invocation that it was made for.
pub(super) fn on_awaited(_: &JsValue, _: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    settled(context).map(|_| JsValue::undefined())
}

pub(super) fn on_awaited_rejected(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let Some(invocation) = settled(context)? else { return Ok(JsValue::undefined()) };
    // A call that was cut off has rejected it itself.
    if !invocation.finished.get() {
        let (method, scope) = (&invocation.method, &invocation.scope);
        let reason = arguments.get_or_undefined(0).display();
        log::warn!(target: "script", "{method} waits until a promise that is rejected: {reason} call={scope}");
    }
    Ok(JsValue::undefined())
}

fn settled(context: &mut Context) -> JsResult<Option<Rc<Invocation>>> {
    let invocation = Host::of(context)?.current();
    if let Some(invocation) = &invocation {
        invocation.awaited.set(invocation.awaited.get().saturating_sub(1));
    }
    Ok(invocation)
}
