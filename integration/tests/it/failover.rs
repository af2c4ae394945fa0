//! Nodes and orchestrators that die and come back.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{json, Value};

use crate::harness::{
    free_port, node, node_of, orchestrator, program, signal, wait_for, wait_until, Client, Cluster, Load, Process, SOON,
};

/// What it may take until the orchestrator has noticed that a node died or came back.
const DETECTION: Duration = Duration::from_secs(3);

#[test]
fn a_killed_node_costs_idempotent_calls_no_error() {
    let mut cluster = Cluster::start(program("cluster.js"), 2);
    let client = cluster.client.clone();
    let load = Load::of(&client, "pause_idempotent", 100);
    let failures = load.during(|load| {
        load.wait_for_more(60);
        let victim = cluster.node_client(0);
        wait_until("a call is in flight on the node", SOON, || victim.pending() > 0);
        cluster.nodes[0].kill();

        wait_until("the dead node is out of rotation", DETECTION, || cluster.usable() == 1);
        load.wait_for_more(60);
        cluster.restart_node(0, program("cluster.js"));
        wait_until("the node is back", DETECTION, || cluster.usable() == 2);

        let served = || cluster.node_client(0).metrics()["methods"]["pause_idempotent"]["call_count"].as_u64();
        wait_until("the node takes calls again", SOON, || served().is_some_and(|calls| calls > 0));
        load.wait_for_more(60);
    });
    assert_eq!(failures, []);
}

#[test]
fn a_call_in_flight_on_a_killed_node_fails_at_once_and_runs_only_once() {
    let mut cluster = Cluster::start(program("cluster.js"), 2);
    let client = cluster.client.clone();
    thread::scope(|scope| {
        let call = scope.spawn(|| client.call("pause", json!({"ms": 20_000})));
        let (victim, _) =
            wait_for("the call is in flight", SOON, || (0..2).find(|index| cluster.node_client(*index).pending() > 0));
        let killed = Instant::now();
        cluster.nodes[victim].kill();
        let failure = call.join().expect("no panic").expect_err("the node died");
        assert_eq!((failure.code, failure.message.as_str()), (-32005, "Node unreachable"));
        assert!(killed.elapsed() < Duration::from_secs(1), "{:?}", killed.elapsed());
        let other = cluster.node_client(1 - victim);
        assert_eq!(other.call("pauses_begun", Value::Null), Ok(json!(0)), "it ran a second time elsewhere");
    });
}

#[test]
fn connections_refused_cost_no_call_an_error() {
    let mut cluster = Cluster::with(program("cluster.js"), 2, &["--health-interval", "0"], &[]);
    cluster.nodes[0].kill();
    // Not idempotent: but nothing was sent, so the other node may be tried.
    for _ in 0..50 {
        assert_eq!(cluster.client.call("pause", json!({"ms": 0})), Ok(json!("done")));
    }
}

#[test]
fn the_breaker_opens_on_a_dead_static_node_and_closes_when_it_is_back() {
    let port = free_port();
    let bind = format!("127.0.0.1:{port}");
    let serve = || node(program("cluster.js"), &["--bind", &bind]);
    let mut alone = serve();
    let flags =
        ["--node", &alone.url, "--failure-threshold", "2", "--circuit-timeout", "500ms", "--health-interval", "0"];
    let orchestrator = orchestrator(&flags);
    let client = Client::new(&orchestrator.url);
    let circuit = || client.info()["nodes"][0]["circuit_state"].clone();
    let call = || client.call("square", json!({"n": 2}));
    wait_until("the node takes calls", SOON, || call() == Ok(json!(4)));
    assert_eq!(circuit(), "Closed");

    alone.kill();
    wait_until("the circuit opens", DETECTION, || {
        let failure = call().expect_err("the only node is dead");
        assert!([-32005, -32004].contains(&failure.code), "{failure:?}");
        circuit() == "Open"
    });
    assert_eq!(call().expect_err("open").code, -32004);

    let _back = serve();
    wait_until("the circuit closes", SOON, || call() == Ok(json!(4)) && circuit() == "Closed");
}

