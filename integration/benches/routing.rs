//! What it costs to route one call, by the number of nodes: it must not grow with the cluster.

use std::cell::Cell;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{criterion_group, criterion_main, BenchmarkId, Criterion};
use madrpc_actors::policy::balance::BalancePolicy;
use madrpc_actors::policy::breaker::{CircuitState, Outcome};
use madrpc_actors::policy::node::{NodeEntry, NodeEvents, NodeId, Picked, Verdict};
use madrpc_actors::policy::pool::{Candidate, Tags};
use madrpc_actors::policy::routing::{Routable, RoutingTable};
use madrpc_actors::protocol::{MethodInfo, PeerUrl};

struct Unheard;

impl NodeEvents for Unheard {
    fn outcome(&self, _: Outcome) -> bool {
        true
    }
    fn suspect(&self) -> bool {
        true
    }
    fn renewed(&self) {}
}

fn nodes(count: u64) -> Vec<Routable> {
    let methods: Arc<[MethodInfo]> = (0..10).map(|i| MethodInfo::named(format!("method_{i}"))).collect();
    (0..count)
        .map(|id| {
            let url = PeerUrl::parse(&format!("http://10.0.0.1:{}", id + 1)).expect("valid");
            Routable {
                candidate: Candidate {
                    node: Arc::new(NodeEntry::new(NodeId(id), url, Arc::default(), Box::new(Unheard), Instant::now())),
                    weight: 1 + u32::try_from(id % 4).expect("small"),
                    foreign: false,
                    tags: Arc::new(Tags::from([("zone".to_owned(), format!("z{}", id % 2))])),
                },
                circuit: Some(CircuitState::Closed),
                reserve: false,
                methods: methods.clone(),
            }
        })
        .collect()
}

fn routing(criterion: &mut Criterion) {
    for (name, policy) in BalancePolicy::NAMES {
        let mut group = criterion.benchmark_group(format!("route/{name}"));
        for count in [2, 100, 1000] {
            let table = RoutingTable::new(&nodes(count), &RoutingTable::default());
            let (anywhere, zone) = (Tags::new(), Tags::from([("zone".to_owned(), "z1".to_owned())]));
            let pick = |tags, now| table.route("method_7").expect("known").pick(policy, &[], tags, now).expect("up");
            // A clock that costs nothing to read: 100,000 calls a second, of 10 µs each.
            let clock = Cell::new(Instant::now());
            let call = |tags| {
                let picked = black_box(pick(tags, clock.get()));
                clock.set(clock.get() + Duration::from_micros(10));
                picked.settle(Verdict::Worked, clock.get());
            };
            group.bench_function(BenchmarkId::new("idle", count), |bench| {
                bench.iter(|| call(&anywhere));
            });
            group.bench_function(BenchmarkId::new("tagged", count), |bench| {
                bench.iter(|| call(&zone));
            });
            // Nobody idle: least-inflight has to look at its whole window.
            let _busy: Vec<Picked> = (0..count * 8).map(|_| pick(&anywhere, clock.get())).collect();
            group.bench_function(BenchmarkId::new("busy", count), |bench| {
                bench.iter(|| call(&anywhere));
            });
        }
        group.finish();
    }
    let mut group = criterion.benchmark_group("publish");
    for count in [2, 100, 1000] {
        let mut nodes = nodes(count);
        let before = RoutingTable::new(&nodes, &RoutingTable::default());
        nodes[0].circuit = Some(CircuitState::Open);
        group.bench_function(BenchmarkId::from_parameter(count), |bench| {
            bench.iter(|| RoutingTable::new(black_box(&nodes), &before));
        });
    }
    group.finish();
}

criterion_group!(benches, routing);
criterion_main!(benches);
