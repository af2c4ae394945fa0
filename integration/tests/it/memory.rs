//! Memory stays where it is, however many calls there are.

use serde_json::{json, Value};

use crate::harness::{node, resident, wait_until, Client, Process, Script, Session, SOON};

const METHODS: &str = "
    madrpc.register('add', args => ({ result: args.a + args.b }));
    madrpc.register('later', async args => { await null; return args.a; });
    let seen = 0;
    madrpc.register('seen', () => ++seen);
    const hoarded = [];
    madrpc.register('hoard', () => hoarded.push(Array.from({ length: 100000 }, (_, n) => ({ n }))));
    madrpc.register('devour', () => { for (;;) hoarded.push(Array.from({ length: 1000 }, (_, n) => ({ n }))); });
    madrpc.register('payload', args => args.items.length);
";

/// Calls in one request.
const BATCH: usize = 2_000;

/// By how much memory may have grown, in bytes.
const FLAT: u64 = 10 << 20;

struct Loaded {
    node: Process,
    client: Client,
    _script: Script,
}

impl Loaded {
    fn start(isolation: &str) -> Loaded {
        Loaded::with(&["--isolation", isolation, "--summary-interval", "0", "--call-timeout", "5m"])
    }

    fn with(flags: &[&str]) -> Loaded {
        let script = Script::new("memory.js", METHODS);
        let node = node(&script, flags);
        let client = Client::new(&node.url);
        Loaded { node, client, _script: script }
    }

    /// Makes `calls` calls, all of which must succeed.
    fn call(&self, method: &str, calls: usize) {
        let batch: Vec<Value> = (0..BATCH)
            .map(|n| json!({"jsonrpc": "2.0", "id": n, "method": method, "params": {"a": n, "b": 1}}))
            .collect();
        let body = Value::Array(batch).to_string();
        for _ in 0..calls.div_ceil(BATCH) {
            let reply = self.client.post(&body);
            assert!(!reply.body.contains("\"error\""), "{}", &reply.body[..500.min(reply.body.len())]);
        }
    }

    fn memory(&self) -> u64 {
        resident(self.node.engine_pid())
    }

    /// Makes calls, and then as many again, which must leave memory where the first left it.
    fn stays_flat(&self, method: &str, calls: usize) {
        self.call(method, calls / 10);
        let before = self.memory();
        self.call(method, calls);
        let grown = || self.memory().saturating_sub(before);
        wait_until(&format!("memory is flat after {calls} calls of {method}"), SOON, || grown() <= FLAT);
    }
}

/// With so little memory a context may keep 16 MiB: what calls allocate must be off its account when they are over, or
/// it would be replaced, and lose what it has seen.
#[test]
fn shared_contexts_stay_flat_and_are_kept() {
    let loaded = Loaded::with(&["--memory-limit", "64MiB", "--summary-interval", "0"]);
    assert_eq!(loaded.client.call("seen", Value::Null), Ok(json!(1)));
    loaded.stays_flat("add", 300_000);
    loaded.stays_flat("later", 100_000);
    assert_eq!(loaded.client.call("seen", Value::Null), Ok(json!(2)));
}

#[test]
fn contexts_with_fresh_modules_stay_flat() {
    let loaded = Loaded::start("call");
    loaded.stays_flat("add", 200_000);
    loaded.stays_flat("later", 50_000);
}

#[test]
fn contexts_of_their_own_stay_flat() {
    let loaded = Loaded::start("context");
    loaded.stays_flat("add", 10_000);
    loaded.stays_flat("later", 5_000);
}

#[test]
fn what_large_payloads_took_is_given_back() {
    let loaded = Loaded::start("shared");
    loaded.call("add", BATCH);
    let before = loaded.memory();
    let items: Vec<Value> =
        (0..60_000).map(|n| json!({"number": n, "text": format!("item {n}"), "nested": [n]})).collect();
    let params = json!({ "items": items });
    for _ in 0..10 {
        assert_eq!(loaded.client.call("payload", params.clone()), Ok(json!(60_000)));
    }
    let grown = || loaded.memory().saturating_sub(before);
    wait_until("what the payloads took is given back", SOON, || {
        loaded.call("add", BATCH);
        grown() <= 3 * FLAT
    });
}

/// Of 256 MiB one executor may keep a quarter between calls.
#[test]
fn a_context_that_hoards_is_replaced_between_calls() {
    let loaded = Loaded::with(&["--memory-limit", "256MiB"]);
    let hoard = || loaded.client.call("hoard", Value::Null).expect("there is memory for one more").as_u64();
    let mut most = 0;
    wait_until("the context is replaced", SOON, || {
        let held = hoard();
        most = most.max(held.unwrap_or(0));
        held == Some(1) && most > 1
    });
    assert!(most >= 3, "replaced after {most}");
    let info = loaded.client.info();
    assert_eq!(info["engine_restarts"], 0, "{info}");
}

#[test]
fn a_call_that_devours_memory_is_stopped_alone() {
    let loaded = Loaded::with(&["--memory-limit", "256MiB"]);
    for _ in 0..3 {
        let failure = loaded.client.call("devour", Value::Null).expect_err("there is no end to it");
        assert_eq!((failure.code, &failure.data["what"]), (-32009, &json!("memory in bytes")));
        assert_eq!(loaded.client.call("add", json!({"a": 1, "b": 2})), Ok(json!({"result": 3})));
    }
    let info = loaded.client.info();
    assert_eq!(info["engine_restarts"], 0, "{info}");
}

#[test]
fn an_idle_session_costs_next_to_nothing() {
    const SESSIONS: u64 = 400;
    const EACH: u64 = 20_000;
    let loaded = Loaded::with(&["--summary-interval", "0"]);
    let open = |count: u64| -> Vec<Session> {
        (0..count)
            .map(|_| {
                let mut session = Session::open(&loaded.node);
                session.call(1, "seen", &json!([]));
                assert!(session.receive()["result"].is_u64());
                session
            })
            .collect()
    };
    let engine = loaded.node.engine_pid();
    let warm = open(20);
    let before = resident(engine);
    let sessions = open(SESSIONS);
    let grown = resident(engine).saturating_sub(before);
    assert!(grown < SESSIONS * EACH, "{grown} bytes for {SESSIONS} sessions");
    drop((warm, sessions));
    let left = || loaded.client.get_json("/health")["websocket_clients"] == 0;
    wait_until("the sessions have ended", SOON, left);
}
