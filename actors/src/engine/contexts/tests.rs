//! Limits, isolation, and what becomes of calls when their context is replaced.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::tests::{call, on_engine_stack, surroundings};
use super::super::Script;
use super::*;
use crate::policy::overrun::Limits;
use crate::protocol::{Code, JsonText};

// ---- limits ---------------------------------------------------------------------------------------------------------

fn program(source: &str) -> Program {
    Program::new(vec![Script { path: "test.js".into(), source: source.to_owned() }])
}

fn contexts(source: &str, isolation: Isolation, limits: Limits) -> Contexts {
    Contexts::load(program(source), isolation, watched(limits)).expect("loads")
}

fn cpu(limit_ms: u64) -> Limits {
    Limits { cpu: Some(Duration::from_millis(limit_ms)), ..Limits::default() }
}

/// Waits until the next timer is due; there must be one.
fn until_a_timer_is_due(contexts: &Contexts) {
    let due = contexts.next_due().expect("a timer is set");
    while let Some(left) = due.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        std::thread::park_timeout(left);
    }
}

/// Surroundings with somebody who watches, as the pool's own thread does.
fn watched(limits: Limits) -> Surroundings {
    let surroundings = Surroundings { cpu_limit: limits.cpu, ..surroundings() };
    let watch = surroundings.watch.as_ref().map(Arc::downgrade).expect("watched");
    std::thread::spawn(move || {
        while let Some(watch) = watch.upgrade() {
            if let Some(turn) = watch.turn() {
                let (now, cpu) = (Instant::now(), limits.cpu.expect("limited"));
                if turn.before + now.duration_since(turn.since) >= cpu {
                    watch.stop(&turn, CallError::ran_too_long(cpu), cpu);
                } else if now >= turn.deadline {
                    watch.stop(&turn, CallError::Timeout, Duration::ZERO);
                }
            }
            std::thread::yield_now();
        }
    });
    surroundings
}

/// Runs one call to its end; outgoing calls are answered with 1.
fn run_in(contexts: &mut Contexts, id: InvocationId, method: &str) -> CallResult {
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut result = contexts.invoke(id, call(method, None), Instant::now());
    while result.is_none() {
        assert!(Instant::now() < deadline, "{method} neither settled nor waits for anything");
        contexts.fire_timers(Instant::now());
        contexts.run_jobs();
        let events = contexts.take_events();
        contexts.settle(events.outgoing.into_iter().map(|call| (call.id, Ok(JsonText::from_trusted("1")))).collect());
        result = events
            .winding
            .into_iter()
            .chain(events.finished)
            .find(|(finished, _)| *finished == id)
            .map(|(_, result)| result);
    }
    contexts.take_events();
    result.expect("a result")
}

fn text(result: CallResult) -> String {
    result.map_or_else(|error| error.to_string(), |text| text.as_str().to_owned())
}

const LOOPS: &str = r"
let counter = 0;
madrpc.register('count', () => ++counter);
madrpc.register('loop', () => { for (;;); });
madrpc.register('asyncLoop', async () => { for (;;); });
madrpc.register('afterAwait', async () => { await madrpc.call('x'); for (;;); });
madrpc.register('afterTwo', async () => { await null; await madrpc.call('x'); while (true) await null; });
madrpc.register('nested', () => { const f = n => { while (n > 0) ; return g(n) }; const g = n => f(n + 1); return f(0) });
madrpc.register('fibonacci', () => { const f = n => n < 2 ? n : f(n - 1) + f(n - 2); return f(60) });
madrpc.register('caught', () => { for (;;) try { for (;;); } catch { } finally { continue } });
madrpc.register('sort', () => [3, 2, 1].sort(() => { for (;;); }));
madrpc.register('replace', () => 'x'.replace(/x/, () => { do { } while (true) }));
madrpc.register('getter', () => ({ get x() { for (;;); } }));
madrpc.register('toJSON', () => ({ toJSON() { for (;;); } }));
madrpc.register('generator', () => { function* g() { for (;;) yield 1 } let n = 0; for (const x of g()) n += x; return n });
madrpc.register('executor', () => new Promise(() => { for (;;); }));
madrpc.register('then', () => Promise.resolve().then(() => { for (const i of [1]) for (;;); }));
madrpc.register('thenable', () => ({ then(done) { for (;;); } }));
madrpc.register('proxy', () => new Proxy({}, { get() { for (;;); } }).x);
madrpc.register('chain', () => { const again = () => Promise.resolve().then(again); return again() });
madrpc.register('leftover', () => { const again = () => Promise.resolve().then(again); again(); return 'left' });
madrpc.register('timer', () => new Promise(() => setTimeout(() => { for (;;); }, 1)));
madrpc.register('timerChain', () => new Promise(() => { const again = () => { for (let i = 0; i < 1e5; i++); setTimeout(again, 0) }; again() }));
madrpc.register('regexp', () => /^(a+)+$/.test('a'.repeat(60) + 'b'));
madrpc.register('regexpAfterAwait', async () => { await madrpc.call('x'); try { return /^(a+)+$/.test('a'.repeat(60) + 'b') } finally { counter = 9 } });
madrpc.register('sparse', () => new Array(2 ** 32 - 1).indexOf(1));
madrpc.register('power', () => { const e = 600000000n; return (3n ** e) && 1 });
madrpc.register('stringify', () => JSON.stringify(new Array(2 ** 32 - 1)).length);
madrpc.register('wait', async () => { await madrpc.call('x'); return 'waited' });
madrpc.register('later', () => new Promise(done => setTimeout(() => done('late'), 30)));
";

