//! Which nodes a method's calls may go to: an immutable table, replaced as a whole whenever the cluster changes.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::Instant;

use super::balance::BalancePolicy;
use super::breaker::CircuitState;
use super::node::{NodeId, Picked};
use super::pool::{Candidate, Pool, Tags, Tier};
use crate::protocol::{CallError, MethodInfo};

/// Calls that ask for different tags take turns of their own, up to so many sets of tags. Beyond, some share them.
const TURNS: usize = 8;

/// A node as the table is made of it.
#[derive(Clone, Debug)]
pub struct Routable {
    /// The node, its weight, and whose it is.
    pub candidate: Candidate,
    /// Whether it may get calls; `None` while it is down.
    pub circuit: Option<CircuitState>,
    /// It is doubtful whether it works: it gets what the others can't take.
    pub reserve: bool,
    /// What it serves, no name twice. Nodes that share one list are handled together.
    pub methods: Arc<[MethodInfo]>,
}

/// Where the calls of one method go.
#[derive(Debug, Default)]
pub struct Route {
    info: MethodInfo,
    pool: Arc<Pool>,
    /// Per method: sharing them would let the traffic of one method take the turns of another.
    turns: [AtomicUsize; TURNS],
}

impl Route {
    /// What the nodes that have the method say of it.
    pub fn info(&self) -> &MethodInfo {
        &self.info
    }

    /// Picks a node that carries `tags` and is not among `tried`.
    pub fn pick(&self, policy: BalancePolicy, tried: &[NodeId], tags: &Tags, now: Instant) -> Option<Picked> {
        if tags.is_empty() {
            return self.pool.pick(policy, &self.turns[0], tried, now);
        }
        let selection = self.pool.carrying(tags)?;
        let turns = &self.turns[1 + selection.number % (TURNS - 1)];
        selection.pool.pick(policy, turns, tried, now)
    }
}

/// What makes two pools the same. Tags are told apart by where they are: nobody else is there while the pool holds them.
type PoolKey = Box<[(NodeId, u32, bool, usize, CircuitState, bool)]>;

/// Method name to candidates, computed beforehand.
#[derive(Debug, Default)]
pub struct RoutingTable {
    routes: HashMap<Box<str>, Arc<Route>>,
    /// For methods that no node registered.
    foreign: Arc<Route>,
    /// Methods that only nodes without calls have.
    unavailable: HashSet<Box<str>>,
    nodes_up: usize,
    pools: HashMap<PoolKey, Arc<Pool>>,
}

impl RoutingTable {
    /// The table of `nodes`. Turns go on where `previous` left them, and pools that did not change are taken over.
    pub fn new(nodes: &[Routable], previous: &RoutingTable) -> Self {
        let mut table = RoutingTable {
            nodes_up: nodes.iter().filter(|node| is_candidate(node)).count(),
            ..RoutingTable::default()
        };
        let groups = group(nodes);
        let mut methods: HashMap<&str, Vec<(usize, &MethodInfo)>> = HashMap::new();
        for (index, group) in groups.iter().enumerate() {
            for method in group.methods {
                let having = methods.entry(&method.name).or_default();
                if !group.nodes.is_empty() {
                    having.push((index, method));
                }
            }
        }
        let foreign: Vec<&Routable> =
            nodes.iter().filter(|node| node.candidate.foreign && is_candidate(node)).collect();
        // Methods that the same groups have share a pool, so that the cost doesn't grow with the number of methods.
        let mut by_groups: HashMap<Vec<usize>, Arc<Pool>> = HashMap::new();
        for (name, having) in methods {
            let indexes: Vec<usize> = having.iter().map(|(index, _)| *index).collect();
            if indexes.is_empty() {
                table.unavailable.insert(name.into());
                continue;
            }
            let pool = by_groups.entry(indexes).or_insert_with_key(|indexes| {
                let ours = indexes.iter().flat_map(|index| groups[*index].nodes.iter().copied());
                table.pool(ours.chain(foreign.iter().copied()).collect(), previous)
            });
            let info = merge(having.into_iter().map(|(_, info)| info));
            let route = Route { info, pool: pool.clone(), turns: turns_of(previous.routes.get(name)) };
            table.routes.insert(name.into(), Arc::new(route));
        }
        table.foreign = Arc::new(Route {
            info: MethodInfo::default(),
            pool: table.pool(foreign, previous),
            turns: turns_of(Some(&previous.foreign)),
        });
        table
    }

