//! Figures of a cluster: one address shows what all nodes did, and they agree; and Prometheus can read them.

use std::collections::BTreeMap;

use prometheus_parse::{Scrape, Value as Figure};
use serde_json::{json, Value};

use crate::harness::{node, program, wait_for, wait_until, Client, Cluster, Script, SOON};

const GOOD: u64 = 40;
const FAILED: u64 = 9;

/// Calls of which the figures are then known; they go to all nodes.
fn known_calls(client: &Client) {
    for _ in 0..GOOD {
        client.call("fine", Value::Null).expect("fine");
    }
    for _ in 0..FAILED {
        client.call("sync_error", Value::Null).expect_err("fails");
        client.call("rpc_error", json!({"code": 5, "message": "own", "data": null})).expect_err("fails");
    }
}

/// A figure that is there.
fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn the_orchestrator_and_its_nodes_tell_the_same_numbers() {
    let cluster = Cluster::start(program("failing.js"), 2);
    known_calls(&cluster.client);
    let total = GOOD + 2 * FAILED;
    wait_until("the nodes have reported all calls", SOON, || {
        cluster.client.metrics()["cluster"]["call_count"] == total
    });
    let metrics = cluster.client.metrics();
    let of_cluster = &metrics["cluster"];
    let codes = json!({"-32000": FAILED, "other": FAILED});
    for figures in [of_cluster, &metrics] {
        assert_eq!(figures["error_codes"], codes, "{figures}");
    }
    assert_eq!((&metrics["total_requests"], &metrics["failed_requests"]), (&json!(total), &json!(2 * FAILED)));
    assert_eq!(of_cluster["failure_count"], 2 * FAILED);
    for (method, good, bad) in [("fine", GOOD, 0), ("sync_error", 0, FAILED), ("rpc_error", 0, FAILED)] {
        for figures in [&of_cluster["methods"][method], &metrics["methods"][method]] {
            let counts = ["call_count", "success_count", "failure_count"].map(|name| number(&figures[name]));
            assert_eq!(counts, [good + bad, good, bad], "{method}");
        }
    }
    assert_eq!((&of_cluster["nodes_up"], &of_cluster["nodes_down"]), (&json!(2), &json!(0)));
    assert_eq!(of_cluster["executors"]["all"], 2);
    assert!(of_cluster["calls_per_s"].as_f64().is_some_and(|rate| rate > 0.0), "{of_cluster}");

    let mut seen = [0; 2];
    for (index, node) in cluster.nodes.iter().enumerate() {
        let own = cluster.node_client(index).metrics();
        let shown = &of_cluster["nodes"][&node.url];
        for (theirs, ours) in [
            ("total_requests", "call_count"),
            ("successful_requests", "success_count"),
            ("failed_requests", "failure_count"),
            ("error_codes", "error_codes"),
        ] {
            assert_eq!(own[theirs], shown[ours], "{ours} of {}", node.url);
        }
        // What the orchestrator has counted itself as it sent them.
        let sent = &metrics["nodes"][&node.url];
        assert_eq!((&sent["request_count"], &sent["failure_count"]), (&shown["call_count"], &shown["failure_count"]));
        assert_eq!((&shown["state"], &shown["circuit_state"]), (&json!("up"), &json!("Closed")), "{shown}");
        assert!(number(&shown["rss_bytes"]) > 1_000_000 && number(&shown["p99_latency_us"]) > 0, "{shown}");
        assert!(shown["cpu"].as_f64().is_some_and(|cpu| (0.0..=1.0).contains(&cpu)), "{shown}");
        let longest = |figures: &Value| number(&figures["max_latency_us"]);
        let methods = own["methods"].as_object().expect("an object").values().map(longest).max();
        assert!(Some(longest(&own["hops"]["queue"])) <= methods, "a part of the way took longer than all of it: {own}");
        assert!(own["hops"]["javascript"].is_object(), "{own}");
        seen[index] = number(&shown["call_count"]);
    }
    assert!(seen.iter().all(|calls| *calls > 0) && seen.iter().sum::<u64>() == total, "{seen:?}");
    assert!(number(&metrics["hops"]["node"]["p50_latency_us"]) > 0, "{metrics}");
}

