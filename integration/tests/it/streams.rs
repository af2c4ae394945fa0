//! What flows beside calls over the network, from a node by itself and through an orchestrator (PROTOCOL, section 6).

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use serde_json::{json, Value};

use crate::harness::{
    exchange, node, orchestrator, run, wait_until, Client, Cluster, Process, Proxy, Script, Session, SOON,
};

const SCRIPT: &str = "
let yielded = 0, ended = 0;
madrpc.register('count', async function* ({ to, failAt, size }) {
  try {
    for (let n = 0; n < to; n++) {
      if (n === failAt) throw new madrpc.RpcError(7, 'no further');
      yielded++;
      yield size ? 'x'.repeat(size) : n;
    }
    return 'all';
  } finally { ended++; }
});
madrpc.register('slowly', async function* () {
  try { for (let n = 0; ; n++) { yield n; await new Promise((resolve) => setTimeout(resolve, 20)); } } finally { ended++; }
});
madrpc.register('seen', () => ({ yielded, ended }));
madrpc.register('sum', async (params, ctx) => { let sum = 0; for await (const n of ctx.input) sum += n; return sum; });
madrpc.register('double', async function* (params, ctx) { for await (const n of ctx.input) yield 2 * n; });
madrpc.register('hold', () => new Promise(() => {}));
madrpc.register('one', () => new Promise((resolve) => setTimeout(resolve, 60)));
madrpc.register('many', () => madrpc.map('one', Array.from({ length: 20 }, () => []), { concurrency: 1 }).then((all) => all.length));
madrpc.register('relay', async function* (params) { yield* madrpc.stream('count', params); });
";

/// A node by itself, and an orchestrator before one.
fn each_kind(mut check: impl FnMut(&Process, &Client)) {
    let script = Script::new("streams.js", SCRIPT);
    let alone = node(script.path(), &[]);
    check(&alone, &Client::new(&alone.url));
    let cluster = Cluster::start(script.path(), 1);
    check(&cluster.orchestrator, &cluster.client);
    let dialled_in = Cluster::with(script.path(), 1, &[], &["--dial-in"]);
    check(&dialled_in.orchestrator, &dialled_in.client);
}

/// The values of the stream `id` that come before its reply, and the reply.
fn items(session: &mut Session, id: u64) -> (Vec<Value>, Value) {
    let mut values = Vec::new();
    loop {
        let frame = session.receive();
        if frame["id"] == id {
            return (values, frame);
        }
        assert_eq!((&frame["method"], &frame["params"]["id"]), (&json!("_stream"), &json!(id)), "{frame}");
        assert_eq!(frame["params"]["seq"], values.len());
        values.push(frame["params"]["value"].clone());
    }
}

fn notify(session: &mut Session, method: &str, params: &Value) {
    session.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}).to_string());
}

#[test]
fn items_come_one_by_one_over_a_session_and_the_reply_after_them() {
    each_kind(|server, _| {
        let mut session = Session::open(server);
        session.call(1, "count", &json!({"to": 100}));
        let (values, reply) = items(&mut session, 1);
        assert_eq!((values, &reply["result"]), ((0..100).map(Value::from).collect(), &json!("all")));
        session.call(2, "count", &json!({"to": 5, "failAt": 3}));
        let (values, reply) = items(&mut session, 2);
        assert_eq!(
            (values.len(), &reply["error"]["code"], &reply["error"]["message"]),
            (3, &json!(7), &json!("no further"))
        );
        session.call(3, "relay", &json!({"to": 50}));
        assert_eq!(items(&mut session, 3).0.len(), 50);
        let whole =
            json!({"jsonrpc": "2.0", "id": 4, "method": "count", "params": {"to": 3}, "meta": {"stream": false}});
        session.send(&whole.to_string());
        assert_eq!(session.receive()["result"], json!([0, 1, 2]));
        let keyed =
            json!({"jsonrpc": "2.0", "id": 5, "method": "count", "params": {"to": 3}, "meta": {"idempotencyKey": "k"}});
        session.send(&keyed.to_string());
        assert_eq!(session.receive()["error"]["data"]["parameter"], "idempotencyKey");
        let late = json!({"jsonrpc": "2.0", "id": 6, "method": "slowly", "meta": {"timeoutMs": 150}});
        session.send(&late.to_string());
        let (values, reply) = items(&mut session, 6);
        assert_eq!((values.is_empty(), &reply["error"]["code"]), (false, &json!(-32001)));
    });
}