    /// Where calls of `method` go, or why they go nowhere: `NoNode` or `MethodNotFound`.
    pub fn route(&self, method: &str) -> Result<Arc<Route>, CallError> {
        if let Some(route) = self.routes.get(method) {
            Ok(route.clone())
        } else if !self.foreign.pool.is_empty() {
            Ok(self.foreign.clone())
        } else if self.nodes_up == 0 || self.unavailable.contains(method) {
            Err(CallError::NoNode)
        } else {
            Err(CallError::MethodNotFound)
        }
    }

    /// True when a node registered it, whether or not that node can be used now.
    pub fn knows_method(&self, method: &str) -> bool {
        self.routes.contains_key(method) || self.unavailable.contains(method)
    }

    /// What the nodes that can be called say of a method; of one that none registered, nothing.
    pub fn registered(&self, method: &str) -> Option<&MethodInfo> {
        self.routes.get(method).map(|route| &route.info)
    }

    /// Every method that can be called now, by name.
    pub fn methods(&self) -> Vec<MethodInfo> {
        let mut methods: Vec<MethodInfo> = self.routes.values().map(|route| route.info.clone()).collect();
        methods.sort_by(|one, other| one.name.cmp(&other.name));
        methods
    }

    /// Nodes that may get calls.
    pub fn nodes_up(&self) -> usize {
        self.nodes_up
    }

    fn pool(&mut self, mut nodes: Vec<&Routable>, previous: &RoutingTable) -> Arc<Pool> {
        nodes.sort_by_key(|node| node.candidate.node.id);
        let key: PoolKey = nodes
            .iter()
            .filter_map(|node| {
                let candidate = &node.candidate;
                let tags = Arc::as_ptr(&candidate.tags) as usize;
                Some((candidate.node.id, candidate.weight, candidate.foreign, tags, node.circuit?, node.reserve))
            })
            .collect();
        let known = self.pools.get(&key).or_else(|| previous.pools.get(&key)).cloned();
        let pool = known.unwrap_or_else(|| {
            let with = |state, reserve| {
                let there = nodes.iter().filter(move |node| node.circuit == Some(state) && node.reserve == reserve);
                there.map(|node| node.candidate.clone()).collect()
            };
            let tier = |reserve| Tier::new(with(CircuitState::Closed, reserve), with(CircuitState::HalfOpen, reserve));
            Arc::new(Pool::new(tier(false), tier(true)))
        });
        self.pools.insert(key, pool.clone());
        pool
    }
}

fn is_candidate(node: &Routable) -> bool {
    matches!(node.circuit, Some(CircuitState::Closed | CircuitState::HalfOpen))
}

/// Nodes of one list of methods.
struct Group<'a> {
    methods: &'a [MethodInfo],
    /// Those that may get calls and are not in every pool anyway.
    nodes: Vec<&'a Routable>,
}

fn group(nodes: &[Routable]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut index: HashMap<*const MethodInfo, usize> = HashMap::new();
    for node in nodes.iter().filter(|node| !node.methods.is_empty()) {
        let at = *index.entry(node.methods.as_ptr()).or_insert_with(|| {
            groups.push(Group { methods: &node.methods, nodes: Vec::new() });
            groups.len() - 1
        });
        if is_candidate(node) && !node.candidate.foreign {
            groups[at].nodes.push(node);
        }
    }
    groups
}

