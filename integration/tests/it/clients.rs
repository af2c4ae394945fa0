//! WebSocket clients of other makes.

use std::path::Path;

use crate::harness::{bounded, node_packages, program, python, repository, succeed, Cluster};

#[test]
fn the_ws_package_of_node_talks_to_orchestrator_and_node() {
    let cluster = Cluster::start(program("dashboard.js"), 1);
    for server in [&cluster.orchestrator, &cluster.nodes[0]] {
        let client = repository("integration/clients/node-ws.mjs");
        succeed(bounded(Path::new("node")).arg(client).arg(node_packages()).arg(&server.url));
    }
}

#[test]
fn pythons_websockets_talk_to_orchestrator_and_node() {
    let cluster = Cluster::start(program("dashboard.js"), 1);
    for server in [&cluster.orchestrator, &cluster.nodes[0]] {
        succeed(bounded(python()).arg(repository("integration/clients/python-websockets.py")).arg(&server.url));
    }
}
