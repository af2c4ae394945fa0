//! The links between processes: that calls take them, and what becomes of calls when they are cut.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use serde_json::{json, Value};

use crate::harness::{
    node, orchestrator, program, wait_until, Client, Cluster, Progress, Proxy, Recorder, Script, StopAtEnd, SOON,
};

fn sessions(url: &str) -> u64 {
    Client::new(url).get_json("/health")["websocket_clients"].as_u64().expect("a number")
}

#[test]
fn calls_and_nested_calls_take_links() {
    let cluster = Cluster::start(program("cluster.js"), 1);
    assert_eq!(sessions(&cluster.nodes[0].url), 0, "membership goes by HTTP");
    wait_until("the orchestrator has a link to the node", SOON, || {
        assert_eq!(cluster.client.call("aggregate", json!({"from": 1, "count": 3})), Ok(json!(14)));
        sessions(&cluster.nodes[0].url) == 1
    });
    assert_eq!(sessions(&cluster.orchestrator.url), 0, "the node needs none of its own");
    // Large params do not make others wait, and come all the same.
    let echo = Script::new("echo.js", "madrpc.register('length', p => p[0].length)");
    let cluster = Cluster::start(&echo, 1);
    for length in [10, 70_000, 5_000_000] {
        assert_eq!(cluster.client.call("length", json!(["x".repeat(length)])), Ok(json!(length)));
    }
}

#[test]
fn links_that_are_cut_lose_nothing_that_may_not_be_lost() {
    const CUTS: usize = 100;
    const CALLERS: usize = 8;
    let recorder = Recorder::start();
    let proxies = [Proxy::start(), Proxy::start()];
    let nodes_flags = |proxy: &Proxy| {
        let flags = ["--bind", "127.0.0.1:0", "--pool-size", "1", "--workers", "1", "--allow-net"];
        let mut flags: Vec<String> = flags.map(str::to_owned).to_vec();
        flags.extend([recorder.entry(), "--public-url".into(), proxy.url.clone()]);
        flags
    };
    let orchestrator = orchestrator(&["--circuit-timeout", "100ms", "--health-interval", "200ms"]);
    let nodes = proxies.each_ref().map(|proxy| {
        let flags = nodes_flags(proxy);
        let mut flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        flags.extend(["--orchestrator", &orchestrator.url]);
        let node = node(program("soak.js"), &flags);
        proxy.lead_to(node.address());
        node
    });
    let client = Client::new(&orchestrator.url);
    let usable = || {
        let info = client.info();
        let nodes = info["nodes"].as_array().expect("nodes is an array").iter();
        nodes.filter(|node| node["state"] == "up" && node["circuit_state"] == "Closed").count()
    };
    wait_until("both nodes take calls", SOON, || usable() == 2);

    let (stop, next) = (AtomicBool::new(false), AtomicU64::new(0));
    let recorder_url = format!("http://{}", recorder.entry());
    let progress = Progress::of(CALLERS);
    let caller = |caller: usize| {
        let (client, mut outcomes) = (Client::new(&orchestrator.url), Vec::new());
        while !stop.load(Ordering::Relaxed) {
            let id = next.fetch_add(1, Ordering::Relaxed);
            let (method, params) = match id % 3 {
                0 => ("put", json!({"id": id, "ms": 5, "recorder": recorder_url})),
                1 => ("get", json!({"n": id, "ms": 5})),
                _ => ("fan_out", json!({"n": 4, "ms": 2})),
            };
            outcomes.push((id, method, client.call(method, params).map_err(|failure| failure.code)));
            progress.ended(caller);
        }
        outcomes
    };
    let (outcomes, cut) = thread::scope(|scope| {
        let (stop, caller) = (StopAtEnd(&stop), &caller);
        let callers: Vec<_> = (0..CALLERS).map(|number| scope.spawn(move || caller(number))).collect();
        let mut cut = 0;
        for number in 0..CUTS {
            // A call that has lost two nodes in a row is not tried on a third: those of the last cut have ended.
            progress.wait_for_each(2, SOON);
            wait_until("both nodes take calls", SOON, || usable() == 2);
            cut += proxies[number % 2].cut();
        }
        drop(stop);
        let outcomes: Vec<(u64, &str, Result<Value, i64>)> =
            callers.into_iter().flat_map(|caller| caller.join().expect("no panic")).collect();
        (outcomes, cut)
    });
    assert!(cut >= CUTS / 2, "{cut} connections were cut");
    let runs = recorder.counts();
    for (id, method, outcome) in &outcomes {
        match (*method, outcome) {
            ("put", Ok(_)) => assert_eq!(runs.get(&id.to_string()), Some(&1), "{id}"),
            ("put", Err(code)) => {
                assert!([-32005, -32004].contains(code), "{id}: {code}");
                assert!(runs.get(&id.to_string()).is_none_or(|runs| *runs == 1), "{id} ran twice");
            }
            (_, outcome) => assert!(outcome.is_ok(), "{method} {id}: {outcome:?}"),
        }
    }
    wait_until("nothing is left", SOON, || {
        client.pending() == 0 && nodes.iter().all(|node| Client::new(&node.url).pending() == 0)
    });
}

#[test]
fn what_comes_over_a_link_is_logged_as_over_http() {
    let script = Script::new(
        "loud.js",
        "madrpc.register('loud', () => { console.warn('about to fail'); throw new Error('it is cold'); });
         madrpc.register('quiet', () => 1);",
    );
    let cluster = Cluster::start(&script, 1);
    let node = &cluster.nodes[0];
    wait_until("the orchestrator has a link to the node", SOON, || {
        assert_eq!(cluster.client.call("quiet", Value::Null), Ok(json!(1)));
        sessions(&node.url) == 1
    });
    // Without what differs by call: its ids and times.
    let told = |client: &Client| {
        let before = node.log().lines().count();
        client.call("loud", Value::Null).expect_err("it fails");
        node.wait_for_log("it is told", SOON, |line| line.contains("it is cold"));
        let told = || node.log().lines().skip(before).filter_map(words).collect::<Vec<_>>();
        wait_until("both lines are there", SOON, || told().len() == 2);
        told()
    };
    let (direct, by_link) = (told(&Client::new(&node.url)), told(&cluster.client));
    assert_eq!(direct, by_link);
    assert_eq!(sessions(&node.url), 1);
}

/// A line about the method `loud` without its time, and without words that have a digit in them.
fn words(line: &str) -> Option<String> {
    let (_, line) = line.split_once(' ').filter(|_| line.contains("loud"))?;
    Some(line.split(' ').filter(|word| !word.contains(|c: char| c.is_ascii_digit())).collect::<Vec<_>>().join(" "))
}
