//! `AwcClient` against a real server, and against peers that misbehave.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use actix_rt::net::{TcpListener, TcpStream};
use futures_util::StreamExt;
use madrpc_actor::http::{self, HttpConfig};
use madrpc_actor::tls::ClientTls;
use madrpc_actor::transport::{Askers, AwcClient, PeerLinks, TransportConfig};
use madrpc_actors::actors::{PeerClient, PeerUrl};
use madrpc_actors::protocol::{Call, CallError, CallResult, CallScope, Fault, JsonText};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::support::{config, eventually, Server, PATIENCE};

fn client() -> Rc<dyn PeerClient> {
    client_that_waits(PATIENCE)
}

/// A client that gives up a peer without a sign of life after so long.
pub(super) fn client_that_waits(silence: Duration) -> Rc<dyn PeerClient> {
    AwcClient::factory(TransportConfig {
        peer_links: PeerLinks::default(),
        expects_links: false,
        askers: Askers::default(),
        max_body: 100_000,
        cluster_token: "secret".parse().ok(),
        api_key: "key".parse().ok(),
        tls: ClientTls::default(),
        silence,
    })()
}

fn url(addr: SocketAddr) -> PeerUrl {
    PeerUrl::parse(&format!("http://{addr}")).expect("a URL")
}

fn call(method: &str, params: &str) -> Call {
    Call::new(method, JsonText::parse(params).ok(), CallScope::root(PATIENCE))
}

fn within(call: Call, timeout: Duration) -> Call {
    let scope = CallScope { deadline: Instant::now() + timeout, ..call.scope };
    Call { scope, ..call }
}

fn text(result: CallResult) -> String {
    result.map_or_else(|error| error.to_string(), |text| text.as_str().to_owned())
}

/// A peer that does with its connections as `serve` says.
async fn peer<F: std::future::Future<Output = ()> + 'static>(serve: impl Fn(TcpStream) -> F + 'static) -> PeerUrl {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let addr = listener.local_addr().expect("bound");
    actix_rt::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            actix_rt::spawn(serve(stream));
        }
    });
    url(addr)
}

/// A peer that reads a request and answers `response`.
async fn answering(response: String) -> PeerUrl {
    let response: Rc<str> = response.into();
    peer(move |mut stream| {
        let response = response.clone();
        async move {
            let _ = stream.read(&mut [0; 65536]).await;
            let _ = stream.write_all(response.as_bytes()).await;
        }
    })
    .await
}

