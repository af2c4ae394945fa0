//! Whether a call that failed on one node may be tried on another.

use crate::protocol::error::Retry;
use crate::protocol::CallError;

/// What has become of one call so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attempts {
    /// Safe to run twice, by its method's or its caller's word.
    pub idempotent: bool,
    /// Attempts that failed.
    failed: usize,
    /// One of them ended with the node while the call was in flight there.
    lost: bool,
}

impl Attempts {
    /// Of a call that is safe to run twice, or not so by all that is known yet.
    pub fn new(idempotent: bool) -> Self {
        Attempts { idempotent, ..Attempts::default() }
    }

    /// An attempt failed: whether another may be made, of which `retries` are allowed.
    ///
    /// A call that was in flight when its node was lost may be what killed it. It gets one more attempt, whatever comes
    /// of that: a call that kills engines takes two with it, and not as many as there are.
    pub fn may_go_on(&mut self, error: &CallError, retries: usize) -> bool {
        let was_lost = self.lost;
        self.failed += 1;
        self.lost |= matches!(error, CallError::Unreachable { sent: true });
        let safe = match error.meaning().retry {
            Retry::Always => true,
            Retry::IfIdempotent => self.idempotent,
            Retry::Never => false,
        };
        safe && !was_lost && self.failed <= retries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOST: CallError = CallError::Unreachable { sent: true };
    const REFUSED: CallError = CallError::Unreachable { sent: false };

    /// Whether each failure in turn leaves another attempt.
    fn go_on(idempotent: bool, retries: usize, errors: &[CallError]) -> Vec<bool> {
        let mut attempts = Attempts::new(idempotent);
        errors.iter().map(|error| attempts.may_go_on(error, retries)).collect()
    }

    #[test]
    fn what_never_arrived_is_tried_as_often_as_allowed() {
        for idempotent in [false, true] {
            assert_eq!(go_on(idempotent, 2, &[REFUSED, REFUSED, REFUSED]), [true, true, false]);
            assert_eq!(go_on(idempotent, 2, &[REFUSED, CallError::Overloaded]), [true, true]);
            assert_eq!(go_on(idempotent, 0, &[REFUSED]), [false]);
            assert_eq!(go_on(idempotent, 9, &[CallError::Timeout]), [false]);
        }
    }

    #[test]
    fn what_was_lost_with_a_node_is_tried_once_more_if_that_is_safe() {
        assert_eq!(go_on(false, 9, &[LOST]), [false]);
        assert_eq!(go_on(true, 9, &[LOST, LOST]), [true, false]);
        assert_eq!(go_on(true, 9, &[LOST, REFUSED]), [true, false]);
        assert_eq!(go_on(true, 9, &[LOST, CallError::Overloaded]), [true, false]);
        assert_eq!(go_on(true, 9, &[REFUSED, REFUSED, LOST, LOST]), [true, true, true, false]);
        assert_eq!(go_on(true, 0, &[LOST]), [false]);
    }
}
