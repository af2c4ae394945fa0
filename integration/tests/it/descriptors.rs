//! A process that may have few descriptors: connections that wait for nothing make room for those that ask for something.

use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;

use crate::harness::{program, wait_until, Client, Process, SOON};

/// More than fit, whatever the process needs for itself.
const IDLE: usize = 130;

#[test]
fn with_few_descriptors_the_longest_waiting_connections_make_room() {
    let script = program("cluster.js").display().to_string();
    let orchestrator: &[&str] = &["orchestrator", "--bind", "127.0.0.1:0", "--workers", "2"];
    let node: &[&str] =
        &["node", "--bind", "127.0.0.1:0", "--workers", "2", "--pool-size", "1", "--no-supervise", "-s", &script];
    for args in [orchestrator, node] {
        for descriptors in [40, 64, 100] {
            let server = Process::serve_within(descriptors, args);
            let client = Client::new(&server.url);
            assert_eq!(client.get("/health").status, 200);
            let idle: Vec<_> =
                (0..IDLE).map(|_| TcpStream::connect(server.address()).expect("a place in line")).collect();
            // One that asks is served, while all others stay open on their side.
            for _ in 0..5 {
                assert_eq!(Client::new(&server.url).get("/health").status, 200, "{descriptors} descriptors");
            }
            wait_until("those that came first are closed", SOON, || idle[..IDLE / 4].iter().all(is_closed));
            if args[0] == "node" {
                assert_eq!(Client::new(&server.url).call("square", json!({"n": 3})), Ok(json!(9)));
            }
            drop(idle);
            assert_eq!(Client::new(&server.url).get("/health").status, 200);
        }
    }
}

fn is_closed(stream: &TcpStream) -> bool {
    stream.set_read_timeout(Some(Duration::from_millis(1))).expect("a socket");
    // Nothing is ever written to them: what can be read is the end.
    match stream.peek(&mut [0]) {
        Ok(read) => read == 0,
        Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
    }
}
