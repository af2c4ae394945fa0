//! An interrupt ends whatever runs, wherever that is, and leaves the context whole.

use std::time::Duration;

use boa_engine::error::EngineError;
use boa_engine::interrupt::{self, Interrupt};
use boa_engine::{Context, JsResult, JsValue, Script, Source};

/// Runs `code` and the jobs that it leaves, and raises the interrupt meanwhile.
fn interrupted(code: &str, context: &mut Context) -> JsResult<JsValue> {
    let interrupt = context.interrupt_handle();
    // First: where the machine is busy, the interrupt may be raised before anything runs.
    let script = Script::parse(Source::from_bytes(code), None, context)?;
    let (done, is_done) = std::sync::mpsc::channel::<()>();
    let raiser = std::thread::spawn({
        let interrupt = interrupt.clone();
        move || {
            // Not to wait for anything: what runs would go on for ever, and must be under way.
            let _ended = is_done.recv_timeout(Duration::from_millis(30));
            interrupt.raise();
        }
    });
    let result = script.evaluate(context).and_then(|value| {
        context.run_jobs()?;
        Ok(value)
    });
    drop(done);
    raiser.join().expect("no panic");
    interrupt.clear();
    result
}

/// Each would run for ever, or for longer than anybody waits.
const ENDLESS: &[&str] = &[
    "for (;;);",
    "try { for (;;); } catch { } finally { for (;;); }",
    "const f = () => { f2(); }, f2 = () => { for (let i = 0; i < 10; i++) f3(); }, f3 = () => { for (;;) f4(); }, f4 = () => 1; f();",
    "(async () => { for (;;) await null; })()",
    "(async () => { await null; for (;;); })()",
    "(async () => { try { await null; for (;;); } catch { } finally { for (;;); } })()",
    "(async () => { for await (const x of (async function* () { for (;;) yield 1; })()); })()",
    "(async function* () { for (;;); })().next()",
    "(async function* () { await null; for (;;); })().next()",
    "(async function* () { try { await null; for (;;); } finally { yield 1; } })().next()",
    "Promise.resolve().then(() => { for (;;); })",
    "Promise.resolve().then(() => Promise.reject(1)).catch(() => { for (;;); })",
    "new Promise(() => { for (;;); })",
    "[3, 2, 1].sort(() => { for (;;); })",
    "[3, 2, 1].map(() => { for (;;); })",
    "'x'.replace(/x/, () => { for (;;); })",
    "({ get x() { for (;;); } }).x",
    "`${{ toString() { for (;;); } }}`",
    "/^(a+)+$/.test('a'.repeat(60) + 'b')",
    "/^(a|a)*$/.test('a'.repeat(60) + 'b')",
    "/(?!(a+)+c)x/.test('a'.repeat(60) + 'b')",
    "('x'.repeat(40) + 'y').replace(/(x+x+)+z/g, '')",
    "('a'.repeat(60) + 'b').split(/^(?:a+)+$/)",
    "new RegExp('(((a{0,50}){0,50}){0,50}){0,50}b').test('a'.repeat(100))",
    "/a*b/.test('a'.repeat(1e7))",
    "/(a*)\\1b/.test('a'.repeat(1e6))",
    "new Array(2 ** 32 - 1).indexOf(1)",
    "{ const a = []; a[2 ** 32 - 2] = 1; a.includes(2); }",
    "new Array(2 ** 32 - 1).reverse()",
    "new Array(2 ** 32 - 1).sort()",
    "Array(2 ** 32 - 1).join('')",
    "Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)",
    "Array.prototype.lastIndexOf.call({ length: 2 ** 53 - 1 }, 1)",
    "Array.prototype.splice.call({ length: 2 ** 53 - 2 }, 0, 1)",
    "Array.prototype.unshift.call({ length: 2 ** 53 - 2 }, 1)",
    "Array.prototype.copyWithin.call({ length: 2 ** 53 - 1 }, 1, 0)",
    "Array.prototype.every.call({ length: 2 ** 53 - 1 }, () => true)",
    "[].concat(new Array(2 ** 32 - 2))",
    "[new Array(2 ** 32 - 2)].flat()",
    "JSON.stringify(new Array(2 ** 32 - 1))",
    "{ let o = {}; for (let i = 0; i < 60; i++) o = [o, o]; JSON.stringify(o); }",
    "[...{ *[Symbol.iterator]() { for (;;); } }]",
    "{ const e = 600000000n; 3n ** e; }",
    "{ const x = 1n << 500000000n, y = x - 1n; y * y; }",
    "{ const x = 1n << 900000000n; (x - 1n) / ((1n << 450000000n) - 1n); }",
    "{ const e = 200000000n; ((1n << e) - 1n).toString(7); }",
    "{ const text = '9'.repeat(2e7); BigInt(text); }",
    "{ try { eval('9'.repeat(2e7) + 'n'); } catch { } (() => 1)(); }",
];

/// What makes a large value, and what a single builtin then does with it for long, without calling anything of a script's.
const LONG: &[(&str, &str)] = &[
    ("big = Array.from({ length: 2 ** 18 }, (_, i) => (i * 7919) % 1000003)", "big.sort()"),
    ("big = big.map(String)", "big.toSorted()"),
    ("big = new Float64Array(2 ** 24)", "new Int8Array(2 ** 24).set(big)"),
    ("", "new Float32Array(big)"),
    ("", "big.sort()"),
    ("", "big.fill(1)"),
    ("big = '\u{e9}'.repeat(2 ** 22)", "big.normalize('NFD')"),
    ("big = Array.from({ length: 2 ** 18 }, (_, i) => ({ i }))", "JSON.stringify(big)"),
    ("big = JSON.stringify(big)", "JSON.parse(big)"),
];

