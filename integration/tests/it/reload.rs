//! Scripts that are read again while calls run.

use std::collections::BTreeSet;

use serde_json::json;

use crate::harness::{node, signal, wait_until, Client, Cluster, Load, Process, Script, SOON};

fn script(edition: u32) -> String {
    format!(
        "madrpc.register('edition', () => {edition});
         madrpc.register('slow', {{ idempotent: true }}, p => new Promise(done => setTimeout(() => done({edition}), p.ms)));
         madrpc.register('only{edition}', () => true);"
    )
}

fn edition(client: &Client) -> u64 {
    client.call("edition", json!([])).expect("it is always there").as_u64().expect("a number")
}

fn hang_up(node: &Process) {
    signal(node.pid(), "HUP");
}

#[test]
fn reloads_under_load_lose_no_call() {
    let file = Script::new("reload.js", &script(0));
    let cluster = Cluster::with(&file, 1, &["--health-interval", "200ms"], &["--pool-size", "2"]);
    let load = Load::of(&cluster.client, "slow", 200);
    let failures = load.during(|load| {
        for edition in 1..=20 {
            file.rewrite(&script(edition));
            hang_up(&cluster.nodes[0]);
            wait_until("the new script runs", SOON, || self::edition(&cluster.client) == u64::from(edition));
            load.wait_for_more(20);
        }
    });
    assert_eq!(failures, []);
    let log = cluster.nodes[0].log();
    assert_eq!(log.matches("the new scripts run").count(), 20, "{log}");
}

#[test]
fn the_orchestrator_is_told_of_methods_that_come_and_go() {
    let file = Script::new("methods.js", &script(1));
    // Without checks of its own it knows only what the node tells.
    let cluster = Cluster::with(&file, 1, &["--health-interval", "0"], &[]);
    assert_eq!(cluster.client.call("only1", json!([])), Ok(json!(true)));
    file.rewrite(&script(2));
    hang_up(&cluster.nodes[0]);
    wait_until("the new method is called", SOON, || cluster.client.call("only2", json!([])).is_ok());
    let gone = cluster.client.call("only1", json!([])).expect_err("it is gone");
    assert_eq!(gone.code, -32601);
}

#[test]
fn a_call_in_flight_finishes_in_the_script_that_it_began_in() {
    let file = Script::new("inflight.js", &script(1));
    let node = node(&file, &[]);
    let client = Client::new(&node.url);
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| client.call("slow", json!({"ms": 1_500})));
        wait_until("the call waits", SOON, || Client::new(&node.url).get_json("/health")["pending_requests"] == 1);
        file.rewrite(&script(2));
        hang_up(&node);
        wait_until("the new script runs", SOON, || edition(&client) == 2);
        assert_eq!(slow.join().expect("no panic"), Ok(json!(1)));
    });
}

#[test]
fn an_error_keeps_the_old_script_and_is_logged_with_its_place() {
    let file = Script::new("broken.js", &script(1));
    let node = node(&file, &["--watch"]);
    let client = Client::new(&node.url);
    file.rewrite("madrpc.register('edition', () => 2);\nlet x = ;");
    node.wait_for_log("the error is logged", SOON, |line| line.contains("broken.js:2:"));
    assert_eq!(edition(&client), 1);
    file.rewrite("for (;;);\n");
    signal(node.pid(), "HUP");
    file.rewrite(&script(3));
    wait_until("the mended script runs", SOON, || edition(&client) == 3);
}

#[test]
fn watch_takes_up_changes_of_scripts_and_of_what_they_import() {
    let main = Script::new("main.mjs", "import { n } from './lib.mjs'; madrpc.register('edition', () => n)");
    let lib = main.path().with_file_name("lib.mjs");
    std::fs::write(&lib, "export const n = 1").expect("written");
    let node = node(&main, &["--watch"]);
    let client = Client::new(&node.url);
    let mut seen = BTreeSet::from([edition(&client)]);
    std::fs::write(&lib, "export const n = ").expect("written");
    node.wait_for_log("the error is logged", SOON, |line| line.contains("lib.mjs:1:"));
    seen.insert(edition(&client));
    // As editors do: another file takes the place of the old.
    let other = lib.with_extension("tmp");
    std::fs::write(&other, "export const n = 2").expect("written");
    std::fs::rename(&other, &lib).expect("replaced");
    wait_until("the new module runs", SOON, || edition(&client) == 2);
    main.rewrite("import { n } from './lib.mjs'; madrpc.register('edition', () => n + 1)");
    wait_until("the new script runs", SOON, || edition(&client) == 3);
    assert_eq!(seen, BTreeSet::from([1]));
}
