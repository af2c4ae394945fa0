//! JSON-RPC 2.0 by the letter, and the other routes.

use std::sync::atomic::Ordering;

use serde_json::{json, Value};

use super::support::{eventually, request, Server};

fn parse(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// JSON-RPC 2.0, section 7, in the order of its examples.
#[actix::test]
async fn the_examples_of_the_specification_answer_exactly() {
    let server = Server::start();
    let examples = [
        (
            r#"{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}"#,
            r#"{"jsonrpc": "2.0", "result": 19, "id": 1}"#,
        ),
        (
            r#"{"jsonrpc": "2.0", "method": "subtract", "params": [23, 42], "id": 2}"#,
            r#"{"jsonrpc": "2.0", "result": -19, "id": 2}"#,
        ),
        (
            r#"{"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3}"#,
            r#"{"jsonrpc": "2.0", "result": 19, "id": 3}"#,
        ),
        (
            r#"{"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": 4}"#,
            r#"{"jsonrpc": "2.0", "result": 19, "id": 4}"#,
        ),
        (r#"{"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]}"#, ""),
        (r#"{"jsonrpc": "2.0", "method": "foobar"}"#, ""),
        (
            r#"{"jsonrpc": "2.0", "method": "foobar", "id": "1"}"#,
            r#"{"jsonrpc": "2.0", "error": {"code": -32601, "message": "Method not found"}, "id": "1"}"#,
        ),
        (
            r#"{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]"#,
            r#"{"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}, "id": null}"#,
        ),
        (
            r#"{"jsonrpc": "2.0", "method": 1, "params": "bar"}"#,
            r#"{"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}"#,
        ),
        (
            r#"[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"}, {"jsonrpc": "2.0", "method"]"#,
            r#"{"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}, "id": null}"#,
        ),
        ("[]", r#"{"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}"#),
        ("[1]", r#"[{"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}]"#),
        (
            "[1,2,3]",
            r#"[{"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null},
            {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null},
            {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}]"#,
        ),
        (
            r#"[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
            {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},
            {"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"},
            {"foo": "boo"},
            {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
            {"jsonrpc": "2.0", "method": "get_data", "id": "9"}]"#,
            r#"[{"jsonrpc": "2.0", "result": 7, "id": "1"},
            {"jsonrpc": "2.0", "result": 19, "id": "2"},
            {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null},
            {"jsonrpc": "2.0", "error": {"code": -32601, "message": "Method not found"}, "id": "5"},
            {"jsonrpc": "2.0", "result": ["hello", 5], "id": "9"}]"#,
        ),
        (
            r#"[{"jsonrpc": "2.0", "method": "notify_sum", "params": [1,2,4]}, {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]}]"#,
            "",
        ),
    ];
    for (sent, expected) in examples {
        for path in ["/", "/rpc"] {
            let response = server.request("POST", path, "", sent).await;
            assert_eq!(response.status, 200, "{sent}");
            if expected.is_empty() {
                assert_eq!(response.body, "", "{sent}");
            } else {
                assert_eq!(response.header("content-type"), "application/json");
                assert_eq!(response.json(), parse(expected), "{sent}");
            }
        }
    }
}

#[actix::test]
async fn ids_come_back_as_they_were_sent() {
    let server = Server::start();
    for id in ["1.0", "1e2", "9223372036854775808", "-0", "\"x\"", "\"\\u00e4\"", "null", "\"\""] {
        let single = format!(r#"{{"jsonrpc":"2.0","method":"echo","params":[1.0,1e2],"id": {id} }}"#);
        let expected = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":[1.0,1e2]}}"#);
        assert_eq!(server.post(&single).await.body, expected);
        assert_eq!(server.post(&format!("[{single},{single}]")).await.body, format!("[{expected},{expected}]"));
    }
    let refused = server.rpc(r#"{"jsonrpc":"2.0","id":"7"}"#).await;
    assert_eq!((&refused["id"], &refused["error"]["code"]), (&json!("7"), &json!(-32600)));
}

#[actix::test]
async fn callers_with_the_same_id_get_their_own_answers() {
    let server = Server::start();
    let calls = (0..50).map(|n| {
        let server = &server;
        async move {
            let reply = server.rpc(&format!(r#"{{"jsonrpc":"2.0","method":"echo","params":[{n}],"id":1}}"#)).await;
            assert_eq!(reply, json!({"jsonrpc": "2.0", "id": 1, "result": [n]}));
        }
    });
    futures_util::future::join_all(calls).await;
}

#[actix::test]
async fn an_error_has_code_message_and_data() {
    let server = Server::start();
    let reply = server.rpc(r#"{"jsonrpc":"2.0","method":"fail","id":1}"#).await;
    assert_eq!(reply["error"], json!({"code": -32000, "message": "thrown", "data": {"name": "Error"}}));
    assert!(reply.get("result").is_none() && reply.get("fault").is_none());
}

#[actix::test]
async fn reserved_names_are_built_in_or_not_found() {
    let server = Server::start();
    let call = |method: &str| format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":[1],"id":1}}"#);
    assert_eq!(server.rpc(&call("_echo")).await["result"], json!([1]));
    assert_eq!(server.rpc(&call("rpc.discover")).await["result"]["methods"][0]["name"], "echo");
    for method in ["_nothing", "rpc.", "rpc.echo"] {
        assert_eq!(server.rpc(&call(method)).await["error"]["code"], -32601, "{method}");
    }
    let headers = "Madrpc-Cluster-Token: secret\r\n";
    let caller = server.request("POST", "/", headers, &call("_caller")).await.json();
    assert_eq!(caller["result"], json!({"ip": "127.0.0.1", "token": "secret"}));
    let refused = server.post(&call("_unauthorized")).await;
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (401, &json!(-32008)));
    assert!(server.seen.recorded.lock().expect("not poisoned").is_empty());
}

#[actix::test]
async fn a_batch_answers_in_order_builtins_included() {
    let server = Server::start();
    let batch = r#"[{"jsonrpc":"2.0","method":"echo","params":[1],"id":1},{"jsonrpc":"2.0","method":"_echo","params":[2],"id":2},
        {"jsonrpc":"2.0","method":"_echo","params":[9]},{"jsonrpc":"2.0","method":"fail","id":3},{"jsonrpc":"2.0","method":"_no","id":4}]"#;
    let replies = server.rpc(batch).await;
    let ids: Vec<_> = replies.as_array().expect("an array").iter().map(|reply| reply["id"].as_u64()).collect();
    assert_eq!(ids, [Some(1), Some(2), Some(3), Some(4)]);
    assert_eq!((&replies[0]["result"], &replies[1]["result"]), (&json!([1]), &json!([2])));
    assert_eq!((&replies[2]["error"]["code"], &replies[3]["error"]["code"]), (&json!(-32000), &json!(-32601)));
}

#[actix::test]
async fn calls_are_counted_by_known_names() {
    let server = Server::start();
    server.post(r#"{"jsonrpc":"2.0","method":"echo","id":1}"#).await;
    server.post(r#"[{"jsonrpc":"2.0","method":"foobar","id":1},{"jsonrpc":"2.0","method":"echo","meta":{"timeoutMs":0},"id":2}]"#).await;
    server.post(r#"{"jsonrpc":"2.0","method":"echo"}"#).await;
    eventually("the notification is counted", || server.seen.recorded.lock().expect("not poisoned").len() == 4).await;
    let recorded = server.seen.recorded.lock().expect("not poisoned").clone();
    let echo = |ok| (Some("echo".to_owned()), ok);
    assert_eq!(recorded, [echo(true), echo(false), (None, false), echo(true)]);
}

#[actix::test]
async fn other_routes_answer_json() {
    let server = Server::start();
    for (verb, path, status, allow) in [
        ("GET", "/", 200, ""),
        ("GET", "/health", 200, ""),
        ("GET", "/ready", 200, ""),
        ("GET", "/_info", 200, ""),
        ("GET", "/_metrics", 200, ""),
        ("GET", "/nothing", 404, ""),
        ("POST", "/nothing", 404, ""),
        ("GET", "/rpc", 405, "POST, OPTIONS"),
        ("PUT", "/", 405, "GET, HEAD, POST, OPTIONS"),
        ("POST", "/health", 405, "GET, HEAD, OPTIONS"),
    ] {
        let response = server.request(verb, path, "", "").await;
        assert_eq!((response.status, response.header("allow")), (status, allow), "{verb} {path}");
        assert!(response.json().is_object());
    }
    let health = server.request("GET", "/health", "", "").await.json();
    assert_eq!(health, json!({"status": "ok", "node": "test", "websocket_clients": 0, "pending_requests": 0}));
    let _busy = server.seen.admission.admit(1, 0).expect("free");
    assert_eq!(server.request("GET", "/ready", "", "").await.status, 503);
}

#[actix::test]
async fn foreign_origins_are_refused() {
    let server = Server::start();
    let call = r#"{"jsonrpc":"2.0","method":"echo","id":1}"#;
    for (verb, origin, status) in [
        ("POST", "http://evil", 403),
        ("POST", "null", 403),
        ("POST", "http://test", 200),
        ("OPTIONS", "http://evil", 403),
        ("OPTIONS", "http://test", 204),
        ("GET", "http://evil", 403),
    ] {
        let response = server.request(verb, "/", &format!("Origin: {origin}\r\n"), call).await;
        assert_eq!(response.status, status, "{verb} {origin}");
        assert_eq!(response.header("access-control-allow-origin"), "");
        assert!(status != 403 || response.json().is_object());
    }
}

#[actix::test]
async fn media_types_other_than_json_are_refused_with_a_hint() {
    let server = Server::start();
    let call = r#"{"jsonrpc":"2.0","method":"echo","id":1}"#;
    for (kind, status) in [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("application/json-rpc", 200),
        ("application/jsonrequest", 200),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
    ] {
        let response = server.request("POST", "/", &format!("Content-Type: {kind}\r\n"), call).await;
        assert_eq!(response.status, status, "{kind}");
        assert!(status == 200 || response.body.contains("application/json"));
    }
}

#[actix::test]
async fn pipelined_and_chunked_requests_are_answered_in_order() {
    let server = Server::start();
    let mut connection = server.connect().await;
    let call = |n: u32| format!(r#"{{"jsonrpc":"2.0","method":"echo","params":[{n}],"id":{n}}}"#);
    let mut sent: String = (0..20).map(|n| request("POST", "/", "", &call(n))).collect();
    let (head, tail) = (&call(20)[..10], &call(20)[10..]);
    sent += &format!(
        "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{head}\r\n{:x}\r\n{tail}\r\n0\r\n\r\n",
        head.len(),
        tail.len()
    );
    connection.send(&sent).await;
    for n in 0..=20 {
        assert_eq!(connection.response().await.json()["result"], json!([n]));
    }
}

#[actix::test]
async fn each_worker_makes_its_service_and_connections_are_counted_while_they_last() {
    let server = Server::with(madrpc_actor::http::HttpConfig { workers: 2, ..super::support::config() }, 10);
    eventually("a service per worker", || server.seen.workers.load(Ordering::SeqCst) == 2).await;
    let first = server.connect().await;
    let mut second = server.connect().await;
    second.send(&request("GET", "/health", "", "")).await;
    second.response().await;
    eventually("two connections", || server.seen.connections.load(Ordering::SeqCst) == 2).await;
    drop((first, second));
    eventually("none", || server.seen.connections.load(Ordering::SeqCst) == 0).await;
    server.handle.stop(false).await;
}