#[test]
fn an_interrupt_ends_a_builtin_that_works_for_long() {
    let mut context = Context::default();
    let mut others = Vec::new();
    for (setup, code) in LONG {
        context.eval(Source::from_bytes(setup)).expect(setup);
        let ended = interrupted(code, &mut context);
        if !matches!(&ended, Err(error) if matches!(error.as_engine(), Some(EngineError::Interrupted))) {
            others.push(format!("{code}: {ended:?}"));
        }
    }
    assert!(others.is_empty(), "these ended in another way:\n{}", others.join("\n"));
}

#[test]
fn an_interrupt_ends_whatever_runs_and_leaves_the_context_whole() {
    let body = || {
        let mut context = Context::default();
        let mut others = Vec::new();
        for code in ENDLESS {
            let ended = interrupted(code, &mut context);
            if !matches!(&ended, Err(error) if matches!(error.as_engine(), Some(EngineError::Interrupted))) {
                others.push(format!("{code}: {ended:?}"));
            }
            let sum =
                context.eval(Source::from_bytes("(() => { let n = 0; for (const i of [1, 2]) n += i; return n; })()"));
            assert_eq!(sum.expect(code).as_number(), Some(3.0), "after {code}");
        }
        assert!(others.is_empty(), "these ended in another way:\n{}", others.join("\n"));
    };
    std::thread::Builder::new().stack_size(64 << 20).spawn(body).expect("a thread").join().expect("no panic");
}

/// No script runs between the interrupt and the host.
#[test]
fn nothing_catches_an_interrupt() {
    let mut context = Context::default();
    for code in [
        "try { for (;;); } catch { escaped = 1; } finally { escaped = 2; }",
        "for (const x of { [Symbol.iterator]: () => ({ next() { for (;;); }, return() { escaped = 3; } }) });",
        "(async () => { try { await null; for (;;); } catch { escaped = 4; } finally { escaped = 5; } })()",
        "new Promise(() => { for (;;); }).catch(() => { escaped = 6; })",
        "(async () => { for (;;); })().then(() => { escaped = 7; }, () => { escaped = 8; })",
    ] {
        interrupted(code, &mut context).expect_err(code);
        let escaped = context.eval(Source::from_bytes("typeof escaped")).expect("runs");
        let escaped = escaped.to_string(&mut context).expect("a string").to_std_string_escaped();
        assert_eq!(escaped, "undefined", "{code}");
    }
}

/// A generator that an interrupt has ended is over.
#[test]
fn what_was_interrupted_can_be_asked_again() {
    let mut context = Context::default();
    let code = "g = (async function* () { for (;;); })(); g.next(); g.next();";
    interrupted(code, &mut context).expect_err("interrupted");
    let code = "log = []; g.next().then((result) => log.push(result.done)); g.return(5).then((result) => log.push(result.value))";
    context.eval(Source::from_bytes(code)).expect("runs");
    context.run_jobs().expect("no error");
    let log = context.eval(Source::from_bytes("log.join()")).expect("runs");
    assert_eq!(log.to_string(&mut context).expect("a string").to_std_string_escaped(), "true,5");
}

/// The guard is asked before much memory is taken at once, and what it refuses is not taken.
#[test]
fn memory_is_asked_for_before_it_is_taken() {
    thread_local!(static IS_BOUND: std::cell::Cell<bool> = const { std::cell::Cell::new(false) });
    IS_BOUND.set(true);
    interrupt::set_memory_guard(|bytes| !IS_BOUND.get() || bytes < 64 << 20);
    let mut context = Context::default();
    for code in [
        "'x'.repeat(2 ** 28)",
        "'é€'.repeat(2 ** 26)",
        "'x'.padStart(2 ** 28)",
        "{ let s = 'x'; for (;;) s += s; }",
        "{ let s = 'x'; for (;;) s = `${s}${s}`; }",
        "{ let s = 'x'; for (;;) s = s.concat(s); }",
        "new Array(200).fill('x'.repeat(2 ** 20)).join()",
        "{ const e = 1000000000n; 1n << e; }",
        "{ const e = 1000000000n; 2n ** e; }",
        "new ArrayBuffer(100 << 20)",
        "new ArrayBuffer(0, { maxByteLength: 100 << 20 })",
        "new Float64Array(10 << 20)",
    ] {
        let error = context.eval(Source::from_bytes(code)).expect_err(code);
        assert!(matches!(error.as_engine(), Some(EngineError::Interrupted)), "{code}: {error}");
        Interrupt::of_thread().clear();
    }
    assert!(context.eval(Source::from_bytes("'x'.repeat(2 ** 24).length")).is_ok());
}

/// What takes too long to read ends, too.
#[test]
fn parsing_ends() {
    let mut context = Context::default();
    context.interrupt_handle().raise();
    let error = boa_engine::Script::parse(Source::from_bytes("1 + 1"), None, &mut context).expect_err("not read");
    assert!(error.to_string().contains("too long"), "{error}");
    context.interrupt_handle().clear();
    assert!(context.eval(Source::from_bytes("1 + 1")).is_ok());
}
