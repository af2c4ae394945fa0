//! Many nodes, which this process plays.

use std::time::Duration;

use serde_json::{json, Value};

use crate::harness::{orchestrator, wait_until, Client, PlayedNode, SOON};

const NODES: usize = 200;
const LEAVING: usize = 20;
const DYING: usize = 30;

/// What it may take until a crowd of dead nodes is found on a busy machine.
const DETECTION: Duration = Duration::from_secs(15);

#[test]
fn a_crowd_comes_stays_and_goes() {
    let orchestrator = orchestrator(&[]);
    let client = Client::new(&orchestrator.url);
    let mut nodes: Vec<PlayedNode> = (0..NODES)
        .map(|number| {
            let ip = format!("127.0.{}.{}", 1 + number / 100, 1 + number % 100);
            PlayedNode::join(&orchestrator.url, &ip, |_| Some(json!(1)))
        })
        .collect();
    let counts = || {
        let info = client.info();
        ["total_nodes", "nodes_up", "nodes_suspect", "nodes_down"].map(|name| info[name].as_u64())
    };
    let all = |total, up, down| [total, up, 0, down].map(|count| Some(count as u64));
    wait_until("all have joined", SOON, || counts() == all(NODES, NODES, 0));
    wait_until("all have sent some heartbeats", SOON, || nodes.iter().all(|node| node.heartbeats() >= 5));
    let event = |name: &str| client.metrics()["node_events"][name].clone();
    assert_eq!((event("joined"), event("down"), event("left")), (json!(NODES), json!(0), json!(0)));

    nodes.drain(..LEAVING).for_each(PlayedNode::leave);
    let left = NODES - LEAVING;
    wait_until("they have left", SOON, || counts() == all(left, left, 0));
    drop(nodes.drain(..DYING));
    let up = left - DYING;
    wait_until("the dead are down, and they alone", DETECTION, || counts() == all(left, up, DYING));
    assert_eq!((event("left"), event("down")), (json!(LEAVING), json!(DYING)));

    for _ in 0..up * 2 {
        assert_eq!(client.call("m", Value::Null), Ok(json!(1)));
    }
    assert!(nodes.iter().all(|node| node.calls() > 0), "each of those that are left has a share");
}
