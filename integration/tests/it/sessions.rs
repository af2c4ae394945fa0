//! JSON-RPC over a WebSocket, with a client that is not ours.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{json, Value};
use tungstenite::Message;

use crate::harness::{
    node, node_of, orchestrator, program, resident, wait_until, Client, Process, Script, Session, SOON,
};

const SCRIPT: &str = "
let begun = 0, cancelled = 0, told = 0;
madrpc.register('add', p => p[0] + p[1]);
madrpc.register('wait', (p, ctx) => {
  begun++;
  ctx.signal.addEventListener('abort', () => cancelled++);
  return new Promise(done => setTimeout(() => done(p[0]), p[0]));
});
madrpc.register('tell', () => { told++; });
madrpc.register('seen', () => [begun, cancelled, told]);
madrpc.register('long', p => 'x'.repeat(p[0]));
";

#[test]
fn calls_are_answered_as_they_finish() {
    let script = Script::new("session.js", SCRIPT);
    let (orchestrator, bare) = (orchestrator(&[]), node(&script, &[]));
    let _node = node_of(&orchestrator, &script, &[]);
    let client = Client::new(&orchestrator.url);
    wait_until("the node takes calls", SOON, || client.call("seen", json!([])).is_ok());
    for server in [&bare, &orchestrator] {
        let mut session = Session::open(server);
        session.call(1, "wait", &json!([300]));
        session.call(2, "add", &json!([1, 2]));
        assert_eq!(session.receive(), json!({"jsonrpc": "2.0", "id": 2, "result": 3}));
        assert_eq!(session.receive(), json!({"jsonrpc": "2.0", "id": 1, "result": 300}));

        for id in 0..10_000 {
            session.call(id, "add", &json!([id, 1]));
        }
        let mut answered = BTreeSet::new();
        for _ in 0..10_000 {
            let reply = session.receive();
            let id = reply["id"].as_u64().expect("a number");
            assert_eq!(reply["result"], id + 1);
            assert!(answered.insert(id));
        }
        assert_eq!(
            Client::new(&server.url).get_json("/health")["websocket_clients"].as_u64().map(|open| open >= 1),
            Some(true)
        );
    }
}

