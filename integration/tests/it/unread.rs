//! Clients that ask for much and read nothing fill a bounded part of a process's memory, and lose nothing when they read.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{json, Value};

use crate::harness::{node, node_of, orchestrator, resident, wait_until, Client, Process, Script, Session, SOON};

const SCRIPT: &str = "
const kB = 'x'.repeat(1000);
let made = 0;
madrpc.register('items', async function* ({ to, size }) {
  for (let n = 0; n < to; n++) { made++; yield n + ':' + kB.repeat(size / 1000); }
  return 'all';
});
madrpc.register('whole', ({ size }) => { made++; return kB.repeat(size / 1000); });
madrpc.register('made', () => made);
";

/// Bytes of an item and of a result: below the limit of one.
const SIZE: usize = 9_000_000;

/// How many clients there are: what they ask for at once is well over what waits for clients of a node.
const CLIENTS: usize = 40;

const ITEMS: usize = 2;

/// A machine that does all of this at once takes its time.
const PATIENT: [&str; 2] = ["--call-timeout", "2m"];

const NODE: [&str; 4] = ["--memory-limit", "1GiB", PATIENT[0], PATIENT[1]];

/// A quarter of the node's limit waits for clients, about as much is kept by the generators that wait, and there is the
/// garbage of two executors. Without a bound it would be 40 times 27 MB, and the engine would be replaced.
const MOST: u64 = 700 << 20;

struct Unread(BufReader<TcpStream>);

impl Unread {
    fn ask(server: &Process, accept: &str, method: &str, params: &Value) -> Unread {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let mut socket = TcpStream::connect(server.address()).expect("it listens");
        socket.set_read_timeout(Some(Duration::from_secs(30))).expect("a socket");
        let head = format!(
            "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\naccept: {accept}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        socket.write_all(head.as_bytes()).expect("it takes it");
        Unread(BufReader::new(socket))
    }

    /// The body of the answer, to its end.
    fn read(mut self) -> String {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(self.0.read_line(&mut head).expect("a head") > 0, "it has been cut off");
        }
        let mut rest = String::new();
        self.0.read_to_string(&mut rest).expect("a body");
        match head.contains("transfer-encoding: chunked") {
            true => dechunked(&rest),
            false => rest,
        }
    }
}

/// RFC 9112, section 7.1.
fn dechunked(mut rest: &str) -> String {
    let mut body = String::new();
    loop {
        let (length, after) = rest.split_once("\r\n").expect("a chunk");
        let (chunk, after) = after.split_at(usize::from_str_radix(length, 16).expect("a length"));
        if chunk.is_empty() {
            return body;
        }
        body.push_str(chunk);
        rest = after.strip_prefix("\r\n").expect("the end of a chunk");
    }
}

/// All begin to read.
fn each_reads<T: Send, R: Send>(clients: Vec<T>, read: impl Fn(T) -> R + Sync) -> Vec<R> {
    let read = &read;
    std::thread::scope(|scope| {
        let reading: Vec<_> = clients.into_iter().map(|client| scope.spawn(move || read(client))).collect();
        reading.into_iter().map(|reading| reading.join().expect("it has read all")).collect()
    })
}

/// Waits until nothing more is made, which goes on to answer. The script can't tell: a context with so many generators
/// that wait gets a successor.
fn stands_still(node: &Process, client: &Client) {
    let (mut last, mut calm) = (0, 0);
    wait_until("nothing more is made", SOON, || {
        client.call("made", Value::Null).expect("an answer");
        let now = resident(node.engine_pid());
        calm = if now.abs_diff(last) < 1 << 20 && now > 150 << 20 { calm + 1 } else { 0 };
        last = now;
        calm == 40
    });
}

fn has_its_engine_still(node: &Process) {
    assert_eq!(Client::new(&node.url).info()["engine_restarts"], 0, "{}", node.log());
}

/// As long as nobody has read anything. Later there is what was given back and is kept for the next time, too.
fn holds_little(node: &Process) {
    let memory = resident(node.engine_pid());
    assert!(memory < MOST, "{memory} bytes");
}

