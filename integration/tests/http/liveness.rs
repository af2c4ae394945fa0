//! Who is there: whatever comes in and whatever is taken counts, and nothing else does.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::Duration;

use actix_rt::net::{TcpListener, TcpStream};
use madrpc_actor::http::HttpConfig;
use madrpc_actors::actors::{PeerClient, PeerUrl};
use madrpc_actors::protocol::{Call, CallScope};
use serde_json::{json, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::time::interval;
use tungstenite::handshake::derive_accept_key;

use super::client::client_that_waits;
use super::support::{config, eventually, Server, PATIENCE};

const SILENCE: Duration = Duration::from_millis(900);

/// What a slow line carries: so much at a time, so often.
const PIECE: usize = 32 * 1024;
const PACE: Duration = Duration::from_millis(10);

/// Takes several times the silence at that pace.
const LONG: usize = 12_000_000;

fn limits() -> HttpConfig {
    HttpConfig { silence: SILENCE, max_body: 2 * LONG, ..config() }
}

/// A client of which the system keeps little that it has not read.
async fn open(server: &Server) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(16 * 1024).expect("a socket");
    let mut stream = socket.connect(server.addr).await.expect("listening");
    let request = "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request.as_bytes()).await.expect("the server reads");
    assert!(head(&mut stream).await.starts_with("HTTP/1.1 101 "));
    stream
}

async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a head"));
    }
    String::from_utf8(head).expect("UTF-8")
}

async fn call(stream: &mut TcpStream, id: u32, method: &str, params: Value) {
    let text = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string();
    let mut frame = vec![0x81, 0x80 | u8::try_from(text.len()).expect("short"), 0, 0, 0, 0];
    frame.extend_from_slice(text.as_bytes());
    stream.write_all(&frame).await.expect("the server reads");
}

/// The next text or closing frame of a server: its first byte and its payload, of which `PIECE` is taken every `PACE`.
async fn next(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    loop {
        let (first, short) = (stream.read_u8().await.expect("a frame"), stream.read_u8().await.expect("a frame"));
        let len = match short {
            126 => u64::from(stream.read_u16().await.expect("a length")),
            127 => stream.read_u64().await.expect("a length"),
            short => u64::from(short),
        };
        let mut payload = vec![0; usize::try_from(len).expect("not so long")];
        let mut pace = interval(PACE);
        for piece in payload.chunks_mut(PIECE) {
            pace.tick().await;
            stream.read_exact(piece).await.expect("all of it");
        }
        if first != 0x89 {
            return (first, payload);
        }
    }
}

/// It says nothing all the while: no ping reaches it before the end of what it reads.
#[actix::test]
async fn a_client_that_takes_a_long_result_slowly_is_there() {
    let server = Server::with(limits(), 10);
    let mut slow = open(&server).await;
    call(&mut slow, 1, "big", json!([LONG])).await;
    let (first, result) = next(&mut slow).await;
    assert!(first == 0x81 && result.len() > LONG, "{first:x} of {} bytes", result.len());
    call(&mut slow, 2, "echo", json!(["still there"])).await;
    let (first, reply) = next(&mut slow).await;
    assert_eq!((first, String::from_utf8_lossy(&reply).contains("still there")), (0x81, true), "{reply:?}");
}

#[actix::test]
async fn a_client_that_takes_nothing_or_says_nothing_is_gone() {
    let sessions = Arc::<AtomicUsize>::default();
    let server = Server::with(HttpConfig { sessions: sessions.clone(), ..limits() }, 10);
    let open_sessions = || sessions.load(Ordering::SeqCst);
    let mut greedy = open(&server).await;
    call(&mut greedy, 1, "big", json!([LONG])).await;
    call(&mut greedy, 2, "hang", json!([])).await;
    eventually("its call runs", || server.seen.hanging.load(Ordering::SeqCst) == 1).await;
    eventually("it is gone", || open_sessions() == 0).await;
    eventually("its call is cancelled", || server.seen.hanging.load(Ordering::SeqCst) == 0).await;

    // The system takes its pings, and nobody answers them.
    let mut mute = open(&server).await;
    eventually("it is open", || open_sessions() == 1).await;
    let (first, reason) = next(&mut mute).await;
    assert_eq!((first, &reason[..2]), (0x88, &1008_u16.to_be_bytes()[..]), "{reason:?}");
    eventually("it is gone", || open_sessions() == 0).await;
}

/// A peer whose answer comes for longer than any silence is there.
#[actix::test]
async fn a_link_lasts_while_a_long_result_comes_slowly() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let peer = PeerUrl::parse(&format!("http://{}", listener.local_addr().expect("bound"))).expect("a URL");
    actix_rt::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            actix_rt::spawn(slow_peer(stream));
        }
    });
    let client = client_that_waits(SILENCE);
    let result = |client: &dyn PeerClient| client.call(&peer, Call::new("m", None, CallScope::root(PATIENCE)));
    let by_link = async {
        while result(&*client).await.expect("an answer").as_str() == "\"by HTTP\"" {
            tokio::task::yield_now().await;
        }
        result(&*client).await
    };
    let by_link = tokio::time::timeout(PATIENCE, by_link).await.expect("a link in time");
    assert_eq!(by_link.expect("an answer").len(), 60_002);
}

/// Answers by HTTP at once, and over a link byte by byte. It never pings.
async fn slow_peer(mut stream: TcpStream) {
    loop {
        let head = head(&mut stream).await;
        let header = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.find_map(|(known, value)| known.eq_ignore_ascii_case(name).then(|| value.to_owned()))
        };
        if let Some(key) = header("sec-websocket-key") {
            let accept = derive_accept_key(key.as_bytes());
            let head =
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept";
            stream.write_all(format!("{head}: {accept}\r\n\r\n").as_bytes()).await.expect("it reads");
            break;
        }
        let len = header("content-length").and_then(|len| len.parse().ok()).unwrap_or(0);
        stream.read_exact(&mut vec![0; len]).await.expect("a body");
        let reply = r#"{"jsonrpc":"2.0","id":1,"result":"by HTTP"}"#;
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{reply}", reply.len());
        stream.write_all(answer.as_bytes()).await.expect("it reads");
    }
    // Calls are numbered from 0.
    for id in 0.. {
        let mut call = [0; 4096];
        if stream.read(&mut call).await.is_ok_and(|read| read == 0) {
            return;
        }
        let reply = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":"{}"}}"#, "x".repeat(60_000));
        let mut frame = vec![0x81, 126];
        frame.extend_from_slice(&u16::try_from(reply.len()).expect("short").to_be_bytes());
        frame.extend_from_slice(reply.as_bytes());
        let mut pace = interval(PACE);
        for piece in frame.chunks(frame.len() / 200) {
            pace.tick().await;
            if stream.write_all(piece).await.is_err() {
                return;
            }
        }
    }
}
