//! Sizes, depths, deadlines, admission, and callers that go away.

use std::sync::atomic::Ordering;
use std::time::Duration;

use madrpc_actor::http::HttpConfig;
use serde_json::json;
use tokio::io::AsyncWriteExt;

use super::support::{config, eventually, request, Server};

const HANG: &str = r#"{"jsonrpc":"2.0","method":"hang","id":1}"#;

#[actix::test]
async fn a_body_over_the_limit_is_refused_while_it_is_read() {
    let server = Server::with(HttpConfig { max_body: 1000, ..config() }, 10);
    let body =
        |len: usize| format!(r#"{{"jsonrpc":"2.0","method":"echo","id":1,"params":["{}"]}}"#, "x".repeat(len - 54));
    assert_eq!(server.post(&body(1000)).await.status, 200);
    let refused = server.post(&body(1001)).await;
    assert_eq!(refused.status, 413);
    assert_eq!(
        refused.json()["error"],
        json!({"code": -32006, "message": "Payload too large", "data": {"limit": 1000, "size": 1001}})
    );

    // Declared alone, nothing of it sent.
    let mut declared = server.connect().await;
    declared.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000000\r\n\r\n").await;
    assert_eq!(declared.response().await.status, 413);

    let mut chunked = server.connect().await;
    chunked.send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    for _ in 0..3 {
        chunked.send(&format!("190\r\n{}\r\n", "x".repeat(400))).await;
    }
    assert_eq!(chunked.response().await.status, 413);
}

/// RFC 9112, section 7.1: what comes along with the chunks is no body, and has a bound all the same.
#[actix::test]
async fn what_comes_with_chunks_is_bounded_and_chunks_may_be_small() {
    let server = Server::with(HttpConfig { max_body: 100_000, ..config() }, 10);
    let head = "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n";
    let body = format!(r#"{{"jsonrpc":"2.0","method":"echo","params":[1],"id":1}}{}"#, " ".repeat(90_000));
    let small: String = body.chars().map(|char| format!("1;a=b\r\n{char}\r\n")).collect();
    let mut patient = server.connect().await;
    patient.send(&format!("{head}{small}0\r\nX-Trailer: 1\r\n\r\n")).await;
    assert_eq!(patient.response().await.json()["result"], json!([1]));
    patient.send(&request("GET", "/health", "", "")).await;
    assert_eq!(patient.response().await.status, 200, "the connection goes on");

    let filler = "x".repeat(8_000);
    for (begin, again) in [
        ("1;", filler.clone()),
        ("", format!("1;{filler}\r\n \r\n")),
        ("1\r\n1\r\n0\r\nX: ", filler.clone()),
        ("1\r\n1\r\n0\r\n", format!("X: {filler}\r\n")),
        ("", "0".repeat(8_000)),
    ] {
        // How the bytes fall into reads is another matter each time.
        for _ in 0..10 {
            let mut endless = server.connect().await;
            endless.send(&format!("{head}{begin}")).await;
            let mut sent = 0;
            while endless.0.write_all(again.as_bytes()).await.is_ok() {
                sent += again.len();
                assert!(sent < 32 << 20, "{begin:?} and then {:?}", &again[..10]);
            }
        }
    }
}

#[actix::test]
async fn results_and_batches_over_the_limit_are_errors() {
    let server = Server::with(HttpConfig { max_body: 1000, max_batch: 3, ..config() }, 10);
    let big = |len: usize| format!(r#"{{"jsonrpc":"2.0","method":"big","params":[{len}],"id":1}}"#);
    assert!(server.rpc(&big(998)).await["result"].is_string());
    let too_large = server.rpc(&big(999)).await;
    assert_eq!((&too_large["error"]["code"], &too_large["error"]["data"]["limit"]), (&json!(-32006), &json!(1000)));
    let in_batch = server.rpc(&format!("[{}]", big(999))).await;
    assert_eq!(in_batch[0]["error"]["code"], -32006);
    assert!(server.rpc("[1,1,1]").await.is_array());
    let batch = server.rpc("[1,1,1,1]").await;
    assert_eq!((&batch["error"]["code"], &batch["error"]["data"]["limit"]), (&json!(-32006), &json!(3)));
}

#[actix::test]
async fn deep_json_is_a_parse_error_and_ends_nothing() {
    let server = Server::start();
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let call = |depth: usize| format!(r#"{{"jsonrpc":"2.0","method":"echo","params":{},"id":1}}"#, nested(depth));
    let deepest = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{}}}"#, nested(128));
    assert_eq!(server.post(&call(128)).await.body, deepest);
    assert_eq!(server.post(&format!("[{}]", call(128))).await.body, format!("[{deepest}]"));
    for body in [
        call(129),
        call(100_000),
        format!("[{}]", call(129)),
        nested(100_000),
        "[".repeat(100_000),
        format!("{}1", "{\"a\":".repeat(100_000)),
        format!(r#"{{"jsonrpc":"2.0","method":"echo","meta":{},"id":1}}"#, nested(100_000)),
    ] {
        let refused = server.rpc(&body).await;
        assert_eq!((&refused["id"], &refused["error"]["code"]), (&json!(null), &json!(-32700)), "{}", &body[..50]);
    }
}

#[actix::test]
async fn a_slow_body_gets_408_and_the_connection_ends() {
    let server = Server::with(HttpConfig { body_timeout: Duration::from_millis(50), ..config() }, 10);
    let mut slow = server.connect().await;
    slow.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\n{").await;
    let response = slow.response().await;
    assert_eq!((response.status, response.header("connection")), (408, "close"));
    assert!(response.json().is_object());
    slow.closed().await;
}

#[actix::test]
async fn a_slow_head_ends_the_connection() {
    let server = Server::with(HttpConfig { head_timeout: Duration::from_millis(50), ..config() }, 10);
    let mut slow = server.connect().await;
    slow.send("POST / HTTP/1.1\r\nHost:").await;
    slow.closed().await;
}

/// Not the first one alone, and not only while nothing of it has come.
#[actix::test]
async fn a_later_head_has_no_more_time_than_the_first() {
    let server = Server::with(HttpConfig { head_timeout: Duration::from_millis(50), ..config() }, 10);
    let mut slow = server.connect().await;
    for _ in 0..3 {
        slow.send(&request("GET", "/health", "", "")).await;
        assert_eq!(slow.response().await.status, 200);
    }
    slow.send("GET /health HTTP/1.1\r\nHost: te").await;
    slow.closed().await;
}

/// What is being answered may take longer than a head.
#[actix::test]
async fn a_call_has_its_own_time() {
    let server = Server::with(HttpConfig { head_timeout: Duration::from_millis(20), ..config() }, 10);
    let mut waiting = server.connect().await;
    let hang = r#"{"jsonrpc":"2.0","method":"hang","id":1,"meta":{"timeoutMs":300}}"#;
    for headers in ["", "Madrpc-Batch: stream\r\n"] {
        let body = if headers.is_empty() { hang.to_owned() } else { format!("[{hang}]") };
        waiting.send(&request("POST", "/", headers, &body)).await;
        assert!(waiting.response().await.body.contains("-32001"));
    }
}

#[actix::test]
async fn a_client_that_takes_no_answer_is_dropped() {
    let limits = HttpConfig { write_timeout: Duration::from_millis(50), max_body: 20 << 20, ..config() };
    let server = Server::with(limits, 10);
    let mut greedy = server.connect().await;
    let big = r#"{"jsonrpc":"2.0","method":"big","params":[16000000],"id":1}"#;
    greedy.send(&request("POST", "/", "", big)).await;
    eventually("it is served", || server.seen.connections.load(Ordering::SeqCst) == 1).await;
    eventually("it is dropped", || server.seen.connections.load(Ordering::SeqCst) == 0).await;
}

#[actix::test]
async fn an_answer_counts_until_its_socket_has_it() {
    let config = HttpConfig { max_body: 20 << 20, ..config() };
    let answering = config.answering.clone();
    let server = Server::with(config, 10);
    let mut slow = server.connect().await;
    slow.send(&request("POST", "/", "", r#"{"jsonrpc":"2.0","method":"big","params":[16000000],"id":1}"#)).await;
    let answers = || answering.load(Ordering::SeqCst);
    eventually("it is asked", || answers() == 1).await;
    assert!(server.rpc(r#"{"jsonrpc":"2.0","method":"echo","id":1}"#).await.get("error").is_none());
    eventually("the first is all that is left", || answers() == 1).await;
    drop(slow);
    eventually("nobody waits", || answers() == 0).await;
}

#[actix::test]
async fn the_connection_that_waits_longest_makes_room() {
    let server = Server::with(HttpConfig { max_connections: 3, ..config() }, 10);
    let mut busy = server.connect().await;
    busy.send(&request("POST", "/", "", HANG)).await;
    eventually("it runs", || server.seen.hanging.load(Ordering::SeqCst) == 1).await;
    let mut waiting = Vec::new();
    for open in 2..=3 {
        waiting.push(server.connect().await);
        eventually("it is open", || server.seen.connections.load(Ordering::SeqCst) == open).await;
    }
    for _ in 0..10 {
        // Each finds a place, and gives it up for the next.
        let mut next = server.connect().await;
        next.send(&request("GET", "/health", "", "")).await;
        assert_eq!(next.response().await.status, 200);
        waiting.push(next);
    }
    for mut gone in waiting.drain(..10) {
        gone.closed().await;
    }
    assert_eq!(server.seen.hanging.load(Ordering::SeqCst), 1, "who is being served is left alone");
}

#[actix::test]
async fn a_deadline_holds_for_a_service_that_hangs() {
    let server = Server::with(HttpConfig { call_timeout: Duration::from_millis(30), ..config() }, 10);
    assert_eq!(server.rpc(HANG).await["error"]["code"], -32001);
    let batch = server.rpc(&format!(r#"[{HANG},{{"jsonrpc":"2.0","method":"echo","id":2}}]"#)).await;
    assert_eq!((&batch[0]["error"]["code"], &batch[1]["result"]), (&json!(-32001), &json!(null)));
    assert!(batch[1].get("error").is_none());
    assert_eq!(server.seen.hanging.load(Ordering::SeqCst), 0);
    assert_eq!(server.seen.admission.inflight(), 0);
}

#[actix::test]
async fn a_caller_sets_deadline_depth_and_the_rest_by_header_or_meta() {
    let server = Server::with(HttpConfig { max_depth: Some(5), ..config() }, 10);
    let headers = "Madrpc-Timeout-Ms: 20\r\nIdempotency-Key: k\r\nMadrpc-Tags: zone=a\r\n\
        traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";
    let echo = r#"{"jsonrpc":"2.0","method":"echo","id":1}"#;
    assert_eq!(server.request("POST", "/", headers, HANG).await.json()["error"]["code"], -32001);
    let scope = server.seen.calls.lock().expect("not poisoned").pop().expect("a call").scope;
    assert_eq!(
        (scope.idempotency_key.as_ref().map(|key| key.key.as_str()), scope.tags.get("zone").map(String::as_str)),
        (Some("k"), Some("a"))
    );
    assert_eq!(scope.trace.trace_id, 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c);

    let meta = r#"{"jsonrpc":"2.0","method":"echo","meta":{"idempotencyKey":"m","depth":5},"id":1}"#;
    assert!(server.request("POST", "/", headers, meta).await.json().get("error").is_none());
    let scope = server.seen.calls.lock().expect("not poisoned").pop().expect("a call").scope;
    assert_eq!((scope.idempotency_key.as_ref().map(|key| key.key.as_str()), scope.depth), (Some("m"), 5));

    let refused = server.request("POST", "/", "Madrpc-Depth: 6\r\n", echo).await.json();
    assert_eq!(refused["error"], json!({"code": -32011, "message": "Call depth exceeded", "data": {"limit": 5}}));
    for (bad, parameter) in [
        ("Madrpc-Timeout-Ms: 0", "timeoutMs"),
        ("Madrpc-Timeout-Ms: soon", "timeoutMs"),
        ("Madrpc-Tags: x", "tags"),
        ("Madrpc-Depth: -1", "depth"),
    ] {
        let refused = server.request("POST", "/", &format!("{bad}\r\n"), echo).await.json();
        assert_eq!(
            (&refused["error"]["code"], &refused["error"]["data"]["parameter"]),
            (&json!(-32602), &json!(parameter))
        );
        assert_eq!(refused["id"], 1);
    }
}

#[actix::test]
async fn what_admission_refuses_is_overloaded_at_once() {
    let server = Server::with(config(), 2);
    let batch: Vec<_> =
        (0..5).map(|id| json!({"jsonrpc": "2.0", "method": "echo", "params": [id], "id": id})).collect();
    let replies = server.rpc(&json!(batch).to_string()).await;
    for index in 0..5 {
        // What there is a place for runs.
        let expected = if index < 2 { json!([index]) } else { json!(-32003) };
        let reply = &replies[index];
        assert_eq!(if index < 2 { &reply["result"] } else { &reply["error"]["code"] }, &expected, "{replies}");
    }
    let mut waiting = server.connect().await;
    waiting.send(&request("POST", "/", "", &format!("[{HANG},{HANG}]"))).await;
    eventually("two calls wait", || server.seen.hanging.load(Ordering::SeqCst) == 2).await;
    let refused = server.rpc(HANG).await;
    assert_eq!(refused["error"]["code"], -32003);
    assert!(refused.get("fault").is_none());
    // A nested call isn't shed with calls from outside, and another process of ours hears whose fault it is.
    let headers = "Madrpc-Depth: 1\r\n";
    let echo = r#"{"jsonrpc":"2.0","method":"echo","id":1}"#;
    assert!(server.request("POST", "/", headers, echo).await.json().get("error").is_none());
    let refused = server.request("POST", "/", "Madrpc-Depth: 0\r\n", echo).await.json();
    assert_eq!(refused["fault"], "refused");
}

#[actix::test]
async fn calls_end_when_their_client_goes_away() {
    let server = Server::start();
    for body in [HANG.to_owned(), format!("[{HANG},{HANG}]")] {
        let mut client = server.connect().await;
        client.send(&request("POST", "/", "", &body)).await;
        eventually("it runs", || server.seen.hanging.load(Ordering::SeqCst) > 0).await;
        drop(client);
        eventually("it was dropped", || server.seen.hanging.load(Ordering::SeqCst) == 0).await;
        eventually("its permit is back", || server.seen.admission.inflight() == 0).await;
    }
    let recorded = server.seen.recorded.lock().expect("not poisoned").clone();
    assert_eq!(recorded, vec![(Some("hang".to_owned()), false); 3]);
}

#[actix::test]
async fn a_notification_outlives_its_connection() {
    let server = Server::start();
    let notify = r#"{"jsonrpc":"2.0","method":"hang","meta":{"timeoutMs":60000}}"#;
    for (count, body) in [(1, notify.to_owned()), (3, format!("[{notify},{notify}]"))] {
        let mut client = server.connect().await;
        client.send(&request("POST", "/", "", &body)).await;
        assert_eq!(client.response().await.body, "");
        drop(client);
        eventually("it runs", || server.seen.hanging.load(Ordering::SeqCst) == count).await;
    }
    // The server has taken note of both connections' ends once it has closed them.
    eventually("no connection", || server.seen.connections.load(Ordering::SeqCst) == 0).await;
    assert_eq!(server.seen.dropped.load(Ordering::SeqCst), 0);
    assert_eq!(server.seen.admission.inflight(), 3);
}
