//! What has changed between two looks at an orchestrator.

use std::collections::BTreeMap;

use serde::Serialize;

use super::answers::Answers;
use super::snapshot::{NodeLine, Snapshot};

/// Something that happened, or was first seen, at a look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// When it was seen, in milliseconds of Unix time.
    pub time_ms: u64,
    /// `joined`, `left`, `up`, `suspect`, `down`, `breaker`, `disabled`, `enabled`, `restarted`; of the server `gone`,
    /// `back`.
    pub event: String,
    /// Which node; null for the server itself, and where it is not known.
    pub node: Option<String>,
    /// More about it, or nothing.
    pub detail: String,
}

impl Event {
    pub(super) fn new(time_ms: u64, event: &str, node: Option<&str>, detail: impl Into<String>) -> Event {
        Event { time_ms, event: event.to_owned(), node: node.map(str::to_owned), detail: detail.into() }
    }
}

/// Counts in `node_events`, and what the same is called here. A suspect one on its way down is told as down alone.
const COUNTED: [(&str, &str); 4] = [("joined", "joined"), ("left", "left"), ("down", "down"), ("recovered", "up")];

/// What is different in `after`, node by node; then what was counted in between and can't be seen any more. Both are looks
/// at the same process.
pub(super) fn changes(time_ms: u64, before: (&Snapshot, &Answers), after: (&Snapshot, &Answers)) -> Vec<Event> {
    let old: BTreeMap<&str, &NodeLine> = before.0.nodes.iter().map(|node| (node.addr.as_str(), node)).collect();
    let new: BTreeMap<&str, &NodeLine> = after.0.nodes.iter().map(|node| (node.addr.as_str(), node)).collect();
    let mut events = Vec::new();
    for (addr, node) in &new {
        let mut tell = |event: &str, detail: &str| events.push(Event::new(time_ms, event, Some(addr), detail));
        let reason = node.disable_reason.as_deref().unwrap_or_default();
        match old.get(addr) {
            None => tell("joined", if node.state == "up" { "" } else { &node.state }),
            Some(old) => {
                let same_state = old.state == node.state;
                if !same_state {
                    tell(&node.state, reason);
                }
                if old.circuit_state != node.circuit_state {
                    tell("breaker", node.circuit_state.as_deref().unwrap_or_default());
                }
                match (&old.disable_reason, &node.disable_reason) {
                    (Some(_), None) if same_state => tell("enabled", ""),
                    (old, Some(_)) if same_state && *old != node.disable_reason => tell("disabled", reason),
                    _ => {}
                }
                if old.uptime_ms > node.uptime_ms && node.uptime_ms.is_some() {
                    tell("restarted", "its engine is a new one");
                }
            }
        }
    }
    for addr in old.keys().filter(|addr| !new.contains_key(*addr)) {
        events.push(Event::new(time_ms, "left", Some(addr), ""));
    }
    for (counted, event) in COUNTED {
        let count = |answers: &Answers| answers.metrics.node_events.get(counted).copied().unwrap_or_default();
        let seen = events.iter().filter(|other| other.event == event).count() as u64;
        let missed = count(after.1).saturating_sub(count(before.1)).saturating_sub(seen);
        if missed > 0 {
            events.push(Event::new(time_ms, event, None, format!("{missed} between two looks")));
        }
    }
    events
}
