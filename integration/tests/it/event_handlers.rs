//! The functions that scripts subscribe: their place among the calls of a node, its end, and the figures of events.

use std::time::Duration;

use serde_json::{json, Value};

use crate::harness::{
    node, node_of, orchestrator, run, signal, wait_until, Client, Load, Process, Script, Session, SOON,
};

/// `work` takes a second, and says when it begins and ends, to whoever listens too.
const WORK: &str = "
const pause = ms => new Promise(done => setTimeout(done, ms));
madrpc.subscribe('work', async number => {
  console.info(`begun ${number}`);
  await pause(1000);
  await madrpc.publish('done', number);
  console.info(`finished ${number}`);
});
";

fn publish(client: &Client, channel: &str, data: Value) -> Value {
    client.call("_publish", json!({"channel": channel, "data": data})).expect("published")
}

fn subscribed(server: &Process, channel: &str) -> Session {
    let mut session = Session::open(server);
    session.call(1, "_subscribe", &json!({"channel": channel}));
    assert_eq!(session.receive()["result"], 1);
    session
}

/// How often the log has this text.
fn said(server: &Process, text: &str) -> usize {
    server.log().matches(text).count()
}

fn draining(client: &Client) -> bool {
    client.get("/ready").status == 503
}

#[test]
fn a_node_that_ends_waits_for_the_function_that_runs_and_begins_no_other() {
    let hub = orchestrator(&[]);
    let mut node = node_of(&hub, Script::new("w.js", WORK), &["--drain-timeout", "60s"]);
    let (client, own) = (Client::new(&hub.url), Client::new(&node.url));
    let mut done = subscribed(&hub, "done");
    wait_until("it is known", SOON, || publish(&client, "work", json!("first")) == 1);
    node.wait_for_log("it runs", SOON, |line| line.contains("begun first"));
    publish(&client, "work", json!("waits"));
    assert_eq!(own.pending(), 1);
    signal(node.pid(), "TERM");
    wait_until("it drains", SOON, || draining(&own));
    publish(&client, "work", json!("late"));
    assert_eq!(done.receive()["params"]["data"], "first");
    assert_eq!(node.wait_for_exit(SOON), Some(0));
    assert_eq!((said(&node, "finished first"), said(&node, "begun ")), (1, 1), "and no other has begun");
    assert_eq!(said(&node, "unfinished"), 0);
    assert!(done.is_quiet(Duration::from_millis(50)));
}

#[test]
fn what_is_published_while_a_node_is_drained_waits_until_it_takes_calls_again() {
    let node = node(Script::new("w.js", &WORK.replace("1000", "1")), &[]);
    let client = Client::new(&node.url);
    assert_eq!(run(["drain", &node.url]).status.code(), Some(0));
    publish(&client, "work", json!("meanwhile"));
    // A timer of the node that looks for room has fired by then.
    assert!(subscribed(&node, "done").is_quiet(Duration::from_millis(100)));
    assert_eq!((said(&node, "begun "), client.pending()), (0, 0));
    assert_eq!(run(["drain", &node.url, "--undo"]).status.code(), Some(0));
    node.wait_for_log("it runs", SOON, |line| line.contains("finished meanwhile"));
}

#[test]
fn functions_count_against_the_calls_of_a_process_and_wait_for_room() {
    let script = Script::new(
        "r.js",
        "let runs = 0, most = 0, all = 0;
         for (let n = 0; n < 40; n++) madrpc.subscribe(`c${n}`, async () => {
           most = Math.max(most, ++runs);
           await new Promise(done => setTimeout(done, 100));
           runs--;
           all++;
         });
         madrpc.register('seen', () => ({ most, all }));",
    );
    let node = node(&script, &["--max-inflight", "1"]);
    let client = Client::new(&node.url);
    for channel in 0..40 {
        assert_eq!(publish(&client, &format!("c{channel}"), json!(null)), 1);
    }
    // While they run there is no room for a call, either.
    let mut seen = json!(null);
    wait_until("all have run", SOON, || {
        seen = client.call("seen", json!([])).unwrap_or_default();
        seen["all"] == 40
    });
    assert_eq!(seen["most"], 16, "calls within the node have 16 times the room of those from outside");
}

