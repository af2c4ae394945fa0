//! One call in an engine, from params as text to the result as text, in each isolation that exists (`shared`).

use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use criterion::{criterion_group, criterion_main, Criterion};
use madrpc_actors::engine::{Engine, Program, Script, Surroundings};
use madrpc_actors::protocol::{Call, CallError, CallScope, JsonText};

const SCRIPT: &str = r"
madrpc.register('add', args => ({ result: args.a + args.b }));
madrpc.register('echo', args => args);
madrpc.register('later', async args => args.a);
madrpc.register('fan', async args => { const calls = []; for (let i = 0; i < args.n; i++) calls.push(madrpc.call('add', { a: i, b: 1 })); return (await Promise.all(calls)).length });
";

fn engine() -> Engine {
    let surroundings = Surroundings {
        call_sync: Rc::new(|_| Err(CallError::NoNode)),
        node_name: Arc::new(OnceLock::new()),
        max_depth: 64,
        max_body: 10 << 20,
    };
    let program: Program = Arc::new([Script { path: "bench.js".into(), source: SCRIPT.into() }]);
    Engine::load(&program, surroundings).expect("loads")
}

fn call(method: &str, params: &str) -> Call {
    let params = Some(JsonText::parse(params).expect("JSON"));
    Call { method: method.into(), params, scope: CallScope::root(Duration::from_secs(30)) }
}

fn run(engine: &mut Engine, call: Call) -> usize {
    if let Some(result) = engine.invoke(1, call) {
        return result.map_or(0, |text| text.len());
    }
    for outgoing in engine.take_outgoing() {
        engine.settle(outgoing.id, Ok(JsonText::from_trusted(r#"{"result":1}"#)));
    }
    engine.run_jobs();
    engine.take_finished().len()
}

fn shared(criterion: &mut Criterion) {
    let mut engine = engine();
    let mut group = criterion.benchmark_group("engine shared");
    for (name, call) in [
        ("add", call("add", r#"{"a":1,"b":2}"#)),
        ("async", call("later", r#"{"a":1}"#)),
        ("echo", call("echo", r#"{"id":17,"user":{"first":"Ada","last":"Lovelace"},"items":[1,2,3,4.5]}"#)),
        ("fan-out of 1000", call("fan", r#"{"n":1000}"#)),
    ] {
        group.bench_function(name, |bencher| bencher.iter(|| run(&mut engine, call.clone())));
    }
    group.finish();
}

fn loading(criterion: &mut Criterion) {
    criterion.bench_function("engine load", |bencher| bencher.iter(engine));
}

criterion_group!(benches, shared, loading);
criterion_main!(benches);