#[test]
fn every_kind_of_loop_is_stopped_and_the_context_stays_whole() {
    on_engine_stack(|| {
        let mut contexts = contexts(LOOPS, Isolation::Shared, cpu(50));
        let methods = [
            "loop",
            "asyncLoop",
            "afterAwait",
            "afterTwo",
            "nested",
            "fibonacci",
            "caught",
            "sort",
            "replace",
            "getter",
            "toJSON",
            "generator",
            "executor",
            "then",
            "thenable",
            "proxy",
            "chain",
            "timer",
            "timerChain",
            "regexp",
            "regexpAfterAwait",
            "sparse",
            "power",
            "stringify",
        ];
        for (id, method) in (2..).zip(methods) {
            let begun = Instant::now();
            let result = text(run_in(&mut contexts, id, method));
            assert_eq!(result, "-32009 Limit exceeded: running time in ms 50", "{method}");
            assert!(begun.elapsed() >= Duration::from_millis(50), "{method}");
            assert_eq!(text(run_in(&mut contexts, 100 + id, "count")), (id - 1).to_string(), "{method}");
        }
    });
}

#[test]
fn memory_that_a_turn_may_not_have_is_not_taken() {
    const SCRIPT: &str = r"
        madrpc.register('repeat', () => 'x'.repeat(2 ** 28).length);
        madrpc.register('caught', async () => { await null; try { return 'x'.repeat(2 ** 28).length } catch { return 'escaped' } });
        madrpc.register('small', () => 'x'.repeat(2 ** 24).length);
    ";
    on_engine_stack(|| {
        let surroundings = Surroundings { heap_limit: Some(64 << 20), ..watched(cpu(5_000)) };
        let mut contexts = Contexts::load(program(SCRIPT), Isolation::Shared, surroundings).expect("loads");
        for (id, method) in [(1, "repeat"), (2, "caught")] {
            let result = text(run_in(&mut contexts, id, method));
            assert_eq!(result, "-32009 Limit exceeded: memory in bytes 67108864", "{method}");
        }
        assert_eq!(text(run_in(&mut contexts, 3, "small")), "16777216");
    });
}

#[test]
fn scripts_that_do_not_finish_loading_are_stopped_and_named() {
    for source in
        ["for (;;);", "/^(a+)+$/.test('a'.repeat(60) + 'b')", "Promise.resolve().then(function again() { for (;;); })"]
    {
        let error = on_engine_stack(move || {
            Contexts::load(program(source), Isolation::Shared, watched(cpu(50)))
                .map(drop)
                .expect_err(source)
                .to_string()
        });
        let expected = "test.js: it was stopped while it loaded: -32009 Limit exceeded: running time in ms 50";
        assert_eq!(error, expected, "{source}");
    }
}

#[test]
fn promise_chains_without_end_let_other_calls_through() {
    on_engine_stack(|| {
        let mut contexts = contexts(LOOPS, Isolation::Shared, cpu(100));
        assert!(contexts.invoke(1, call("chain", None), Instant::now()).is_none());
        assert!(contexts.has_jobs());
        assert_eq!(text(run_in(&mut contexts, 2, "count")), "1");
        let mut finished = Vec::new();
        while finished.is_empty() {
            contexts.run_jobs();
            finished = contexts.take_events().finished;
        }
        let (id, result) = finished.remove(0);
        assert_eq!((id, result.map_err(|error| error.code())), (1, Err(Code::LIMIT_EXCEEDED)));
        assert_eq!(text(run_in(&mut contexts, 3, "leftover")), "\"left\"");
        let deadline = Instant::now() + Duration::from_secs(10);
        while contexts.has_jobs() {
            assert!(Instant::now() < deadline, "what a finished call left behind runs for ever");
            contexts.run_jobs();
        }
        assert_eq!(text(run_in(&mut contexts, 4, "count")), "2");
    });
}