#[test]
fn what_a_dead_node_did_last_is_no_rate_any_more() {
    let mut cluster = Cluster::start(program("failing.js"), 1);
    known_calls(&cluster.client);
    let url = cluster.nodes[0].url.clone();
    let shown = || cluster.client.metrics()["cluster"]["nodes"][&url].clone();
    wait_until("it has reported", SOON, || shown()["calls_per_s"].as_f64().is_some_and(|rate| rate > 0.0));
    cluster.nodes[0].kill();
    let client = &cluster.client;
    let down = || Some(client.metrics()["cluster"].clone()).filter(|cluster| cluster["nodes"][&url]["state"] == "down");
    let (figures, _) = wait_for("it is down", SOON, down);
    assert_eq!((&figures["calls_per_s"], &figures["rss_bytes"]), (&json!(0.0), &json!(0)), "{figures}");
    assert_eq!(figures["call_count"], GOOD + 2 * FAILED, "what it did is not forgotten at once");
}

#[test]
fn the_last_minutes_are_there_for_whoever_comes_later() {
    let cluster = Cluster::start(program("failing.js"), 1);
    known_calls(&cluster.client);
    for client in [cluster.client.clone(), cluster.node_client(0)] {
        let history = || client.call("_history", Value::Null).expect("the history");
        wait_until("there is a point with the calls", SOON, || {
            let points = history();
            let points = points.as_array().expect("an array");
            points.iter().any(|point| {
                point["calls_per_s"].as_f64().is_some_and(|rate| rate > 0.0) && number(&point["over_ms"]) > 0
            })
        });
    }
}

#[test]
fn heartbeats_without_a_report_or_with_an_unreadable_one_keep_a_member() {
    let cluster = Cluster::start(program("failing.js"), 1);
    let (url, info) = (&cluster.nodes[0].url, cluster.node_client(0).info());
    let instance = &info["instance"];
    let many: BTreeMap<String, Value> = (0..100).map(|number| (format!("m{number}"), json!({}))).collect();
    for report in [Value::Null, json!(7), json!({"all": {"results": -1}}), json!({"methods": many})] {
        let reply = cluster.client.call("_heartbeat", json!({"instance": instance, "report": report}));
        assert_eq!(reply.expect("a heartbeat")["known"], true);
    }
    let shown = cluster.client.metrics()["cluster"]["nodes"][url].clone();
    assert_eq!(shown["state"], "up");
    let report = json!({"uptime_ms": u64::MAX, "all": {"results": 7, "latencies": [[65535, 7], [3, 7]]}});
    // The node's own heartbeats come in between.
    wait_until("a report that can be read is taken", SOON, || {
        let params = json!({"instance": instance, "report": report});
        cluster.client.call("_heartbeat", params).expect("a heartbeat");
        cluster.client.metrics()["cluster"]["nodes"][url]["call_count"] == 7
    });
}

/// What a server tells Prometheus, as another's parser reads it.
fn scrape(client: &Client) -> Scrape {
    let reply = client.get("/metrics");
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert!(reply.content_type.as_deref().is_some_and(|kind| kind.starts_with("text/plain; version=0.0.4")));
    for family in reply.body.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let name = family.split(' ').next().unwrap_or_default();
        assert_eq!(reply.body.matches(&format!("# TYPE {name} ")).count(), 1, "{name} is told once");
        assert!(reply.body.contains(&format!("# HELP {name} ")), "{name} has no help");
        assert!(name.starts_with("madrpc_") || name.starts_with("process_"), "{name}");
    }
    Scrape::parse(reply.body.lines().map(|line| Ok(line.to_owned()))).expect("the text format")
}

/// The one sample of this name with these labels.
fn sample(scrape: &Scrape, name: &str, labels: &[(&str, &str)]) -> Figure {
    let fits = |sample: &&prometheus_parse::Sample| {
        sample.metric == name && labels.iter().all(|(label, value)| sample.labels.get(label) == Some(value))
    };
    let found: Vec<_> = scrape.samples.iter().filter(fits).collect();
    assert_eq!(found.len(), 1, "{name} {labels:?} in {:?}", scrape.samples);
    found[0].value.clone()
}

