//! Hostile scripts and arguments, each with the outcome that is promised.
//!
//! A row is a method of a program in `integration/programs/hostile`; its description begins with the promise, in the
//! words that `Promise` reads. Each row runs three times, and after each run the node must answer an ordinary call within
//! a second. After all rows it must have the threads that it began with, and its memory.

mod arguments;
mod footprint;
mod promise;
mod sources;
mod tampering;

use std::time::{Duration, Instant};

use serde_json::{json, Value};

use crate::harness::{node, program, wait_for, Client, Process};
use footprint::Footprint;
use promise::{Outcome, Promise};

/// How often each row runs.
const RUNS: usize = 3;

/// What an ordinary call may take after a row has run, the start of another engine included.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Rows that never settle end at this deadline.
const DEADLINE_MS: u64 = 300;

/// A method of a hostile program.
#[derive(Debug)]
struct Row {
    name: String,
    promise: Promise,
}

/// A node that runs one hostile program.
#[derive(Debug)]
struct Victim {
    node: Process,
    rows: Vec<Row>,
    restarts: u64,
}

impl Victim {
    fn new(file: &str, flags: &[&str]) -> Victim {
        Victim::of(node(program("hostile").join(file), flags))
    }

    fn of(node: Process) -> Victim {
        let info = Client::new(&node.url).info();
        let methods = info["methods"].as_array().expect("methods");
        let row = |method: &Value| {
            let promise = Promise::read(method["description"].as_str()?);
            Some(Row { name: method["name"].as_str()?.to_owned(), promise })
        };
        let rows = methods.iter().filter_map(row).collect();
        Victim { node, rows, restarts: 0 }
    }

    /// Runs rows, all of them or one in `every`, and checks each promise. The rows are said to be `at_least` so many.
    fn run(&mut self, every: usize, at_least: usize) {
        let rows = std::mem::take(&mut self.rows);
        assert!(rows.len() >= at_least, "there are only {} rows", rows.len());
        let mut broken = Vec::new();
        for row in rows.iter().step_by(every) {
            for run in 0..RUNS {
                let outcome = self.outcome(row);
                self.answers_an_ordinary_call(&row.name);
                let replaced = self.engine_was_replaced();
                if !row.promise.is_kept_by(&outcome)
                    || row.promise.costs_the_engine().is_some_and(|due| due != replaced)
                {
                    broken.push(format!("{row:?} in run {run}: {outcome:?}, engine replaced: {replaced}"));
                }
            }
        }
        assert!(broken.is_empty(), "promises that were broken:\n{}", broken.join("\n"));
    }

    /// Some executors that stood in for blocked ones stay for the next time: in a program that has such rows they are there
    /// from the beginning.
    fn has_stand_ins(&self) {
        let methods = &Client::new(&self.node.url).info()["methods"];
        if methods.as_array().expect("methods").iter().any(|method| method["name"] == "blocked") {
            let body = json!({"jsonrpc": "2.0", "id": 1, "method": "blocked", "params": {"n": 2}}).to_string();
            assert_eq!(self.send(body.as_bytes()), Outcome::Result(json!(0)));
        }
    }

    fn outcome(&self, row: &Row) -> Outcome {
        let mut request = json!({"jsonrpc": "2.0", "id": 1, "method": row.name, "params": {}});
        if row.promise == Promise::Timeout {
            request["meta"] = json!({"timeoutMs": DEADLINE_MS});
        }
        self.send(request.to_string().as_bytes())
    }

    /// Over a connection of its own: one that is kept may lead to an engine that is gone.
    fn send(&self, body: &[u8]) -> Outcome {
        let client = Client::new(&self.node.url);
        Outcome::of(client.try_post(&[("content-type", "application/json")], body))
    }

    /// A connection that the last engine took just before its end is lost with it: that call is made again, and the time
    /// goes on.
    fn answers_an_ordinary_call(&self, after: &str) {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "fine", "params": {"n": 3}}).to_string();
        let start = Instant::now();
        let (answer, _) = wait_for("an ordinary call is answered", AT_ONCE, || match self.send(body.as_bytes()) {
            Outcome::Broken => None,
            answer => Some(answer),
        });
        assert_eq!(answer, Outcome::Result(json!(9)), "after {after}");
        assert!(start.elapsed() < AT_ONCE, "{:?} after {after}", start.elapsed());
    }

    /// Since the last time that this was asked. The engine that has answered a call is the one that stays.
    fn engine_was_replaced(&mut self) -> bool {
        let restarts = Client::new(&self.node.url).info()["engine_restarts"].as_u64().expect("a number");
        restarts != std::mem::replace(&mut self.restarts, restarts)
    }
}

const ISOLATED: [&str; 2] = ["call", "context"];

/// Limits that are met soon; how a limit is met depends on none of them.
fn flags<'a>(cpu: &'a str, memory: &'a str) -> Vec<&'a str> {
    vec!["--cpu-limit", cpu, "--memory-limit", memory, "--call-timeout", "20s"]
}

/// All rows, shared; and then one in `every` for each other isolation.
fn catalogue(file: &str, flags: &[&str], at_least: usize, every: usize) {
    catalogue_with(file, flags, flags, at_least, every);
}

/// With other flags where each call may load the scripts, which has the same limit and takes a debug build its time.
fn catalogue_with(file: &str, flags: &[&str], isolated: &[&str], at_least: usize, every: usize) {
    let mut victim = Victim::new(file, flags);
    victim.has_stand_ins();
    let start = Footprint::of(&victim.node);
    victim.run(1, at_least);
    start.is_reached_again(&victim.node);
    for isolation in ISOLATED {
        Victim::new(file, &[isolated, &["--isolation", isolation]].concat()).run(every, at_least);
    }
}

#[test]
fn loops() {
    catalogue_with("loops.js", &flags("60ms", "256MiB"), &flags("300ms", "256MiB"), 130, 3);
}

#[test]
fn recursion() {
    catalogue("recursion.js", &flags("2s", "1GiB"), 90, 3);
}

#[test]
fn promises() {
    catalogue("promises.js", &flags("3s", "512MiB"), 80, 3);
}

#[test]
fn streams() {
    catalogue("streams.js", &flags("3s", "512MiB"), 50, 3);
}

#[test]
fn odd_values() {
    catalogue("odd.js", &flags("3s", "512MiB"), 100, 3);
}

#[test]
fn memory() {
    catalogue_with("memory.js", &flags("60ms", "512MiB"), &flags("300ms", "512MiB"), 40, 9);
}

#[test]
fn large_values() {
    catalogue("large.js", &[&flags("5s", "512MiB")[..], &["--max-body", "1MiB"]].concat(), 40, 3);
}
