//! When the calls of a thread begin.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// How late timers are by themselves: a call that waited for one and is late by no more begins when it does.
const TIMER: Duration = Duration::from_millis(2);

/// The order of starts, shared by the connections of a thread.
#[derive(Debug)]
pub(super) struct Pace {
    start: Instant,
    end: Instant,
    /// Between two starts; `None` in a closed loop.
    interval: Option<Duration>,
    begun: Cell<u64>,
}

/// When the next call is to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Now,
    At(Instant),
}

impl Pace {
    /// From `start` for `duration`, with so many starts a second. The first is `offset` of an interval after `start`, so
    /// that threads take turns.
    pub(super) fn new(start: Instant, duration: Duration, rate: Option<f64>, offset: f64) -> Self {
        let interval = rate.map(|rate| Duration::from_secs_f64(1.0 / rate));
        let first = start + interval.unwrap_or_default().mul_f64(offset);
        Pace { start: first, end: start + duration, interval, begun: Cell::new(0) }
    }

    fn intended(&self, number: u64, interval: Duration) -> Instant {
        self.start + Duration::from_secs_f64(interval.as_secs_f64() * number as f64)
    }

    /// The next start; `None` when the time is up.
    pub(super) fn next(&self, now: Instant) -> Option<Turn> {
        if now >= self.end {
            return None;
        }
        let number = self.begun.get();
        let turn = match self.interval {
            None => Turn::Now,
            Some(interval) => Turn::At(self.intended(number, interval)),
        };
        if matches!(turn, Turn::At(at) if at >= self.end) {
            return None;
        }
        self.begun.set(number + 1);
        Some(turn)
    }

    /// Starts that were due by the end and had no connection free.
    pub(super) fn missed(&self) -> u64 {
        let Some(interval) = self.interval else { return 0 };
        let due = self.end.saturating_duration_since(self.start).as_secs_f64() / interval.as_secs_f64();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "calls of one run, never negative")]
        let due = due.ceil() as u64;
        due.saturating_sub(self.begun.get())
    }
}

/// From when the latency of a call counts that was meant to begin at `intended`, was `free` to at that time, and began
/// `now`.
pub(super) fn counted_from(intended: Instant, was_free: bool, now: Instant) -> Instant {
    let late = now.saturating_duration_since(intended);
    if was_free && late <= TIMER {
        now
    } else {
        intended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn an_open_loop_begins_calls_at_its_rate_whatever_became_of_the_others() {
        let start = Instant::now();
        let pace = Pace::new(start, 100 * MS, Some(100.0), 0.0);
        // Nobody was free for 55 ms: what was due meanwhile is still due when it was.
        let late = start + 55 * MS;
        let turns: Vec<_> = (0..20).map_while(|_| pace.next(late)).collect();
        let expected: Vec<_> = (0..10).map(|number| Turn::At(start + number * 10 * MS)).collect();
        assert_eq!(turns, expected);
        assert_eq!(pace.missed(), 0);
    }

    #[test]
    fn what_was_due_and_had_no_connection_is_missed() {
        let start = Instant::now();
        let pace = Pace::new(start, 100 * MS, Some(100.0), 0.5);
        assert_eq!(pace.next(start), Some(Turn::At(start + 5 * MS)));
        assert_eq!(pace.next(start + 100 * MS), None);
        assert_eq!(pace.missed(), 9);
    }

    #[test]
    fn a_closed_loop_begins_as_soon_as_it_can_until_the_end() {
        let start = Instant::now();
        let pace = Pace::new(start, 100 * MS, None, 0.0);
        assert_eq!(pace.next(start + 99 * MS), Some(Turn::Now));
        assert_eq!((pace.next(start + 100 * MS), pace.missed()), (None, 0));
    }

    #[test]
    fn a_late_timer_is_not_the_servers_doing_and_a_backlog_is() {
        let at = Instant::now();
        assert_eq!(counted_from(at, true, at + MS), at + MS);
        assert_eq!(counted_from(at, true, at + 3 * MS), at);
        assert_eq!(counted_from(at, false, at + MS), at);
    }
}
