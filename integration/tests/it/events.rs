//! Events: channels, sessions, scripts, and a whole cluster of them.

use std::thread;
use std::time::Duration;

use serde_json::{json, Value};

use crate::harness::{
    free_port, node, node_of, orchestrator, program, run, signal, wait_for, wait_until, Client, Process, Script,
    Session, SOON,
};

const SCRIPT: &str = "
const seen = [];
madrpc.subscribe('news.*', (data, { channel }) => { seen.push([channel, data]); });
madrpc.subscribe('_node.*', (data, { channel }) => { seen.push([channel, data.node]); });
madrpc.register('seen', () => seen);
madrpc.register('publish', ([channel, data]) => madrpc.publish(channel, data));
";

/// A session that has this subscription.
fn subscribed(server: &Process, channel: &str) -> Session {
    let mut session = Session::open(server);
    session.call(1, "_subscribe", &json!({"channel": channel}));
    assert_eq!(session.receive()["result"], 1);
    session
}

fn event(session: &mut Session) -> (Value, Value) {
    let frame = session.receive();
    assert_eq!(frame["method"], "_event", "{frame}");
    assert_eq!(frame["params"]["subscription"], 1, "{frame}");
    (frame["params"]["channel"].clone(), frame["params"]["data"].clone())
}

fn publish(client: &Client, channel: &str, data: Value) -> Value {
    client.call("_publish", json!({"channel": channel, "data": data})).expect("published")
}

#[test]
fn events_come_in_order_to_those_who_want_them() {
    let server = node(Script::new("e.js", SCRIPT), &[]);
    let mut glob = subscribed(&server, "n?[vw]s.*");
    let mut name = subscribed(&server, "news.art");
    let mut publisher = Session::open(&server);
    for number in 0..500 {
        publisher.call(number, "_publish", &json!(["news.art", {"n": number}]));
    }
    for _ in 0..500 {
        // Two sessions and the script. The answers come as they are there.
        assert_eq!(publisher.receive()["result"], 3);
    }
    for session in [&mut glob, &mut name] {
        for number in 0..500 {
            assert_eq!(event(session), (json!("news.art"), json!({"n": number})));
        }
    }
    let client = Client::new(&server.url);
    let expected: Vec<Value> = (0..500).map(|number| json!(["news.art", {"n": number}])).collect();
    wait_until("the script has them all", SOON, || client.call("seen", json!([])) == Ok(json!(expected)));

    name.call(2, "_unsubscribe", &json!({"subscription": 1}));
    assert_eq!(name.receive()["result"], true);
    name.call(3, "_unsubscribe", &json!([1]));
    assert_eq!(name.receive()["result"], false);
    assert_eq!(publish(&client, "news.art", json!(null)), 2);
    assert_eq!(publish(&client, "nobody", json!(1)), 0);
    assert!(name.is_quiet(Duration::from_millis(50)));
    drop(glob);
    wait_until("who has left does not count", SOON, || publish(&client, "news.art", json!(1)) == 1);
}

#[test]
fn overlapping_subscriptions_each_get_an_event() {
    let server = node(program("cluster.js"), &["--workers", "2"]);
    let mut session = Session::open(&server);
    // In a batch, too.
    session.send(
        r#"[{"jsonrpc":"2.0","id":1,"method":"_subscribe","params":["a"]},
            {"jsonrpc":"2.0","id":2,"method":"_subscribe","params":["*"]}]"#,
    );
    assert_eq!(session.receive().as_array().map(Vec::len), Some(2));
    assert_eq!(publish(&Client::new(&server.url), "a", json!(1)), 2);
    let mut ids: Vec<_> = (0..2).map(|_| session.receive()["params"]["subscription"].as_u64()).collect();
    ids.sort_unstable();
    assert_eq!(ids, [Some(1), Some(2)]);
    assert!(session.is_quiet(Duration::from_millis(50)));
}

