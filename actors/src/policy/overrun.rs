//! Which JavaScript that runs must be stopped, as seen from another thread that looks now and then, and how often it
//! should look.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::protocol::CallError;

/// A turn of this age is a long one.
const LONG: Duration = Duration::from_millis(10);

/// What one call may use up.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Running time, waiting not counted; none: unlimited.
    pub cpu: Option<Duration>,
    /// Bytes by which the heap of its executor may grow in one turn; none: unlimited.
    pub heap: Option<usize>,
    /// Bytes by which a context may have grown between calls, or the next call gets a new one; none: unlimited.
    pub context: Option<usize>,
}

/// What an executor runs at the moment of a look.
#[derive(Clone, Copy, Debug)]
pub struct Sighting {
    /// Which executor.
    pub executor: usize,
    /// On whose behalf.
    pub invocation: u64,
    /// When this turn began.
    pub since: Instant,
    /// How long the call had run before this turn.
    pub before: Duration,
    /// When whoever called stops waiting.
    pub deadline: Instant,
    /// Bytes by which the heap has grown in this turn.
    pub heap_growth: usize,
    /// Nobody waits for it any more.
    pub unwanted: bool,
    /// Processor time that the executor's thread has used since it was started, where the system tells.
    pub cpu: Option<Duration>,
}

impl Sighting {
    /// Why a call that has run for `ran` in all must be stopped, if it must.
    pub fn stop_reason(&self, ran: Duration, limits: &Limits, now: Instant) -> Option<CallError> {
        match (limits.cpu, limits.heap) {
            (Some(cpu), _) if ran >= cpu => Some(CallError::ran_too_long(cpu)),
            (_, Some(heap)) if self.heap_growth > heap => Some(CallError::too_much_memory(heap)),
            _ if now >= self.deadline => Some(CallError::Timeout),
            _ if self.unwanted => Some(CallError::Cancelled),
            _ => None,
        }
    }
}

/// Until the next look at what was `seen` at `now`; `waiting` when calls are under way that may run any moment. One
/// native call can allocate 1 GB/s, so that what lasts is looked at often; each look wakes a processor, so that idleness
/// is left alone.
pub fn pace(now: Instant, seen: &[Sighting], waiting: bool) -> Duration {
    let long = |seen: &Sighting| now.saturating_duration_since(seen.since) >= LONG;
    Duration::from_millis(match (seen, waiting) {
        // Only timers from the time of loading can run then without anybody's call.
        ([], false) => 500,
        ([], true) => 25,
        _ if seen.iter().any(long) => 5,
        _ => 10,
    })
}

/// Remembers turns from one look to the next, so that running time can be told in processor time.
#[derive(Debug, Default)]
pub struct RunningTimes {
    turns: HashMap<usize, FirstSeen>,
}

/// A turn, as it was when it was first seen.
#[derive(Clone, Copy, Debug)]
struct FirstSeen {
    invocation: u64,
    since: Instant,
    at: Instant,
    cpu: Option<Duration>,
}

