//! Which node gets a call: by tags, by how quick it is, and not while it does much worse than others.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{json, Value};

use crate::harness::{
    node, node_of, orchestrator, pause, run, wait_until, Client, ForeignServer, PlayedNode, Process, Script, SOON,
};

/// It takes a few looks, of which there is one every two seconds.
const JUDGEMENT: Duration = Duration::from_secs(60);

/// Says `name`, after a while.
fn place(name: &str, millis: u64) -> Script {
    let text = format!(
        "madrpc.register('where', () => new Promise((resolve) => setTimeout(resolve, {millis}, '{name}')));
         madrpc.register('elsewhere', ({{ tags }}) => madrpc.call('where', [], {{ tags }}));
         madrpc.register('elsewhere_sync', ({{ tags }}) => madrpc.callSync('where', [], {{ tags }}));"
    );
    Script::new("place.js", &text)
}

fn tagged(orchestrator: &Process, name: &str, flags: &[&str]) -> Process {
    node_of(orchestrator, place(name, 0), flags)
}

fn wait_for_nodes(client: &Client, count: u64) {
    wait_until("all nodes take calls", SOON, || client.info()["enabled_nodes"] == count);
}

#[test]
fn calls_go_to_nodes_that_carry_their_tags() {
    let orchestrator = orchestrator(&[]);
    let client = Client::new(&orchestrator.url);
    let _nodes = [
        tagged(&orchestrator, "a", &["--tag", "zone=a", "--tag", "gpu=yes"]),
        tagged(&orchestrator, "b", &["--tag", "zone=b"]),
        tagged(&orchestrator, "none", &[]),
    ];
    wait_for_nodes(&client, 3);
    let call = |method: &str, params: Value, tags: &Value| {
        let meta = json!({ "tags": tags });
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params, "meta": meta});
        client.post(&request.to_string()).json()
    };
    for (tags, expected) in [
        (json!({"zone": "a"}), json!("a")),
        (json!({"zone": "b"}), json!("b")),
        (json!({"zone": "a", "gpu": "yes"}), json!("a")),
        (json!({"zone": "b", "gpu": "yes"}), json!(-32004)),
        (json!({"zone": "c"}), json!(-32004)),
        (json!({"rack": "1"}), json!(-32004)),
    ] {
        for _ in 0..6 {
            let direct = call("where", json!([]), &tags);
            assert!([&direct["result"], &direct["error"]["code"]].contains(&&expected), "{tags}: {direct}");
            // Through any of the nodes, which pass the tags on.
            for method in ["elsewhere", "elsewhere_sync"] {
                let nested = call(method, json!({ "tags": tags }), &json!({}));
                let found = [&nested["result"], &nested["error"]["code"]];
                assert!(found.contains(&&expected), "{method} {tags}: {nested}");
            }
        }
    }
    let everywhere: std::collections::HashSet<String> =
        (0..9).map(|_| call("where", json!([]), &json!({}))["result"].to_string()).collect();
    assert_eq!(everywhere.len(), 3, "{everywhere:?}");
    assert_eq!(call("nowhere", json!([]), &json!({"zone": "a"}))["error"]["code"], -32601);
}

#[test]
fn tags_come_by_header_batch_and_command_line() {
    let orchestrator = orchestrator(&[]);
    let client = Client::new(&orchestrator.url);
    let _nodes = [tagged(&orchestrator, "a", &["--tag", "zone=a"]), tagged(&orchestrator, "b", &["--tag", "zone=b"])];
    wait_for_nodes(&client, 2);
    let request = |id: u64, zone: Option<&str>| {
        let mut request = json!({"jsonrpc": "2.0", "id": id, "method": "where"});
        if let Some(zone) = zone {
            request["meta"] = json!({"tags": {"zone": zone}});
        }
        request
    };
    let headers = [("content-type", "application/json"), ("madrpc-tags", "zone=b")];
    for _ in 0..4 {
        let reply = client.post_with(&headers, request(1, None).to_string().as_bytes()).json();
        assert_eq!(reply["result"], "b");
        let batch = json!([request(1, Some("a")), request(2, None), request(3, Some("c"))]).to_string();
        let replies = client.post_with(&headers, batch.as_bytes()).json();
        assert_eq!((&replies[0]["result"], &replies[1]["result"]), (&json!("a"), &json!("b")), "{replies}");
        assert_eq!(replies[2]["error"]["code"], -32004, "{replies}");
        let output = run(["call", &orchestrator.url, "where", "--tag", "zone=a"]);
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "\"a\"", "{output:?}");
    }
}