/// What nodes say of a method, as far as it holds wherever the call goes.
fn merge<'a>(mut infos: impl Iterator<Item = &'a MethodInfo>) -> MethodInfo {
    let mut merged = infos.next().cloned().unwrap_or_default();
    for info in infos {
        merged.idempotent &= info.idempotent;
        merged.stream &= info.stream;
        merged.hedge &= info.hedge;
        // The longest: each node keeps to its own bound, and none is to be cut short by another's.
        merged.timeout_ms = merged.timeout_ms.zip(info.timeout_ms).map(|(one, other)| one.max(other));
        merged.description = merged.description.or_else(|| info.description.clone());
    }
    merged
}

fn turns_of(route: Option<&Arc<Route>>) -> [AtomicUsize; TURNS] {
    let turn = |index: usize| route.map_or(0, |route| route.turns[index].load(Ordering::Relaxed));
    std::array::from_fn(|index| AtomicUsize::new(turn(index)))
}

#[cfg(test)]
mod tests {
    use super::super::node::tests::node;
    use super::*;

    fn methods(names: &[&str]) -> Arc<[MethodInfo]> {
        names.iter().copied().map(MethodInfo::named).collect()
    }

    fn routable(id: u64, circuit: Option<CircuitState>, methods: Arc<[MethodInfo]>) -> Routable {
        let foreign = methods.is_empty();
        let candidate = Candidate { node: node(id).0, weight: 1, foreign, tags: Arc::default() };
        Routable { candidate, circuit, reserve: false, methods }
    }

    fn table(nodes: &[Routable]) -> RoutingTable {
        RoutingTable::new(nodes, &RoutingTable::default())
    }

