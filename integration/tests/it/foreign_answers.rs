//! Answers of servers that are none of ours, as RFC 9110 and RFC 9112 let them be, to each part of the product that asks
//! over HTTP: calls of static nodes, scripts' fetches, `call`, `bench`, registration and the export of traces.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use serde_json::{json, Value};

use crate::harness::{
    coded, node, orchestrator, program, resident, run, wait_until, Answer, Client, Origin, Process, Request, Script,
    SOON,
};

/// A way to send a body.
type Shape = fn(&str) -> Answer;

/// Answers that are complete.
const WHOLE: &[(&str, Shape)] = &[
    ("as ours are", |body| with_length("", body)),
    ("100 before it", |body| with_length("HTTP/1.1 100 Continue\r\n\r\n", body)),
    ("103 before it", |body| with_length("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", body)),
    ("102 twice before it", |body| with_length(&"HTTP/1.1 102 Processing\r\n\r\n".repeat(2), body)),
    ("until the end of the connection", |body| Answer::RawThenClose(format!("{HEAD}\r\n{body}").into())),
    ("until the end of the connection, behind a 103", |body| {
        Answer::RawThenClose(format!("HTTP/1.1 103 Early Hints\r\n\r\n{HEAD}\r\n{body}").into())
    }),
    ("with a refused upgrade", |body| {
        Answer::raw(&format!("{HEAD}Upgrade: websocket\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
    }),
    ("in gzip", |body| in_coding("gzip", &coded("gzip", body.as_bytes()))),
    ("in br", |body| in_coding("br", &coded("br", body.as_bytes()))),
    ("in deflate", |body| in_coding("deflate", &coded("zlib", body.as_bytes()))),
    ("in deflate without its frame", |body| in_coding("deflate", &coded("deflate", body.as_bytes()))),
];

/// Answers that are cut off.
const CUT: &[(&str, Shape)] = &[
    ("before its length", |body| {
        Answer::RawThenClose(format!("{HEAD}Content-Length: {}\r\n\r\n{body}", body.len() + 1).into())
    }),
    ("before the last chunk", |body| {
        Answer::RawThenClose(format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n", body.len()).into())
    }),
    ("in gzip", |body| {
        let bytes = coded("gzip", body.as_bytes());
        in_coding("gzip", &bytes[..bytes.len() - 1])
    }),
    ("in br", |body| {
        let bytes = coded("br", body.as_bytes());
        in_coding("br", &bytes[..bytes.len() - 1])
    }),
    ("behind a 100", |_| Answer::RawThenClose(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200".to_vec())),
];

const GREETING: &str = "fine, thank you";

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

fn with_length(before: &str, body: &str) -> Answer {
    Answer::raw(&format!("{before}{HEAD}Content-Length: {}\r\n\r\n{body}", body.len()))
}

fn in_coding(coding: &str, bytes: &[u8]) -> Answer {
    let head = format!("{HEAD}Content-Encoding: {coding}\r\nContent-Length: {}\r\n\r\n", bytes.len());
    Answer::Raw([head.as_bytes(), bytes].concat())
}

/// A JSON-RPC server of another make that answers in this shape.
fn server(shape: Shape) -> Origin {
    Origin::start(move |request| match serde_json::from_slice::<Value>(&request.body) {
        // Whether it is a node is asked in advance.
        Ok(call) if call["method"].as_str().is_some_and(|name| name.starts_with('_')) => {
            with_length("", &reply(&call).to_string())
        }
        Ok(Value::Array(calls)) => shape(&Value::from_iter(calls.iter().map(reply)).to_string()),
        Ok(call) => shape(&reply(&call).to_string()),
        Err(_) => Answer::of("404 Not Found", &[], ""),
    })
}

fn reply(call: &Value) -> Value {
    let id = &call["id"];
    match call["method"].as_str() {
        Some("greet") => json!({"jsonrpc": "2.0", "id": id, "result": GREETING}),
        _ => json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32601, "message": "Method not found"}}),
    }
}

/// How many greetings it was asked for.
fn calls_of(origin: &Origin) -> usize {
    let is_call = |request: &Request| String::from_utf8_lossy(&request.body).contains("greet");
    origin.requests().into_iter().filter(is_call).count()
}

/// An orchestrator that has the server as a static node.
fn before(server: &Origin, flags: &[&str]) -> Process {
    let orchestrator = orchestrator(&[&["--node", &server.url("")], flags].concat());
    let client = Client::new(&orchestrator.url);
    wait_until("the node is known", SOON, || client.info()["enabled_nodes"] == 1);
    orchestrator
}

/// Tries `check` with each way to answer, and whether all of the answer comes.
fn with_each(check: impl Fn(&str, Shape, bool)) {
    for (name, shape) in WHOLE {
        check(name, *shape, true);
    }
    for (name, shape) in CUT {
        check(&format!("cut off {name}"), *shape, false);
    }
}

#[test]
fn calls_of_static_nodes_are_answered() {
    with_each(|name, shape, whole| {
        let origin = server(shape);
        let orchestrator = before(&origin, &[]);
        let outcome = Client::new(&orchestrator.url).call("greet", json!([1]));
        let expected = if whole { Ok(json!(GREETING)) } else { Err(-32005) };
        assert_eq!(outcome.map_err(|failure| failure.code), expected, "{name}");
        assert_eq!(calls_of(&origin), 1, "{name}");
    });
}

#[test]
fn fetches_are_answered() {
    let script = Script::new(
        "fetching.js",
        "madrpc.register('get', async (init) => {
           const response = await fetch(init.url, init);
           return [response.headers.get('content-encoding'), await response.text()];
         });",
    );
    with_each(|name, shape, whole| {
        let origin = server(shape);
        let node = node(script.path(), &["--allow-net", &origin.entry()]);
        let init = json!({"url": origin.url("/"), "method": "POST", "body": r#"{"id":1,"method":"greet"}"#});
        let outcome = Client::new(&node.url).call("get", init);
        if !whole {
            let failure = outcome.expect_err(name);
            assert!(failure.message.contains("before its answer was complete"), "{name}: {failure:?}");
            return;
        }
        let answer = outcome.unwrap_or_else(|failure| panic!("{name}: {failure:?}"));
        assert_eq!(answer[1], reply(&json!({"id": 1, "method": "greet"})).to_string(), "{name}");
        // As in Node.js, the headers are those that were sent.
        let coding = name.strip_prefix("in ").and_then(|name| name.split(' ').next());
        assert_eq!(answer[0].as_str(), coding, "{name}");
        let accepted = origin.requests().pop().and_then(|request| request.header("accept-encoding").map(str::to_owned));
        assert_eq!(accepted.as_deref(), Some("gzip, deflate"));
    });
}

#[test]
fn commands_are_answered() {
    with_each(|name, shape, whole| {
        let origin = server(shape);
        let output = run(["call", &origin.url(""), "greet", "[1]"]);
        let (said, why) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let expected = if whole { (Some(0), json!(GREETING).to_string()) } else { (Some(3), String::new()) };
        assert_eq!((output.status.code(), said.trim().to_owned()), expected, "{name}: {why}");
        assert_eq!(calls_of(&origin), 1, "{name}");
        let output = run(["bench", &origin.url(""), "greet", "[1]", "-c", "1", "-d", "100ms", "--json"]);
        let figures: Value = serde_json::from_slice(&output.stdout).expect("figures");
        let well = figures["requests"].as_u64() > Some(0) && figures["errors"] == 0;
        assert_eq!(well, whole, "{name}: {figures}");
    });
}

#[test]
fn nodes_register_through_whatever_is_in_between() {
    for (name, shape) in WHOLE {
        let orchestrator = orchestrator(&[]);
        let address = orchestrator.address().to_owned();
        let between =
            Origin::start(move |request| forward(&address, request).map_or(Answer::Never, |body| shape(&body)));
        let _node = node(program("cluster.js"), &["--orchestrator", &between.url("")]);
        let client = Client::new(&orchestrator.url);
        wait_until(&format!("the node has registered, answered {name}"), SOON, || client.info()["enabled_nodes"] == 1);
    }
}

/// The body that the server answers to the same request; `None` to what is not forwarded.
fn forward(address: &str, request: &Request) -> Option<String> {
    if request.method != "POST" {
        return None;
    }
    let mut server = TcpStream::connect(address).ok()?;
    let length = request.body.len();
    let head = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    server.write_all(&[head.as_bytes(), &request.body].concat()).ok()?;
    let mut answer = String::new();
    server.read_to_string(&mut answer).ok()?;
    answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned())
}

/// A node that exports to a collector, and has had a call.
fn exporting(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> (Origin, Process) {
    let collector = Origin::start(answer);
    let node = node(program("cluster.js"), &["--otlp", &collector.url("")]);
    Client::new(&node.url).call("square", json!({"n": 2})).expect("a result");
    wait_until("the collector was asked", SOON, || !collector.requests().is_empty());
    (collector, node)
}

#[test]
fn traces_are_exported() {
    for (name, shape) in WHOLE {
        let (collector, mut node) = exporting(move |_| shape(""));
        node.close_stdin();
        assert_eq!(node.wait_for_exit(SOON), Some(0), "{name}");
        assert!(!node.log().contains("can't be exported"), "{name}: {}", node.log());
        assert_eq!(collector.requests().len(), 1, "{name}");
    }
}

/// <https://opentelemetry.io/docs/specs/otlp/#failures-1>
#[test]
fn what_a_collector_refuses_for_good_is_not_sent_again() {
    for (status, again) in [("400 Bad Request", false), ("404 Not Found", false), ("503 Service Unavailable", true)] {
        let (collector, node) = exporting(move |_| Answer::of(status, &[], ""));
        let client = Client::new(&node.url);
        if again {
            wait_until("the same spans are sent again", SOON, || collector.requests().len() >= 2);
            let bodies: Vec<_> = collector.requests().into_iter().map(|request| request.body).collect();
            assert_eq!(bodies[0], bodies[1], "{status}");
            continue;
        }
        client.call("square", json!({"n": 3})).expect("a result");
        wait_until("the next spans are sent", SOON, || collector.requests().len() >= 2);
        let bodies: Vec<_> = collector.requests().into_iter().map(|request| request.body).collect();
        assert_ne!(bodies[0], bodies[1], "{status}");
    }
}

/// A body of a few kilobytes that decodes to a gigabyte takes the memory of what may be read of it.
#[test]
fn a_body_that_grows_without_bound_meets_the_limit() {
    let bombs = ["gzip", "br"].map(|coding| {
        // Coded twice, since gzip alone makes things a thousand times smaller at best.
        let inner = coded(coding, &vec![b' '; 128 << 20]);
        (format!("{coding}, gzip"), Arc::new(coded("gzip", &inner)))
    });
    let script = Script::new("fetching.js", "madrpc.register('get', async (init) => (await fetch(init.url)).text());");
    for (coding, bomb) in bombs {
        let origin = Origin::start(move |request| match request.body.windows(2).any(|window| window == b"\"_") {
            true => with_length("", &reply(&json!({"id": 1, "method": "_info"})).to_string()),
            false => in_coding(&coding, &bomb),
        });
        let node = node(script.path(), &["--allow-net", &origin.entry(), "--max-body", "1MiB", "--no-supervise"]);
        let orchestrator = before(&origin, &["--max-body", "1MiB"]);
        let before = [&node, &orchestrator].map(|process| resident(process.pid()));
        let failure = Client::new(&node.url).call("get", json!({"url": origin.url("/")})).expect_err("too long");
        assert!(failure.message.contains("longer than 1048576 bytes"), "{failure:?}");
        let failure = Client::new(&orchestrator.url).call("greet", json!([1])).expect_err("too long");
        assert_eq!(failure.code, -32006, "{failure:?}");
        for (process, before) in [&node, &orchestrator].into_iter().zip(before) {
            let now = resident(process.pid());
            assert!(now < before + (64 << 20), "{before} bytes became {now}");
        }
    }
}
