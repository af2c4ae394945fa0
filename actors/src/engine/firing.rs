//! Timers that are due run their functions.

use std::rc::Rc;
use std::time::{Duration, Instant};

use boa_engine::object::builtins::JsFunction;
use boa_engine::JsValue;

use super::errors::MAX_LOGGED;
use super::host::{Failure, Invocation};
use super::{guard, heap, Engine};
use crate::protocol::Short;

/// So late a timer runs before promise jobs that have not ended.
const TIMER_PATIENCE: Duration = Duration::from_secs(1);

impl Engine {
    /// Fires the timers that are due, each after all promise jobs that wait, as the HTML standard has it. A timer that is
    /// `TIMER_PATIENCE` late does not wait any longer: promise chains without end must not keep those of other calls.
    pub fn fire_timers(&mut self, now: Instant) {
        self.end_overdue_flows(now);
        self.cut_overdue_leftovers(now);
        loop {
            let patient = |due: Instant| now.saturating_duration_since(due) < TIMER_PATIENCE;
            let first = self.host.timers.borrow().next_due();
            if self.has_jobs() && first.is_some_and(patient) {
                return;
            }
            let due = self.host.timers.borrow_mut().take_due(now);
            let Some(due) = due else { return };
            let host = self.host.clone();
            let owner = due.owner.unwrap_or_else(|| host.background());
            let fired = heap::counted(|| {
                guard::or_give_up(&host, Some(&owner), || self.fire(&due.function, &due.arguments, &owner))
            });
            if let Some(Err(failure)) = fired {
                self.timer_failed(owner, failure);
            }
            self.run_jobs();
        }
    }

    fn fire(&mut self, function: &JsFunction, arguments: &[JsValue], owner: &Rc<Invocation>) -> Result<(), Failure> {
        let host = self.host.clone();
        if let Some(reason) = host.spent(owner) {
            return Err(Failure::Ended(reason));
        }
        let call = || function.call(&JsValue::undefined(), arguments, &mut self.context);
        let result = host.on_behalf_of(Some(owner.clone()), call);
        match owner.stopped.take() {
            Some(reason) => Err(Failure::Ended(reason)),
            None => Ok(result.map(drop)?),
        }
    }

    /// A throw out of a timer's callback has nobody to catch it. It ends the call that set the timer, as an uncaught
    /// error does elsewhere; the script's own timers only log it.
    fn timer_failed(&mut self, owner: Rc<Invocation>, failure: Failure) {
        match failure {
            failure if !owner.background => self.host.settled.borrow_mut().push((owner, Err(failure))),
            Failure::Thrown(error) => {
                log::warn!(target: "script", "a timer of the script failed: {}", Short::line(error, MAX_LOGGED));
            }
            Failure::Ended(reason) => log::warn!(target: "script", "a timer of the script was stopped: {reason}"),
        }
    }
}