#[test]
fn the_deadline_stops_running_scripts() {
    on_engine_stack(|| {
        let mut contexts = contexts(LOOPS, Isolation::Shared, cpu(10_000));
        let mut short = call("loop", None);
        short.scope.deadline = Instant::now() + Duration::from_millis(30);
        let result = contexts.invoke(1, short, Instant::now()).expect("stopped");
        assert_eq!(result.map_err(|error| error.code()), Err(Code::TIMEOUT));
    });
}

#[test]
fn a_turn_that_is_over_can_not_be_stopped() {
    on_engine_stack(|| {
        let surroundings = surroundings();
        let watch = surroundings.watch.clone().expect("watched");
        let mut contexts = Contexts::load(program(LOOPS), Isolation::Shared, surroundings).expect("loads");
        let watcher = std::thread::spawn(move || loop {
            if let Some(turn) = watch.turn() {
                assert!(watch.stop(&turn, CallError::Cancelled, Duration::ZERO));
                assert!(!watch.stop(&turn, CallError::Timeout, Duration::ZERO), "once");
                return (watch, turn);
            }
        });
        let result = contexts.invoke(1, call("loop", None), Instant::now()).expect("stopped");
        assert_eq!(result.map_err(|error| error.code()), Err(Code::CANCELLED));
        let (watch, turn) = watcher.join().expect("no panic");
        assert!(watch.turn().is_none() && !watch.stop(&turn, CallError::Timeout, Duration::ZERO));
        assert_eq!(text(run_in(&mut contexts, 2, "count")), "1");
        assert_eq!(text(run_in(&mut contexts, 3, "nestedOnce")), "-32601 Method not found");
    });
}

#[test]
fn calls_that_wait_go_on_when_another_is_stopped() {
    on_engine_stack(|| {
        let mut contexts = contexts(LOOPS, Isolation::Shared, cpu(50));
        assert!(contexts.invoke(1, call("wait", None), Instant::now()).is_none());
        let outgoing = contexts.take_events().outgoing;
        assert_eq!(text(run_in(&mut contexts, 3, "loop")), "-32009 Limit exceeded: running time in ms 50");
        contexts.settle(vec![(outgoing[0].id, Ok(JsonText::NULL))]);
        let (id, result) = contexts.take_events().finished.remove(0);
        assert_eq!((id, text(result)), (1, "\"waited\"".to_owned()));
    });
}

#[test]
fn calls_that_wait_finish_in_the_scripts_that_they_began_in() {
    on_engine_stack(|| {
        let mut contexts = contexts(LOOPS, Isolation::Shared, cpu(5_000));
        assert!(contexts.invoke(1, call("wait", None), Instant::now()).is_none());
        assert!(contexts.invoke(2, call("later", None), Instant::now()).is_none());
        let outgoing = contexts.take_events().outgoing;
        contexts.renew(program("madrpc.register('count', () => 'new')")).expect("loads");
        assert_eq!(text(run_in(&mut contexts, 4, "count")), "\"new\"");
        contexts.settle(vec![(outgoing[0].id, Ok(JsonText::NULL))]);
        let (id, result) = contexts.take_events().finished.remove(0);
        assert_eq!((id, text(result)), (1, "\"waited\"".to_owned()));
        until_a_timer_is_due(&contexts);
        contexts.fire_timers(Instant::now());
        let (id, result) = contexts.take_events().finished.remove(0);
        assert_eq!((id, text(result)), (2, "\"late\"".to_owned()));
        assert!(contexts.next_due().is_none() && contexts.retired.is_empty());
    });
}

#[test]
fn timers_of_the_scripts_end_when_others_take_their_place() {
    on_engine_stack(|| {
        let source = "setInterval(() => {}, 1); madrpc.register('wait', () => madrpc.call('x'))";
        let mut contexts = contexts(source, Isolation::Shared, cpu(5_000));
        assert!(contexts.invoke(1, call("wait", None), Instant::now()).is_none());
        assert!(contexts.next_due().is_some());
        contexts.renew(program("madrpc.register('other', () => 1)")).expect("loads");
        contexts.take_events();
        assert!(contexts.next_due().is_none() && contexts.retired.len() == 1, "the call still waits there");
    });
}

