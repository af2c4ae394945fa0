//! Links over which both sides ask: a node's own calls go back over the link that its orchestrator has opened, or that the
//! node has opened to be called.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde_json::{json, Value};

use crate::harness::{
    node, orchestrator, signal, wait_for, wait_until, Answer, Client, Cluster, Origin, Process, Proxy, Script, Session,
    SOON,
};

const SCRIPT: &str = "
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
madrpc.register('square', ({ n }) => n * n);
madrpc.register('squares', ({ count }) => Promise.all(Array.from({ length: count }, (_, n) => madrpc.call('square', { n }))));
madrpc.register('squares_sync', ({ n }) => madrpc.callSync('square', { n }));
madrpc.register('text', ({ length }) => 'x'.repeat(length));
madrpc.register('length', ({ text }) => text.length);
madrpc.register('texts', async ({ lengths }) => {
  const texts = await Promise.all(lengths.map((length) => madrpc.call('text', { length })));
  return texts.map((text) => text.length);
});
madrpc.register('measured', ({ length }) => madrpc.call('length', { text: 'x'.repeat(length) }));
madrpc.register('fail', () => { throw new madrpc.RpcError(7, 'no'); });
madrpc.register('failing', () => madrpc.call('fail', []).catch((error) => error.code));
madrpc.register('count', async function* ({ to }) { for (let n = 0; n < to; n++) yield n; return 'all'; });
madrpc.register('counted', async ({ to }) => { let sum = 0; for await (const n of madrpc.stream('count', { to })) sum += n; return sum; });
madrpc.register('hold', (params, ctx) => new Promise(() => {}));
madrpc.register('held', () => madrpc.call('hold', []));
madrpc.register('impatient', () => madrpc.call('hold', [], { timeoutMs: 50 }).catch((error) => error.code));
madrpc.register('pause', async ({ ms }) => { await wait(ms); return ms; });
madrpc.register('paused', ({ ms }) => madrpc.call('pause', { ms }));
";

/// An orchestrator, a node that knows it by a proxy alone, and that proxy, through which nothing but WebSockets that were
/// open gets any more.
struct Fenced {
    orchestrator: Process,
    node: Process,
    client: Client,
    _proxy: Proxy,
}

impl Fenced {
    fn with(script: &Script, node_flags: &[&str]) -> Fenced {
        Fenced::keyed(script, &[], node_flags)
    }

    /// Whose clients present the key `k`.
    fn keyed(script: &Script, orchestrator_flags: &[&str], node_flags: &[&str]) -> Fenced {
        let orchestrator = orchestrator(orchestrator_flags);
        let proxy = Proxy::start();
        proxy.lead_to(orchestrator.address());
        let node = node(script, &[&["--orchestrator", &proxy.url], node_flags].concat());
        let client = Client::new(&orchestrator.url).with("x-api-key", "k");
        wait_until("the node takes calls by a link", SOON, || {
            client.call("square", json!({"n": 2})) == Ok(json!(4)) && sessions(&node) == 1
        });
        proxy.leave_websockets();
        Fenced { orchestrator, node, client, _proxy: proxy }
    }

    fn expect(&self, method: &str, params: Value, result: Value) {
        assert_eq!(self.client.call(method, params), Ok(result), "{method}\n{}", self.node.log());
    }
}

fn sessions(server: &Process) -> u64 {
    Client::new(&server.url).get_json("/health")["websocket_clients"].as_u64().expect("a number")
}

fn squares(count: u64) -> Value {
    (0..count).map(|n| n * n).collect()
}

fn each_kind(check: impl Fn(&Fenced)) {
    let script = Script::new("both_ways.js", SCRIPT);
    for node_flags in [&[][..], &["--dial-in"]] {
        let fenced = Fenced::with(&script, node_flags);
        check(&fenced);
        assert_eq!(sessions(&fenced.orchestrator), 0, "there is one link, and the orchestrator has no client");
        wait_until("nothing is left", SOON, || {
            fenced.client.pending() == 0 && Client::new(&fenced.node.url).pending() == 0
        });
    }
}

#[test]
fn calls_of_a_node_take_the_link_that_is_there() {
    each_kind(|fenced| {
        for count in [1, 2, 128, 1_000] {
            fenced.expect("squares", json!({"count": count}), squares(count));
        }
        fenced.expect("squares_sync", json!({"n": 7}), json!(49));
        fenced.expect("failing", json!([]), json!(7));
        fenced.expect("counted", json!({"to": 500}), json!(500 * 499 / 2));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| fenced.expect("squares", json!({"count": 200}), squares(200)));
            }
        });
    });
}

#[test]
fn large_results_come_over_it() {
    each_kind(|fenced| {
        let lengths = json!([9_000_000, 1, 8_000_000, 9_000_000]);
        fenced.expect("texts", json!({"lengths": lengths}), lengths);
    });
}

#[test]
fn large_params_go_by_http_beside_it() {
    let cluster = Cluster::start(Script::new("both_ways.js", SCRIPT), 1);
    for _ in 0..2 {
        assert_eq!(cluster.client.call("measured", json!({"length": 5_000_000})), Ok(json!(5_000_000)));
    }
}

