//! `--rate-limit`: who is limited, what they are told, and who is not.

use serde_json::{json, Value};

use crate::harness::{node, node_of, orchestrator, program, wait_until, Client, SOON};

const TOKEN: &str = "token-of-the-cluster";

/// So slow that nothing is earned while a test runs.
const THREE: &str = "0.01:3";

fn square(n: u32) -> Value {
    json!({"jsonrpc": "2.0", "id": n, "method": "square", "params": {"n": n}})
}

#[test]
fn over_the_limit_a_client_is_told_when_to_come_back() {
    let node = node(program("cluster.js"), &["--rate-limit", THREE]);
    let client = Client::new(&node.url);
    for n in 0..3 {
        assert_eq!(client.call("square", json!({"n": n})), Ok(json!(n * n)));
    }
    let refused = client.post(&square(7).to_string());
    assert_eq!((refused.status, &refused.json()["id"]), (429, &json!(7)));
    let error = refused.json()["error"].clone();
    let seconds = error["data"]["retryAfterSeconds"].as_u64().expect("a number");
    assert_eq!((&error["code"], &error["message"]), (&json!(-32002), &json!("Rate limited")));
    assert!((1..=100).contains(&seconds), "{error}");
    assert_eq!(refused.header("retry-after"), seconds.to_string());
    assert_eq!(client.get("/_info").status, 429);
    // Probes are not limited.
    assert_eq!((client.get("/health").status, client.get("/ready").status), (200, 200));
}

#[test]
fn what_was_earned_passes() {
    let node = node(program("cluster.js"), &["--rate-limit", "2:1"]);
    let client = Client::new(&node.url);
    let passes = || client.post(&square(2).to_string()).status == 200;
    assert!(passes());
    wait_until("another call was earned", SOON, passes);
}

#[test]
fn a_batch_counts_by_its_elements() {
    let node = node(program("cluster.js"), &["--rate-limit", THREE]);
    let client = Client::new(&node.url);
    let batch = Value::Array((0..5).map(square).collect()).to_string();
    let partly = client.post(&batch);
    let answers = partly.json();
    assert_eq!(partly.status, 200, "what has run must not be sent again");
    for n in 0..5 {
        assert_eq!(answers[n]["id"], n);
        let expected = if n < 3 { (json!(n * n), Value::Null) } else { (Value::Null, json!(-32002)) };
        assert_eq!((answers[n]["result"].clone(), answers[n]["error"]["code"].clone()), expected, "{n}");
    }
    assert!(!partly.header("retry-after").is_empty());
    let none = client.post(&batch);
    assert_eq!((none.status, none.json().as_array().map(Vec::len)), (429, Some(5)));
    assert!(!none.header("retry-after").is_empty());
}

#[test]
fn each_key_has_its_own_allowance_and_so_has_who_guesses_keys() {
    let flags = ["--rate-limit", THREE, "--api-key", "a", "--api-key", "b"];
    let node = node(program("cluster.js"), &flags);
    let statuses = |key: &str| {
        let client = Client::new(&node.url).with("x-api-key", key);
        [(); 4].map(|()| client.post(&square(2).to_string()).status)
    };
    assert_eq!(statuses("a"), [200, 200, 200, 429]);
    assert_eq!(statuses("b"), [200, 200, 200, 429]);
    assert_eq!(statuses("c"), [401, 401, 401, 429]);
}

/// Nested calls, heartbeats and what the orchestrator sends to nodes.
#[test]
fn members_are_not_limited_and_nobody_gets_by_as_one() {
    let flags = ["--rate-limit", THREE, "--cluster-token", TOKEN];
    let orchestrator = orchestrator(&flags);
    let _members = [(); 2].map(|()| node_of(&orchestrator, program("cluster.js"), &flags));
    let member = Client::new(&orchestrator.url).with("madrpc-cluster-token", TOKEN);
    wait_until("both nodes take calls", SOON, || member.info()["enabled_nodes"] == 2);
    let client = Client::new(&orchestrator.url);
    for _ in 0..3 {
        assert!(client.call("aggregate", json!({"from": 1, "count": 200})).is_ok());
    }
    for forged in [("madrpc-depth", "1"), ("madrpc-batch", "stream"), ("madrpc-cluster-token", "wrong")] {
        let reply = client.post_with(&[forged], square(2).to_string().as_bytes());
        assert_eq!(reply.status, 429, "{forged:?}");
    }
    for _ in 0..20 {
        let beat = member.call("_heartbeat", json!({"instance": "somebody"}));
        assert_eq!(beat.expect("an answer")["known"], false);
    }
}

/// Where there is no token to know members by, those who may register may do so as often as they must.
#[test]
fn without_a_token_heartbeats_still_pass() {
    let orchestrator = orchestrator(&["--rate-limit", THREE]);
    let _member = node_of(&orchestrator, program("cluster.js"), &[]);
    let client = Client::new(&orchestrator.url);
    for _ in 0..20 {
        let beat = client.call("_heartbeat", json!({"instance": "somebody"}));
        assert_eq!(beat.expect("an answer")["known"], false);
    }
}
