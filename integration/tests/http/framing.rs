//! What RFC 9110, RFC 9112 and RFC 6455 demand around a call: whose end ends it, and what a request that can't be served
//! is told.

use std::sync::atomic::Ordering;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::support::{eventually, request, Connection, Server};

const HANG: &str = r#"{"jsonrpc":"2.0","method":"hang","id":1}"#;
const UPGRADE: &str =
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version";

/// All that the server writes until it closes.
async fn rest(connection: &mut Connection) -> String {
    let mut rest = Vec::new();
    // A reset is an end, too.
    let _reset = connection.0.read_to_end(&mut rest).await;
    String::from_utf8_lossy(&rest).into_owned()
}

/// The statuses of answers, one after the other.
fn statuses(answers: &str) -> Vec<&str> {
    answers.split("HTTP/1.1 ").skip(1).filter_map(|answer| answer.get(..3)).collect()
}

#[actix::test]
async fn what_is_no_http_behind_a_call_does_not_take_its_answer_away() {
    let upgrade = format!("GET /ws HTTP/1.1\r\nHost: a\r\n{UPGRADE}: 13\r\n\r\n\u{1}\u{0}");
    for behind in [
        "\u{1}\u{5}hello\r\n\r\n",
        "GET /health HTTP/1.1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/3.0\r\nHost: x\r\n\r\n",
        &upgrade,
    ] {
        for at_once in [true, false] {
            let server = Server::start();
            let mut connection = server.connect().await;
            let headers = "Madrpc-Timeout-Ms: 300\r\n";
            let call = request("POST", "/", headers, HANG);
            if at_once {
                connection.send(&format!("{call}{behind}")).await;
            } else {
                connection.send(&call).await;
                eventually("it runs", || server.seen.hanging.load(Ordering::SeqCst) == 1).await;
                connection.send(behind).await;
            }
            let answers = rest(&mut connection).await;
            assert_eq!(statuses(&answers), ["200", "400"], "{behind:?}, {at_once}: {answers}");
            assert!(answers.contains("-32001"), "{behind:?}, {at_once}: {answers}");
        }
    }
}

#[actix::test]
async fn the_calls_of_a_client_that_closes_its_side_are_cancelled() {
    let server = Server::start();
    for (round, at_once) in [true, false, true, false].into_iter().enumerate() {
        let mut connection = server.connect().await;
        connection.send(&request("POST", "/", "", HANG)).await;
        if !at_once {
            eventually("it runs", || server.seen.hanging.load(Ordering::SeqCst) == 1).await;
        }
        connection.0.shutdown().await.expect("a socket");
        eventually("it is cancelled", || server.seen.dropped.load(Ordering::SeqCst) == round + 1).await;
        assert_eq!(rest(&mut connection).await, "", "{at_once}");
    }
    // What is answered at once is answered.
    let mut connection = server.connect().await;
    connection.send(&request("POST", "/", "", r#"{"jsonrpc":"2.0","method":"echo","id":1}"#)).await;
    connection.0.shutdown().await.expect("a socket");
    assert_eq!(statuses(&rest(&mut connection).await), ["200"]);
    // And the end of half a request is an end.
    let mut connection = server.connect().await;
    connection.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Le").await;
    connection.0.shutdown().await.expect("a socket");
    assert_eq!(rest(&mut connection).await, "");
}

#[actix::test]
async fn a_uri_that_is_too_long_is_told_so() {
    let server = Server::start();
    let long = "a".repeat(70_000);
    for target in [format!("/{long}"), format!("/?{long}"), format!("/{long}{}", &long[20_000..])] {
        let mut connection = server.connect().await;
        // The first request of a connection, and a later one.
        connection.send(&request("GET", "/health", "", "")).await;
        assert_eq!(connection.response().await.status, 200);
        connection.send(&request("GET", &target, "", "")).await;
        let answer = connection.response().await;
        assert_eq!((answer.status, answer.header("connection")), (414, "close"), "{}", target.len());
        assert!(answer.json()["hint"].is_string());
        let answer = server.request("POST", &target, "", HANG).await;
        assert_eq!(answer.status, 414, "{}", target.len());
    }
    let fits = server.request("GET", &format!("/{}", &long[..60_000]), "", "").await;
    assert_eq!(fits.status, 404);
    let header = server.request("GET", "/health", &format!("X-Long: {long}\r\n"), "").await;
    assert_eq!(header.status, 200, "a header may be longer");
}

#[actix::test]
async fn another_version_of_websockets_is_told_which_one_is_spoken() {
    let server = Server::start();
    for (version, status) in [("8", 426), ("14", 426), ("13, 8", 426), ("x", 426)] {
        let answer = server.request("GET", "/ws", &format!("{UPGRADE}: {version}\r\n"), "").await;
        assert_eq!((answer.status, answer.header("sec-websocket-version")), (status, "13"), "{version}");
        assert_eq!(answer.header("upgrade"), "websocket", "{version}");
    }
    let none = UPGRADE.replace("\r\nSec-WebSocket-Version", "");
    for headers in [format!("{none}\r\n"), String::new()] {
        let answer = server.request("GET", "/ws", &headers, "").await;
        assert_eq!((answer.status, answer.header("sec-websocket-version")), (400, "13"));
    }
}

#[actix::test]
async fn the_old_version_of_http_knows_no_upgrades() {
    let server = Server::start();
    let mut connection = server.connect().await;
    connection.send(&format!("GET /ws HTTP/1.0\r\nHost: a\r\n{UPGRADE}: 13\r\n\r\n")).await;
    let answer = rest(&mut connection).await;
    assert!(answer.starts_with("HTTP/1.0 400 "), "{answer}");
}

#[actix::test]
async fn two_parents_of_a_trace_are_none() {
    let server = Server::start();
    let parent = |digit: &str| format!("traceparent: 00-{}-b7ad6b7169203331-01\r\n", digit.repeat(32));
    for (headers, kept) in [(parent("1"), true), (parent("1") + &parent("2"), false), (parent("1").repeat(2), false)] {
        server.request("POST", "/", &headers, r#"{"jsonrpc":"2.0","method":"echo","id":1}"#).await;
        let call = server.seen.calls.lock().expect("not poisoned").pop().expect("a call");
        let traceparent = format!("{:032x}", call.scope.trace.trace_id);
        assert_eq!(traceparent.contains(&"1".repeat(32)), kept, "{headers}: {traceparent}");
        assert!(!traceparent.contains(&"2".repeat(32)), "{headers}: {traceparent}");
    }
}
