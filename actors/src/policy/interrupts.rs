//! Which JavaScript that runs must be stopped. Pure: it is handed what was seen, and when.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::protocol::CallError;

/// What one call may use up.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Running time, waiting not counted; none: unlimited.
    pub cpu: Option<Duration>,
    /// Bytes by which the heap of its executor may have grown; none: unlimited.
    pub heap: Option<usize>,
    /// Bytes by which a context may have grown between calls, or the next call gets a new one; none: unlimited.
    pub context: Option<usize>,
}

/// What was seen of an executor that runs JavaScript.
#[derive(Clone, Copy, Debug)]
pub struct Sight {
    /// Which turn it is: the invocation, and since when.
    pub turn: (u64, Instant),
    /// How long the invocation had run before.
    pub before: Duration,
    /// When whoever called stops waiting.
    pub deadline: Instant,
    /// By how much the heap has grown.
    pub heap_growth: usize,
    /// Nobody waits for it any more.
    pub unwanted: bool,
}

/// Remembers, by executor, the turn that was seen last, so that its running time can be told in processor time.
#[derive(Debug, Default)]
pub struct Interrupts {
    seen: HashMap<usize, Seen>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    turn: (u64, Instant),
    at: Instant,
    cpu: Option<Duration>,
}

impl Interrupts {
    /// Why the turn must be stopped, if it must. `cpu` tells the processor time of the executor's thread, where the
    /// system can; it is asked only for a turn that has gone on since the look before.
    pub fn look(
        &mut self,
        executor: usize,
        sight: &Sight,
        limits: &Limits,
        now: Instant,
        cpu: impl FnOnce() -> Option<Duration>,
    ) -> Option<CallError> {
        let first = match self.seen.get(&executor) {
            Some(seen) if seen.turn == sight.turn => *seen,
            _ => {
                let seen = Seen { turn: sight.turn, at: now, cpu: cpu() };
                self.seen.insert(executor, seen);
                return self.verdict(sight, limits, now, now.duration_since(sight.turn.1));
            }
        };
        let wall = now.duration_since(sight.turn.1);
        // Until it was first seen it may have run all the time.
        let unseen = first.at.duration_since(sight.turn.1);
        let running = match (first.cpu, cpu()) {
            (Some(before), Some(cpu)) => wall.min(unseen + cpu.saturating_sub(before)),
            _ => wall,
        };
        self.verdict(sight, limits, now, running)
    }

    fn verdict(&self, sight: &Sight, limits: &Limits, now: Instant, running: Duration) -> Option<CallError> {
        match (limits.cpu, limits.heap) {
            (Some(cpu), _) if sight.before + running >= cpu => Some(CallError::ran_too_long(cpu)),
            (_, Some(heap)) if sight.heap_growth > heap => {
                Some(CallError::LimitExceeded { what: "memory in bytes", limit: heap as u64 })
            }
            _ if now >= sight.deadline => Some(CallError::Timeout),
            _ if sight.unwanted => Some(CallError::Cancelled),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Code;

    const LIMITS: Limits = Limits { cpu: Some(Duration::from_millis(100)), heap: Some(1_000), context: None };

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn sight(since: Instant) -> Sight {
        Sight {
            turn: (1, since),
            before: Duration::ZERO,
            deadline: since + ms(10_000),
            heap_growth: 0,
            unwanted: false,
        }
    }

    fn code(error: Option<CallError>) -> Option<i64> {
        error.map(|error| error.code().0)
    }

    #[test]
    fn a_turn_is_stopped_when_it_has_run_for_its_limit() {
        let (since, mut interrupts) = (Instant::now(), Interrupts::default());
        let mut at = |after, cpu| interrupts.look(0, &sight(since), &LIMITS, since + ms(after), || cpu);
        assert_eq!(code(at(5, Some(ms(1_000)))), None);
        // 300 ms have gone by, of which it had 60.
        assert_eq!(code(at(300, Some(ms(1_060)))), None);
        assert_eq!(code(at(350, Some(ms(1_094)))), None);
        assert_eq!(code(at(351, Some(ms(1_095)))), Some(Code::LIMIT_EXCEEDED.0));
    }

    #[test]
    fn where_processor_time_can_not_be_told_the_clock_counts() {
        let (since, mut interrupts) = (Instant::now(), Interrupts::default());
        let mut at = |after| interrupts.look(0, &sight(since), &LIMITS, since + ms(after), || None);
        assert_eq!((code(at(10)), code(at(99))), (None, None));
        assert_eq!(code(at(100)), Some(Code::LIMIT_EXCEEDED.0));
    }

    #[test]
    fn what_it_ran_before_counts_and_another_turn_begins_anew() {
        let (since, mut interrupts) = (Instant::now(), Interrupts::default());
        let later = Sight { before: ms(95), ..sight(since) };
        assert_eq!(code(interrupts.look(0, &later, &LIMITS, since + ms(5), || None)), Some(Code::LIMIT_EXCEEDED.0));
        let next = Sight { turn: (1, since + ms(6)), before: ms(60), ..sight(since) };
        assert_eq!(code(interrupts.look(0, &next, &LIMITS, since + ms(10), || None)), None);
    }

    #[test]
    fn memory_deadline_and_callers_that_left_stop_a_turn() {
        let since = Instant::now();
        let look = |sight: Sight| code(Interrupts::default().look(0, &sight, &LIMITS, since + ms(20), || None));
        assert_eq!(look(Sight { heap_growth: 1_000, ..sight(since) }), None);
        assert_eq!(look(Sight { heap_growth: 1_001, ..sight(since) }), Some(Code::LIMIT_EXCEEDED.0));
        assert_eq!(look(Sight { deadline: since + ms(20), ..sight(since) }), Some(Code::TIMEOUT.0));
        assert_eq!(look(Sight { unwanted: true, ..sight(since) }), Some(Code::CANCELLED.0));
    }
}
