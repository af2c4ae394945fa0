//! What a circuit breaker counts, and that it opens when it should.

use serde_json::{json, Value};

use crate::harness::{
    node, orchestrator, program, wait_until, Answer, Client, Cluster, Origin, Process, Proxy, Request, Session, SOON,
};

/// An orchestrator with one static node, whose breaker opens for good.
fn before(node: &str, flags: &[&str]) -> (Process, Client) {
    let fixed = ["--node", node, "--failure-threshold", "5", "--circuit-timeout", "1h"];
    let orchestrator = orchestrator(&[&fixed[..], flags].concat());
    let client = Client::new(&orchestrator.url);
    wait_until("the node takes calls", SOON, || client.info()["enabled_nodes"] == 1);
    (orchestrator, client)
}

fn of_node(client: &Client, what: &str) -> Value {
    client.info()["nodes"][0][what].clone()
}

fn called(request: &Request) -> Value {
    serde_json::from_slice::<Value>(&request.body).map_or(Value::Null, |mut call| call["method"].take())
}

/// A server of another make, which does with the method `m` what a test says.
fn foreign(answer: impl Fn() -> Answer + Send + Sync + 'static) -> Origin {
    Origin::start(move |request| match called(request).as_str() {
        Some("m") => answer(),
        Some(_) => Answer::json(&json!({"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "unknown"}})),
        None => Answer::of("404 Not Found", &[], ""),
    })
}

fn times_called(origin: &Origin) -> usize {
    origin.requests().iter().filter(|request| called(request) == "m").count()
}

/// Five calls come to `code`; then no further one is sent.
fn opens_after_five(client: &Client, origin: &Origin, code: i64) {
    for number in 1..=5 {
        assert_eq!(client.call("m", json!({})).expect_err("no result").code, code);
        assert_eq!(times_called(origin), number);
    }
    wait_until("the circuit opens", SOON, || of_node(client, "circuit_state") == "Open");
    assert_eq!(of_node(client, "consecutive_failures"), 5);
    for _ in 0..20 {
        assert_eq!(client.call("m", json!({})).expect_err("no node").code, -32004);
    }
    assert_eq!(times_called(origin), 5);
}

#[test]
fn after_five_lost_connections_in_a_row_no_further_call_is_sent() {
    let origin = foreign(|| Answer::RawThenClose(Vec::new()));
    for flags in [&["--health-interval", "0"][..], &[]] {
        let before_these = times_called(&origin);
        let (_orchestrator, client) = before(&origin.url(""), flags);
        for _ in 0..5 {
            assert_eq!(client.call("m", json!({})).expect_err("it hangs up").code, -32005);
            // A check finds that it is still there.
            wait_until("it is not doubted", SOON, || of_node(&client, "state") == "up");
        }
        wait_until("the circuit opens", SOON, || of_node(&client, "circuit_state") == "Open");
        for _ in 0..20 {
            assert_eq!(client.call("m", json!({})).expect_err("no node").code, -32004);
        }
        assert_eq!(times_called(&origin) - before_these, 5, "{flags:?}");
    }
}

#[test]
fn an_internal_error_of_another_server_counts() {
    let error = json!({"jsonrpc": "2.0", "id": 1, "error": {"code": -32603, "message": "broken"}});
    let origin = foreign(move || Answer::json(&error));
    let (_orchestrator, client) = before(&origin.url(""), &[]);
    opens_after_five(&client, &origin, -32603);
}

#[test]
fn an_error_of_another_servers_own_does_not_count() {
    let error = json!({"jsonrpc": "2.0", "id": 1, "error": {"code": -32001, "message": "what it means by that"}});
    let origin = foreign(move || Answer::json(&error));
    let (_orchestrator, client) = before(&origin.url(""), &[]);
    for _ in 0..20 {
        assert_eq!(client.call("m", json!({})).expect_err("an error").code, -32001);
    }
    assert_eq!(of_node(&client, "circuit_state"), "Closed");
    assert_eq!(of_node(&client, "consecutive_failures"), 0);
}

#[test]
fn a_deadline_that_passes_in_silence_counts_however_short_it_is() {
    let origin = foreign(|| Answer::Never);
    let (_orchestrator, client) = before(&origin.url(""), &["--health-interval", "0"]);
    opens_after_five(&client.with("Madrpc-Timeout-Ms", "100"), &origin, -32001);
}

#[test]
fn a_slow_method_with_a_short_deadline_takes_no_node_away() {
    let is_closed = |client: &Client| {
        assert_eq!(of_node(client, "circuit_state"), "Closed");
        assert_eq!(of_node(client, "consecutive_failures"), 0);
    };
    // It answers its checks.
    let origin = foreign(|| Answer::Never);
    let (_orchestrator, client) = before(&origin.url(""), &[]);
    let hurried = client.clone().with("Madrpc-Timeout-Ms", "30");
    for _ in 0..20 {
        assert_eq!(hurried.call("m", json!({})).expect_err("too slow").code, -32001);
    }
    is_closed(&client);
    // It sends heartbeats.
    let cluster = Cluster::with(program("cluster.js"), 1, &["--failure-threshold", "5"], &[]);
    let hurried = cluster.client.clone().with("Madrpc-Timeout-Ms", "30");
    for _ in 0..20 {
        assert_eq!(hurried.call("pause", json!({"ms": 5000})).expect_err("too slow").code, -32001);
    }
    is_closed(&cluster.client);
}

#[test]
fn a_link_that_breaks_is_one_failure_for_all_its_calls() {
    let (proxy, node) = (Proxy::start(), node(program("cluster.js"), &[]));
    proxy.lead_to(node.address());
    let (orchestrator, client) = before(&proxy.url, &["--health-interval", "0"]);
    let sessions = || Client::new(&node.url).get_json("/health")["websocket_clients"].clone();
    wait_until("there is a link", SOON, || client.call("square", json!({"n": 2})) == Ok(json!(4)) && sessions() == 1);

    let mut session = Session::open(&orchestrator);
    (0..100).for_each(|id| session.call(id, "pause", &json!({"ms": 60_000})));
    wait_until("they are on their way", SOON, || Client::new(&node.url).pending() == 100);
    proxy.cut();
    for _ in 0..100 {
        assert_eq!(session.receive()["error"]["code"], -32005);
    }
    wait_until("it is one failure", SOON, || of_node(&client, "consecutive_failures") == 1);
    assert_eq!(client.call("square", json!({"n": 3})), Ok(json!(9)));
    wait_until("it is forgiven", SOON, || of_node(&client, "consecutive_failures") == 0);
}
