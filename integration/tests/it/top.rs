//! `madrpc-actor top` and `nodes` against real servers: what they print is what the servers tell.

use std::process::Output;

use serde_json::{json, Value};

use crate::harness::{free_port, node, orchestrator, program, run, wait_until, Client, Cluster, Script, SOON};

const INTERVAL: [&str; 2] = ["--interval", "200ms"];

fn printed(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn top(url: &str, flags: &[&str]) -> Output {
    run([&["top", url], &INTERVAL[..], flags].concat())
}

fn snapshot(url: &str) -> Value {
    let text = printed(&top(url, &["--json"]));
    assert_eq!(text.lines().count(), 1, "one line: {text}");
    serde_json::from_str(&text).expect("JSON")
}

/// Keys of an object, in order.
fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn a_snapshot_tells_what_the_cluster_did() {
    let mut cluster = Cluster::start(program("failing.js"), 2);
    let url = cluster.orchestrator.url.clone();
    for _ in 0..10 {
        cluster.client.call("fine", Value::Null).expect("fine");
    }
    for _ in 0..3 {
        cluster.client.call("sync_error", Value::Null).expect_err("fails");
    }
    wait_until("all is reported", SOON, || cluster.client.metrics()["cluster"]["call_count"] == 13);
    let told = snapshot(&url);
    assert_eq!(keys(&told), ["cluster", "events", "methods", "nodes"]);
    let figures = &told["cluster"];
    assert_eq!((&figures["url"], &figures["server_type"]), (&json!(url), &json!("orchestrator")));
    assert_eq!((&figures["call_count"], &figures["failure_count"]), (&json!(13), &json!(3)), "{told}");
    assert_eq!((&figures["nodes_up"], &figures["executors_all"]), (&json!(2), &json!(2)));
    assert!(figures["calls_per_s"].as_f64().is_some_and(|rate| rate > 0.0), "{told}");
    assert!(figures["errors_per_s"].as_f64().is_some_and(|rate| rate > 0.0), "{told}");
    assert!(figures["p99_latency_us"].as_u64().is_some_and(|us| us > 0), "{told}");
    let methods = told["methods"].as_array().expect("methods");
    let counts = |name: &str| {
        let method = methods.iter().find(|method| method["name"] == name).expect(name);
        (method["call_count"].clone(), method["failure_count"].clone())
    };
    assert_eq!((counts("fine"), counts("sync_error")), ((json!(10), json!(0)), (json!(3), json!(3))));
    for (node, shown) in cluster.nodes.iter().zip([0, 1]) {
        let nodes = told["nodes"].as_array().expect("nodes");
        let line =
            nodes.iter().find(|line| line["addr"] == node.url).unwrap_or_else(|| panic!("node {shown} in {told}"));
        assert_eq!((&line["state"], &line["circuit_state"]), (&json!("up"), &json!("Closed")), "{line}");
        assert!(line["rss_bytes"].as_u64().is_some_and(|bytes| bytes > 1_000_000), "{line}");
    }

    let text = printed(&top(&url, &["--once"]));
    for part in [&url, "nodes 2 up", "calls 13 ", "errors 3 ", "sync_error", &cluster.nodes[1].url, "executors"] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    let table = printed(&run(["nodes", &url]));
    assert_eq!(table.lines().count(), 3, "{table}");
    assert!(cluster.nodes.iter().all(|node| table.contains(&node.url)) && !table.contains("sync_error"), "{table}");

    let dead = cluster.nodes[0].url.clone();
    cluster.nodes[0].kill();
    let state = || {
        let nodes: Value = serde_json::from_str(&printed(&run(["nodes", &url, "--json"]))).expect("JSON");
        let nodes = nodes.as_array().expect("an array").clone();
        nodes.into_iter().find(|node| node["addr"] == *dead).map(|node| node["state"].clone())
    };
    wait_until("nodes shows that it is down", SOON, || state() == Some(json!("down")));
}

#[test]
fn a_node_alone_is_its_own_cluster() {
    let odd = "evil\u{1b}[2J\n";
    let script = Script::new("odd", &format!("madrpc.register({}, () => 1);", json!(odd)));
    let node = node(script.path(), &[]);
    Client::new(&node.url).call(odd, Value::Null).expect("a result");
    wait_until("it is counted", SOON, || Client::new(&node.url).metrics()["total_requests"] == 1);
    let told = snapshot(&node.url);
    assert_eq!((&told["cluster"]["server_type"], &told["cluster"]["call_count"]), (&json!("node"), &json!(1)));
    let line = &told["nodes"][0];
    assert_eq!(
        (&line["addr"], &line["executors_all"], &told["methods"][0]["name"]),
        (&json!(node.url), &json!(1), &json!(odd))
    );
    for figure in ["cpu", "calls_per_s", "rss_bytes"] {
        assert!(line[figure].is_number(), "{figure} in {line}");
    }
    let text = printed(&top(&node.url, &["--once"]));
    assert!(text.contains("evil\\u{1b}[2J\\n") && !text.contains('\u{1b}'), "{text:?}");
}

#[test]
fn a_key_is_presented_and_refusals_are_1() {
    let server = orchestrator(&["--api-key", "secret"]);
    for command in [&["top", "--once"][..], &["top", "--json"], &["nodes"]] {
        let refused = run([command, &[&server.url]].concat());
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(1), "{said}");
        assert!(said.contains("-32008") && refused.stdout.is_empty(), "{said}");
        printed(&run([command, &[&server.url, "--api-key", "secret"]].concat()));
    }
}

#[test]
fn nobody_there_is_3_and_a_mistake_2() {
    let url = format!("http://127.0.0.1:{}", free_port());
    for command in [&["top", "--once"][..], &["top", "--json"], &["nodes"]] {
        assert_eq!(run([command, &[&url]].concat()).status.code(), Some(3), "{command:?}");
    }
    let pipe = run(["top", &url]);
    assert_eq!(pipe.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&pipe.stderr).contains("--once"), "{pipe:?}");
    for mistake in [&["top", &url, "--interval", "1ms"][..], &["top", "ftp://x"], &["nodes"]] {
        assert_eq!(run(mistake).status.code(), Some(2), "{mistake:?}");
    }
}