#[test]
fn a_script_that_loops_while_it_loads_is_an_error() {
    on_engine_stack(|| {
        for source in ["for (;;);", "const again = () => Promise.resolve().then(again); again()"] {
            for modules in [ModuleState::Shared, ModuleState::PerCall] {
                let error = Engine::load(0, &program(source), modules, watched(cpu(50))).expect_err("a loop");
                let expected = "test.js: it was stopped while it loaded: -32009 Limit exceeded: running time in ms 50";
                assert_eq!(error.to_string(), expected, "{source}");
            }
        }
    });
}

#[test]
fn waiting_does_not_count_as_running() {
    on_engine_stack(|| {
        let mut contexts = contexts(LOOPS, Isolation::Shared, cpu(20));
        assert!(contexts.invoke(1, call("later", None), Instant::now()).is_none());
        until_a_timer_is_due(&contexts);
        contexts.fire_timers(Instant::now());
        assert_eq!(text(contexts.take_events().finished.remove(0).1), "\"late\"");
    });
}

#[test]
fn timers_of_the_script_itself_are_stopped_too() {
    on_engine_stack(|| {
        let source = "let n = 0; setInterval(() => { n++; for (;;); }, 1); madrpc.register('n', () => n)";
        let mut contexts = contexts(source, Isolation::Shared, cpu(50));
        until_a_timer_is_due(&contexts);
        let begun = Instant::now();
        contexts.fire_timers(Instant::now());
        assert!(begun.elapsed() >= Duration::from_millis(50));
        assert_eq!(text(run_in(&mut contexts, 1, "n")), "1");
    });
}

// ---- isolation ------------------------------------------------------------------------------------------------------

const STATE: &str = r"
let counter = 0;
globalThis.runs = (globalThis.runs || 0) + 1;
madrpc.register('count', () => ++counter);
madrpc.register('runs', { idempotent: true }, () => globalThis.runs);
madrpc.register('leak', () => { Array.prototype.leaked = 1; return [].leaked });
madrpc.register('leaked', () => [].leaked === 1);
madrpc.register('async', async () => { counter++; await madrpc.call('x'); return ++counter });
madrpc.register('where', () => { throw new Error('here') });
madrpc.register('this', function () { return this === undefined });
";

#[test]
fn shared_keeps_module_state() {
    on_engine_stack(|| {
        let mut contexts = contexts(STATE, Isolation::Shared, cpu(5_000));
        assert_eq!(text(run_in(&mut contexts, 1, "count")), "1");
        assert_eq!(text(run_in(&mut contexts, 2, "count")), "2");
        assert_eq!(text(run_in(&mut contexts, 3, "runs")), "1");
        assert_eq!(text(run_in(&mut contexts, 4, "this")), "false");
    });
}

#[test]
fn call_gives_every_call_fresh_module_state_in_the_same_globals() {
    on_engine_stack(|| {
        let mut contexts = contexts(STATE, Isolation::Call, cpu(5_000));
        assert!(contexts.invoke(1, call("async", None), Instant::now()).is_none());
        let outgoing = contexts.take_events().outgoing;
        for id in 2..5 {
            assert_eq!(text(run_in(&mut contexts, id, "count")), "1");
        }
        // Once when it was loaded, once for each of five calls.
        assert_eq!(text(run_in(&mut contexts, 5, "runs")), "6");
        assert_eq!(text(run_in(&mut contexts, 6, "leak")), "1");
        assert_eq!(text(run_in(&mut contexts, 7, "leaked")), "true");
        contexts.settle(vec![(outgoing[0].id, Ok(JsonText::NULL))]);
        assert_eq!(text(contexts.take_events().finished.remove(0).1), "2");
        assert_eq!(text(run_in(&mut contexts, 8, "this")), "true", "factories are strict");
        assert_eq!(contexts.methods().iter().find(|method| method.name == "runs").map(|m| m.idempotent), Some(true));
        let Err(CallError::Script(error)) = run_in(&mut contexts, 9, "where") else { panic!("it throws") };
        assert!(error.data.expect("data").as_str().contains("test.js:9:"), "the line is the script's own");
        assert_eq!(
            text(contexts.invoke(10, call("toString", None), Instant::now()).expect("at once")),
            "-32601 Method not found"
        );
    });
}

#[test]
fn a_script_can_not_break_out_of_its_factory() {
    on_engine_stack(|| {
        let source = "}); (function () { madrpc.register('x', () => 1)";
        let error = Engine::load(0, &program(source), ModuleState::PerCall, surroundings()).expect_err("no script");
        assert!(error.to_string().starts_with("test.js:1:1"), "{error}");
    });
}