#[test]
fn errors_leave_the_session_open() {
    let script = Script::new("session.js", SCRIPT);
    let server = node(&script, &[]);
    let mut session = Session::open(&server);
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for (text, code) in [
        ("{", -32700),
        ("1", -32600),
        ("[]", -32600),
        (r#"{"jsonrpc":"2.0","id":7,"method":1}"#, -32600),
        (&deep, -32700),
    ] {
        session.send(text);
        assert_eq!(session.receive()["error"]["code"], code, "{text}");
    }
    session.call(8, "nothing", &json!([]));
    assert_eq!(session.receive()["error"]["code"], -32601);
    session.send(r#"[{"jsonrpc":"2.0","id":1,"method":"add","params":[1,2]},{"jsonrpc":"2.0","method":"tell"},5]"#);
    let replies = session.receive();
    assert_eq!((&replies[0]["result"], &replies[1]["error"]["code"]), (&json!(3), &json!(-32600)), "{replies}");
    session.send(r#"{"jsonrpc":"2.0","method":"tell"}"#);
    let client = Client::new(&server.url);
    wait_until("both notifications have run", SOON, || client.call("seen", json!([])) == Ok(json!([0, 0, 2])));
    assert!(session.is_quiet(Duration::from_millis(50)), "a notification has no answer");
    session.socket.send(Message::Ping("here".into())).expect("sent");
    assert_eq!(session.socket.read().expect("a pong"), Message::Pong("here".into()));
    // A message may come in several frames, and a long result goes in one.
    session.call(9, "long", &json!([3_000_000]));
    assert_eq!(session.receive()["result"].as_str().map(str::len), Some(3_000_000));
}

#[test]
fn what_is_no_text_or_too_long_ends_it() {
    let script = Script::new("session.js", SCRIPT);
    let server = node(&script, &["--max-body", "100KiB"]);
    let mut session = Session::open(&server);
    session.socket.send(Message::binary(vec![1, 2, 3])).expect("sent");
    assert_eq!(session.closed(), Some(1003));
    let mut session = Session::open(&server);
    session.send(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":"add","params":["{}"]}}"#, "x".repeat(200_000)));
    assert_eq!(session.closed(), Some(1009));
    let client = Client::new(&server.url);
    wait_until("they are gone", SOON, || client.get_json("/health")["websocket_clients"] == 0);
}

/// A node by itself, and an orchestrator before one; and a client of the node that runs the calls.
fn each_kind(check: impl Fn(&Process, &Client)) {
    let script = Script::new("session.js", SCRIPT);
    let (orchestrator, bare) = (orchestrator(&[]), node(&script, &[]));
    let behind = node_of(&orchestrator, &script, &[]);
    let client = Client::new(&orchestrator.url);
    wait_until("the node takes calls", SOON, || client.call("seen", json!([])).is_ok());
    for (server, runs_on) in [(&bare, &bare), (&orchestrator, &behind)] {
        check(server, &Client::new(&runs_on.url));
    }
}

#[test]
fn calls_end_when_they_are_cancelled_or_the_session_ends() {
    each_kind(|server, runner| {
        let seen = || runner.call("seen", json!([])).expect("it answers");
        let mut session = Session::open(server);
        session.call(1, "wait", &json!([20_000]));
        session.call(2, "wait", &json!([20_000]));
        wait_until("both run", SOON, || seen()[0] == 2);
        session.send(r#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":2}}"#);
        let reply = session.receive();
        assert_eq!((&reply["id"], &reply["error"]["code"]), (&json!(2), &json!(-32800)));
        wait_until("the callee is told", SOON, || seen()[1] == 1);
        session.send(r#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":77}}"#);
        drop(session);
        wait_until("the other ends with the session", SOON, || seen()[1] == 2);
        wait_until("nothing is left", SOON, || Client::new(&server.url).pending() == 0);
    });
}

#[test]
fn an_element_of_a_batch_is_cancelled_by_itself_and_answered_with_the_others() {
    each_kind(|server, runner| {
        let seen = || runner.call("seen", json!([])).expect("it answers");
        let mut session = Session::open(server);
        let element = |id: Value, method: &str, params: Value| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let batch = json!([
            element(json!("held"), "wait", json!([20_000])),
            element(json!(1), "add", json!([1, 2])),
            element(json!(2), "wait", json!([20_000])),
            element(json!(3), "_health", json!([])),
        ]);
        session.send(&batch.to_string());
        wait_until("both run", SOON, || seen()[0] == 2);
        let mut cancel = |own: u64, id: Value| {
            let found = |reply: Value| (reply["id"] == own).then(|| reply["result"].clone());
            session.call(own, "$/cancelRequest", &json!({"id": id}));
            let first = session.receive();
            found(first.clone()).map_or_else(|| (first, found(session.receive())), |told| (Value::Null, Some(told)))
        };
        wait_until("the quick one has ended", SOON, || Client::new(&server.url).pending() == 2);
        assert_eq!(cancel(10, json!(1)), (Value::Null, Some(json!(false))), "it has ended");
        assert_eq!(cancel(11, json!("held")), (Value::Null, Some(json!(true))));
        wait_until("the callee is told", SOON, || seen()[1] == 1);
        assert_eq!(cancel(12, json!("held")), (Value::Null, Some(json!(false))), "only once");
        let (replies, told) = match cancel(13, json!(2)) {
            (Value::Null, told) => (session.receive(), told),
            both => both,
        };
        assert_eq!(told, Some(json!(true)));
        let codes: Vec<&Value> =
            replies.as_array().expect("an array").iter().map(|reply| &reply["error"]["code"]).collect();
        assert_eq!(codes, [&json!(-32800), &Value::Null, &json!(-32800), &Value::Null]);
        assert_eq!((&replies[0]["id"], &replies[1]["result"]), (&json!("held"), &json!(3)));
        wait_until("nothing is left", SOON, || Client::new(&server.url).pending() == 0 && seen()[1] == 2);
    });
}

#[test]
fn keys_and_origins_are_looked_at_when_it_opens() {
    let server = node(program("cluster.js"), &["--api-key", "secret", "--rate-limit", "1:3"]);
    assert_eq!(Session::try_open(&server, &[]).map(drop), Err(401));
    assert_eq!(Session::try_open(&server, &[("x-api-key", "wrong")]).map(drop), Err(401));
    let foreign = [("x-api-key", "secret"), ("origin", "http://evil.example")];
    assert_eq!(Session::try_open(&server, &foreign).map(drop), Err(403));
    let mut session = Session::try_open(&server, &[("authorization", "Bearer secret")]).expect("let in");
    for id in 0..5 {
        session.call(id, "square", &json!({"n": id}));
    }
    let codes: Vec<Value> = (0..5).map(|_| session.receive()["error"]["code"].clone()).collect();
    assert!(codes.contains(&json!(-32002)), "calls of a session count: {codes:?}");
    let client = Client::new(&server.url).with("x-api-key", "secret");
    assert_ne!(client.get("/ws").status, 200, "a plain GET opens none");
}

/// However it does that: by pings, by nonsense, or by calls with long results.
#[test]
fn a_client_that_takes_no_answer_takes_no_memory() {
    let script = Script::new("session.js", SCRIPT);
    let server = node(&script, &["--max-body", "1MiB", "--no-supervise"]);
    let frames = [
        Message::Ping(vec![0; 125].into()),
        Message::text("nonsense"),
        Message::text(r#"{"jsonrpc":"2.0","id":1,"method":"long","params":[1000000]}"#),
    ];
    let client = Client::new(&server.url);
    assert!(client.call("long", json!([1_000_000])).is_ok());
    let before = resident(server.pid());
    for frame in frames {
        let mut session = Session::open(&server);
        session.socket.get_ref().set_write_timeout(Some(Duration::from_millis(500))).expect("a socket");
        // Until the server takes no more, or for as long as it takes to see that it does not care.
        for _ in 0..200_000 {
            if session.socket.send(frame.clone()).is_err() {
                break;
            }
            if matches!(frame, Message::Text(ref text) if text.len() > 20) && client.pending() > 200 {
                break;
            }
        }
        assert_eq!(client.call("add", json!([1, 2])), Ok(json!(3)));
        wait_until("memory is bounded", SOON, || resident(server.pid()) < before + (64 << 20));
    }
}

#[test]
fn what_asks_for_no_session_gets_none() {
    let server = node(program("cluster.js"), &["--max-body", "1KiB"]);
    assert_eq!(Client::new(&server.url).get("/ws").status, 400);
    let mut session = Session::open(&server);
    session.call(1, "square", &json!({"n": 2, "padding": "x".repeat(2_000)}));
    assert_eq!(session.receive()["error"]["code"], -32006);
    session.call(2, "square", &json!({"n": 2}));
    assert_eq!(session.receive()["result"], 4);
}
