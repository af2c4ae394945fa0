//! Methods that ask a second node when the first is late.

use serde_json::{json, Value};

use crate::harness::{wait_until, Cluster, Script, SOON};

const SCRIPT: &str = "
let slow = false, begun = 0, cancelled = 0;
madrpc.register('get', {idempotent: true, hedge: true}, async (params, ctx) => {
  begun++;
  if (!slow) return 'quick';
  ctx.signal.addEventListener('abort', () => cancelled++);
  await new Promise(done => setTimeout(done, 20000));
});
madrpc.register('be_slow', () => { slow = true; begun = 0; });
madrpc.register('seen', () => [begun, cancelled]);
madrpc.register('get_many', async p => (await Promise.all(Array.from({length: p.count}, () => madrpc.call('get')))).length);
";

#[test]
fn a_node_that_hangs_holds_nobody_up_and_is_told_that_it_lost() {
    let script = Script::new("hedge.js", SCRIPT);
    let cluster = Cluster::start(&script, 2);
    for _ in 0..100 {
        assert_eq!(cluster.client.call("get", Value::Null), Ok(json!("quick")));
    }
    let hanging = cluster.node_client(0);
    hanging.call("be_slow", Value::Null).expect("it takes the call");
    for _ in 0..10 {
        assert_eq!(cluster.client.call("get", Value::Null), Ok(json!("quick")));
    }
    // Sub-calls of a fan-out as well, each by itself.
    let quick = cluster.node_client(1);
    assert_eq!(quick.call("get_many", json!({"count": 10})), Ok(json!(10)));
    let seen = || hanging.call("seen", Value::Null).expect("it answers");
    let begun = seen()[0].as_u64().expect("a number");
    assert!(begun > 0, "it was asked, too");
    wait_until("all that it began is cancelled", SOON, || seen() == json!([begun, begun]) && hanging.pending() == 0);
}