#[test]
fn context_gives_every_call_a_world_of_its_own() {
    on_engine_stack(|| {
        let mut contexts = contexts(STATE, Isolation::Context, cpu(5_000));
        assert!(contexts.invoke(1, call("async", None), Instant::now()).is_none());
        let outgoing = contexts.take_events().outgoing;
        assert_eq!(text(run_in(&mut contexts, 2, "leak")), "1");
        while contexts.prepare() {}
        for id in 3..12 {
            assert_eq!(text(run_in(&mut contexts, id, "count")), "1");
            assert_eq!(text(run_in(&mut contexts, id, "leaked")), "false");
        }
        contexts.settle(vec![(outgoing[0].id, Ok(JsonText::NULL))]);
        assert_eq!(text(contexts.take_events().finished.remove(0).1), "2");
    });
}

#[test]
fn a_name_that_no_method_has_uses_up_no_context() {
    on_engine_stack(|| {
        let mut contexts = contexts("madrpc.register('m', () => 1);", Isolation::Context, cpu(1_000));
        let ready = |contexts: &Contexts| contexts.ready.iter().map(|engine| engine.host.engine()).collect::<Vec<_>>();
        let before = ready(&contexts);
        assert!(matches!(run_in(&mut contexts, 1, "nobody"), Err(CallError::MethodNotFound)));
        assert_eq!(ready(&contexts), before);
        assert_eq!(text(run_in(&mut contexts, 2, "m")), "1");
        assert_ne!(ready(&contexts), before);
    });
}

#[test]
fn a_parked_call_can_be_cancelled_in_every_isolation() {
    on_engine_stack(|| {
        for isolation in [Isolation::Shared, Isolation::Call, Isolation::Context] {
            let mut contexts = contexts(STATE, isolation, cpu(5_000));
            assert!(contexts.invoke(1, call("async", None), Instant::now()).is_none());
            let outgoing = contexts.take_events().outgoing;
            contexts.cancel(1);
            assert_eq!(contexts.take_events().abandoned, [1], "{isolation:?}");
            contexts.settle(vec![(outgoing[0].id, Ok(JsonText::NULL))]);
            assert!(contexts.take_events().finished.is_empty());
        }
    });
}

/// One that waits in the same context goes on.
#[test]
fn a_panic_costs_the_call_that_ran() {
    const SCRIPT: &str = r"
        madrpc.register('wait', async () => { await madrpc.call('x'); return 'waited' });
        madrpc.register('generator', async () => {
            const forever = () => { for (;;); };
            async function* g() { for (;;) try { yield forever(); } catch { } }
            for await (const x of g());
        });
        madrpc.register('panic', () => panicForTests());
    ";
    on_engine_stack(|| {
        let mut contexts = contexts(SCRIPT, Isolation::Shared, cpu(2_000));
        assert!(contexts.invoke(1, call("wait", None), Instant::now()).is_none());
        let outgoing = contexts.take_events().outgoing;
        assert_eq!(text(run_in(&mut contexts, 2, "generator")), "-32009 Limit exceeded: running time in ms 2000");
        assert_eq!(text(run_in(&mut contexts, 3, "panic")), "-32603 The JavaScript engine failed: in panic");
        contexts.settle(vec![(outgoing[0].id, Ok(JsonText::NULL))]);
        let (id, result) = contexts.take_events().finished.remove(0);
        assert_eq!((id, text(result)), (1, "\"waited\"".to_owned()));
    });
}

/// Where the native stack would end before any limit of the engine's is met.
#[test]
fn builtins_that_recurse_natively_are_bounded() {
    const SCRIPT: &str = r"
        const deep = () => { let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return a };
        const name = (f) => { try { f() } catch (error) { return error.name } };
        madrpc.register('deep', () => [name(() => JSON.stringify(deep())), name(() => String(deep())), name(() => deep().toLocaleString())]);
        madrpc.register('usual', () => [JSON.stringify({ a: [1, { b: 2 }], c: undefined }, ['a', 'b']), JSON.stringify([1], (k, v) => v, 1), [1, [2, [3]]].join()]);
    ";
    on_engine_stack(|| {
        let mut contexts = contexts(SCRIPT, Isolation::Shared, cpu(5_000));
        assert_eq!(text(run_in(&mut contexts, 1, "deep")), r#"["RangeError","RangeError","RangeError"]"#);
        let usual = r#"["{\"a\":[1,{\"b\":2}]}","[\n 1\n]","1,2,3"]"#;
        assert_eq!(text(run_in(&mut contexts, 2, "usual")), usual);
    });
}