#[test]
fn a_function_that_never_ends_ends_with_its_deadline() {
    let script = Script::new(
        "n.js",
        "madrpc.subscribe('never', (data, ctx) => {
           console.info('begun', data);
           ctx.signal.addEventListener('abort', () => console.info('called off', data));
           return new Promise(() => {});
         });",
    );
    let node = node(&script, &["--call-timeout", "300ms"]);
    let client = Client::new(&node.url);
    (1..=2).for_each(|number| drop(publish(&client, "never", json!(number))));
    for number in 1..=2 {
        node.wait_for_log("it is told", SOON, |line| line.contains(&format!("called off {number}")));
    }
    wait_until("both have failed", SOON, || said(&node, "(event never) failed on never: -32001") == 2);
    wait_until("nothing is left", SOON, || client.pending() == 0);
}

/// A figure as Prometheus gets it.
fn exposed(client: &Client, name: &str) -> Option<u64> {
    let text = client.get("/metrics").body;
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

#[test]
fn figures_tell_what_became_of_events() {
    let script = Script::new(
        "f.js",
        "let count = 0;
         let last;
         madrpc.subscribe('n*', data => { count++; last = data; if (data === 3) throw new Error('three'); });
         madrpc.register('seen', () => ({ count, last }));",
    );
    let hub = orchestrator(&[]);
    let node = node_of(&hub, &script, &[]);
    let (client, own) = (Client::new(&hub.url), Client::new(&node.url));
    let (mut near, mut glob) = (subscribed(&hub, "news"), subscribed(&hub, "n*"));
    let mut afar = subscribed(&node, "news");
    let mut before = 0;
    wait_until("all are known", SOON, || {
        before += 1;
        publish(&client, "nothing", json!(null)) == 2
    });
    let events = |client: &Client| client.metrics()["events"].clone();
    for number in 0..10 {
        assert_eq!(publish(&client, "news", json!(number)), 4);
    }
    assert_eq!(publish(&own, "news", json!(10)), 4);
    for session in [&mut near, &mut afar] {
        (0..=10).for_each(|number| assert_eq!(session.receive()["params"]["data"], number));
    }
    (0..before + 11).for_each(|_| drop(glob.receive()));

    // At the hub two sessions and the node, once for each of two patterns; the node may not have known all the events
    // before. The system's own are counted, too, and have no subscribers here.
    let hub_saw = events(&client);
    assert_eq!(hub_saw["dropped"], 0);
    assert!(hub_saw["published"].as_u64() >= Some(before + 11), "{hub_saw}");
    let delivered = hub_saw["delivered"].as_u64().expect("a number");
    assert!((44 + before + 1..=44 + 2 * before).contains(&delivered), "{hub_saw}, {before}");
    let seen = || own.call("seen", json!([])).expect("it answers");
    wait_until("the script has the last", SOON, || seen()["last"] == 10);
    let count = seen()["count"].as_u64().expect("a number");
    let ended = |handlers: &Value| handlers["success_count"].as_u64() == Some(count - 1);
    wait_until("it is counted", SOON, || ended(&events(&own)["handlers"]));
    assert_eq!(
        events(&own),
        json!({
            "published": 1,
            "delivered": count + 11,
            "dropped": 0,
            "handlers": {"success_count": count - 1, "failure_count": 1},
        })
    );
    for (name, expected) in [
        ("madrpc_events_published_total", 1),
        ("madrpc_event_deliveries_total{outcome=\"delivered\"}", count + 11),
        ("madrpc_event_deliveries_total{outcome=\"dropped\"}", 0),
        ("madrpc_event_handlers_total{outcome=\"ok\"}", count - 1),
        ("madrpc_event_handlers_total{outcome=\"error\"}", 1),
    ] {
        assert_eq!(exposed(&own, name), Some(expected), "{name}");
    }
}

#[test]
fn figures_count_what_a_slow_reader_and_a_slow_script_miss() {
    let script = Script::new(
        "s.js",
        "let free;
         const gate = new Promise(done => free = done);
         madrpc.subscribe('flood', () => gate);
         madrpc.register('free', () => { free(); });",
    );
    let node = node(&script, &[]);
    let client = Client::new(&node.url);
    let mut slow = subscribed(&node, "flood");
    let data = "x".repeat(20_000);
    let total = 5_000_u64;
    (0..total).for_each(|_| assert_eq!(publish(&client, "flood", json!(data)), 2));
    publish(&client, "end", json!(null));
    client.call("free", json!([])).expect("it answers");
    let (mut got, mut missed) = (0, 0);
    while got + missed < total {
        let frame = slow.receive();
        match frame["method"].as_str() {
            Some("_event") => got += 1,
            Some("_dropped") => missed += frame["params"]["count"].as_u64().expect("a number"),
            _ => panic!("{frame}"),
        }
    }
    let events = || client.metrics()["events"].clone();
    let figure = |name: &str| events()[name].as_u64().expect("a number");
    wait_until("the script has what it gets", SOON, || figure("delivered") + figure("dropped") == 2 * total);
    let ran = || events()["handlers"]["success_count"].as_u64().expect("a number");
    wait_until("its functions have ended", SOON, || got + ran() == figure("delivered"));
    assert!(missed > 0 && figure("dropped") > missed, "both have missed some");
    assert_eq!(figure("published"), total + 1);
}

#[test]
fn scripts_that_publish_without_end_keep_nobody_from_anything() {
    let script = Script::new(
        "p.js",
        "let plays = 0;
         madrpc.subscribe('ping', n => { plays++; return madrpc.publish('pong', n + 1); });
         madrpc.subscribe('pong', n => madrpc.publish('ping', n + 1));
         madrpc.subscribe('twice', n => Promise.all([madrpc.publish('twice', n + 1), madrpc.publish('twice', n + 1)]));
         madrpc.register('loop', async () => { for (;;) await madrpc.publish('own', 1); });
         madrpc.register('burst', async () => { for (;;) { madrpc.publish('own', 1).catch(() => {}); await null; } });
         madrpc.register('add', p => p[0] + p[1]);
         madrpc.register('plays', () => plays);",
    );
    let mut node = node(&script, &["--call-timeout", "2s", "--cpu-limit", "1s"]);
    let client = Client::new(&node.url);
    let mut session = subscribed(&node, "own");
    publish(&client, "ping", json!(0));
    publish(&client, "twice", json!(0));
    std::thread::scope(|scope| {
        for (method, code) in [("loop", [-32001, -32009]), ("burst", [-32001, -32009])] {
            let client = &client;
            scope.spawn(move || {
                let error = client.call(method, json!([])).expect_err("it has no end");
                assert!(code.contains(&error.code), "{method}: {error:?}");
            });
        }
        for number in 0..100 {
            assert_eq!(client.call("add", json!([number, 1])), Ok(json!(number + 1)));
        }
        assert_eq!(session.receive()["method"], "_event");
    });
    let plays = || client.call("plays", json!([])).expect("it answers").as_u64();
    let before = plays();
    wait_until("they go on", SOON, || plays() > before);
    wait_until("what is too much is dropped", SOON, || client.metrics()["events"]["dropped"].as_u64() > Some(0));
    assert_eq!(client.call("add", json!([1, 2])), Ok(json!(3)));
    signal(node.pid(), "TERM");
    assert_eq!(node.wait_for_exit(SOON), Some(0), "that they go on does not keep it");
}

#[test]
fn the_events_of_one_pattern_find_the_same_module_however_busy_the_executors_are() {
    const EVENTS: u64 = 120;
    let script = Script::new(
        "replica.js",
        "const me = crypto.randomUUID();
         let events = 0;
         madrpc.subscribe('in.*', () => madrpc.publish('out', [me, ++events]));
         madrpc.subscribe('other', () => madrpc.publish('out', [me, 0]));
         madrpc.register('spin', async ({ ms }) => {
           await null;
           for (const end = performance.now() + ms; performance.now() < end; );
           return madrpc.callSync('nothing');
         });
         madrpc.register('nothing', () => 0);",
    );
    let node = node(script, &["--pool-size", "4"]);
    let client = Client::new(&node.url);
    let mut out = subscribed(&node, "out");
    let load = Load::of(&client, "spin", 20);
    let failures = load.during(|load| {
        load.wait_for_more(20);
        for number in 0..EVENTS {
            assert_eq!(publish(&client, &format!("in.{number}"), json!(number)), 1);
        }
        let first = out.receive()["params"]["data"].clone();
        assert_eq!(first[1], 1);
        for number in 2..=EVENTS {
            assert_eq!(out.receive()["params"]["data"], json!([first[0], number]));
        }
        // Another pattern has another executor.
        assert_eq!(publish(&client, "other", json!(0)), 1);
        assert_ne!(out.receive()["params"]["data"][0], first[0]);
    });
    assert_eq!(failures, []);
}
