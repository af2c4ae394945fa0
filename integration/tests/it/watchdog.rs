//! Scripts that nothing inside the engine can stop.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{json, Value};

use crate::harness::{
    cpu_time, node, node_with, orchestrator, overruns, pause, program, wait_until, Client, Cluster, Process, Script,
    SOON,
};

/// Methods that overrun where the engine can't look: inside of the system's own functions, as `overruns` has them.
const OVERRUNS: &str = "
    const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    madrpc.register('fine', { idempotent: true }, () => 'fine');
    madrpc.register('pause', async ({ ms }) => { await wait(ms); return 'done'; });
    madrpc.register('spin', () => Math.sinh(2));
    madrpc.register('grow', { idempotent: true }, async () => {
      await null;
      Math.cosh(2);
    });
    madrpc.register('call_sync', () => madrpc.callSync('pause', { ms: 1500 }));
";

fn overrunning_node(script: &Script, flags: &[&str]) -> Process {
    node_with(&[("LD_PRELOAD", overruns().as_os_str())], script, flags)
}

fn restarts(client: &Client) -> u64 {
    client.info()["engine_restarts"].as_u64().expect("a number")
}

/// Calls `method`, which must cost its engine and not the node, and returns the reason that `_info` tells. The caller
/// may have been answered or not.
fn overrun(node: &Process, method: &str) -> String {
    let client = Client::new(&node.url);
    let before = restarts(&client);
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method}).to_string();
    let reply = client.try_post(&[("content-type", "application/json")], body.as_bytes());
    if let Some(reply) = reply {
        assert_eq!(reply.json()["error"]["code"], -32009, "{}", reply.body);
    }
    let client = || Client::new(&node.url);
    wait_until("the next engine serves", SOON, || restarts(&client()) == before + 1);
    assert_eq!(client().call("fine", Value::Null), Ok(json!("fine")));
    let info = client().info();
    info["last_restart_reason"].as_str().expect("a reason").to_owned()
}

#[test]
fn native_work_without_end_costs_the_engine() {
    let script = Script::new("overruns.js", OVERRUNS);
    let node = overrunning_node(&script, &["--cpu-limit", "200ms"]);
    let start = Instant::now();
    let reason = overrun(&node, "spin");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    for part in ["CPU limit", "\"spin\"", "200ms", "exit status: 70"] {
        assert!(reason.contains(part), "{part} in {reason}");
    }
    node.wait_for_log("the log tells, too", SOON, |line| line.contains("ERROR") && line.contains("\"spin\""));
}

#[test]
fn the_call_that_overran_is_answered_and_others_finish() {
    let script = Script::new("overruns.js", OVERRUNS);
    let node = overrunning_node(&script, &["--cpu-limit", "600ms", "--pool-size", "2"]);
    let client = Client::new(&node.url);
    thread::scope(|scope| {
        let stuck = scope.spawn(|| Client::new(&node.url).call("spin", Value::Null));
        wait_until("it runs", SOON, || client.pending() == 1);
        // Ends while the engine is leaving, or before.
        let other = scope.spawn(|| Client::new(&node.url).call("pause", json!({"ms": 700})));
        let failure = stuck.join().expect("no panic").expect_err("it overran");
        assert_eq!((failure.code, &failure.data["limit"]), (-32009, &json!(600)));
        assert_eq!(other.join().expect("no panic"), Ok(json!("done")));
    });
}

#[test]
fn memory_that_grows_costs_the_engine() {
    let script = Script::new("overruns.js", OVERRUNS);
    let node = overrunning_node(&script, &["--memory-limit", "200MiB", "--cpu-limit", "60s"]);
    let reason = overrun(&node, "grow");
    for part in ["memory limit", "\"grow\"", "200 MiB", "exit status: 70"] {
        assert!(reason.contains(part), "{part} in {reason}");
    }
    let had = reason.split("has ").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<u64>().ok());
    assert!(had.is_some_and(|mib| (200..1_000).contains(&mib)), "it was stopped in time: {reason}");
}

/// Waiting is no running, for a timer as for another call, even if that blocks the executor.
#[test]
fn who_waits_is_left_alone() {
    let script = Script::new("overruns.js", OVERRUNS);
    let node = node(&script, &["--cpu-limit", "100ms"]);
    let client = Client::new(&node.url);
    assert_eq!(client.call("call_sync", Value::Null), Ok(json!("done")));
    assert_eq!(client.call("pause", json!({"ms": 1_000})), Ok(json!("done")));
    assert_eq!(restarts(&client), 0);
}

#[test]
fn an_idle_engine_uses_no_cpu() {
    let node = node(program("cluster.js"), &[]);
    assert_eq!(Client::new(&node.url).call("square", json!({"n": 3})), Ok(json!(9)));
    // Executors linger for a second after a call.
    let window = Duration::from_secs(2);
    for rest in [window / 2, window] {
        let (before, start) = (cpu_time(node.engine_pid()), Instant::now());
        while start.elapsed() < rest {
            pause(rest - start.elapsed());
        }
        let used = cpu_time(node.engine_pid()) - before;
        assert!(rest < window || used <= Duration::from_millis(20), "{used:?} within {window:?}");
    }
}

/// A call that kills engines is not taken from node to node.
#[test]
fn a_poisonous_call_kills_two_engines_at_most() {
    let script = Script::new("overruns.js", OVERRUNS);
    let orchestrator = orchestrator(&["--retries", "9"]);
    let flags = ["--memory-limit", "200MiB", "--cpu-limit", "60s", "--orchestrator", &orchestrator.url];
    let nodes = (0..3).map(|_| overrunning_node(&script, &flags)).collect();
    let client = Client::new(&orchestrator.url);
    let cluster = Cluster { nodes, client, orchestrator };
    cluster.wait_for_usable(3);
    let failure = cluster.client.call("grow", Value::Null).expect_err("no node survives it");
    assert!([-32005, -32009].contains(&failure.code), "{failure:?}");
    let killed = || (0..3).map(|index| restarts(&cluster.node_client(index))).sum::<u64>();
    wait_until("the engines are replaced", SOON, || killed() > 0);
    for _ in 0..20 {
        assert_eq!(cluster.client.call("fine", Value::Null), Ok(json!("fine")));
    }
    assert!(killed() <= 2, "{}", killed());
    cluster.wait_for_usable(3);
}
