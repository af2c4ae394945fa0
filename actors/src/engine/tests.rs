//! What the engine promises scripts, tried on real scripts.

use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::*;
use crate::protocol::{CallScope, Code, ScriptError};

/// Rust's default for test threads is 2 MiB; an engine needs what its executor would give it.
pub(super) fn on_engine_stack<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    let body = || {
        use_stack();
        body()
    };
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(body).expect("a thread");
    match thread.join() {
        Ok(value) => value,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

pub(super) fn surroundings() -> Surroundings {
    let node_name = Arc::new(OnceLock::new());
    node_name.set("http://127.0.0.1:9001".to_owned()).expect("unset");
    Surroundings {
        call_sync: Rc::new(|calls| {
            let methods: Vec<_> = calls.iter().map(|outgoing| outgoing.call.method.as_str()).collect();
            JsonText::of(&serde_json::json!({"sync": methods}))
        }),
        waker: Rc::new(|_| std::task::Waker::noop().clone()),
        node_name,
        max_depth: 64,
        max_body: 1 << 20,
        cpu_limit: Some(Duration::from_secs(5)),
        heap_limit: None,
        context_limit: None,
        watch: Some(Arc::default()),
    }
}

pub(super) fn load(source: &str) -> Result<Engine, LoadError> {
    let program: Program = Program::new(vec![Script { path: "test.js".into(), source: source.to_owned() }]);
    Engine::load(0, &program, ModuleState::Shared, surroundings())
}

pub(super) fn call(method: &str, params: Option<&str>) -> Call {
    let params = params.map(|text| JsonText::parse(text).expect("JSON"));
    Call::new(method, params, CallScope::root(Duration::from_secs(5)))
}

/// Runs one call to its end. Calls that the script makes are answered with `[method, params]`, or fail when the
/// method's name begins with `fail`; fetches as `fetches::tests` says.
pub(super) fn run(engine: &mut Engine, method: &str, params: Option<&str>) -> CallResult {
    let deadline = Instant::now() + Duration::from_secs(10);
    if let Some(result) = engine.invoke(1, call(method, params), Instant::now()) {
        return result;
    }
    loop {
        let finished = engine.take_finished().pop();
        // The generator of one that comes first in the other list goes on.
        if let Some((_, result)) = engine.take_winding().pop().or(finished) {
            return result;
        }
        assert!(Instant::now() < deadline, "{method} neither settled nor waits for anything");
        for outgoing in engine.take_outgoing() {
            let answer = if outgoing.call.method.starts_with("fail") {
                Err(CallError::MethodNotFound)
            } else {
                let params = outgoing.call.params.as_ref().map_or("null", JsonText::as_str);
                Ok(JsonText::parse(&format!("[\"{}\",{params}]", outgoing.call.method)).expect("JSON"))
            };
            engine.settle(outgoing.id, answer);
        }
        fetches::tests::answer_all(engine);
        engine.run_jobs();
        if let Some(due) = engine.next_due().filter(|_| !engine.has_jobs()) {
            std::thread::park_timeout(due.saturating_duration_since(Instant::now()));
            engine.fire_timers(Instant::now());
        }
    }
}

/// The result of `body` as a method, as text.
fn eval(body: &'static str) -> CallResult {
    eval_with(body, None)
}

fn eval_with(body: &'static str, params: Option<&'static str>) -> CallResult {
    on_engine_stack(move || {
        let mut engine = load(&format!("madrpc.register('f', {body})")).expect("loads");
        run(&mut engine, "f", params)
    })
}

pub(super) fn text(body: &'static str) -> String {
    eval(body).unwrap_or_else(|error| panic!("{body}: {error}")).as_str().to_owned()
}

pub(super) fn script_error(body: &'static str) -> ScriptError {
    match eval(body) {
        Err(CallError::Script(error)) => *error,
        other => panic!("{body}: {other:?}"),
    }
}

pub(super) fn code(body: &'static str) -> Code {
    eval(body).map(|text| panic!("{body} gave {}", text.as_str())).unwrap_or_else(|error: CallError| error.code())
}

#[test]
fn results_are_as_json_stringify_has_them() {
    let cases = [
        ("() => 3000000000", "3000000000"),
        ("() => -0", "0"),
        ("() => 0.1", "0.1"),
        ("() => 1e21", "1e+21"),
        ("() => undefined", "null"),
        ("() => NaN", "null"),
        ("() => [1,,undefined,() => 1,Symbol()]", "[1,null,null,null,null]"),
        ("() => ({a:undefined,b(){},c:Symbol(),d:1})", r#"{"d":1}"#),
        ("() => new Date(0)", r#""1970-01-01T00:00:00.000Z""#),
        ("() => new Map([[1,2]])", "{}"),
        ("() => ({get a() { return this.b + 1 }, b: 1})", r#"{"a":2,"b":1}"#),
        ("() => ({toJSON() { return 5 }})", "5"),
        ("() => ({a: {toJSON(key) { return 'for ' + key }}})", r#"{"a":"for a"}"#),
        ("() => ({toJSON() { return undefined }})", "null"),
        ("() => ({toJSON() { return {toJSON() { return 1 }, x: 2} }})", r#"{"x":2}"#),
        ("() => '\\ud800'", r#""\ud800""#),
        ("() => '\\u{1f600}é\"\\\\\\n\\u0001'", "\"😀é\\\"\\\\\\n\\u0001\""),
        ("() => ({b:1, 2:1, a:1, 1:1})", r#"{"1":1,"2":1,"b":1,"a":1}"#),
        ("() => [new Number(3), new String('x'), new Boolean(false)]", r#"[3,"x",false]"#),
        ("() => new Proxy([1,2], {})", "[1,2]"),
        ("() => new Proxy({a:1}, {})", r#"{"a":1}"#),
        ("() => new Uint8Array([1,2])", r#"{"0":1,"1":2}"#),
        (
            "() => Object.create({inherited: 1}, {hidden: {value: 1}, seen: {value: 2, enumerable: true}})",
            r#"{"seen":2}"#,
        ),
        ("() => { const o = {get a() { delete o.b; o.c = 9; return 1 }, b: 2, c: 3}; return o }", r#"{"a":1,"c":9}"#),
        ("() => { const a = [{toJSON() { a[1] = 7; return 0 }}, 1]; return a }", "[0,7]"),
        ("() => [1.5, 2.5]", "[1.5,2.5]"),
        ("() => new (class P { x = 1; get y() { return 2 } })", r#"{"x":1}"#),
        ("() => { BigInt.prototype.toJSON = function () { return String(this) }; return [1n] }", r#"["1"]"#),
    ];
    for (body, expected) in cases {
        assert_eq!(text(body), expected, "{body}");
    }
}

#[test]
fn what_has_no_json_is_an_error() {
    for body in [
        "() => 1n",
        "() => ({a: 1n})",
        "() => () => 1",
        "() => Symbol()",
        "() => { const a = []; a.push(a); return a }",
    ] {
        assert_eq!(code(body), Code::NOT_SERIALISABLE, "{body}");
    }
    assert_eq!(code("() => ({get a() { throw new Error('x') }})"), Code::SCRIPT);
}

#[test]
fn depth_and_size_of_a_result_are_bounded() {
    let nested = "n => { let v = []; for (let i = 1; i < n[0]; i++) v = [v]; return v }";
    assert_eq!(eval_with(nested, Some("[128]")).map(|text| text.len()).ok(), Some(256));
    assert_eq!(eval_with(nested, Some("[129]")).map_err(|error| error.code()).err(), Some(Code::LIMIT_EXCEEDED));
    assert_eq!(eval_with(nested, Some("[100000]")).map_err(|error| error.code()).err(), Some(Code::LIMIT_EXCEEDED));
    assert_eq!(code("() => 'x'.repeat(2_000_000)"), Code::TOO_LARGE);
    assert_eq!(code("() => new Array(2_000_000).fill(0)"), Code::TOO_LARGE);
}

#[test]
fn params_are_as_json_parse_has_them() {
    let echo = "p => p";
    for text in [
        r#"{"a":3000000000}"#,
        r#"{"__proto__":1,"b":{"__proto__":null}}"#,
        r#"["\ud800",{"\udc00":1}]"#,
        "[0.1,-1,1e+21]",
        "[[],{},\"\",null,true,false]",
    ] {
        assert_eq!(eval_with(echo, Some(text)).expect("echoes").as_str(), text);
    }
    assert_eq!(eval_with("p => Object.is(p[0], -0)", Some("[-0]")).expect("runs").as_str(), "true");
    assert_eq!(eval_with("p => p[0] === Infinity", Some("[1e400]")).expect("runs").as_str(), "true");
    assert_eq!(eval_with("p => p.a", Some(r#"{"a":1,"a":2}"#)).expect("runs").as_str(), "2");
    assert_eq!(
        eval_with("p => Object.getPrototypeOf(p) === Object.prototype", Some(r#"{"__proto__":null}"#))
            .expect("runs")
            .as_str(),
        "true"
    );
    assert_eq!(eval("(...args) => [args.length, args[0] === undefined]").expect("runs").as_str(), "[2,true]");
}

#[test]
fn json_parse_reads_what_the_reader_reads() {
    assert_eq!(text(r#"() => JSON.parse('{"a":[1,{"b":"\\ud83d"}]}')"#), r#"{"a":[1,{"b":"\ud83d"}]}"#);
    assert_eq!(text(r#"() => JSON.parse('[1,2]', (k, v) => Array.isArray(v) ? v : v * 2)"#), "[2,4]");
    assert_eq!(text("() => { try { JSON.parse('{') } catch (e) { return e instanceof SyntaxError } }"), "true");
    assert_eq!(
        text("() => { try { JSON.parse('['.repeat(100000)) } catch (e) { return e instanceof SyntaxError } }"),
        "true"
    );
}

fn data(error: &ScriptError) -> serde_json::Value {
    serde_json::from_str(error.data.as_ref().expect("data").as_str()).expect("JSON")
}

#[test]
fn errors_keep_message_name_and_place() {
    for body in [
        "() => { throw new TypeError('no') }",
        "async () => { throw new TypeError('no') }",
        "async () => { await 0; throw new TypeError('no') }",
        "async () => { await new Promise(r => setTimeout(r, 1)); throw new TypeError('no') }",
    ] {
        let error = script_error(body);
        assert_eq!((error.code, error.message.as_str()), (Code::SCRIPT, "no"), "{body}");
        let data = data(&error);
        assert_eq!(
            (&data["name"], &data["method"], &data["node"]),
            (&"TypeError".into(), &"f".into(), &"http://127.0.0.1:9001".into())
        );
        let stack = data["stack"].as_str().expect("a stack");
        assert!(stack.starts_with("TypeError: no\n") && stack.contains("test.js:1:"), "{body}: {stack}");
    }
    let error = script_error("() => undefined.x");
    assert_eq!(data(&error)["name"], "TypeError");
    assert!(data(&error)["stack"].as_str().expect("a stack").contains("test.js:1:"), "{error:?}");
}

#[test]
fn thrown_values_that_are_no_errors_say_what_and_where() {
    let cases = [
        ("() => { throw 'text' }", "text", "string"),
        ("async () => { throw 5 }", "5", "number"),
        ("async () => { await 0; throw {a: 1} }", r#"{"a":1}"#, "object"),
        ("() => Promise.reject(null)", "null", "object"),
        ("async () => { await 0; throw undefined }", "undefined", "undefined"),
    ];
    for (body, message, name) in cases {
        let error = script_error(body);
        assert_eq!((error.message.as_str(), data(&error)["name"].as_str()), (message, Some(name)), "{body}");
        let stack = data(&error)["stack"].as_str().expect("a stack").to_owned();
        assert!(stack.contains("test.js:1:"), "{body}: {stack}");
    }
}

#[test]
fn an_rpc_error_keeps_its_code_message_and_data() {
    for body in [
        "() => { throw new madrpc.RpcError(-32050, 'm', {k: [1]}) }",
        "async () => { await 0; throw new (class Own extends madrpc.RpcError {})(-32050, 'm', {k: [1]}) }",
    ] {
        let error = script_error(body);
        assert_eq!((error.code.0, error.message.as_str()), (-32050, "m"));
        assert_eq!(error.data.as_ref().map(JsonText::as_str), Some(r#"{"k":[1]}"#));
    }
    assert_eq!(script_error("() => { throw new madrpc.RpcError(7, 'm') }").data, None);
    assert_eq!(text("() => { try { new madrpc.RpcError('x') } catch (e) { return e.name } }"), r#""TypeError""#);
    assert_eq!(
        text("() => { const e = new madrpc.RpcError(1, 'm'); return [e instanceof Error, e.name, String(e)] }"),
        r#"[true,"RpcError","RpcError: m"]"#
    );
}

#[test]
fn data_of_an_rpc_error_that_has_no_json_is_not_lost_in_silence() {
    for (body, why) in [
        ("() => { const o = {}; o.o = o; throw new madrpc.RpcError(7, 'm', o) }", "a cyclic value"),
        ("() => { throw new madrpc.RpcError(7, 'm', [1n]) }", "a BigInt"),
        ("() => { throw new madrpc.RpcError(7, 'm', () => 1) }", "a function"),
        ("() => { throw new madrpc.RpcError(7, 'm', { get a() { throw 1 } }) }", "a getter of it throws"),
        ("() => { throw new madrpc.RpcError(7, 'm', 'x'.repeat(1 << 20)) }", "it is longer than 65536 bytes"),
    ] {
        let error = script_error(body);
        assert_eq!((error.code.0, error.message.as_str()), (7, "m"), "{body}");
        let told = error.data.as_ref().map(|data| serde_json::from_str::<serde_json::Value>(data.as_str()));
        let told = told.expect("data").expect("JSON");
        assert_eq!(told, serde_json::json!({"omitted": {"data": why}}), "{body}");
    }
}

#[test]
fn calls_wait_without_holding_the_engine() {
    assert_eq!(
        text("async () => (await Promise.all([1, 2, 3].map(n => madrpc.call('m', [n])))).map(r => r[1][0])"),
        "[1,2,3]"
    );
    assert_eq!(text("() => madrpc.call('m')"), r#"["m",null]"#);
    assert_eq!(text("() => { madrpc.call('before'); return madrpc.callSync('m') }"), r#"{"sync":["before","m"]}"#);
    assert_eq!(text("() => ({then(resolve) { resolve(7) }})"), "7");
}

#[test]
fn a_failed_call_rejects_with_an_rpc_error() {
    let body = "async () => { try { await madrpc.call('fail') } catch (e) { return [e instanceof madrpc.RpcError, e.code, e.message] } }";
    assert_eq!(text(body), r#"[true,-32601,"Method not found"]"#);
    assert_eq!(code("() => madrpc.call('fail')"), Code::METHOD_NOT_FOUND);
}

#[test]
fn arguments_of_call_are_checked_before_anything_is_sent() {
    for (params, expected) in [("5", -32602), ("'x'", -32602), ("() => 1", -32602), ("null", -32602), ("[1n]", -32012)]
    {
        let body = format!("madrpc.register('f', () => madrpc.call('m', {params}).then(() => 'sent', e => e.code))");
        let result = on_engine_stack(move || run(&mut load(&body).expect("loads"), "f", None));
        assert_eq!(result.expect("runs").as_str(), expected.to_string(), "{params}");
    }
    assert_eq!(text("() => { try { madrpc.call(5) } catch (e) { return e.name } }"), r#""TypeError""#);
    assert_eq!(
        text("() => { try { madrpc.call('m', [], {timeoutMs: -1}) } catch (e) { return e.name } }"),
        r#""TypeError""#
    );
}

#[test]
fn calls_nest_only_so_deeply() {
    let result = on_engine_stack(|| {
        let mut engine = load("madrpc.register('f', () => madrpc.call('m'))").expect("loads");
        let mut deep = call("f", None);
        deep.scope.depth = 64;
        assert!(engine.invoke(1, deep, Instant::now()).is_none());
        engine.run_jobs();
        engine.take_finished().pop().map(|(_, result)| result.map_err(|error| error.code()))
    });
    assert!(matches!(result, Some(Err(Code::DEPTH_EXCEEDED))), "{result:?}");
}

#[test]
fn the_current_call_holds_across_await_and_timers() {
    let ids = on_engine_stack(|| {
        let mut engine = load(
            "madrpc.register('f', async (p, ctx) => { const ids = [ctx.id]; await 0; ids.push(ctx.id); \
             await new Promise(r => setTimeout(r, 1)); await madrpc.call('m'); return [...ids, ctx.method, typeof ctx.deadline, ctx.trace.traceId.length] })",
        )
        .expect("loads");
        let (first, second) = (call("f", None), call("f", None));
        let scope = first.scope.clone();
        assert!(
            engine.invoke(1, first, Instant::now()).is_none() && engine.invoke(2, second, Instant::now()).is_none()
        );
        let mut parents = Vec::new();
        let mut results = Vec::new();
        let deadline = Instant::now() + Duration::from_secs(10);
        while results.len() < 2 && Instant::now() < deadline {
            engine.fire_timers(Instant::now());
            for outgoing in engine.take_outgoing() {
                parents.push((outgoing.parent, outgoing.call.scope.trace.trace_id, outgoing.call.scope.depth));
                engine.settle(outgoing.id, Ok(JsonText::NULL));
            }
            engine.run_jobs();
            results.extend(engine.take_finished());
        }
        assert!(parents.contains(&(1, scope.trace.trace_id, 1)), "{parents:?}");
        assert_eq!(parents.len(), 2);
        results.into_iter().find(|(id, _)| *id == 1).map(|(_, result)| (result.expect("a result"), scope.to_string()))
    });
    let (result, id) = ids.expect("settles");
    assert_eq!(result.as_str(), format!(r#"["{id}","{id}","f","number",32]"#));
}

#[test]
fn a_call_that_is_cancelled_takes_its_intervals_and_calls_with_it() {
    on_engine_stack(|| {
        let mut engine = load(
            "let late = 0; madrpc.register('g', () => { setInterval(() => late++, 0); \
             madrpc.call('m'); return new Promise(() => {}) }); madrpc.register('late', () => late)",
        )
        .expect("loads");
        assert!(engine.invoke(2, call("g", None), Instant::now()).is_none());
        let sent = engine.take_outgoing();
        engine.cancel(2);
        assert_eq!((engine.parked(), engine.take_abandoned(), engine.next_due()), (0, vec![2], None));
        engine.settle(sent[0].id, Ok(JsonText::NULL));
        engine.run_jobs();
        assert_eq!(run(&mut engine, "late", None).expect("runs").as_str(), "0");
    });
}

#[test]
fn calls_that_may_end_before_what_made_them_are_told_from_the_others() {
    on_engine_stack(|| {
        let source = "setTimeout(() => madrpc.call('background'));
            madrpc.register('both', () => { madrpc.call('as long'); return madrpc.call('short', [], {timeoutMs: 5}); });";
        let mut engine = load(source).expect("loads");
        assert!(engine.invoke(1, call("both", None), Instant::now()).is_none());
        engine.fire_timers(Instant::now() + Duration::from_secs(1));
        let mut sent: Vec<_> =
            engine.take_outgoing().into_iter().map(|sent| (sent.call.method, sent.bounded)).collect();
        sent.sort();
        assert_eq!(sent, [("as long".to_owned(), false), ("background".to_owned(), true), ("short".to_owned(), true)]);
    });
}

#[test]
fn timers_fire_in_order_with_their_arguments_and_can_be_cleared() {
    let body = "() => new Promise(done => { const seen = []; setTimeout((a, b) => { seen.push(a + b); done(seen) }, 3, 1, 2); \
                setTimeout(() => seen.push('first'), 1); clearTimeout(setTimeout(() => seen.push('never'), 1)); \
                const i = setInterval(() => { seen.push('tick'); clearInterval(i) }, 2) })";
    assert_eq!(text(body), r#"["first","tick",3]"#);
    assert_eq!(
        script_error("() => new Promise(() => setTimeout(() => { throw new Error('late') }, 1))").message,
        "late"
    );
}

#[test]
fn recursion_meets_its_limit_before_the_stack_ends() {
    for body in [
        "() => { const f = () => f(); f() }",
        "() => { const f = () => [1].map(f); f() }",
        "() => { const f = () => [2, 1].sort(f); f() }",
        "() => { const f = () => 'x'.replace(/x/, f); f() }",
        "() => { const o = { get a() { return o.a } }; return o.a }",
        "() => { const f = () => Reflect.apply(f, null, []); f() }",
        "() => { class A { constructor() { new A() } } new A() }",
        "async () => { const f = () => [1].map(f); f() }",
    ] {
        assert_eq!(code(body), Code::LIMIT_EXCEEDED, "{body}");
    }
    // Ordinary recursion is well within it.
    assert_eq!(text("() => { const f = n => n ? f(n - 1) : 'done'; return f(1500) }"), r#""done""#);
}

#[test]
fn only_registered_names_are_methods() {
    for name in ["toString", "constructor", "__proto__", "hasOwnProperty", ""] {
        let result =
            on_engine_stack(move || run(&mut load("madrpc.register('f', () => 1)").expect("loads"), name, None));
        assert!(matches!(result, Err(CallError::MethodNotFound)), "{name}");
    }
}

#[test]
fn a_script_that_does_not_load_says_where() {
    let cases = [
        ("let x = ;", "test.js:1:9: SyntaxError"),
        ("\n\n  nonsense()", "test.js:3:"),
        ("madrpc.register('_x', () => 1)", "reserved"),
        ("madrpc.register('rpc.x', () => 1)", "reserved"),
        ("madrpc.register('a', 5)", "not a function"),
        ("madrpc.register('a', () => 1); madrpc.register('a', () => 2)", "already"),
        ("eval('1')", "not made from strings"),
        ("new Function('return 1')", "not made from strings"),
        ("madrpc.register('h', {hedge: true}, () => 1)", "hedge needs idempotent"),
    ];
    for (source, expected) in cases {
        let error = on_engine_stack(move || load(source).map(|_| ())).expect_err(source).to_string();
        assert!(error.contains(expected), "{source}: {error}");
    }
}

#[test]
fn methods_tell_what_they_are() {
    let methods = on_engine_stack(|| {
        load("madrpc.register('b', {idempotent: true, description: 'd', timeoutMs: 50}, () => 1); madrpc.register('a', () => 1)").expect("loads").methods()
    });
    assert_eq!(methods[0], MethodInfo::named("a"));
    let expected =
        MethodInfo { idempotent: true, description: Some("d".into()), timeout_ms: Some(50), ..MethodInfo::named("b") };
    assert_eq!(methods[1], expected);
}
