//! In which proportion and order nodes get their calls.

use std::str::FromStr;

/// A schedule is at most this long; weights that would need more are rounded.
const LONGEST_SCHEDULE: u64 = 65_536;

/// How a node is chosen among those that have the method. All count a node's weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BalancePolicy {
    /// The node with the fewest calls in flight relative to its weight; ties go round-robin.
    LeastInflight,
    /// One after the other.
    RoundRobin,
    /// By chance.
    Random,
    /// Of two, the one that will answer sooner: by how long it has taken lately, how many calls it has, and its weight
    /// (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing"; peak-EWMA as in Finagle).
    P2cEwma,
}

impl BalancePolicy {
    /// Every policy with its name on the command line.
    pub const NAMES: [(&'static str, BalancePolicy); 4] = [
        ("least-inflight", BalancePolicy::LeastInflight),
        ("round-robin", BalancePolicy::RoundRobin),
        ("random", BalancePolicy::Random),
        ("p2c-ewma", BalancePolicy::P2cEwma),
    ];
}

impl FromStr for BalancePolicy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::NAMES.iter().find(|(name, _)| *name == text);
        found
            .map(|(_, policy)| *policy)
            .ok_or_else(|| format!("{text:?} is not one of {}", Self::NAMES.map(|(name, _)| name).join(", ")))
    }
}

/// Indexes of `weights`, each as often as its weight says and spread evenly over the whole, so that walking the
/// schedule is weighted round-robin and drawing from it is weighted chance. At most 65,536 entries, and every index at
/// least once (for up to 65,536 weights).
pub fn schedule(weights: &[u32]) -> Vec<u32> {
    let shares = shares(weights);
    let mut turns: Vec<(u64, u64, u32)> = Vec::new();
    for (index, share) in (0u32..).zip(shares) {
        turns.extend((0..share).map(|turn| (2 * turn + 1, share, index)));
    }
    // Turn k of a node with share s comes at (k + 1/2) / s of the way: compared as fractions, hence exactly.
    turns.sort_unstable_by(|(turn, share, index), (other_turn, other_share, other_index)| {
        (turn * other_share).cmp(&(other_turn * share)).then(index.cmp(other_index))
    });
    turns.into_iter().map(|(_, _, index)| index).collect()
}

/// Weights in lowest terms, scaled down if their sum is too large.
fn shares(weights: &[u32]) -> Vec<u64> {
    let divisor = weights.iter().fold(0, |divisor, weight| gcd(divisor, u64::from(*weight))).max(1);
    let shares: Vec<u64> = weights.iter().map(|weight| (u64::from(*weight) / divisor).max(1)).collect();
    let total: u64 = shares.iter().sum();
    if total <= LONGEST_SCHEDULE {
        return shares;
    }
    // Each share may be rounded up to 1, which takes at most one entry per node.
    let room = LONGEST_SCHEDULE.saturating_sub(shares.len() as u64);
    shares.into_iter().map(|share| (share * room / total).max(1)).collect()
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 {
        a
    } else {
        gcd(b, a % b)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn policies_have_the_names_of_the_command_line() {
        for (name, policy) in BalancePolicy::NAMES {
            assert_eq!(name.parse(), Ok(policy));
        }
        let refused = "fastest".parse::<BalancePolicy>().expect_err("no policy");
        assert!(refused.contains("fastest") && refused.contains("least-inflight"), "{refused}");
    }

    #[test]
    fn turns_are_spread() {
        assert_eq!(schedule(&[1, 1, 1]), [0, 1, 2]);
        assert_eq!(schedule(&[4, 4]), [0, 1]);
        assert_eq!(schedule(&[3, 1]), [0, 0, 1, 0]);
        assert_eq!(schedule(&[]), [0u32; 0]);
    }

    #[test]
    fn a_schedule_is_bounded_and_leaves_nobody_out() {
        let weights: Vec<u32> = (0..10_000).map(|i| 1 + i % 1000).collect();
        let schedule = schedule(&weights);
        assert!(schedule.len() <= 65_536, "{}", schedule.len());
        let mut turns = vec![0u32; weights.len()];
        schedule.iter().for_each(|index| turns[*index as usize] += 1);
        assert!(turns.iter().all(|turns| *turns > 0));
        assert!(turns[999] > 10 * turns[50] && turns[999] < 30 * turns[50]);
    }

    proptest! {
        #[test]
        fn every_stretch_is_in_proportion(weights in prop::collection::vec(1u32..=20, 1..12)) {
            let schedule = schedule(&weights);
            let total: u32 = weights.iter().sum();
            let mut turns = vec![0f64; weights.len()];
            for (done, index) in schedule.iter().enumerate() {
                turns[*index as usize] += 1.0;
                for (turns, weight) in turns.iter().zip(&weights) {
                    let fair = (done + 1) as f64 * f64::from(*weight) / f64::from(total);
                    // Never further from its fair share than the other nodes can push it.
                    prop_assert!((turns - fair).abs() <= weights.len() as f64);
                }
            }
            for (turns, weight) in turns.iter().zip(&weights) {
                prop_assert!((turns * f64::from(total) - schedule.len() as f64 * f64::from(*weight)).abs() < 1e-6);
            }
        }
    }
}
