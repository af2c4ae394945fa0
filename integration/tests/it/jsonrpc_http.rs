//! How JSON-RPC travels over HTTP: paths, verbs, content types, sizes, broken requests.

use serde_json::{json, Value};

use crate::harness::{exchange, node, program, Client, Cluster, Process};

const CALL: &str = r#"{"jsonrpc":"2.0","method":"sum","params":[1,2],"id":1}"#;

/// Runs `check` against a node on its own, and against an orchestrator with a node behind it.
fn on_both(flags: &[&str], check: impl Fn(&Process)) {
    let alone = node(program("spec.js"), flags);
    check(&alone);
    let cluster = Cluster::with(program("spec.js"), 1, flags, flags);
    check(&cluster.orchestrator);
}

#[test]
fn json_types_and_no_type_are_taken_and_others_are_415() {
    on_both(&[], |server| {
        let client = Client::new(&server.url);
        for accepted in [
            "application/json",
            "application/json; charset=utf-8",
            "Application/JSON",
            "application/json-rpc",
            "application/jsonrequest",
        ] {
            let reply = client.post_with(&[("content-type", accepted)], CALL.as_bytes());
            assert_eq!((reply.status, &reply.json()["result"]), (200, &json!(3)), "{accepted}");
        }
        let untyped =
            format!("POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{CALL}", CALL.len());
        let answer = exchange(server.address(), untyped.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(r#""result":3"#), "{answer}");

        for refused in
            ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml"]
        {
            let reply = client.post_with(&[("content-type", refused)], CALL.as_bytes());
            assert_eq!(reply.status, 415, "{refused}");
            assert!(reply.body.contains("application/json"), "the hint: {}", reply.body);
        }
    });
}

#[test]
fn both_paths_take_calls_and_others_are_404_and_405() {
    on_both(&[], |server| {
        let post = |path: &str| {
            let request = format!(
                "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{CALL}",
                CALL.len()
            );
            exchange(server.address(), request.as_bytes())
        };
        for path in ["/", "/rpc"] {
            let answer = post(path);
            assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(r#""result":3"#), "{path}: {answer}");
        }
        let unknown = post("/elsewhere");
        assert!(unknown.starts_with("HTTP/1.1 404") && json_body(&unknown).is_object(), "{unknown}");

        for (verb, path) in [("PUT", "/"), ("DELETE", "/rpc"), ("POST", "/health"), ("POST", "/_metrics")] {
            let request =
                format!("{verb} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
            let answer = exchange(server.address(), request.as_bytes());
            assert!(answer.starts_with("HTTP/1.1 405") && json_body(&answer).is_object(), "{verb} {path}: {answer}");
        }
    });
}

fn json_body(answer: &str) -> Value {
    let (_, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

#[test]
fn what_is_not_json_is_a_parse_error() {
    on_both(&[], |server| {
        let client = Client::new(&server.url);
        let parse_error = json!({"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}, "id": null});
        for body in [
            &b""[..],
            b" ",
            b"{",
            b"[1,",
            b"nonsense",
            b"{} {}",
            b"{'a':1}",
            b"\xff\xfe",
            b"{\"a\":\"\xff\"}",
            b"[NaN]",
            b"01",
            b"{\"jsonrpc\":\"2.0\",\"method\":\"sum\",\"params\":[1,],\"id\":1}",
        ] {
            let reply = client.post_with(&[("content-type", "application/json")], body);
            assert_eq!((reply.status, reply.json()), (200, parse_error.clone()), "{}", String::from_utf8_lossy(body));
        }
        assert_eq!(client.call("sum", json!([1, 2])), Ok(json!(3)));
    });
}

#[test]
fn a_body_over_the_limit_is_refused_with_413() {
    on_both(&["--max-body", "64KiB"], |server| {
        let client = Client::new(&server.url);
        let call = |size: usize| {
            json!({"jsonrpc": "2.0", "id": 1, "method": "arrived_as", "params": ["x".repeat(size)]}).to_string()
        };
        let fits = client.post(&call(60 * 1024));
        assert_eq!((fits.status, &fits.json()["result"]), (200, &json!("array")));

        // By hand: a client library may fail on an answer that comes before the body has left.
        let body = call(70 * 1024);
        let head = format!(
            "POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let answer = exchange(server.address(), [head.as_bytes(), body.as_bytes()].concat().as_slice());
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
        let error = &json_body(&answer)["error"];
        assert_eq!((&error["code"], &error["data"]["limit"]), (&json!(-32006), &json!(64 * 1024)));

        // Without a length told in advance the size is checked while reading.
        let chunked = format!(
            "POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
            body.len()
        );
        let answer = exchange(server.address(), chunked.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
        assert_eq!(client.call("sum", json!([1, 2])), Ok(json!(3)));
    });
}

#[test]
fn a_batch_over_the_limit_is_refused_whole() {
    on_both(&["--max-batch", "10"], |server| {
        let client = Client::new(&server.url);
        let batch = |size: usize| format!("[{}]", vec![CALL; size].join(","));
        assert_eq!(client.post(&batch(10)).json().as_array().map(Vec::len), Some(10));
        let error = &client.post(&batch(11)).json()["error"];
        assert_eq!((&error["code"], &error["data"]["limit"]), (&json!(-32006), &json!(10)));
    });
}

#[test]
fn a_result_over_the_limit_is_refused() {
    let script = crate::harness::Script::new("big.js", "madrpc.register('big', ({ size }) => 'x'.repeat(size));");
    let cluster = Cluster::with(&script, 1, &["--max-body", "64KiB"], &["--max-body", "128KiB"]);
    let size = |kib: u64| json!({"size": kib * 1024});
    let limit = |result: Result<Value, crate::harness::RpcFailure>| {
        let failure = result.expect_err("too large");
        (failure.code, failure.data["limit"].as_u64())
    };
    let node = cluster.node_client(0);
    assert!(node.call("big", size(100)).is_ok());
    assert_eq!(limit(node.call("big", size(200))), (-32006, Some(128 * 1024)));
    assert!(cluster.client.call("big", size(60)).is_ok());
    assert_eq!(limit(cluster.client.call("big", size(100))), (-32006, Some(64 * 1024)));
    assert!(cluster.client.call("big", size(1)).is_ok());
}

#[test]
fn a_call_over_the_admission_limit_is_refused_at_once() {
    on_both(&["--max-inflight", "2"], |server| {
        let client = Client::new(&server.url);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| assert_eq!(client.call("wait_ms", json!({"ms": 1500, "value": 1})), Ok(json!(1))));
            }
            crate::harness::wait_until("both calls run", crate::harness::SOON, || client.pending() == 2);
            let start = std::time::Instant::now();
            let failure = client.call("sum", json!([1])).expect_err("overloaded");
            assert_eq!(failure.code, -32003);
            assert!(start.elapsed().as_millis() < 500, "{:?}", start.elapsed());
        });
        assert_eq!(client.call("sum", json!([1])), Ok(json!(1)));
    });
}

#[test]
fn a_connection_serves_many_calls() {
    on_both(&[], |server| {
        let pipelined: String = (0..3)
            .map(|n| {
                let last = if n == 2 { "connection: close\r\n" } else { "" };
                let call = format!(r#"{{"jsonrpc":"2.0","method":"sum","params":[{n},100],"id":{n}}}"#);
                format!("POST /rpc HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{last}content-length: {}\r\n\r\n{call}", call.len())
            })
            .collect();
        let answer = exchange(server.address(), pipelined.as_bytes());
        for n in 0..3 {
            assert!(answer.contains(&format!(r#""result":{}"#, 100 + n)), "{answer}");
        }
    });
}
