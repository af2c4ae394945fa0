//! What active checks say of a node, and when the next one is due.

use std::time::{Duration, Instant};

use serde::Serialize;

/// First wait before a node that is down is asked again.
const RECHECK_FIRST: Duration = Duration::from_millis(500);
/// Longest such wait: a node that is started again is to be back within two seconds.
const RECHECK_LONGEST: Duration = Duration::from_secs(1);
/// After a connection that broke: the next attempt tells a dead process from a connection that was merely old.
const RECHECK_LOST: Duration = Duration::from_millis(100);

/// How nodes are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthConfig {
    /// Time between the checks of one node; `None` turns them off.
    pub interval: Option<Duration>,
    /// How long a check may take.
    pub timeout: Duration,
    /// Consecutive checks that must fail to take a node down that still accepts connections.
    pub failures: u32,
}

impl HealthConfig {
    /// How long a node that answers its checks may be silent between two of them, by the longest of spread intervals; zero
    /// without checks.
    pub fn silence(&self) -> Duration {
        self.interval.map_or(Duration::ZERO, |interval| (interval.saturating_mul(6) / 5).saturating_add(self.timeout))
    }
}

/// Whether a node is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeState {
    /// It answers.
    Up,
    /// It failed lately, or is silent: it gets the calls that no other node can take, until more is known.
    Suspect,
    /// It gets no calls.
    Down,
}

/// How a check failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckFailure {
    /// Nobody listens there, or somebody else does: down at once.
    Gone,
    /// The connection broke.
    Lost,
    /// No answer in time, or none that makes sense. Overload looks the same, so that one such check proves nothing.
    Silent,
}

/// One node's health.
#[derive(Debug)]
pub struct Health {
    state: NodeState,
    failed_checks: u32,
    next: Option<Instant>,
    recheck: Duration,
}

impl Health {
    /// Of a node that nobody has asked yet: not usable, and due at once.
    pub fn unknown(now: Instant) -> Self {
        Health { state: NodeState::Down, failed_checks: 0, next: Some(now), recheck: RECHECK_FIRST }
    }

    /// Whether the node is there.
    pub fn state(&self) -> NodeState {
        self.state
    }

    /// When to check next; `None` is never.
    pub fn next_check(&self) -> Option<Instant> {
        self.next
    }

    /// It answered, and is to be asked again after `stretch` intervals. `spread`, between 0 and 1, keeps the checks of
    /// many nodes apart.
    pub fn answered(&mut self, config: &HealthConfig, stretch: u32, now: Instant, spread: f64) {
        *self = Health {
            state: NodeState::Up,
            failed_checks: 0,
            next: config.interval.map(|interval| now + interval.mul_f64((0.8 + 0.4 * spread) * f64::from(stretch))),
            recheck: RECHECK_FIRST,
        };
    }

    /// It did not.
    pub fn failed(&mut self, failure: CheckFailure, config: &HealthConfig, now: Instant) {
        self.failed_checks = self.failed_checks.saturating_add(1);
        let slowest = config.interval.map_or(RECHECK_LONGEST, |interval| interval.min(RECHECK_LONGEST));
        let is_down = self.state == NodeState::Down
            || failure == CheckFailure::Gone
            || self.failed_checks >= config.failures.max(1);
        let wait = if is_down {
            let wait = self.recheck.min(slowest);
            self.recheck = (self.recheck * 2).min(RECHECK_LONGEST);
            wait
        } else if failure == CheckFailure::Lost {
            RECHECK_LOST
        } else {
            slowest
        };
        self.state = if is_down { NodeState::Down } else { NodeState::Suspect };
        self.next = Some(now + wait);
    }

    /// Something is odd about it: it is to be asked now.
    pub fn hurry(&mut self, config: &HealthConfig, now: Instant) {
        if config.interval.is_some() {
            self.next = Some(now);
        }
    }

    /// A call could not be delivered to it: check now instead of at the next interval. Without checks nothing could
    /// clear the suspicion, and the breaker alone judges.
    pub fn suspect(&mut self, config: &HealthConfig, now: Instant) {
        if config.interval.is_some() && self.state != NodeState::Down {
            self.state = NodeState::Suspect;
            self.hurry(config, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: HealthConfig =
        HealthConfig { interval: Some(Duration::from_secs(5)), timeout: Duration::from_secs(2), failures: 3 };

    fn up(now: Instant) -> Health {
        let mut health = Health::unknown(now);
        assert_eq!((health.state(), health.next_check()), (NodeState::Down, Some(now)));
        health.answered(&CONFIG, 1, now, 0.5);
        assert_eq!(health.state(), NodeState::Up);
        health
    }

    #[test]
    fn silence_takes_several_checks_and_an_answer_clears_it() {
        let now = Instant::now();
        let mut health = up(now);
        for expected in [NodeState::Suspect, NodeState::Suspect, NodeState::Down] {
            health.failed(CheckFailure::Silent, &CONFIG, now);
            assert_eq!(health.state(), expected);
        }
        health.answered(&CONFIG, 1, now, 0.0);
        health.failed(CheckFailure::Silent, &CONFIG, now);
        assert_eq!(health.state(), NodeState::Suspect);
    }

    #[test]
    fn a_closed_port_is_down_at_once_and_asked_again_soon() {
        let now = Instant::now();
        let mut health = up(now);
        health.failed(CheckFailure::Gone, &CONFIG, now);
        assert_eq!(health.state(), NodeState::Down);
        let waits: Vec<_> = (0..3)
            .map(|_| {
                let wait = health.next_check().expect("due") - now;
                health.failed(CheckFailure::Gone, &CONFIG, now);
                wait.as_millis()
            })
            .collect();
        assert_eq!(waits, [500, 1000, 1000]);
    }

    #[test]
    fn a_broken_connection_is_tried_again_before_it_counts() {
        let now = Instant::now();
        let mut health = up(now);
        health.suspect(&CONFIG, now);
        assert_eq!((health.state(), health.next_check()), (NodeState::Suspect, Some(now)));
        health.failed(CheckFailure::Lost, &CONFIG, now);
        assert_eq!(health.state(), NodeState::Suspect);
        assert_eq!(health.next_check(), Some(now + Duration::from_millis(100)));
    }

    #[test]
    fn checks_are_spread_around_the_interval() {
        let now = Instant::now();
        let mut health = up(now);
        let mut wait = |spread| {
            health.answered(&CONFIG, 1, now, spread);
            health.next_check().expect("due") - now
        };
        assert_eq!(wait(0.0), Duration::from_secs(4));
        assert_eq!(wait(1.0), Duration::from_secs(6));
        health.answered(&CONFIG, 4, now, 0.5);
        assert_eq!(health.next_check(), Some(now + Duration::from_secs(20)));
    }

    #[test]
    fn without_checks_a_node_that_answered_is_left_alone() {
        let off = HealthConfig { interval: None, ..CONFIG };
        let now = Instant::now();
        let mut health = Health::unknown(now);
        health.failed(CheckFailure::Gone, &off, now);
        assert!(health.next_check().is_some(), "it must be found once");
        health.answered(&off, 1, now, 0.5);
        health.suspect(&off, now);
        assert_eq!((health.state(), health.next_check()), (NodeState::Up, None));
    }
}
