//! Generators, and what cancels: on a node by itself, and where calls go through an orchestrator.

use serde_json::json;

use crate::harness::{node, wait_until, Client, Cluster, Script, SOON};

const SCRIPT: &str = "
let begun = 0, told = 0;
madrpc.register('hold', (params, ctx) => new Promise(() => {
  begun++;
  ctx.signal.onabort = () => { if (ctx.signal.aborted) told++; };
}));
madrpc.register('seen', () => ({ begun, told }));
madrpc.register('abort', async (params, ctx) => {
  const controller = new AbortController();
  const held = madrpc.call('hold', [], { signal: controller.signal });
  const others = madrpc.map('hold', [[], []], { signal: controller.signal });
  others.catch(() => {});
  while ((await madrpc.call('seen')).begun < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  controller.abort('enough');
  const reasons = [await held.catch((reason) => reason), await others.catch((reason) => reason)];
  while ((await madrpc.call('seen')).told < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  return reasons;
});
let ended = 0;
madrpc.register('count', async function* ({ to }) { try { for (let n = 0; n < to; n++) yield n; return 'all'; } finally { ended++; } });
madrpc.register('sum', async (params) => { let sum = 0; for await (const n of madrpc.stream('count', params)) sum += n; return sum; });
madrpc.register('first', async () => { for await (const n of madrpc.stream('count', { to: 1e9 })) return n; });
madrpc.register('ended', () => ended);
madrpc.register('squares', ({ of }) => madrpc.map('square', of.map((n) => [n]), { concurrency: 2 }));
madrpc.register('square', ([n]) => n * n);
";

#[test]
fn what_is_aborted_is_cancelled_where_it_runs_and_hears_of_it() {
    let script = Script::new("generators.js", SCRIPT);
    let alone = node(script.path(), &[]);
    assert_eq!(Client::new(&alone.url).call("abort", json!([])), Ok(json!(["enough", "enough"])));
    let cluster = Cluster::start(script.path(), 1);
    assert_eq!(cluster.client.call("abort", json!([])), Ok(json!(["enough", "enough"])));
    wait_until("no call is left", SOON, || cluster.node_client(0).pending() == 0);
}

#[test]
fn a_generator_is_a_method_like_any_other_and_says_so() {
    let script = Script::new("generators.js", SCRIPT);
    for isolation in ["shared", "call", "context"] {
        let node = node(script.path(), &["--isolation", isolation]);
        let client = Client::new(&node.url);
        assert_eq!(client.call("count", json!({"to": 3})), Ok(json!([0, 1, 2])), "{isolation}");
        assert_eq!(client.call("sum", json!({"to": 1000})), Ok(json!(499_500)), "{isolation}");
        assert_eq!(client.call("first", json!({})), Ok(json!(0)), "{isolation}");
        assert_eq!(client.call("squares", json!({"of": [1, 2, 3]})), Ok(json!([1, 4, 9])), "{isolation}");
        if isolation == "shared" {
            wait_until("each generator has ended", SOON, || client.call("ended", json!({})) == Ok(json!(3)));
        }
        let info = client.info();
        let methods = info["methods"].as_array().expect("methods");
        let streams: Vec<_> = methods.iter().filter(|method| method["stream"] == true).map(|m| &m["name"]).collect();
        assert_eq!(streams, ["count"], "{isolation}");
    }
}