#[test]
fn a_restarted_orchestrator_has_its_nodes_back() {
    let bind = format!("127.0.0.1:{}", free_port());
    let mut first = orchestrator(&["--bind", &bind]);
    let nodes: Vec<Process> = (0..2).map(|_| node_of(&first, program("cluster.js"), &[])).collect();
    let client = Client::new(&first.url);
    let enabled = || client.info()["enabled_nodes"].as_u64();
    wait_until("both nodes are there", SOON, || enabled() == Some(2));

    first.kill();
    let _second = orchestrator(&["--bind", &bind]);
    wait_until("both nodes are back", DETECTION, || enabled() == Some(2));
    assert_eq!(client.call("aggregate", json!({"from": 1, "count": 10})), Ok(json!(385)));
    drop(nodes);
}

#[test]
fn a_node_may_start_before_its_orchestrator() {
    let bind = format!("127.0.0.1:{}", free_port());
    let url = format!("http://{bind}");
    let early = node(program("cluster.js"), &["--orchestrator", &url]);
    early.wait_for_log("it has tried to register", SOON, |line| line.contains(&url));
    assert_eq!(Client::new(&early.url).call("square", json!({"n": 5})), Ok(json!(25)));

    let late = orchestrator(&["--bind", &bind]);
    let client = Client::new(&late.url);
    wait_until("the node has registered", SOON, || client.call("square", json!({"n": 5})) == Ok(json!(25)));
}

#[test]
fn a_node_that_ends_in_order_leaves_at_once() {
    let mut cluster = Cluster::start(program("cluster.js"), 2);
    signal(cluster.nodes[0].pid(), "TERM");
    assert_eq!(cluster.nodes[0].wait_for_exit(SOON), Some(0));
    let info = cluster.client.info();
    assert_eq!((&info["total_nodes"], &info["enabled_nodes"]), (&json!(1), &json!(1)));
    assert_eq!(cluster.client.call("aggregate", json!({"from": 1, "count": 10})), Ok(json!(385)));
}

/// A stopped process keeps its connections open and answers nothing: only active checks find out.
#[test]
fn active_checks_find_a_node_that_hangs() {
    let checks = ["--health-interval", "200ms", "--health-timeout", "200ms", "--health-failures", "2"];
    let cluster = Cluster::with(program("cluster.js"), 2, &checks, &[]);
    signal(cluster.nodes[0].engine_pid(), "STOP");
    wait_until("the hanging node is out of rotation", DETECTION, || cluster.usable() == 1);
    for n in 0..20_u64 {
        assert_eq!(cluster.client.call("square", json!({"n": n})), Ok(json!(n * n)));
    }
    signal(cluster.nodes[0].engine_pid(), "CONT");
    cluster.wait_for_usable(2);
}

#[test]
fn a_dead_node_that_gets_no_calls_is_found_in_time() {
    let mut cluster = Cluster::start(program("cluster.js"), 2);
    cluster.nodes[0].kill();
    wait_until("the dead node is down", DETECTION, || cluster.client.info()["nodes_down"] == 1);
    wait_until("it is counted", SOON, || cluster.client.metrics()["node_events"]["down"] == 1);
}

#[test]
fn a_paused_node_is_suspect_then_down_and_recovers_by_itself() {
    let cluster = Cluster::start(program("cluster.js"), 2);
    let url = cluster.nodes[0].url.clone();
    let state = || {
        let nodes = cluster.client.info()["nodes"].clone();
        let node = nodes.as_array().and_then(|nodes| nodes.iter().find(|node| node["addr"] == url)).cloned();
        node.expect("it is in the list")["state"].clone()
    };
    signal(cluster.nodes[0].engine_pid(), "STOP");
    wait_until("it is suspect", DETECTION, || state() == "suspect");
    for n in 0..10_u64 {
        assert_eq!(cluster.client.call("square", json!({"n": n})), Ok(json!(n * n)), "the other one takes the calls");
    }
    wait_until("it is down", DETECTION, || state() == "down");
    signal(cluster.nodes[0].engine_pid(), "CONT");
    wait_until("it has recovered", SOON, || state() == "up");
    let log = cluster.orchestrator.log();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains(&format!("node {url} "))).collect();
    let position = |word: &str| lines.iter().position(|line| line.contains(word));
    let positions = [" joined", " suspect: no heartbeat", " down: ", " recovered"].map(position);
    assert!(positions.iter().all(Option::is_some) && positions.is_sorted(), "{lines:?}");
    let events = cluster.client.metrics()["node_events"].clone();
    assert_eq!(events["joined"], 2, "{events}");
    for event in ["suspect", "down", "recovered"] {
        assert!(events[event].as_u64().is_some_and(|count| count > 0), "{event}: {events}");
    }
}
