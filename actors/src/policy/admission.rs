//! Admission: how many calls a process takes on at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use crate::protocol::CallError;

/// Nested calls belong to a call that was admitted already, and shedding them would waste its work. They are bounded
/// all the same, by this many times the limit, since depth is what the caller says that it is.
const NESTED_FACTOR: usize = 16;

/// Counts the calls that a process has taken on. Clones share the count.
#[derive(Clone, Debug)]
pub struct Admission {
    limit: usize,
    inflight: Arc<AtomicUsize>,
}

/// The right to run one call; dropping it gives the place back.
#[derive(Debug)]
pub struct Permit {
    inflight: Arc<AtomicUsize>,
    calls: usize,
}

impl Admission {
    /// Admits up to `limit` calls from outside at once.
    pub fn new(limit: usize) -> Self {
        Admission { limit, inflight: Arc::default() }
    }

    /// Admits `calls` calls together at nesting `depth`, or none of them.
    pub fn admit(&self, calls: usize, depth: u32) -> Result<Permit, CallError> {
        let limit = if depth == 0 { self.limit } else { self.limit.saturating_mul(NESTED_FACTOR) };
        let before = self.inflight.fetch_add(calls, Ordering::Relaxed);
        let permit = Permit { inflight: self.inflight.clone(), calls };
        if before.saturating_add(calls) > limit {
            return Err(CallError::Overloaded);
        }
        Ok(permit)
    }

    /// Calls that run or wait now.
    pub fn inflight(&self) -> usize {
        self.inflight.load(Ordering::Relaxed)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.inflight.fetch_sub(self.calls, Ordering::Relaxed);
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
    fn nested_calls_are_not_shed_with_those_from_outside() {
        let admission = Admission::new(1);
        let _outside = admission.admit(1, 0).expect("free");
        let _nested = admission.admit(10, 1).expect("nested");
        assert!(admission.admit(6, 1).is_err());
    }
}