impl RunningTimes {
    /// Takes note of everything that runs at `now`, and tells for each how long its call has run, in all its turns.
    ///
    /// It is the processor's time where that is known, so that a call is not blamed for a machine that has too little of
    /// it. What passed before a turn was first seen counts whole.
    pub fn look(&mut self, now: Instant, seen: &[Sighting]) -> Vec<Duration> {
        let before = std::mem::take(&mut self.turns);
        let ran = |seen: &Sighting| {
            let first = before
                .get(&seen.executor)
                .filter(|first| (first.invocation, first.since) == (seen.invocation, seen.since))
                .copied()
                .unwrap_or(FirstSeen { invocation: seen.invocation, since: seen.since, at: now, cpu: seen.cpu });
            self.turns.insert(seen.executor, first);
            let wall = now.saturating_duration_since(seen.since);
            let unseen = first.at.saturating_duration_since(seen.since);
            let turn = match (first.cpu, seen.cpu) {
                (Some(first), Some(cpu)) => wall.min(unseen + cpu.saturating_sub(first)),
                _ => wall,
            };
            seen.before.saturating_add(turn)
        };
        seen.iter().map(ran).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Code;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    struct Fixture {
        times: RunningTimes,
        start: Instant,
    }

    impl Fixture {
        fn new() -> Self {
            Fixture { times: RunningTimes::default(), start: Instant::now() }
        }

        fn at(&self, after: u64) -> Instant {
            self.start + ms(after)
        }

        /// Executor 1 runs `invocation` since `since`; its thread has used `cpu` in all. Milliseconds.
        fn sees(&self, invocation: u64, since: u64, cpu: Option<u64>) -> Sighting {
            Sighting {
                executor: 1,
                invocation,
                since: self.at(since),
                before: Duration::ZERO,
                deadline: self.at(100_000),
                heap_growth: 0,
                unwanted: false,
                cpu: cpu.map(ms),
            }
        }

        /// How long the one that is seen has run, in milliseconds.
        fn ran(&mut self, after: u64, seen: Sighting) -> u128 {
            self.times.look(self.at(after), &[seen])[0].as_millis()
        }
    }

    #[test]
    fn what_lasts_is_looked_at_often() {
        let fixture = Fixture::new();
        let pace = |after, seen: &[Sighting], waiting| pace(fixture.at(after), seen, waiting).as_millis();
        let (old, new) = (fixture.sees(1, 0, None), fixture.sees(2, 95, None));
        assert_eq!((pace(100, &[], false), pace(100, &[], true)), (500, 25));
        assert_eq!((pace(100, &[new], true), pace(100, &[new, old], true), pace(100, &[old], false)), (10, 5, 5));
    }

    #[test]
    fn processor_time_counts_where_it_is_known() {
        let mut fixture = Fixture::new();
        // Whatever the thread did before is not this turn's, but for the 20 ms in which nobody looked.
        assert_eq!(fixture.ran(20, fixture.sees(7, 0, Some(90_000))), 20);
        assert_eq!(fixture.ran(5_000, fixture.sees(7, 0, Some(90_900))), 920, "it had to wait for the processor");
        assert_eq!(fixture.ran(5_100, fixture.sees(7, 0, Some(91_000))), 1_020);
        // Clocks that disagree never make it more than the time that went by.
        assert_eq!(fixture.ran(5_200, fixture.sees(7, 0, Some(99_000))), 5_200);
    }

    #[test]
    fn without_it_the_clock_does() {
        let mut fixture = Fixture::new();
        assert_eq!(fixture.ran(10, fixture.sees(7, 0, None)), 10);
        assert_eq!(fixture.ran(1_001, fixture.sees(7, 0, None)), 1_001);
    }

    #[test]
    fn each_turn_begins_anew_and_earlier_ones_of_the_call_count() {
        let mut fixture = Fixture::new();
        assert_eq!(fixture.ran(790, fixture.sees(1, 0, Some(790))), 790);
        assert_eq!(fixture.ran(805, fixture.sees(2, 800, Some(805))), 5, "another call");
        let again = Sighting { before: ms(790), ..fixture.sees(1, 900, Some(900)) };
        assert_eq!(fixture.ran(910, again), 800);
        // It was not seen once: what its thread used meanwhile counts for nothing.
        assert!(fixture.times.look(fixture.at(920), &[]).is_empty());
        assert_eq!(fixture.ran(950, Sighting { cpu: Some(ms(940)), ..again }), 840);
    }

    #[test]
    fn running_time_memory_deadline_and_callers_that_left_stop_a_call() {
        let fixture = Fixture::new();
        let limits = Limits { cpu: Some(ms(100)), heap: Some(1_000), context: None };
        let stop = |ran, seen: Sighting| seen.stop_reason(ms(ran), &limits, fixture.at(20)).map(|error| error.code());
        let seen = fixture.sees(1, 0, None);
        assert_eq!((stop(99, seen), stop(100, seen)), (None, Some(Code::LIMIT_EXCEEDED)));
        assert_eq!(stop(0, Sighting { heap_growth: 1_000, ..seen }), None);
        assert_eq!(stop(0, Sighting { heap_growth: 1_001, ..seen }), Some(Code::LIMIT_EXCEEDED));
        assert_eq!(stop(0, Sighting { deadline: fixture.at(21), ..seen }), None);
        assert_eq!(stop(0, Sighting { deadline: fixture.at(20), ..seen }), Some(Code::TIMEOUT));
        assert_eq!(stop(0, Sighting { unwanted: true, ..seen }), Some(Code::CANCELLED));
        assert!(seen.stop_reason(ms(99_999), &Limits::default(), fixture.at(20)).is_none());
    }
}
