//! Who may join, and what the orchestrator makes of it.

use serde_json::{json, Value};

use crate::harness::{
    free_port, node, node_of, orchestrator, program, wait_until, Client, Cluster, ForeignServer, RpcFailure, SOON,
};

const TOKEN: &str = "correct horse battery staple";

fn register(client: &Client, params: Value) -> Result<Value, RpcFailure> {
    client.call("_register", params)
}

fn register_with_token(client: &Client, token: &str, params: Value) -> Value {
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": "_register", "params": params});
    let headers = [("content-type", "application/json"), ("madrpc-cluster-token", token)];
    client.post_with(&headers, request.to_string().as_bytes()).json()
}

#[test]
fn a_node_registers_by_hand_in_every_form_of_params() {
    let alone = node(program("cluster.js"), &[]);
    for params in [
        json!({"node_url": alone.url}),
        json!([alone.url]),
        json!({"node_url": format!("{}/", alone.url), "methods": ["square"]}),
        json!({"node_url": alone.url, "methods": [{"name": "square", "idempotent": true}], "weight": 2, "tags": {"zone": "a"}}),
    ] {
        let orchestrator = orchestrator(&[]);
        let client = Client::new(&orchestrator.url);
        let registered = register(&client, params.clone()).expect("accepted");
        assert_eq!(registered["registered_url"], alone.url, "{params}");
        assert_eq!(registered["is_new_registration"], true, "{params}");
        assert!(registered["lease_ms"].as_u64().is_some_and(|lease| lease > 0), "{registered}");
        assert_eq!(registered["instance"], Client::new(&alone.url).info()["instance"], "{params}");
        assert_eq!(client.call("square", json!({"n": 7})), Ok(json!(49)), "{params}");

        let again = register(&client, json!([alone.url])).expect("accepted");
        assert_eq!((&again["is_new_registration"], &client.info()["total_nodes"]), (&json!(false), &json!(1)));
    }
}

#[test]
fn a_heartbeat_of_a_stranger_says_that_it_is_not_known() {
    let orchestrator = orchestrator(&[]);
    let client = Client::new(&orchestrator.url);
    let beat = || client.call("_heartbeat", json!({"instance": "nobody", "inflight": 0, "queue": 0, "cpu": 0.0}));
    let reply = beat().expect("an answer");
    assert_eq!(reply["known"], false);
    assert!(reply["lease_ms"].as_u64().is_some_and(|lease| lease > 0), "{reply}");
    // Nor does it become known by that.
    assert_eq!(beat().expect("an answer")["known"], false);
    assert_eq!(client.info()["total_nodes"], 0);
}

