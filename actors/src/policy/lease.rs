//! How long a member that registered itself is believed to be there.

use std::time::{Duration, Instant};

/// A dead member stays in the list for this long, for people to see.
pub const FORGOTTEN_AFTER: Duration = Duration::from_secs(60);

/// Runs out unless renewed by heartbeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    length: Duration,
    expires: Instant,
}

impl Lease {
    /// For `length` from now.
    pub fn new(length: Duration, now: Instant) -> Self {
        Lease { length, expires: now + length }
    }

    /// How long a member may be silent.
    pub fn length(&self) -> Duration {
        self.length
    }

    /// Nothing was heard for the whole lease.
    pub fn is_over(&self, now: Instant) -> bool {
        now >= self.expires
    }

    /// Over for so long that the member leaves the list.
    pub fn is_forgotten(&self, now: Instant) -> bool {
        now >= self.expires + FORGOTTEN_AFTER
    }

    /// Heartbeats could not be heard for `gap`: that is not the member's fault.
    pub fn extend(&mut self, gap: Duration) {
        self.expires += gap;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_ends_and_is_forgotten_a_minute_later() {
        let now = Instant::now();
        let mut lease = Lease::new(Duration::from_secs(2), now);
        let at = |millis| now + Duration::from_millis(millis);
        assert!(!lease.is_over(at(1999)) && lease.is_over(at(2000)));
        assert!(!lease.is_forgotten(at(61_999)) && lease.is_forgotten(at(62_000)));
        lease.extend(Duration::from_secs(1));
        assert!(!lease.is_over(at(2999)) && lease.is_over(at(3000)));
    }
}
