//! What a panic of Boa costs: the call that ran, and the place of its context in the pool. The calls that wait in that
//! context go on in it, since a frame that was left behind on its stack is in nobody's way; new ones get another.

use std::any::Any;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::rc::Rc;

use super::host::{Failure, Host, Invocation};
use crate::protocol::CallError;

/// What the call is told.
pub(super) fn failed() -> CallError {
    CallError::internal("the engine failed")
}

/// A limit that ends an async generator makes Boa panic, where it asserts that generators do not throw.
fn reason_of(panic: &(dyn Any + Send)) -> CallError {
    let text = panic.downcast_ref::<&str>().copied().unwrap_or_default();
    match text.contains("is_throw_completion") {
        true => CallError::LimitExceeded { what: "recursion or stack", limit: super::RECURSION_LIMIT as u64 },
        false => failed(),
    }
}

/// Runs JavaScript. After a panic, which the hook has logged, none, and the call that it ran for is settled: it is
/// `owner`, or else whoever was current.
pub(super) fn or_give_up<T>(host: &Host, owner: Option<&Rc<Invocation>>, body: impl FnOnce() -> T) -> Option<T> {
    let before = host.current();
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(value) => Some(value),
        Err(panic) => {
            let current = host.current.replace(before);
            host.failed.set(true);
            host.wanted.take();
            if let Some(culprit) = owner.cloned().or(current) {
                host.flows.give_up(&culprit);
                let reason = culprit.stopped.take().unwrap_or_else(|| reason_of(&*panic));
                host.settled.borrow_mut().push((culprit, Err(Failure::Ended(reason))));
            }
            None
        }
    }
}
