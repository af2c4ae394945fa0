//! A set of nodes that share some methods, and the choice of one among them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use super::balance::{self, BalancePolicy};
use super::node::{NodeEntry, NodeId, Picked};

mod tagged;

use tagged::Tagged;
pub use tagged::{Selection, Tags};

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
    /// What calls may ask for.
    pub tags: Arc<Tags>,
}

/// Candidates, with all that can be computed before a call comes.
#[derive(Debug, Default)]
pub struct Pool {
    preferred: Tier,
    /// Gets what `preferred` can't take: nodes of which it is doubtful whether they work.
    reserve: Tier,
    tagged: Tagged,
}

/// Candidates of which none is better than another.
#[derive(Debug, Default)]
pub struct Tier {
    closed: Vec<Candidate>,
    /// Half-open: each takes one probe.
    probing: Vec<Candidate>,
    /// Made when it is first needed: not every policy does.
    schedule: OnceLock<Vec<u32>>,
    heaviest: u32,
}

impl Pool {
    /// Calls go to `reserve` only where `preferred` has nobody left.
    pub fn new(preferred: Tier, reserve: Tier) -> Self {
        Pool { preferred, reserve, tagged: Tagged::default() }
    }

    /// True when there is nobody to pick.
    pub fn is_empty(&self) -> bool {
        self.preferred.is_empty() && self.reserve.is_empty()
    }

    /// Picks a node that is not among `tried`. `cursor` is moved, and makes the turns of those who share it.
    pub fn pick(&self, policy: BalancePolicy, cursor: &AtomicUsize, tried: &[NodeId], now: Instant) -> Option<Picked> {
        let turn = cursor.fetch_add(1, Ordering::Relaxed);
        self.preferred.pick(policy, turn, tried, now).or_else(|| self.reserve.pick(policy, turn, tried, now))
    }

    /// Those that carry all of `tags`; `None` when nobody does. Costs the same in a cluster of any size once a pool was
    /// asked for these tags.
    pub fn carrying(&self, tags: &Tags) -> Option<Selection> {
        self.tagged.select(tags, [&self.preferred, &self.reserve])
    }
}

impl Tier {
    /// `closed` take calls by the policy; each of `probing` takes one.
    pub fn new(closed: Vec<Candidate>, probing: Vec<Candidate>) -> Self {
        let heaviest = closed.iter().map(|candidate| candidate.weight).max().unwrap_or(1);
        Tier { closed, probing, schedule: OnceLock::new(), heaviest }
    }

    fn is_empty(&self) -> bool {
        self.closed.is_empty() && self.probing.is_empty()
    }

    fn pick(&self, policy: BalancePolicy, turn: usize, tried: &[NodeId], now: Instant) -> Option<Picked> {
        if let Some(probe) = self.probe(turn, tried, now) {
            return Some(probe);
        }
        if self.closed.is_empty() {
            return None;
        }
        let chosen = match policy {
            BalancePolicy::LeastInflight => self.least_inflight(turn, tried),
            BalancePolicy::RoundRobin => self.scheduled(|turns| turn % turns, tried),
            BalancePolicy::Random => self.scheduled(|turns| fastrand::usize(..turns), tried),
            BalancePolicy::P2cEwma => self.sooner_of_two(turn, tried, now),
        }?;
        Some(Picked::new(chosen.node.clone(), chosen.foreign, now))
    }

    /// A node that may have recovered comes first: nothing else would ever show that it has.
    fn probe(&self, turn: usize, tried: &[NodeId], now: Instant) -> Option<Picked> {
        around(&self.probing, turn)
            .take(WINDOW)
            .filter(|candidate| !tried.contains(&candidate.node.id))
            .find_map(|candidate| Picked::probe(&candidate.node, candidate.foreign, now))
    }