#[test]
fn a_call_that_nobody_waits_for_is_cancelled_over_it() {
    each_kind(|fenced| {
        let mut session = Session::open(&fenced.orchestrator);
        session.call(1, "held", &json!([]));
        let own = Client::new(&fenced.node.url);
        wait_until("the node calls itself", SOON, || own.pending() == 2);
        drop(session);
        wait_until("both calls have ended", SOON, || own.pending() == 0 && fenced.client.pending() == 0);
        fenced.expect("impatient", json!([]), json!(-32001));
    });
}

#[test]
fn a_node_that_registers_again_goes_on_with_its_calls() {
    let script = Script::new("both_ways.js", SCRIPT);
    let cluster = Cluster::start(&script, 1);
    wait_until("the orchestrator has a link to the node", SOON, || {
        cluster.client.call("squares", json!({"count": 2})) == Ok(squares(2)) && sessions(&cluster.nodes[0]) == 1
    });
    thread::scope(|scope| {
        let paused = scope.spawn(|| cluster.client.call("paused", json!({"ms": 1_000})));
        let own = Client::new(&cluster.nodes[0].url);
        wait_until("the node calls itself", SOON, || own.pending() == 2);
        script.rewrite(&format!("{SCRIPT} madrpc.register('further', () => madrpc.call('square', {{ n: 5 }}));"));
        signal(cluster.nodes[0].pid(), "HUP");
        wait_until("the orchestrator knows the new method", SOON, || {
            cluster.client.call("further", json!([])) == Ok(json!(25))
        });
        assert_eq!(paused.join().expect("no panic"), Ok(json!(1_000)));
    });
    // An engine has keys of its own.
    signal(cluster.nodes[0].engine_pid(), "KILL");
    wait_until("the next engine has a link", SOON, || {
        cluster.client.call("squares", json!({"count": 3})) == Ok(squares(3)) && sessions(&cluster.nodes[0]) == 1
    });
    assert_eq!(sessions(&cluster.orchestrator), 0);
}

#[test]
fn over_it_a_node_is_who_it_was_when_it_came() {
    let script = Script::new("both_ways.js", SCRIPT);
    let limited = ["--api-key", "k", "--rate-limit", "40:40"];
    let with_token = [&limited[..], &["--cluster-token", "t"]].concat();
    for further in [&[][..], &["--dial-in"]] {
        let outcome = |orchestrator_flags: &[&str], node_flags: &[&str]| {
            let fenced = Fenced::keyed(&script, orchestrator_flags, &[node_flags, further].concat());
            fenced.client.call("squares", json!({"count": 100})).map_err(|failure| failure.code)
        };
        let client = outcome(&limited, &["--api-key", "k"]);
        assert_eq!(client, Err(-32002), "its calls count as those of the key");
        let member = outcome(&with_token, &["--api-key", "k", "--cluster-token", "t"]);
        assert_eq!(member, Ok(squares(100)));
    }
}

#[test]
fn a_node_asks_only_who_shows_its_key() {
    let key = Arc::<Mutex<Option<String>>>::default();
    let asked = Arc::<Mutex<Vec<Value>>>::default();
    let (given, posted) = (key.clone(), asked.clone());
    // What is an orchestrator as far as the node can tell, and answers all calls with 1.
    let impostor = Origin::start(move |request| {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let answer = |request: &Value| {
            let result = match request["method"].as_str() {
                Some("_register") => {
                    let key = request["params"]["link_key"].as_str().map(str::to_owned);
                    *given.lock().unwrap_or_else(PoisonError::into_inner) = key;
                    json!({"registered_url": request["params"]["node_url"], "is_new_registration": true,
                           "lease_ms": 60_000, "instance": request["params"]["instance"]})
                }
                _ => {
                    posted.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
                    json!(1)
                }
            };
            json!({"jsonrpc": "2.0", "id": request["id"], "result": result})
        };
        Answer::json(&match &body {
            Value::Array(elements) => elements.iter().map(answer).collect(),
            single => answer(single),
        })
    });
    let script = Script::new("both_ways.js", SCRIPT);
    let node = node(&script, &["--orchestrator", &format!("http://127.0.0.1:{}", impostor.port)]);
    let (key, _) =
        wait_for("the node has registered", SOON, || key.lock().unwrap_or_else(PoisonError::into_inner).clone());
    let show = |session: &mut Session, key: &str| {
        session.send(&json!({"jsonrpc": "2.0", "method": "_link", "params": {"key": key}}).to_string());
        session.call(1, "squares", &json!({"count": 1}));
        session.receive()
    };
    let wrong = "0".repeat(key.len());
    let peer = [("madrpc-depth", "0")];
    // A wrong key, none that is one, and the right one of somebody who does not even say to be one of ours.
    let mut strangers = [(&peer[..], &*wrong), (&peer[..], ""), (&[][..], &*key)];
    for (headers, key) in &mut strangers {
        let mut session = Session::try_open(&node, headers).expect("the node opens sessions");
        let before = asked.lock().unwrap_or_else(PoisonError::into_inner).len();
        assert_eq!(show(&mut session, key)["result"], json!([1]), "the node's call has gone elsewhere");
        assert_eq!(asked.lock().unwrap_or_else(PoisonError::into_inner).len(), before + 1);
    }
    let mut session = Session::try_open(&node, &peer).expect("the node opens sessions");
    let call = show(&mut session, &key);
    assert_eq!((&call["method"], &call["params"]), (&json!("square"), &json!({"n": 0})));
    session.send(&format!(r#"{{"jsonrpc":"2.0","id":{},"result":5}}"#, call["id"]));
    assert_eq!(session.receive()["result"], json!([5]));
}
