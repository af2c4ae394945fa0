//! What the host APIs have to do with calls: whose error it is, what is cancelled, what the log gets.

use std::cell::RefCell;
use std::sync::Once;
use std::time::{Duration, Instant};

use crate::engine::tests::{call, code, load, on_engine_stack, run, script_error, text};
use crate::protocol::{Code, JsonText};

#[test]
fn a_throw_that_nobody_can_catch_ends_the_call() {
    for body in [
        "() => new Promise(() => queueMicrotask(() => { throw new Error('late') }))",
        "async () => { await 0; queueMicrotask(() => { throw new Error('late') }); await new Promise(() => {}) }",
        "() => new Promise(() => { const c = new AbortController(); c.signal.onabort = () => { throw new Error('late') }; c.abort() })",
        "() => new Promise(() => { const t = new EventTarget(); t.addEventListener('x', {}); t.addEventListener('x', () => 1); t.dispatchEvent(new Event('x')) })",
    ] {
        let message = script_error(body).message;
        assert!(message == "late" || message.contains("handleEvent"), "{body}: {message}");
    }
    let all = "async () => { const seen = []; const t = new EventTarget(); \
               t.addEventListener('x', () => { throw new Error('late') }); t.addEventListener('x', () => seen.push(1)); \
               t.dispatchEvent(new Event('x')); if (seen.length) throw new Error('second ran'); }";
    assert_eq!(script_error(all).message, "late", "the first error counts, though the second listener ran");
}

#[test]
fn limits_hold_inside_of_callbacks() {
    for body in [
        "() => new Promise(() => queueMicrotask(() => { const f = () => f(); f() }))",
        "() => { const t = new EventTarget(); const f = () => f(); t.addEventListener('x', f); t.dispatchEvent(new Event('x')) }",
        "() => { new URLSearchParams('a=1').forEach(function f() { f() }) }",
        "() => { const o = { get a() { return structuredClone(o) } }; structuredClone(o) }",
        "() => { const f = () => { const t = new EventTarget(); t.addEventListener('x', f); t.dispatchEvent(new Event('x')) }; f() }",
    ] {
        assert_eq!(code(body), Code::LIMIT_EXCEEDED, "{body}");
    }
}

