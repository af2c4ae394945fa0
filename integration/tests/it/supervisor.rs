//! Engines that die, and the supervisor that replaces them.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{json, Value};

use crate::harness::{
    children_of, cpu_time, is_alive, is_stopped, node, pause, program, run, signal, wait_for, wait_until, Client,
    Cluster, Process, Script, SOON,
};

/// How long a node may be without an engine that answers.
const BACK: Duration = Duration::from_secs(1);

/// The engine that answers now.
fn engine(client: &Client) -> u32 {
    let pid = client.info()["pid"].as_u64().expect("a process id");
    u32::try_from(pid).expect("a process id")
}

/// Asks over a connection of its own: one that is kept may lead to an engine that is gone.
fn square(node: &Process, n: u64) -> Value {
    Client::new(&node.url).call("square", json!({"n": n})).expect("the node answers")
}

fn restarts(info: &Value) -> u64 {
    info["engine_restarts"].as_u64().expect("a number")
}

/// Kills the engine, and returns it.
fn kill_engine(node: &Process) -> u32 {
    let pid = engine(&Client::new(&node.url));
    signal(pid, "KILL");
    pid
}

#[test]
fn a_killed_engine_is_replaced_and_the_node_stays_who_it_is() {
    let node = node(program("cluster.js"), &[]);
    let before = Client::new(&node.url).info();
    assert_eq!((restarts(&before), &before["last_restart_reason"]), (0, &Value::Null));
    assert_eq!(square(&node, 3), json!(9));

    let killed = Instant::now();
    let old = kill_engine(&node);
    assert_eq!(square(&node, 4), json!(16));
    assert!(killed.elapsed() < BACK, "{:?}", killed.elapsed());

    let after = Client::new(&node.url).info();
    assert_eq!(restarts(&after), 1);
    assert_eq!(after["instance"], before["instance"]);
    assert_ne!(after["pid"], json!(old));
    let reason = after["last_restart_reason"].as_str().expect("a reason");
    assert!(reason.contains("SIGKILL"), "{reason}");
    let is_told = |line: &str| line.contains("WARN") && line.contains("SIGKILL") && line.contains("at once");
    node.wait_for_log("the restart is logged", SOON, is_told);
    assert_eq!(children_of(node.pid()), [engine(&Client::new(&node.url))]);
}

#[test]
fn every_way_to_die_is_named() {
    let node = node(program("cluster.js"), &[]);
    for (number, name) in (1..).zip(["ABRT", "QUIT", "KILL"]) {
        square(&node, 1);
        signal(engine(&Client::new(&node.url)), name);
        let info = || Client::new(&node.url).info();
        wait_until("the next engine serves", SOON, || restarts(&info()) == number);
        let reason = info()["last_restart_reason"].to_string();
        assert!(reason.contains(&format!("SIG{name}")), "{reason}");
    }
}

/// An engine that is stopped takes no connections: they lie in the socket until it has been replaced.
#[test]
fn connections_wait_for_the_next_engine() {
    const CLIENTS: u64 = 20;
    let node = node(program("cluster.js"), &[]);
    square(&node, 1);
    let pid = engine(&Client::new(&node.url));
    signal(pid, "STOP");
    wait_until("it takes no connection", SOON, || is_stopped(pid));
    let body = |n: u64| json!({"jsonrpc": "2.0", "id": n, "method": "square", "params": {"n": n}}).to_string();
    let waiting: Vec<TcpStream> = (0..CLIENTS)
        .map(|n| {
            let mut stream = TcpStream::connect(node.address()).expect("it queues and is not refused");
            let body = body(n);
            let head = "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json";
            write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).expect("it is taken");
            stream
        })
        .collect();
    signal(pid, "KILL");
    for (n, mut stream) in (0..CLIENTS).zip(waiting) {
        stream.set_read_timeout(Some(SOON)).expect("a socket");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        assert!(answer.contains(&format!("\"result\":{}", n * n)), "{answer}");
    }
    assert!(!is_alive(pid));
}

#[test]
fn the_engine_does_not_outlive_its_supervisor() {
    for name in ["KILL", "TERM", "INT"] {
        let mut node = node(program("cluster.js"), &[]);
        let pid = engine(&Client::new(&node.url));
        assert_ne!(pid, node.pid());
        signal(node.pid(), name);
        let code = node.wait_for_exit(SOON);
        assert_eq!(code, (name != "KILL").then_some(0), "{name}: {}", node.log());
        wait_until("the engine is gone", SOON, || !is_alive(pid));
    }
}

#[test]
fn a_supervisor_that_is_to_end_lets_calls_finish() {
    let mut node = node(program("cluster.js"), &[]);
    let client = Client::new(&node.url);
    thread::scope(|scope| {
        let call = scope.spawn(|| client.call("pause", json!({"ms": 700})));
        let other = Client::new(&node.url);
        wait_until("the call runs", SOON, || other.pending() == 1);
        signal(node.pid(), "TERM");
        assert_eq!(node.wait_for_exit(SOON), Some(0));
        assert_eq!(call.join().expect("no panic"), Ok(json!("done")));
    });
}

#[test]
fn a_node_whose_parent_is_gone_ends() {
    let mut node = node(program("cluster.js"), &[]);
    let pid = engine(&Client::new(&node.url));
    node.close_stdin();
    assert_eq!(node.wait_for_exit(SOON), Some(0));
    assert!(!is_alive(pid));
}

