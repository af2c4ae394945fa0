//! The pool with real engines on real threads.

use std::time::{Duration, Instant};

use futures_util::StreamExt;

use super::*;
use crate::engine::Script;
use crate::policy::admission::Admission;
use crate::protocol::{CallScope, Code, JsonText};

const PROGRAM: &str = r"
let held = [];
madrpc.register('add', p => p[0] + p[1]);
madrpc.register('hold', () => new Promise(done => held.push(done)));
madrpc.register('held', () => held.length);
madrpc.register('release', () => { const all = held; held = []; all.forEach(done => done('free')); return all.length });
madrpc.register('sleep', p => new Promise(done => setTimeout(() => done(p[0]), p[0])));
madrpc.register('deep', async p => p[0] === 0 ? 0 : 1 + await madrpc.call('deep', [p[0] - 1]));
madrpc.register('deepSync', p => p[0] === 0 ? 0 : 1 + madrpc.callSync('deepSync', [p[0] - 1]));
madrpc.register('fan', async p => (await Promise.all(Array.from({length: p[0]}, (_, i) => madrpc.call('add', [i, 1])))).reduce((a, b) => a + b, 0));
madrpc.register('spin', p => { const end = Date.now() + p[0]; while (Date.now() < end); return 'spun' });
madrpc.register('holdSync', () => madrpc.callSync('hold'));
madrpc.register('parentOfHold', () => madrpc.call('hold'));
madrpc.register('panic', () => panicForTests());
let heard = 'nothing';
madrpc.register('heard', () => heard);
madrpc.register('holdUntilAborted', (p, ctx) => new Promise(() => ctx.signal.addEventListener('abort', () => {
  heard = 'a part';
  const end = Date.now() + p[0];
  while (Date.now() < end);
  heard = 'all of it';
})));
";

mod streams;
mod turns;

fn program(source: &str) -> Program {
    Program::new(vec![Script { path: "pool.js".into(), source: source.into() }])
}

fn config(program: Program) -> PoolConfig {
    PoolConfig {
        program,
        executors: 1,
        max_depth: 64,
        max_body: 1 << 20,
        node_name: Arc::new(OnceLock::new()),
        isolation: Isolation::Shared,
        limits: Limits { cpu: Some(Duration::from_secs(10)), ..Limits::default() },
        metrics: Metrics::new(),
    }
}

fn pool(executors: usize) -> JsPool {
    JsPool::start(PoolConfig { executors, ..config(program(PROGRAM)) }).expect("loads")
}

fn call(method: &str, params: &str) -> Call {
    let params = Some(JsonText::parse(params).expect("JSON"));
    Call::new(method, params, CallScope::root(Duration::from_secs(20)))
}

async fn run(pool: &JsPool, admission: &Admission, method: &str, params: &str) -> String {
    let permit = admission.admit(1, 0).expect("free");
    let result = pool.invoke(call(method, params), permit).await;
    result.map_or_else(|error| error.to_string(), |text| text.as_str().to_owned())
}

/// Waits until every call has ended.
async fn until_idle(admission: &Admission) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while admission.inflight() > 0 {
        assert!(Instant::now() < deadline, "a call was not cancelled");
        tokio::task::yield_now().await;
    }
}

/// Asks again and again, without sleeping, until `method` answers `expected`.
async fn until(pool: &JsPool, admission: &Admission, method: &str, expected: &str) {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let answer = run(pool, admission, method, "[]").await;
        if answer == expected {
            return;
        }
        assert!(Instant::now() < deadline, "{method} is {answer}, not {expected}");
    }
}

fn with_pool<F: Future<Output = ()>>(executors: usize, body: impl FnOnce(JsPool, Admission) -> F) {
    actix_rt::System::new().block_on(async {
        let admission = Admission::new(10_000);
        body(pool(executors), admission.clone()).await;
        assert_eq!(admission.inflight(), 0, "a permit was lost");
    });
}

