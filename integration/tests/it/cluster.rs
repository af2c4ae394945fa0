//! Calls that spread over the cluster, nest, wait, and run out of time.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{json, Value};

use crate::harness::{
    cpu_time, node, node_of, orchestrator, pause, program, wait_until, Client, Cluster, ForeignServer, SOON,
};

#[test]
fn fifty_fan_outs_of_fifty_calls_are_all_exact() {
    let cluster = Cluster::start(program("cluster.js"), 2);
    thread::scope(|scope| {
        for n in 0..50_u64 {
            let client = &cluster.client;
            scope.spawn(move || {
                let expected: u64 = (n..n + 50).map(|n| n * n).sum();
                assert_eq!(client.call("aggregate", json!({"from": n, "count": 50})), Ok(json!(expected)));
            });
        }
    });
    // Both nodes had a fair share of the 2,500 calls.
    for index in 0..2 {
        let calls = cluster.node_client(index).metrics()["methods"]["square"]["call_count"].as_u64();
        assert!(calls.is_some_and(|calls| calls > 500), "node {index} ran {calls:?} of 2,500 calls");
    }
}

#[test]
fn recursion_through_the_cluster_ends_on_one_executor() {
    let cluster = Cluster::start(program("cluster.js"), 1);
    for method in ["descend", "descend_sync"] {
        assert_eq!(cluster.client.call(method, json!({"depth": 30})), Ok(json!(30)), "{method}");
        let failure = cluster.client.call(method, json!({"depth": 100})).expect_err("too deep");
        assert_eq!((failure.code, failure.message.as_str()), (-32011, "Call depth exceeded"), "{method}");
        assert_eq!(cluster.client.call(method, json!({"depth": 3})), Ok(json!(3)), "{method}");
    }
}

#[test]
fn many_recursions_at_once_end_too() {
    let cluster = Cluster::start(program("cluster.js"), 2);
    thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| assert_eq!(cluster.client.call("descend_sync", json!({"depth": 5})), Ok(json!(5))));
            scope.spawn(|| assert_eq!(cluster.client.call("descend", json!({"depth": 20})), Ok(json!(20))));
        }
    });
}

#[test]
fn a_node_without_an_orchestrator_serves_its_own_calls() {
    let node = node(program("cluster.js"), &["--max-depth", "8"]);
    let client = Client::new(&node.url);
    assert_eq!(client.call("aggregate", json!({"from": 1, "count": 100})), Ok(json!(338_350)));
    for method in ["descend", "descend_sync"] {
        assert_eq!(client.call(method, json!({"depth": 8})), Ok(json!(8)), "{method}");
        let failure = client.call(method, json!({"depth": 20})).expect_err("too deep");
        assert_eq!((failure.code, &failure.data["limit"]), (-32011, &json!(8)), "{method}");
    }
}

#[test]
fn parked_calls_use_no_cpu() {
    const CALLS: u64 = 1_000;
    let cluster = Cluster::start(program("cluster.js"), 1);
    let batch = |method: &str| {
        let call = |id: u64| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": {"ms": 8_000}});
        json!((0..CALLS / 2).map(call).collect::<Vec<Value>>()).to_string()
    };
    thread::scope(|scope| {
        // Half wait for a timer of their own, half for a nested call that does: 1,500 calls in all on the node.
        let waiting = ["pause", "nested_pause"].map(|method| {
            let (client, batch) = (&cluster.client, batch(method));
            scope.spawn(move || client.post(&batch).json())
        });
        let node = cluster.node_client(0);
        wait_until("all calls are parked", SOON, || node.call("pauses_begun", Value::Null) == Ok(json!(CALLS)));
        let window = Duration::from_secs(2);
        let pids = [cluster.nodes[0].engine_pid(), cluster.nodes[0].pid(), cluster.orchestrator.pid()];
        let (before, start) = (pids.map(cpu_time), Instant::now());
        while start.elapsed() < window {
            pause(window - start.elapsed());
        }
        for (pid, before) in pids.into_iter().zip(before) {
            let used = cpu_time(pid) - before;
            assert!(used < window / 20, "process {pid} used {used:?} within {window:?}");
        }
        for replies in waiting.map(|waiting| waiting.join().expect("answered")) {
            let replies = replies.as_array().expect("an array").clone();
            assert_eq!(replies.len() as u64, CALLS / 2);
            assert!(replies.iter().all(|reply| reply["result"] == "done"), "{:?}", replies.first());
        }
    });
}

