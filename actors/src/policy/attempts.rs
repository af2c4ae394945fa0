//! Whether a call that failed on one node may be tried on another.

use std::time::Duration;

use super::backoff::Backoff;
use crate::protocol::error::Retry;
use crate::protocol::CallError;

/// Before the second retry and those after it.
const PAUSE: Backoff = Backoff { first: Duration::from_millis(20), most: Duration::from_millis(200) };

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

    /// An attempt ended with its node or with the connection: where there is no other node, the same may be tried, which
    /// may have lost no more than a connection, or has a new engine.
    pub fn was_lost(&self) -> bool {
        self.lost
    }

    /// How long the next attempt waits: the first retry not at all, since it goes elsewhere; those after it a little, and
    /// not all in step, since whatever fails them all needs a moment. `random` is in 0..1.
    pub fn pause(&self, random: f64) -> Option<Duration> {
        let retries = u32::try_from(self.failed.checked_sub(2)?).unwrap_or(u32::MAX);
        Some(PAUSE.delay(retries, random))
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
    fn retries_after_the_first_wait_a_little() {
        let mut attempts = Attempts::new(false);
        let pauses: Vec<Option<Duration>> = (0..4)
            .map(|_| {
                attempts.may_go_on(&REFUSED, 9);
                attempts.pause(0.5)
            })
            .collect();
        assert!(pauses[0].is_none() && pauses[1].is_some_and(|pause| !pause.is_zero()));
        assert!(pauses[1] < pauses[2] && pauses[2] < pauses[3], "{pauses:?}");
        assert!(attempts.pause(0.1) < attempts.pause(0.9), "with jitter");
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
