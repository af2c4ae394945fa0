//! Calls with an idempotency key: run once, answered as often as asked.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::TcpStream;
use std::thread;

use serde_json::{json, Value};

use crate::harness::{node, node_of, orchestrator, run, wait_until, Client, Process, Script, SOON};

const SCRIPT: &str = "
let runs = 0;
const wait = ms => new Promise(done => setTimeout(done, ms));
madrpc.register('pay', async p => { const run = ++runs; await wait(p.ms ?? 0); if (p.fail) throw new madrpc.RpcError(7, 'run ' + run); return run; });
madrpc.register('runs', () => runs);
let ended = 0;
madrpc.register('hang', (p, ctx) => { runs++; ctx.signal.addEventListener('abort', () => ended++); return wait(p.ms).then(() => runs); });
madrpc.register('ended', () => ended);
madrpc.register('pay_nested', async p => Promise.all([1, 2, 3].map(() => madrpc.call('pay', p.params, {idempotencyKey: p.key}))));
madrpc.register('bad_key', () => madrpc.call('pay', {}, {idempotencyKey: ''}));
";

/// A bare node, and an orchestrator with one node: both keep keys.
fn servers(script: &Script) -> (Process, Process, Process) {
    let bare = node(script, &[]);
    let orchestrator = orchestrator(&[]);
    let behind = node_of(&orchestrator, script, &[]);
    let client = Client::new(&orchestrator.url);
    wait_until("the node takes calls", SOON, || client.call("runs", Value::Null).is_ok());
    (bare, orchestrator, behind)
}

fn body(method: &str, params: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string()
}

/// Result, or code of the error.
fn pay(client: &Client, key: &str, params: &Value) -> Result<Value, Value> {
    let reply = client.post_with(&[("idempotency-key", key)], body("pay", params).as_bytes()).json();
    reply.get("result").cloned().ok_or_else(|| reply["error"]["code"].clone())
}

#[test]
fn one_key_runs_once_however_often_and_from_wherever_it_is_called() {
    let script = Script::new("pay.js", SCRIPT);
    let (bare, orchestrator, _behind) = servers(&script);
    for server in [&bare, &orchestrator] {
        let params = json!({"ms": 200});
        let first: BTreeSet<String> = thread::scope(|scope| {
            let callers: Vec<_> = (0..20)
                .map(|_| scope.spawn(|| pay(&Client::new(&server.url), "one", &params).expect("paid").to_string()))
                .collect();
            callers.into_iter().map(|caller| caller.join().expect("no panic")).collect()
        });
        assert_eq!(first, BTreeSet::from(["1".to_owned()]));
        let client = Client::new(&server.url);
        assert_eq!(pay(&client, "one", &params), Ok(json!(1)), "and afterwards");
        assert_eq!(pay(&client, "two", &params), Ok(json!(2)));
        assert_eq!(pay(&client, "one", &json!({"ms": 201})), Err(json!(-32010)), "another call by the same key");
        assert_eq!(client.call("pay", params.clone()), Ok(json!(3)), "without a key");
        assert_eq!(client.call("runs", Value::Null), Ok(json!(3)));
    }
}

#[test]
fn what_a_script_throws_is_its_outcome() {
    let script = Script::new("pay.js", SCRIPT);
    let (bare, orchestrator, _behind) = servers(&script);
    for server in [&bare, &orchestrator] {
        let client = Client::new(&server.url);
        for _ in 0..3 {
            let reply = client.post_with(&[("idempotency-key", "k")], body("pay", &json!({"fail": true})).as_bytes());
            assert_eq!(
                (&reply.json()["error"]["code"], &reply.json()["error"]["message"]),
                (&json!(7), &json!("run 1"))
            );
        }
    }
}

#[test]
fn what_the_infrastructure_did_is_not() {
    let script = Script::new("pay.js", SCRIPT);
    let (bare, orchestrator, mut behind) = servers(&script);
    for server in [&bare, &orchestrator] {
        let client = Client::new(&server.url);
        let request = |timeout: u64| {
            let request = json!({"jsonrpc": "2.0", "id": 1, "method": "pay", "params": {"ms": 300},
                "meta": {"idempotencyKey": "late", "timeoutMs": timeout}});
            let reply = client.post(&request.to_string()).json();
            (reply["result"].clone(), reply["error"]["code"].clone())
        };
        assert_eq!(request(50), (Value::Null, json!(-32001)));
        let mut last = (Value::Null, json!(-32001));
        wait_until("it runs anew", SOON, || {
            last = request(10_000);
            last.1.is_null()
        });
        assert_eq!(last, (json!(2), Value::Null));
    }
    thread::scope(|scope| {
        let client = Client::new(&orchestrator.url);
        let lost = scope.spawn(move || pay(&client, "lost", &json!({"ms": 20_000})));
        let victim = Client::new(&behind.url);
        wait_until("the call is in flight", SOON, || victim.pending() == 1);
        behind.kill();
        assert_eq!(lost.join().expect("no panic"), Err(json!(-32005)), "there is no other node");
    });
    let _again = node_of(&orchestrator, &script, &[]);
    let client = Client::new(&orchestrator.url);
    wait_until("the node takes calls", SOON, || client.call("runs", Value::Null) == Ok(json!(0)));
    assert_eq!(pay(&client, "lost", &json!({"ms": 20})), Ok(json!(1)));
}