fn value(n: usize) -> String {
    format!("{n}:{}", "x".repeat(SIZE))
}

#[test]
fn streams_over_http_wait_for_clients_that_read_nothing() {
    let script = Script::new("unread.js", SCRIPT);
    let node = node(script.path(), &NODE);
    let client = Client::new(&node.url);
    let params = json!({"to": ITEMS, "size": SIZE});
    let ask = |accept| Unread::ask(&node, accept, "items", &params);
    let kinds = ["application/x-ndjson", "text/event-stream"];
    let unread: Vec<Unread> = kinds.iter().cycle().take(CLIENTS).map(|accept| ask(accept)).collect();
    stands_still(&node, &client);
    holds_little(&node);
    has_its_engine_still(&node);
    let all = each_reads(unread, Unread::read);
    for (body, accept) in all.iter().zip(kinds.iter().cycle()) {
        let mut lines = body.lines().filter(|line| !line.is_empty());
        for n in 0..ITEMS {
            let line = lines.next().expect("an item").trim_start_matches("data: ");
            assert!(line == format!("{{\"value\": \"{}\"}}", value(n)), "item {n} of {accept}");
        }
        let rest: Vec<&str> = lines.collect();
        let reply = rest.last().expect("a reply").trim_start_matches("data: ");
        assert_eq!(reply, r#"{"jsonrpc":"2.0","id":1,"result":"all"}"#);
    }
    has_its_engine_still(&node);
}

#[test]
fn streams_of_sessions_wait_for_clients_that_read_nothing() {
    let script = Script::new("unread.js", SCRIPT);
    let orchestrator = orchestrator(&PATIENT);
    let node = node_of(&orchestrator, script.path(), &NODE);
    let client = Client::new(&orchestrator.url);
    wait_until("the node takes calls", SOON, || client.call("made", Value::Null).is_ok());
    for server in [&node, &orchestrator] {
        let sessions: Vec<Session> = (0..CLIENTS)
            .map(|_| {
                let mut session = Session::open(server);
                session.call(1, "items", &json!({"to": ITEMS, "size": SIZE}));
                session
            })
            .collect();
        stands_still(&node, &client);
        has_its_engine_still(&node);
        each_reads(sessions, |mut session| {
            for n in 0..ITEMS {
                let frame = session.receive();
                assert!(frame["params"]["seq"] == n && frame["params"]["value"] == value(n), "item {n}");
            }
            let reply = session.receive();
            assert_eq!(reply["result"], "all", "{reply}");
        });
    }
    has_its_engine_still(&node);
}

#[test]
fn results_that_nobody_reads_are_refused_when_there_are_too_many() {
    let script = Script::new("unread.js", SCRIPT);
    let node = node(script.path(), &NODE);
    let client = Client::new(&node.url);
    let unread: Vec<Unread> =
        (0..2 * CLIENTS).map(|_| Unread::ask(&node, "application/json", "whole", &json!({"size": SIZE}))).collect();
    let made = || client.call("made", Value::Null).expect("a count").as_u64();
    wait_until("all have run", SOON, || made() == Some(2 * CLIENTS as u64));
    holds_little(&node);
    has_its_engine_still(&node);
    let (mut whole, mut refused) = (0, 0);
    for body in each_reads(unread, Unread::read) {
        let reply: Value = serde_json::from_str(&body).expect("a reply");
        if reply["result"].as_str().is_some_and(|text| text.len() == SIZE) {
            whole += 1;
        } else {
            let error = &reply["error"];
            assert_eq!((&error["code"], &error["data"]["limit"]), (&json!(-32006), &json!(256 << 20)), "{error}");
            refused += 1;
        }
    }
    assert!(whole * SIZE > 200_000_000 && refused > 0, "{whole} came, and {refused} were refused");
    let again = client.call("whole", json!({"size": SIZE})).expect("there is room again");
    assert!(again.as_str().is_some_and(|text| text.len() == SIZE));
    has_its_engine_still(&node);
}