#[test]
fn runs_calls_and_tells_its_methods() {
    with_pool(2, |pool, admission| async move {
        assert_eq!(run(&pool, &admission, "add", "[1,2]").await, "3");
        assert!(pool.knows_method("add") && !pool.knows_method("toString"));
        assert_eq!(run(&pool, &admission, "toString", "[]").await, "-32601 Method not found");
        assert_eq!(pool.busy().1, 2);
    });
}

#[test]
fn a_call_that_waits_holds_nothing_up() {
    with_pool(1, |pool, admission| async move {
        let waiting: Vec<_> =
            (0..200).map(|_| pool.invoke(call("hold", "[]"), admission.admit(1, 0).expect("free"))).collect();
        until(&pool, &admission, "held", "200").await;
        assert_eq!(run(&pool, &admission, "add", "[1,2]").await, "3");
        assert_eq!(run(&pool, &admission, "release", "[]").await, "200");
        for result in futures_util::future::join_all(waiting).await {
            assert_eq!(result.expect("released").as_str(), "\"free\"");
        }
    });
}

#[test]
fn recursion_through_the_pool_needs_one_executor_only() {
    with_pool(1, |pool, admission| async move {
        assert_eq!(run(&pool, &admission, "deep", "[30]").await, "30");
        assert_eq!(run(&pool, &admission, "deepSync", "[30]").await, "30");
        let both = ["deep", "deepSync"].map(|method| run(&pool, &admission, method, "[20]"));
        assert_eq!(futures_util::future::join_all(both).await, ["20", "20"]);
        assert!(run(&pool, &admission, "deep", "[100]").await.contains("-32011"));
        assert!(run(&pool, &admission, "deepSync", "[100]").await.contains("-32011"));
        assert_eq!(pool.busy().1, 1, "stand-ins rest again");
    });
}

#[test]
fn many_fan_outs_at_once_all_add_up() {
    with_pool(2, |pool, admission| async move {
        let runs = (0..50).map(|_| run(&pool, &admission, "fan", "[50]"));
        for sum in futures_util::future::join_all(runs).await {
            assert_eq!(sum, "1275");
        }
    });
}

#[test]
fn a_batch_answers_every_index_once() {
    with_pool(2, |pool, admission| async move {
        let calls = (0..100).map(|i| call("add", &format!("[{i},1]"))).collect();
        let permit = admission.admit(100, 0).expect("free");
        let mut results: Vec<_> = pool.invoke_batch(calls, permit).collect().await;
        results.sort_by_key(|(index, _)| *index);
        let sums: Vec<_> = results.into_iter().map(|(_, result)| result.expect("a sum").as_str().to_owned()).collect();
        assert_eq!(sums, (1..=100).map(|sum| sum.to_string()).collect::<Vec<_>>());
    });
}

#[test]
fn a_caller_that_goes_away_cancels_its_call_and_the_calls_below() {
    with_pool(1, |pool, admission| async move {
        let parent = pool.invoke(call("parentOfHold", "[]"), admission.admit(1, 0).expect("free"));
        until(&pool, &admission, "held", "1").await;
        drop(parent);
        // Its permit comes back when the executor has dropped it.
        let deadline = Instant::now() + Duration::from_secs(10);
        while admission.inflight() > 0 {
            assert!(Instant::now() < deadline, "the cancelled call is still there");
            run(&pool, &admission, "add", "[1,2]").await;
        }
        assert!(pool.0.lock_children().is_empty());
    });
}

#[test]
fn a_panic_in_the_engine_costs_its_call_and_nothing_else() {
    with_pool(1, |pool, admission| async move {
        let parked = pool.invoke(call("sleep", "[300]"), admission.admit(1, 0).expect("free"));
        let kept = pool.invoke(call("hold", "[]"), admission.admit(1, 0).expect("free"));
        until(&pool, &admission, "held", "1").await;
        let answer = run(&pool, &admission, "panic", "[]").await;
        assert_eq!(answer, "-32603 The JavaScript engine failed: in panic");
        assert_eq!(run(&pool, &admission, "add", "[1,2]").await, "3");
        assert_eq!(run(&pool, &admission, "held", "[]").await, "0", "the engine is a new one");
        assert_eq!(parked.await.expect("goes on where it waits").as_str(), "300");
        drop(kept);
        until_idle(&admission).await;
    });
}

