//! What flows beside the calls of one context: the items that its generators yield, the streams that its scripts read,
//! and what callers push.
//!
//! Each end of a queue has an id. A queue that is empty or full is not waited for: its waker tells the executor, by that
//! id, when there is something to do.

mod consumer;
mod iterator;
mod producer;
#[cfg(test)]
mod tests;
mod winding;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::time::Instant;

use boa_engine::object::builtins::JsFunction;
use boa_engine::object::JsObject;
use boa_engine::{Context, JsResult};

use super::host::{CallId, Failure, Host, Invocation, InvocationId};
use super::{guard, heap, map, Engine};
use crate::protocol::{CallError, CallResult};

pub(super) use consumer::{abort, end_all_of};
pub(super) use iterator::{input, stream};
pub(super) use producer::{collected, drives, is_stream, start};
pub(super) use winding::GRACE;

use consumer::Reading;
use producer::Producer;

/// The flows of one context.
#[derive(Debug, Default)]
pub struct Flows {
    producers: RefCell<HashMap<CallId, Producer>>,
    readings: RefCell<HashMap<CallId, Reading>>,
    /// When something must have ended: a generator, its grace, a stream that is read.
    due: RefCell<BTreeSet<(Instant, CallId)>>,
    /// Invocations that have their outcome, and whose generators or leftovers go on for a while.
    winding: RefCell<Vec<(InvocationId, CallResult)>>,
    /// Calls that have left and that nobody waits for any more.
    called_off: RefCell<Vec<CallId>>,
    /// Streams whose calls have not settled.
    open: Cell<usize>,
    /// Made at first use, as most contexts have neither.
    reactions: OnceCell<Reactions>,
    prototype: OnceCell<JsObject>,
}

#[derive(Debug)]
struct Reactions {
    item: JsFunction,
    failed: JsFunction,
    wound_down: JsFunction,
}

impl Flows {
    /// Streams that count as open calls.
    pub fn open_calls(&self) -> usize {
        self.open.get()
    }

    /// True until it has ended.
    pub fn is_open(&self, id: CallId) -> bool {
        self.readings.borrow().contains_key(&id)
    }

    /// Notes that these calls, which have left, are not waited for.
    pub fn call_off(&self, id: CallId) {
        heap::uncounted(|| self.called_off.borrow_mut().push(id));
    }

    /// Notes that an invocation has come to this and goes on for a while.
    pub(super) fn is_answered(&self, id: InvocationId, result: CallResult) {
        self.winding.borrow_mut().push((id, result));
    }

    /// Whether somebody waits for the next value of a call's items that this invocation reads.
    pub(super) fn is_awaited_by(&self, invocation: &Invocation) -> bool {
        let awaited = |reading: &Reading| reading.invocation.id == invocation.id && reading.is_awaited();
        invocation.reads.get() && self.readings.borrow().values().any(awaited)
    }

    /// Drops what an invocation that has its outcome yields and what is pushed to it.
    pub(super) fn end_of_output(&self, invocation: &Invocation) {
        if let Some(id) = invocation.producing.take() {
            let producer = self.producers.borrow_mut().remove(&id);
            self.not_due(producer.as_ref().map(|producer| (producer.due(), id)));
            drop(producer);
        }
        heap::uncounted(|| drop((invocation.items.take(), invocation.input.take())));
    }

    /// Drops what belongs to an invocation that has ended.
    pub fn end_of(&self, invocation: &Invocation) {
        self.end_of_output(invocation);
        if invocation.reads.get() {
            let mut readings = self.readings.borrow_mut();
            let ids: Vec<_> = readings
                .iter()
                .filter(|(_, reading)| reading.invocation.id == invocation.id)
                .map(|(id, _)| *id)
                .collect();
            let gone: Vec<_> = ids.iter().filter_map(|id| Some((*id, readings.remove(id)?))).collect();
            drop(readings);
            for (id, reading) in gone {
                self.forget(id, &reading);
            }
        }
    }

    /// The generator of this invocation was stopped in the middle of a step, and can't be resumed.
    pub fn give_up(&self, invocation: &Invocation) {
        let Some(id) = invocation.producing.get() else { return };
        if let Some(producer) = self.producers.borrow_mut().get_mut(&id) {
            producer.give_up();
        }
    }

    fn forget(&self, id: CallId, reading: &Reading) {
        self.not_due(reading.due.map(|due| (due, id)));
        if reading.is_call() {
            self.open.set(self.open.get().saturating_sub(1));
            let own = &reading.invocation.open_streams;
            own.set(own.get().saturating_sub(1));
        }
    }

    fn is_due(&self, at: Instant, id: CallId) {
        self.due.borrow_mut().insert((at, id));
    }