#[test]
fn a_deadline_holds_and_shrinks_along_nested_calls() {
    let cluster = Cluster::start(program("cluster.js"), 1);
    let call = |method: &str, params: Value, meta: Value| {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params, "meta": meta});
        cluster.client.post(&request.to_string()).json()
    };
    for method in ["pause", "nested_pause"] {
        let start = Instant::now();
        let reply = call(method, json!({"ms": 20_000}), json!({"timeoutMs": 300}));
        let error = &reply["error"];
        assert_eq!((&error["code"], &error["message"]), (&json!(-32001), &json!("Timeout")), "{method}");
        assert!((300..3_000).contains(&start.elapsed().as_millis()), "{method}: {:?}", start.elapsed());
    }
    let by_header = cluster.client.post_with(
        &[("content-type", "application/json"), ("madrpc-timeout-ms", "300")],
        json!({"jsonrpc": "2.0", "id": 1, "method": "pause", "params": {"ms": 20_000}}).to_string().as_bytes(),
    );
    assert_eq!(by_header.json()["error"]["code"], -32001);

    for method in ["left", "left_nested"] {
        let left = call(method, json!([]), json!({"timeoutMs": 4_000}))["result"].as_f64().expect("milliseconds");
        assert!((1.0..=4_000.0).contains(&left), "{method}: {left} ms left of 4,000");
    }
    assert_eq!(call("limited", json!([]), json!({}))["error"]["code"], -32001, "the method's own timeoutMs");
    let caught = call("impatient", json!({"ms": 20_000, "timeoutMs": 100}), json!({}));
    assert_eq!(caught["result"], -32001);
}

#[test]
fn the_default_deadline_is_call_timeout() {
    let cluster = Cluster::with(program("cluster.js"), 1, &["--call-timeout", "300ms"], &[]);
    let failure = cluster.client.call("pause", json!({"ms": 20_000})).expect_err("too late");
    assert_eq!(failure.code, -32001);
    let alone = node(program("cluster.js"), &["--call-timeout", "300ms"]);
    let failure = Client::new(&alone.url).call("pause", json!({"ms": 20_000})).expect_err("too late");
    assert_eq!(failure.code, -32001);
}

#[test]
fn the_trace_goes_along() {
    let cluster = Cluster::start(program("cluster.js"), 1);
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let request = json!({"jsonrpc": "2.0", "id": "mine", "method": "context"});
    let header = format!("00-{trace}-00f067aa0ba902b7-01");
    let headers = [("content-type", "application/json"), ("traceparent", header.as_str())];
    let context = cluster.client.post_with(&headers, request.to_string().as_bytes()).json()["result"].clone();
    assert_eq!((&context["method"], &context["trace"]["traceId"]), (&json!("context"), &json!(trace)));
    assert_eq!(context["trace"]["spanId"].as_str().map(str::len), Some(16));
}

#[test]
fn without_a_node_there_is_nobody_to_call() {
    let orchestrator = orchestrator(&[]);
    let client = Client::new(&orchestrator.url);
    let failure = client.call("square", json!({"n": 2})).expect_err("no node");
    assert_eq!((failure.code, failure.message.as_str()), (-32004, "No node available"));
    assert_eq!((client.get("/health").status, client.get("/ready").status), (200, 503));

    let node = node_of(&orchestrator, program("cluster.js"), &[]);
    wait_until("the node takes calls", SOON, || client.call("square", json!({"n": 2})) == Ok(json!(4)));
    assert_eq!(client.get("/ready").status, 200);
    assert_eq!(client.call("cube", json!({"n": 2})).expect_err("unknown").code, -32601);
    drop(node);
}

#[test]
fn any_json_rpc_server_can_be_a_static_node() {
    let foreign = ForeignServer::start();
    let orchestrator = orchestrator(&["--node", &foreign.url]);
    let client = Client::new(&orchestrator.url);
    let greeting = Ok(json!("Hello, Ada, from elsewhere"));
    wait_until("the foreign server takes calls", SOON, || client.call("greet", json!({"name": "Ada"})) == greeting);
    // Its own errors come through whole.
    let failure = client.call("nothing_of_this_name", Value::Null).expect_err("unknown");
    assert_eq!(
        (failure.code, failure.message.as_str(), &failure.data),
        (-32601, "Unknown here", &json!({"foreign": true}))
    );
}

#[test]
fn a_node_of_ours_can_be_static_too() {
    let alone = node(program("cluster.js"), &[]);
    let orchestrator = orchestrator(&["--node", &alone.url]);
    let client = Client::new(&orchestrator.url);
    wait_until("the node takes calls", SOON, || client.call("square", json!({"n": 3})) == Ok(json!(9)));
    assert_eq!(client.call("toString", Value::Null).expect_err("unknown").code, -32601);
    assert_eq!(client.info()["total_nodes"], 1);
}

#[test]
fn every_policy_serves_and_shares() {
    for policy in ["least-inflight", "round-robin", "random", "p2c-ewma"] {
        let cluster = Cluster::with(program("cluster.js"), 2, &["--balance", policy], &[]);
        for n in 0..100_u64 {
            assert_eq!(cluster.client.call("square", json!({"n": n})), Ok(json!(n * n)), "{policy}");
        }
        for index in 0..2 {
            let calls = cluster.node_client(index).metrics()["methods"]["square"]["call_count"].as_u64();
            // That one prefers who was quicker by chance.
            let least = if policy == "p2c-ewma" { 1 } else { 20 };
            assert!(calls.is_some_and(|calls| calls >= least), "{policy}: node {index} ran {calls:?} of 100 calls");
        }
    }
}
