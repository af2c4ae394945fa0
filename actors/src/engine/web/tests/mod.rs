//! The host APIs, tried by programs in JavaScript: a file per API, in the manner of the web platform's own tests.

mod host;

use crate::engine::tests::{load, on_engine_stack, run};

/// What the programs check with.
const HARNESS: &str = include_str!("harness.js");

/// Runs the tests of a program; all must pass, and there must be some.
fn check(name: &'static str, program: &'static str) {
    let report = on_engine_stack(move || {
        let mut engine = load(&format!("{HARNESS}\n{program}")).unwrap_or_else(|error| panic!("{name}: {error}"));
        run(&mut engine, "run", None).unwrap_or_else(|error| panic!("{name}: {error}"))
    });
    let (passed, failures): (usize, Vec<String>) = serde_json::from_str(report.as_str()).expect("a report");
    assert!(failures.is_empty(), "{name}: {} of {}:\n{}", failures.len(), failures.len() + passed, failures.join("\n"));
    assert!(passed > 0, "{name} has no tests");
}

macro_rules! programs {
    ($($name:ident: $file:literal,)*) => {
        $(
            #[test]
            fn $name() {
                check($file, include_str!($file));
            }
        )*
    };
}

programs! {
    abort: "abort.js",
    base64: "base64.js",
    crypto: "crypto.js",
    dom_exception: "dom_exception.js",
    events: "events.js",
    fetch: "fetch.js",
    globals: "globals.js",
    headers: "headers.js",
    microtasks: "microtasks.js",
    performance: "performance.js",
    request: "request.js",
    response: "response.js",
    structured_clone: "structured_clone.js",
    text: "text.js",
    url: "url.js",
    url_search_params: "url_search_params.js",
}

#[test]
fn a_failing_test_is_told() {
    let report = on_engine_stack(|| {
        let source = format!(
            "{HARNESS}
            test('same', () => same(1, 2)); test('equal', () => equal([1], [2])); test('throws not', () => throws(() => 1, 'TypeError'));
            test('throws else', () => throws(() => {{ throw new RangeError('x') }}, 'TypeError'));
            test('rejects not', () => rejects(Promise.resolve(1), 'TypeError')); test('fine', () => same(1, 1))"
        );
        run(&mut load(&source).expect("loads"), "run", None).expect("runs")
    });
    let (passed, failures): (usize, Vec<String>) = serde_json::from_str(report.as_str()).expect("a report");
    assert_eq!((passed, failures.len()), (1, 5), "{failures:?}");
}
