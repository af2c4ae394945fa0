//! Maps in one engine: the test is the network.

use std::time::{Duration, Instant};

use super::*;
use crate::engine::tests::{call, code, load, on_engine_stack, text};
use crate::engine::{Engine, OutgoingCall};
use crate::protocol::JsonText;

fn answer(engine: &mut Engine, call: &OutgoingCall) {
    let params = call.call.params.as_ref().map_or("null", JsonText::as_str);
    engine.settle(call.id, Ok(JsonText::parse(&format!("{{\"got\":{params}}}")).expect("JSON")));
}

/// Begins `body` as a method.
fn begin(body: &str) -> Engine {
    let mut engine = load(&format!("madrpc.register('f', {body})")).expect("loads");
    let result = engine.invoke(1, call("f", None), Instant::now());
    assert!(result.is_none(), "{result:?}");
    engine
}

fn finished(engine: &mut Engine) -> String {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        engine.run_jobs();
        if let Some((_, result)) = engine.take_finished().pop() {
            return result.expect("a result").as_str().to_owned();
        }
        assert!(Instant::now() < deadline, "it does not end");
    }
}

#[test]
fn results_are_in_the_order_of_the_items_and_so_many_calls_are_open_at_once() {
    on_engine_stack(|| {
        let mut engine = begin("() => madrpc.map('m', Array.from({length: 10}, (_, i) => [i]), {concurrency: 4})");
        let (mut sizes, mut seen) = (Vec::new(), 0);
        while seen < 10 {
            let mut out = engine.take_outgoing();
            seen += out.len();
            sizes.push(out.len());
            // The last first, and what becomes free is filled together.
            out.reverse();
            out.iter().for_each(|call| answer(&mut engine, call));
        }
        let expected: Vec<_> = (0..10).map(|n| format!("{{\"got\":[{n}]}}")).collect();
        assert_eq!((finished(&mut engine), sizes), (format!("[{}]", expected.join(",")), vec![4, 4, 2]));
        assert_eq!(engine.host.maps.open_calls(), 0);
    });
}

#[test]
fn items_may_be_anything_that_can_be_iterated() {
    for items in [
        "[[1], [2], {a: 3}]",
        "new Set([[1], [2], {a: 3}])",
        "(function* () { yield [1]; yield [2]; yield {a: 3} })()",
        "(async function* () { yield [1]; await 0; yield [2]; yield {a: 3} })()",
    ] {
        on_engine_stack(move || {
            let mut engine =
                begin(&format!("async () => (await madrpc.map('m', {items}, {{concurrency: 2}})).map(r => r.got)"));
            for _ in 0..8 {
                engine.run_jobs();
                let out = engine.take_outgoing();
                assert!(out.len() <= 2, "{items}");
                out.iter().for_each(|call| answer(&mut engine, call));
            }
            assert_eq!(finished(&mut engine), r#"[[1],[2],{"a":3}]"#, "{items}");
        });
    }
    assert_eq!(text("() => madrpc.map('m', [])"), "[]");
    assert_eq!(text("() => madrpc.map('m', new Set())"), "[]");
    assert_eq!(text("() => madrpc.map('m', (async function* () {})())"), "[]");
}

#[test]
fn the_first_error_rejects_and_calls_the_others_back() {
    on_engine_stack(|| {
        let mut engine = begin(
            "async () => { let closed = 0; const items = (function* () { try { for (let i = 0;; i++) yield [i] } finally { closed++ } })(); \
             try { await madrpc.map('m', items, {concurrency: 3}) } catch (e) { return [e.code, closed] } }",
        );
        let out = engine.take_outgoing();
        answer(&mut engine, &out[0]);
        let fourth = engine.take_outgoing();
        engine.settle(out[1].id, Err(CallError::MethodNotFound));
        let mut off = engine.take_called_off();
        off.sort_unstable();
        assert_eq!(off, [out[2].id, fourth[0].id]);
        assert!(engine.take_outgoing().is_empty());
        assert_eq!(finished(&mut engine), "[-32601,1]");
        assert!(engine.take_abandoned().is_empty());
    });
}

#[test]
fn collected_errors_are_results() {
    on_engine_stack(|| {
        let mut engine = begin(
            "async () => { const steps = []; const all = await madrpc.map('m', [[1], 5, [3]], {onError: 'collect', onProgress: (...a) => steps.push(a)}); \
             return [all.map(r => r.status + (r.value?.got ?? r.reason.code)), steps] }",
        );
        let out = engine.take_outgoing();
        engine.settle(out[1].id, Err(CallError::Overloaded));
        answer(&mut engine, &out[0]);
        assert_eq!(finished(&mut engine), r#"[["fulfilled1","rejected-32602","rejected-32003"],[[1,3],[2,3],[3,3]]]"#);
    });
}

#[test]
fn a_signal_and_the_end_of_the_invocation_call_all_back() {
    on_engine_stack(|| {
        let body = "async () => { const c = new AbortController(); const all = madrpc.map('m', [[1], [2]], {signal: c.signal}); \
             await madrpc.call('wait'); c.abort('enough'); return all.catch(e => e) }";
        let mut engine = begin(body);
        let out = engine.take_outgoing();
        assert_eq!(out.len(), 3);
        engine.settle(out[2].id, Ok(JsonText::NULL));
        assert_eq!((finished(&mut engine), engine.take_called_off().len()), (r#""enough""#.to_owned(), 2));
        let mut engine = begin(body);
        assert_eq!(engine.take_outgoing().len(), 3);
        engine.cancel(1);
        assert_eq!((engine.take_abandoned(), engine.host.maps.open_calls()), (vec![1], 0));
    });
}

#[test]
fn arguments_of_map_are_checked() {
    for (arguments, expected) in [
        ("'m', [1, 2, 3]", "-32602"),
        ("'m', ['x']", "-32602"),
        ("'m', [undefined]", "-32602"),
        ("'m', [[1n]]", "-32012"),
        ("'m', [{ toJSON() { throw 7 } }]", "7"),
        ("'m', (function* () { yield []; throw 8 })()", "8"),
        ("'m', (async function* () { throw 9 })()", "9"),
        ("'m', [[]], {idempotencyKey: 'k'}", "-32602"),
        ("'m', [[]], {signal: AbortSignal.abort(3)}", "3"),
        ("'m', [[]], {onProgress() { throw 4 }}", "4"),
    ] {
        let body = format!("madrpc.register('f', () => madrpc.map({arguments}).then(() => 'done', e => e.code ?? e))");
        let result = on_engine_stack(move || crate::engine::tests::run(&mut load(&body).expect("loads"), "f", None));
        assert_eq!(result.expect("runs").as_str(), expected, "{arguments}");
    }
    for arguments in [
        "5, []",
        "'m'",
        "'m', 5",
        "'m', {}",
        "'m', [], 5",
        "'m', [], {concurrency: 0}",
        "'m', [], {concurrency: 1.5}",
        "'m', [], {concurrency: 'x'}",
        "'m', [], {onError: 'ignore'}",
        "'m', [], {onProgress: 5}",
    ] {
        let body = format!(
            "madrpc.register('f', () => {{ try {{ madrpc.map({arguments}) }} catch (e) {{ return e.name }} }})"
        );
        let result = on_engine_stack(move || crate::engine::tests::run(&mut load(&body).expect("loads"), "f", None));
        assert_eq!(result.expect("runs").as_str(), r#""TypeError""#, "{arguments}");
    }
    assert_eq!(code("() => madrpc.map('fail', [[]])"), crate::protocol::Code::METHOD_NOT_FOUND);
}