#[test]
fn addresses_that_may_not_join_are_refused() {
    let orchestrator = orchestrator(&[]);
    let client = Client::new(&orchestrator.url);
    let foreign = ForeignServer::start();
    let own_by_name = orchestrator.url.replace("127.0.0.1", "localhost");
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let with_path = format!("{}/path", foreign.url);
    for (url, why) in [
        (orchestrator.url.as_str(), "the orchestrator itself"),
        (own_by_name.as_str(), "the orchestrator itself by another name"),
        (foreign.url.as_str(), "no node of ours"),
        (nobody.as_str(), "nobody listens there"),
        (with_path.as_str(), "a path"),
        ("http://127.0.0.1:9001/?query", "a query"),
        ("http://user:secret@127.0.0.1:9001", "credentials"),
        ("ftp://127.0.0.1:9001", "another scheme"),
        ("file:///etc/passwd", "another scheme"),
    ] {
        let failure = register(&client, json!({"node_url": url})).expect_err(why);
        assert_eq!((failure.code, failure.message.as_str()), (-32007, "Registration refused"), "{why}: {url}");
        assert!(failure.data["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{why}: {failure:?}");
        assert!(!failure.data.to_string().contains("secret"), "{failure:?}");
    }
    for malformed in
        [json!({"node_url": 5}), json!({}), json!([]), json!({"node_url": "http://127.0.0.1:1", "weight": "x"})]
    {
        assert_eq!(register(&client, malformed.clone()).expect_err("malformed").code, -32602, "{malformed}");
    }
    assert_eq!(client.info()["total_nodes"], 0);
}

#[test]
fn another_instance_than_the_url_answers_is_refused() {
    let alone = node(program("cluster.js"), &[]);
    let orchestrator = orchestrator(&[]);
    let client = Client::new(&orchestrator.url);
    let params = json!({"node_url": alone.url, "methods": ["square"], "instance": "somebody-else"});
    assert_eq!(register(&client, params).expect_err("another instance").code, -32007);
    assert_eq!(client.info()["total_nodes"], 0);
}

#[test]
fn a_cluster_token_is_needed_where_one_is_set() {
    let orchestrator = orchestrator(&["--cluster-token", TOKEN]);
    let client = Client::new(&orchestrator.url);
    let alone = node(program("cluster.js"), &[]);
    assert_eq!(register(&client, json!([alone.url])).expect_err("no token").code, -32008);
    for wrong in ["", "wrong", &TOKEN[1..], &format!("{TOKEN}x")] {
        assert_eq!(register_with_token(&client, wrong, json!([alone.url]))["error"]["code"], -32008, "{wrong}");
    }
    assert_eq!(client.info()["total_nodes"], 0);

    let member = node_of(&orchestrator, program("cluster.js"), &["--cluster-token", TOKEN]);
    wait_until("the node takes calls", SOON, || client.call("square", json!({"n": 6})) == Ok(json!(36)));
    assert_eq!(client.info()["total_nodes"], 1);
    let shown = client.info().to_string() + &orchestrator.log() + &member.log();
    assert!(!shown.contains(TOKEN), "the token is a secret");

    let stranger = node_of(&orchestrator, program("cluster.js"), &["--cluster-token", "wrong"]);
    stranger.wait_for_log("the refusal is in its log", SOON, |line| {
        line.contains("-32008") || line.contains("Unauthorized")
    });
    assert_eq!(client.info()["total_nodes"], 1);
}

/// The nodes of this test don't register by themselves, and so don't come back.
#[test]
fn a_node_can_be_taken_out_by_hand() {
    let alone = node(program("cluster.js"), &[]);
    let instance = Client::new(&alone.url).info()["instance"].clone();
    let orchestrator = orchestrator(&[]);
    let client = Client::new(&orchestrator.url);
    register(&client, json!([alone.url])).expect("accepted");
    assert_eq!(client.call("_deregister", json!({"instance": instance})), Ok(json!(true)));
    assert_eq!(client.info()["total_nodes"], 0);
    assert_eq!(client.call("_deregister", json!({"instance": instance})), Ok(json!(false)));
    assert_eq!(client.call("square", json!({"n": 2})).expect_err("no node").code, -32004);
}

#[test]
fn a_node_is_known_by_its_real_port_and_its_identity() {
    let cluster = Cluster::start(program("cluster.js"), 1);
    let info = cluster.client.info();
    let known = &info["nodes"][0];
    assert_eq!(known["addr"], cluster.nodes[0].url);
    assert_ne!(cluster.nodes[0].port(), 0);
    assert_eq!(known["instance"], cluster.node_client(0).info()["instance"]);
}

#[test]
fn a_wildcard_address_becomes_one_that_reaches_the_orchestrator() {
    let orchestrator = orchestrator(&[]);
    let client = Client::new(&orchestrator.url);
    let node = node_of(&orchestrator, program("cluster.js"), &["--bind", "0.0.0.0:0"]);
    wait_until("the node takes calls", SOON, || client.call("square", json!({"n": 2})) == Ok(json!(4)));
    assert_eq!(client.info()["nodes"][0]["addr"], format!("http://127.0.0.1:{}", node.port()));
}
