//! The figures have the promised shapes, and are right.

use std::time::Duration;

use serde_json::{json, Value};

use crate::harness::{node, program, wait_for, wait_until, Client, Cluster, SOON};

const GOOD: u64 = 30;
const FAILED: u64 = 7;
const UNKNOWN: u64 = 5;

/// Makes calls of which the figures are then known.
fn known_calls(client: &Client) {
    for _ in 0..GOOD {
        client.call("fine", Value::Null).expect("fine");
    }
    for _ in 0..FAILED {
        client.call("sync_error", Value::Null).expect_err("fails");
    }
    for n in 0..UNKNOWN {
        client.call(&format!("no_such_method_{n}"), Value::Null).expect_err("unknown");
    }
    // Not counted: built-in methods, what is no call, and looking at the figures.
    for builtin in ["_health", "_metrics", "_info"] {
        client.call(builtin, Value::Null).expect("built in");
    }
    client.post("not json");
    client.get("/health");
}

fn assert_is_number(value: &Value, names: &[&str]) {
    for name in names {
        assert!(value[*name].is_u64(), "{name} in {value}");
    }
}

#[test]
fn metrics_count_every_call_once() {
    let cluster = Cluster::start(program("failing.js"), 1);
    known_calls(&cluster.client);
    let total = GOOD + FAILED + UNKNOWN;
    // Counted after the reply may have left: a moment passes.
    wait_until("all calls are counted", SOON, || cluster.client.metrics()["total_requests"] == total);
    let metrics = cluster.client.metrics();
    assert_eq!(metrics["successful_requests"], GOOD);
    assert_eq!(metrics["failed_requests"], FAILED + UNKNOWN);
    assert_is_number(&metrics, &["active_connections", "uptime_ms"]);
    assert!(metrics["active_connections"].as_u64().is_some_and(|open| open > 0), "this very connection");

    let methods = metrics["methods"].as_object().expect("an object");
    let mut names: Vec<&str> = methods.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["(unknown)", "fine", "sync_error"]);
    for (name, good, bad) in [("fine", GOOD, 0), ("sync_error", 0, FAILED), ("(unknown)", 0, UNKNOWN)] {
        let method = &methods[name];
        let counts = ["call_count", "success_count", "failure_count"].map(|count| method[count].as_u64());
        assert_eq!(counts, [Some(good + bad), Some(good), Some(bad)], "{name}");
        let latencies = ["p50", "p95", "p99", "max"]
            .map(|figure| method[format!("{figure}_latency_us")].as_f64().expect("a number"));
        assert!(latencies[0] > 0.0 && latencies.is_sorted(), "{name}: {method}");
        assert!(method["avg_latency_us"].as_f64().is_some_and(|mean| mean <= latencies[3] * 1.01), "{name}: {method}");
    }

    let url = &cluster.nodes[0].url;
    let figures = &metrics["nodes"][url];
    assert_eq!(&figures["node_addr"], url, "{metrics}");
    // Those of a name that no node has never left the orchestrator.
    assert_eq!(figures["request_count"], GOOD + FAILED);
    assert!(figures["last_request_ms"].as_u64().is_some_and(|when| when > 1_700_000_000_000), "{figures}");

    let of_the_node = cluster.node_client(0).metrics();
    assert_eq!(of_the_node["total_requests"], GOOD + FAILED);
    assert_eq!(of_the_node["methods"]["fine"]["call_count"], GOOD);
    assert_eq!(of_the_node["nodes"], Value::Null);
}

#[test]
fn a_node_of_its_own_counts_too() {
    let node = node(program("failing.js"), &[]);
    let client = Client::new(&node.url);
    known_calls(&client);
    wait_until("all calls are counted", SOON, || client.metrics()["total_requests"] == GOOD + FAILED + UNKNOWN);
    let metrics = client.metrics();
    assert_eq!(
        (&metrics["successful_requests"], &metrics["failed_requests"]),
        (&json!(GOOD), &json!(FAILED + UNKNOWN))
    );
    assert_eq!(metrics["methods"]["(unknown)"]["failure_count"], UNKNOWN);
}