#[test]
fn a_foreign_server_carries_no_tags() {
    let foreign = ForeignServer::start();
    let alone = node(place("a", 0), &["--tag", "zone=a"]);
    let orchestrator = orchestrator(&["--node", &foreign.url, "--node", &alone.url]);
    let client = Client::new(&orchestrator.url);
    wait_for_nodes(&client, 2);
    let request = |method: &str, zone: &str| {
        let meta = json!({"tags": {"zone": zone}});
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": {}, "meta": meta});
        client.post(&request.to_string()).json()
    };
    for _ in 0..4 {
        assert_eq!(request("where", "a")["result"], "a");
        assert_eq!(request("greet", "a")["error"]["code"], -32004);
    }
}

#[test]
fn p2c_ewma_prefers_the_quick_node() {
    let orchestrator = orchestrator(&["--balance", "p2c-ewma"]);
    let client = Client::new(&orchestrator.url);
    let _nodes = [node_of(&orchestrator, place("slow", 1_000), &[]), node_of(&orchestrator, place("quick", 0), &[])];
    wait_for_nodes(&client, 2);
    let answers: Vec<Value> = (0..60).map(|_| client.call("where", Value::Null).expect("answered")).collect();
    let quick = answers.iter().filter(|answer| **answer == "quick").count();
    assert!((50..60).contains(&quick), "{quick} of 60, and the slow one was tried");
}

/// Calls until `done`, from some threads at once. Errors are allowed.
fn under_load(client: &Client, done: impl FnOnce()) {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let _ = client
                        .try_post(&[("content-type", "application/json")], br#"{"jsonrpc":"2.0","id":1,"method":"m"}"#);
                }
            });
        }
        // Also when it fails, so that the test ends.
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(done));
        over.store(true, Ordering::Relaxed);
        outcome.unwrap_or_else(|failure| std::panic::resume_unwind(failure));
    });
}

fn reason(client: &Client, url: &str) -> String {
    let info = client.info();
    let nodes = info["nodes"].as_array().expect("an array");
    let node = nodes.iter().find(|node| node["addr"] == url).expect("it is in the list");
    node["disable_reason"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_node_that_fails_half_of_its_calls_is_ejected() {
    let orchestrator = orchestrator(&["--failure-threshold", "1000000"]);
    let client = Client::new(&orchestrator.url);
    let fine = PlayedNode::join(&orchestrator.url, "127.0.0.1", |_| Some(json!(1)));
    let bad = PlayedNode::join(&orchestrator.url, "127.0.0.1", |n| (n % 2 == 0).then(|| json!(1)));
    wait_for_nodes(&client, 2);
    under_load(&client, || {
        wait_until("it is ejected", JUDGEMENT, || reason(&client, &bad.url).starts_with("ejected: "));
    });
    let before = (fine.calls(), bad.calls());
    for _ in 0..50 {
        assert_eq!(client.call("m", Value::Null), Ok(json!(1)));
    }
    assert_eq!((fine.calls(), bad.calls()), (before.0 + 50, before.1));
    assert_eq!(client.metrics()["node_events"]["ejected"], 1);
    orchestrator
        .wait_for_log("it is in the log", SOON, |line| line.contains("ejected for 30 s") && line.contains("failed"));
    // Nobody else is left: it is tried.
    drop(fine);
    wait_until("it serves", SOON, || client.call("m", Value::Null) == Ok(json!(1)));
    assert!(bad.calls() > before.1);
}

#[test]
fn a_node_that_is_much_slower_than_its_peers_is_ejected() {
    let orchestrator = orchestrator(&[]);
    let client = Client::new(&orchestrator.url);
    let _quick = [0; 2].map(|_| PlayedNode::join(&orchestrator.url, "127.0.0.1", |_| Some(json!(1))));
    let slow = PlayedNode::join(&orchestrator.url, "127.0.0.1", |_| {
        pause(Duration::from_millis(200));
        Some(json!(1))
    });
    wait_for_nodes(&client, 3);
    under_load(&client, || {
        wait_until("it is ejected", JUDGEMENT, || reason(&client, &slow.url).contains("its calls take"));
    });
    let before = slow.calls();
    for _ in 0..20 {
        assert_eq!(client.call("m", Value::Null), Ok(json!(1)));
    }
    assert_eq!((slow.calls(), client.info()["nodes_up"].clone()), (before, json!(3)));
}
