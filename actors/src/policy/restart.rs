//! When the next engine starts after one has died.
//!
//! An engine that served calls is replaced at once, however often that happens: each time, some call killed it, and the
//! others should wait as little as possible. Engines that die before they serve anything are the fault of the script or
//! the machine, and starting them in a busy loop would help neither.

use std::time::{Duration, Instant};

use super::backoff::Backoff;

/// From the second engine in a row on that served nothing.
const BACKOFF: Backoff = Backoff { first: Duration::from_millis(100), most: Duration::from_secs(5) };

/// An engine that lived longer than this was no failed start, even if nobody called it.
const STEADY: Duration = Duration::from_secs(30);

/// The recent lives of a node's engines.
#[derive(Debug)]
pub struct Restarts {
    started: Instant,
    served: bool,
    /// Engines in a row that died young and had served nothing.
    failed: u32,
}

impl Restarts {
    /// The first engine starts.
    pub fn new(now: Instant) -> Self {
        Restarts { started: now, served: false, failed: 0 }
    }

    /// The next engine starts.
    pub fn started(&mut self, now: Instant) {
        self.started = now;
        self.served = false;
    }

    /// The engine has completed its first call.
    pub fn served(&mut self) {
        self.served = true;
    }

    /// The engine died: how long to wait before the next. `jitter` is uniform in 0..=1.
    pub fn died(&mut self, now: Instant, jitter: f64) -> Duration {
        if self.served || now.saturating_duration_since(self.started) >= STEADY {
            self.failed = 0;
            return Duration::ZERO;
        }
        self.failed = self.failed.saturating_add(1);
        match self.failed.checked_sub(2) {
            None => Duration::ZERO,
            Some(attempt) => BACKOFF.delay(attempt, jitter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: Duration = Duration::from_millis(20);

    struct Lives {
        restarts: Restarts,
        now: Instant,
    }

    impl Lives {
        fn new() -> Self {
            let now = Instant::now();
            Lives { restarts: Restarts::new(now), now }
        }

        /// One engine's life, and the wait after it in milliseconds.
        fn live(&mut self, life: Duration, served: bool, jitter: f64) -> u128 {
            self.restarts.started(self.now);
            if served {
                self.restarts.served();
            }
            self.now += life;
            let delay = self.restarts.died(self.now, jitter);
            self.now += delay;
            delay.as_millis()
        }
    }

    #[test]
    fn engines_that_serve_nothing_come_back_ever_more_slowly() {
        let mut lives = Lives::new();
        let waits: Vec<u128> = (0..10).map(|_| lives.live(LIFE, false, 1.0)).collect();
        assert_eq!(waits, [0, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
        assert_eq!(lives.live(LIFE, false, 0.0), 2500, "jitter takes up to half");
    }

    #[test]
    fn one_that_served_is_replaced_at_once_and_ends_the_row() {
        let mut lives = Lives::new();
        for _ in 0..100 {
            assert_eq!(lives.live(LIFE, true, 1.0), 0);
        }
        let waits: Vec<u128> = (0..3).map(|_| lives.live(LIFE, false, 1.0)).collect();
        assert_eq!(waits, [0, 100, 200]);
        assert_eq!(lives.live(LIFE, true, 1.0), 0);
        let waits: Vec<u128> = (0..3).map(|_| lives.live(LIFE, false, 1.0)).collect();
        assert_eq!(waits, [0, 100, 200], "what one engine served says nothing of the next");
    }

    #[test]
    fn one_that_lived_long_was_no_failed_start() {
        let mut lives = Lives::new();
        for _ in 0..5 {
            lives.live(LIFE, false, 1.0);
        }
        assert_eq!(lives.live(STEADY, false, 1.0), 0);
        assert_eq!((lives.live(LIFE, false, 1.0), lives.live(LIFE, false, 1.0)), (0, 100));
    }
}
