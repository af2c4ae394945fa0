//! A node that has just come gets its share of the calls by and by: its caches are cold, its code has not run yet, and
//! where the fewest calls in flight decide, all would go to it at once.

use std::time::{Duration, Instant};

/// How long it takes until a node has its whole weight.
const WINDOW: Duration = Duration::from_secs(3);

/// Nodes that came within this time of each other came together, and none has to wait for the others.
const TOGETHER: Duration = Duration::from_secs(10);

/// Weights are counted in this many parts, of which a node begins with one. Each step makes a new table, and no more.
pub const WHOLE: u32 = 10;

/// The parts of its weight that count for a node that began at `since`: 1 to `WHOLE`.
pub fn share(since: Instant, now: Instant) -> u32 {
    let age = now.saturating_duration_since(since).as_secs_f64() / WINDOW.as_secs_f64();
    let parts = (1..WHOLE).take_while(|part| age * f64::from(WHOLE - 1) >= f64::from(*part));
    1 + u32::try_from(parts.count()).unwrap_or(0)
}

/// Whether a node that has been up since `since` is at work, so that others who come now begin with less.
pub fn is_at_work(since: Instant, now: Instant) -> bool {
    now.saturating_duration_since(since) >= TOGETHER
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weight_grows_from_a_tenth_to_the_whole() {
        let start = Instant::now();
        let at = |millis| share(start, start + Duration::from_millis(millis));
        assert_eq!([0, 333, 334, 1500, 2999, 3000, 1 << 40].map(at), [1, 1, 2, 5, 9, 10, 10]);
        assert_eq!(share(start + WINDOW, start), 1, "a clock that lags");
        assert!(!is_at_work(start, start + TOGETHER / 2) && is_at_work(start, start + TOGETHER));
    }
}
