//! `fetch` (Fetch standard, section 5.6). The request leaves when the turn ends; whether it may, and how it is sent, is
//! decided elsewhere.

use boa_engine::builtins::promise::ResolvingFunctions;
use boa_engine::object::builtins::JsPromise;
use boa_engine::{Context, JsError, JsObject, JsResult, JsValue};

use super::super::fetches::{OutgoingFetch, PendingFetch, MAX_OPEN_FETCHES};
use super::super::host::{CallId, Host};
use super::super::{heap, leftovers};
use super::abort::{AbortSignal, Algorithm};
use super::class::{instance, type_error};
use super::convert::required;
use super::request::Request;
use super::response::Response;
use crate::protocol::HttpResponse;

/// `fetch(input, init)`. All that is wrong rejects.
pub(super) fn fetch(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let (promise, resolvers) = JsPromise::new_pending(context);
    match begin(arguments, &resolvers, context) {
        Ok(()) => {}
        Err(error) if error.as_engine().is_some() => return Err(error),
        Err(error) => {
            let reason = error.into_opaque(context)?;
            resolvers.reject.call(&JsValue::undefined(), &[reason], context)?;
        }
    }
    Ok(promise.into())
}

fn begin(arguments: &[JsValue], resolvers: &ResolvingFunctions, context: &mut Context) -> JsResult<()> {
    required(arguments, 1, "fetch")?;
    let request = Request::new(arguments, context)?;
    let signal = request.signal();
    abort_reason(&signal).map_or(Ok(()), Err)?;
    let host = Host::of(context)?;
    if host.loading.get() {
        return Err(type_error("fetch works in calls and timers, not while the script loads"));
    }
    let invocation = host.current().filter(|invocation| !invocation.finished.get());
    let invocation = invocation.ok_or_else(|| type_error("the call that would fetch has ended"))?;
    if !leftovers::has_room(&invocation) {
        return Err(type_error("the call that would fetch was answered and leaves too much behind"));
    }
    if !host.fetches.has_room() {
        return Err(type_error(format!("more than {MAX_OPEN_FETCHES} fetches are open")));
    }
    let request = request.outgoing(host.surroundings.max_body)?;
    let id = host.next_call_id();
    let scope = heap::uncounted(|| invocation.scope.clone());
    let pending = PendingFetch { invocation, resolvers: resolvers.clone() };
    host.fetches.begin(OutgoingFetch { id, scope, request }, pending);
    if let Some(signal) = signal.downcast_ref::<AbortSignal>() {
        signal.on_abort(Algorithm::CancelFetch(id), context)?;
    }
    Ok(())
}

fn abort_reason(signal: &JsObject) -> Option<JsError> {
    let signal = signal.downcast_ref::<AbortSignal>()?;
    signal.is_aborted().then(|| JsError::from_opaque(signal.reason()))
}

/// Rejects an open fetch, and calls it off.
pub(super) fn cancel(id: CallId, reason: &JsValue, context: &mut Context) -> JsResult<()> {
    let host = Host::of(context)?;
    let Some(pending) = host.fetches.call_off(id) else { return Ok(()) };
    host.on_behalf_of(Some(pending.invocation.clone()), || {
        pending.resolvers.reject.call(&JsValue::undefined(), std::slice::from_ref(reason), context).map(drop)
    })
}

/// What a script gets of an answer.
pub(in crate::engine) fn received(response: &HttpResponse, context: &mut Context) -> JsResult<JsValue> {
    let response = Response::received(response, context)?;
    Ok(instance(response, context)?.into())
}
