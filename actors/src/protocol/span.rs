//! Finished calls as traces hold them, and how `_trace` shows them (PROTOCOL, section 7).

use serde::{Deserialize, Serialize};

use super::peer_url::PeerUrl;

/// Where the time of a call went on the node that ran it, in microseconds. Travels as `[queue, js, wait]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "(u64, u64, u64)")]
pub struct Times {
    /// It waited for an executor.
    pub queue_us: u64,
    /// Its JavaScript ran.
    pub js_us: u64,
    /// It waited for its own calls, for timers, or for the executor to come back to it.
    pub wait_us: u64,
}

impl From<(u64, u64, u64)> for Times {
    fn from((queue_us, js_us, wait_us): (u64, u64, u64)) -> Self {
        Times { queue_us, js_us, wait_us }
    }
}

impl Times {
    /// The same, with no more than `total_us` in all: another machine's clock may run faster.
    pub fn within(self, total_us: u64) -> Self {
        let queue_us = self.queue_us.min(total_us);
        let js_us = self.js_us.min(total_us - queue_us);
        let wait_us = self.wait_us.min(total_us - queue_us - js_us);
        Times { queue_us, js_us, wait_us }
    }

    /// All of them.
    pub fn sum_us(&self) -> u64 {
        self.queue_us.saturating_add(self.js_us).saturating_add(self.wait_us)
    }
}

/// One finished call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Shared by the calls of one tree.
    pub trace_id: u128,
    /// This call.
    pub span_id: u64,
    /// The call that made it, or what its client's `traceparent` named; 0 for none.
    pub parent_id: u64,
    /// The method, as the caller wrote it, cut where it is very long.
    pub method: Box<str>,
    /// Where it ran or was sent last; none if it was sent nowhere.
    pub node: Option<PeerUrl>,
    /// When it came, in microseconds of Unix time.
    pub start_us: u64,
    /// From its coming to its reply.
    pub total_us: u64,
    /// Where its node's time went, if that was measured. Together no more than `total_us`.
    pub times: Option<Times>,
    /// How often it was sent to a node.
    pub attempts: u32,
    /// The code of the error that it came to.
    pub error: Option<i64>,
}

impl Span {
    /// When it ended, in microseconds of Unix time.
    pub fn end_us(&self) -> u64 {
        self.start_us.saturating_add(self.total_us)
    }
}

/// One call of a tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpanView {
    /// 16 hexadecimal digits.
    pub span_id: String,
    /// Of the call that made it, or of the client's own span.
    pub parent_id: Option<String>,
    /// How many of its callers are in this trace.
    pub depth: usize,
    /// The method.
    pub method: String,
    /// Where it ran.
    pub node: Option<String>,
    /// Microseconds of Unix time.
    pub start_us: u64,
    /// From its coming to its reply; the sum of the four times that follow, where they are known.
    pub total_us: u64,
    /// It waited for an executor.
    pub queue_us: Option<u64>,
    /// Its JavaScript ran.
    pub js_us: Option<u64>,
    /// It waited for its own calls or for timers.
    pub wait_us: Option<u64>,
    /// The rest: the network, the orchestrator, attempts that failed.
    pub network_us: Option<u64>,
    /// How often it was sent to a node.
    pub attempts: u32,
    /// The code of the error that it came to.
    pub error: Option<i64>,
}

impl SpanView {
    /// `span` as a call that has `depth` others above it.
    pub fn of(span: &Span, depth: usize) -> Self {
        let network = span.times.map(|times| span.total_us.saturating_sub(times.sum_us()));
        SpanView {
            span_id: format!("{:016x}", span.span_id),
            parent_id: (span.parent_id != 0).then(|| format!("{:016x}", span.parent_id)),
            depth,
            method: span.method.to_string(),
            node: span.node.as_ref().map(PeerUrl::to_string),
            start_us: span.start_us,
            total_us: span.total_us,
            queue_us: span.times.map(|times| times.queue_us),
            js_us: span.times.map(|times| times.js_us),
            wait_us: span.times.map(|times| times.wait_us),
            network_us: network,
            attempts: span.attempts,
            error: span.error,
        }
    }
}

/// A trace in the lists of `_trace`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceSummary {
    /// 32 hexadecimal digits.
    pub trace_id: String,
    /// Of the outermost call that is kept.
    pub method: String,
    /// When the first of its calls came, in microseconds of Unix time.
    pub start_us: u64,
    /// Of the outermost call that is kept.
    pub total_us: u64,
    /// Calls, those that were not kept included.
    pub calls: u64,
    /// Nodes that they ran on.
    pub nodes: u64,
    /// Calls that came to an error.
    pub errors: u64,
}

/// One trace as `_trace {trace_id}` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceTree {
    /// What the lists say of it.
    #[serde(flatten)]
    pub summary: TraceSummary,
    /// Calls of it that are not kept, being more than one trace may have.
    pub dropped: u64,
    /// Each call before those that it made, siblings by when they came.
    pub spans: Vec<SpanView>,
}

/// What `_trace` without a trace id comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceList {
    /// The slowest first.
    pub slowest: Vec<TraceSummary>,
    /// The latest first.
    pub latest: Vec<TraceSummary>,
    /// Traces that are kept.
    pub traces: u64,
    /// Calls that are kept.
    pub spans: u64,
    /// Calls that were measured and not kept, for want of room, since the start.
    pub dropped: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_another_clock_are_held_within_the_whole() {
        let times = Times { queue_us: 5, js_us: 10, wait_us: 20 };
        assert_eq!(times.within(100), times);
        assert_eq!(times.within(12), Times { queue_us: 5, js_us: 7, wait_us: 0 });
        assert_eq!(times.within(2), Times { queue_us: 2, js_us: 0, wait_us: 0 });
        assert_eq!(Times { queue_us: u64::MAX, js_us: u64::MAX, wait_us: 1 }.within(9).sum_us(), 9);
    }

    #[test]
    fn the_four_times_of_a_call_are_its_total() {
        let times = Some(Times { queue_us: 1, js_us: 2, wait_us: 3 });
        let span = Span {
            trace_id: 1,
            span_id: 2,
            parent_id: 0,
            method: "m".into(),
            node: None,
            start_us: 10,
            total_us: 10,
            times,
            attempts: 1,
            error: None,
        };
        let view = SpanView::of(&span, 0);
        assert_eq!((view.network_us, view.parent_id.as_deref()), (Some(4), None));
        assert_eq!(view.span_id, "0000000000000002");
        let unmeasured = SpanView::of(&Span { times: None, parent_id: 3, ..span }, 0);
        assert_eq!((unmeasured.network_us, unmeasured.queue_us), (None, None));
        assert_eq!(unmeasured.parent_id.as_deref(), Some("0000000000000003"));
    }
}
