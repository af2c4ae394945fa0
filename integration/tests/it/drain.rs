//! Servers that leave: told by a signal, or from outside.

use std::thread;
use std::time::Duration;

use serde_json::{json, Value};

use crate::harness::{
    node, node_of, orchestrator, program, run, signal, wait_for, wait_until, Client, Cluster, Load, Process, SOON,
};

/// What `madrpc-actor drain` came to: exit code, and what it printed on standard output.
fn drain(url: &str, flags: &[&str]) -> (Option<i32>, String) {
    let output = run([&["drain", url], flags].concat());
    (output.status.code(), String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn ready(client: &Client) -> (u16, Value) {
    let reply = client.get("/ready");
    (reply.status, reply.json()["reason"].clone())
}

/// A call that waits there, and the thread that waits for it.
fn call_in_flight<'scope, 'env>(
    scope: &'scope thread::Scope<'scope, 'env>,
    server: &'env Client,
) -> thread::ScopedJoinHandle<'scope, Result<Value, crate::harness::RpcFailure>> {
    let call = scope.spawn(|| server.call("pause", json!({"ms": 1_500})));
    wait_until("the call is in flight", SOON, || server.pending() == 1);
    call
}

#[test]
fn a_node_that_is_told_to_end_finishes_what_runs_and_takes_nothing_new() {
    let orchestrator = orchestrator(&[]);
    let mut node = node_of(&orchestrator, program("cluster.js"), &[]);
    let (client, cluster) = (Client::new(&node.url), Client::new(&orchestrator.url));
    wait_until("it has joined", SOON, || cluster.info()["total_nodes"] == 1);
    thread::scope(|scope| {
        let call = call_in_flight(scope, &client);
        signal(node.pid(), "TERM");
        wait_until("it says that it is not ready", SOON, || ready(&client) == (503, json!("draining")));
        wait_until("it has left the cluster", SOON, || cluster.info()["total_nodes"] == 0);
        let (refused, _) = wait_for("it refuses calls", SOON, || client.call("pause", json!({"ms": 0})).err());
        assert_eq!((refused.code, refused.message.as_str()), (-32003, "Draining"));
        assert_eq!(refused.data["reason"], "draining");
        assert_eq!(client.get("/health").status, 200);
        assert_eq!(client.info()["draining"], true);
        assert_eq!(call.join().expect("no panic"), Ok(json!("done")));
    });
    assert_eq!(node.wait_for_exit(SOON), Some(0));
}

#[test]
fn calls_that_do_not_end_hold_up_the_end_for_the_drain_timeout() {
    for (flag, second) in [("300ms", None), ("60s", Some("TERM"))] {
        let orchestrator = orchestrator(&[]);
        let mut node = node_of(&orchestrator, program("cluster.js"), &["--drain-timeout", flag]);
        let client = Client::new(&node.url);
        thread::scope(|scope| {
            let call = scope
                .spawn(|| client.try_post(&[], br#"{"jsonrpc":"2.0","id":1,"method":"pause","params":{"ms":25000}}"#));
            wait_until("the call is in flight", SOON, || Client::new(&node.url).pending() == 1);
            signal(node.pid(), "TERM");
            if let Some(second) = second {
                // The engine, too: two signals that wait for a process are one.
                node.wait_for_log("it has heard the first", SOON, |line| line.contains("serving] ending: Terminated"));
                signal(node.pid(), second);
            }
            assert_eq!(node.wait_for_exit(SOON), Some(0), "{flag}");
            assert!(call.join().expect("no panic").is_none(), "the connection is closed");
        });
        assert!(node.log().contains("ending with 1 calls unfinished"), "{}", node.log());
    }
}

#[test]
fn a_rolling_restart_under_load_fails_nothing() {
    let mut cluster = Cluster::with(program("cluster.js"), 3, &[], &[]);
    let client = cluster.client.clone();
    // Not idempotent: a call that was lost could not be made again.
    let load = Load::of(&client, "pause", 200);
    let failures = load.during(|load| {
        for index in 0..3 {
            load.wait_for_more(40);
            signal(cluster.nodes[index].pid(), "TERM");
            assert_eq!(cluster.nodes[index].wait_for_exit(SOON), Some(0));
            cluster.restart_node(index, program("cluster.js"));
            wait_until("it is back", SOON, || cluster.usable() == 3);
        }
        load.wait_for_more(40);
    });
    assert_eq!(failures, []);
}

#[test]
fn drain_takes_a_node_out_and_undo_brings_it_back() {
    let cluster = Cluster::start(program("cluster.js"), 2);
    let (url, client) = (cluster.nodes[0].url.as_str(), cluster.node_client(0));
    assert_eq!(drain(url, &[]), (Some(0), format!("{url}/ is drained")));
    assert_eq!(cluster.client.info()["total_nodes"], 1);
    assert_eq!((cluster.usable(), ready(&client)), (1, (503, json!("draining"))));
    assert_eq!(client.call("pause", json!({"ms": 0})).map_err(|refused| refused.code), Err(-32003));

    // Its next engine keeps to it.
    let engine = cluster.nodes[0].engine_pid();
    signal(engine, "KILL");
    wait_until("another engine serves", SOON, || client.try_post(&[], b"").is_some() && client.info()["pid"] != engine);
    assert_eq!((ready(&client), cluster.usable()), ((503, json!("draining")), 1));

    assert_eq!(drain(url, &["--undo"]), (Some(0), format!("{url}/ takes calls")));
    cluster.wait_for_usable(2);
    assert_eq!(ready(&client).0, 200);
    assert_eq!(client.call("pause", json!({"ms": 0})), Ok(json!("done")));
}

#[test]
fn a_static_node_that_drains_costs_no_call_an_error() {
    let nodes = [0, 1].map(|_| node(program("cluster.js"), &[]));
    let orchestrator = orchestrator(&["--node", &nodes[0].url, "--node", &nodes[1].url]);
    let client = Client::new(&orchestrator.url);
    let usable = || client.info()["enabled_nodes"].as_u64();
    wait_until("both take calls", SOON, || usable() == Some(2));
    let load = Load::of(&client, "pause", 100);
    let failures = load.during(|load| {
        load.wait_for_more(20);
        assert_eq!(drain(&nodes[0].url, &[]).0, Some(0));
        wait_until("the orchestrator leaves it alone", SOON, || usable() == Some(1));
        load.wait_for_more(20);
        assert_eq!(drain(&nodes[0].url, &["--undo"]).0, Some(0));
        wait_until("it is used again", SOON, || usable() == Some(2));
        load.wait_for_more(20);
    });
    assert_eq!(failures, []);
}

#[test]
fn drain_waits_for_what_runs_and_says_what_it_could_not_wait_for() {
    let cluster = Cluster::start(program("cluster.js"), 1);
    let (url, client) = (cluster.nodes[0].url.as_str(), cluster.node_client(0));
    thread::scope(|scope| {
        let call = call_in_flight(scope, &client);
        assert_eq!(drain(url, &["--timeout", "1ms"]), (Some(1), String::new()));
        assert_eq!(drain(url, &[]).0, Some(0));
        assert_eq!(call.join().expect("no panic"), Ok(json!("done")));
    });
    assert_eq!(drain("http://127.0.0.1:1", &["--timeout", "1s"]).0, Some(3));
}

#[test]
fn only_members_of_the_cluster_may_drain() {
    let node = Process::serve(
        ["node", "--bind", "127.0.0.1:0", "--cluster-token", "right", "--script"]
            .into_iter()
            .map(std::ffi::OsString::from)
            .chain([program("cluster.js").into()]),
    );
    for flags in [&[][..], &["--cluster-token", "wrong"]] {
        assert_eq!(drain(&node.url, flags).0, Some(1), "{flags:?}");
        assert_eq!(ready(&Client::new(&node.url)).0, 200);
    }
    assert_eq!(drain(&node.url, &["--cluster-token", "right"]).0, Some(0));
}

#[test]
fn the_last_node_finishes_what_runs_with_all_the_calls_that_it_makes() {
    let mut cluster = Cluster::start(program("cluster.js"), 1);
    let client = cluster.client.clone();
    thread::scope(|scope| {
        let call = scope.spawn(|| client.call("call_later", json!({"calls": 3, "ms": 1_000})));
        let node = cluster.node_client(0);
        wait_until("the call is in flight", SOON, || node.pending() == 1);
        signal(cluster.nodes[0].pid(), "TERM");
        wait_until("it has left the cluster", SOON, || client.info()["total_nodes"] == 0);
        assert_eq!(call.join().expect("no panic"), Ok(json!(3)));
    });
    assert_eq!(cluster.nodes[0].wait_for_exit(SOON), Some(0));
}

#[test]
fn an_orchestrator_drains_as_a_node_does() {
    let mut cluster = Cluster::start(program("cluster.js"), 1);
    let client = cluster.client.clone();
    thread::scope(|scope| {
        // Its nested calls still pass.
        let call = scope.spawn(|| client.call("call_later", json!({"calls": 3, "ms": 500})));
        wait_until("the call is in flight", SOON, || client.pending() >= 1);
        signal(cluster.orchestrator.pid(), "TERM");
        wait_until("it says that it is not ready", SOON, || ready(&client) == (503, json!("draining")));
        let refused = client.call("pause", json!({"ms": 0})).expect_err("it takes nothing new");
        assert_eq!((refused.code, refused.message.as_str()), (-32003, "Draining"));
        assert_eq!(refused.data["reason"], "draining");
        assert_eq!(call.join().expect("no panic"), Ok(json!(3)));
    });
    assert_eq!(cluster.orchestrator.wait_for_exit(SOON + Duration::from_secs(5)), Some(0));
}
