//! Frames that RFC 6455 forbids, or that are over a limit: refused at their head, at every place that takes frames.

use std::ffi::OsString;
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{json, Value};

use crate::harness::{
    node, orchestrator, pause, program, raw_frame, raw_head, Client, Process, RawSocket, Script, Session, StopAtEnd,
    SOON,
};

/// Beyond every limit.
const ENDLESS: u64 = 1 << 40;

/// What is wrong, the bytes, and the code that they are closed with. Of none of these the payload comes.
fn wrong(masked: bool) -> Vec<(&'static str, Vec<u8>, u16)> {
    let head = |first, len| raw_head(first, masked, len);
    let bit = if masked { 0x80 } else { 0 };
    let first_fragment = raw_frame(0x01, masked, b"[");
    vec![
        ("too long", head(0x81, ENDLESS), 1009),
        ("too long together", [&first_fragment[..], &head(0x80, ENDLESS)].concat(), 1009),
        ("empty fragments without end", [first_fragment.clone(), head(0x00, 0).repeat(1_001)].concat(), 1009),
        ("the first bit of the length", vec![0x81, bit | 127, 0x80, 0, 0, 0, 0, 0, 0, 1], 1002),
        ("a length in more bytes than needed", vec![0x81, bit | 126, 0, 5], 1002),
        ("the wrong mask", raw_head(0x81, !masked, 5), 1002),
        ("a reserved bit", head(0xc1, 5), 1002),
        ("an unknown opcode", head(0x83, 5), 1002),
        ("a long ping", head(0x89, 126), 1002),
        ("a ping in fragments", head(0x09, 5), 1002),
        ("a continuation of nothing", head(0x80, 5), 1002),
        ("a message within a message", [&first_fragment[..], &head(0x81, 5)].concat(), 1002),
    ]
}

#[test]
fn servers_refuse_them() {
    let limits = ["--max-body", "1MiB"];
    let servers = [node(program("cluster.js"), &[&limits[..], &["--no-supervise"]].concat()), orchestrator(&limits)];
    let dial_in = [("madrpc-dial-in", "raw-frames"), ("madrpc-depth", "0")];
    let places = [(&servers[0], &[][..]), (&servers[1], &[][..]), (&servers[1], &dial_in[..])];
    for (server, headers) in places {
        for (what, bytes, code) in wrong(true) {
            let mut socket = RawSocket::open(server, headers);
            socket.send(&bytes);
            assert_eq!(socket.closed(), Some(code), "{what}, {headers:?} at {}", server.url);
        }
    }
    let client = Client::new(&servers[0].url);
    assert_eq!(client.call("square", json!({"n": 3})), Ok(json!(9)));
}

fn arguments(args: &[&str]) -> Vec<OsString> {
    args.iter().map(OsString::from).collect()
}

#[test]
fn our_own_clients_refuse_them() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let (sub, _lines) = Process::spawn(&arguments(&["sub", &url, "news"]));
    for (what, bytes, code) in wrong(false) {
        // It comes again each time.
        let mut socket = RawSocket::accept(&listener);
        assert!(socket.receive().is_some_and(|(_, ask)| String::from_utf8_lossy(&ask).contains("_subscribe")));
        socket.send(&raw_frame(0x81, false, br#"{"jsonrpc":"2.0","id":1,"result":1}"#));
        socket.send(&bytes);
        assert_eq!(socket.closed(), Some(code), "{what}");
    }
    drop(sub);
    let args = ["bench", &url, "m", "--ws", "--connections", "1", "--duration", "60s"];
    let (_bench, _lines) = Process::spawn(&arguments(&args));
    for (what, bytes, _) in wrong(false) {
        let mut socket = RawSocket::accept(&listener);
        socket.send(&bytes);
        while let Some((first, call)) = socket.receive() {
            assert_eq!(first, 0x81, "{what}: {call:?}");
        }
    }
}

/// As orchestrators have to nodes.
#[test]
fn links_refuse_them() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let orchestrator = orchestrator(&["--node", &url, "--failure-threshold", "1000000"]);
    let client = Client::new(&orchestrator.url);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _at_the_end = StopAtEnd(&over);
        scope.spawn(|| {
            // A call opens a link where there is none; what becomes of it is of no interest.
            let call = br#"{"jsonrpc":"2.0","id":1,"method":"m","meta":{"timeoutMs":200}}"#;
            while !over.load(Ordering::Relaxed) {
                let _whatever = client.try_post(&[("content-type", "application/json")], call);
                pause(Duration::from_millis(20));
            }
        });
        for (what, bytes, code) in wrong(false) {
            let mut socket = RawSocket::accept(&listener);
            socket.send(&bytes);
            assert_eq!(socket.closed(), Some(code), "{what}");
        }
    });
}

/// RFC 6455, section 5.4: a message may come in as many fragments as its sender likes, with pings between them.
#[test]
fn messages_in_fragments_are_whole_for_everybody() {
    let script = Script::new("fragments.js", "madrpc.register('echo', params => params);");
    let server = node(&script, &["--no-supervise"]);
    let mut socket = RawSocket::open(&server, &[]);
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "echo", "params": ["x".repeat(10_000)]}).to_string();
    for (at, byte) in call.as_bytes().iter().enumerate() {
        let last = if at + 1 == call.len() { 0x80 } else { 0 };
        let opcode = u8::from(at == 0);
        socket.send(&raw_frame(last | opcode, true, &[*byte]));
        if at % 1_000 == 0 {
            socket.send(&raw_frame(0x89, true, b"there?"));
        }
    }
    let answer = std::iter::from_fn(|| socket.receive()).find(|(first, _)| *first == 0x81).expect("an answer");
    let answer: Value = serde_json::from_slice(&answer.1).expect("JSON");
    assert_eq!(answer["result"][0].as_str().map(str::len), Some(10_000));

    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let (_sub, lines) = Process::spawn(&arguments(&["sub", &url, "news"]));
    let mut socket = RawSocket::accept(&listener);
    assert!(socket.receive().is_some(), "it subscribes");
    socket.send(&raw_frame(0x81, false, br#"{"jsonrpc":"2.0","id":1,"result":1}"#));
    let event = br#"{"jsonrpc":"2.0","method":"_event","params":{"subscription":1,"channel":"news","data":"whole"}}"#;
    let (begin, rest) = event.split_at(40);
    socket.send(&raw_frame(0x01, false, begin));
    socket.send(&raw_frame(0x89, false, b""));
    socket.send(&raw_frame(0x00, false, b""));
    socket.send(&raw_frame(0x80, false, rest));
    assert_eq!(lines.recv_timeout(SOON).as_deref(), Ok(r#"{"channel":"news","data":"whole"}"#));
    let mut session = Session::open(&server);
    session.call(1, "echo", &json!([2]));
    assert_eq!(session.receive()["result"], json!([2]));
}
