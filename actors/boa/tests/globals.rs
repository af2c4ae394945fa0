//! The globals of ECMAScript have the properties that they have in Node.js, with their attributes, names and lengths, but
//! for what `globals/differences.json` lists, with reasons; what it lists must differ.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use boa_engine::{Context, Source};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/globals").join(name)
}

type Properties = BTreeMap<String, String>;

fn in_boa() -> Properties {
    let walk = std::fs::read_to_string(file("walk.js")).expect("walk.js");
    let run = move || {
        let mut context = Context::default();
        let found = context.eval(Source::from_bytes(&walk)).expect("walk.js runs");
        found.to_string(&mut context).expect("a text").to_std_string().expect("no lone surrogates")
    };
    // An unoptimised Boa takes much of the stack.
    let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(run).expect("a thread");
    serde_json::from_str(&thread.join().expect("no panic")).expect("JSON")
}

fn in_node() -> Properties {
    let program = "console.log(require('vm').runInThisContext(require('fs').readFileSync(process.argv[1], 'utf8')))";
    let output = Command::new("node").args(["-e", program]).arg(file("walk.js")).output();
    let output = output.expect("Node.js is there: it is the reference");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Whether `path` is that of `listed`, or of something in it.
fn is_in(path: &str, listed: &str) -> bool {
    path.strip_prefix(listed).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// What is wrong with `differing` paths, of which `listed` may and must be.
fn unexplained(kind: &str, differing: &[String], listed: &BTreeMap<String, String>) -> Vec<String> {
    let explains = |path: &String| listed.keys().find(|listed| is_in(path, listed));
    let explained: BTreeSet<&String> = differing.iter().filter_map(explains).collect();
    let unlisted = differing.iter().filter(|path| explains(path).is_none()).map(|path| format!("{kind}: {path}"));
    let untrue = listed.keys().filter(|path| !explained.contains(path)).map(|path| format!("not {kind}: {path}"));
    unlisted.chain(untrue).collect()
}

#[test]
fn globals_are_those_of_node() {
    let (boa, node) = (in_boa(), in_node());
    let listed = std::fs::read(file("differences.json")).expect("differences.json");
    let listed: BTreeMap<String, BTreeMap<String, String>> = serde_json::from_slice(&listed).expect("JSON");
    let keys = |of: &Properties, other: &Properties| -> Vec<String> {
        of.keys().filter(|path| !other.contains_key(*path)).cloned().collect()
    };
    let other = node.iter().filter(|(path, property)| boa.get(*path).is_some_and(|found| found != *property));
    let other: Vec<String> = other.map(|(path, _)| path.clone()).collect();
    let mut wrong = unexplained("missing", &keys(&node, &boa), &listed["missing"]);
    wrong.extend(unexplained("more", &keys(&boa, &node), &listed["more"]));
    wrong.extend(unexplained("other", &other, &listed["other"]).into_iter().map(|sentence| {
        let path = sentence.split(": ").last().unwrap_or_default();
        format!("{sentence}: {:?} in Node.js, {:?} in Boa", node.get(path), boa.get(path))
    }));
    assert!(wrong.is_empty(), "{wrong:#?}");
}
