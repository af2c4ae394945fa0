//! How many retries there may be, so that a failing cluster isn't hit by a multiple of its traffic.

use std::time::Instant;

/// What a call adds: retries are at most this share of the traffic.
const PER_CALL: f64 = 0.2;
/// What remains of the savings after a second without traffic.
const KEPT_PER_SECOND: f64 = 0.9;
/// Retries a second that are there without any traffic to save them from.
const RESERVE_PER_SECOND: f64 = 10.0;

/// Savings of recent calls, and a small reserve (as in Finagle's `RetryBudget`).
#[derive(Debug)]
pub struct RetryBudget {
    savings: f64,
    reserve: f64,
    at: Instant,
}

impl RetryBudget {
    /// Nothing saved, the reserve full.
    pub fn new(now: Instant) -> Self {
        RetryBudget { savings: 0.0, reserve: RESERVE_PER_SECOND, at: now }
    }

    /// A call came in.
    pub fn deposit(&mut self, now: Instant) {
        self.advance(now);
        self.savings += PER_CALL;
    }

    /// Whether there is enough for a retry.
    pub fn affords_one(&mut self, now: Instant) -> bool {
        self.advance(now);
        self.savings >= 1.0 || self.reserve >= 1.0
    }

    /// True when one retry may be made, which is then paid for.
    pub fn withdraw(&mut self, now: Instant) -> bool {
        self.advance(now);
        let from = if self.savings >= 1.0 {
            &mut self.savings
        } else if self.reserve >= 1.0 {
            &mut self.reserve
        } else {
            return false;
        };
        *from -= 1.0;
        true
    }

    fn advance(&mut self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.at).as_secs_f64();
        // In steps, since a power per call would cost more than the call's place in the budget is worth.
        if elapsed >= 0.1 {
            self.savings *= KEPT_PER_SECOND.powf(elapsed);
            self.reserve = (self.reserve + elapsed * RESERVE_PER_SECOND).min(RESERVE_PER_SECOND);
            self.at = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_fifth_of_the_traffic_and_the_reserve() {
        let now = Instant::now();
        let mut budget = RetryBudget::new(now);
        (0..1000).for_each(|_| budget.deposit(now));
        let retries = (0..1000).filter(|_| budget.affords_one(now) && budget.withdraw(now)).count();
        assert!((209..=210).contains(&retries), "{retries}");
        assert!(!budget.affords_one(now));
    }

    #[test]
    fn the_reserve_comes_back_and_no_more_than_that() {
        let now = Instant::now();
        let mut budget = RetryBudget::new(now);
        assert_eq!((0..100).filter(|_| budget.withdraw(now)).count(), 10);
        let later = now + Duration::from_millis(500);
        assert_eq!((0..100).filter(|_| budget.withdraw(later)).count(), 5);
        let much_later = now + Duration::from_secs(3600);
        assert_eq!((0..100).filter(|_| budget.withdraw(much_later)).count(), 10);
    }

    #[test]
    fn savings_of_the_past_are_forgotten() {
        let now = Instant::now();
        let mut budget = RetryBudget::new(now);
        (0..100_000).for_each(|_| budget.deposit(now));
        let later = now + Duration::from_secs(120);
        assert_eq!((0..1000).filter(|_| budget.withdraw(later)).count(), 10);
    }
}
