//! Figures as `_metrics` shows them (PROTOCOL, section 7). Percentiles are exact to 1 %.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{EventFigures, Histogram, Outcomes, RecentFigures};

/// The shape of `_metrics`.
#[derive(Clone, Debug, Serialize)]
pub struct MetricsSnapshot {
    /// Calls answered since the start; built-in methods are not counted.
    pub total_requests: u64,
    /// Those with a result.
    pub successful_requests: u64,
    /// Those with an error.
    pub failed_requests: u64,
    /// Errors by code.
    pub error_codes: BTreeMap<String, u64>,
    /// What they took, all methods together.
    #[serde(flatten)]
    pub latency: LatencyFigures,
    /// Connections open now.
    pub active_connections: usize,
    /// Time since the start, in milliseconds.
    pub uptime_ms: u64,
    /// By method name.
    pub methods: BTreeMap<String, MethodFigures>,
    /// What the parts of a call's way took; those that this process sees.
    pub hops: BTreeMap<&'static str, LatencyFigures>,
    /// What happened lately; null when nobody had asked in the last ten seconds.
    pub recent: Option<RecentFigures>,
    /// What became of events.
    pub events: EventFigures,
    /// By node URL, on an orchestrator; whoever serves the snapshot fills it in.
    pub nodes: Option<BTreeMap<String, NodeFigures>>,
}

/// Counts and latencies of one method.
#[allow(missing_docs, reason = "the names say it, units included")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MethodFigures {
    pub call_count: u64,
    pub success_count: u64,
    pub failure_count: u64,
    pub error_codes: BTreeMap<String, u64>,
    #[serde(flatten)]
    pub latency: LatencyFigures,
}

impl MethodFigures {
    pub(super) fn of(outcomes: &Outcomes, latencies: &Histogram) -> Self {
        MethodFigures {
            call_count: outcomes.calls(),
            success_count: outcomes.results(),
            failure_count: outcomes.errors(),
            error_codes: outcomes.error_codes(),
            latency: LatencyFigures::of(latencies),
        }
    }
}

/// How long something took, in microseconds.
#[allow(missing_docs, reason = "the names say it, units included")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LatencyFigures {
    pub avg_latency_us: u64,
    pub p50_latency_us: u64,
    pub p95_latency_us: u64,
    pub p99_latency_us: u64,
    pub max_latency_us: u64,
}

impl LatencyFigures {
    pub(super) fn of(latencies: &Histogram) -> Self {
        LatencyFigures {
            avg_latency_us: latencies.mean_us(),
            p50_latency_us: latencies.per_mille_us(500),
            p95_latency_us: latencies.per_mille_us(950),
            p99_latency_us: latencies.per_mille_us(990),
            max_latency_us: latencies.max_us(),
        }
    }
}

/// What an orchestrator knows itself of a node's traffic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NodeFigures {
    /// The node's URL in normal form.
    pub node_addr: String,
    /// Calls sent to it.
    pub request_count: u64,
    /// Those of them that came back with an error, or not at all.
    pub failure_count: u64,
    /// When the last one was sent, in milliseconds of Unix time.
    pub last_request_ms: Option<u64>,
}
