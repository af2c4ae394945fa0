//! Signs of life of one node, and of connections to it that broke, shared by all threads.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// When a node was last heard of, and when it last lost calls.
#[derive(Debug)]
pub(super) struct Signs {
    /// When it was first seen; the times below are counted from then.
    since: Instant,
    /// In milliseconds; 0 is never.
    heard_ms: AtomicU64,
    /// Within so many milliseconds a node that lives is heard of without being called.
    every_ms: AtomicU64,
    /// When the last loss that counted was noticed, in nanoseconds; 0 is never.
    lost_ns: AtomicU64,
}

impl Signs {
    pub(super) fn new(now: Instant) -> Self {
        let zero = || AtomicU64::new(0);
        Signs { since: now, heard_ms: zero(), every_ms: zero(), lost_ns: zero() }
    }

    /// The node has spoken.
    pub(super) fn heard(&self, at: Instant) {
        let ms = self.millis(at);
        // Written once a millisecond: all threads share it.
        if self.heard_ms.load(Ordering::Relaxed) < ms {
            self.heard_ms.fetch_max(ms, Ordering::Relaxed);
        }
    }

    /// Heartbeats or answers to checks come at least so often.
    pub(super) fn expect_every(&self, every: Duration) {
        let ms = u64::try_from(every.as_millis()).unwrap_or(u64::MAX);
        if self.every_ms.load(Ordering::Relaxed) != ms {
            self.every_ms.store(ms, Ordering::Relaxed);
        }
    }

    /// Whether nothing was heard since `sent`, nor for as long as signs that come unasked may take.
    pub(super) fn is_silent(&self, sent: Instant, now: Instant) -> bool {
        let last_due = self.millis(now).saturating_sub(self.every_ms.load(Ordering::Relaxed));
        self.heard_ms.load(Ordering::Relaxed) <= self.millis(sent).min(last_due)
    }

    /// Whether a call that was sent at `sent` and lost by `now` tells of a loss that is not known yet. What broke one
    /// connection may have broken all that were in use then: a call that was under way when the last loss was noticed
    /// tells nothing new. One that was sent later does.
    pub(super) fn is_new_loss(&self, sent: Instant, now: Instant) -> bool {
        let (sent, now) = (self.nanos(sent), self.nanos(now));
        let note = |known: u64| (sent >= known).then_some(now);
        self.lost_ns.fetch_update(Ordering::Relaxed, Ordering::Relaxed, note).is_ok()
    }

    // Times begin at 1.

    fn millis(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.since);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX).saturating_add(1)
    }

    fn nanos(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.since);
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX).saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// Which of the calls, sent and lost at these milliseconds, tell of a new loss.
    fn new_losses(calls: &[(u64, u64)]) -> Vec<bool> {
        let start = Instant::now();
        let signs = Signs::new(start);
        calls.iter().map(|(sent, lost)| signs.is_new_loss(start + ms(*sent), start + ms(*lost))).collect()
    }

    #[test]
    fn calls_that_one_connection_takes_with_it_are_one_loss() {
        let calls: Vec<(u64, u64)> = (0..100).map(|sent| (sent, 100)).collect();
        assert_eq!(new_losses(&calls).iter().filter(|new| **new).count(), 1);
    }

    #[test]
    fn each_call_of_a_steady_flow_that_is_lost_is_a_loss_of_its_own() {
        let calls: Vec<(u64, u64)> = (0..300).map(|n| (20 * n, 20 * n + 1)).collect();
        assert!(new_losses(&calls).into_iter().all(|new| new));
        // Without a pause, too.
        let calls: Vec<(u64, u64)> = (0..300).map(|n| (n, n + 1)).collect();
        assert!(new_losses(&calls).into_iter().all(|new| new));
    }

    #[test]
    fn a_late_loss_of_an_old_call_is_none() {
        assert_eq!(new_losses(&[(50, 60), (10, 5000), (20, 9000), (70, 9000)]), [true, false, false, true]);
        assert_eq!(new_losses(&[(50, 60), (61, 70), (60, 80)]), [true, true, false], "and does not hide the next");
        assert_eq!(new_losses(&[(50, 60), (10, 5000), (61, 5000)]), [true, false, true]);
    }

    #[test]
    fn a_node_is_silent_when_nothing_was_heard_while_the_call_waited() {
        let start = Instant::now();
        let at = |millis| start + ms(millis);
        let signs = Signs::new(start);
        assert!(signs.is_silent(at(0), at(1)), "nobody ever heard of it");
        signs.heard(at(100));
        assert!(!signs.is_silent(at(99), at(5000)));
        assert!(signs.is_silent(at(100), at(101)));
        signs.heard(at(90));
        assert!(!signs.is_silent(at(99), at(5000)), "what comes late takes nothing back");
    }

    #[test]
    fn a_call_with_a_short_deadline_waits_for_signs_that_come_unasked() {
        let start = Instant::now();
        let at = |millis| start + ms(millis);
        let signs = Signs::new(start);
        signs.expect_every(ms(2400));
        signs.heard(at(1000));
        assert!(!signs.is_silent(at(2000), at(2050)), "the next is not due yet");
        assert!(!signs.is_silent(at(3000), at(3399)));
        assert!(signs.is_silent(at(3000), at(3400)));
        assert!(!signs.is_silent(at(900), at(60_000)), "it spoke while a long call waited");
    }

    proptest! {
        /// Of calls that are lost in the order of their loss, the new ones are those a patient reader would count.
        #[test]
        fn losses_are_counted_as_by_hand(calls in prop::collection::vec((0u64..1000, 0u64..300), 0..60)) {
            let mut calls: Vec<(u64, u64)> = calls.into_iter().map(|(sent, took)| (sent, sent + took)).collect();
            calls.sort_by_key(|(_, lost)| *lost);
            let mut last = None;
            let by_hand: Vec<bool> = calls.iter().map(|(sent, lost)| {
                let new = last.is_none_or(|last| *sent >= last);
                if new { last = Some(*lost); }
                new
            }).collect();
            prop_assert_eq!(new_losses(&calls), by_hand);
        }
    }
}
