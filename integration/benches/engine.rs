//! One call in an engine, from params as text to the result as text, in each isolation, and
//! without the first line of defence to tell what that costs.

use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use criterion::{criterion_group, criterion_main, Criterion};
use madrpc_actors::engine::{Contexts, Isolation, OutgoingCall, Program, Script, Surroundings, Watch};
use madrpc_actors::protocol::{Call, CallError, CallScope, JsonText};

const SCRIPT: &str = r"
madrpc.register('add', args => ({ result: args.a + args.b }));
madrpc.register('echo', args => args);
madrpc.register('later', async args => args.a);
madrpc.register('fan', async args => { const calls = []; for (let i = 0; i < args.n; i++) calls.push(madrpc.call('add', { a: i, b: 1 })); return (await Promise.all(calls)).length });
";

fn contexts(isolation: Isolation, watch: Option<Arc<Watch>>) -> Contexts {
    let surroundings = Surroundings {
        call_sync: Rc::new(|_| Err(CallError::NoNode)),
        waker: Rc::new(|_| std::task::Waker::noop().clone()),
        node_name: Arc::new(OnceLock::new()),
        max_depth: 64,
        max_body: 10 << 20,
        cpu_limit: Some(Duration::from_secs(10)),
        heap_limit: None,
        context_limit: Some(256 << 20),
        watch,
    };
    let program: Program = Program::new(vec![Script { path: "bench.js".into(), source: SCRIPT.into() }]);
    Contexts::load(program, isolation, surroundings).expect("loads")
}

fn call(method: &str, params: &str) -> Call {
    let params = Some(JsonText::parse(params).expect("JSON"));
    Call::new(method, params, CallScope::root(Duration::from_secs(30)))
}

fn run(contexts: &mut Contexts, call: Call) -> usize {
    if let Some(result) = contexts.invoke(1, call, Instant::now()) {
        contexts.take_events();
        contexts.tidy();
        return result.map_or(0, |text| text.len());
    }
    let answer = |outgoing: OutgoingCall| (outgoing.id, Ok(JsonText::from_trusted(r#"{"result":1}"#)));
    let mut finished = 0;
    while finished == 0 {
        let events = contexts.take_events();
        finished += events.finished.len();
        contexts.settle(events.outgoing.into_iter().map(answer).collect());
    }
    contexts.tidy();
    finished
}

fn calls(criterion: &mut Criterion) {
    for (name, isolation, watch) in [
        ("engine shared", Isolation::Shared, Some(Arc::default())),
        ("engine shared, nobody watches", Isolation::Shared, None),
        ("engine call", Isolation::Call, Some(Arc::default())),
        ("engine context", Isolation::Context, Some(Arc::default())),
    ] {
        let mut contexts = contexts(isolation, watch);
        let mut group = criterion.benchmark_group(name);
        for (name, call) in [
            ("add", call("add", r#"{"a":1,"b":2}"#)),
            ("async", call("later", r#"{"a":1}"#)),
            ("echo", call("echo", r#"{"id":17,"user":{"first":"Ada","last":"Lovelace"},"items":[1,2,3,4.5]}"#)),
            ("fan-out of 1000", call("fan", r#"{"n":1000}"#)),
        ] {
            group.bench_function(name, |bencher| bencher.iter(|| run(&mut contexts, call.clone())));
        }
        group.finish();
    }
}

fn loading(criterion: &mut Criterion) {
    criterion
        .bench_function("engine load", |bencher| bencher.iter(|| contexts(Isolation::Shared, Some(Arc::default()))));
}

criterion_group!(benches, calls, loading);
criterion_main!(benches);
