//! What it costs to count one call: below 100 ns, since every call pays it.

use std::cell::Cell;
use std::hint::black_box;
use std::time::Duration;

use criterion::{criterion_group, criterion_main, Criterion};
use madrpc_actors::metrics::{Hop, Metrics};
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

criterion_group!(benches, recording);
criterion_main!(benches);