#[test]
fn what_a_slow_reader_misses_is_told() {
    let server = node(program("cluster.js"), &[]);
    let mut slow = subscribed(&server, "flood");
    let client = Client::new(&server.url);
    let data = "x".repeat(20_000);
    let total = 4_000_u64;
    for number in 0..total {
        assert_eq!(publish(&client, "flood", json!([number, data])), 1);
    }
    publish(&client, "flood", json!([total, ""]));
    let (mut next, mut dropped) = (0, 0);
    while next <= total {
        let frame = slow.receive();
        match frame["method"].as_str() {
            Some("_event") => {
                assert_eq!(frame["params"]["data"][0], next, "in order, and what is missing was told before");
                next += 1;
            }
            Some("_dropped") => {
                assert_eq!(frame["params"]["subscription"], 1);
                let count = frame["params"]["count"].as_u64().expect("a number");
                assert!(count > 0);
                (next, dropped) = (next + count, dropped + count);
            }
            _ => panic!("{frame}"),
        }
    }
    assert!(dropped > 0, "80 MB fit nowhere");
    // It takes part again.
    publish(&client, "flood", json!([next]));
    assert_eq!(event(&mut slow).1, json!([next]));
}

#[test]
fn names_of_the_system_and_mistakes_are_refused() {
    let server = node(Script::new("e.js", SCRIPT), &["--max-body", "10KiB"]);
    let client = Client::new(&server.url);
    let mut session = Session::open(&server);
    for (method, params, parameter) in [
        ("_publish", json!(["_node.down", 1]), "channel"),
        ("_publish", json!({"data": 1}), "channel"),
        ("_publish", json!(["x".repeat(257), 1]), "channel"),
        ("_subscribe", json!([""]), "channel"),
        ("_subscribe", json!([7]), "channel"),
        ("_unsubscribe", json!(["x"]), "subscription"),
    ] {
        session.call(1, method, &params);
        let error = session.receive()["error"].clone();
        assert_eq!(
            (&error["code"], &error["data"]["parameter"]),
            (&json!(-32602), &json!(parameter)),
            "{method} {params}"
        );
    }
    // Only processes of the cluster stand for others.
    session.call(1, "_subscribe", &json!({"channel": "a", "receivers": 5}));
    assert_eq!(session.receive()["error"]["code"], -32008);
    for method in ["_subscribe", "_unsubscribe"] {
        let error = client.call(method, json!(["a"])).expect_err("not over HTTP");
        assert_eq!(error.code, -32602);
        assert!(error.data["reason"].as_str().is_some_and(|reason| reason.contains("WebSocket")), "{error:?}");
    }
    let error = client.call("publish", json!(["_x", 1])).expect_err("nor by scripts");
    assert_eq!((error.code, &error.data["parameter"]), (-32602, &json!("channel")));
    let long = json!({"jsonrpc": "2.0", "id": 1, "method": "_publish", "params": ["a", "x".repeat(20_000)]});
    assert_eq!(client.post(&long.to_string()).status, 413);
    for number in 0..1_000 {
        session.call(number, "_subscribe", &json!(["a"]));
        assert_eq!(session.receive()["result"], number + 1);
    }
    session.call(1, "_subscribe", &json!(["a"]));
    assert_eq!(session.receive()["error"]["code"], -32602, "a session has at most 1,000");
    // No method is called by the name that subscriptions have inside.
    assert_eq!(client.call("_event:news.*", json!(["news.x", 1])).expect_err("none").code, -32601);
}