fn with_length(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

#[actix::test]
async fn a_call_brings_back_result_and_error_as_they_were() {
    let server = Server::start();
    let (client, peer) = (client(), url(server.addr));
    assert_eq!(text(client.call(&peer, call("echo", r#"{"b":1.0, "a":[1e2]}"#)).await), r#"{"b":1.0, "a":[1e2]}"#);
    let scope = server.seen.calls.lock().expect("not poisoned").pop().expect("a call").scope;
    assert!(scope.deadline > Instant::now() + PATIENCE / 2);
    match client.call(&peer, call("fail", "[]")).await {
        Err(CallError::Remote(remote)) => {
            assert_eq!(remote.object.as_str(), r#"{"code":-32000,"message":"thrown","data":{"name":"Error"}}"#);
            assert_eq!(remote.fault, None);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(text(client.call(&peer, call("_caller", "[]")).await), r#"{"ip":"127.0.0.1","token":"secret"}"#);
    assert!(matches!(client.call(&peer, call("_unauthorized", "[]")).await, Err(CallError::Remote(_))));
}

#[actix::test]
async fn a_peer_tells_whose_fault_a_failure_is() {
    let server = Server::with(config(), 0);
    match client().call(&url(server.addr), call("echo", "[]")).await {
        Err(CallError::Remote(remote)) => assert_eq!(remote.fault, Some(Fault::Refused)),
        other => panic!("{other:?}"),
    }
}

#[actix::test]
async fn sizes_and_deadlines_are_kept_on_this_side_too() {
    let server = Server::start();
    let (client, peer) = (client(), url(server.addr));
    assert!(client.call(&peer, call("big", "[99998]")).await.is_ok());
    assert!(matches!(client.call(&peer, call("big", "[999999]")).await, Err(CallError::TooLarge { limit: 100_000 })));
    let unlimited =
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{}", 200_000, "1".repeat(200_000));
    assert!(matches!(
        client.call(&answering(unlimited).await, call("echo", "[]")).await,
        Err(CallError::TooLarge { .. })
    ));

    let silent = self::peer(|stream| async move {
        let _open = stream;
        std::future::pending().await
    })
    .await;
    let began = Instant::now();
    let hanging = within(call("hang", "[]"), Duration::from_millis(30));
    assert!(matches!(client.call(&silent, hanging).await, Err(CallError::Timeout)));
    assert!(began.elapsed() < PATIENCE / 2);
    let late = within(call("echo", "[]"), Duration::ZERO);
    assert!(matches!(client.call(&peer, late).await, Err(CallError::Timeout)));
}

#[actix::test]
async fn only_what_never_left_counts_as_unsent() {
    let client = client();
    let outcome = |peer: PeerUrl| client.call(&peer, call("echo", "[]"));
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        url(listener.local_addr().expect("bound"))
    };
    assert!(matches!(outcome(closed).await, Err(CallError::Unreachable { sent: false })));
    let https = PeerUrl::parse("https://127.0.0.1:1").expect("a URL");
    assert!(matches!(outcome(https).await, Err(CallError::Unreachable { sent: false })));
    let unknown = PeerUrl::parse("http://no-such-host.invalid").expect("a URL");
    assert!(matches!(outcome(unknown).await, Err(CallError::Unreachable { sent: false })));

    let before_reading = peer(|stream| async move { drop(stream) }).await;
    assert!(matches!(outcome(before_reading).await, Err(CallError::Unreachable { sent: true })));
    let after_reading = answering(String::new()).await;
    assert!(matches!(outcome(after_reading).await, Err(CallError::Unreachable { sent: true })));
    let in_the_head = answering("HTTP/1.1 200 O".into()).await;
    assert!(matches!(outcome(in_the_head).await, Err(CallError::Unreachable { sent: true })));
    let reply = r#"{"jsonrpc":"2.0","id":1,"#;
    let in_the_body = answering(format!("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{reply}")).await;
    assert!(matches!(outcome(in_the_body).await, Err(CallError::Unreachable { sent: true })));
    let in_a_chunk = answering(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{reply}")).await;
    assert!(matches!(outcome(in_a_chunk).await, Err(CallError::Unreachable { sent: true })));
}

#[actix::test]
async fn what_is_no_json_rpc_reply_is_an_internal_error() {
    let client = client();
    for response in [
        with_length("<html>hello</html>"),
        with_length(r#"{"jsonrpc":"2.0","id":2,"result":1}"#),
        with_length(""),
        "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nbad".into(),
        "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n".into(),
    ] {
        let outcome = client.call(&answering(response.clone()).await, call("echo", "[]")).await;
        assert!(matches!(outcome, Err(CallError::Internal { .. })), "{response}: {outcome:?}");
    }
}

/// Sockets of connections to `port` that neither side has closed, as the kernel has them.
fn established(port: u16) -> usize {
    const ESTABLISHED: &str = "01";
    let sockets = std::fs::read_to_string("/proc/net/tcp").expect("Linux lists its sockets");
    let ends_here = |address: &str| address.ends_with(&format!(":{port:04X}"));
    let lines = sockets.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    lines.filter(|line| line[3] == ESTABLISHED && (ends_here(line[1]) || ends_here(line[2]))).count()
}

/// Comes back when the runtime has taken note of all that has happened to its sockets: a connection is one such event,
/// and those before it come with it or earlier.
async fn a_turn_of_the_driver() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let (accepted, connected) = tokio::join!(listener.accept(), tokio::net::TcpStream::connect(address));
    assert!(accepted.is_ok() && connected.is_ok());
}

#[actix::test]
async fn connections_are_reused_until_their_server_goes() {
    let server = Server::start();
    let (client, peer) = (client(), url(server.addr));
    for _ in 0..5 {
        assert!(client.call(&peer, call("echo", "[1]")).await.is_ok());
    }
    // One of HTTP for the first call, and the link that it had opened.
    eventually("the link is there", || server.seen.connections.load(Ordering::SeqCst) == 2).await;
    for _ in 0..5 {
        assert!(client.call(&peer, call("echo", "[1]")).await.is_ok());
    }
    assert_eq!(server.seen.connections.load(Ordering::SeqCst), 2);
    assert!(established(server.addr.port()) >= 2, "both ends of what is open");
    server.handle.stop(false).await;
    // The server forgets a connection a moment before its socket is closed.
    eventually("the connections are closed", || established(server.addr.port()) == 0).await;
    a_turn_of_the_driver().await;
    let config = config();
    let sessions = config.sessions.clone();
    let _again = Server::on(http::bind(server.addr).expect("the port is free"), config, 10);
    // Whether or not the client has taken note of the end of its link.
    assert_eq!(text(client.call(&peer, call("echo", "[2]")).await), "[2]");
    let batch: Vec<_> = client.batch(&peer, vec![call("echo", "[3]"), call("echo", "[4]")]).collect().await;
    let answers: BTreeMap<usize, String> = batch.into_iter().map(|(index, result)| (index, text(result))).collect();
    assert_eq!(answers, BTreeMap::from([(0, "[3]".to_owned()), (1, "[4]".to_owned())]));
    // One is opened for a call that comes after the back-off.
    let deadline = Instant::now() + PATIENCE;
    while sessions.load(Ordering::SeqCst) == 0 {
        assert!(Instant::now() < deadline, "never: a new link is there");
        assert!(client.call(&peer, call("echo", "[5]")).await.is_ok());
    }
}

#[actix::test]
async fn dropping_a_call_cancels_it_at_the_peer() {
    let server = Server::start();
    let (client, peer) = (client(), url(server.addr));
    let single = actix_rt::spawn(client.call(&peer, call("hang", "[]")));
    eventually("it runs", || server.seen.hanging.load(Ordering::SeqCst) == 1).await;
    single.abort();
    eventually("it ended", || server.seen.hanging.load(Ordering::SeqCst) == 0).await;

    let mut batch = client.batch(&peer, vec![call("hang", "[]"), call("echo", "[]"), call("hang", "[]")]);
    assert_eq!(batch.next().await.map(|(index, _)| index), Some(1));
    assert_eq!(server.seen.hanging.load(Ordering::SeqCst), 2);
    drop(batch);
    eventually("they ended", || server.seen.hanging.load(Ordering::SeqCst) == 0).await;
    eventually("permits are back", || server.seen.admission.inflight() == 0).await;
}

#[actix::test]
async fn a_batch_is_answered_as_its_calls_finish_each_by_its_deadline() {
    let server = Server::with(HttpConfig { max_batch: 1, ..config() }, 1000);
    let mut calls: Vec<_> = (0..300).map(|n| call("echo", &format!("[{n}]"))).collect();
    calls[7] = within(call("hang", "[]"), Duration::from_millis(50));
    calls[8] = call("fail", "[]");
    calls[9] = call("lines", "[]");
    calls[10].scope.tags.insert("zone".into(), "a".into());
    let answers: Vec<_> = client().batch(&url(server.addr), calls).collect().await;
    assert_eq!(answers.len(), 300);
    assert_eq!(answers.last().map(|(index, _)| *index), Some(7));
    for (index, result) in answers {
        match index {
            7 => assert!(text(result).contains("-32001")),
            8 => assert!(text(result).contains("thrown")),
            9 => assert_eq!(text(result), "[   1.0\r ]"),
            index => assert_eq!(text(result), format!("[{index}]")),
        }
    }
    let seen = server.seen.calls.lock().expect("not poisoned");
    assert_eq!(seen.iter().filter(|call| call.scope.tags.contains_key("zone")).count(), 1);
}

#[actix::test]
async fn a_batch_cut_off_in_the_middle_may_have_run() {
    let line = r#"{"jsonrpc":"2.0","id":1,"result":[1]}"#;
    let unknown = r#"{"jsonrpc":"2.0","id":9,"result":[1]}"#;
    let (first, second) = line.split_at(12);
    let body = format!(
        "{:x}\r\n{unknown}\n{first}\r\n{:x}\r\n{second}\n{line}\n{first}\r\n",
        unknown.len() + 13,
        line.len() * 2 + 2 - 12 + 12
    );
    let cut = answering(format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n{body}"
    ))
    .await;
    let calls = || vec![call("a", "[]"), call("b", "[]"), call("c", "[]")];
    let answers: Vec<_> = client().batch(&cut, calls()).collect().await;
    assert_eq!(answers.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [1, 0, 2]);
    assert!(answers[0].1.is_ok());
    assert!(answers[1..].iter().all(|(_, result)| matches!(result, Err(CallError::Unreachable { sent: true }))));

    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        url(listener.local_addr().expect("bound"))
    };
    let answers: Vec<_> = client().batch(&closed, calls()).collect().await;
    assert_eq!(answers.len(), 3);
    assert!(answers.iter().all(|(_, result)| matches!(result, Err(CallError::Unreachable { sent: false }))));
}

#[actix::test]
async fn a_server_that_dies_under_a_batch_leaves_no_call_waiting() {
    let server = Server::start();
    let mut answers = client().batch(&url(server.addr), vec![call("hang", "[]"), call("echo", "[]")]);
    assert_eq!(answers.next().await.map(|(index, _)| index), Some(1));
    server.handle.stop(false).await;
    let (index, result) = answers.next().await.expect("an answer");
    assert!(index == 0 && matches!(result, Err(CallError::Unreachable { sent: true })), "{result:?}");
    assert!(answers.next().await.is_none());
}

#[actix::test]
async fn a_peer_that_does_not_stream_answers_a_batch_as_a_whole() {
    let array = r#"[{"jsonrpc":"2.0","id":1,"result":1},{"jsonrpc":"2.0","id":0,"error":{"code":5,"message":"m"}}]"#;
    let answers: Vec<_> =
        client().batch(&answering(with_length(array)).await, vec![call("a", "[]"), call("b", "[]")]).collect().await;
    assert_eq!(answers.len(), 2);
    assert!(answers[0].0 == 1 && answers[0].1.is_ok() && matches!(answers[1].1, Err(CallError::Remote(_))));

    let refusal = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"m"}}"#;
    let answers: Vec<_> =
        client().batch(&answering(with_length(refusal)).await, vec![call("a", "[]"), call("b", "[]")]).collect().await;
    assert!(answers.len() == 2 && answers.iter().all(|(_, result)| matches!(result, Err(CallError::Remote(_)))));
}

#[actix::test]
async fn an_endless_line_is_too_large() {
    let endless = peer(|mut stream| async move {
        let _ = stream.read(&mut [0; 65536]).await;
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n";
        let _ = stream.write_all(head.as_bytes()).await;
        let chunk = format!("{:x}\r\n{}\r\n", 4096, "1".repeat(4096));
        while stream.write_all(chunk.as_bytes()).await.is_ok() {}
    })
    .await;
    let answers: Vec<_> = client().batch(&endless, vec![call("a", "[]")]).collect().await;
    assert!(matches!(answers[..], [(0, Err(CallError::TooLarge { limit: 100_000 }))]), "{answers:?}");
}
