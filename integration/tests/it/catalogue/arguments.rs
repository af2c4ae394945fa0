//! Hostile arguments and bodies, for a method that does nothing with them.

use super::{flags, Outcome, Promise, Row, Victim, RUNS};
use crate::harness::{node, Script};

const ECHO: &str = "
    madrpc.register('fine', ({ n }) => n * n);
    madrpc.register('take', (params) => typeof params);
    madrpc.register('echo', (params) => params);
    madrpc.register('keys', (params) => Object.keys(params).length);
";

fn call(method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#)
}

fn nested(depth: usize, open: &str, inner: &str, close: &str) -> String {
    [open.repeat(depth), inner.to_owned(), close.repeat(depth)].concat()
}

fn many(count: usize, (open, close): (char, char), item: impl Fn(usize) -> String) -> String {
    let items: Vec<_> = (0..count).map(item).collect();
    format!("{open}{}{close}", items.join(","))
}

#[test]
fn arguments() {
    let script = Script::new("arguments.js", ECHO);
    let mut victim = Victim::of(node(&script, &flags("5s", "1GiB")));
    let error = |code| Promise::Code(code);
    let rows = [
        ("100,000 arrays deep", call("take", &nested(100_000, "[", "", "]")), error(-32700)),
        ("100,000 objects deep", call("take", &nested(100_000, r#"{"a":"#, "1", "}")), error(-32700)),
        (
            "a deep id",
            r#"{"jsonrpc":"2.0","method":"take","id":"#.to_owned() + &nested(100_000, "[", "", "]") + "}",
            error(-32700),
        ),
        ("never closed", call("take", &"[".repeat(1_000_000)), error(-32700)),
        ("128 deep", call("keys", &nested(128, "[", "", "]")), Promise::Gives(1.into())),
        (
            "a million elements",
            call("keys", &many(1_000_000, ('[', ']'), |i| (i % 10).to_string())),
            Promise::Gives(1_000_000.into()),
        ),
        (
            "200,000 keys",
            call("keys", &many(200_000, ('{', '}'), |i| format!(r#""k{i}":0"#))),
            Promise::Gives(200_000.into()),
        ),
        (
            "200,000 keys that are numbers",
            call("keys", &many(200_000, ('{', '}'), |i| format!(r#""{}":0"#, i * 20_011))),
            Promise::Gives(200_000.into()),
        ),
        (
            "one key over and over",
            call("keys", &many(200_000, ('{', '}'), |_| r#""k":0"#.into())),
            Promise::Gives(1.into()),
        ),
        (
            "__proto__",
            call("keys", r#"{"__proto__":{"x":1},"constructor":1,"toString":1,"then":1}"#),
            Promise::Gives(4.into()),
        ),
        ("toJSON that is data", call("echo", r#"{"toJSON":1}"#), Promise::Gives(serde_json::json!({"toJSON": 1}))),
        ("a long number", call("take", &format!("[{}]", "9".repeat(1_000_000))), Promise::Gives("object".into())),
        (
            "a long fraction",
            call("take", &format!("[0.{}1e-{}]", "0".repeat(500_000), "9".repeat(1_000))),
            Promise::Gives("object".into()),
        ),
        (
            "lone surrogates",
            call("take", &format!(r#"["{}"]"#, r"\ud800".repeat(100_000))),
            Promise::Gives("object".into()),
        ),
        (
            "lone surrogates in deep keys",
            call("take", &nested(126, r#"{"\ud800":"#, "1", "}")),
            Promise::Gives("object".into()),
        ),
        (
            "escapes",
            call("take", &format!(r#"["{}"]"#, r"\u0000\\\/".repeat(200_000))),
            Promise::Gives("object".into()),
        ),
        ("a long method", call(&"x".repeat(1_000_000), "[]"), error(-32601)),
        ("a body beyond the limit", call("take", &format!(r#"["{}"]"#, "x".repeat(11 << 20))), error(-32006)),
    ];
    for (name, body, promise) in rows {
        let row = Row { name: name.to_owned(), promise };
        for run in 0..RUNS {
            let outcome = victim.send(body.as_bytes());
            // A server that refuses a body may close before all of it was sent.
            let refused = outcome == Outcome::Broken && row.promise == Promise::Code(-32006);
            assert!(refused || row.promise.is_kept_by(&outcome), "{row:?} gave {outcome:?} in run {run}");
            victim.answers_an_ordinary_call(name);
            assert!(!victim.engine_was_replaced(), "{row:?} in run {run}: {}", victim.node.log());
        }
    }
}