#[test]
fn keys_and_rate_limits_hold_for_events() {
    let server = node(program("cluster.js"), &["--api-key", "secret", "--rate-limit", "1:3"]);
    assert_eq!(
        Client::new(&server.url).post(r#"{"jsonrpc":"2.0","id":1,"method":"_publish","params":["a",1]}"#).status,
        401
    );
    let mut session = Session::try_open(&server, &[("x-api-key", "secret")]).expect("let in");
    for id in 0..5 {
        session.call(id, "_publish", &json!(["a", 1]));
    }
    let codes: Vec<Value> = (0..5).map(|_| session.receive()["error"]["code"].clone()).collect();
    assert!(codes.contains(&json!(-32002)), "{codes:?}");
}

#[test]
fn scripts_that_fail_are_logged_and_stopped_and_the_next_event_comes() {
    let script = Script::new(
        "e.js",
        "let count = 0;
         madrpc.subscribe('bad', async data => {
           count++;
           console.info('got', data);
           if (data === 'throw') throw new Error('no way');
           while (data === 'loop') {}
         });
         madrpc.register('count', () => count);",
    );
    for isolation in ["shared", "call", "context"] {
        let server = node(&script, &["--cpu-limit", "300ms", "--isolation", isolation]);
        let client = Client::new(&server.url);
        for data in ["throw", "loop", "fine"] {
            assert_eq!(publish(&client, "bad", json!(data)), 1, "{isolation}");
        }
        server.wait_for_log("the throw", SOON, |line| line.contains("(event bad)") && line.contains("no way"));
        server.wait_for_log("the limit", SOON, |line| line.contains("(event bad)") && line.contains("-32009"));
        server.wait_for_log("the last", SOON, |line| line.contains("(event bad)") && line.contains("fine"));
    }
}

#[test]
fn a_reload_replaces_the_subscriptions() {
    let script = Script::new("e.js", SCRIPT);
    let server = node(&script, &["--watch"]);
    let client = Client::new(&server.url);
    let mut watcher = subscribed(&server, "_script.*");
    assert_eq!(publish(&client, "news.a", json!(1)), 1);
    script.rewrite("const seen = []; madrpc.subscribe('other', data => { seen.push(data); }); madrpc.register('seen', () => seen);");
    let (channel, data) = event(&mut watcher);
    assert_eq!(
        (channel, &data["methods"], &data["node"]),
        (json!("_script.loaded"), &json!(["seen"]), &json!(server.url))
    );
    wait_until("the old one is gone", SOON, || publish(&client, "news.a", json!(1)) == 0);
    assert_eq!(publish(&client, "other", json!(2)), 1);
    wait_until("the new one runs", SOON, || client.call("seen", json!([])) == Ok(json!([2])));
    script.rewrite("madrpc.subscribe('other')");
    let (channel, data) = event(&mut watcher);
    assert_eq!(channel, "_script.failed");
    assert!(data["error"].as_str().is_some_and(|error| error.contains("subscribe")), "{data}");
    assert_eq!(publish(&client, "other", json!(3)), 1);
}

#[test]
fn every_subscriber_of_a_cluster_is_reached_once() {
    let token = ["--cluster-token", "t"];
    let script = Script::new("e.js", SCRIPT);
    let hub = orchestrator(&token);
    let nodes = [node_of(&hub, &script, &token), node_of(&hub, &script, &token)];
    let servers = [&hub, &nodes[0], &nodes[1]];
    let mut sessions: Vec<Session> = servers.iter().map(|server| subscribed(server, "news.*")).collect();
    let client = Client::new(&hub.url);
    // Three sessions and two scripts.
    wait_until("all are known", SOON, || publish(&client, "news.begin", json!(null)) == 5);
    for (number, server) in servers.into_iter().enumerate() {
        assert_eq!(publish(&Client::new(&server.url), "news.a", json!(number)), 5);
    }
    wait_until("scripts publish", SOON, || client.call("publish", json!(["news.end", 3])) == Ok(json!(5)));
    for session in &mut sessions {
        let mut channel = event(session);
        while channel.0 == "news.begin" {
            channel = event(session);
        }
        for number in 0..3 {
            assert_eq!(channel, (json!("news.a"), json!(number)));
            channel = event(session);
        }
        assert_eq!(channel, (json!("news.end"), json!(3)));
        assert!(session.is_quiet(Duration::from_millis(50)), "nothing comes twice");
    }
    for node in &nodes {
        let seen = || {
            let seen = Client::new(&node.url).call("seen", json!([])).expect("it answers");
            let seen: Vec<Value> = seen.as_array().expect("an array").clone();
            seen.into_iter().filter(|seen| seen[0] == "news.a" || seen[0] == "news.end").collect::<Vec<_>>()
        };
        let expected = [json!(["news.a", 0]), json!(["news.a", 1]), json!(["news.a", 2]), json!(["news.end", 3])];
        wait_until("the script has each once", SOON, || seen() == expected);
    }
}

#[test]
fn what_happens_to_nodes_is_told_and_a_node_that_comes_back_takes_part_again() {
    let hub = orchestrator(&[]);
    let mut watcher = subscribed(&hub, "_node.*");
    let script = Script::new("e.js", SCRIPT);
    let (stays, mut dies) = (node_of(&hub, &script, &[]), node_of(&hub, &script, &[]));
    let mut afar = subscribed(&stays, "_node.down");
    for _ in 0..2 {
        let (channel, data) = event(&mut watcher);
        assert_eq!(channel, "_node.joined");
        assert!(data["instance"].is_string() && data["node"].is_string(), "{data}");
    }
    let address = dies.address().to_owned();
    dies.kill();
    loop {
        let (channel, data) = event(&mut watcher);
        if channel == "_node.down" {
            assert_eq!(data["node"], dies.url);
            break;
        }
        assert_eq!(channel, "_node.suspect");
    }
    assert_eq!(event(&mut afar).1["node"], dies.url, "sessions of nodes hear of it, too");
    let client = Client::new(&hub.url);
    wait_until("its script does not count", SOON, || publish(&client, "news.x", json!(0)) == 1);
    let back = node_of(&hub, &script, &["--bind", &address]);
    wait_until("it does again", SOON, || publish(&client, "news.x", json!(1)) == 2);
    let told = Client::new(&back.url);
    wait_until("its script hears", SOON, || {
        told.call("seen", json!([])).is_ok_and(|seen| seen.to_string().contains(r#"["news.x",1]"#))
    });
}

#[test]
fn a_restarted_orchestrator_and_a_restarted_engine_have_their_subscribers_back() {
    let mut hub = orchestrator(&[]);
    let script = Script::new("e.js", SCRIPT);
    let node = node_of(&hub, &script, &[]);
    let local = Client::new(&node.url);
    wait_until("it takes part", SOON, || local.call("_publish", json!(["news.a", 1])) == Ok(json!(1)));
    let address = hub.address().to_owned();
    hub.kill();
    // The node knows at once, and has nobody to publish at.
    let (error, _) = wait_for("there is no orchestrator", SOON, || local.call("_publish", json!(["news.a", 2])).err());
    assert_eq!(error.code, -32005);
    let hub = orchestrator(&["--bind", &address]);
    let client = Client::new(&hub.url);
    wait_until("it takes part again", SOON, || publish(&client, "news.b", json!(3)) == 1);
    signal(node.engine_pid(), "KILL");
    wait_until("the engine is another one, and takes part", SOON, || {
        publish(&client, "news.c", json!(4)) == 1
            && local
                .try_post(&[], br#"{"jsonrpc":"2.0","id":1,"method":"seen"}"#)
                .is_some_and(|reply| reply.body.contains("news.c"))
    });
}

#[test]
fn sub_prints_what_pub_publishes() {
    let server = node(program("cluster.js"), &["--api-key", "k"]);
    let arguments = |args: &[&str]| args.iter().map(Into::into).collect::<Vec<std::ffi::OsString>>();
    let sub = ["sub", &server.url, "n*", "--count", "2", "--api-key", "k"];
    let (mut follower, lines) = Process::spawn(&arguments(&sub));
    let client = Client::new(&server.url).with("x-api-key", "k");
    follower.wait_for_log("it has subscribed", SOON, |line| line.starts_with("listening for n* at http"));
    assert_eq!(client.call("_publish", json!(["nothing", 0])), Ok(json!(1)));
    let published = run(["pub", &server.url, "news", "{\"a\":\n1.0}", "--api-key", "k"]);
    assert_eq!((published.status.code(), String::from_utf8_lossy(&published.stdout).as_ref()), (Some(0), "1\n"));
    assert_eq!(follower.wait_for_exit(SOON), Some(0));
    let last = lines.iter().last().expect("lines");
    assert_eq!(last, "{\"channel\":\"news\",\"data\":{\"a\": 1.0}}");

    let code = |args: &[&str]| run(args).status.code();
    assert_eq!(code(&["pub", &server.url, "news", "1"]), Some(1), "no key");
    assert_eq!(code(&["pub", &server.url, "_news", "1", "--api-key", "k"]), Some(1));
    assert_eq!(code(&["pub", &server.url, "news", "{"]), Some(2));
    assert_eq!(code(&["sub", &server.url, "news"]), Some(1), "no key");
    assert_eq!(code(&["sub", &server.url, "", "--api-key", "k"]), Some(1));
    assert_eq!(code(&["sub", &server.url, "news", "--count", "0"]), Some(2));
    assert_eq!(code(&["sub", "http://127.0.0.1:1", "news"]), Some(3));
}

#[test]
fn sub_comes_back_when_the_server_does() {
    let server = node(program("cluster.js"), &[]);
    let address = server.address().to_owned();
    let arguments: Vec<std::ffi::OsString> = ["sub", &server.url, "a", "--count", "1"].iter().map(Into::into).collect();
    let (mut follower, lines) = Process::spawn(&arguments);
    let subscribers = |url: &str| Client::new(url).get_json("/health")["websocket_clients"] == 1;
    wait_until("it is there", SOON, || subscribers(&server.url));
    drop(server);
    follower.wait_for_log("it says so", SOON, |line| line.contains("trying again"));
    let server = node(program("cluster.js"), &["--bind", &address]);
    let client = Client::new(&server.url);
    wait_until("it is back", SOON, || publish(&client, "a", json!(7)) == 1);
    assert_eq!(follower.wait_for_exit(SOON), Some(0));
    assert_eq!(lines.recv().ok().as_deref(), Some(r#"{"channel":"a","data":7}"#));
}

#[test]
fn sessions_are_told_that_the_server_goes_away() {
    for mut server in [node(program("cluster.js"), &[]), orchestrator(&[])] {
        let mut session = subscribed(&server, "a");
        signal(server.pid(), "TERM");
        assert_eq!(session.closed(), Some(1001));
        assert_eq!(server.wait_for_exit(SOON), Some(0));
    }
    // One that is drained from outside stays, and its sessions go elsewhere.
    let server = node(program("cluster.js"), &[]);
    let mut session = subscribed(&server, "a");
    assert_eq!(run(["drain", &server.url]).status.code(), Some(0));
    assert_eq!(session.closed(), Some(1001));
    let mut later = subscribed(&server, "a");
    assert!(later.is_quiet(Duration::from_millis(100)));
}

#[test]
fn many_publishers_keep_their_own_order() {
    let server = node(program("cluster.js"), &["--workers", "2"]);
    let mut session = subscribed(&server, "c");
    thread::scope(|scope| {
        for publisher in 0..4_u64 {
            let server = &server;
            scope.spawn(move || {
                let mut own = Session::open(server);
                for number in 0..200_u64 {
                    own.call(number, "_publish", &json!(["c", [publisher, number]]));
                }
                for _ in 0..200 {
                    assert_eq!(own.receive()["result"], 1);
                }
            });
        }
    });
    let mut next = [0_u64; 4];
    for _ in 0..800 {
        let (_, data) = event(&mut session);
        let publisher = usize::try_from(data[0].as_u64().expect("a number")).expect("small");
        assert_eq!(data[1], next[publisher]);
        next[publisher] += 1;
    }
}

#[test]
fn a_node_publishes_at_the_first_orchestrator_that_is_there_and_subscribes_at_all() {
    let hubs = [orchestrator(&[]), orchestrator(&[])];
    let dead = format!("http://127.0.0.1:{}", free_port());
    let urls = [&dead, &hubs[0].url, &hubs[1].url];
    let flags: Vec<&str> = urls.iter().flat_map(|url| ["--orchestrator", url.as_str()]).collect();
    let node = node(program("cluster.js"), &flags);
    let mut here = subscribed(&hubs[0], "a");
    let mut there = subscribed(&hubs[1], "a");
    assert_eq!(publish(&Client::new(&node.url), "a", json!(1)), 1, "the first that is there");
    assert_eq!(event(&mut here), (json!("a"), json!(1)));
    let mut own = subscribed(&node, "a");
    for (number, hub) in hubs.iter().enumerate() {
        wait_until("its subscriber is known there", SOON, || publish(&Client::new(&hub.url), "a", json!(number)) == 2);
        while event(&mut own).1 != json!(number) {}
    }
    assert_eq!(event(&mut there).1, 1);
}
