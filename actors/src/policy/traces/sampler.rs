//! Which calls are measured.

use std::time::{Duration, Instant};

/// In each second a thread measures the calls from outside until it has measured so many in all, and of the rest some.
const ALL_UP_TO: u32 = 500;

/// Of that rest, every so many-th trace. Chosen by its id, so that all processes would choose the same.
const ONE_OF: u128 = 128;

/// Above so many a second nothing more is measured, not even for whoever has begun to.
const MOST: u32 = 10_000;

/// One thread's. Measuring a call costs a microsecond or two in all processes together: that is what is bounded here.
#[derive(Debug, Default)]
pub struct Sampler {
    second: Option<Instant>,
    measured: u32,
}

impl Sampler {
    /// A call from outside, of which nobody has decided.
    pub fn takes_new(&mut self, trace_id: u128, now: Instant) -> bool {
        self.keep_time(now);
        let takes = self.measured < ALL_UP_TO || trace_id.is_multiple_of(ONE_OF);
        takes && self.count()
    }

    /// A call whose trace is being kept already: by what its client says, or as part of a tree.
    pub fn takes_more(&mut self, now: Instant) -> bool {
        self.keep_time(now);
        self.count()
    }

    fn keep_time(&mut self, now: Instant) {
        let over = |began: Instant| now.saturating_duration_since(began) >= Duration::from_secs(1);
        if self.second.is_none_or(over) {
            self.second = Some(now);
            self.measured = 0;
        }
    }

    fn count(&mut self) -> bool {
        let takes = self.measured < MOST;
        self.measured += u32::from(takes);
        takes
    }
}
