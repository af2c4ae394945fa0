//! The calls that an executor has and has not answered, so that another thread can answer one of them when the
//! executor's own is stuck.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::reply_to::ReplyTo;
use crate::engine::InvocationId;
use crate::policy::admission::Permit;
use crate::protocol::{CallError, CallResult};

/// Who waits for an invocation.
#[derive(Debug)]
pub struct Waiting {
    /// Where the result goes.
    pub reply: ReplyTo,
    /// Its place among the admitted; none for a call of this node's own scripts.
    pub permit: Option<Permit>,
}

impl Waiting {
    /// The place is given back first: whoever has the answer may send the next call at once.
    pub fn answer(self, result: CallResult) {
        drop(self.permit);
        self.reply.send(result);
    }
}

/// One executor's table. Bounded by admission, as its inbox is.
#[derive(Debug, Default)]
pub struct OpenCalls(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    /// The call that is being begun; most end before they are ever parked.
    begun: Option<(InvocationId, Waiting)>,
    parked: HashMap<InvocationId, Waiting>,
    /// Calls that have been answered, or have nobody to be answered, and that go on: their generators put things in order,
    /// or what they began has not ended. Their places among the admitted are still taken, but where only timers are left.
    winding: HashMap<InvocationId, Option<Permit>>,
}

impl OpenCalls {
    /// A call begins to run.
    pub fn begin(&self, id: InvocationId, waiting: Waiting) {
        self.lock().begun = Some((id, waiting));
    }

    /// The call that was begun last waits for something.
    pub fn park_begun(&self) {
        let mut table = self.lock();
        if let Some((id, waiting)) = table.begun.take() {
            table.parked.insert(id, waiting);
        }
    }

    /// Takes out a call to answer it; none when somebody else did.
    pub fn take(&self, id: InvocationId) -> Option<Waiting> {
        let mut table = self.lock();
        match table.begun.take() {
            Some((begun, waiting)) if begun == id => Some(waiting),
            other => {
                table.begun = other;
                table.parked.remove(&id)
            }
        }
    }

    /// A call that was taken out goes on for a while, with its place among the admitted.
    pub fn winds_down(&self, id: InvocationId, permit: Option<Permit>) {
        self.lock().winding.insert(id, permit);
    }

    /// One that goes on needs a place among the admitted from now on, if it has none; `admit` gives it.
    pub fn works_on(
        &self,
        id: InvocationId,
        admit: impl FnOnce() -> Result<Option<Permit>, CallError>,
    ) -> Result<(), CallError> {
        if let Some(place @ None) = self.lock().winding.get_mut(&id) {
            *place = admit()?;
        }
        Ok(())
    }

    /// One that goes on needs no place for now: it only waits for timers.
    pub fn rests(&self, id: InvocationId) {
        let place = self.lock().winding.get_mut(&id).and_then(Option::take);
        drop(place);
    }

    /// It has ended. False when it did not go on.
    pub fn wound_down(&self, id: InvocationId) -> bool {
        let permit = self.lock().winding.remove(&id);
        permit.is_some()
    }

    /// Takes out all, with those that are parked named.
    pub fn take_all(&self) -> (Vec<InvocationId>, Vec<Waiting>) {
        let mut table = self.lock();
        let winding = std::mem::take(&mut table.winding);
        let begun = table.begun.take().map(|(_, waiting)| waiting);
        let parked = std::mem::take(&mut table.parked);
        drop(table);
        let ids = parked.keys().chain(winding.keys()).copied().collect();
        (ids, begun.into_iter().chain(parked.into_values()).collect())
    }

    /// True when somebody waits for this call here.
    pub fn has(&self, id: InvocationId) -> bool {
        let table = self.lock();
        table.begun.as_ref().is_some_and(|(begun, _)| *begun == id) || table.parked.contains_key(&id)
    }

    /// True when nobody waits for this call: it was answered already, or its caller has gone.
    pub fn is_unwanted(&self, id: InvocationId) -> bool {
        let table = self.lock();
        match &table.begun {
            Some((begun, waiting)) if *begun == id => waiting.reply.is_closed(),
            _ if table.winding.contains_key(&id) => false,
            _ => table.parked.get(&id).is_none_or(|waiting| waiting.reply.is_closed()),
        }
    }

    /// The parked calls whose callers have gone.
    pub fn unwanted(&self) -> Vec<InvocationId> {
        let table = self.lock();
        table.parked.iter().filter(|(_, waiting)| waiting.reply.is_closed()).map(|(id, _)| *id).collect()
    }

    /// True when none is parked, and none goes on.
    pub fn none_parked(&self) -> bool {
        let table = self.lock();
        table.parked.is_empty() && table.winding.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;
    use crate::protocol::JsonText;

    fn waiting() -> (Waiting, oneshot::Receiver<CallResult>) {
        let (reply, result) = oneshot::channel();
        (Waiting { reply: ReplyTo::One(reply), permit: None }, result)
    }

    #[test]
    fn a_call_is_answered_once_by_whoever_is_first() {
        let calls = OpenCalls::default();
        let (begun, mut result) = waiting();
        calls.begin(7, begun);
        assert!(!calls.is_unwanted(7));
        calls.take(7).expect("not answered").answer(Err(CallError::Timeout));
        assert!(calls.take(7).is_none() && calls.is_unwanted(7));
        assert!(matches!(result.try_recv(), Ok(Err(CallError::Timeout))));
    }

    #[test]
    fn parked_calls_are_found_and_those_without_a_caller_are_told() {
        let calls = OpenCalls::default();
        let (kept, mut result) = waiting();
        let (lost, caller) = waiting();
        for (id, waiting) in [(1, kept), (2, lost)] {
            calls.begin(id, waiting);
            calls.park_begun();
        }
        drop(caller);
        assert_eq!((calls.unwanted(), calls.none_parked()), (vec![2], false));
        let (parked, all) = calls.take_all();
        assert_eq!((parked.len(), all.len(), calls.none_parked()), (2, 2, true));
        all.into_iter().for_each(|waiting| waiting.answer(Ok(JsonText::NULL)));
        assert!(result.try_recv().expect("answered").is_ok());
    }
}
