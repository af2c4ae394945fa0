//! The programs under scripts/examples give right answers, on a cluster of two nodes that run all five.

use std::process::Command;

use serde_json::{json, Value};

use crate::harness::{example, node_of, orchestrator, run, wait_until, Client, Process, RpcFailure, SOON};

const PROGRAMS: [&str; 5] =
    ["basic-operations.js", "merge-sort.js", "monte-carlo-pi.js", "prime-sieve.js", "word-count.js"];

struct Programs {
    client: Client,
    _processes: Vec<Process>,
}

fn start() -> Programs {
    let orchestrator = orchestrator(&[]);
    let paths = PROGRAMS.map(|name| example(name).display().to_string());
    let more: Vec<&str> = paths[1..].iter().flat_map(|path| ["--script", path.as_str()]).collect();
    let nodes = (0..2).map(|_| node_of(&orchestrator, &paths[0], &more));
    let mut processes: Vec<Process> = nodes.collect();
    let client = Client::new(&orchestrator.url);
    wait_until("both nodes take calls", SOON, || client.info()["enabled_nodes"] == 2);
    processes.push(orchestrator);
    Programs { client, _processes: processes }
}

/// A refusal of the params that names the one.
fn assert_refused(result: Result<Value, RpcFailure>, parameter: &str) {
    let failure = result.expect_err(parameter);
    assert_eq!((failure.code, &failure.data["parameter"]), (-32602, &json!(parameter)), "{failure:?}");
    assert!(failure.message.contains(parameter), "{failure:?}");
}

#[test]
fn all_programs_parse_in_node_js() {
    for name in PROGRAMS {
        let status = Command::new("node").arg("--check").arg(example(name)).status().expect("Node.js is on the PATH");
        assert!(status.success(), "{name}");
    }
    let shipped = std::fs::read_dir(example("")).expect("the folder can be read").count();
    assert_eq!(shipped, PROGRAMS.len(), "every program has a test");
}

#[test]
fn monte_carlo_pi() {
    let programs = start();
    let call = |method: &str, params: Value| programs.client.call(method, params);
    let near_pi = |pi: &Value, error: f64| pi.as_f64().is_some_and(|pi| (pi - std::f64::consts::PI).abs() < error);

    let result = call("aggregate", Value::Null).expect("pi");
    assert!(near_pi(&result["pi"], 0.01), "{result}");
    let (inside, total) = (result["inside"].as_f64().expect("a number"), 1_000_000);
    assert_eq!(
        result,
        json!({
            "pi": 4.0 * inside / f64::from(total), "inside": result["inside"], "totalSamples": total, "numNodes": 10, "samplesPerNode": 100_000,
        })
    );
    // Seeded: the same question has the same answer, and the sum is what the parts say one by one.
    assert_eq!(call("aggregate", json!({})), Ok(result));
    let parts: u64 = (1..=3)
        .map(|seed| {
            let part = call("monte_carlo_sample", json!({"samples": 1000, "seed": seed})).expect("a sample");
            assert_eq!(part["total"], 1000);
            part["inside"].as_u64().expect("a number")
        })
        .sum();
    let sum = call("aggregate", json!({"numNodes": 3, "samplesPerNode": 1000})).expect("pi");
    assert_eq!((&sum["inside"], &sum["totalSamples"]), (&json!(parts), &json!(3000)));

    let single = call("estimate_single", json!({"samples": 200_000})).expect("pi");
    assert!(near_pi(&single["pi"], 0.02), "{single}");

    assert_refused(call("aggregate", json!({"numNodes": 0})), "numNodes");
    assert_refused(call("aggregate", json!({"samplesPerNode": "many"})), "samplesPerNode");
    assert_refused(call("monte_carlo_sample", json!({"samples": 1.5})), "samples");
}

#[test]
fn basic_operations() {
    let programs = start();
    let call = |method: &str, params: Value| programs.client.call(method, params);
    assert_eq!(call("add", json!({"a": 2, "b": 40})), Ok(json!(42)));
    assert_eq!(call("add", json!([0.5, -1])), Ok(json!(-0.5)));
    assert_refused(call("add", json!({"a": 1})), "b");
    assert_refused(call("add", Value::Null), "a");
    assert_eq!(call("echo", json!({"deep": [{"er": null}]})), Ok(json!({"deep": [{"er": null}]})));

    let numbers: Vec<u32> = (1..=1000).collect();
    for chunks in [1, 7, 1000] {
        let summed = call("parallel_sum", json!({"numbers": numbers, "chunks": chunks})).expect("a sum");
        assert_eq!(summed["sum"], 500_500);
        assert!(summed["chunks"].as_u64().is_some_and(|made| (1..=chunks).contains(&made)), "{summed}");
    }
    assert_eq!(call("parallel_sum", json!({"numbers": []})), Ok(json!({"sum": 0, "chunks": 0})));
    assert_refused(call("parallel_sum", json!({"numbers": [1, "2"]})), "numbers");
    assert_refused(call("parallel_sum", json!({"numbers": [1], "chunks": 0})), "chunks");

    for (method, code, message) in [
        ("throw_error", -32000, "This method always fails"),
        ("throw_rpc_error", 1001, "Insufficient funds"),
        ("throw_value", -32000, "just a string"),
        ("reject_later", -32000, "Rejected after waiting"),
        ("nested_error", 1001, "Insufficient funds"),
    ] {
        let failure = call(method, Value::Null).expect_err(method);
        assert_eq!(failure.code, code, "{method}");
        assert!(failure.message.contains(message), "{method}: {}", failure.message);
    }
    let type_error = call("throw_type_error", Value::Null).expect_err("TypeError");
    assert_eq!((type_error.code, &type_error.data["name"]), (-32000, &json!("TypeError")));
    let data = json!({"balance": 3, "missing": 2});
    assert_eq!(call("throw_rpc_error", json!({"balance": 3, "price": 5})).expect_err("RpcError").data, data);
    assert_eq!(call("recover", Value::Null), Ok(json!({"code": 1001, "message": "Insufficient funds", "data": data})));
}

