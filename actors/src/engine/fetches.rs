//! The fetches of one context: those that its scripts wait for, and those that leave when the turn ends.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use boa_engine::builtins::promise::ResolvingFunctions;
use boa_engine::{JsNativeError, JsResult, JsValue};

use super::host::{CallId, Invocation};
use super::{heap, web, Engine};
use crate::protocol::{CallScope, FetchResult, HttpRequest};

#[cfg(test)]
pub(super) mod tests;

/// Fetches that one context may have open. Beyond it `fetch` rejects.
pub(super) const MAX_OPEN_FETCHES: usize = 10_000;

/// A fetch that a script began, on its way out.
#[derive(Debug)]
pub struct OutgoingFetch {
    /// To settle it by.
    pub id: CallId,
    /// The deadline of the call that made it, and that call's id in the log.
    pub scope: CallScope,
    /// What to send.
    pub request: HttpRequest,
}

/// An open fetch.
#[derive(Debug)]
pub(super) struct PendingFetch {
    /// Who began it.
    pub invocation: Rc<Invocation>,
    /// Its promise.
    pub resolvers: ResolvingFunctions,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Fetches {
    pending: RefCell<HashMap<CallId, PendingFetch>>,
    /// By number, in the order in which they were begun.
    outgoing: RefCell<BTreeMap<u64, OutgoingFetch>>,
    /// What has left and is not wanted any more.
    unwanted: RefCell<Vec<CallId>>,
}

impl Fetches {
    /// False when there are as many as there may be.
    pub(super) fn has_room(&self) -> bool {
        self.pending.borrow().len() < MAX_OPEN_FETCHES
    }

    /// True until it has been settled or called off.
    pub(super) fn is_open(&self, id: CallId) -> bool {
        self.pending.borrow().contains_key(&id)
    }

    pub(super) fn begin(&self, outgoing: OutgoingFetch, pending: PendingFetch) {
        let open = &pending.invocation.open_fetches;
        open.set(open.get() + 1);
        self.pending.borrow_mut().insert(outgoing.id, pending);
        heap::uncounted(|| self.outgoing.borrow_mut().insert(outgoing.id.number, outgoing));
    }

    fn take(&self, id: CallId) -> Option<PendingFetch> {
        let pending = self.pending.borrow_mut().remove(&id)?;
        let open = &pending.invocation.open_fetches;
        open.set(open.get().saturating_sub(1));
        Some(pending)
    }

    /// Calls off a fetch, wherever it is by now.
    pub(super) fn call_off(&self, id: CallId) -> Option<PendingFetch> {
        let pending = self.take(id)?;
        self.forget(id);
        Some(pending)
    }

    fn forget(&self, id: CallId) {
        heap::uncounted(|| {
            if self.outgoing.borrow_mut().remove(&id.number).is_none() {
                self.unwanted.borrow_mut().push(id);
            }
        });
    }

    /// Those of an invocation.
    pub(super) fn of(&self, invocation: &Invocation) -> Vec<CallId> {
        if invocation.open_fetches.get() == 0 {
            return Vec::new();
        }
        let pending = self.pending.borrow();
        let of = |pending: &PendingFetch| pending.invocation.id == invocation.id;
        pending.iter().filter(|(_, pending)| of(pending)).map(|(id, _)| *id).collect()
    }

    /// Calls off those of an invocation; gives their promises.
    pub(super) fn call_off_all_of(&self, invocation: &Invocation) -> Vec<ResolvingFunctions> {
        self.of(invocation).into_iter().filter_map(|id| Some(self.call_off(id)?.resolvers)).collect()
    }

    /// Drops all; none of them can be settled any more.
    pub(super) fn clear(&self) {
        self.pending.borrow_mut().clear();
        self.outgoing.borrow_mut().clear();
        self.unwanted.borrow_mut().clear();
    }
}

impl Engine {
    /// Settles a fetch with what it came to. Run `run_jobs` after it.
    pub fn settle_fetch(&mut self, id: CallId, result: &FetchResult) {
        let Some(pending) = self.host.fetches.take(id) else { return };
        let host = self.host.clone();
        let settle = || -> JsResult<()> {
            let undefined = JsValue::undefined();
            match result {
                Ok(response) => {
                    let response = web::received(response, &mut self.context)?;
                    pending.resolvers.resolve.call(&undefined, &[response], &mut self.context)?;
                }
                Err(error) => {
                    let error = JsNativeError::typ().with_message(error.to_string());
                    let error = error.into_opaque(&mut self.context).into();
                    pending.resolvers.reject.call(&undefined, &[error], &mut self.context)?;
                }
            }
            Ok(())
        };
        let settled = heap::counted(|| host.turn(&pending.invocation, settle));
        if let Err(error) = settled {
            host.settled.borrow_mut().push((pending.invocation, Err(error.into())));
        }
    }

    /// The fetches that scripts have begun since the last time.
    pub fn take_fetches(&mut self) -> Vec<OutgoingFetch> {
        std::mem::take(&mut *self.host.fetches.outgoing.borrow_mut()).into_values().collect()
    }

    /// The fetches that have left and that nobody waits for any more, since the last time.
    pub fn take_unwanted_fetches(&mut self) -> Vec<CallId> {
        std::mem::take(&mut *self.host.fetches.unwanted.borrow_mut())
    }

    /// Calls off all fetches, for an engine that is about to be dropped.
    pub(super) fn call_off_fetches(&mut self) -> Vec<CallId> {
        self.host.fetches.outgoing.borrow_mut().clear();
        let mut all = self.take_unwanted_fetches();
        all.extend(self.host.fetches.pending.borrow().keys());
        all
    }
}
