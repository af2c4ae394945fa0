//! The traces that are kept: the latest, and for longer the slowest of each method.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::tree::in_order;
use crate::protocol::span::{SpanView, TraceList, TraceSummary, TraceTree};
use crate::protocol::Span;

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Traces in all.
    pub traces: usize,
    /// Calls in all.
    pub spans: usize,
    /// Calls of one trace.
    pub spans_of_trace: usize,
    /// Traces that stay because they are slow; they hold at most half of the calls.
    pub slow_traces: usize,
    /// For how long they do, in microseconds.
    pub slow_for_us: u64,
}

/// Ids that are told of those with one beginning.
const FEW: usize = 5;

impl Default for Bounds {
    /// About 3 MB when full.
    fn default() -> Self {
        Bounds { traces: 512, spans: 10_000, spans_of_trace: 2_500, slow_traces: 128, slow_for_us: 60 * 60 * 1_000_000 }
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct Ring {
    bounds: Bounds,
    traces: BTreeMap<u128, Trace>,
    spans: usize,
    dropped: u64,
    /// Counts what was added.
    clock: u64,
    latest_us: u64,
}

#[derive(Debug, Default)]
struct Trace {
    spans: Vec<Span>,
    /// All of its calls and errors, those that are not kept included.
    calls: u64,
    errors: u64,
    /// When a call was added last.
    touched: u64,
    /// The place of the call that took longest.
    longest: usize,
}

impl Ring {
    /// An empty one.
    pub fn new(bounds: Bounds) -> Self {
        Ring { bounds, ..Ring::default() }
    }

    /// Adds a finished call. Its trace may have ended long ago, or be one that never ends.
    pub fn add(&mut self, span: Span) {
        self.clock += 1;
        self.latest_us = self.latest_us.max(span.end_us());
        let trace = self.traces.entry(span.trace_id).or_default();
        trace.touched = self.clock;
        match trace.add(span, self.bounds.spans_of_trace) {
            true => self.spans += 1,
            false => self.dropped += 1,
        }
        if self.traces.len() > self.bounds.traces || self.spans > self.bounds.spans {
            self.make_room();
        }
    }

    /// Forgets an eighth, the oldest first, so that this is not done for every call.
    fn make_room(&mut self) {
        let (traces, spans) = (self.bounds.traces / 8 * 7, self.bounds.spans / 8 * 7);
        let slow = self.slowest_by_method();
        let mut oldest: Vec<(u64, u128)> = self.traces.iter().map(|(id, trace)| (trace.touched, *id)).collect();
        oldest.sort_unstable();
        for (_, id) in oldest {
            if self.traces.len() <= traces && self.spans <= spans {
                return;
            }
            if !slow.contains(&id) {
                let forgotten = self.traces.remove(&id).map_or(0, |trace| trace.spans.len());
                self.spans -= forgotten;
            }
        }
    }

    /// The traces that stay: first the slowest of each method, then the second slowest of each, and so on.
    fn slowest_by_method(&self) -> BTreeSet<u128> {
        let since = self.latest_us.saturating_sub(self.bounds.slow_for_us);
        let mut traces: Vec<(u128, &Trace)> = self.traces.iter().map(|(id, trace)| (*id, trace)).collect();
        traces.retain(|(_, trace)| trace.longest().end_us() >= since);
        traces.sort_by_key(|(_, trace)| std::cmp::Reverse(trace.longest().total_us));
        let mut of_method: HashMap<&str, usize> = HashMap::new();
        let mut ranked: Vec<(usize, u128, usize)> = Vec::with_capacity(traces.len());
        for (id, trace) in traces {
            let rank = of_method.entry(&trace.longest().method).or_default();
            ranked.push((*rank, id, trace.spans.len()));
            *rank += 1;
        }
        // Stable: of one rank the slowest are first.
        ranked.sort_by_key(|(rank, _, _)| *rank);
        let mut room = self.bounds.spans / 2;
        let fits = |(_, _, spans): &(usize, u128, usize)| match room.checked_sub(*spans) {
            Some(left) => {
                room = left;
                true
            }
            None => false,
        };
        ranked.into_iter().filter(fits).take(self.bounds.slow_traces).map(|(_, id, _)| id).collect()
    }

    /// The ids of kept traces from the first to the last of these, a few of them.
    pub fn ids(&self, from: u128, to: u128) -> Vec<u128> {
        self.traces.range(from..=to).map(|(id, _)| *id).take(FEW).collect()
    }

    /// At most `limit` of the slowest and of the latest.
    pub fn list(&self, limit: usize) -> TraceList {
        let mut traces: Vec<(u128, &Trace)> = self.traces.iter().map(|(id, trace)| (*id, trace)).collect();
        let summaries = |traces: &[(u128, &Trace)]| {
            traces.iter().take(limit).map(|(id, trace)| trace.summary(*id, &in_order(&trace.spans))).collect()
        };
        traces.sort_by_key(|(_, trace)| std::cmp::Reverse(trace.longest().total_us));
        let slowest = summaries(&traces);
        traces.sort_by_key(|(_, trace)| std::cmp::Reverse(trace.touched));
        let latest = summaries(&traces);
        let (traces, spans) = (traces.len() as u64, self.spans as u64);
        TraceList { slowest, latest, traces, spans, dropped: self.dropped }
    }

    /// One trace.
    pub fn tree(&self, id: u128) -> Option<TraceTree> {
        let trace = self.traces.get(&id)?;
        let order = in_order(&trace.spans);
        let spans = order.iter().map(|(index, depth)| SpanView::of(&trace.spans[*index], *depth)).collect();
        let dropped = trace.calls - trace.spans.len() as u64;
        Some(TraceTree { summary: trace.summary(id, &order), dropped, spans })
    }
}

impl Trace {
    /// False when as many calls are kept as before. Of too many, one that takes longer stays in the place of another:
    /// who calls takes longer than who is called, and comes last.
    fn add(&mut self, span: Span, most: usize) -> bool {
        self.calls += 1;
        self.errors += u64::from(span.error.is_some());
        let longest = self.spans.get(self.longest).map(|longest| longest.total_us);
        let grows = self.spans.len() < most.max(1);
        let place = if grows {
            self.spans.push(span);
            self.spans.len() - 1
        } else {
            let others = self.calls % self.spans.len() as u64;
            let place = usize::try_from(others).unwrap_or(0);
            if span.total_us <= self.spans[place].total_us {
                return false;
            }
            self.spans[place] = span;
            place
        };
        if longest.is_none_or(|longest| self.spans[place].total_us > longest) {
            self.longest = place;
        }
        grows
    }

    fn longest(&self) -> &Span {
        // A trace begins with a call, and never has fewer.
        &self.spans[self.longest]
    }

    /// Named after the longest of the calls that have no caller in it.
    fn summary(&self, id: u128, order: &[(usize, usize)]) -> TraceSummary {
        let tops = order.iter().filter(|(_, depth)| *depth == 0).map(|(index, _)| &self.spans[*index]);
        let outermost = tops.max_by_key(|span| span.total_us).unwrap_or(self.longest());
        let nodes: BTreeSet<_> = self.spans.iter().filter_map(|span| span.node.as_ref()).collect();
        TraceSummary {
            trace_id: format!("{id:032x}"),
            method: outermost.method.to_string(),
            start_us: self.spans.iter().map(|span| span.start_us).min().unwrap_or_default(),
            total_us: outermost.total_us,
            calls: self.calls,
            nodes: nodes.len() as u64,
            errors: self.errors,
        }
    }
}
