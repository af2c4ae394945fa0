//! Hostile scripts as files: the node starts and works, or says why not and ends with 1. It never crashes.

use std::ffi::OsString;

use serde_json::json;

use crate::harness::{node, run, Client, Script};

const GOOD: &str = "madrpc.register('fine', ({ n }) => n * n);\n";

fn nested(depth: usize, open: &str, inner: &str, close: &str) -> String {
    [GOOD, "const x = ", &open.repeat(depth), inner, &close.repeat(depth), ";\n"].concat()
}

#[test]
fn sources_that_load() {
    let rows = [
        ("200 arrays", nested(200, "[", "", "]")),
        ("200 objects", nested(200, "{a:", "1", "}")),
        ("200 parentheses", nested(200, "(", "1", ")")),
        ("200 functions", nested(200, "() => ", "1", "")),
        ("200 calls", nested(200, "String(", "1", ")")),
        ("200 templates", nested(200, "`${", "1", "}`")),
        ("200 blocks", [GOOD, &"{".repeat(200), &"}".repeat(200)].concat()),
        ("many methods", (0..999).map(|i| format!("madrpc.register('m{i}', () => {i});\n")).collect::<String>() + GOOD),
        ("many statements", GOOD.to_owned() + &"var x = 1;\n".repeat(20_000)),
        ("a long line", format!("{GOOD}const x = '{}';", "x".repeat(1_000_000))),
        ("a long sum", format!("{GOOD}const x = 1{};", " + 1".repeat(500))),
    ];
    for (name, source) in rows {
        let script = Script::new("nested.js", &source);
        let node = node(&script, &[]);
        assert_eq!(Client::new(&node.url).call("fine", json!({"n": 3})), Ok(json!(9)), "{name}");
    }
}

#[test]
fn sources_that_do_not_load() {
    let rows = [
        ("100,000 arrays", nested(100_000, "[", "", "]")),
        ("100,000 objects", nested(100_000, "{a:", "1", "}")),
        ("100,000 parentheses", nested(100_000, "(", "1", ")")),
        ("100,000 templates", nested(100_000, "`${", "1", "}`")),
        ("100,000 functions", nested(100_000, "() => ", "1", "")),
        ("100,000 negations", nested(100_000, "!", "1", "")),
        ("100,000 blocks", [GOOD, &"{".repeat(100_000), &"}".repeat(100_000)].concat()),
        ("100,000 open arrays", format!("{GOOD}{}", "[".repeat(100_000))),
        ("a loop", format!("{GOOD}for (;;);")),
        ("a recursion", format!("{GOOD}(function f() {{ f(); }})();")),
        ("too many methods", (0..1_001).map(|i| format!("madrpc.register('m{i}', () => {i});\n")).collect()),
        ("no text", "\0\u{1}\u{2}".into()),
    ];
    let mut broken = Vec::new();
    for (name, source) in rows {
        let script = Script::new("nested.js", &source);
        let arguments = ["node", "--bind", "127.0.0.1:0", "--pool-size", "1", "--cpu-limit", "300ms", "--script"];
        let arguments = arguments.map(OsString::from).into_iter().chain([script.path().into()]);
        let output = run(arguments);
        let log = String::from_utf8_lossy(&output.stderr);
        // The parser takes 26 kB of stack per level. Past what a thread has the engine dies, and the supervisor says so.
        let said = log.contains("nested.js:") || log.contains("the engine died while it started");
        if output.status.code() != Some(1) || !said {
            let last = log.lines().last().unwrap_or_default();
            broken.push(format!("{name}: {:?} {last}", output.status));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
