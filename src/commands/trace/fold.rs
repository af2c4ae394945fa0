//! Which lines a tree is shown by: siblings that are many and alike share one.

use std::collections::{BTreeMap, BTreeSet};

use madrpc_actors::protocol::span::SpanView;

/// Siblings of one method that each have a line of their own.
const FEW: usize = 20;

/// One line of the drawing.
#[derive(Debug)]
pub(super) enum Line<'a> {
    /// One call.
    Call(&'a SpanView),
    /// Calls that one call made, all of one method.
    Alike(Alike<'a>),
}

/// What is said of many.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Alike<'a> {
    pub(super) depth: usize,
    pub(super) method: &'a str,
    pub(super) calls: usize,
    /// Calls that these made, and theirs; they have no lines.
    pub(super) below: usize,
    pub(super) nodes: usize,
    pub(super) errors: usize,
    pub(super) start_us: u64,
    pub(super) end_us: u64,
    /// Of their totals.
    pub(super) p50_us: u64,
    pub(super) p90_us: u64,
    pub(super) max_us: u64,
}

/// The lines for `spans`, in which each call stands before those that it made.
pub(super) fn lines(spans: &[SpanView], all: bool) -> Vec<Line<'_>> {
    let families = if all { BTreeMap::new() } else { large_families(spans) };
    let of_member: BTreeMap<usize, &Vec<usize>> =
        families.values().flat_map(|members| members.iter().map(move |member| (*member, members))).collect();
    let mut lines = Vec::new();
    let mut index = 0;
    while let Some(span) = spans.get(index) {
        match of_member.get(&index) {
            Some(members) => {
                if members.first() == Some(&index) {
                    lines.push(Line::Alike(alike(spans, members)));
                }
                index = end(spans, index);
            }
            None => {
                lines.push(Line::Call(span));
                index += 1;
            }
        }
    }
    lines
}

/// The place after all that a call led to.
fn end(spans: &[SpanView], index: usize) -> usize {
    let depth = spans[index].depth;
    let further = spans[index + 1..].iter().position(|span| span.depth <= depth);
    further.map_or(spans.len(), |further| index + 1 + further)
}

/// Siblings by caller and method, where they are many.
fn large_families(spans: &[SpanView]) -> BTreeMap<(usize, &str), Vec<usize>> {
    let mut families: BTreeMap<(usize, &str), Vec<usize>> = BTreeMap::new();
    let mut above: Vec<usize> = Vec::new();
    for (index, span) in spans.iter().enumerate() {
        above.truncate(span.depth);
        if let Some(caller) = above.last() {
            families.entry((*caller, &span.method)).or_default().push(index);
        }
        above.push(index);
    }
    families.retain(|_, members| members.len() > FEW);
    families
}

fn alike<'a>(spans: &'a [SpanView], members: &[usize]) -> Alike<'a> {
    let calls: Vec<&SpanView> = members.iter().map(|index| &spans[*index]).collect();
    let mut totals: Vec<u64> = calls.iter().map(|span| span.total_us).collect();
    totals.sort_unstable();
    let percentile = |percent: usize| totals[(totals.len() * percent).div_ceil(100).saturating_sub(1)];
    Alike {
        depth: calls[0].depth,
        method: &calls[0].method,
        calls: calls.len(),
        below: members.iter().map(|index| end(spans, *index) - index - 1).sum(),
        nodes: calls.iter().filter_map(|span| span.node.as_deref()).collect::<BTreeSet<_>>().len(),
        errors: calls.iter().filter(|span| span.error.is_some()).count(),
        start_us: calls.iter().map(|span| span.start_us).min().unwrap_or(0),
        end_us: calls.iter().map(|span| span.start_us.saturating_add(span.total_us)).max().unwrap_or(0),
        p50_us: percentile(50),
        p90_us: percentile(90),
        max_us: percentile(100),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::commands::trace) fn span(depth: usize, method: &str, start_us: u64, total_us: u64) -> SpanView {
        SpanView {
            span_id: "1".into(),
            parent_id: None,
            depth,
            method: method.into(),
            node: Some(format!("http://127.0.0.1:{}", 9000 + total_us % 2)),
            start_us,
            total_us,
            queue_us: Some(0),
            js_us: Some(total_us),
            wait_us: Some(0),
            network_us: Some(0),
            attempts: 1,
            error: None,
        }
    }

    fn wide(siblings: u64) -> Vec<SpanView> {
        let mut spans = vec![span(0, "top", 0, 1_000), span(1, "other", 0, 5)];
        for number in 0..siblings {
            spans.push(span(1, "leaf", number, number + 1));
            spans.push(span(2, "inner", number, 1));
        }
        spans
    }

    #[test]
    fn few_siblings_have_a_line_each() {
        assert_eq!(lines(&wide(20), false).len(), 42);
        assert_eq!(lines(&wide(100), true).len(), 202);
    }

    #[test]
    fn many_share_one_that_tells_their_percentiles() {
        let spans = wide(100);
        let folded = lines(&spans, false);
        assert_eq!(folded.len(), 3);
        let Line::Alike(alike) = &folded[2] else { panic!("{folded:?}") };
        let expected = Alike {
            depth: 1,
            method: "leaf",
            calls: 100,
            below: 100,
            nodes: 2,
            errors: 0,
            start_us: 0,
            end_us: 199,
            p50_us: 50,
            p90_us: 90,
            max_us: 100,
        };
        assert_eq!(*alike, expected);
    }
}
