//! The tables of nodes and of methods.

use std::time::Duration;

use super::sheet::{Cell, Column, Sheet, Tone};
use super::snapshot::{MethodLine, NodeLine, Snapshot};
use crate::observe::{grouped, latency, rate};

const NODES: [Column; 11] = [
    Column { title: "node", width: 0, gives_way: 0 },
    Column { title: "state", width: 8, gives_way: 0 },
    Column { title: "breaker", width: 8, gives_way: 3 },
    Column { title: "in flight", width: 10, gives_way: 2 },
    Column { title: "queue", width: 6, gives_way: 8 },
    Column { title: "calls/s", width: 8, gives_way: 1 },
    Column { title: "errors/s", width: 9, gives_way: 7 },
    Column { title: "p99", width: 8, gives_way: 2 },
    Column { title: "cpu", width: 5, gives_way: 4 },
    Column { title: "memory", width: 9, gives_way: 6 },
    Column { title: "executors", width: 10, gives_way: 5 },
];

const METHODS: [Column; 7] = [
    Column { title: "method", width: 0, gives_way: 0 },
    Column { title: "calls", width: 13, gives_way: 3 },
    Column { title: "calls/s", width: 8, gives_way: 1 },
    Column { title: "errors", width: 11, gives_way: 2 },
    Column { title: "errors/s", width: 9, gives_way: 5 },
    Column { title: "p50", width: 8, gives_way: 4 },
    Column { title: "p99", width: 8, gives_way: 2 },
];

/// How many columns they have.
pub(super) const NODE_COLUMNS: usize = NODES.len();
pub(super) const METHOD_COLUMNS: usize = METHODS.len();

/// The column of methods that they are sorted by at first.
pub(super) const METHODS_BY: usize = 2;

pub(super) fn nodes(snapshot: &Snapshot) -> Sheet {
    Sheet { columns: &NODES, rows: snapshot.nodes.iter().map(node).collect() }
}

pub(super) fn methods(snapshot: &Snapshot) -> Sheet {
    Sheet { columns: &METHODS, rows: snapshot.methods.iter().map(method).collect() }
}

fn node(node: &NodeLine) -> Vec<Cell> {
    let (state, tone) = state(node);
    let executors = node.executors_all.map(|all| format!("{}/{all}", node.executors_busy.unwrap_or_default()));
    let breaker = node.circuit_state.as_deref().unwrap_or("-");
    let breaker_tone = match breaker {
        "Closed" => Tone::Good,
        "Open" => Tone::Bad,
        "HalfOpen" => Tone::Doubtful,
        _ => Tone::Plain,
    };
    vec![
        Cell::text(&node.addr),
        Cell::text(state).toned(tone),
        Cell::text(breaker).toned(breaker_tone),
        count(node.inflight),
        Cell::figure(node.queue.map(|queue| queue as f64), |_| grouped(node.queue.unwrap_or_default())),
        Cell::figure(node.calls_per_s, rate),
        errors(Cell::figure(node.errors_per_s, rate)),
        took(node.p99_latency_us),
        Cell::figure(node.cpu, |share| format!("{:.0}%", share * 100.0)),
        Cell::figure(node.rss_bytes.map(|bytes| bytes as f64), |_| memory(node.rss_bytes)),
        Cell::figure(node.executors_busy.map(|busy| busy as f64), |_| executors.unwrap_or_default()),
    ]
}

/// A node that is up and gets no calls is told by the reason's first word.
fn state(node: &NodeLine) -> (&str, Tone) {
    match (node.state.as_str(), &node.disable_reason) {
        ("up", None) => ("up", Tone::Good),
        ("up", Some(reason)) => (reason.split([' ', ':']).next().unwrap_or("off"), Tone::Doubtful),
        ("down", _) => ("down", Tone::Bad),
        (other, _) => (other, Tone::Doubtful),
    }
}

fn method(method: &MethodLine) -> Vec<Cell> {
    vec![
        Cell::text(&method.name),
        count(method.call_count),
        Cell::figure(method.calls_per_s, rate),
        errors(count(method.failure_count)),
        errors(Cell::figure(method.errors_per_s, rate)),
        took(method.p50_latency_us),
        took(method.p99_latency_us),
    ]
}

fn count(count: u64) -> Cell {
    Cell::figure(Some(count as f64), |_| grouped(count))
}

fn errors(cell: Cell) -> Cell {
    let any = cell.number.is_some_and(|errors| errors > 0.0);
    cell.toned(if any { Tone::Bad } else { Tone::Plain })
}

fn took(us: Option<u64>) -> Cell {
    Cell::figure(us.map(|us| us as f64), |_| microseconds(us))
}

/// `1.2ms`, or `-`.
pub(super) fn microseconds(us: Option<u64>) -> String {
    us.map_or_else(|| "-".into(), |us| latency(Duration::from_micros(us)))
}

/// `61.4MiB`, or `-`.
pub(super) fn memory(bytes: Option<u64>) -> String {
    let Some(bytes) = bytes else { return "-".into() };
    let mib = bytes as f64 / f64::from(1 << 20);
    match mib {
        ..1023.95 => format!("{mib:.1}MiB"),
        _ => format!("{:.1}GiB", mib / 1024.0),
    }
}

/// `2d 3h`, `4m 5s`.
pub(super) fn age(ms: u64) -> String {
    let s = ms / 1000;
    match s {
        0..=59 => format!("{s}s"),
        60..=3_599 => format!("{}m {}s", s / 60, s % 60),
        3_600..=86_399 => format!("{}h {}m", s / 3_600, s % 3_600 / 60),
        _ => format!("{}d {}h", s / 86_400, s % 86_400 / 3_600),
    }
}

/// Rates as `rate`, or `-`.
pub(super) fn per_second(of: Option<f64>) -> String {
    of.map_or_else(|| "-".into(), rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_ages_are_short() {
        assert_eq!((memory(None), memory(Some(64_382_566))), ("-".into(), "61.4MiB".into()));
        assert_eq!(memory(Some(3 << 30)), "3.0GiB");
        let ages = [59_999, 61_000, 7_260_000, 97_200_000].map(age);
        assert_eq!(ages, ["59s", "1m 1s", "2h 1m", "1d 3h"]);
    }
}