#[test]
fn a_deadline_ends_the_call_of_its_own_caller_and_of_nobody_else() {
    let script = Script::new("pay.js", SCRIPT);
    let (bare, orchestrator, behind) = servers(&script);
    for (server, runs_on) in [(&bare, &bare), (&orchestrator, &behind)] {
        let runner = Client::new(&runs_on.url);
        let hang = |timeout: u64| {
            let request = json!({"jsonrpc": "2.0", "id": 1, "method": "hang", "params": {"ms": 700},
                "meta": {"idempotencyKey": "k", "timeoutMs": timeout}});
            Client::new(&server.url).post(&request.to_string()).json()
        };
        thread::scope(|scope| {
            let hasty = scope.spawn(|| hang(300));
            wait_until("the first runs", SOON, || runner.call("runs", Value::Null) == Ok(json!(1)));
            let patient = hang(20_000);
            assert_eq!(hasty.join().expect("no panic")["error"]["code"], -32001);
            assert_eq!(patient["result"], 2, "it has run for the second: {patient}");
        });
        wait_until("the first was told", SOON, || runner.call("ended", Value::Null) == Ok(json!(1)));
    }
}

#[test]
fn a_client_that_lost_its_connection_asks_again() {
    let script = Script::new("pay.js", SCRIPT);
    let (bare, orchestrator, behind) = servers(&script);
    for (server, runs_on) in [(&bare, &bare), (&orchestrator, &behind)] {
        let body = body("pay", &json!({"ms": 500}));
        let mut connection = TcpStream::connect(server.address()).expect("it listens");
        write!(
            connection,
            "POST / HTTP/1.1\r\nhost: x\r\nidempotency-key: k\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .expect("sent");
        let runner = Client::new(&runs_on.url);
        wait_until("the call is in flight", SOON, || runner.call("runs", Value::Null) == Ok(json!(1)));
        drop(connection);
        assert_eq!(pay(&Client::new(&server.url), "k", &json!({"ms": 500})), Ok(json!(1)));
        assert_eq!(runner.call("runs", Value::Null), Ok(json!(1)));
    }
}

#[test]
fn keys_hold_in_batches_in_nested_calls_and_on_the_command_line() {
    let script = Script::new("pay.js", SCRIPT);
    let (bare, orchestrator, _behind) = servers(&script);
    for server in [&bare, &orchestrator] {
        let client = Client::new(&server.url);
        let element = |id: u32, key: Value| json!({"jsonrpc": "2.0", "id": id, "method": "pay", "params": {}, "meta": {"idempotencyKey": key}});
        let batch =
            json!([element(1, json!("b")), element(2, json!("b")), element(3, Value::Null), element(4, json!(""))]);
        let replies = client.post(&batch.to_string()).json();
        assert_eq!(replies[0]["result"], replies[1]["result"], "{replies}");
        assert_ne!(replies[0]["result"], replies[2]["result"], "{replies}");
        assert_eq!(replies[3]["error"]["data"]["parameter"], "idempotencyKey", "{replies}");
        assert_eq!(client.call("runs", Value::Null), Ok(json!(2)));

        let nested = client.call("pay_nested", json!({"key": "n", "params": {"ms": 20}}));
        assert_eq!(nested, Ok(json!([3, 3, 3])));
        assert_eq!(client.call("pay_nested", json!({"key": "n", "params": {"ms": 20}})), Ok(json!([3, 3, 3])));
        assert_eq!(client.call("bad_key", Value::Null).map_err(|error| error.code), Err(-32602));

        for _ in 0..2 {
            let output = run(["call", &server.url, "pay", "{}", "--idempotency-key", "c"]);
            assert_eq!(String::from_utf8_lossy(&output.stdout), "4\n");
        }
    }
}

#[test]
fn two_clients_may_choose_the_same_key() {
    let script = Script::new("pay.js", SCRIPT);
    let node = node(&script, &["--api-key", "alice", "--api-key", "bob"]);
    let client = Client::new(&node.url);
    let pay = |who: &str| {
        let headers = [("idempotency-key", "k"), ("x-api-key", who)];
        client.post_with(&headers, body("pay", &json!({})).as_bytes()).json()["result"].clone()
    };
    assert_eq!([pay("alice"), pay("bob"), pay("alice"), pay("bob")], [1, 2, 1, 2].map(Value::from));
}
