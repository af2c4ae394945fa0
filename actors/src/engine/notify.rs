//! `madrpc.notify(method, params, options)`: a call that nobody waits for (JSON-RPC 2.0, section 4.1).
//!
//! It leaves when the turn ends, whatever becomes of the call that makes it, and has a time of its own. What it comes to is
//! told to nobody; the log has a line where it did not leave.

use std::rc::Rc;
use std::time::{Duration, Instant};

use boa_engine::{Context, JsResult, JsValue};

use super::host::{Host, Invocation};
use super::{api, errors, heap, Engine};
use crate::protocol::CallResult;

/// How long what was notified may take where the script does not say.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Throws what `madrpc.call` would reject with at once.
pub(super) fn notify(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let host = Host::of(context)?;
    let (invocation, mut outgoing) = match api::open_call(&host, arguments, context)? {
        Ok(opened) => opened,
        Err(error) => return Err(errors::to_rpc_error(&error, &host, context)?),
    };
    let timeout = api::timeout_of(arguments, context)?.unwrap_or(TIMEOUT);
    let now = Instant::now();
    outgoing.call.scope.deadline = now.checked_add(timeout).unwrap_or(now + TIMEOUT);
    outgoing.call.notification = true;
    (outgoing.alone, outgoing.bounded) = (true, true);
    invocation.open_calls.set(invocation.open_calls.get() + 1);
    let method = heap::uncounted(|| outgoing.call.method.as_str().into());
    host.notifying.borrow_mut().insert(outgoing.id, (invocation, method));
    heap::uncounted(|| host.outgoing.borrow_mut().push(outgoing));
    Ok(JsValue::undefined())
}

impl Engine {
    /// A notification has left, or has not.
    pub(super) fn notified(&self, invocation: &Rc<Invocation>, method: &str, result: &CallResult) {
        let open = &invocation.open_calls;
        open.set(open.get().saturating_sub(1));
        self.host.has_changed(invocation);
        if let Err(error) = result {
            let scope = &invocation.scope;
            log::warn!(target: "script", "{}: the notification of {method} failed: {error} call={scope}", invocation.method);
        }
    }
}