#[test]
fn microtasks_run_on_behalf_of_their_call() {
    let body =
        "(p, ctx) => new Promise(done => queueMicrotask(async () => done(await madrpc.call('m', [ctx.method]))))";
    assert_eq!(text(body), r#"["m",["f"]]"#);
}

#[test]
fn microtasks_are_bounded() {
    let body = "() => { let count = 0; try { for (;;) { queueMicrotask(() => {}); count++ } } catch (e) { return [e.name, count > 1000] } }";
    assert_eq!(text(body), r#"["QuotaExceededError",true]"#);
}

#[test]
fn an_aborted_call_is_not_open_any_more() {
    on_engine_stack(|| {
        let mut engine = load(
            "let c; madrpc.register('f', async () => { c = new AbortController(); \
             try { await madrpc.call('m', [], {signal: c.signal}) } catch (e) { return e.name } }); \
             madrpc.register('abort', () => { c.abort() }); \
             madrpc.register('unsent', async () => { const c = new AbortController(); \
             const p = madrpc.call('m', [], {signal: c.signal}); c.abort(5); return p.catch(e => e) })",
        )
        .expect("loads");
        assert!(engine.invoke(1, call("f", None), std::time::Instant::now()).is_none());
        let sent = engine.take_outgoing();
        assert_eq!(sent.len(), 1);
        assert!(engine.invoke(2, call("abort", None), std::time::Instant::now()).expect("ends").is_ok());
        engine.run_jobs();
        let finished = engine.take_finished();
        assert_eq!(finished[0].1.as_ref().expect("a result").as_str(), r#""AbortError""#);
        assert!(engine.take_abandoned().is_empty(), "nothing of it was open at its end");
        engine.settle(sent[0].id, Ok(JsonText::NULL));
        engine.run_jobs();
        assert!(engine.invoke(3, call("unsent", None), std::time::Instant::now()).is_none());
        assert_eq!(engine.take_outgoing().len(), 0, "a call that was aborted in its turn does not leave");
        assert_eq!(engine.take_finished()[0].1.as_ref().expect("a result").as_str(), "5");
    });
}

#[test]
fn cancelling_a_call_aborts_its_signal() {
    on_engine_stack(|| {
        let mut engine = load(
            "const seen = []; madrpc.register('f', (p, ctx) => { \
             ctx.signal.onabort = async () => { seen.push(ctx.signal.reason.name); await 0; seen.push('after') }; return new Promise(() => {}) }); \
             madrpc.register('g', (p, ctx) => { globalThis.kept = ctx; ctx.signal.onabort = () => seen.push('never'); return 1 }); \
             madrpc.register('seen', () => [...seen, globalThis.kept?.signal.aborted])",
        )
        .expect("loads");
        assert!(engine.invoke(1, call("f", None), std::time::Instant::now()).is_none());
        engine.cancel(1);
        engine.cancel(1);
        assert!(engine.invoke(2, call("g", None), std::time::Instant::now()).is_some());
        engine.cancel(2);
        assert_eq!(run(&mut engine, "seen", None).expect("runs").as_str(), r#"["AbortError","after",false]"#);
    });
}

#[test]
fn a_timeout_ends_with_its_call() {
    on_engine_stack(|| {
        let mut engine = load("madrpc.register('f', () => { AbortSignal.timeout(1) })").expect("loads");
        assert!(engine.invoke(1, call("f", None), std::time::Instant::now()).is_some());
        assert_eq!(engine.next_due(), None);
        let mut engine =
            load("madrpc.register('f', () => { AbortSignal.timeout(2 ** 53 - 1); return new Promise(() => {}) })")
                .expect("loads");
        assert!(engine.invoke(1, call("f", None), std::time::Instant::now()).is_none());
        let due = engine.next_due().expect("a timer");
        assert!(due > Instant::now() + Duration::from_secs(20 * 86_400), "the longest time is not taken for none");
    });
}

#[test]
fn a_signal_that_outlives_calls_forgets_theirs() {
    on_engine_stack(|| {
        let mut engine = load(
            "const c = new AbortController(); let heard = 0; \
             madrpc.register('f', () => { AbortSignal.any([c.signal]).onabort = () => heard++ }); \
             madrpc.register('heard', () => { c.abort(); return heard < 100 })",
        )
        .expect("loads");
        for _ in 0..1_000 {
            run(&mut engine, "f", None).expect("runs");
        }
        assert_eq!(run(&mut engine, "heard", None).expect("runs").as_str(), "true");
    });
}

#[test]
fn a_dom_exception_reaches_the_caller_with_its_stack() {
    let error = script_error("() => { atob('a') }");
    let data: serde_json::Value = serde_json::from_str(error.data.as_ref().expect("data").as_str()).expect("JSON");
    assert_eq!(data["name"], "InvalidCharacterError");
    assert!(data["stack"].as_str().expect("a stack").contains("test.js:1:"), "{data}");
}

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Keeps what a thread logs for that thread.
struct Keeper;

impl log::Log for Keeper {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        if record.target() == "script" {
            LINES.with_borrow_mut(|lines| lines.push(format!("{} {}", record.level(), record.args())));
        }
    }

    fn flush(&self) {}
}

/// What a script logs while it loads.
fn logged(source: &'static str) -> Vec<String> {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Keeper).expect("no other logger");
        log::set_max_level(log::LevelFilter::Debug);
    });
    on_engine_stack(move || {
        drop(load(source).unwrap_or_else(|error| panic!("{source}: {error}")));
        LINES.take()
    })
}

#[test]
fn levels_of_console() {
    assert_eq!(
        logged("console.log('a'); console.info('b'); console.debug('c'); console.warn('d'); console.error('e'); console.log()"),
        ["INFO a", "INFO b", "DEBUG c", "WARN d", "ERROR e"]
    );
    let lines =
        logged("console.assert(true, 'x'); console.assert(false, 'a %s', 1); console.assert(); console.clear()");
    assert_eq!(lines, ["ERROR Assertion failed: a 1", "ERROR Assertion failed"]);
}

#[test]
fn values_are_shown() {
    let cases = [
        ("1, -0, 1.5, 'text', null, undefined, true, 5n", "1 -0 1.5 text null undefined true 5n"),
        ("['a', 1, [2, {b: \"it's\"}]]", r"[ 'a', 1, [ 2, { b: 'it\'s' } ] ]"),
        ("[1,,,4], [], {}", "[ 1, <2 empty>, 4 ] [] {}"),
        ("new Map([[1, {a: 2}]]), new Set(['x']), new Map()", "Map(1) { 1 => { a: 2 } } Set(1) { 'x' } Map(0) {}"),
        (
            "new Date(0), /a/g, new Uint8Array([1, 2]), new ArrayBuffer(3)",
            "1970-01-01T00:00:00.000Z /a/g Uint8Array(2) [ 1, 2 ] ArrayBuffer { byteLength: 3 }",
        ),
        ("function f() {}, () => 1, class A {}", "[Function: f] [Function: (anonymous)] [Function: A]"),
        (
            "new (class P { x = 1 }), Object.create(null), new Proxy({}, {get() { throw 1 }})",
            "P { x: 1 } [Object: null prototype] {} [Proxy]",
        ),
        ("{ get a() { throw 1 }, [Symbol('s')]: 1 }", "{ a: [Getter], Symbol(s): 1 }"),
        ("Promise.resolve(1), Symbol('x'), new String('x')", "Promise { <fulfilled> } Symbol(x) [String: 'x']"),
        ("{a: {b: {c: {d: {e: 1}}}}}", "{ a: { b: { c: { d: [Object] } } } }"),
        ("(() => { const a = []; a.push(a); return a })()", "[ [Circular] ]"),
    ];
    for (arguments, expected) in cases {
        let source: &'static str = Box::leak(format!("console.log({arguments})").into_boxed_str());
        assert_eq!(logged(source), [format!("INFO {expected}")], "{arguments}");
    }
    let error = logged("console.error(new TypeError('no'))");
    assert!(error[0].starts_with("ERROR TypeError: no\\n") && error[0].contains("test.js:1:"), "{error:?}");
}

#[test]
fn format_specifiers() {
    let cases = [
        ("'%s is %d', 'x', 5", "x is 5"),
        ("'%s', {a: 1}", "{ a: 1 }"),
        ("'%d %i %f %d', '5.5', '5.9x', '1.5kg', {}", "5.5 5 1.5 NaN"),
        ("'%i %d', 7.9, 3n", "7 3n"),
        ("'%o %O %j', 'q', [1], {a: 'x'}", r#"'q' [ 1 ] {"a":"x"}"#),
        ("'%cred%c', 'color: red', ''", "red"),
        ("'100%% of %s', 'it', 'more', 1", "100% of it more 1"),
        ("'%s %s', 1", "1 %s"),
        ("'%x %', 1", "%x % 1"),
        ("'%s'", "%s"),
        ("1, '%s', 2", "1 %s 2"),
        ("'%j', 1n", "[no JSON]"),
    ];
    for (arguments, expected) in cases {
        let source: &'static str = Box::leak(format!("console.log({arguments})").into_boxed_str());
        assert_eq!(logged(source), [format!("INFO {expected}")], "{arguments}");
    }
}

#[test]
fn no_text_forges_a_line() {
    let source =
        r"console.log('a\nERROR b\r\u001b[31m\t\u2028\u202e\0'); console.log({'x\ny': 'z\n'}); console.count('c\nd')";
    assert_eq!(
        logged(source),
        [r"INFO a\nERROR b\r\u{1b}[31m\t\u{2028}\u{202e}\u{0}", r"INFO { x\ny: 'z\n' }", r"INFO c\nd: 1"]
    );
}

#[test]
fn lines_are_bounded() {
    for source in [
        "console.log('x'.repeat(1e6))",
        "console.log(new Array(1e5).fill('xxxxxxxxxx'))",
        "console.log(...new Array(1000).fill('xxxxxxxxxxxxxxxxxxxxxx'))",
        "console.log('%s'.repeat(1000), ...new Array(1000).fill('xxxxxxxxxxxxxxxxxxxxxx'))",
        "console.log(Object.fromEntries(Array.from({length: 1e4}, (_, i) => ['key' + i, 'x'.repeat(1e3)])))",
        "console.log(new Array(4e9))",
        "console.group('x'.repeat(1e5))",
    ] {
        let lines = logged(source);
        assert!(lines.len() == 1 && lines[0].len() < 8_400, "{source}: {}", lines[0].len());
    }
    assert!(logged("console.table(new Array(1e4).fill({a: 1}))").len() <= 101);
}

#[test]
fn groups_counts_and_timers() {
    let lines = logged(
        "console.group('g'); console.log('in'); console.groupCollapsed(); console.log('deeper'); console.groupEnd(); \
         console.groupEnd(); console.groupEnd(); console.log('out')",
    );
    assert_eq!(lines, ["INFO g", "INFO   in", "INFO     deeper", "INFO out"]);
    let lines = logged("console.count(); console.count(); console.count('x'); console.countReset(); console.count(); console.countReset('y')");
    assert_eq!(
        lines,
        ["INFO default: 1", "INFO default: 2", "INFO x: 1", "INFO default: 1", "WARN Count for 'y' does not exist"]
    );
    let lines = logged("console.time('t'); console.time('t'); console.timeLog('t', 5, 'x'); console.timeEnd('t'); console.timeEnd('t')");
    assert_eq!(lines[0], "WARN Timer 't' already exists");
    assert!(lines[1].starts_with("INFO t: ") && lines[1].ends_with("ms 5 x"), "{lines:?}");
    assert!(lines[2].starts_with("INFO t: ") && lines[2].ends_with("ms"), "{lines:?}");
    assert_eq!(lines[3], "WARN Timer 't' does not exist");
    let lines = logged("for (let i = 0; i < 1025; i++) console.count('c' + i)");
    assert_eq!(lines[1024], "WARN c1024 is not counted: there are 1024 labels");
}

#[test]
fn groups_belong_to_their_call() {
    let lines = on_engine_stack(|| {
        logged("");
        let mut engine = load(
            "madrpc.register('f', () => { console.group(); return new Promise(() => {}) }); \
             madrpc.register('g', () => console.log('x'))",
        )
        .expect("loads");
        assert!(engine.invoke(1, call("f", None), std::time::Instant::now()).is_none());
        assert!(engine.invoke(2, call("g", None), std::time::Instant::now()).is_some());
        LINES.take()
    });
    assert!(lines[0].starts_with("INFO x method=g call="), "{lines:?}");
}

#[test]
fn tables_and_traces() {
    let lines = logged("console.table([{a: 1, b: 'x'}, {a: 20, c: 3}])");
    assert_eq!(lines, ["INFO (index) | a  | b   | c", "INFO 0       | 1  | 'x' |", "INFO 1       | 20 |     | 3"]);
    assert_eq!(
        logged("console.table({k: 1, l: [2]}, ['0'])"),
        ["INFO (index) | 0 | Values", "INFO k       |   | 1", "INFO l       | 2 |"]
    );
    assert_eq!(logged("console.table('x')"), ["INFO x"]);
    assert_eq!(logged("console.dir({a: 1}, 5); console.dirxml('%s', 1)"), ["INFO { a: 1 }", "INFO %s 1"]);
    let lines = logged("function f() { console.trace('at', 5) } f()");
    assert!(
        lines[0] == "INFO Trace: at 5" && lines[1].contains("at f") && lines[1].contains("test.js:1:"),
        "{lines:?}"
    );
}