    /// The node whose turn it is, or the next one that was not tried: at most as many steps as there were tries.
    fn scheduled(&self, turn: impl Fn(usize) -> usize, tried: &[NodeId]) -> Option<&Candidate> {
        let schedule = self.schedule.get_or_init(|| {
            let weights: Vec<u32> = self.closed.iter().map(|candidate| candidate.weight).collect();
            balance::schedule(&weights)
        });
        let index = *schedule.get(turn(schedule.len()))? as usize;
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

    /// One by turns and one by chance, so that ties go round.
    fn sooner_of_two(&self, turn: usize, tried: &[NodeId], now: Instant) -> Option<&Candidate> {
        let mut untried = around(&self.closed, turn).filter(|candidate| !tried.contains(&candidate.node.id));
        let first = untried.next()?;
        let is_other = |candidate: &&Candidate| {
            let id = candidate.node.id;
            id != first.node.id && !tried.contains(&id)
        };
        let Some(second) = around(&self.closed, fastrand::usize(..self.closed.len())).find(is_other) else {
            return Some(first);
        };
        let latencies = first.node.latency(now).zip(second.node.latency(now));
        // A node that has answered nothing yet is taken to be as quick as the other.
        let (one, two) = latencies.unwrap_or((1.0, 1.0));
        Some(if second.wait(two) < first.wait(one) { second } else { first })
    }
}

impl Candidate {
    /// What a further call would wait, where each call takes `latency`.
    fn wait(&self, latency: f32) -> f32 {
        latency * (self.node.inflight() as f32 + 1.0) / self.weight as f32
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
    use std::time::Duration;

    use proptest::prelude::*;

    use super::super::node::tests::node;
    use super::super::node::Verdict;
    use super::*;

    const POLICIES: [BalancePolicy; 4] =
        [BalancePolicy::LeastInflight, BalancePolicy::RoundRobin, BalancePolicy::Random, BalancePolicy::P2cEwma];

    fn candidate(id: u64, weight: u32) -> Candidate {
        Candidate { node: node(id).0, weight, foreign: false, tags: Arc::default() }
    }

    fn tier(closed: Vec<Candidate>) -> Tier {
        Tier::new(closed, Vec::new())
    }

    fn pool(weights: &[u32]) -> Pool {
        Pool::new(tier((0..).zip(weights).map(|(id, weight)| candidate(id, *weight)).collect()), Tier::default())
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
            let held: Vec<Picked> = (0..4000).filter_map(|_| pool.pick(policy, &cursor, &[], Instant::now())).collect();
            let heavy = counts(&held)[&0];
            let allowed = if policy == BalancePolicy::Random { 2800..3200 } else { 2999..3002 };
            assert!(allowed.contains(&heavy), "{policy:?}: {heavy}");
        }
    }

    #[test]
    fn what_was_tried_is_not_picked_again() {
        for policy in POLICIES {
            let (pool, cursor) = (pool(&[1000, 1, 1]), AtomicUsize::new(0));
            for _ in 0..200 {
                let picked = pool.pick(policy, &cursor, &[NodeId(0), NodeId(2)], Instant::now()).expect("one is left");
                assert_eq!(picked.id(), NodeId(1), "{policy:?}");
            }
            let all = [NodeId(0), NodeId(1), NodeId(2)];
            assert!(pool.pick(policy, &cursor, &all, Instant::now()).is_none(), "{policy:?}");
        }
    }

