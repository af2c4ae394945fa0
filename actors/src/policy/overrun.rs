//! When running JavaScript has run for too long, as seen from another thread that looks now and then, and how often it
//! should.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// A turn of this age is a long one.
const LONG: Duration = Duration::from_millis(10);

/// Until the next look, when `running` runs and `waiting` calls are under way in all. One native call can allocate
/// 1 GB/s, so that what lasts is looked at often; each look wakes a processor, so that idleness is left alone.
pub fn pace(now: Instant, running: &[Sighting], waiting: usize) -> Duration {
    let long = |seen: &Sighting| now.saturating_duration_since(seen.since) >= LONG;
    Duration::from_millis(match (running, waiting) {
        // Only timers from the time of loading can run then without anybody's call.
        ([], 0) => 500,
        ([], _) => 50,
        _ if running.iter().any(long) => 10,
        _ => 20,
    })
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
    /// Processor time that the executor's thread has used since it was started, where the system tells.
    pub cpu: Option<Duration>,
}

/// A turn, as it was when it was first seen.
#[derive(Clone, Copy, Debug)]
struct FirstSeen {
    invocation: u64,
    since: Instant,
    cpu: Option<Duration>,
}

/// A call that must be stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overrun {
    /// Whose thread.
    pub executor: usize,
    /// The call.
    pub invocation: u64,
    /// How long it has run, at least.
    pub ran: Duration,
}

/// Remembers turns from one look to the next.
#[derive(Debug)]
pub struct Overruns {
    limit: Duration,
    turns: HashMap<usize, FirstSeen>,
}

impl Overruns {
    /// A call may run for `limit`, in all its turns together.
    pub fn new(limit: Duration) -> Self {
        Overruns { limit, turns: HashMap::new() }
    }

    /// Takes note of everything that runs at `now`, and names the call that is furthest over the limit.
    ///
    /// Running time is the processor's where it is known, so that a call is not blamed for a machine that has too
    /// little of it. What a turn used before it was first seen is not known then, and goes in its favour.
    pub fn look(&mut self, now: Instant, sightings: &[Sighting]) -> Option<Overrun> {
        let before = std::mem::take(&mut self.turns);
        let mut worst: Option<Overrun> = None;
        for seen in sightings {
            let first = before
                .get(&seen.executor)
                .filter(|first| (first.invocation, first.since) == (seen.invocation, seen.since))
                .copied()
                .unwrap_or(FirstSeen { invocation: seen.invocation, since: seen.since, cpu: seen.cpu });
            self.turns.insert(seen.executor, first);
            let turn = match (first.cpu, seen.cpu) {
                (Some(first), Some(cpu)) => cpu.saturating_sub(first),
                _ => now.saturating_duration_since(seen.since),
            };
            let ran = seen.before.saturating_add(turn);
            if ran > self.limit && worst.is_none_or(|worst| ran > worst.ran) {
                worst = Some(Overrun { executor: seen.executor, invocation: seen.invocation, ran });
            }
        }
        worst
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(1);

    struct Fixture {
        overruns: Overruns,
        start: Instant,
    }

    impl Fixture {
        fn new() -> Self {
            Fixture { overruns: Overruns::new(LIMIT), start: Instant::now() }
        }

        fn at(&self, ms: u64) -> Instant {
            self.start + Duration::from_millis(ms)
        }

        /// Executor 1 runs `invocation` since `since`; its thread has used `cpu` in all. Milliseconds.
        fn sees(&self, invocation: u64, since: u64, cpu: Option<u64>) -> Sighting {
            let (since, cpu) = (self.at(since), cpu.map(Duration::from_millis));
            Sighting { executor: 1, invocation, since, before: Duration::ZERO, cpu }
        }

        /// The invocation that is over the limit, and how long it ran.
        fn look(&mut self, ms: u64, sightings: &[Sighting]) -> Option<(u64, u128)> {
            let overrun = self.overruns.look(self.at(ms), sightings)?;
            Some((overrun.invocation, overrun.ran.as_millis()))
        }
    }

    #[test]
    fn what_lasts_is_looked_at_often() {
        let fixture = Fixture::new();
        let pace = |ms, running: &[Sighting], waiting| pace(fixture.at(ms), running, waiting).as_millis();
        let (old, new) = (fixture.sees(1, 0, None), fixture.sees(2, 95, None));
        assert_eq!((pace(100, &[], 0), pace(100, &[], 5)), (500, 50));
        assert_eq!((pace(100, &[new], 1), pace(100, &[new, old], 2), pace(100, &[old], 0)), (20, 10, 10));
    }

    #[test]
    fn processor_time_counts_where_it_is_known() {
        let mut fixture = Fixture::new();
        // Whatever the thread did before is not this turn's.
        assert_eq!(fixture.look(20, &[fixture.sees(7, 0, Some(90_000))]), None);
        assert_eq!(fixture.look(5_000, &[fixture.sees(7, 0, Some(90_900))]), None, "it had to wait for the processor");
        assert_eq!(fixture.look(5_100, &[fixture.sees(7, 0, Some(91_000))]), None, "exactly the limit");
        assert_eq!(fixture.look(5_101, &[fixture.sees(7, 0, Some(91_001))]), Some((7, 1001)));
    }

    #[test]
    fn without_it_the_clock_does() {
        let mut fixture = Fixture::new();
        assert_eq!(fixture.look(1_000, &[fixture.sees(7, 0, None)]), None);
        assert_eq!(fixture.look(1_001, &[fixture.sees(7, 0, None)]), Some((7, 1001)));
    }

    #[test]
    fn each_turn_begins_anew() {
        let mut fixture = Fixture::new();
        for (number, ms) in (0..10).map(|number| (number, number * 800)) {
            assert_eq!(fixture.look(ms, &[fixture.sees(number, ms, Some(ms))]), None);
            assert_eq!(fixture.look(ms + 790, &[fixture.sees(number, ms, Some(ms + 790))]), None);
        }
        // The same call, but it has waited in between.
        assert_eq!(fixture.look(9_000, &[fixture.sees(3, 8_000, Some(9_000))]), None);
        assert_eq!(fixture.look(9_900, &[fixture.sees(3, 9_100, Some(9_900))]), None);
        // It was not seen once: what it used before counts for nothing.
        assert_eq!(fixture.look(9_950, &[]), None);
        assert_eq!(fixture.look(11_000, &[fixture.sees(3, 9_100, Some(11_000))]), None);
    }

    #[test]
    fn earlier_turns_of_the_call_count() {
        let mut fixture = Fixture::new();
        let turn = |cpu| Sighting { before: Duration::from_millis(900), ..Fixture::new().sees(7, 0, Some(cpu)) };
        let first = turn(0);
        assert_eq!(fixture.look(0, &[first]), None);
        let later = Sighting { cpu: Some(Duration::from_millis(101)), ..first };
        assert_eq!(fixture.look(200, &[later]), Some((7, 1001)));
    }

    #[test]
    fn the_worst_of_several_is_named() {
        let mut fixture = Fixture::new();
        let worse = Sighting { executor: 2, ..fixture.sees(8, 0, None) };
        let bad = fixture.sees(7, 500, None);
        let good = Sighting { executor: 3, ..fixture.sees(9, 1_500, None) };
        assert_eq!(fixture.look(2_000, &[bad, worse, good]), Some((8, 2_000)));
    }
}
