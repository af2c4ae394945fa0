//! Nodes that dial in: the orchestrator reaches them by the link that they have opened, and by nothing else.

use std::thread;

use serde_json::{json, Value};

use crate::harness::{
    free_port, node_of, orchestrator, program, signal, wait_until, Client, Cluster, Process, Session, SOON,
};

fn dialled_in(orchestrator: &Process, flags: &[&str]) -> Process {
    node_of(orchestrator, program("cluster.js"), &[&["--dial-in"], flags].concat())
}

fn usable(client: &Client) -> usize {
    let info = client.info();
    let nodes = info["nodes"].as_array().expect("nodes is an array");
    nodes.iter().filter(|node| node["enabled"] == true && node["circuit_state"] == "Closed").count()
}

#[test]
fn calls_of_every_thread_go_over_the_links_that_nodes_have_opened() {
    let flags = ["--dial-in"];
    let cluster = Cluster::with(program("cluster.js"), 2, &["--workers", "2", "--health-interval", "100ms"], &flags);
    let info = cluster.client.info();
    for node in info["nodes"].as_array().expect("an array") {
        let address = format!("dial-in://{}", node["instance"].as_str().expect("an identity"));
        assert_eq!(node["addr"], address.as_str());
    }
    thread::scope(|scope| {
        for caller in 0..8 {
            let cluster = &cluster;
            scope.spawn(move || {
                // Connections of their own, which the threads of the orchestrator share.
                let client = Client::new(&cluster.orchestrator.url);
                for from in 0..20 {
                    let sum: u64 = (from..from + 10).map(|n| n * n).sum();
                    assert_eq!(
                        client.call("aggregate", json!({"from": from, "count": 10})),
                        Ok(json!(sum)),
                        "{caller}"
                    );
                }
            });
        }
    });
    for node in &cluster.nodes {
        let client = Client::new(&node.url);
        assert!(client.metrics()["methods"]["square"]["call_count"].as_u64().is_some_and(|calls| calls > 0));
        assert_eq!(client.metrics()["active_connections"], 1, "only the one that asks");
    }
    let batch = cluster.client.post(
        r#"[{"jsonrpc":"2.0","id":1,"method":"square","params":{"n":3}},{"jsonrpc":"2.0","id":2,"method":"none"}]"#,
    );
    let replies: Value = batch.json();
    assert_eq!((&replies[0]["result"], &replies[1]["error"]["code"]), (&json!(9), &json!(-32601)));
}

#[test]
fn a_link_that_was_lost_is_opened_again() {
    let port = free_port().to_string();
    let address = format!("127.0.0.1:{port}");
    let orchestrator_flags = ["--bind", &address, "--health-interval", "200ms", "--circuit-timeout", "100ms"];
    let mut first = orchestrator(&orchestrator_flags);
    let node = dialled_in(&first, &[]);
    let client = Client::new(&first.url);
    wait_until("the node takes calls", SOON, || usable(&client) == 1);
    thread::scope(|scope| {
        let call = scope.spawn(|| client.call("pause", json!({"ms": 20_000})));
        wait_until("the call is in flight", SOON, || Client::new(&node.url).pending() == 1);
        signal(node.engine_pid(), "KILL");
        let failure = call.join().expect("no panic").expect_err("its engine died");
        assert_eq!(failure.code, -32005);
    });
    wait_until("the next engine has dialled in", SOON, || client.call("square", json!({"n": 4})) == Ok(json!(16)));
    first.kill();
    let second = orchestrator(&orchestrator_flags);
    let client = Client::new(&second.url);
    wait_until("the node has dialled in again", SOON, || usable(&client) == 1);
    assert_eq!(client.call("square", json!({"n": 5})), Ok(json!(25)));
}

#[test]
fn only_who_may_register_may_dial_in() {
    let guarded = orchestrator(&["--cluster-token", "secret"]);
    let dial_in = ("madrpc-dial-in", "x");
    assert_eq!(Session::try_open(&guarded, &[dial_in]).err(), Some(401));
    assert_eq!(Session::try_open(&guarded, &[dial_in, ("madrpc-cluster-token", "wrong")]).err(), Some(401));
    assert!(Session::try_open(&guarded, &[dial_in, ("madrpc-cluster-token", "secret")]).is_ok());
    let odd = ("madrpc-dial-in", "a/b");
    assert_eq!(Session::try_open(&guarded, &[odd, ("madrpc-cluster-token", "secret")]).err(), Some(403));
    let node = dialled_in(&guarded, &["--cluster-token", "secret"]);
    assert_eq!(Session::try_open(&node, &[dial_in, ("madrpc-cluster-token", "secret")]).err(), Some(400));
    let client = Client::new(&guarded.url);
    wait_until("the node takes calls", SOON, || usable(&client) == 1);
}

#[test]
fn nobody_is_taken_for_a_node_that_has_not_dialled_in() {
    let orchestrator = orchestrator(&[]);
    let client = Client::new(&orchestrator.url);
    let register = |params: Value| client.call("_register", params).expect_err("refused");
    let absent = register(json!({"node_url": "dial-in://a", "instance": "a"}));
    assert_eq!(absent.code, -32007, "{absent:?}");
    let other = register(json!({"node_url": "dial-in://a", "instance": "b"}));
    assert_eq!((other.code, &other.data["reason"]), (-32007, &json!("a node that dials in is dial-in://b")));
    // A link on which nobody answers as that node.
    let mut session = Session::try_open(&orchestrator, &[("madrpc-dial-in", "a")]).expect("from a private address");
    thread::scope(|scope| {
        let registering = scope.spawn(|| register(json!({"node_url": "dial-in://a", "instance": "a"})));
        let asked = session.receive();
        assert_eq!(asked["method"], "_info");
        let info = json!({"server_type": "node", "instance": "somebody else", "methods": []});
        session.send(&json!({"jsonrpc": "2.0", "id": asked["id"], "result": info}).to_string());
        let refused = registering.join().expect("no panic");
        assert_eq!(refused.code, -32007);
    });
}

#[test]
fn a_link_may_come_a_little_after_the_word_of_its_node() {
    let orchestrator = orchestrator(&[]);
    let (client, looker) = (Client::new(&orchestrator.url), Client::new(&orchestrator.url));
    thread::scope(|scope| {
        let registering =
            scope.spawn(|| client.call("_register", json!({"node_url": "dial-in://late", "instance": "late"})));
        wait_until("the word is there", SOON, || looker.metrics()["active_connections"] == 2);
        let late = Session::try_open(&orchestrator, &[("madrpc-dial-in", "late")]);
        let mut session = late.expect("from a private address");
        let asked = session.receive();
        let info = json!({"server_type": "node", "instance": "late", "methods": []});
        session.send(&json!({"jsonrpc": "2.0", "id": asked["id"], "result": info}).to_string());
        assert_eq!(registering.join().expect("no panic").expect("registered")["registered_url"], "dial-in://late");
    });
}
