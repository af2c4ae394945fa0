//! A set of nodes that share some methods, and the choice of one among them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use super::balance::{self, BalancePolicy};
use super::node::{NodeEntry, NodeId, Picked};

/// How many nodes a pick compares at most, so that it costs the same in a cluster of any size. Up to this many
/// nodes `LeastInflight` is exact; beyond, it is the least of a window that moves with every pick.
pub const WINDOW: usize = 64;

/// A node that may be picked.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The node.
    pub node: Arc<NodeEntry>,
    /// Its capacity relative to others, at least 1.
    pub weight: u32,
    /// Any JSON-RPC server rather than a node of ours.
    pub foreign: bool,
}

/// Candidates, with all that can be computed before a call comes.
#[derive(Debug, Default)]
pub struct Pool {
    closed: Vec<Candidate>,
    /// Half-open: each takes one probe.
    probing: Vec<Candidate>,
    schedule: Vec<u32>,
    heaviest: u32,
}

impl Pool {
    /// `closed` take calls by `policy`; each of `probing` takes one.
    pub fn new(closed: Vec<Candidate>, probing: Vec<Candidate>) -> Self {
        let weights: Vec<u32> = closed.iter().map(|candidate| candidate.weight).collect();
        Pool {
            schedule: balance::schedule(&weights),
            heaviest: weights.into_iter().max().unwrap_or(1),
            closed,
            probing,
        }
    }

    /// True when there is nobody to pick.
    pub fn is_empty(&self) -> bool {
        self.closed.is_empty() && self.probing.is_empty()
    }

    /// Picks a node that is not among `tried`. `cursor` is moved, and makes the turns of those who share it.
    pub fn pick(&self, policy: BalancePolicy, cursor: &AtomicUsize, tried: &[NodeId]) -> Option<Picked> {
        let turn = cursor.fetch_add(1, Ordering::Relaxed);
        if let Some(probe) = self.probe(turn, tried) {
            return Some(probe);
        }
        if self.closed.is_empty() {
            return None;
        }
        let chosen = match policy {
            BalancePolicy::LeastInflight => self.least_inflight(turn, tried),
            BalancePolicy::RoundRobin => self.scheduled(turn % self.schedule.len(), tried),
            BalancePolicy::Random => self.scheduled(fastrand::usize(..self.schedule.len()), tried),
        }?;
        Some(Picked::new(chosen.node.clone(), chosen.foreign))
    }

    /// A node that may have recovered comes first: nothing else would ever show that it has.
    fn probe(&self, turn: usize, tried: &[NodeId]) -> Option<Picked> {
        around(&self.probing, turn)
            .take(WINDOW)
            .filter(|candidate| !tried.contains(&candidate.node.id))
            .find_map(|candidate| Picked::probe(&candidate.node, candidate.foreign))
    }

    /// The node whose turn it is, or the next one that was not tried: at most as many steps as there were tries.
    fn scheduled(&self, turn: usize, tried: &[NodeId]) -> Option<&Candidate> {
        let index = *self.schedule.get(turn)? as usize;
        around(&self.closed, index).find(|candidate| !tried.contains(&candidate.node.id))
    }

    fn least_inflight(&self, turn: usize, tried: &[NodeId]) -> Option<&Candidate> {
        let mut least: Option<(&Candidate, u64)> = None;
        let untried = around(&self.closed, turn).filter(|candidate| !tried.contains(&candidate.node.id));
        for candidate in untried.take(WINDOW) {
            let load = candidate.node.inflight() as u64 + 1;
            // load / weight, compared without dividing. The first of equals stays, and the window's start moves on.
            if least
                .is_none_or(|(best, best_load)| load * u64::from(best.weight) < best_load * u64::from(candidate.weight))
            {
                least = Some((candidate, load));
            }
            if load == 1 && candidate.weight == self.heaviest {
                break;
            }
        }
        least.map(|(candidate, _)| candidate)
    }
}

