//! Traces as a table.

use madrpc_actors::protocol::span::{TraceList, TraceSummary};

use crate::observe::{duration_us, on_one_line, utc};

/// Longest method that is shown, in characters.
const METHOD: usize = 32;

/// The slowest, one line each.
pub(super) fn list(list: &TraceList) -> String {
    if list.slowest.is_empty() {
        return "no traces yet\n".into();
    }
    let header = ["TIME", "TRACE", "METHOD", "TOTAL", "CALLS", "NODES", "ERRORS"].map(str::to_owned);
    let rows: Vec<[String; 7]> = std::iter::once(header).chain(list.slowest.iter().map(row)).collect();
    let widths: [usize; 7] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    let mut text = String::new();
    for row in &rows {
        // Words are set left, numbers right.
        let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, width))| match column {
            0..=2 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        text += &cells.collect::<Vec<_>>().join("  ");
        text.push('\n');
    }
    text += &format!("{} of {} traces that are kept, the slowest first\n", list.slowest.len(), list.traces);
    text
}

fn row(trace: &TraceSummary) -> [String; 7] {
    [
        utc(trace.start_us),
        on_one_line(&trace.trace_id, METHOD),
        on_one_line(&trace.method, METHOD),
        duration_us(trace.total_us),
        trace.calls.to_string(),
        trace.nodes.to_string(),
        trace.errors.to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_aligned_and_names_are_harmless() {
        let trace = |method: &str, total_us| TraceSummary {
            trace_id: "0af7651916cd43dd8448eb211c80319c".into(),
            method: method.into(),
            start_us: 1_700_000_000_123_456,
            total_us,
            calls: 51,
            nodes: 2,
            errors: 0,
        };
        let slowest = vec![trace("aggregate", 123_400), trace("a\u{1b}[2J\n", 90)];
        let text = list(&TraceList { slowest, latest: vec![], traces: 7, spans: 9, dropped: 0 });
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[0],
            "TIME                  TRACE                             METHOD          TOTAL  CALLS  NODES  ERRORS"
        );
        assert_eq!(
            lines[1],
            "2023-11-14 22:13:20Z  0af7651916cd43dd8448eb211c80319c  aggregate     123.4ms     51      2       0"
        );
        assert_eq!(
            lines[2],
            "2023-11-14 22:13:20Z  0af7651916cd43dd8448eb211c80319c  a\\u{1b}[2J\\n     90us     51      2       0"
        );
        assert_eq!(lines[3], "2 of 7 traces that are kept, the slowest first");
        let none = TraceList { slowest: vec![], latest: vec![], traces: 0, spans: 0, dropped: 0 };
        assert_eq!(list(&none), "no traces yet\n");
    }
}
