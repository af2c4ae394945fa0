//! When calls that one executor's scripts made within the node must have ended, where nobody else sees to it.
//!
//! Most have the deadline of the call that made them, which ends with them: they are not here.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Instant;

use crate::engine::{CallId, InvocationId};
use crate::protocol::Allowed;

/// A call, and by when it must have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounded {
    /// How its parent knows it.
    pub(super) call: CallId,
    /// Who made it.
    pub(super) parent: InvocationId,
    /// Its deadline.
    pub(super) due: Instant,
    /// Where that comes from.
    pub(super) allowed: Allowed,
}

/// The open ones of an executor. Their number is bounded by the engine, which counts open calls.
#[derive(Debug, Default)]
pub(super) struct CallDeadlines {
    open: HashMap<CallId, Bounded>,
    by_parent: HashMap<InvocationId, HashSet<CallId>>,
    by_time: BTreeSet<(Instant, CallId)>,
}

impl CallDeadlines {
    /// These calls have begun.
    pub(super) fn add(&mut self, calls: impl IntoIterator<Item = Bounded>) {
        for bounded in calls {
            self.open.insert(bounded.call, bounded);
            self.by_parent.entry(bounded.parent).or_default().insert(bounded.call);
            self.by_time.insert((bounded.due, bounded.call));
        }
    }

    /// This call has a result, or nobody waits for one.
    pub(super) fn remove(&mut self, call: CallId) {
        let Some(Bounded { parent, due, .. }) = self.open.remove(&call) else { return };
        self.by_time.remove(&(due, call));
        if let Some(siblings) = self.by_parent.get_mut(&parent) {
            siblings.remove(&call);
            if siblings.is_empty() {
                self.by_parent.remove(&parent);
            }
        }
    }

    /// Nobody waits for the calls of this invocation any more.
    pub(super) fn abandon(&mut self, parent: InvocationId) {
        for call in self.by_parent.remove(&parent).unwrap_or_default() {
            self.remove(call);
        }
    }

    /// When the next call must have ended.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.by_time.first().map(|(due, _)| *due)
    }

    /// Takes out the calls whose time is up.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<Bounded> {
        let due = self.by_time.iter().take_while(|(due, _)| *due <= now);
        let due: Vec<Bounded> = due.filter_map(|(_, call)| self.open.get(call).copied()).collect();
        due.iter().for_each(|bounded| self.remove(bounded.call));
        due
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        *self = CallDeadlines::default();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::protocol::DeadlineBy;

    fn id(number: u64) -> CallId {
        CallId { engine: 0, number }
    }

    #[test]
    fn calls_are_due_in_their_order_and_leave_nothing_behind() {
        let (mut deadlines, start) = (CallDeadlines::default(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        let allowed = Allowed { time: Duration::from_millis(10), by: DeadlineBy::Client };
        let bounded = |number: u64, ms| Bounded { call: id(number), parent: number % 2, due: at(ms), allowed };
        deadlines.add([bounded(1, 30), bounded(2, 10), bounded(3, 10), bounded(4, 20), bounded(5, 40)]);
        assert_eq!(deadlines.next_due(), Some(at(10)));
        assert_eq!(deadlines.take_due(at(9)), []);
        assert_eq!(deadlines.take_due(at(10)), [bounded(2, 10), bounded(3, 10)]);
        deadlines.remove(id(1));
        deadlines.remove(id(1));
        assert_eq!(deadlines.next_due(), Some(at(20)));
        deadlines.abandon(0);
        assert_eq!(deadlines.next_due(), Some(at(40)));
        deadlines.abandon(1);
        assert!(deadlines.open.is_empty() && deadlines.by_parent.is_empty() && deadlines.by_time.is_empty());
    }
}