/// All of `candidates`, beginning somewhere in the middle.
fn around(candidates: &[Candidate], start: usize) -> impl Iterator<Item = &Candidate> {
    let (before, after) = candidates.split_at(start.checked_rem(candidates.len()).unwrap_or(0));
    after.iter().chain(before)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::super::node::tests::node;
    use super::super::node::Verdict;
    use super::*;

    const POLICIES: [BalancePolicy; 3] = [
        BalancePolicy::LeastInflight,
        BalancePolicy::RoundRobin,
        BalancePolicy::Random,
    ];

    fn candidate(id: u64, weight: u32) -> Candidate {
        Candidate {
            node: node(id).0,
            weight,
            foreign: false,
        }
    }

    fn pool(weights: &[u32]) -> Pool {
        Pool::new(
            (0..).zip(weights).map(|(id, weight)| candidate(id, *weight)).collect(),
            Vec::new(),
        )
    }

    fn counts(picks: &[Picked]) -> HashMap<u64, usize> {
        picks.iter().fold(HashMap::new(), |mut counts, picked| {
            *counts.entry(picked.id().0).or_default() += 1;
            counts
        })
    }

    #[test]
    fn every_policy_counts_weights() {
        for policy in POLICIES {
            let (pool, cursor) = (pool(&[3, 1]), AtomicUsize::new(0));
            // Held, so that least-inflight sees them.
            let held: Vec<Picked> = (0..4000).filter_map(|_| pool.pick(policy, &cursor, &[])).collect();
            let heavy = counts(&held)[&0];
            let allowed = if policy == BalancePolicy::Random {
                2800..3200
            } else {
                2999..3002
            };
            assert!(allowed.contains(&heavy), "{policy:?}: {heavy}");
        }
    }

    #[test]
    fn what_was_tried_is_not_picked_again() {
        for policy in POLICIES {
            let (pool, cursor) = (pool(&[1000, 1, 1]), AtomicUsize::new(0));
            for _ in 0..200 {
                let picked = pool
                    .pick(policy, &cursor, &[NodeId(0), NodeId(2)])
                    .expect("one is left");
                assert_eq!(picked.id(), NodeId(1), "{policy:?}");
            }
            let all = [NodeId(0), NodeId(1), NodeId(2)];
            assert!(pool.pick(policy, &cursor, &all).is_none(), "{policy:?}");
        }
    }

    #[test]
    fn ties_go_round() {
        let (pool, cursor) = (pool(&[1; 5]), AtomicUsize::new(0));
        let ids: Vec<u64> = (0..10)
            .filter_map(|_| pool.pick(BalancePolicy::LeastInflight, &cursor, &[]))
            .map(|picked| picked.id().0)
            .collect();
        assert_eq!(ids, [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
    }

    #[test]
    fn beyond_the_window_the_whole_cluster_is_used_all_the_same() {
        let (pool, cursor) = (pool(&[1; 1000]), AtomicUsize::new(0));
        let pick = || pool.pick(BalancePolicy::LeastInflight, &cursor, &[]);
        let held: Vec<Picked> = (0..3000).filter_map(|_| pick()).collect();
        assert!(
            counts(&held).values().all(|calls| *calls == 3),
            "idle nodes are found, one after the other"
        );
        // Only what lies in the window can be compared.
        let idle = held
            .into_iter()
            .filter(|picked| picked.id().0 != 999)
            .collect::<Vec<_>>();
        let start = cursor.load(Ordering::Relaxed) % 1000;
        let next = pick().expect("some").id().0;
        assert_eq!(next == 999, (999 + 1000 - start) % 1000 < WINDOW);
        drop(idle);
    }

    #[test]
    fn a_half_open_node_gets_exactly_one_call() {
        for policy in POLICIES {
            let (half_open, flags, _) = node(9);
            let probing = Candidate {
                node: half_open,
                weight: 1,
                foreign: false,
            };
            let (pool, cursor) = (Pool::new(vec![candidate(0, 1)], vec![probing]), AtomicUsize::new(0));
            let mut held: Vec<Picked> = (0..10).filter_map(|_| pool.pick(policy, &cursor, &[])).collect();
            assert_eq!(counts(&held)[&9], 1, "{policy:?}");
            held.remove(0).settle(Verdict::Failed);
            assert!(flags.probe.load(Ordering::Relaxed));
            assert_eq!(pool.pick(policy, &cursor, &[]).expect("the other").id(), NodeId(0));
        }
    }

    proptest! {
        #[test]
        fn least_inflight_is_exact_up_to_the_window(
            nodes in prop::collection::vec((1u32..=10, 0usize..20), 1..=WINDOW),
            start in 0usize..1000,
            tried in prop::collection::vec(0u64..64, 0..3),
        ) {
            let weights: Vec<u32> = nodes.iter().map(|(weight, _)| *weight).collect();
            let pool = pool(&weights);
            let _busy: Vec<Picked> = pool.closed.iter().zip(&nodes)
                .flat_map(|(c, (_, load))| std::iter::repeat_with(|| Picked::new(c.node.clone(), false)).take(*load))
                .collect();
            let tried: Vec<NodeId> = tried.into_iter().map(NodeId).collect();
            let cost = |id: usize| (nodes[id].1 as f64 + 1.0) / f64::from(nodes[id].0);
            let best = (0..nodes.len()).filter(|id| !tried.contains(&NodeId(*id as u64))).map(cost).reduce(f64::min);
            let picked = pool.pick(BalancePolicy::LeastInflight, &AtomicUsize::new(start), &tried);
            let got = picked.map(|picked| cost(usize::try_from(picked.id().0).expect("small")));
            prop_assert_eq!(got, best);
        }
    }
}