    fn picks(table: &RoutingTable, method: &str) -> Vec<u64> {
        let route = table.route(method).expect("routed");
        let mut ids: Vec<u64> = (0..10)
            .filter_map(|_| route.pick(BalancePolicy::RoundRobin, &[], &Tags::new(), Instant::now()))
            .map(|picked| picked.id().0)
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    const UP: Option<CircuitState> = Some(CircuitState::Closed);

    #[test]
    fn calls_go_where_the_method_is() {
        let table = table(&[
            routable(1, UP, methods(&["a", "b"])),
            routable(2, UP, methods(&["b"])),
            routable(3, None, methods(&["b"])),
            routable(4, Some(CircuitState::Open), methods(&["b"])),
        ]);
        assert_eq!((picks(&table, "a"), picks(&table, "b")), (vec![1], vec![1, 2]));
        assert_eq!(table.nodes_up(), 2);
        let names: Vec<String> = table.methods().into_iter().map(|method| method.name).collect();
        assert_eq!(names, ["a", "b"]);
    }

    #[test]
    fn a_foreign_server_takes_any_method() {
        let table = table(&[routable(1, UP, methods(&["a"])), routable(2, UP, methods(&[]))]);
        assert_eq!((picks(&table, "a"), picks(&table, "zz")), (vec![1, 2], vec![2]));
        assert!(table.knows_method("a") && !table.knows_method("zz"));
    }

    #[test]
    fn no_node_is_told_from_no_method() {
        let error = |table: &RoutingTable, method| table.route(method).err().map(|error| error.code().0);
        let empty = table(&[]);
        assert_eq!(error(&empty, "a"), Some(-32004));
        let some = table(&[routable(1, UP, methods(&["a"])), routable(2, None, methods(&["b"]))]);
        assert_eq!(error(&some, "a"), None);
        assert_eq!(error(&some, "b"), Some(-32004), "a node that is down has it");
        assert_eq!(error(&some, "c"), Some(-32601));
        assert!(some.knows_method("b"));
        let all_down = table(&[routable(1, None, methods(&["a"]))]);
        assert_eq!(error(&all_down, "c"), Some(-32004));
    }

    #[test]
    fn a_method_is_idempotent_if_all_who_have_it_say_so() {
        let idempotent = |yes, timeout_ms| -> Arc<[MethodInfo]> {
            let info = MethodInfo { idempotent: yes, timeout_ms, ..MethodInfo::named("a") };
            Arc::new([info])
        };
        let yes = routable(1, UP, idempotent(true, Some(5)));
        let no = routable(2, UP, idempotent(false, Some(9)));
        let stranger = routable(3, UP, methods(&[]));
        let info = |nodes: &[Routable]| table(nodes).route("a").expect("routed").info().clone();
        assert!(info(&[yes.clone(), stranger]).idempotent);
        let both = info(&[yes, no]);
        assert!(!both.idempotent);
        assert_eq!(both.timeout_ms, Some(9));
    }

    #[test]
    fn turns_and_pools_outlive_a_change_elsewhere() {
        let shared = methods(&["a", "b"]);
        let mut nodes = vec![routable(1, UP, shared.clone()), routable(2, UP, shared)];
        let first = table(&nodes);
        let route = first.route("a").expect("routed");
        assert_eq!(
            route.pick(BalancePolicy::RoundRobin, &[], &Tags::new(), Instant::now()).expect("up").id(),
            NodeId(1)
        );
        assert!(Arc::ptr_eq(&route.pool, &first.route("b").expect("routed").pool));
        nodes.push(routable(3, UP, methods(&["c"])));
        let second = RoutingTable::new(&nodes, &first);
        let again = second.route("a").expect("routed");
        assert!(Arc::ptr_eq(&route.pool, &again.pool));
        assert_eq!(
            again.pick(BalancePolicy::RoundRobin, &[], &Tags::new(), Instant::now()).expect("up").id(),
            NodeId(2)
        );
    }

    fn tagged(id: u64, zone: &str, methods: Arc<[MethodInfo]>) -> Routable {
        let mut node = routable(id, UP, methods);
        node.candidate.tags = Arc::new(Tags::from([("zone".to_owned(), zone.to_owned())]));
        node
    }

    fn picks_of_zone(table: &RoutingTable, zone: &str, count: usize) -> Vec<u64> {
        let (route, tags) = (table.route("a").expect("routed"), Tags::from([("zone".to_owned(), zone.to_owned())]));
        let pick = |_| route.pick(BalancePolicy::RoundRobin, &[], &tags, Instant::now());
        (0..count).filter_map(pick).map(|picked| picked.id().0).collect()
    }

    #[test]
    fn calls_with_tags_take_turns_of_their_own() {
        let shared = methods(&["a"]);
        let nodes = [(1, "a"), (2, "b"), (3, "a"), (4, "b")].map(|(id, zone)| tagged(id, zone, shared.clone()));
        let table = table(&nodes);
        let mut seen = Vec::new();
        for _ in 0..4 {
            seen.extend(["a", "b"].into_iter().flat_map(|zone| picks_of_zone(&table, zone, 1)));
        }
        assert_eq!(seen, [1, 2, 3, 4, 1, 2, 3, 4]);
        assert!(picks_of_zone(&table, "c", 1).is_empty());
        let next = RoutingTable::new(&nodes, &table);
        assert_eq!((picks_of_zone(&next, "a", 1), picks_of_zone(&next, "b", 1)), (vec![1], vec![2]));
    }

    #[test]
    fn new_tags_make_a_new_pool() {
        let shared = methods(&["a"]);
        let mut nodes = [tagged(1, "a", shared.clone()), tagged(2, "b", shared)];
        let first = table(&nodes);
        assert_eq!(picks_of_zone(&first, "a", 2), [1, 1]);
        nodes[1].candidate.tags = nodes[0].candidate.tags.clone();
        let second = RoutingTable::new(&nodes, &first);
        let mut seen = picks_of_zone(&second, "a", 2);
        seen.sort_unstable();
        assert_eq!(seen, [1, 2]);
    }

    #[test]
    fn a_doubtful_node_serves_what_only_it_can() {
        let doubtful = Routable { reserve: true, ..routable(1, UP, methods(&["a", "b"])) };
        let table = table(&[doubtful, routable(2, UP, methods(&["b"]))]);
        assert_eq!((picks(&table, "a"), picks(&table, "b")), (vec![1], vec![2]));
    }
}