#[test]
fn notifications_and_batches_are_calls_too() {
    let node = node(program("failing.js"), &[]);
    let client = Client::new(&node.url);
    client.post(r#"{"jsonrpc":"2.0","method":"fine"}"#);
    client.post(r#"[{"jsonrpc":"2.0","method":"fine","id":1},{"jsonrpc":"2.0","method":"sync_error","id":2},{"jsonrpc":"2.0","method":"fine"}]"#);
    wait_until("all four are counted", SOON, || client.metrics()["total_requests"] == 4);
    let metrics = client.metrics();
    assert_eq!((&metrics["methods"]["fine"]["success_count"], &metrics["failed_requests"]), (&json!(3), &json!(1)));
}

#[test]
fn latencies_are_those_of_the_calls() {
    let node = node(program("spec.js"), &[]);
    let client = Client::new(&node.url);
    for _ in 0..5 {
        client.call("wait_ms", json!({"ms": 100, "value": 1})).expect("waits");
    }
    wait_until("all are counted", SOON, || client.metrics()["total_requests"] == 5);
    let method = client.metrics()["methods"]["wait_ms"].clone();
    for figure in ["avg", "p50", "p99", "max"] {
        let latency = method[format!("{figure}_latency_us")].as_f64().expect("a number");
        assert!((95_000.0..1_000_000.0).contains(&latency), "{figure}: {latency} µs for a wait of 100 ms");
    }
}

#[test]
fn info_tells_what_a_process_is() {
    let cluster = Cluster::start(program("cluster.js"), 2);
    let info = cluster.client.info();
    assert_eq!((&info["server_type"], &info["version"]), (&json!("orchestrator"), &json!(env!("CARGO_PKG_VERSION"))));
    assert_eq!(
        (&info["total_nodes"], &info["enabled_nodes"], &info["disabled_nodes"]),
        (&json!(2), &json!(2), &json!(0))
    );
    assert_is_number(&info, &["uptime_ms"]);
    let nodes = info["nodes"].as_array().expect("an array");
    let mut addresses: Vec<&str> = nodes.iter().filter_map(|node| node["addr"].as_str()).collect();
    addresses.sort_unstable();
    let mut expected: Vec<&str> = cluster.nodes.iter().map(|node| node.url.as_str()).collect();
    expected.sort_unstable();
    assert_eq!(addresses, expected);
    for node in nodes {
        assert_eq!(
            (&node["enabled"], &node["disable_reason"], &node["circuit_state"]),
            (&json!(true), &Value::Null, &json!("Closed"))
        );
        assert_is_number(node, &["consecutive_failures", "inflight"]);
    }

    let node = cluster.node_client(0).info();
    assert_eq!((&node["server_type"], &node["version"]), (&json!("node"), &json!(env!("CARGO_PKG_VERSION"))));
    assert!(node["instance"].as_str().is_some_and(|instance| !instance.is_empty()), "{node}");
    assert_is_number(&node, &["uptime_ms"]);
    assert!(node["tags"].is_object(), "{node}");
    let methods = node["methods"].as_array().expect("an array");
    let named = |name: &str| methods.iter().find(|method| method["name"] == name).expect("registered");
    assert_eq!((&named("square")["idempotent"], &named("pause")["idempotent"]), (&json!(true), &json!(false)));
    assert_eq!((&named("limited")["timeoutMs"], &named("pause")["stream"]), (&json!(50), &json!(false)));
}

#[test]
fn get_routes_and_built_in_methods_say_the_same() {
    let cluster = Cluster::start(program("failing.js"), 1);
    for client in [cluster.client.clone(), cluster.node_client(0)] {
        for (route, method) in [("/_info", "_info"), ("/_metrics", "_metrics"), ("/health", "_health")] {
            let (by_route, by_method) = (client.get_json(route), client.call(method, Value::Null).expect("built in"));
            let keys = |value: &Value| value.as_object().map(|object| object.keys().cloned().collect::<Vec<_>>());
            assert_eq!(keys(&by_route), keys(&by_method), "{route}");
        }
        let health = client.get_json("/health");
        assert_eq!(health["status"], "ok");
        assert!(health.get("node").is_some(), "{health}");
        assert_is_number(&health, &["websocket_clients", "pending_requests"]);
        assert_eq!(client.get("/ready").status, 200);
    }
}

/// One field `name=value` of a summary line.
fn field<'a>(line: &'a str, name: &str) -> &'a str {
    let start = format!("{name}=");
    let value = line.split_whitespace().find_map(|word| word.strip_prefix(start.as_str()));
    value.unwrap_or_else(|| panic!("no {name}= in {line}"))
}

