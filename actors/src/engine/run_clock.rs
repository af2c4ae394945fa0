//! How long JavaScript has run.

use std::cell::Cell;
use std::time::{Duration, Instant};

use rustix::time::{clock_gettime, ClockId};

/// A turn shorter than this is charged by the wall clock, which costs a tenth of what the processor's does.
const SHORT: Duration = Duration::from_millis(1);

/// Measures turns on one thread: in its own processor time where that can be told, so that a machine with too few
/// processors does not make calls overrun.
#[derive(Debug)]
pub(super) struct RunClock {
    sampled: Cell<Instant>,
    cpu: Cell<Duration>,
}

impl RunClock {
    pub(super) fn new() -> Self {
        RunClock { sampled: Cell::new(Instant::now()), cpu: Cell::new(thread_cpu()) }
    }

    /// Makes sure that the thread's time is known as of about `now`, while it runs no JavaScript.
    pub(super) fn sample(&self, now: Instant) {
        if now.duration_since(self.sampled.get()) >= SHORT {
            self.sampled.set(now);
            self.cpu.set(thread_cpu());
        }
    }

    /// Running time of a turn that began at `since`.
    pub(super) fn elapsed(&self, since: Instant) -> Duration {
        let wall = since.elapsed();
        if wall < SHORT {
            return wall;
        }
        // The sample is from before the turn; waiting in between took no processor time.
        wall.min(thread_cpu().saturating_sub(self.cpu.get()))
    }
}

fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_nanos(u64::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_is_not_running() {
        let clock = RunClock::new();
        let since = Instant::now();
        // Not to wait for anything: to sleep is what is measured.
        std::thread::sleep(Duration::from_millis(30));
        let waited = clock.elapsed(since);
        let mut n = 0_u64;
        while since.elapsed() < Duration::from_millis(60) {
            n = std::hint::black_box(n + 1);
        }
        assert!(waited < Duration::from_millis(15), "{waited:?} of 30 ms were waited");
        assert!(clock.elapsed(since) > waited);
    }
}
