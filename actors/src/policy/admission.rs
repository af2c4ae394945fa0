//! Admission: how many calls a process takes on at once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Arc;

use crate::protocol::CallError;

/// Nested calls belong to a call that was admitted already, and shedding them would waste its work. They are bounded
/// all the same, by this many times the limit, since depth is what the caller says that it is.
const NESTED_FACTOR: usize = 16;

/// Counts the calls that a process has taken on. Clones share the count.
#[derive(Clone, Debug)]
pub struct Admission {
    limit: usize,
    gate: Arc<Gate>,
}

#[derive(Debug, Default)]
struct Gate {
    inflight: AtomicUsize,
    /// It is going to be closed.
    closing: AtomicBool,
    closed: AtomicBool,
}

/// The right to run one call; dropping it gives the place back.
#[derive(Debug)]
pub struct Permit {
    gate: Arc<Gate>,
    calls: usize,
}

impl Admission {
    /// Admits up to `limit` calls from outside at once.
    pub fn new(limit: usize) -> Self {
        Admission { limit, gate: Arc::default() }
    }

    /// Admits as many of `calls` calls at nesting `depth` as there are places for: the permit says how many, and it is one
    /// at least.
    pub fn admit_some(&self, calls: usize, depth: u32) -> Result<Permit, CallError> {
        let limit = self.limit_at(depth);
        let grown = |inflight: usize| {
            let most = limit.max(inflight);
            Some(inflight.saturating_add(calls).min(most))
        };
        // Counted before the gate is looked at, as in `admit`.
        let counted = self.gate.inflight.fetch_update(Ordering::SeqCst, Ordering::SeqCst, grown);
        let before = counted.unwrap_or_else(|before| before);
        let permit = Permit { gate: self.gate.clone(), calls: calls.min(limit.saturating_sub(before)) };
        match permit.calls {
            _ if depth == 0 && self.is_closed() => Err(CallError::Draining),
            0 => Err(CallError::Overloaded),
            _ => Ok(permit),
        }
    }

    /// Calls of that depth are refused beyond so many of all depths.
    fn limit_at(&self, depth: u32) -> usize {
        if depth == 0 {
            self.limit
        } else {
            self.limit.saturating_mul(NESTED_FACTOR)
        }
    }

    /// Admits `calls` calls together at nesting `depth`, or none of them.
    pub fn admit(&self, calls: usize, depth: u32) -> Result<Permit, CallError> {
        let limit = self.limit_at(depth);
        // Counted before the gate is looked at: whoever closes it and then sees nothing in flight may end the process.
        let before = self.gate.inflight.fetch_add(calls, Ordering::SeqCst);
        let permit = Permit { gate: self.gate.clone(), calls };
        if depth == 0 && self.is_closed() {
            return Err(CallError::Draining);
        }
        if before.saturating_add(calls) > limit {
            return Err(CallError::Overloaded);
        }
        Ok(permit)
    }

    /// Admits the function of an event: as a call nested in another, but not while this is going to be closed, since
    /// events need not come to an end as calls do.
    pub fn admit_event(&self) -> Result<Permit, CallError> {
        // Counted before the look, as above.
        let permit = self.admit(1, 1)?;
        match self.is_closing() {
            true => Err(CallError::Draining),
            false => Ok(permit),
        }
    }

    /// Whoever asks is told from now on that calls are going to be refused.
    pub fn announce_close(&self) {
        self.gate.closing.store(true, Ordering::SeqCst);
    }

    /// Whether calls are refused, or going to be.
    pub fn is_closing(&self) -> bool {
        self.gate.closing.load(Ordering::SeqCst)
    }

    /// Refuses calls from outside from now on, unless it was opened since this was announced. Those that run may go on to make nested calls.
    pub fn close(&self) {
        self.gate.closed.store(self.is_closing(), Ordering::SeqCst);
    }

    /// Takes calls again.
    pub fn open(&self) {
        self.gate.closing.store(false, Ordering::SeqCst);
        self.gate.closed.store(false, Ordering::SeqCst);
    }

    /// Whether calls from outside are refused.
    pub fn is_closed(&self) -> bool {
        self.gate.closed.load(Ordering::SeqCst)
    }