#[test]
fn the_summary_line_tells_the_figures() {
    let flags = ["--summary-interval", "200ms"];
    let cluster = Cluster::with(program("failing.js"), 1, &flags, &flags);
    known_calls(&cluster.client);
    for (process, calls, errors) in
        [(&cluster.orchestrator, GOOD + FAILED + UNKNOWN, FAILED + UNKNOWN), (&cluster.nodes[0], GOOD + FAILED, FAILED)]
    {
        let calls = calls.to_string();
        let is_final = |line: &str| line.contains("summary ") && field(line, "calls") == calls;
        let line = process.wait_for_log("the summary has all calls", SOON, is_final);
        assert_eq!((field(&line, "errors"), field(&line, "inflight")), (errors.to_string().as_str(), "0"), "{line}");
        assert!(field(&line, "rate").ends_with("/s"), "{line}");
        for name in ["p50", "p99", "rss"] {
            assert!(!field(&line, name).is_empty(), "{line}");
        }
    }
    let of_orchestrator = cluster.orchestrator.wait_for_log("a summary", SOON, |line| line.contains("summary "));
    assert_eq!(field(&of_orchestrator, "nodes").split('/').count(), 3, "{of_orchestrator}");
    cluster.orchestrator.wait_for_log("it tells the nodes' executors", SOON, |line| {
        line.contains("summary ") && line.contains(" executors=0/1 ")
    });
    let of_node = cluster.nodes[0].wait_for_log("a summary", SOON, |line| line.contains("summary "));
    assert_eq!(field(&of_node, "executors").split('/').nth(1), Some("1"), "{of_node}");
}

#[test]
fn calls_in_flight_show_in_the_summary() {
    let node = node(program("spec.js"), &["--summary-interval", "200ms"]);
    let client = Client::new(&node.url);
    std::thread::scope(|scope| {
        scope.spawn(|| client.call("wait_ms", json!({"ms": 2_000, "value": 1})).expect("waits"));
        node.wait_for_log("one call is in flight", Duration::from_secs(2), |line| {
            line.contains("summary ") && field(line, "inflight") == "1"
        });
    });
}

#[test]
fn no_summary_when_it_is_off() {
    let node = node(program("failing.js"), &["--summary-interval", "0"]);
    Client::new(&node.url).call("fine", Value::Null).expect("fine");
    let with = crate::harness::node(program("failing.js"), &["--summary-interval", "100ms"]);
    with.wait_for_log("the other node has written some", SOON, |line| line.contains("summary "));
    assert!(!node.log().contains("summary "), "{}", node.log());
}

#[test]
fn the_log_tells_what_happens_to_members_and_calls() {
    let mut cluster = Cluster::start(program("failing.js"), 1);
    let url = cluster.nodes[0].url.clone();
    cluster.orchestrator.wait_for_log("the registration is logged", SOON, |line| line.contains(&url));
    cluster.client.call("sync_error", Value::Null).expect_err("fails");
    cluster.nodes[0].wait_for_log("the error is logged with its method", SOON, |line| {
        line.contains("sync_error") && line.contains("sync failure")
    });
    cluster.nodes[0].kill();
    let lines = || cluster.orchestrator.log().lines().filter(|line| line.contains(&url)).count();
    let before = lines();
    let ((), _) = wait_for("the loss is logged", SOON, || (lines() > before).then_some(()));
}

/// What a client sends can't forge a line of the log.
#[test]
fn text_of_clients_is_escaped_in_the_log() {
    let node = node(program("failing.js"), &[]);
    let client = Client::new(&node.url);
    let forged = "x\n[2020-01-01T00:00:00Z ERROR forged] all is lost";
    client.call(forged, Value::Null).expect_err("unknown");
    client.call("rpc_error", json!({"code": 5, "message": forged, "data": null})).expect_err("fails");
    client.call("sync_error", Value::Null).expect_err("fails");
    node.wait_for_log("the last error is logged", SOON, |line| line.contains("sync failure"));
    assert!(!node.log().lines().any(|line| line.starts_with("[2020-01-01")), "{}", node.log());
}
