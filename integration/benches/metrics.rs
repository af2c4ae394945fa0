//! What it costs to count one call: below 100 ns, since every call pays it.

use std::cell::Cell;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{criterion_group, criterion_main, BenchmarkId, Criterion};
use madrpc_actors::metrics::{ClusterFigures, Hop, Metrics};
use madrpc_actors::policy::breaker::CircuitState;
use madrpc_actors::policy::health::NodeState;
use madrpc_actors::policy::membership::{ClusterView, NodeView, Reports};
use madrpc_actors::protocol::Code;

/// Latencies all over the range of a busy server, so that no single counter stays in the processor's cache by chance.
fn latencies() -> impl Fn() -> Duration {
    let state = Cell::new(1_u64);
    move || {
        state.set(state.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
        Duration::from_micros(50 + (state.get() >> 40) % 20_000)
    }
}

fn recording(criterion: &mut Criterion) {
    let metrics = Metrics::new();
    let recorder = metrics.recorder();
    let names: Vec<String> = (0..50).map(|number| format!("namespace.method_{number}")).collect();
    let latency = latencies();
    let mut group = criterion.benchmark_group("record");
    group.bench_function("result", |bench| {
        bench.iter(|| recorder.record(Some(black_box("namespace.method_7")), None, latency()));
    });
    group.bench_function("error", |bench| {
        bench.iter(|| recorder.record(Some(black_box("namespace.method_7")), Some(Code::CANCELLED), latency()));
    });
    let next = Cell::new(0);
    group.bench_function("of 50 methods", |bench| {
        bench.iter(|| {
            next.set((next.get() + 1) % names.len());
            recorder.record(Some(black_box(&names[next.get()])), None, latency());
        });
    });
    group.bench_function("hop", |bench| bench.iter(|| recorder.hop(Hop::Queue, latency())));
    group.finish();
    // Once for each heartbeat, and once for each look.
    criterion.bench_function("report of 50 methods", |bench| bench.iter(|| metrics.report()));
    criterion.bench_function("snapshot of 50 methods", |bench| bench.iter(|| metrics.snapshot()));
}

/// A cluster of as many nodes, each of which has reported 50 methods.
fn cluster(nodes: usize, metrics: &Metrics) -> ClusterView {
    let latest = Arc::new(metrics.report());
    let earlier = Some(Arc::new(latest.outline()));
    let node = |number: usize| NodeView {
        addr: format!("http://10.0.{}.{}:9001", number / 250, number % 250),
        enabled: true,
        disable_reason: None,
        circuit_state: CircuitState::Closed,
        consecutive_failures: 0,
        inflight: 3,
        weight: 1,
        instance: None,
        version: String::new(),
        tags: Arc::default(),
        methods: Arc::new([]),
        state: NodeState::Up,
        is_static: false,
        registered: true,
        foreign: false,
        request_count: 1,
        last_request_ms: None,
        latency_us: None,
        queue: Some(1),
        cpu: Some(0.5),
        failure_count: 0,
        reports: Some(Reports { latest: latest.clone(), earlier: earlier.clone(), over: Duration::from_secs(7) }),
    };
    ClusterView { nodes: (0..nodes).map(node).collect(), ..ClusterView::default() }
}

/// For each look at the figures of an orchestrator: it holds up the calls of one thread meanwhile.
fn adding_up(criterion: &mut Criterion) {
    let metrics = Metrics::new();
    let (recorder, latency) = (metrics.recorder(), latencies());
    for number in 0..50 {
        (0..500).for_each(|_| recorder.record(Some(&format!("method_{number}")), None, latency()));
    }
    let mut group = criterion.benchmark_group("cluster");
    for nodes in [2, 100, 1000] {
        let view = cluster(nodes, &metrics);
        group.bench_function(BenchmarkId::from_parameter(nodes), |bench| {
            bench.iter(|| ClusterFigures::of(black_box(&view)));
        });
    }
    group.finish();
}

criterion_group!(benches, recording, adding_up);
criterion_main!(benches);
