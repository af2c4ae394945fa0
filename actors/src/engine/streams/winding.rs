//! The end of a generator that nobody reads any more: its `finally` runs, and what it waits for may take a moment.

use std::rc::Rc;
use std::time::{Duration, Instant};

use boa_engine::{Context, JsResult, JsValue};

use super::super::host::{Failure, Host, Invocation};
use super::super::leftovers::{self, Cut};
use super::super::{web, Engine};
use super::producer;
use crate::protocol::{CallError, CallResult};

/// How long a generator may go on once it has been told to return.
pub(in crate::engine) const GRACE: Duration = Duration::from_secs(5);

impl Engine {
    /// Whether a generator whose invocation comes to `outcome` has something to put in order: not after its own end, nor
    /// when it was stopped in the middle of a step, as it can't be resumed then.
    pub(in crate::engine) fn should_wind_down(
        &self,
        invocation: &Invocation,
        outcome: &Result<JsValue, Failure>,
    ) -> bool {
        let resumable = match outcome {
            Err(Failure::Thrown(error)) => error.as_engine().is_none(),
            Ok(_) | Err(Failure::Ended(_)) => !self.host.is_exhausted(invocation),
        };
        resumable && invocation.grace.get().is_none() && producer::unfinished(invocation, &self.host).is_some()
    }

    /// Has the generator of a parked invocation return, with `result` as what its caller is told.
    pub(in crate::engine) fn wind_down(&mut self, invocation: &Rc<Invocation>, result: Option<CallResult>) {
        let host = self.host.clone();
        let flows = &host.flows;
        let (Some(id), Some(generator)) = (invocation.producing.get(), producer::unfinished(invocation, &host)) else {
            return;
        };
        flows.not_due(Some((invocation.ends_at(), id)));
        let ends = Instant::now() + GRACE;
        invocation.grace.set(Some(ends));
        // What it came to besides is of no interest; from here on it is the end of its generator.
        host.settled.borrow_mut().retain(|(settled, _)| !Rc::ptr_eq(settled, invocation));
        flows.is_due(ends, id);
        if let Some(result) = result {
            flows.winding.borrow_mut().push((invocation.id, result));
        }
        self.in_turn_of(invocation, |host, context| {
            web::cancelled(invocation, context);
            let open = leftovers::take_what_is_open(invocation, host);
            if !open.is_empty() {
                leftovers::reject_all(&open, invocation, Cut::by_caller(invocation), host, context)?;
            }
            let ended = generator.r#return(JsValue::undefined(), context)?;
            let wound_down = &producer::reactions(host, context).wound_down;
            ended.then(Some(wound_down.clone()), Some(wound_down.clone()), context)?;
            Ok(())
        });
    }
}

/// The generator has returned, or thrown on its way out, which concerns nobody.
pub(super) fn on_wound_down(_: &JsValue, _: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let host = Host::of(context)?;
    if let Some(invocation) = host.current() {
        host.settled.borrow_mut().push((invocation, Err(Failure::Ended(CallError::Cancelled))));
    }
    Ok(JsValue::undefined())
}