#[test]
fn word_count() {
    let programs = start();
    let call = |params: Value| programs.client.call("word_count", params);
    let text = "To be, or not to be: that's the question. Été ÉTÉ l’eau 東京 東京! don't constructor __proto__ 𝒳 5 ";
    let once = call(json!({"text": text, "top": 4})).expect("counted");
    assert_eq!(
        once,
        json!({"words": 19, "distinct": 15, "chunks": 1, "counts": [["be", 2], ["to", 2], ["été", 2], ["東京", 2]]})
    );
    // However the text is cut, no word is.
    let long = text.repeat(20);
    let whole = call(json!({"text": long, "chunkSize": 1_000_000})).expect("counted");
    assert_eq!((&whole["words"], &whole["chunks"]), (&json!(19 * 20), &json!(1)));
    for chunk_size in [1, 2, 7, 64, 1000] {
        let cut = call(json!({"text": long, "chunkSize": chunk_size})).expect("counted");
        assert_eq!(
            (&cut["counts"], &cut["words"], &cut["distinct"]),
            (&whole["counts"], &whole["words"], &whole["distinct"]),
            "{chunk_size}"
        );
        assert!(cut["chunks"].as_u64().is_some_and(|chunks| chunks > 1), "{chunk_size}");
    }
    assert_eq!(call(json!({"text": ""})).expect("counted")["words"], 0);
    assert_refused(call(json!({"text": 5})), "text");
    assert_refused(call(json!({"text": "x", "chunkSize": 0})), "chunkSize");
}

#[test]
fn merge_sort() {
    let programs = start();
    let call = |params: Value| programs.client.call("merge_sort", params);
    let numbers: Vec<i64> = (0..2000).map(|n| (n * 7919) % 1009 - 500).collect();
    let mut sorted = numbers.clone();
    sorted.sort_unstable();
    for depth in [0, 1, 4] {
        assert_eq!(call(json!({"values": numbers, "depth": depth})), Ok(json!(sorted)), "depth {depth}");
    }
    assert_eq!(call(json!({"values": ["b", "a", "ä", "B", ""]})), Ok(json!(["", "B", "a", "b", "ä"])));
    for empty_or_single in [json!([]), json!([5])] {
        assert_eq!(call(json!({"values": empty_or_single})), Ok(empty_or_single));
    }
    // Stable: of equal keys, the order stays.
    let records: Vec<Value> = (0..100).map(|n| json!({"key": n % 3, "place": n})).collect();
    let mut expected = records.clone();
    expected.sort_by_key(|record| record["key"].as_u64());
    assert_eq!(call(json!({"values": records, "by": "key", "depth": 3})), Ok(json!(expected)));

    assert_refused(call(json!({"values": [1, "a"]})), "values");
    assert_refused(call(json!({"values": [1], "depth": 11})), "depth");
    assert_refused(call(Value::Null), "values");
}

#[test]
fn prime_sieve() {
    let programs = start();
    let call = |params: Value| programs.client.call("primes", params);
    let million = call(json!({"below": 1_000_000})).expect("counted");
    assert_eq!(million, json!({"count": 78498, "below": 1_000_000, "segments": 8}));
    let thirty = call(json!({"below": 30, "segments": 7, "list": true})).expect("listed");
    assert_eq!((&thirty["count"], &thirty["primes"]), (&json!(10), &json!([2, 3, 5, 7, 11, 13, 17, 19, 23, 29])));
    for (below, count) in [(0, 0), (2, 0), (3, 1), (4, 2), (10_000, 1229)] {
        assert_eq!(call(json!({"below": below, "segments": 3})).expect("counted")["count"], count, "below {below}");
    }
    let range = programs.client.call("sieve_range", json!({"from": 1_000_000, "to": 1_000_100, "list": true}));
    assert_eq!(range, Ok(json!({"count": 6, "primes": [1000003, 1000033, 1000037, 1000039, 1000081, 1000099]})));
    assert_refused(call(json!({"below": -1})), "below");
    assert_refused(call(json!({"below": 10_000_000_000_u64})), "segments");
    assert_refused(programs.client.call("sieve_range", json!({"from": 5, "to": 4})), "to");
}

/// The same programs by the one command that starts everything.
#[test]
fn each_program_runs_by_local() {
    for (name, method, args, check) in [
        ("monte-carlo-pi.js", "aggregate", r#"{"numNodes": 4, "samplesPerNode": 5000}"#, r#""totalSamples":20000"#),
        ("basic-operations.js", "add", "[2, 3]", "5"),
        ("word-count.js", "word_count", r#"{"text": "to be or not to be"}"#, r#"["be",2],["to",2],"#),
        ("merge-sort.js", "merge_sort", r#"{"values": [3, 1, 2], "depth": 1}"#, "[1,2,3]"),
        ("prime-sieve.js", "primes", r#"{"below": 100}"#, r#""count":25"#),
    ] {
        let script = example(name).display().to_string();
        let output = run(["local", "-s", &script, "--call", method, args]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{name}: {said}");
        let result: Value = serde_json::from_slice(&output.stdout).expect("stdout is the result, and JSON");
        assert!(result.to_string().contains(check), "{name}: {result}");
    }
}