    /// Calls that run or wait now.
    pub fn inflight(&self) -> usize {
        self.gate.inflight.load(Ordering::SeqCst)
    }
}

impl Permit {
    /// How many calls it is for.
    pub fn calls(&self) -> usize {
        self.calls
    }

    /// Splits off the right to run one call, so that each call of a batch gives its own place back.
    pub fn split_one(&mut self) -> Permit {
        debug_assert!(self.calls > 0, "more calls than were admitted");
        let calls = self.calls.min(1);
        self.calls -= calls;
        Permit { gate: self.gate.clone(), calls }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.gate.inflight.fetch_sub(self.calls, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admits_up_to_the_limit_and_takes_places_back() {
        let admission = Admission::new(2);
        let first = admission.admit(1, 0).expect("free");
        let second = admission.admit(1, 0).expect("free");
        assert!(matches!(admission.admit(1, 0), Err(CallError::Overloaded)));
        assert_eq!(admission.inflight(), 2);
        drop(first);
        assert!(admission.admit(2, 0).is_err());
        assert!(admission.admit(1, 0).is_ok());
        drop(second);
        assert_eq!(admission.inflight(), 0);
    }

    #[test]
    fn a_batch_gives_its_places_back_one_by_one() {
        let admission = Admission::new(3);
        let mut batch = admission.admit(3, 0).expect("free");
        let one = batch.split_one();
        drop(batch);
        assert_eq!(admission.inflight(), 1);
        drop(one);
        assert_eq!(admission.inflight(), 0);
    }

    #[test]
    fn of_a_batch_as_many_calls_are_admitted_as_there_are_places() {
        let admission = Admission::new(16);
        let first = admission.admit_some(10, 0).expect("free");
        let second = admission.admit_some(40, 0).expect("some are free");
        assert_eq!((first.calls(), second.calls(), admission.inflight()), (10, 6, 16));
        assert!(matches!(admission.admit_some(1, 0), Err(CallError::Overloaded)));
        assert_eq!(admission.admit_some(300, 1).expect("nested").calls(), 240);
        drop((first, second));
        assert_eq!(admission.inflight(), 0);
        let nested = admission.admit(20, 1).expect("nested");
        assert!(matches!(admission.admit_some(2, 0), Err(CallError::Overloaded)));
        assert_eq!(admission.inflight(), 20, "nothing was counted, and nothing given back");
        drop(nested);
        admission.announce_close();
        admission.close();
        assert!(matches!(admission.admit_some(1, 0), Err(CallError::Draining)));
        assert_eq!(admission.inflight(), 0);
    }

    #[test]
    fn a_closed_gate_lets_nested_calls_through_alone() {
        let admission = Admission::new(10);
        let running = admission.admit(1, 0).expect("open");
        admission.close();
        assert!(admission.admit(1, 0).is_ok(), "it was not announced");
        admission.announce_close();
        assert!(admission.admit(1, 0).is_ok());
        admission.close();
        assert!(matches!(admission.admit(1, 0), Err(CallError::Draining)));
        assert!(admission.admit(1, 1).is_ok());
        assert_eq!(admission.inflight(), 1);
        drop(running);
        assert_eq!(admission.inflight(), 0);
        admission.open();
        assert!(admission.admit(1, 0).is_ok());
    }

    #[test]
    fn events_are_taken_as_nested_calls_are_until_the_end_is_announced() {
        let admission = Admission::new(1);
        let running: Vec<_> = (0..16).map(|_| admission.admit_event().expect("there is room")).collect();
        assert!(matches!(admission.admit_event(), Err(CallError::Overloaded)));
        drop(running);
        admission.announce_close();
        assert!(matches!(admission.admit_event(), Err(CallError::Draining)));
        assert_eq!(admission.inflight(), 0);
        admission.open();
        assert!(admission.admit_event().is_ok());
    }

    #[test]
    fn nested_calls_are_not_shed_with_those_from_outside() {
        let admission = Admission::new(1);
        let _outside = admission.admit(1, 0).expect("free");
        let _nested = admission.admit(10, 1).expect("nested");
        assert!(admission.admit(6, 1).is_err());
    }
}
