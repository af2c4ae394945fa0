//! `madrpc.callSync`: a script blocks its executor until a call has come to something.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::actors::call_deadlines::{Bounded, CallDeadlines};
use crate::actors::executor_inbox::{ExecutorInbox, Work};
use crate::actors::js_pool::PoolCore;
use crate::engine::OutgoingCall;
use crate::protocol::{CallError, CallResult};

/// `madrpc.callSync`: blocks this executor, and nothing else.
#[derive(Debug)]
pub(super) struct SyncCalls {
    pub(super) inbox: Arc<ExecutorInbox>,
    pub(super) pool: Arc<PoolCore>,
    /// How long stand-ins have had this executor's place.
    pub(super) replaced: Rc<Cell<Duration>>,
    /// The executor's.
    pub(super) deadlines: Rc<RefCell<CallDeadlines>>,
}

impl SyncCalls {
    /// Sends `leaving` and waits for the result of its last call. While it waits, a spare executor has this one's place
    /// in the pool, and what was queued here moves there: a call must never wait for one that waits for it.
    pub(super) fn call_and_wait(&self, mut leaving: Vec<OutgoingCall>) -> CallResult {
        let Some(last) = leaving.last() else { return Err(CallError::internal("no call")) };
        let (call, parent) = (last.id, last.parent);
        let (mut deadline, mut allowed) = (last.call.scope.deadline, last.call.scope.allowed);
        if let Err(no_spare) = self.pool.block(&self.inbox) {
            leaving.pop();
            self.send_out(leaving);
            return Err(no_spare);
        }
        if let Some(own) = self.send_out(leaving).into_iter().find(|bounded| bounded.call == call) {
            (deadline, allowed) = (own.due, own.allowed);
        }
        let blocked = Instant::now();
        let mut kept = VecDeque::new();
        let result = loop {
            match self.inbox.take(deadline) {
                None => {
                    self.pool.call_off(vec![call]);
                    break Err(CallError::Timeout.within(allowed));
                }
                Some(Work::Invoke(invoke)) if !invoke.stays => {
                    self.inbox.done();
                    self.pool.redirect(invoke);
                }
                // Nobody who waits for this call waits for the function of an event.
                Some(other @ (Work::Invoke(_) | Work::Renew | Work::Fetched(..) | Work::Flow(_))) => {
                    kept.push_back(other);
                }
                Some(Work::Cancel(id)) => {
                    kept.push_back(Work::Cancel(id));
                    if id == parent {
                        self.pool.abandon(vec![parent]);
                        break Err(CallError::Cancelled);
                    }
                }
                Some(Work::Settled(mut results)) => {
                    let place = results.iter().position(|(id, _)| *id == call);
                    let found = place.map(|place| results.swap_remove(place).1);
                    // Even when nothing is left in it, it is a message that is still to be counted as done.
                    kept.push_back(Work::Settled(results));
                    if let Some(result) = found {
                        break result;
                    }
                }
            }
        };
        self.inbox.put_back(kept);
        self.replaced.set(self.replaced.get() + blocked.elapsed());
        self.pool.unblock(&self.inbox);
        self.deadlines.borrow_mut().remove(call);
        result
    }

    fn send_out(&self, leaving: Vec<OutgoingCall>) -> Vec<Bounded> {
        let bounded = self.pool.send_out(&self.inbox, leaving);
        self.deadlines.borrow_mut().add(bounded.iter().copied());
        bounded
    }
}
