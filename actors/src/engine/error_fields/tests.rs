//! What a caller is told of an Error besides its message.

use serde_json::{json, Value};

use super::super::tests::{load, on_engine_stack, run, script_error, text};
use crate::engine::{Engine, ModuleState, Program, Script};

fn data(body: &'static str) -> Value {
    let error = script_error(body);
    serde_json::from_str(error.data.expect("data").as_str()).expect("JSON")
}

#[test]
fn own_fields_of_a_thrown_error_reach_the_caller() {
    let thrown = data(
        "() => { throw Object.assign(new RangeError('no'), { status: 404, code: 'E1', details: { a: [1, 0.1] }, none: undefined, stack: 's' }) }",
    );
    assert_eq!(thrown["fields"], json!({"status": 404, "code": "E1", "details": {"a": [1, 0.1]}}));
    assert_eq!((&thrown["name"], thrown.get("omitted")), (&json!("RangeError"), None));
    let aggregate =
        data("() => { throw new AggregateError([new TypeError('a'), 5], 'all', { cause: new Error('b') }) }");
    let errors = json!([{"name": "TypeError", "message": "a"}, 5]);
    assert_eq!(aggregate["fields"], json!({"errors": errors, "cause": {"name": "Error", "message": "b"}}));
    let class = data("() => { class E extends Error { status = 418 } throw new E('c') }");
    assert_eq!(class["fields"], json!({"status": 418}));
    assert_eq!(data("() => { throw new Error('plain') }").get("fields"), None);
    assert_eq!(data("() => { throw { status: 1 } }").get("fields"), None);
}

#[test]
fn what_has_no_json_or_is_too_long_is_named() {
    let thrown = data(
        "() => { const e = new Error('no'); e.f = () => 1; e.big = 1n; e.self = e; e.loop = {}; e.loop.loop = e.loop; \
         Object.defineProperty(e, 'get', { enumerable: true, get() { throw 1 } }); e.long = 'x'.repeat(20000); e.last = 1; throw e }",
    );
    let omitted = thrown["omitted"].as_object().expect("some");
    assert_eq!(omitted.keys().collect::<Vec<_>>(), ["big", "f", "get", "long", "loop"]);
    assert_eq!(omitted["f"], "a function");
    assert_eq!(thrown["fields"]["last"], 1);
    let many = data("() => { const e = new Error('no'); for (let i = 0; i < 100; i++) e['k' + i] = i; throw e }");
    let count = many["fields"].as_object().map_or(0, |fields| fields.len());
    assert_eq!((count, many["omitted"].to_string()), (32, r#"{"k32":"68 fields more than 32"}"#.to_owned()));
}

#[test]
fn the_stack_of_a_failed_call_names_the_line_that_made_it() {
    let stack =
        text("async function f() {\n try {\n  await madrpc.call('fail');\n } catch (error) { return error.stack }\n}");
    assert!(stack.contains("async f (test.js:3:"), "{stack}");
}

#[test]
fn a_call_without_params_to_a_function_that_takes_them_apart_says_so() {
    let missing = "f was called without params, and its function takes them apart";
    for body in [
        "({ a }) => a",
        "async ({ a, b: { c } }, ctx) => a",
        "function ([a]) { return a }",
        "async function* ({ n }) { yield n }",
    ] {
        let message = script_error(body).message;
        assert!(message.contains(missing), "{body}: {message}");
    }
    for body in ["({ a } = {}) => a.b.c", "p => p.a", "() => { throw new TypeError('own') }"] {
        let message = script_error(body).message;
        assert!(!message.contains(missing), "{body}: {message}");
    }
    on_engine_stack(|| {
        let mut engine = load("madrpc.register('f', ({ a: { b } }) => b)").expect("loads");
        let error = run(&mut engine, "f", Some("{}")).expect_err("no b").to_string();
        assert!(!error.contains("without params"), "{error}");
    });
}

#[test]
fn a_module_by_its_text_is_told_how_to_be_named() {
    on_engine_stack(|| {
        let told = |source: &str| {
            let program = Program::new(vec![Script { path: "a/b.js".into(), source: source.into() }]);
            Engine::load(0, &program, ModuleState::Shared, super::super::tests::surroundings())
                .expect_err("no script")
                .0
        };
        for source in ["import { a } from './a.mjs';\n", "const a = 1;\nexport default a;", "import './a.mjs'"] {
            let error = told(source);
            assert!(error.contains("name it a/b.mjs") && error.starts_with("a/b.js:"), "{error}");
        }
        assert!(!told("const importance = ;").contains(".mjs"));
    });
}
