//! The circuit breaker of one node, as a state machine.
//!
//! Closed lets calls through, Open refuses them, HalfOpen lets one probe through (Nygard, "Release It!", chapter 5).

use std::time::{Duration, Instant};

use serde::Serialize;

/// However often it failed, a node is offered a probe again within this many times the first opening.
const LONGEST_OPENING: u32 = 10;

/// When a breaker opens and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerConfig {
    /// Consecutive failures that open it; 0 means 1.
    pub failure_threshold: u32,
    /// How long the first opening lasts.
    pub open_for: Duration,
    /// Each failed probe makes the next opening this many times longer, up to 10 times `open_for`.
    pub backoff_multiplier: u32,
}

impl BreakerConfig {
    /// How long it stays open after `failed_probes` probes in a row have failed.
    fn opening(&self, failed_probes: u32) -> Duration {
        let factor = self.backoff_multiplier.max(1).saturating_pow(failed_probes);
        self.open_for.saturating_mul(factor.min(LONGEST_OPENING))
    }
}

/// What a breaker lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum CircuitState {
    /// Every call.
    Closed,
    /// None.
    Open,
    /// One call, to see whether the node works again.
    HalfOpen,
}

/// How a call to the node ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether the node did its part. What the script threw is no failure of the node.
    pub success: bool,
    /// The call was the one that HalfOpen let through.
    pub probe: bool,
}

/// The state machine.
#[derive(Debug)]
pub struct Breaker {
    config: BreakerConfig,
    state: State,
    consecutive_failures: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed,
    Open { until: Instant, failed_probes: u32 },
    HalfOpen { failed_probes: u32 },
}

impl Breaker {
    /// Closed, with nothing against the node.
    pub fn new(config: BreakerConfig) -> Self {
        Breaker { config, state: State::Closed, consecutive_failures: 0 }
    }

    /// Takes note of how a call ended. True when the state is another one now.
    pub fn hear(&mut self, outcome: Outcome, now: Instant) -> bool {
        let before = self.state();
        match self.state {
            State::Closed if outcome.success => self.consecutive_failures = 0,
            State::Closed => {
                self.fail();
                if self.consecutive_failures >= self.config.failure_threshold.max(1) {
                    self.open(0, now);
                }
            }
            // A call from before the opening says nothing about the node as it is now.
            State::HalfOpen { .. } if !outcome.probe => {}
            State::HalfOpen { .. } if outcome.success => {
                self.consecutive_failures = 0;
                self.state = State::Closed;
            }
            State::HalfOpen { failed_probes } => {
                self.fail();
                self.open(failed_probes.saturating_add(1), now);
            }
            State::Open { .. } => {}
        }
        self.state() != before
    }

    /// Lets the time pass: an opening that is over becomes HalfOpen. True when the state is another one now.
    pub fn tick(&mut self, now: Instant) -> bool {
        match self.state {
            State::Open { until, failed_probes } if until <= now => {
                self.state = State::HalfOpen { failed_probes };
                true
            }
            _ => false,
        }
    }

    /// When `tick` is due, while it is open.
    pub fn opens_until(&self) -> Option<Instant> {
        match self.state {
            State::Open { until, .. } => Some(until),
            _ => None,
        }
    }

    /// What it lets through.
    pub fn state(&self) -> CircuitState {
        match self.state {
            State::Closed => CircuitState::Closed,
            State::Open { .. } => CircuitState::Open,
            State::HalfOpen { .. } => CircuitState::HalfOpen,
        }
    }

    /// Failures since the last success that counted.
    pub fn consecutive_failures(&self) -> u32 {
        self.consecutive_failures
    }

    fn fail(&mut self) {
        self.consecutive_failures = self.consecutive_failures.saturating_add(1);
    }

    fn open(&mut self, failed_probes: u32, now: Instant) {
        let opening = self.config.opening(failed_probes);
        // A length that the clock can't express is as good as any that nobody lives to see.
        let until = now.checked_add(opening).unwrap_or_else(|| now + Duration::from_secs(86_400 * 365));
        self.state = State::Open { until, failed_probes };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CONFIG: BreakerConfig =
        BreakerConfig { failure_threshold: 3, open_for: Duration::from_secs(1), backoff_multiplier: 2 };
    const FAILURE: Outcome = Outcome { success: false, probe: false };
    const SUCCESS: Outcome = Outcome { success: true, probe: false };

    #[test]
    fn only_consecutive_failures_open_it() {
        let (mut breaker, now) = (Breaker::new(CONFIG), Instant::now());
        for outcome in [FAILURE, FAILURE, SUCCESS, FAILURE, FAILURE] {
            assert!(!breaker.hear(outcome, now));
        }
        assert!(breaker.hear(FAILURE, now));
        assert_eq!(breaker.state(), CircuitState::Open);
    }

    #[test]
    fn openings_grow_up_to_ten_times_the_first() {
        let (mut breaker, mut now) = (Breaker::new(CONFIG), Instant::now());
        for _ in 0..3 {
            breaker.hear(FAILURE, now);
        }
        for seconds in [1, 2, 4, 8, 10, 10] {
            let until = breaker.opens_until().expect("open");
            assert_eq!(until - now, Duration::from_secs(seconds));
            assert!(!breaker.tick(until - Duration::from_millis(1)));
            assert!(breaker.tick(until));
            now = until;
            breaker.hear(Outcome { success: false, probe: true }, now);
        }
    }

    #[test]
    fn an_opening_longer_than_the_clock_is_no_panic() {
        let endless = BreakerConfig { open_for: Duration::MAX, ..CONFIG };
        let mut breaker = Breaker::new(endless);
        for _ in 0..3 {
            breaker.hear(FAILURE, Instant::now());
        }
        assert_eq!(breaker.state(), CircuitState::Open);
    }

    /// Says the state by reading the whole history backwards, with no state of its own but the list of openings.
    #[derive(Default)]
    struct Model {
        failures_in_a_row: u32,
        /// Start and length in milliseconds of each opening since the node last worked.
        openings: Vec<(u64, u64)>,
    }

    impl Model {
        fn state(&self, at: u64) -> CircuitState {
            match self.openings.last() {
                None => CircuitState::Closed,
                Some((start, length)) if at < start + length => CircuitState::Open,
                Some(_) => CircuitState::HalfOpen,
            }
        }

        fn hear(&mut self, outcome: Outcome, at: u64) {
            let state = self.state(at);
            if state == CircuitState::Open || (state == CircuitState::HalfOpen && !outcome.probe) {
                return;
            }
            if outcome.success {
                *self = Model::default();
                return;
            }
            self.failures_in_a_row += 1;
            if state == CircuitState::HalfOpen || self.failures_in_a_row == 3 {
                let length = (0..self.openings.len()).fold(1000, |length, _| length * 2).min(10_000);
                self.openings.push((at, length));
            }
        }
    }

    proptest! {
        #[test]
        fn behaves_as_the_model(events in prop::collection::vec((0u64..3000, any::<bool>(), any::<bool>()), 0..200)) {
            let (mut breaker, mut model) = (Breaker::new(CONFIG), Model::default());
            let start = Instant::now();
            let mut at = 0;
            for (wait, success, probe) in events {
                at += wait;
                let now = start + Duration::from_millis(at);
                breaker.tick(now);
                prop_assert_eq!(breaker.state(), model.state(at));
                breaker.hear(Outcome { success, probe }, now);
                model.hear(Outcome { success, probe }, at);
                prop_assert_eq!(breaker.state(), model.state(at));
                prop_assert_eq!(breaker.consecutive_failures(), model.failures_in_a_row);
            }
        }
    }
}
