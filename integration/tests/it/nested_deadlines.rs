//! Deadlines and signals of the calls that scripts make, on a node of its own and in a cluster.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{node, wait_until, Client, Cluster, Script, SOON};

/// Each `hold` says that it has come and that it was called off; nothing else ends it before `SLOW`. `by` makes a call
/// that has a tenth of a second, and gives how it failed and how long that took.
const SCRIPT: &str = "
const SLOW = 60000, SHORT = 100;
async function hold({ name }, ctx) {
  console.info('begun', name);
  ctx.signal.addEventListener('abort', () => console.info('called off', name));
  await new Promise(done => setTimeout(done, SLOW));
  console.info('ended', name);
}
madrpc.register('hold', hold);
madrpc.register('brief', { timeoutMs: SHORT }, hold);
madrpc.register('items', async function* (params, ctx) { yield 1; await hold(params, ctx); });
const ways = {
  call: params => madrpc.call('hold', params, { timeoutMs: SHORT }),
  signal: params => madrpc.call('hold', params, { signal: AbortSignal.timeout(SHORT) }),
  stream: async params => { for await (const item of madrpc.stream('items', params, { timeoutMs: SHORT })); },
  streamSignal: async params => {
    for await (const item of madrpc.stream('items', params, { signal: AbortSignal.timeout(SHORT) }));
  },
  map: params => madrpc.map('hold', [params], { timeoutMs: SHORT }),
  mapSignal: params => madrpc.map('hold', [params], { signal: AbortSignal.timeout(SHORT) }),
  sync: async params => madrpc.callSync('hold', params, { timeoutMs: SHORT }),
  registered: params => madrpc.call('brief', params),
  registeredMap: params => madrpc.map('brief', [params], { onError: 'abort' }),
  registeredSync: async params => madrpc.callSync('brief', params),
  key: params => madrpc.call('hold', params, { timeoutMs: SHORT, idempotencyKey: params.name }),
};
madrpc.register('by', async ({ way, name }) => {
  const began = performance.now();
  try {
    await ways[way]({ name });
  } catch (error) {
    return { error: error instanceof madrpc.RpcError ? error.code : error.name, took: performance.now() - began };
  }
});
";

const WAYS: [(&str, &str); 11] = [
    ("call", "-32001"),
    ("stream", "-32001"),
    ("map", "-32001"),
    ("sync", "-32001"),
    ("key", "-32001"),
    ("registered", "-32001"),
    ("registeredMap", "-32001"),
    ("registeredSync", "-32001"),
    ("signal", "\"TimeoutError\""),
    ("streamSignal", "\"TimeoutError\""),
    ("mapSignal", "\"TimeoutError\""),
];

/// Makes the call every way. It fails long before its callee would have ended by itself, which is called off.
fn every_way_ends_in_time(client: &Client, what: &str, log: impl Fn() -> String) {
    for (way, error) in WAYS {
        let name = format!("{what}-{way}");
        let began = Instant::now();
        let outcome = client.call("by", json!({"way": way, "name": name})).expect("it catches what the call throws");
        // Its own deadline is 30 s, and so is what the callee inherits.
        assert!(began.elapsed() < SOON, "{name} took {:?}", began.elapsed());
        assert_eq!(outcome["error"].to_string(), error, "{name}: {outcome}");
        assert!(outcome["took"].as_f64().is_some_and(|ms| ms >= 99.0), "{name}: {outcome}");
        wait_until(&format!("{name} is called off"), SOON, || {
            log().lines().any(|line| line.contains("called off") && line.contains(&name))
        });
    }
    wait_until("nothing is left", Duration::from_secs(5), || client.pending() == 0);
}

#[test]
fn a_call_within_a_node_of_its_own_ends_with_its_own_deadline_or_signal() {
    let script = Script::new("d.js", SCRIPT);
    for (isolation, executors) in [("shared", "1"), ("shared", "2"), ("call", "1"), ("context", "1")] {
        let server = node(&script, &["--isolation", isolation, "--pool-size", executors]);
        every_way_ends_in_time(&Client::new(&server.url), isolation, || server.log());
    }
}

#[test]
fn a_call_through_the_cluster_does_so_too() {
    let cluster = Cluster::start(Script::new("d.js", SCRIPT), 2);
    every_way_ends_in_time(&cluster.client, "cluster", || cluster.nodes.iter().map(|node| node.log()).collect());
}
