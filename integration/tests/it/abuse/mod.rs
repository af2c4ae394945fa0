//! Whatever is too large is refused before it is kept: for every way in and every size, far more than the limit is sent, and the
//! memory of the process that gets it stays within what its limits say, and a little more.

mod sent;

use std::ffi::OsString;
use std::io::Write;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{json, Value};

use self::sent::{pour, Size, Way, LIMIT};
use crate::harness::{
    forget_peak, is_alive, node, node_of, orchestrator, pause, peak, raw_frame, resident, wait_until, Client, Process,
    RawSocket, Script, StopAtEnd, SOON,
};

/// Beyond what the limits say.
const MORE: u64 = 64 << 20;

const SCRIPT: &str = "
madrpc.register('add', ([a, b]) => a + b);
madrpc.register('fail', ([length]) => { throw new madrpc.RpcError(7, 'no', 'x'.repeat(length)); });
madrpc.register('long', ([length]) => 'x'.repeat(length));
madrpc.register('items', async function* ([length, count]) { for (let n = 0; n < count; n++) yield 'x'.repeat(length); });
";

/// Runs `attack`, and looks at the most memory that the process has had meanwhile.
fn stays_within(what: &str, pid: u32, limit: u64, attack: impl FnOnce()) {
    forget_peak(pid);
    let before = resident(pid);
    attack();
    let grown = peak(pid).saturating_sub(before);
    assert!(grown <= limit + MORE, "{what}: grown by {} MiB where {} are allowed", grown >> 20, (limit + MORE) >> 20);
}

fn flags() -> [String; 2] {
    ["--max-body".to_owned(), LIMIT.to_string()]
}

fn a_node(script: &Script) -> Process {
    let flags = flags();
    node(script, &[&flags[0], &flags[1], "--no-supervise", "--summary-interval", "0"])
}

fn an_orchestrator(more: &[&str]) -> Process {
    let flags = flags();
    orchestrator(&[&[&*flags[0], &*flags[1], "--summary-interval", "0"], more].concat())
}

/// What comes in.
#[test]
fn no_request_and_no_frame_fills_a_server() {
    let script = Script::new("abuse.js", SCRIPT);
    let servers = [("node", a_node(&script)), ("orchestrator", an_orchestrator(&[]))];
    for (place, server) in &servers {
        let client = Client::new(&server.url);
        for (way, size, sent) in sent::to_servers() {
            if way == Way::DialIn && *place == "node" {
                continue;
            }
            let what = format!("{size:?} by {way:?} to the {place}");
            stays_within(&what, server.pid(), way.limit(), || {
                let mut stream = match way {
                    Way::Http => TcpStream::connect(server.address()).expect("it listens"),
                    Way::Session => RawSocket::open(server, &[]).stream.into_inner(),
                    Way::DialIn => {
                        let headers = [("madrpc-dial-in", "abuse"), ("madrpc-depth", "0")];
                        RawSocket::open(server, &headers).stream.into_inner()
                    }
                };
                pour(&mut stream, &sent);
                let _refused_already = stream.shutdown(Shutdown::Both);
            });
            assert_eq!(client.get("/health").status, 200, "{what}");
        }
    }
}