#[test]
fn an_expired_call_does_not_run() {
    with_pool(1, |pool, admission| async move {
        let mut late = call("add", "[1,2]");
        late.scope.deadline = Instant::now();
        let result = pool.invoke(late, admission.admit(1, 0).expect("free")).await;
        assert_eq!(result.map_err(|error| error.code()), Err(Code::TIMEOUT));
    });
}

#[test]
fn scripts_that_do_not_load_are_told() {
    actix_rt::System::new().block_on(async {
        let program = Program::new(vec![Script { path: "bad.js".into(), source: "let = ".into() }]);
        let error = JsPool::start(PoolConfig { executors: 2, ..config(program) }).expect_err("a syntax error");
        assert!(error.to_string().starts_with("bad.js:1:"), "{error}");
    });
}

#[test]
fn a_call_does_not_wait_behind_a_slow_one_while_an_executor_is_idle() {
    with_pool(2, |pool, admission| async move {
        let slow = pool.invoke(call("spin", "[1500]"), admission.admit(1, 0).expect("free"));
        let begun = Instant::now();
        assert_eq!(run(&pool, &admission, "add", "[1,2]").await, "3");
        let quick = begun.elapsed();
        assert_eq!(slow.await.expect("a result").as_str(), "\"spun\"");
        assert!(quick * 2 < begun.elapsed(), "{quick:?} of {:?}", begun.elapsed());
    });
}

#[test]
fn a_reload_lets_calls_finish_in_the_old_scripts() {
    with_pool(1, |pool, admission| async move {
        let held = pool.invoke(call("hold", "[]"), admission.admit(1, 0).expect("free"));
        let slept = pool.invoke(call("sleep", "[50]"), admission.admit(1, 0).expect("free"));
        // Asked of the one executor after them: both have begun.
        until(&pool, &admission, "held", "1").await;
        let source = "madrpc.register('add', p => p[0] * p[1]); madrpc.register('fresh', () => 'new');";
        let methods = pool.reload(program(source)).await.expect("loads");
        assert_eq!(methods.iter().map(|method| method.name.as_str()).collect::<Vec<_>>(), ["add", "fresh"]);
        for _ in 0..20 {
            assert_eq!(run(&pool, &admission, "add", "[3,4]").await, "12");
        }
        assert_eq!(run(&pool, &admission, "fresh", "[]").await, "\"new\"");
        assert!(run(&pool, &admission, "sleep", "[1]").await.contains("-32601") && !pool.knows_method("sleep"));
        assert_eq!(slept.await.expect("finishes").as_str(), "50");
        drop(held);
        until_idle(&admission).await;
    });
}

#[test]
fn scripts_that_do_not_load_again_change_nothing() {
    with_pool(1, |pool, admission| async move {
        let error =
            pool.reload(program("madrpc.register('add', () => 1);\nlet x = ;")).await.expect_err("a syntax error");
        assert!(error.to_string().starts_with("pool.js:2:"), "{error}");
        assert_eq!(run(&pool, &admission, "add", "[3,4]").await, "7");
        assert!(pool.knows_method("release"));
    });
}

#[test]
fn what_runs_can_be_seen_and_answered_from_outside() {
    with_pool(1, |pool, admission| async move {
        let running = |pool: &JsPool| pool.0.watched().iter().find_map(|watched| watched.watch.turn());
        assert!(running(&pool).is_none());
        let slow = pool.invoke(call("spin", "[300]"), admission.admit(1, 0).expect("free"));
        let turn = loop {
            if let Some(turn) = running(&pool) {
                break turn;
            }
            tokio::task::yield_now().await;
        };
        assert_eq!(&*turn.method, "spin");
        assert!(pool.0.give_up(turn.invocation, CallError::LimitExceeded { what: "x", limit: 1 }));
        assert_eq!(slow.await.map_err(|error| error.code()), Err(Code::LIMIT_EXCEEDED));
        assert!(!pool.0.give_up(turn.invocation, CallError::Timeout));
        assert_eq!(run(&pool, &admission, "add", "[3,4]").await, "7");
    });
}