    #[test]
    fn ties_go_round() {
        let (pool, cursor) = (pool(&[1; 5]), AtomicUsize::new(0));
        let ids: Vec<u64> = (0..10)
            .filter_map(|_| pool.pick(BalancePolicy::LeastInflight, &cursor, &[], Instant::now()))
            .map(|picked| picked.id().0)
            .collect();
        assert_eq!(ids, [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
    }

    #[test]
    fn beyond_the_window_the_whole_cluster_is_used_all_the_same() {
        let (pool, cursor) = (pool(&[1; 1000]), AtomicUsize::new(0));
        let pick = || pool.pick(BalancePolicy::LeastInflight, &cursor, &[], Instant::now());
        let held: Vec<Picked> = (0..3000).filter_map(|_| pick()).collect();
        assert!(counts(&held).values().all(|calls| *calls == 3), "idle nodes are found, one after the other");
        // Only what lies in the window can be compared.
        let idle = held.into_iter().filter(|picked| picked.id().0 != 999).collect::<Vec<_>>();
        let start = cursor.load(Ordering::Relaxed) % 1000;
        let next = pick().expect("some").id().0;
        assert_eq!(next == 999, (999 + 1000 - start) % 1000 < WINDOW);
        drop(idle);
    }

    #[test]
    fn a_half_open_node_gets_exactly_one_call() {
        for policy in POLICIES {
            let (half_open, flags, _) = node(9);
            let probing = Candidate { node: half_open, ..candidate(9, 1) };
            let (pool, cursor) =
                (Pool::new(Tier::new(vec![candidate(0, 1)], vec![probing]), Tier::default()), AtomicUsize::new(0));
            let mut held: Vec<Picked> =
                (0..10).filter_map(|_| pool.pick(policy, &cursor, &[], Instant::now())).collect();
            assert_eq!(counts(&held)[&9], 1, "{policy:?}");
            held.remove(0).settle(Verdict::Failed, Instant::now());
            assert!(flags.take_probe().is_none());
            assert_eq!(pool.pick(policy, &cursor, &[], Instant::now()).expect("the other").id(), NodeId(0));
        }
    }

    #[test]
    fn reserves_are_used_where_nobody_else_is_left() {
        for policy in POLICIES {
            let reserve = || tier(vec![candidate(1, 1000)]);
            let (pool, cursor) = (Pool::new(tier(vec![candidate(0, 1)]), reserve()), AtomicUsize::new(0));
            let held: Vec<Picked> = (0..100).filter_map(|_| pool.pick(policy, &cursor, &[], Instant::now())).collect();
            assert_eq!(counts(&held), HashMap::from([(0, 100)]), "{policy:?}");
            let other = pool.pick(policy, &cursor, &[NodeId(0)], Instant::now());
            assert_eq!(other.map(|picked| picked.id()), Some(NodeId(1)), "{policy:?}: another try");
            let only = Pool::new(Tier::default(), reserve());
            assert!(!only.is_empty() && only.pick(policy, &cursor, &[], Instant::now()).is_some(), "{policy:?}");
        }
    }

    /// Lets each node answer one call after its latency.
    fn teach(pool: &Pool, millis: &[u64], now: Instant) {
        for (candidate, millis) in pool.preferred.closed.iter().zip(millis) {
            let picked = Picked::new(candidate.node.clone(), false, now - Duration::from_millis(*millis));
            picked.settle(Verdict::Worked, now);
        }
    }

    #[test]
    fn the_quicker_of_two_is_preferred_by_latency_load_and_weight() {
        let (now, cursor) = (Instant::now() + Duration::from_secs(60), AtomicUsize::new(0));
        let pick = |pool: &Pool| pool.pick(BalancePolicy::P2cEwma, &cursor, &[], now);
        let ids = |pool: &Pool, count| counts(&(0..count).filter_map(|_| pick(pool)).collect::<Vec<_>>());
        let quick_and_slow = pool(&[1, 1]);
        teach(&quick_and_slow, &[1, 10], now);
        // 1 ms x (8 + 1) is less than 10 ms x (0 + 1).
        assert_eq!(ids(&quick_and_slow, 9), HashMap::from([(0, 9)]));
        assert!((8..=9).contains(&ids(&quick_and_slow, 100)[&1]));
        let heavy_and_light = pool(&[9, 1]);
        teach(&heavy_and_light, &[9, 1], now);
        assert_eq!(ids(&heavy_and_light, 100), HashMap::from([(0, 50), (1, 50)]));
        let unknown = pool(&[1, 1, 1, 1]);
        assert!(ids(&unknown, 400).values().all(|calls| *calls == 100), "nobody has shown anything yet");
    }

    #[test]
    fn of_many_nodes_the_slowest_gets_the_fewest_calls() {
        let (now, cursor) = (Instant::now() + Duration::from_secs(60), AtomicUsize::new(0));
        let pool = pool(&[1; 100]);
        teach(&pool, &(1..=100).collect::<Vec<_>>(), now);
        let picks: Vec<Picked> = (0..5000)
            .filter_map(|_| {
                let picked = pool.pick(BalancePolicy::P2cEwma, &cursor, &[], now)?;
                picked.settle(Verdict::Nothing, now);
                pool.pick(BalancePolicy::P2cEwma, &cursor, &[], now)
            })
            .collect();
        let mean = picks.iter().map(|picked| picked.id().0).sum::<u64>() / 5000;
        assert!(mean < 40, "{mean}");
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
            let _busy: Vec<Picked> = pool.preferred.closed.iter().zip(&nodes)
                .flat_map(|(c, (_, load))| std::iter::repeat_with(|| Picked::new(c.node.clone(), false, Instant::now())).take(*load))
                .collect();
            let tried: Vec<NodeId> = tried.into_iter().map(NodeId).collect();
            let cost = |id: usize| (nodes[id].1 as f64 + 1.0) / f64::from(nodes[id].0);
            let best = (0..nodes.len()).filter(|id| !tried.contains(&NodeId(*id as u64))).map(cost).reduce(f64::min);
            let picked = pool.pick(BalancePolicy::LeastInflight, &AtomicUsize::new(start), &tried, Instant::now());
            let got = picked.map(|picked| cost(usize::try_from(picked.id().0).expect("small")));
            prop_assert_eq!(got, best);
        }
    }
}
