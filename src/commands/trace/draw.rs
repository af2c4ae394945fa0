//! One trace as a tree, with a bar for each call on the trace's time scale.

use madrpc_actors::protocol::span::{SpanView, TraceTree};

use super::fold::{lines, Alike, Line};
use crate::commands::looks::Looks;
use crate::observe::{duration_us, on_one_line, utc};

/// Columns of a bar at least, and of the method and the node at most.
const BAR: usize = 12;
const METHOD: usize = 36;
const NODE: usize = 24;

/// Levels that are set in; deeper calls stand below each other.
const LEVELS: usize = 16;

/// What a call's time went to, in the order in which it is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Network,
    Queue,
    Js,
    Wait,
    Unknown,
}

impl Part {
    fn block(self) -> char {
        match self {
            Part::Network => '▁',
            Part::Queue => '░',
            Part::Js => '█',
            Part::Wait => '▒',
            Part::Unknown => '▓',
        }
    }

    /// As terminals number them.
    fn colour(self) -> u8 {
        match self {
            Part::Network => 90,
            Part::Queue => 33,
            Part::Js => 32,
            Part::Wait => 34,
            Part::Unknown => 37,
        }
    }
}

const RED: u8 = 31;

/// A line before it is known how wide the columns are.
struct Row {
    method: String,
    /// Node, queue, wait, JavaScript, network, total.
    cells: [String; 6],
    failed: bool,
    start_us: u64,
    parts: Vec<(Part, u64)>,
}

/// The drawing.
pub(super) fn tree(tree: &TraceTree, all: bool, looks: Looks) -> String {
    let summary = &tree.summary;
    let mut text = format!(
        "trace {}  {}  {}: {}, {}, {}\n",
        on_one_line(&summary.trace_id, 32),
        utc(summary.start_us),
        duration_us(summary.total_us),
        counted(summary.calls, "call"),
        counted(summary.nodes, "node"),
        counted(summary.errors, "error"),
    );
    if tree.dropped > 0 {
        text += &format!("{} of its calls are not kept\n", tree.dropped);
    }
    text += &legend(looks);
    text.push('\n');
    let rows: Vec<Row> = lines(&tree.spans, all).iter().map(row).collect();
    let header = ["NODE", "QUEUE", "WAIT", "JS", "NETWORK", "TOTAL"];
    let widest = |cells: &mut dyn Iterator<Item = usize>| cells.max().unwrap_or(0);
    let method = widest(&mut rows.iter().map(|row| row.method.chars().count())).max("METHOD".len());
    let widths: [usize; 6] = std::array::from_fn(|column| {
        widest(&mut rows.iter().map(|row| row.cells[column].chars().count())).max(header[column].len())
    });
    let left = method + widths.iter().map(|width| width + 1).sum::<usize>() + 1;
    let room = looks.columns.saturating_sub(left).max(BAR);
    let line = |name: String, cells: [&str; 6]| {
        let mut line = name;
        for (column, (cell, width)) in cells.into_iter().zip(widths).enumerate() {
            line += &match column {
                0 => format!(" {cell:<width$}"),
                _ => format!(" {cell:>width$}"),
            };
        }
        line
    };
    text += &line(format!("{:<method$}", "METHOD"), header);
    text.push('\n');
    let end = tree.spans.iter().map(|span| span.start_us.saturating_add(span.total_us)).max().unwrap_or(0);
    let scale = Scale { start: summary.start_us, length: end.saturating_sub(summary.start_us).max(1), room };
    for row in &rows {
        let name = format!("{:<method$}", row.method);
        let name = if row.failed { coloured(&name, RED, looks) } else { name };
        text += &line(name, row.cells.each_ref().map(String::as_str));
        text.push(' ');
        text += &scale.bar(row, looks);
        text.push('\n');
    }
    text
}