#[test]
fn what_hears_that_its_time_is_up_has_time_for_that() {
    with_pool(1, |pool, admission| async move {
        let mut slow = call("holdUntilAborted", "[30]");
        slow.scope.deadline = Instant::now() + Duration::from_millis(50);
        let deadline = slow.scope.deadline;
        let waiting = pool.invoke(slow, admission.admit(1, 0).expect("free"));
        while Instant::now() < deadline {
            tokio::task::yield_now().await;
        }
        // As whoever serves a call does at its deadline.
        drop(waiting);
        until_idle(&admission).await;
        assert_eq!(run(&pool, &admission, "heard", "[]").await, "\"all of it\"");
    });
}

#[test]
fn a_caller_that_goes_away_ends_the_loop_that_it_asked_for() {
    with_pool(1, |pool, admission| async move {
        let begun = Instant::now();
        let slow = pool.invoke(call("spin", "[8000]"), admission.admit(1, 0).expect("free"));
        while pool.0.watched().iter().all(|watched| watched.watch.turn().is_none()) {
            tokio::task::yield_now().await;
        }
        drop(slow);
        assert_eq!(run(&pool, &admission, "add", "[3,4]").await, "7");
        assert!(begun.elapsed() < Duration::from_secs(4), "the loop went on");
    });
}

#[test]
fn a_call_that_would_wait_in_vain_is_refused_and_one_whose_time_is_up_never_starts() {
    with_pool(1, |pool, admission| async move {
        let call_within = |timeout, depth, method, params| {
            let scope = CallScope { depth, ..CallScope::root(timeout) };
            let call = Call { scope, ..call(method, params) };
            pool.invoke(call, admission.admit(1, depth).expect("free"))
        };
        let (soon, long) = (Duration::from_millis(100), Duration::from_secs(20));
        // What a call takes is known from those before it.
        for _ in 0..40 {
            assert_eq!(run(&pool, &admission, "spin", "[20]").await, "\"spun\"");
        }
        let ahead: Vec<_> = (0..20).map(|_| call_within(long, 0, "spin", "[20]")).collect();
        let refused = call_within(soon, 0, "hold", "[]").await.expect_err("it would wait for 400 ms");
        assert!(matches!(refused, CallError::Overloaded));
        assert!(pool.queue() > 0, "it was told while the others still waited");
        let nested = call_within(soon, 1, "hold", "[]").await.expect_err("it waits, but no longer than it may");
        assert!(matches!(nested, CallError::Timeout));
        let patient = call_within(long, 0, "add", "[1,2]").await;
        assert_eq!(patient.expect("it has the time").as_str(), "3");
        assert!(futures_util::future::join_all(ahead).await.iter().all(Result::is_ok));
        assert_eq!(run(&pool, &admission, "held", "[]").await, "0", "neither of the two has begun");
    });
}

#[test]
fn a_caller_that_goes_away_cancels_what_a_blocked_script_waits_for() {
    with_pool(1, |pool, admission| async move {
        let blocked = pool.invoke(call("holdSync", "[]"), admission.admit(1, 0).expect("free"));
        let parked = || pool.0.lock_roster().everyone.iter().any(|executor| !executor.calls.none_parked());
        let deadline = Instant::now() + Duration::from_secs(10);
        while !parked() {
            assert!(Instant::now() < deadline, "the inner call never came to wait");
            tokio::task::yield_now().await;
        }
        drop(blocked);
        while pool.0.has_calls() {
            assert!(Instant::now() < deadline, "the inner call is still there");
            tokio::task::yield_now().await;
        }
        until_idle(&admission).await;
    });
}