/// What comes back from a server that is none of ours, to a process that has asked it.
#[test]
fn no_answer_fills_who_has_asked() {
    for (way, size, sent) in sent::from_peers() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let what = format!("{size:?} by {way:?}");
        let asks = match way {
            Way::Session => Process::spawn(&["sub", &url, "news"].map(OsString::from)).0,
            _ => an_orchestrator(&["--node", &url, "--failure-threshold", "1000000"]),
        };
        let client = Client::new(&asks.url);
        let over = AtomicBool::new(way == Way::Session);
        std::thread::scope(|scope| {
            let at_the_end = StopAtEnd(&over);
            scope.spawn(|| {
                let accept = if size == Size::Line { "application/x-ndjson" } else { "application/json" };
                let call = br#"{"jsonrpc":"2.0","id":1,"method":"m","meta":{"timeoutMs":3000}}"#;
                while !over.load(Ordering::Relaxed) {
                    let headers = [("content-type", "application/json"), ("accept", accept)];
                    let _whatever = client.try_post(&headers, call);
                    pause(Duration::from_millis(20));
                }
            });
            let mut stream = match way {
                Way::Http => sent::asked_for(&listener, "\"m\""),
                _ => RawSocket::accept(&listener).stream.into_inner(),
            };
            stays_within(&what, asks.pid(), way.limit_of_answers(), || pour(&mut stream, &sent));
            drop(at_the_end);
            let _refused_already = stream.shutdown(Shutdown::Both);
        });
        match way {
            Way::Session => assert!(is_alive(asks.pid()), "{what}"),
            _ => assert_eq!(client.get("/health").status, 200, "{what}"),
        }
    }
}

/// What is made for a client that reads nothing of it, each as long as the limit lets it be.
#[test]
fn nothing_that_nobody_reads_fills_an_orchestrator() {
    /// Sixty of them are well over what may wait: in a session and in a batch sixteen times the limit of one, and of events
    /// as much. Of items, of which there are three each, 512 MiB wait in a process.
    const MANY: usize = 60;
    const ITEMS: u64 = 512 << 20;
    let length = LIMIT - 1_000;
    let script = Script::new("abuse.js", SCRIPT);
    let orchestrator = an_orchestrator(&["--call-timeout", "5s"]);
    let node = node_of(&orchestrator, &script, &["--max-body", &LIMIT.to_string(), "--call-timeout", "5s"]);
    let client = Client::new(&orchestrator.url);
    let call = |method: &str, params: Value| json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    wait_until("the node takes calls", SOON, || client.call("add", json!([1, 2])).is_ok());
    for (method, params) in [("fail", json!([length])), ("long", json!([length])), ("items", json!([length, 3]))] {
        let one = call(method, params).to_string();
        let batch = format!("[{}]", vec![one.clone(); MANY].join(","));
        for (way, texts) in
            [(Way::Session, vec![one; MANY]), (Way::Session, vec![batch.clone()]), (Way::Http, vec![batch])]
        {
            let what = format!("{method} by {way:?} in {} pieces", texts.len());
            let allowed = if method == "items" { ITEMS } else { 16 * LIMIT };
            stays_within(&what, orchestrator.pid(), allowed, || {
                let mut stream = match way {
                    Way::Http => TcpStream::connect(orchestrator.address()).expect("it listens"),
                    _ => RawSocket::open(&orchestrator, &[]).stream.into_inner(),
                };
                for text in &texts {
                    let head = format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{text}", text.len());
                    let sent =
                        if way == Way::Http { head.into_bytes() } else { raw_frame(0x81, true, text.as_bytes()) };
                    stream.write_all(&sent).expect("it is taken");
                }
                wait_until("all is asked", SOON, || client.pending() > 0);
                wait_until("all has come to something", SOON, || client.pending() == 0);
                let _unread = stream.shutdown(Shutdown::Both);
            });
            assert_eq!(client.call("add", json!([1, 2])), Ok(json!(3)), "{what}");
        }
    }
    stays_within("events", orchestrator.pid(), 16 * LIMIT, || {
        let mut session = RawSocket::open(&orchestrator, &[]);
        session.send(&raw_frame(0x81, true, call("_subscribe", json!({"channel": "news"})).to_string().as_bytes()));
        assert!(session.receive().is_some(), "it is answered");
        for _ in 0..MANY {
            let told = client.call(
                "_publish",
                json!({"channel": "news", "data": "x".repeat(usize::try_from(length).expect("small") - 100)}),
            );
            assert_eq!(told, Ok(json!(1)));
        }
    });
    assert_eq!(client.call("add", json!([1, 2])), Ok(json!(3)));
    drop(node);
}
