//! What it costs to read and write: envelopes, and values in and out of the engine.

use std::hint::black_box;

use bytes::Bytes;
use criterion::{criterion_group, criterion_main, Criterion, Throughput};
use madrpc_actors::engine::{json_reader, json_writer};
use madrpc_actors::protocol::{reply, request, JsonText, Reply};

const REQUEST: &[u8] = br#"{"jsonrpc":"2.0","id":17,"method":"add","params":{"a":1234,"b":5678}}"#;
const SMALL: &str = r#"{"id":17,"user":{"first":"Ada","last":"Lovelace"},"items":[1,2,3,4.5],"tags":["a","b"]}"#;

fn rows(count: usize) -> String {
    let row = |i: usize| format!(r#"{{"id":{i},"name":"user {i}","score":{i}.25,"tags":["alpha","beta"],"n":null}}"#);
    format!("[{}]", (0..count).map(row).collect::<Vec<_>>().join(","))
}

/// Doubles with as many digits as `Math.random()` gives.
fn doubles(count: usize) -> String {
    let double = |i: usize| ((i as f64) * 0.618_033_988_749_895).fract().to_string();
    format!("[{}]", (0..count).map(double).collect::<Vec<_>>().join(","))
}

fn envelopes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("envelope");
    group.bench_function("read request", |bencher| {
        bencher.iter(|| matches!(request::read(black_box(REQUEST)), request::Body::Single(Ok(_))))
    });
    let result = Ok(JsonText::from_trusted(r#"{"result":6912}"#));
    group.bench_function("write reply", |bencher| {
        bencher.iter(|| {
            let mut out = Vec::with_capacity(64);
            reply::write(&mut out, Some("17"), black_box(&result));
            out
        });
    });
    let body = Bytes::from_static(br#"{"jsonrpc":"2.0","id":17,"result":{"result":6912}}"#);
    group.bench_function("read reply", |bencher| bencher.iter(|| Reply::read(black_box(&body)).is_some()));
    group.finish();
}

fn values(criterion: &mut Criterion) {
    let mut context = boa_engine::Context::default();
    let intrinsics = json_writer::Intrinsics::of(&mut context).expect("a fresh context is complete");
    let mut group = criterion.benchmark_group("value");
    let texts = [("90 B", SMALL.to_owned()), ("10 KB", rows(140)), ("1 MB", rows(13_000)), ("doubles", doubles(5_000))];
    for (name, text) in texts {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(format!("read {name}"), |bencher| {
            bencher.iter(|| json_reader::read(black_box(&text), &mut context))
        });
        let value = json_reader::read(&text, &mut context).expect("well-formed");
        group.bench_function(format!("write {name}"), |bencher| {
            bencher.iter(|| json_writer::write(black_box(&value), usize::MAX, &intrinsics, &mut context));
        });
    }
    group.finish();
}

criterion_group!(benches, envelopes, values);
criterion_main!(benches);