    fn not_due(&self, entry: Option<(Instant, CallId)>) {
        if let Some(entry) = entry {
            self.due.borrow_mut().remove(&entry);
        }
    }

    /// Drops every handle into the garbage-collected heap.
    pub fn clear(&self) {
        self.producers.borrow_mut().clear();
        self.readings.borrow_mut().clear();
        self.due.borrow_mut().clear();
    }
}

impl Engine {
    /// The queue of this flow has room again, or has something in it, or has lost its other end.
    pub fn flow(&mut self, id: CallId) {
        let host = self.host.clone();
        let producing = host.flows.producers.borrow().get(&id).map(|producer| producer.invocation.clone());
        let reading = || host.flows.readings.borrow().get(&id).map(|reading| reading.invocation.clone());
        let Some(invocation) = producing.clone().or_else(reading) else { return };
        if let Some(reason) = host.spent(&invocation) {
            host.settled.borrow_mut().push((invocation, Err(Failure::Ended(reason))));
            return;
        }
        self.in_turn_of(&invocation, |host, context| match producing.is_some() {
            true => producer::resume(id, host, context),
            false => consumer::deliver(id, host, context),
        });
    }

    /// The call of a stream has come to this; its items are in the queue.
    fn settle_stream(&mut self, id: CallId, result: CallResult) {
        let host = self.host.clone();
        if let Some(invocation) = consumer::settle(id, result, &host) {
            self.in_turn_of(&invocation, |host, context| consumer::deliver(id, host, context));
        }
    }

    /// A call that is no plain `madrpc.call` has come to this.
    pub(super) fn settle_other(&mut self, id: CallId, result: CallResult) {
        let host = self.host.clone();
        match map::whose(id, &host) {
            Some(invocation) => {
                self.in_turn_of(&invocation, |host, context| map::settle(id, &result, host, context));
            }
            None => self.settle_stream(id, result),
        }
    }

    /// Runs JavaScript for `invocation`; what goes wrong with it settles it.
    fn in_turn_of(&mut self, invocation: &Rc<Invocation>, body: impl FnOnce(&Rc<Host>, &mut Context) -> JsResult<()>) {
        let host = self.host.clone();
        let turn = || host.turn(invocation, || body(&host, &mut self.context));
        let outcome = heap::counted(|| guard::or_give_up(&host, Some(invocation), turn));
        if let Some(Err(error)) = outcome {
            host.settled.borrow_mut().push((invocation.clone(), Err(error.into())));
        }
    }

    /// When the next flow must have ended.
    pub(super) fn next_flow_due(&self) -> Option<Instant> {
        self.host.flows.due.borrow().first().map(|(due, _)| *due)
    }

    /// Ends the flows whose time is up.
    pub(super) fn end_overdue_flows(&mut self, now: Instant) {
        let host = self.host.clone();
        loop {
            let mut all = host.flows.due.borrow_mut();
            let Some((_, id)) = all.first().copied().filter(|(due, _)| *due <= now) else { return };
            all.pop_first();
            drop(all);
            let producing = host.flows.producers.borrow().get(&id).map(|producer| producer.invocation.clone());
            match producing {
                Some(invocation) => {
                    host.settled.borrow_mut().push((invocation, Err(Failure::Ended(CallError::Timeout))));
                }
                None => self.end_overdue_stream(id),
            }
        }
    }

    fn end_overdue_stream(&mut self, id: CallId) {
        let host = self.host.clone();
        let background = host.flows.readings.borrow().get(&id).is_some_and(|reading| reading.invocation.background);
        host.call_back(id);
        self.settle_stream(id, Err(CallError::Timeout));
        if background {
            // Those who have asked were told just now.
            consumer::end(id, &host);
        }
    }

    /// Notices readers that have gone while nothing was sent to them.
    pub fn look_for_readers(&mut self) {
        let left: Vec<_> = {
            let producers = self.host.flows.producers.borrow();
            let gone = producers.values().filter(|producer| producer.has_no_reader());
            gone.map(|producer| producer.invocation.clone()).collect()
        };
        for invocation in left {
            self.host.settled.borrow_mut().push((invocation, Err(Failure::Ended(CallError::Cancelled))));
        }
    }

    /// Invocations that have come to this, although their generators or what they left behind go on for a while: they are
    /// told of as finished once more.
    pub fn take_winding(&mut self) -> Vec<(InvocationId, CallResult)> {
        std::mem::take(&mut *self.host.flows.winding.borrow_mut())
    }

    /// Calls that have left and that nobody waits for any more.
    pub fn take_called_off(&mut self) -> Vec<CallId> {
        std::mem::take(&mut *self.host.flows.called_off.borrow_mut())
    }
}
