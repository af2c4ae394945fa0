//! Promises that are rejected and that nobody handles: a warning in the log, with the method.

#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Instant;

use boa_engine::builtins::promise::Promise;
use boa_engine::object::builtins::JsPromise;
use boa_engine::object::JsObject;
use boa_engine::JsError;

use super::errors::MAX_LOGGED;
use super::host::Invocation;
use super::Engine;
use crate::policy::log_rate::LogRate;
use crate::protocol::{Code, Short};

/// Rejections of one round of promise jobs that are remembered; of further ones the log tells that there were some.
const MAX_REMEMBERED: usize = 100;

/// Those of one context since its promise jobs last ran dry.
#[derive(Debug, Default)]
pub(super) struct Rejections {
    unhandled: RefCell<Vec<(JsObject<Promise>, Rc<Invocation>)>>,
    /// What is rejected now is the host's doing, and the log has said so.
    quiet: Cell<bool>,
    /// There were more than are remembered.
    more: Cell<bool>,
    /// Of the lines of this context.
    log_rate: RefCell<LogRate>,
}

impl Rejections {
    /// A promise without reactions was rejected.
    pub(super) fn add(&self, promise: &JsObject<Promise>, invocation: &Rc<Invocation>) {
        let mut unhandled = self.unhandled.borrow_mut();
        let told = self.quiet.get() || invocation.finished.get() || invocation.grace.get().is_some();
        if told {
            return;
        }
        match unhandled.len() < MAX_REMEMBERED {
            true => unhandled.push((promise.clone(), invocation.clone())),
            false => self.more.set(true),
        }
    }

    /// It has got one.
    pub(super) fn handled(&self, promise: &JsObject<Promise>) {
        self.unhandled.borrow_mut().retain(|(unhandled, _)| !JsObject::equals(unhandled, promise));
    }

    /// Runs what rejects promises that the log need not tell of.
    pub(super) fn quietly<T>(&self, body: impl FnOnce() -> T) -> T {
        let before = self.quiet.replace(true);
        let result = body();
        self.quiet.set(before);
        result
    }

    /// Drops every handle into the garbage-collected heap.
    pub(super) fn clear(&self) {
        self.unhandled.borrow_mut().clear();
    }

    #[cfg(test)]
    pub(super) fn methods(&self) -> Vec<String> {
        self.unhandled.borrow().iter().map(|(_, invocation)| invocation.method.to_string()).collect()
    }
}

impl Engine {
    /// Called when no promise job is left: what is unhandled now was left to nobody.
    pub(super) fn tell_of_rejections(&self) {
        let rejections = &self.host.rejections;
        let unhandled: Vec<_> = rejections.unhandled.borrow_mut().drain(..).collect();
        if rejections.more.take() {
            log::warn!(target: "script", "more than {MAX_REMEMBERED} promises were rejected at once: the log tells of the first ones");
        }
        for (promise, invocation) in unhandled {
            let state = JsPromise::from(promise).state();
            let Some(reason) = state.as_rejected() else { continue };
            let (method, scope) = (&invocation.method, &invocation.scope);
            let line = rejections.log_rate.borrow_mut().take(Code::SCRIPT.0, method, Instant::now());
            let Some(left_out) = line else { continue };
            let reason = Short::line(JsError::from_opaque(reason.clone()), MAX_LOGGED);
            let more = if left_out > 0 { format!(" ({left_out} like it were left out)") } else { String::new() };
            log::warn!(target: "script", "{method}: a promise is rejected and nobody handles that: {reason}{more} call={scope}");
        }
    }
}
