//! `madrpc-actor bench`, against real servers: what it tells is what they have counted.

use std::process::Output;

use serde_json::{json, Value};

use crate::harness::{free_port, node, program, run, wait_until, Client, Cluster, Script, SOON};

fn bench(url: &str, arguments: &[&str]) -> Output {
    run([&["bench", url], arguments].concat())
}

/// What `--json` prints, and the exit code.
fn figures(url: &str, arguments: &[&str]) -> (Value, Option<i32>) {
    let output = bench(url, &[arguments, &["--json"]].concat());
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(text.lines().count(), 1, "one line of JSON: {text}{}", String::from_utf8_lossy(&output.stderr));
    (serde_json::from_str(&text).expect("JSON"), output.status.code())
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn counts_agree_with_what_the_server_has_counted() {
    let cluster = Cluster::start(program("failing.js"), 1);
    let mut made = 0;
    for flags in
        [&["--connections", "8"][..], &["--connections", "3", "--ws"], &["--connections", "3", "--rate", "200"]]
    {
        let (told, code) = figures(&cluster.orchestrator.url, &[&["fine", "--duration", "500ms"], flags].concat());
        assert_eq!((code, &told["errors"], &told["error_codes"]), (Some(0), &json!(0), &json!({})), "{told}");
        assert_eq!((&told["method"], &told["target"]), (&json!("fine"), &json!(cluster.orchestrator.url)));
        made += number(&told["requests"]);
        assert!(number(&told["requests"]) > 3, "{told}");
        let latency = ["min", "p50", "p90", "p99", "p999", "max"].map(|figure| number(&told["latency_us"][figure]));
        assert!(latency[0] > 0 && latency.is_sorted(), "{told}");
        let rps = number(&told["requests"]) as f64 / told["duration_s"].as_f64().expect("a number");
        assert!(told["rps"].as_f64().is_some_and(|told| (told - rps).abs() < 0.01 * rps), "{told}");
        wait_until("the server has counted all", SOON, || cluster.client.metrics()["total_requests"] == made);
        assert_eq!(cluster.client.metrics()["failed_requests"], 0);
    }
}

#[test]
fn an_open_loop_begins_so_many_calls_and_no_more() {
    let node = node(program("failing.js"), &[]);
    let (told, _) = figures(&node.url, &["fine", "--duration", "1s", "--rate", "100", "--connections", "64"]);
    // A machine that is busy may keep some from beginning in time, and then says so.
    assert!((50..=100).contains(&number(&told["requests"])), "{told}");
    assert_eq!(told["rate"], 100.0);
}

#[test]
fn errors_are_counted_by_code_and_end_with_1() {
    let node = node(program("failing.js"), &[]);
    let (told, code) = figures(&node.url, &["sync_error", "-c", "2", "-d", "200ms"]);
    assert_eq!(
        (code, &told["errors"], &told["error_codes"]["-32000"]),
        (Some(1), &told["requests"], &told["requests"])
    );
    let client = Client::new(&node.url);
    wait_until("the node has counted the same", SOON, || client.metrics()["failed_requests"] == told["requests"]);
}

#[test]
fn replies_are_compared_with_what_is_expected() {
    let node = node(program("spec.js"), &[]);
    for flags in [&[][..], &["--ws"]] {
        let expecting = |json: &str| {
            let arguments = ["echo", r#"{"a": [1, 2]}"#, "-c", "1", "-d", "100ms", "--expect", json];
            figures(&node.url, &[&arguments, flags].concat())
        };
        let (told, code) = expecting(r#"{ "a": [1,2] }"#);
        assert_eq!((code, &told["errors"]), (Some(0), &json!(0)), "{told}");
        let (told, code) = expecting(r#"{"a":[1,3]}"#);
        assert_eq!((code, &told["error_codes"]["unexpected"]), (Some(1), &told["requests"]), "{told}");
    }
}

#[test]
fn nobody_there_is_3() {
    let url = format!("http://127.0.0.1:{}", free_port());
    for flags in [&[][..], &["--ws"]] {
        let output = bench(&url, &[&["fine", "-c", "2", "-d", "60s"], flags].concat());
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("no reply came"), "{output:?}");
    }
}

#[test]
fn a_mistake_is_2_and_nothing_is_sent() {
    let node = node(program("failing.js"), &[]);
    for mistake in [&["--rate", "0"][..], &["--connections", "0"], &["--expect", "{"], &["--duration", "long"]] {
        assert_eq!(bench(&node.url, &[&["fine"], mistake].concat()).status.code(), Some(2), "{mistake:?}");
    }
    assert_eq!(bench(&node.url, &["fine", "7"]).status.code(), Some(2), "scalars are no params");
    assert_eq!(Client::new(&node.url).metrics()["total_requests"], 0);
}

/// The method stands still once, for half a second.
const STALLS: &str = "let calls = 0;
madrpc.register('stalls', () => {
  calls += 1;
  if (calls === 50) {
    const end = Date.now() + 500;
    while (Date.now() < end);
  }
  return calls;
});";

#[test]
fn a_server_that_stalls_shows_in_the_latencies_of_an_open_loop() {
    let script = Script::new("stalls", STALLS);
    let arguments = ["stalls", "-c", "2", "-d", "1s"];
    let open = node(script.path(), &[]);
    let (open, _) = figures(&open.url, &[&arguments[..], &["--rate", "200"]].concat());
    // Of 200 calls that were due, those of half a second waited, though only two of them were on their way.
    assert!(number(&open["latency_us"]["p90"]) > 250_000, "{open}");
    assert!(number(&open["latency_us"]["p99"]) > 400_000, "{open}");
    // The same in a closed loop: two calls waited, and all others were not made.
    let closed = node(script.path(), &[]);
    let (closed, _) = figures(&closed.url, &arguments);
    assert!(number(&closed["latency_us"]["max"]) > 400_000, "{closed}");
    assert!(number(&closed["latency_us"]["p90"]) < number(&open["latency_us"]["p90"]), "{closed} {open}");
}

#[test]
fn a_rate_that_can_not_be_kept_is_told() {
    let node = node(program("spec.js"), &[]);
    let arguments = ["wait_ms", r#"{"ms": 100, "value": 1}"#, "-c", "1", "-d", "500ms", "--rate", "100"];
    let output = bench(&node.url, &arguments);
    assert_eq!(output.status.code(), Some(0));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("the rate could not be kept"), "{told}");
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    for row in ["open loop at 100/s", "requests", "p99.9"] {
        assert!(table.contains(row), "{table}");
    }
}
