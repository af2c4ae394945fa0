//! `queueMicrotask` (HTML, section 8.6).

use boa_engine::job::PromiseJob;
use boa_engine::object::builtins::JsFunction;
use boa_engine::{Context, JsArgs, JsResult, JsValue};

use super::super::host::{Failure, Host};
use super::class::type_error;
use super::{dom_exception, report};

/// Jobs that may wait in one context when a script adds another.
const MAX_JOBS: usize = 1 << 17;

/// `queueMicrotask(callback)`. The callback runs on behalf of the same call, after what runs now.
pub(super) fn queue_microtask(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let callback = arguments.get_or_undefined(0).as_function();
    let callback = callback.ok_or_else(|| type_error("queueMicrotask takes a function"))?;
    let host = Host::of(context)?;
    if host.jobs.borrow().len() >= MAX_JOBS {
        let message = format!("more than {MAX_JOBS} jobs wait");
        return Err(dom_exception::throw("QuotaExceededError", &message, context));
    }
    let owner = host.current();
    let job = PromiseJob::new(move |context| {
        let host = Host::of(context)?;
        let Some(owner) = owner else {
            return run(&callback, context);
        };
        match host.spent(&owner) {
            Some(reason) => host.settled.borrow_mut().push((owner, Err(Failure::Ended(reason)))),
            None => drop(host.turn(&owner, || run(&callback, context))?),
        }
        Ok(JsValue::undefined())
    });
    context.enqueue_job(job.into());
    Ok(JsValue::undefined())
}

fn run(callback: &JsFunction, context: &mut Context) -> JsResult<JsValue> {
    let Err(error) = callback.call(&JsValue::undefined(), &[], context) else {
        return Ok(JsValue::undefined());
    };
    let host = Host::of(context)?;
    match (error.as_engine(), host.current()) {
        // A limit can't be caught and settles no promise: the call would wait for ever.
        (Some(_), Some(owner)) => host.settled.borrow_mut().push((owner, Err(Failure::Thrown(error)))),
        _ => report(error, "a microtask", context)?,
    }
    Ok(JsValue::undefined())
}
