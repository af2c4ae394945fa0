//! `madrpc-actor local`: one command that starts a cluster, and ends all of it in every case.

use std::ffi::OsString;
use std::time::Duration;

use serde_json::{json, Value};

use crate::harness::{
    children_of, example, is_alive, program, run, signal, wait_for, wait_until, Process, Script, SOON,
};

fn local(script: &std::path::Path, more: &[&str]) -> Process {
    let args = ["local".into(), "--script".into(), script.into()].into_iter();
    let args: Vec<OsString> = args.chain(more.iter().map(OsString::from)).collect();
    Process::spawn(&args).0
}

/// The orchestrator and nodes that `local` has started, once all are there.
fn wait_for_children(local: &Process, count: usize) -> Vec<u32> {
    let (children, _) = wait_for("local has started its processes", SOON, || {
        Some(children_of(local.pid())).filter(|children| children.len() == count)
    });
    children
}

fn assert_all_end(children: &[u32]) {
    assert!(!children.is_empty());
    wait_until("its processes have ended", SOON, || !children.iter().any(|pid| is_alive(*pid)));
}

#[test]
fn the_main_job_prints_pi_and_nothing_else_on_stdout() {
    let script = example("monte-carlo-pi.js").display().to_string();
    let output = run(["local", "-s", &script, "--call", "aggregate"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let result: Value = serde_json::from_slice(&output.stdout).expect("stdout is JSON");
    let error = result["pi"].as_f64().map(|pi| (pi - std::f64::consts::PI).abs());
    assert!(error.is_some_and(|error| error < 0.01), "{result}");
    // Elapsed time and the number of calls: `aggregate` and its ten samplings.
    assert!(said.contains("11 calls"), "{said}");
}

#[test]
fn its_processes_end_with_a_result() {
    let script = Script::new(
        "slow.js",
        "madrpc.register('slow', () => new Promise((resolve) => setTimeout(() => resolve(7), 1500)));",
    );
    let mut local = local(script.path(), &["--nodes", "2", "--call", "slow"]);
    let children = wait_for_children(&local, 3);
    assert_eq!(local.wait_for_exit(SOON), Some(0), "{}", local.log());
    assert_all_end(&children);
}

#[test]
fn its_processes_end_with_an_error() {
    let script = Script::new(
        "failing.js",
        "madrpc.register('slow', async () => { await new Promise((resolve) => setTimeout(resolve, 1500)); throw new Error('in vain'); });",
    );
    let mut local = local(script.path(), &["--nodes", "3", "--call", "slow"]);
    let children = wait_for_children(&local, 4);
    assert_eq!(local.wait_for_exit(SOON), Some(1), "{}", local.log());
    assert!(local.log().contains("in vain"), "{}", local.log());
    assert_all_end(&children);
}

#[test]
fn its_processes_end_on_ctrl_c_and_on_sigterm() {
    for name in ["INT", "TERM"] {
        let mut local = local(&program("cluster.js"), &["--call", "pause", r#"{"ms": 25000}"#]);
        let children = wait_for_children(&local, 3);
        signal(local.pid(), name);
        let code = local.wait_for_exit(Duration::from_secs(10));
        assert_ne!(code, Some(0), "{name}: no result was printed");
        assert_all_end(&children);
    }
}

#[test]
fn its_processes_end_when_it_is_killed() {
    let mut local = local(&program("cluster.js"), &[]);
    let children = wait_for_children(&local, 3);
    local.kill();
    assert_all_end(&children);
}

#[test]
fn without_a_call_it_serves_until_it_is_ended() {
    let args = ["local", "--script", &program("cluster.js").display().to_string(), "--nodes", "2"].map(OsString::from);
    let (mut local, stdout) = Process::spawn(&args);
    let children = wait_for_children(&local, 3);
    let url = find_url(&stdout);
    let client = crate::harness::Client::new(&url);
    wait_until("both nodes take calls", SOON, || client.info()["enabled_nodes"] == 2);
    assert_eq!(client.call("aggregate", json!({"from": 1, "count": 10})), Ok(json!(385)));
    signal(local.pid(), "INT");
    local.wait_for_exit(SOON);
    assert_all_end(&children);
}

fn find_url(stdout: &std::sync::mpsc::Receiver<String>) -> String {
    let line = stdout.recv_timeout(SOON).expect("it says where it serves");
    line.split(' ').next_back().unwrap_or_default().to_owned()
}

#[test]
fn a_broken_script_ends_it_with_the_place_of_the_error() {
    let script = Script::new("broken.js", "let x = ;\n");
    let mut local = local(script.path(), &["--call", "x"]);
    let code = local.wait_for_exit(SOON);
    assert!(code.is_some_and(|code| code != 0), "{code:?}");
    assert!(local.log().contains("broken.js:1:9"), "{}", local.log());
}

#[test]
fn what_keeps_a_script_from_loading_is_told_once_and_whole() {
    let script = Script::new("cold.js", "const oven = () => {\n  throw new Error('the oven is cold');\n};\noven();\n");
    let mut local = local(script.path(), &["--nodes", "3", "--call", "x"]);
    assert_eq!(local.wait_for_exit(SOON), Some(1), "{}", local.log());
    let log = local.log();
    assert_eq!((log.matches("the oven is cold").count(), log.matches("at oven").count()), (1, 1), "{log}");
}

#[test]
fn bad_arguments_are_refused_before_anything_starts() {
    let script = example("monte-carlo-pi.js").display().to_string();
    for args in [
        &["local", "-s", &script, "--call", "aggregate", "{broken"][..],
        &["local", "-s", &script, "--nodes", "0"],
        &["local", "-s", &script, "--nodes", "many"],
        &["local"],
    ] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
