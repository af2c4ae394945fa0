//! What the fixes are for: each file of `js/` must pass in the fixed Boa, and in Node.js, which says what is right.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use boa_engine as boa;

mod runner;

/// Room for what an unoptimised Boa takes of the stack.
const STACK_BYTES: usize = 256 << 20;

fn with_stack<T: Send>(body: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let body = || {
            boa::native_stack::set_size(STACK_BYTES / 8 * 7);
            body()
        };
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, body);
        thread.expect("a thread").join().expect("no panic outside of Boa")
    })
}

#[test]
fn every_file_passes_in_the_fixed_boa() {
    let mut failed = Vec::new();
    for file in runner::files(&std::env::var("FIX").unwrap_or_default()) {
        assert_ne!(runner::count(&file), 0, "{} has no rows", runner::name(&file));
        let failures = with_stack(|| runner::failures(&file, ""));
        failed.extend(failures.into_iter().map(|failure| format!("{}: {failure}", runner::name(&file))));
    }
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}

#[test]
fn what_the_files_expect_is_what_node_gives() {
    let files = runner::files(&std::env::var("FIX").unwrap_or_default());
    let mut node = Command::new("node");
    node.arg(runner::folder().join("node.cjs")).arg(runner::folder().join("harness.js")).args(&files);
    let output = node.output().expect("Node.js is there: it is the reference");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let failures: BTreeMap<String, Vec<String>> = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(failures.len(), files.len());
    let failed: Vec<_> = failures.into_iter().filter(|(_, failures)| !failures.is_empty()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn every_fix_says_its_fault_and_has_a_file() {
    let fixes = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixes");
    let tested: BTreeSet<String> = runner::files("").iter().map(|file| runner::name(file)).collect();
    for (krate, _) in madrpc_boa_patcher::build::CRATES {
        for fix in madrpc_boa_patcher::fix::read_all(&fixes.join(krate)).expect("readable fixes") {
            assert!(!fix.fault.is_empty(), "{krate}: {} does not say what it mends", fix.name);
            let needs_none = fix.fault.starts_with("Not a fault:");
            assert!(needs_none || tested.contains(&fix.name), "{krate}: {} has no tests/js/{0}.js", fix.name);
        }
    }
}
