//! Snapshots as plain text, for pipes and logs.

use std::fmt::Write;

use super::sheet::{escaped, Order, Sheet};
use super::sheets::{age, memory, methods, microseconds, nodes, per_second, METHODS_BY};
use super::snapshot::{ClusterLine, Snapshot};
use crate::observe::grouped;

/// All of it: the cluster, its nodes, its methods, and what has changed.
pub fn tables(snapshot: &Snapshot) -> String {
    let mut text = String::new();
    for line in summary(&snapshot.cluster) {
        text += &line;
        text.push('\n');
    }
    text.push('\n');
    text += &nodes_table(snapshot);
    let mut sheet = methods(snapshot);
    sheet.sort(Order { column: METHODS_BY, reversed: false });
    text.push('\n');
    text += &table(&sheet);
    for event in &snapshot.events {
        let node = event.node.as_deref().unwrap_or(&snapshot.cluster.url);
        // A string takes everything.
        let _ = write!(text, "\n{}  {}  {}", escaped(&event.event), escaped(node), escaped(&event.detail));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// The nodes alone.
pub fn nodes_table(snapshot: &Snapshot) -> String {
    let mut sheet = nodes(snapshot);
    sheet.sort(Order::default());
    table(&sheet)
}

/// Who it is; how many nodes and what they have in hand; what they did.
pub(super) fn summary(cluster: &ClusterLine) -> [String; 3] {
    let draining = if cluster.draining { ", draining" } else { "" };
    [
        format!(
            "{}  {} {}, up {}{draining}",
            escaped(&cluster.url),
            escaped(&cluster.server_type),
            escaped(&cluster.version),
            age(cluster.uptime_ms)
        ),
        format!(
            "nodes {} up, {} suspect, {} down  in flight {}  executors {}/{}  memory {}",
            cluster.nodes_up,
            cluster.nodes_suspect,
            cluster.nodes_down,
            grouped(cluster.inflight),
            cluster.executors_busy,
            cluster.executors_all,
            memory(cluster.rss_bytes)
        ),
        format!(
            "calls {} ({}/s)  errors {} ({}/s)  p50 {}  p99 {}",
            grouped(cluster.call_count),
            per_second(cluster.calls_per_s),
            grouped(cluster.failure_count),
            per_second(cluster.errors_per_s),
            microseconds(cluster.p50_latency_us),
            microseconds(cluster.p99_latency_us)
        ),
    ]
}

/// Every column as wide as it needs to be; figures to the right.
fn table(sheet: &Sheet) -> String {
    let width = |column: usize| {
        let cells = sheet.rows.iter().map(|row| row[column].text.chars().count());
        cells.chain([sheet.columns[column].title.len()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..sheet.columns.len()).map(width).collect();
    let titles = sheet.columns.iter().map(|column| column.title).collect::<Vec<_>>();
    let rows = sheet.rows.iter().map(|row| row.iter().map(|cell| cell.text.as_str()).collect::<Vec<_>>());
    let mut text = String::new();
    for row in std::iter::once(titles).chain(rows) {
        for (column, cell) in row.into_iter().enumerate() {
            let _ = match column {
                0 => write!(text, "{cell:<width$}", width = widths[column]),
                _ => write!(text, "  {cell:>width$}", width = widths[column]),
            };
        }
        text.push('\n');
    }
    text
}