#[test]
fn prometheus_reads_a_node() {
    let odd_name = r#"odd "name" with \ and more"#;
    let script = Script::new("odd", &format!("madrpc.register({}, () => 1);", json!(odd_name)));
    let node = node(script.path(), &[]);
    let client = Client::new(&node.url);
    for _ in 0..5 {
        client.call(odd_name, Value::Null).expect("a result");
    }
    client.call("none", Value::Null).expect_err("unknown");
    wait_until("all are counted", SOON, || client.metrics()["total_requests"] == 6);
    let scrape = scrape(&client);
    let escaped = odd_name.replace('\\', r"\\").replace('"', r#"\""#);
    // The parser leaves escapes as they are.
    let method = |labels: &prometheus_parse::Labels| {
        labels.get("method").is_some_and(|method| method == odd_name || method == escaped)
    };
    let count = |outcome: &str| {
        let found = scrape.samples.iter().find(|sample| {
            sample.metric == "madrpc_calls_total"
                && method(&sample.labels)
                && sample.labels.get("outcome") == Some(outcome)
        });
        found.map(|sample| sample.value.clone())
    };
    assert_eq!((count("ok"), count("error")), (Some(Figure::Counter(5.0)), Some(Figure::Counter(0.0))));
    let unknown = [("method", "(unknown)"), ("code", "-32601")];
    assert_eq!(sample(&scrape, "madrpc_call_errors_total", &unknown), Figure::Counter(1.0));
    let durations =
        scrape.samples.iter().find(|sample| sample.metric == "madrpc_call_duration_seconds" && method(&sample.labels));
    match durations.map(|sample| &sample.value) {
        Some(Figure::Histogram(buckets)) => {
            assert!(buckets.len() > 10 && buckets.is_sorted_by_key(|bucket| bucket.count), "{buckets:?}");
            let last = buckets.last().expect("some");
            assert!(last.less_than.is_infinite() && last.count == 5.0, "{buckets:?}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(sample(&scrape, "madrpc_executors", &[("state", "idle")]), Figure::Gauge(1.0));
    for name in ["process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "madrpc_in_flight"] {
        match sample(&scrape, name, &[]) {
            Figure::Counter(value) => assert!(name.ends_with("_total") && value > 0.0, "{name} {value}"),
            Figure::Gauge(value) => assert!(!name.ends_with("_total") && value >= 0.0, "{name} {value}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn prometheus_reads_the_cluster_from_its_orchestrator() {
    let cluster = Cluster::start(program("failing.js"), 2);
    known_calls(&cluster.client);
    let total = GOOD + 2 * FAILED;
    wait_until("all is reported", SOON, || cluster.client.metrics()["cluster"]["call_count"] == total);
    let scrape = scrape(&cluster.client);
    assert_eq!(sample(&scrape, "madrpc_nodes", &[("state", "up")]), Figure::Gauge(2.0));
    let errors = [("method", "sync_error"), ("outcome", "error")];
    assert_eq!(sample(&scrape, "madrpc_calls_total", &errors), Figure::Counter(FAILED as f64));
    let ran = |outcome: &str| -> f64 {
        let nodes = cluster.nodes.iter().map(|node| {
            match sample(&scrape, "madrpc_node_calls_total", &[("node", &node.url), ("outcome", outcome)]) {
                Figure::Counter(calls) => calls,
                other => panic!("{other:?}"),
            }
        });
        nodes.sum()
    };
    assert_eq!((ran("ok"), ran("error")), (GOOD as f64, (2 * FAILED) as f64));
    assert_eq!(sample(&scrape, "madrpc_node_events_total", &[("event", "joined")]), Figure::Counter(2.0));
}

#[test]
fn many_failures_alike_leave_some_lines_and_say_how_many_are_missing() {
    const CALLS: usize = 300;
    let node = node(program("failing.js"), &[]);
    let client = Client::new(&node.url);
    let call = r#"{"jsonrpc":"2.0","method":"sync_error","id":1}"#;
    client.post(&format!("[{}]", vec![call; CALLS].join(",")));
    let lines = || node.log().lines().filter(|line| line.contains("\"sync_error\" failed")).count();
    wait_until("the first ones are logged", SOON, || lines() >= 20);
    assert!(lines() < CALLS / 2, "{} lines of {CALLS}", lines());
    let told = node.wait_for_log("the others are told of", SOON, |line| {
        if !line.contains("like it were left out") {
            client.call("sync_error", Value::Null).expect_err("fails");
        }
        line.contains("like it were left out")
    });
    assert!(told.contains("\"sync_error\" failed"), "{told}");
    assert_eq!(client.metrics()["methods"]["sync_error"]["success_count"], 0, "each is counted all the same");
}
