//! Scripts that change the globals that they share with later calls. That may break their own methods, and nothing else:
//! the node answers at once whatever it is asked, and with a fresh context all is well again.

use std::time::Instant;

use serde_json::json;

use super::{flags, Outcome, Victim, AT_ONCE, RUNS};
use crate::harness::{wait_until, Client, SOON};

fn victim(isolation: &str) -> Victim {
    Victim::new("tampering.js", &[flags("100ms", "256MiB"), vec!["--isolation", isolation]].concat())
}

/// Every row breaks what it can, and then all others are called in what is left, before the scripts are loaded anew.
#[test]
fn shared() {
    let victim = victim("shared");
    assert!(victim.rows.len() >= 30, "{}", victim.rows.len());
    let mut broken = Vec::new();
    for row in &victim.rows {
        for run in 0..RUNS {
            let outcome = victim.outcome(row);
            // What it broke the first time may keep it from what it did then.
            if run == 0 && !row.promise.is_kept_by(&outcome) || outcome == Outcome::Broken {
                broken.push(format!("{row:?} in run {run}: {outcome:?}"));
            }
            for method in ["fine", "waits", "calls"] {
                let start = Instant::now();
                let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": {"n": 3}, "meta": {"timeoutMs": 500}});
                let outcome = victim.send(body.to_string().as_bytes());
                if outcome == Outcome::Broken || start.elapsed() >= AT_ONCE {
                    broken.push(format!("{method} after {row:?}: {outcome:?} after {:?}", start.elapsed()));
                }
            }
        }
        victim.reload();
        victim.answers_an_ordinary_call(&row.name);
    }
    assert!(broken.is_empty(), "promises that were broken:\n{}", broken.join("\n"));
    let info = Client::new(&victim.node.url).info();
    assert_eq!(info["engine_restarts"], 0, "{}", victim.node.log());
}

/// With a context of its own no call can break another.
#[test]
fn context() {
    victim("context").run(1, 30);
}

impl Victim {
    fn reload(&self) {
        let loaded = || self.node.log().matches("the new scripts run").count();
        let before = loaded();
        crate::harness::signal(self.node.pid(), "HUP");
        wait_until("the scripts are loaded anew", SOON, || loaded() > before);
    }
}
