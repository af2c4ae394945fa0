//! `--log-format json`: one object a line, whatever clients and scripts write.

use serde_json::{json, Value};

use crate::harness::{program, wait_for, Cluster, Process, SOON};

const FLAGS: [&str; 4] = ["--log-format", "json", "--summary-interval", "200ms"];

/// Every line of the log so far.
fn records(process: &Process) -> Vec<Value> {
    let log = process.log();
    let read = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    log.lines().map(read).collect()
}

/// The first record that `accept` likes.
fn record(process: &Process, what: &str, accept: impl Fn(&Value) -> bool) -> Value {
    wait_for(what, SOON, || records(process).into_iter().find(&accept)).0
}

fn says(record: &Value, text: &str) -> bool {
    record["message"].as_str().is_some_and(|message| message.contains(text))
}

#[test]
fn each_line_is_an_object_that_tells_what_it_is_about() {
    let mut cluster = Cluster::with(program("failing.js"), 1, &FLAGS, &FLAGS);
    let url = cluster.nodes[0].url.clone();
    record(&cluster.orchestrator, "the start", |record| says(record, "listening on http://"));
    record(&cluster.nodes[0], "the registration", |record| {
        says(record, "registered with") && record["node"] == url && record["orchestrator"] == cluster.orchestrator.url
    });

    let forged = "x\n{\"level\":\"error\",\"message\":\"forged\"}\u{1b}[31m";
    cluster.client.call(forged, Value::Null).expect_err("unknown");
    cluster.client.call("rpc_error", json!({"code": 5, "message": forged, "data": null})).expect_err("fails");
    cluster.client.call("sync_error", Value::Null).expect_err("fails");
    for process in [&cluster.orchestrator, &cluster.nodes[0]] {
        let failure = record(process, "the failure", |record| record["method"] == "sync_error");
        assert_eq!((&failure["code"], &failure["level"]), (&json!(-32000), &json!("info")), "{failure}");
        assert!(failure["request"].as_str().is_some_and(|id| id.len() == 16), "{failure}");
        assert!(failure["duration_us"].as_u64().is_some_and(|us| us > 0), "{failure}");
        let summary = record(process, "the summary", |record| says(record, "summary calls="));
        assert!(summary["time"].as_str().is_some_and(|time| time.ends_with('Z')), "{summary}");
        assert!(!process.log().contains('\u{1b}'), "{}", process.log());
        assert!(records(process).iter().all(|record| record["message"] != "forged"), "{}", process.log());
    }

    cluster.nodes[0].kill();
    record(&cluster.orchestrator, "the loss", |record| record["node"] == url && record["level"] == "warn");
}

/// The codes of errors are those of the interval.
#[test]
fn the_summary_tells_the_codes_of_errors() {
    let cluster = Cluster::with(program("failing.js"), 1, &FLAGS, &FLAGS);
    cluster.client.call("sync_error", Value::Null).expect_err("fails");
    cluster.client.call("none", Value::Null).expect_err("fails");
    let of_node = |record: &Value| says(record, "errors=1 (-32000:1) inflight=");
    record(&cluster.nodes[0], "the node's error", of_node);
    record(&cluster.nodes[0], "an interval without", |record| says(record, "errors=1 inflight="));
    record(&cluster.orchestrator, "both errors", |record| says(record, "-32601:1"));
}
