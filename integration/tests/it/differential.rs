//! The engine against Node.js, which is the reference for the whole language: `integration/differential` has the fixed
//! cases and the makers of random programs, and says what may differ and why.

use std::process::Command;

use crate::harness::{binary, repository};

/// The longest that a run may take, in seconds. Each program and each batch has a bound of its own.
const LONGEST_S: &str = "900";

/// Programs of each generator and seed.
const PROGRAMS: &str = "120";

/// Programs of each generator of the language, of a seed that nobody has seen.
const NEW_PROGRAMS: &str = "30";

/// The generators of the language itself. Their long runs show no difference, so what a new seed finds is a fault.
const OF_THE_LANGUAGE: [&str; 13] = [
    "control flow",
    "control flow of generators",
    "control flow of async functions",
    "control flow of async generators",
    "destructuring",
    "classes",
    "scopes",
    "property caches",
    "expressions",
    "arguments objects",
    "private members",
    "with statements",
    "operators",
];

/// It is the same in each run, so that what differs stays found until it is mended.
const FIXED_SEED: &str = "1";

/// Runs `integration/differential/run.mjs`, which prints the seeds and each difference, made as small as it gets.
fn compare(arguments: &[&str]) -> String {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", LONGEST_S, "node"]);
    command.arg(repository("integration/differential/run.mjs")).args(["--engine", binary()]).args(arguments);
    let output = command.output().expect("Node.js is on the PATH");
    let [told, failure] = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success(), "{}\n{told}{failure}", output.status);
    told
}

#[test]
fn fixed_cases_are_as_in_node_js() {
    compare(&["--only", "cases"]);
}

#[test]
fn random_programs_are_as_in_node_js() {
    compare(&["--only", "random", "--programs", PROGRAMS, "--seed", FIXED_SEED]);
}

#[test]
fn random_programs_of_the_language_are_as_in_node_js_for_a_drawn_seed() {
    let mut arguments = vec!["--programs", NEW_PROGRAMS];
    arguments.extend(OF_THE_LANGUAGE.into_iter().flat_map(|name| ["--only", name]));
    // Without `--seed` one is drawn.
    eprint!("{}", compare(&arguments));
}