#[test]
fn a_reader_that_does_not_read_holds_up_the_generator_and_one_that_leaves_ends_it() {
    each_kind(|server, client| {
        let seen = |what: &str| client.call("seen", Value::Null).expect("counts")[what].as_u64().expect("a number");
        let before = seen("ended");
        let mut session = Session::open(server);
        session.call(1, "count", &json!({"to": 1_000_000, "size": 20_000}));
        // What sockets and queues take is much less than this.
        let (mut last, mut calm) = (0, 0);
        wait_until("it stands still", SOON, || {
            let now = seen("yielded");
            calm = if now == last && now > 0 { calm + 1 } else { 0 };
            last = now;
            calm == 20
        });
        assert!(last < 2_000, "{last} items of 20 kB wait for somebody who reads none");
        for seq in 0..last + 50 {
            assert_eq!(session.receive()["params"]["seq"], seq);
        }
        drop(session);
        wait_until("its finally has run", SOON, || seen("ended") == before + 1);
        let mut session = Session::open(server);
        session.call(2, "slowly", &json!([]));
        assert_eq!(session.receive()["params"]["value"], 0);
        notify(&mut session, "$/cancelRequest", &json!({"id": 2}));
        let (_, reply) = items(&mut session, 2);
        assert_eq!(reply["error"]["code"], -32800);
        wait_until("its finally has run", SOON, || seen("ended") == before + 2);
        wait_until("nothing is left", SOON, || client.pending() == 0);
    });
}

