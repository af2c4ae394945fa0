//! What calls leave behind: it goes on, is waited for, and is told of its end.

use std::thread;
use std::time::Duration;

use serde_json::{json, Value};

use crate::harness::{node, node_of, orchestrator, signal, wait_until, Client, Cluster, Process, Script, SOON};

const SCRIPT: &str = "
const pause = ms => new Promise(done => setTimeout(done, ms));
madrpc.register('log', ([what]) => { console.info(`logged ${what};`); });
madrpc.register('slow', async ([ms, what]) => { await pause(ms); console.info(`slept ${what};`); return what; });
madrpc.subscribe('channel', what => { console.info(`heard ${what};`); });
const ways = {
  call: what => { madrpc.call('log', [what]); },
  publish: what => { madrpc.publish('channel', what); },
  notify: what => { madrpc.notify('log', [what]); },
  later: what => { pause(20).then(() => madrpc.call('log', [what])); },
  deep: what => { (async () => { await madrpc.call('log', ['first']); await madrpc.call('log', [what]); })(); },
  until: (what, ctx) => { ctx.waitUntil(pause(20).then(() => madrpc.call('log', [what]))); },
};
madrpc.register('leave', ([way, what], ctx) => { ways[way](what, ctx); return 'answered'; });
madrpc.register('leaveAwaited', async ([way, what], ctx) => { await null; ways[way](what, ctx); return 'answered'; });
madrpc.register('leaveSlow', ([ms, what]) => { madrpc.call('slow', [ms, what]); return 'answered'; });
madrpc.register('many', ([count]) => { for (let i = 0; i < count; i++) madrpc.call('log', ['many']).catch(e => console.info(`${e.code};`)); return count; });

let memo;
const once = ms => memo ??= madrpc.call('slow', [ms, 'memo']).catch(error => { memo = undefined; throw error; });
madrpc.register('prefetch', ([ms]) => { once(ms); return 'begun'; });
madrpc.register('get', async ([ms]) => { try { return await once(ms); } catch (error) { return [error.code, error.message]; } });
";

/// How often the servers have logged this text.
fn said(servers: &[Process], text: &str) -> usize {
    servers.iter().map(|server| server.log().matches(text).count()).sum()
}

/// Leaves something behind in every way, and waits until it has come about, once.
fn everything_comes_about(client: &Client, servers: &[Process], what: &str) {
    for (way, word) in [
        ("call", "logged"),
        ("publish", "heard"),
        ("notify", "logged"),
        ("later", "logged"),
        ("deep", "logged"),
        ("until", "logged"),
    ] {
        for method in ["leave", "leaveAwaited"] {
            let name = format!("{what}-{way}-{method}");
            assert_eq!(client.call(method, json!([way, name])), Ok(json!("answered")), "{name}");
            let expected = format!("{word} {name};");
            wait_until(&expected, SOON, || said(servers, &expected) == 1);
        }
    }
    wait_until("nothing is left", SOON, || client.pending() == 0);
}

#[test]
fn what_nobody_awaits_comes_about_on_a_node_of_its_own() {
    let script = Script::new("l.js", SCRIPT);
    for isolation in ["shared", "call", "context"] {
        let server = node(&script, &["--isolation", isolation]);
        everything_comes_about(&Client::new(&server.url), std::slice::from_ref(&server), isolation);
    }
}

#[test]
fn what_nobody_awaits_comes_about_in_a_cluster() {
    let cluster = Cluster::start(Script::new("l.js", SCRIPT), 1);
    everything_comes_about(&cluster.client, &cluster.nodes, "cluster");
    let node = cluster.node_client(0);
    wait_until("nothing is left on the node", SOON, || node.pending() == 0);
}

/// `get`, by a caller who waits so long.
fn get_within(client: &Client, ms: u64) -> Value {
    let body = br#"{"jsonrpc":"2.0","id":1,"method":"get","params":[60000]}"#;
    client.post_with(&[("Madrpc-Timeout-Ms", &ms.to_string())], body).json()
}

fn a_memo_serves_many(client: &Client) {
    assert_eq!(client.call("prefetch", json!([100])), Ok(json!("begun")));
    assert_eq!(client.call("get", json!([100])), Ok(json!("memo")));
    assert_eq!(client.call("get", json!([100])), Ok(json!("memo")));
}

fn a_memo_fails_with_its_maker(client: &Client) {
    thread::scope(|scope| {
        let maker = scope.spawn(|| get_within(client, 500));
        wait_until("it is begun", SOON, || client.pending() >= 1);
        assert_eq!(maker.join().expect("no panic")["error"]["code"], -32001);
    });
    wait_until("it has come to its end", SOON, || client.pending() == 0);
    let failed = json!([-32800, "Cancelled: get, which began this, ran out of time"]);
    let (next, waiter) = thread::scope(|scope| {
        let maker = scope.spawn(|| get_within(client, 1_000));
        let waiter = scope.spawn(|| {
            wait_until("the other waits", SOON, || client.pending() >= 1);
            get_within(client, 20_000)
        });
        (maker.join().expect("no panic"), waiter.join().expect("no panic"))
    });
    let told = [&next["result"], &waiter["result"]];
    assert!(told.contains(&&failed), "one waits for the promise of the other: {next} {waiter}");
    // Whoever comes now begins anew.
    assert_eq!(client.call("get", json!([10])), Ok(json!("memo")));
}

#[test]
fn a_promise_kept_in_a_module_outlives_its_maker_or_fails_with_it() {
    let script = Script::new("l.js", SCRIPT);
    let alone = node(&script, &["--pool-size", "1"]);
    a_memo_serves_many(&Client::new(&alone.url));
    let alone = node(&script, &["--pool-size", "1"]);
    a_memo_fails_with_its_maker(&Client::new(&alone.url));
    let hub = orchestrator(&[]);
    let node = node_of(&hub, &script, &["--pool-size", "1"]);
    let client = Client::new(&hub.url);
    wait_until("it has joined", SOON, || client.info()["total_nodes"] == 1);
    a_memo_serves_many(&client);
    drop(node);
}

#[test]
fn a_node_that_ends_waits_for_what_was_left_behind() {
    let mut server = node(Script::new("l.js", SCRIPT), &["--drain-timeout", "60s"]);
    let client = Client::new(&server.url);
    assert_eq!(client.call("leaveSlow", json!([1_000, "last"])), Ok(json!("answered")));
    assert!(client.pending() >= 1, "it is counted");
    signal(server.pid(), "TERM");
    assert_eq!(server.wait_for_exit(SOON), Some(0));
    assert_eq!(said(std::slice::from_ref(&server), "slept last;"), 1);
    assert_eq!(said(std::slice::from_ref(&server), "unfinished"), 0);
}

#[test]
fn what_is_left_behind_is_bounded() {
    let server = node(Script::new("l.js", SCRIPT), &[]);
    let client = Client::new(&server.url);
    assert_eq!(client.call("many", json!([1_500])), Ok(json!(1_500)));
    let servers = std::slice::from_ref(&server);
    wait_until("what is beyond the bound is refused", SOON, || said(servers, "-32800;") == 500);
    wait_until("the rest comes about", SOON, || said(servers, "logged many;") == 1_000);
    assert_eq!(said(servers, "leaves more than 1000 things behind: 500 are cancelled"), 1);
    wait_until("nothing is left", Duration::from_secs(5), || client.pending() == 0);
}
