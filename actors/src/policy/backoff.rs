//! Exponential backoff with full jitter, so that many who lost the same peer do not return in step.

use std::time::Duration;

/// Delays that double from `first` up to `most`.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// Upper bound of the first delay.
    pub first: Duration,
    /// Upper bound of every delay.
    pub most: Duration,
}

impl Backoff {
    /// The delay before attempt `attempt` (0 is the first retry). `jitter` is uniform in 0..=1; half of the bound is
    /// always waited, so that a row of small draws can't turn into a busy loop.
    pub fn delay(&self, attempt: u32, jitter: f64) -> Duration {
        let bound = self.first.saturating_mul(2u32.saturating_pow(attempt)).min(self.most);
        bound.mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_cap_and_jitters_the_upper_half() {
        let backoff = Backoff { first: Duration::from_millis(100), most: Duration::from_secs(1) };
        assert_eq!(backoff.delay(0, 1.0), Duration::from_millis(100));
        assert_eq!(backoff.delay(2, 1.0), Duration::from_millis(400));
        assert_eq!(backoff.delay(40, 1.0), Duration::from_secs(1));
        assert_eq!(backoff.delay(u32::MAX, 0.0), Duration::from_millis(500));
    }
}
