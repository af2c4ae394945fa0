//! Parts of a pool by tags: of a thousand nodes the few that a call may go to, without looking at the others.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;

use super::{Candidate, Pool, Tier};

/// What a node says of itself, or a call asks for.
pub type Tags = BTreeMap<String, String>;

/// Selections that a pool keeps. Those of nodes which are there are few; when a client asks for many combinations of
/// them, it starts anew.
const MAX_KEPT: usize = 64;

/// The candidates that carry certain tags.
#[derive(Clone, Debug)]
pub struct Selection {
    /// Them alone.
    pub pool: Arc<Pool>,
    /// Below 64; those that were asked for one after the other differ.
    pub number: usize,
}

/// What a pool keeps for calls with tags. Empty until the first one comes.
#[derive(Debug, Default)]
pub(super) struct Tagged {
    index: OnceLock<Index>,
    kept: ArcSwap<HashMap<Arc<Tags>, Selection>>,
}

/// Who carries a tag, by its key and value.
type Index = HashMap<String, HashMap<String, Carriers>>;

/// Candidates of one of the four kinds, as `lists` orders them, by their positions.
type Carriers = [Vec<u32>; 4];

impl Tagged {
    pub(super) fn select(&self, tags: &Tags, tiers: [&Tier; 2]) -> Option<Selection> {
        if let Some(selection) = self.kept.load().get(tags) {
            return Some(selection.clone());
        }
        let index = self.index.get_or_init(|| index(tiers));
        let having: Option<Vec<&Carriers>> = tags.iter().map(|(key, value)| index.get(key)?.get(value)).collect();
        let rarest = having?.into_iter().min_by_key(|carriers| carriers.iter().map(Vec::len).sum::<usize>())?;
        let pool = Arc::new(part(tags, rarest, tiers));
        let key = Arc::new(tags.clone());
        let mut number = 0;
        self.kept.rcu(|kept| {
            let mut kept = if kept.len() < MAX_KEPT { HashMap::clone(kept) } else { HashMap::new() };
            number = kept.len();
            kept.insert(key.clone(), Selection { pool: pool.clone(), number });
            kept
        });
        Some(Selection { pool, number })
    }
}

fn lists([preferred, reserve]: [&Tier; 2]) -> [&[Candidate]; 4] {
    [&preferred.closed, &preferred.probing, &reserve.closed, &reserve.probing]
}

fn index(tiers: [&Tier; 2]) -> Index {
    let mut index = Index::new();
    for (kind, candidates) in lists(tiers).into_iter().enumerate() {
        for (position, candidate) in (0..).zip(candidates) {
            for (key, value) in candidate.tags.iter() {
                let values = index.entry(key.clone()).or_default();
                values.entry(value.clone()).or_default()[kind].push(position);
            }
        }
    }
    index
}

/// The pool of those among `carriers` who carry all of `tags`.
fn part(tags: &Tags, carriers: &Carriers, tiers: [&Tier; 2]) -> Pool {
    let carries = |candidate: &&Candidate| tags.iter().all(|(key, value)| candidate.tags.get(key) == Some(value));
    let mut kinds = lists(tiers).into_iter().zip(carriers).map(|(candidates, positions)| {
        let found = positions.iter().filter_map(|position| candidates.get(*position as usize));
        found.filter(carries).cloned().collect::<Vec<Candidate>>()
    });
    let mut next = || kinds.next().unwrap_or_default();
    let (preferred, reserve) = (Tier::new(next(), next()), Tier::new(next(), next()));
    Pool::new(preferred, reserve)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::time::Instant;

    use proptest::prelude::*;

    use super::super::super::balance::BalancePolicy;
    use super::super::super::node::tests::node;
    use super::*;

    fn tags(text: &str) -> Tags {
        let pairs = text.split(' ').filter_map(|pair| pair.split_once('='));
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    fn candidate(id: u64, text: &str) -> Candidate {
        Candidate { node: node(id).0, weight: 1, foreign: false, tags: Arc::new(tags(text)) }
    }

    fn found(pool: &Pool, text: &str) -> Vec<u64> {
        let Some(selection) = pool.carrying(&tags(text)) else {
            return Vec::new();
        };
        let cursor = AtomicUsize::new(0);
        let pick = |_| selection.pool.pick(BalancePolicy::RoundRobin, &cursor, &[], Instant::now());
        let mut ids: Vec<u64> = (0..50).filter_map(pick).map(|picked| picked.id().0).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    #[test]
    fn a_node_must_carry_every_tag() {
        let of = |candidates: &[(u64, &str)]| candidates.iter().map(|(id, text)| candidate(*id, text)).collect();
        let preferred = of(&[(1, "zone=a gpu=yes"), (2, "zone=a"), (3, "zone=b gpu=yes"), (4, "")]);
        let pool =
            Pool::new(Tier::new(preferred, Vec::new()), Tier::new(of(&[(5, "zone=c"), (6, "zone=a")]), Vec::new()));
        assert_eq!(found(&pool, "zone=a"), [1, 2], "a reserve is not needed here");
        assert_eq!(found(&pool, "zone=a gpu=yes"), [1]);
        assert_eq!(found(&pool, "zone=c"), [5]);
        for nobody in ["zone=d", "rack=1", "zone=a rack=1", "zone=c gpu=yes", "zone="] {
            assert!(found(&pool, nobody).is_empty(), "{nobody}");
        }
    }

    #[test]
    fn selections_are_kept_and_bounded() {
        let nodes = (0..100).map(|id| candidate(id, &format!("host={id} zone=a"))).collect();
        let pool = Pool::new(Tier::new(nodes, Vec::new()), Tier::default());
        let first = pool.carrying(&tags("zone=a")).expect("carried");
        let again = pool.carrying(&tags("zone=a")).expect("carried");
        assert!(Arc::ptr_eq(&first.pool, &again.pool));
        assert_ne!(pool.carrying(&tags("host=1")).expect("carried").number, first.number);
        for id in 0..1000 {
            assert_eq!(pool.carrying(&tags(&format!("host={id}"))).is_some(), id < 100);
            assert!(pool.tagged.kept.load().len() <= MAX_KEPT);
        }
        assert_eq!(found(&pool, "host=99"), [99]);
    }

    proptest! {
        #[test]
        fn exactly_those_are_selected_who_carry_the_tags(
            nodes in prop::collection::vec((prop::collection::btree_map("[ab]", "[xy]", 0..3), 0usize..4), 0..20),
            asked in prop::collection::btree_map("[abc]", "[xyz]", 1..3),
        ) {
            let of = |kind: usize| -> Vec<Candidate> {
                let nodes = (0u64..).zip(&nodes).filter(|(_, (_, its))| *its == kind);
                nodes.map(|(id, (tags, _))| Candidate { tags: Arc::new(tags.clone()), ..candidate(id, "") }).collect()
            };
            let pool = Pool::new(Tier::new(of(0), of(1)), Tier::new(of(2), of(3)));
            let selected = pool.carrying(&asked);
            let ids = |candidates: &[Candidate]| candidates.iter().map(|c| c.node.id.0).collect::<Vec<_>>();
            for (kind, candidates) in lists([&pool.preferred, &pool.reserve]).into_iter().enumerate() {
                let expected: Vec<Candidate> = candidates.iter()
                    .filter(|c| asked.iter().all(|(key, value)| c.tags.get(key) == Some(value)))
                    .cloned().collect();
                let got = selected.as_ref().map_or(Vec::new(), |selected| {
                    ids(lists([&selected.pool.preferred, &selected.pool.reserve])[kind])
                });
                prop_assert_eq!(got, ids(&expected));
            }
        }
    }
}