#[test]
fn what_a_client_pushes_is_read_by_the_method_against_credit() {
    each_kind(|server, _| {
        let mut session = Session::open(server);
        session.call(1, "sum", &json!([]));
        let (mut credit, mut pushed) = (16, 0);
        while pushed < 200 {
            while credit > 0 && pushed < 200 {
                pushed += 1;
                credit -= 1;
                notify(&mut session, "_push", &json!({"id": 1, "value": pushed}));
            }
            let frame = session.receive();
            assert_eq!((&frame["method"], &frame["params"]["id"]), (&json!("_credit"), &json!(1)), "{frame}");
            credit += frame["params"]["n"].as_u64().expect("a number");
        }
        notify(&mut session, "_end", &json!({"id": 1}));
        let reply = loop {
            let frame = session.receive();
            if frame["method"] != "_credit" {
                break frame;
            }
        };
        assert_eq!(reply["result"], 200 * 201 / 2);
        session.call(2, "double", &json!([]));
        for n in [3, 4] {
            notify(&mut session, "_push", &json!([2, n]));
            let value = loop {
                let frame = session.receive();
                if frame["method"] == "_stream" {
                    break frame["params"]["value"].clone();
                }
            };
            assert_eq!(value, 2 * n);
        }
        session.send(r#"{"jsonrpc":"2.0","id":"null","method":"_push","params":{"id":2,"value":null}}"#);
        let doubled = loop {
            let frame = session.receive();
            match frame["method"].as_str() {
                Some("_stream") => break frame["params"]["value"].clone(),
                Some(_) => {}
                None => assert_eq!((&frame["id"], &frame["result"]), (&json!("null"), &json!(true))),
            }
        };
        assert_eq!(doubled, 0, "null is a value");
        session.send(r#"{"jsonrpc":"2.0","id":"c","method":"$/cancelRequest","params":{"id":2}}"#);
        let (mut cancelled, mut answered) = (false, false);
        while !(cancelled && answered) {
            let frame = session.receive();
            cancelled |= frame["id"] == 2 && frame["error"]["code"] == -32800;
            answered |= frame["id"] == "c" && frame["result"] == true;
        }
        // As requests they are answered.
        session.send(r#"{"jsonrpc":"2.0","id":3,"method":"_push","params":{"id":99,"value":1}}"#);
        loop {
            let frame = session.receive();
            if frame["id"] == 3 {
                assert_eq!(frame["result"], false);
                break;
            }
        }
        session.call(4, "hold", &json!([]));
        for _ in 0..200 {
            notify(&mut session, "_push", &json!({"id": 4, "value": 1}));
        }
        let refused = loop {
            let frame = session.receive();
            if frame["id"] == 4 {
                break frame;
            }
        };
        assert_eq!(
            (&refused["error"]["code"], &refused["error"]["data"]["parameter"]),
            (&json!(-32602), &json!("value"))
        );
    });
}

#[test]
fn over_http_items_are_lines_or_events_or_one_array() {
    each_kind(|_, client| {
        let call = |accept: &str, params: &str| {
            let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"count","params":{params}}}"#);
            client.post_with(&[("content-type", "application/json"), ("accept", accept)], body.as_bytes())
        };
        let lines = call("application/x-ndjson", r#"{"to":2}"#);
        assert_eq!(lines.content_type.as_deref(), Some("application/x-ndjson"));
        let expected = "{\"value\": 0}\n{\"value\": 1}\n{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"all\"}\n";
        assert_eq!(lines.body, expected);
        let events = call("text/event-stream", r#"{"to":2,"failAt":1}"#);
        assert_eq!(events.content_type.as_deref(), Some("text/event-stream"));
        assert!(
            events.body.starts_with("data: {\"value\": 0}\n\nevent: error\ndata: {\"jsonrpc\":"),
            "{}",
            events.body
        );
        assert!(events.body.contains("\"code\":7") && events.body.ends_with("\n\n"));
        assert_eq!(call("application/json", r#"{"to":3}"#).json()["result"], json!([0, 1, 2]));
        assert_eq!(client.call("sum", Value::Null), Ok(json!(0)), "nothing is pushed over HTTP");
    });
}

/// RFC 9112, section 7.1: HTTP/1.0 knows no chunks.
#[test]
fn to_the_old_version_of_http_a_stream_ends_with_its_connection() {
    each_kind(|server, _| {
        let body = r#"{"jsonrpc":"2.0","id":1,"method":"count","params":{"to":3}}"#;
        for (accept, item) in
            [("application/x-ndjson", "{\"value\": 2}\n"), ("text/event-stream", "data: {\"value\": 2}\n\n")]
        {
            for connection in ["", "Connection: keep-alive\r\n"] {
                let length = body.len();
                let head =
                    format!("POST / HTTP/1.0\r\nAccept: {accept}\r\n{connection}Content-Length: {length}\r\n\r\n");
                let answer = exchange(server.address(), format!("{head}{body}").as_bytes());
                let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
                assert!(head.starts_with("HTTP/1.0 200 ") && head.contains(accept), "{head}");
                assert!(!head.contains("chunked") && !head.to_ascii_lowercase().contains("keep-alive"), "{head}");
                assert!(!body.starts_with(|first: char| first.is_ascii_hexdigit() && first != 'd'), "{body}");
                assert!(body.contains(item) && body.contains(r#""result":"all""#) && !body.contains('\r'), "{body}");
            }
        }
    });
}

#[test]
fn a_client_of_http_that_goes_away_ends_the_stream() {
    each_kind(|server, client| {
        let seen = || client.call("seen", Value::Null).expect("counts")["ended"].as_u64().expect("a number");
        let before = seen();
        let mut socket = TcpStream::connect(server.address()).expect("it listens");
        let body = r#"{"jsonrpc":"2.0","id":1,"method":"slowly"}"#;
        let head = format!(
            "POST / HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\naccept: text/event-stream\r\ncontent-length: {}\r\n\r\n{body}",
            server.address(),
            body.len()
        );
        socket.write_all(head.as_bytes()).expect("it takes it");
        let lines = BufReader::new(socket.try_clone().expect("a socket")).lines();
        let first = lines.map_while(Result::ok).find(|line| line.starts_with("data: "));
        assert_eq!(first.as_deref(), Some("data: {\"value\": 0}"), "it comes at once");
        drop(socket);
        wait_until("its finally has run", SOON, || seen() == before + 1);
    });
}

#[test]
fn a_stream_whose_link_is_cut_ends_with_what_had_come() {
    let script = Script::new("streams.js", SCRIPT);
    let (proxy, orchestrator) = (Proxy::start(), orchestrator(&[]));
    let flags = ["--public-url", &proxy.url, "--orchestrator", &orchestrator.url];
    let node = node(script.path(), &flags);
    proxy.lead_to(node.address());
    let client = Client::new(&orchestrator.url);
    wait_until("the node takes calls", SOON, || client.call("seen", Value::Null).is_ok());
    let mut session = Session::open(&orchestrator);
    session.call(1, "slowly", &json!([]));
    let mut seen = 0;
    while seen < 3 {
        assert_eq!(session.receive()["params"]["seq"], seen);
        seen += 1;
    }
    assert!(proxy.cut() > 0);
    let reply = loop {
        let frame = session.receive();
        if frame["id"] == 1 {
            break frame;
        }
        assert_eq!(frame["params"]["seq"], seen);
        seen += 1;
    };
    assert_eq!(reply["error"]["code"], -32005, "it may not be begun anew");
    let own = Client::new(&node.url);
    wait_until("its finally has run", SOON, || own.call("seen", Value::Null).expect("counts")["ended"] == 1);
}

#[test]
fn call_prints_items_as_they_come() {
    let script = Script::new("streams.js", SCRIPT);
    let node = node(script.path(), &[]);
    let call = |params: &str| run(["call", &node.url, "count", params, "--stream"]);
    let output = call(r#"{"to":3}"#);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "0\n1\n2\n");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "returned \"all\"\n");
    assert_eq!(output.status.code(), Some(0));
    let output = call(r#"{"to":3,"failAt":2}"#);
    assert_eq!((String::from_utf8_lossy(&output.stdout).as_ref(), output.status.code()), ("0\n1\n", Some(1)));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("error 7: no further"));
    let plain = run(["call", &node.url, "count", r#"{"to":3}"#]);
    assert_eq!(String::from_utf8_lossy(&plain.stdout), "[0,1,2]\n");
}

#[test]
fn how_far_a_map_is_can_be_heard_of() {
    each_kind(|server, client| {
        let mut session = Session::open(server);
        session.send(r#"{"jsonrpc":"2.0","id":"a","method":"many","meta":{"progress":true}}"#);
        let mut told = Vec::new();
        let reply = loop {
            let frame = session.receive();
            if frame["id"] == "a" {
                break frame;
            }
            assert_eq!((&frame["method"], &frame["params"]["id"]), (&json!("_progress"), &json!("a")));
            assert_eq!(frame["params"]["total"], 20);
            told.push(frame["params"]["done"].as_u64().expect("a number"));
        };
        assert_eq!(reply["result"], 20);
        assert!(!told.is_empty() && told.is_sorted() && told.iter().all(|done| (1..=20).contains(done)), "{told:?}");
        let body = br#"{"jsonrpc":"2.0","id":1,"method":"many","meta":{"progress":true}}"#;
        let lines = client.post_with(&[("content-type", "application/json"), ("accept", "application/x-ndjson")], body);
        let first = lines.body.lines().next().expect("a line");
        assert!(first.starts_with("{\"progress\": {\"done\":") && first.ends_with("\"total\":20}}"), "{first}");
        assert!(lines.body.ends_with("\"result\":20}\n"));
    });
}

#[test]
fn large_items_of_many_streams_that_nobody_reads_are_few_at_a_time() {
    const STREAMS: u64 = 10;
    each_kind(|server, client| {
        let seen = || client.call("seen", Value::Null).expect("counts")["yielded"].as_u64().expect("a number");
        let before = seen();
        let _unread: Vec<Session> = (0..STREAMS)
            .map(|id| {
                let mut session = Session::open(server);
                session.call(id, "count", &json!({"to": 1_000, "size": 4_000_000}));
                session
            })
            .collect();
        let (mut last, mut calm) = (0, 0);
        wait_until("they stand still", SOON, || {
            let now = seen() - before;
            calm = if now == last && now > 0 { calm + 1 } else { 0 };
            last = now;
            calm == 30
        });
        assert!(last <= STREAMS * 8, "{last} items of 4 MB for {STREAMS} that read none");
    });
}
