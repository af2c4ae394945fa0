//! The engine against Node.js, which is the reference for the whole language: `integration/differential` has the fixed
//! cases and the makers of random programs, and says what may differ and why.

use std::process::Command;

use crate::harness::{binary, repository};

/// The longest that a run may take, in seconds. Each program and each batch has a bound of its own.
const LONGEST_S: &str = "900";

/// Programs of each generator and seed.
const PROGRAMS: &str = "120";

/// It is the same in each run, so that what differs stays found until it is mended.
const FIXED_SEED: &str = "1";

/// Runs `integration/differential/run.mjs`, which prints each difference, made as small as it gets.
fn compare(arguments: &[&str]) {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", LONGEST_S, "node"]);
    command.arg(repository("integration/differential/run.mjs")).args(["--engine", binary()]).args(arguments);
    let output = command.output().expect("Node.js is on the PATH");
    let [told, failure] = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success(), "{}\n{told}{failure}", output.status);
}

#[test]
fn fixed_cases_are_as_in_node_js() {
    compare(&["--only", "cases"]);
}

#[test]
fn random_programs_are_as_in_node_js() {
    compare(&["--only", "random", "--programs", PROGRAMS, "--seed", FIXED_SEED]);
}