/// The next engine reads the scripts anew. One that does not load is tried again until it does.
#[test]
fn a_script_that_broke_meanwhile_is_tried_again_until_it_is_mended() {
    let good = "madrpc.register('version', () => 1);";
    let script = Script::new("broken-later.js", good);
    let mut node = node(&script, &[]);
    let version = |node: &Process| Client::new(&node.url).call("version", Value::Null);
    assert_eq!(version(&node), Ok(json!(1)));

    script.rewrite("\nlet x = ;");
    kill_engine(&node);
    let backs_off = |line: &str| line.contains("exit status: 1") && line.contains("restart 4 in ");
    node.wait_for_log("it backs off", SOON, backs_off);
    let log = node.log();
    assert!(log.contains("broken-later.js:2:9"), "{log}");
    assert!(log.contains("restart 2 at once"), "{log}");
    assert!(log.contains("restart 3 in "), "{log}");

    // Who calls meanwhile waits.
    thread::scope(|scope| {
        let call = scope.spawn(|| version(&node));
        script.rewrite(&good.replace('1', "2"));
        assert_eq!(call.join().expect("no panic"), Ok(json!(2)));
    });

    script.rewrite("let x = ;");
    kill_engine(&node);
    wait_until("it backs off again", SOON, || node.log().matches("exit status: 1").count() > 4);
    signal(node.pid(), "TERM");
    assert_eq!(node.wait_for_exit(SOON), Some(0), "{}", node.log());
}

#[test]
fn the_first_engine_must_load_its_script() {
    let arguments = |script: &Path| -> Vec<OsString> {
        let script = [OsString::from("--script"), script.into()];
        ["node", "--bind", "127.0.0.1:0"].map(OsString::from).into_iter().chain(script).collect()
    };
    let script = Script::new("never-good.js", "\n  let x = ;\n");
    for (path, said) in [(script.path(), "never-good.js:2:11"), (Path::new("no-such-file.js"), "no-such-file.js")] {
        let output = run(arguments(path));
        let log = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{log}");
        assert!(log.contains(said) && !log.contains("restart"), "{log}");
        assert_eq!(output.stdout, b"", "nothing listens");
    }
}

#[test]
fn sighup_ends_neither() {
    let node = node(program("cluster.js"), &[]);
    let client = Client::new(&node.url);
    let pid = engine(&client);
    signal(node.pid(), "HUP");
    node.wait_for_log("the engine heard it", SOON, |line| line.contains("reload"));
    assert_eq!((square(&node, 5), engine(&client)), (json!(25), pid));
}

#[test]
fn without_a_supervisor_there_is_one_process() {
    let mut node = node(program("cluster.js"), &["--no-supervise"]);
    let info = Client::new(&node.url).info();
    assert_eq!(info["pid"], json!(node.pid()));
    assert_eq!((restarts(&info), &info["last_restart_reason"]), (0, &Value::Null));
    assert_eq!(children_of(node.pid()), [0; 0]);
    assert_eq!(square(&node, 5), json!(25));
    signal(node.pid(), "TERM");
    assert_eq!(node.wait_for_exit(SOON), Some(0));
}

#[test]
fn the_supervisor_does_nothing_while_nothing_happens() {
    let node = node(program("cluster.js"), &[]);
    square(&node, 1);
    let (before, start) = (cpu_time(node.pid()), Instant::now());
    let window = Duration::from_secs(1);
    while start.elapsed() < window {
        square(&node, 2);
        pause(Duration::from_millis(10));
    }
    assert!(cpu_time(node.pid()) - before <= Duration::from_millis(10));
}

/// A crowd of calls that died together is no reason to keep the node out of rotation once it is back.
#[test]
fn the_circuit_closes_with_the_next_engine() {
    let cluster = Cluster::with(program("cluster.js"), 1, &["--failure-threshold", "2"], &[]);
    let client = &cluster.client;
    thread::scope(|scope| {
        let calls: Vec<_> = (0..8).map(|_| scope.spawn(|| client.call("pause", json!({"ms": 20_000})))).collect();
        let node = cluster.node_client(0);
        wait_until("all are in flight", SOON, || node.pending() == 8);
        kill_engine(&cluster.nodes[0]);
        for call in calls {
            assert_eq!(call.join().expect("no panic").map_err(|failure| failure.code), Err(-32005));
        }
    });
    let back = wait_until("calls get through", SOON, || client.call("square", json!({"n": 6})) == Ok(json!(36)));
    assert!(back < Duration::from_secs(5), "{back:?}");
}

/// Calls that were in flight on the engine fail at once, or go elsewhere; the node itself is never out of the cluster.
#[test]
fn through_an_orchestrator_a_lost_engine_costs_the_calls_in_flight() {
    let cluster = Cluster::with(program("cluster.js"), 2, &["--health-interval", "0"], &[]);
    for (method, expected) in [("pause", Err(-32005)), ("pause_idempotent", Ok(json!("done")))] {
        thread::scope(|scope| {
            let call = scope.spawn(|| cluster.client.call(method, json!({"ms": 700})));
            let (victim, _) = wait_for("the call is in flight", SOON, || {
                (0..2).find(|index| cluster.node_client(*index).pending() > 0)
            });
            let before = cluster.node_client(victim).info();
            let killed = Instant::now();
            kill_engine(&cluster.nodes[victim]);
            let result = call.join().expect("no panic").map_err(|failure| failure.code);
            assert_eq!(result, expected, "{method}");
            assert!(result.is_ok() || killed.elapsed() < Duration::from_millis(600), "at once");
            let info = || cluster.node_client(victim).info();
            wait_until("the next engine serves", SOON, || restarts(&info()) == restarts(&before) + 1);
            cluster.wait_for_usable(2);
            assert_eq!(cluster.client.info()["total_nodes"], 2);
        });
    }
}
