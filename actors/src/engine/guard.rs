//! What a panic of Boa costs: the call that ran, and the place of its context in the pool. The calls that wait in that
//! context go on in it, since a frame that was left behind on its stack is in nobody's way; new ones get another.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::rc::Rc;

use super::host::{Failure, Host, Invocation};
use crate::protocol::CallError;

/// What the call is told: which method it was, and that it is nothing that another node would do better.
pub(super) fn failed(invocation: &Invocation) -> CallError {
    CallError::EngineFailed { method: invocation.method.clone() }
}

/// Runs JavaScript. After a panic, which the hook has logged, none, and the call that it ran for is settled: it is
/// `owner`, or else whoever was current.
pub(super) fn or_give_up<T>(host: &Host, owner: Option<&Rc<Invocation>>, body: impl FnOnce() -> T) -> Option<T> {
    let before = host.current();
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(value) => Some(value),
        Err(_logged) => {
            let current = host.current.replace(before);
            host.failed.set(true);
            host.wanted.take();
            if let Some(culprit) = owner.cloned().or(current) {
                host.flows.give_up(&culprit);
                let reason = culprit.stopped.take().unwrap_or_else(|| failed(&culprit));
                host.settled.borrow_mut().push((culprit, Err(Failure::Ended(reason))));
            }
            None
        }
    }
}