fn counted(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn legend(looks: Looks) -> String {
    let named = [(Part::Queue, "queue"), (Part::Wait, "wait"), (Part::Js, "JavaScript"), (Part::Network, "network")];
    let named =
        named.map(|(part, name)| format!("{} {name}", coloured(&part.block().to_string(), part.colour(), looks)));
    named.join("  ") + "\n"
}

fn row(line: &Line<'_>) -> Row {
    match line {
        Line::Call(span) => call(span),
        Line::Alike(alike) => many(alike),
    }
}

fn call(span: &SpanView) -> Row {
    let time = |us: Option<u64>| us.map_or("-".into(), duration_us);
    let mut method = indented(span.depth, &span.method);
    if let Some(code) = span.error {
        method += &format!(" !{code}");
    }
    let node = span.node.as_deref().map_or("-", |node| node.split_once("://").map_or(node, |(_, address)| address));
    let parts = match (span.queue_us, span.js_us, span.wait_us, span.network_us) {
        (Some(queue), Some(js), Some(wait), Some(network)) => {
            let there = network / 2;
            let parts = [
                (Part::Network, there),
                (Part::Queue, queue),
                (Part::Js, js),
                (Part::Wait, wait),
                (Part::Network, network - there),
            ];
            parts.to_vec()
        }
        _ => vec![(Part::Unknown, span.total_us)],
    };
    Row {
        method,
        cells: [
            on_one_line(node, NODE),
            time(span.queue_us),
            time(span.wait_us),
            time(span.js_us),
            time(span.network_us),
            duration_us(span.total_us),
        ],
        failed: span.error.is_some(),
        start_us: span.start_us,
        parts,
    }
}

fn many(alike: &Alike<'_>) -> Row {
    let mut method = format!("{} ×{}", indented(alike.depth, alike.method), alike.calls);
    if alike.below > 0 {
        method += &format!(" (+{} below)", alike.below);
    }
    if alike.errors > 0 {
        method += &format!(" !{}", alike.errors);
    }
    Row {
        method,
        cells: [
            counted(alike.nodes as u64, "node"),
            String::new(),
            format!("p50 {}", duration_us(alike.p50_us)),
            format!("p90 {}", duration_us(alike.p90_us)),
            "max".into(),
            duration_us(alike.max_us),
        ],
        failed: alike.errors > 0,
        start_us: alike.start_us,
        parts: vec![(Part::Unknown, alike.end_us.saturating_sub(alike.start_us))],
    }
}

fn indented(depth: usize, method: &str) -> String {
    let depth = depth.min(LEVELS);
    format!("{:indent$}{}", "", on_one_line(method, METHOD.saturating_sub(depth).max(BAR)), indent = depth * 2)
}

fn coloured(text: &str, colour: u8, looks: Looks) -> String {
    match looks.colour {
        true => format!("\u{1b}[{colour}m{text}\u{1b}[0m"),
        false => text.to_owned(),
    }
}

/// The trace's time on the columns that are left.
struct Scale {
    start: u64,
    length: u64,
    room: usize,
}

impl Scale {
    /// The column at which something `us` after the start of the trace is, rounded.
    fn column(&self, us: u64) -> usize {
        let column = u128::from(us) * self.room as u128 * 2 / u128::from(self.length);
        usize::try_from(column.div_ceil(2)).unwrap_or(self.room).min(self.room)
    }

    /// Whatever is short has one column all the same.
    fn bar(&self, row: &Row, looks: Looks) -> String {
        let mut at = row.start_us.saturating_sub(self.start);
        let first = self.column(at).min(self.room - 1);
        let mut column = first;
        let mut text = " ".repeat(first);
        for (part, us) in &row.parts {
            at = at.saturating_add(*us);
            let end = self.column(at);
            if end > column {
                let blocks: String = std::iter::repeat_n(part.block(), end - column).collect();
                text += &coloured(&blocks, part.colour(), looks);
                column = end;
            }
        }
        if column == first {
            let longest = row.parts.iter().max_by_key(|(_, us)| *us).map_or(Part::Unknown, |(part, _)| *part);
            text += &coloured(&longest.block().to_string(), longest.colour(), looks);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use madrpc_actors::protocol::span::TraceSummary;

    use super::super::fold::tests::span;
    use super::*;

    fn trace(spans: Vec<SpanView>) -> TraceTree {
        let summary = TraceSummary {
            trace_id: "0af7651916cd43dd8448eb211c80319c".into(),
            method: "top".into(),
            start_us: 0,
            total_us: 1_000,
            calls: spans.len() as u64,
            nodes: 2,
            errors: 0,
        };
        TraceTree { summary, dropped: 0, spans }
    }

    #[test]
    fn a_tree_is_drawn_on_its_time_scale() {
        let top = SpanView {
            queue_us: Some(100),
            js_us: Some(200),
            wait_us: Some(500),
            network_us: Some(200),
            ..span(0, "top", 0, 1_000)
        };
        let failed = SpanView { error: Some(-32000), ..span(1, "late", 500, 500) };
        let unmeasured = SpanView { js_us: None, ..span(1, "x", 0, 1) };
        let drawn = tree(&trace(vec![top, unmeasured, failed]), false, Looks { columns: 85, colour: false });
        let lines: Vec<&str> = drawn.lines().collect();
        assert_eq!(
            lines[..2],
            [
                "trace 0af7651916cd43dd8448eb211c80319c  1970-01-01 00:00:00Z  1.0ms: 3 calls, 2 nodes, 0 errors",
                "░ queue  ▒ wait  █ JavaScript  ▁ network",
            ]
        );
        assert_eq!(
            lines[3..],
            [
                "METHOD         NODE           QUEUE  WAIT    JS NETWORK TOTAL",
                "top            127.0.0.1:9000 100us 500us 200us   200us 1.0ms ▁▁░░░████▒▒▒▒▒▒▒▒▒▒▒▒▁▁",
                "  x            127.0.0.1:9001   0us   0us     -     0us   1us ▓",
                "  late !-32000 127.0.0.1:9000   0us   0us 500us     0us 500us             ███████████",
            ]
        );
    }

    #[test]
    fn colours_are_for_terminals_and_names_are_harmless() {
        let spans = vec![span(0, "a\u{1b}[31m", 0, 10)];
        let plain = tree(&trace(spans.clone()), false, Looks::PLAIN);
        assert!(!plain.contains('\u{1b}') && plain.contains("a\\u{1b}[31m"), "{plain}");
        let coloured = tree(&trace(spans), false, Looks { colour: true, ..Looks::PLAIN });
        assert!(coloured.contains("\u{1b}[32m█") && coloured.contains("a\\u{1b}[31m"), "{coloured}");
    }

    #[test]
    fn many_that_are_alike_have_one_line() {
        let mut spans = vec![span(0, "top", 0, 1_000)];
        spans.extend((0..50).map(|number| span(1, "leaf", number, number + 1)));
        let drawn = tree(&trace(spans), false, Looks::PLAIN);
        let last = drawn.lines().last().unwrap_or_default();
        assert!(last.starts_with("  leaf ×50 2 nodes"), "{drawn}");
        assert!(last.contains("p50 25us") && last.contains("p90 45us") && last.contains("max  50us"), "{drawn}");
    }
}
