//! What grows with the number of nodes is made rarer by it, so that a crowd costs no more than a large group.

/// Up to so many nodes heartbeats and checks come as often as configured.
const GROUP: usize = 250;

/// How many times rarer heartbeats, and the checks of nodes that send them, are among `members`: 1 up to 250 of them, 4
/// among 1,000.
pub fn stretch(members: usize) -> u32 {
    u32::try_from(members.div_ceil(GROUP)).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_of_all_together_stays_the_same() {
        assert_eq!([0, 1, 250, 251, 500, 1000, 10_000].map(stretch), [1, 1, 1, 2, 2, 4, 40]);
    }
}
