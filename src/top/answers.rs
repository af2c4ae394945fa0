//! What a server of ours tells of itself, as far as it is shown. A figure that it leaves out, as an older release does, is 0
//! or absent.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The results of `_metrics` and `_info`.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    pub(super) metrics: Metrics,
    pub(super) info: Info,
}

impl Answers {
    /// Reads the JSON of both. The error is for people.
    pub fn read(metrics: &str, info: &str) -> Result<Answers, String> {
        let problem = |method: &str, error: serde_json::Error| format!("{method} tells something else: {error}");
        Ok(Answers {
            metrics: serde_json::from_str(metrics).map_err(|error| problem("_metrics", error))?,
            info: serde_json::from_str(info).map_err(|error| problem("_info", error))?,
        })
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Metrics {
    pub(super) total_requests: u64,
    pub(super) failed_requests: u64,
    pub(super) error_codes: BTreeMap<String, u64>,
    pub(super) uptime_ms: u64,
    #[serde(flatten)]
    pub(super) latency: Latency,
    pub(super) methods: BTreeMap<String, Method>,
    pub(super) process: Process,
    /// Of a node.
    pub(super) executors: Option<Executors>,
    /// Of an orchestrator.
    pub(super) cluster: Option<Cluster>,
    pub(super) node_events: BTreeMap<String, u64>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Latency {
    pub(super) p50_latency_us: Option<u64>,
    pub(super) p99_latency_us: Option<u64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Method {
    pub(super) call_count: u64,
    pub(super) failure_count: u64,
    pub(super) calls_per_s: Option<f64>,
    pub(super) errors_per_s: Option<f64>,
    #[serde(flatten)]
    pub(super) latency: Latency,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Process {
    pub(super) inflight: u64,
    pub(super) cpu_s: f64,
    pub(super) cpus: u32,
    pub(super) rss_bytes: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(default)]
pub(super) struct Executors {
    pub(super) busy: u64,
    pub(super) all: u64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Cluster {
    pub(super) nodes_up: u64,
    pub(super) nodes_suspect: u64,
    pub(super) nodes_down: u64,
    pub(super) inflight: u64,
    pub(super) executors: Executors,
    pub(super) rss_bytes: Option<u64>,
    pub(super) calls_per_s: Option<f64>,
    pub(super) errors_per_s: Option<f64>,
    pub(super) call_count: u64,
    pub(super) failure_count: u64,
    pub(super) error_codes: BTreeMap<String, u64>,
    pub(super) recent: Latency,
    pub(super) methods: BTreeMap<String, Method>,
    pub(super) nodes: BTreeMap<String, Node>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Node {
    pub(super) state: String,
    pub(super) circuit_state: String,
    pub(super) inflight: u64,
    pub(super) queue: Option<u64>,
    pub(super) cpu: Option<f64>,
    pub(super) uptime_ms: Option<u64>,
    pub(super) rss_bytes: Option<u64>,
    pub(super) executors: Option<Executors>,
    pub(super) call_count: Option<u64>,
    pub(super) failure_count: Option<u64>,
    pub(super) calls_per_s: Option<f64>,
    pub(super) errors_per_s: Option<f64>,
    #[serde(flatten)]
    pub(super) latency: Latency,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Info {
    pub(super) server_type: String,
    pub(super) version: String,
    pub(super) draining: bool,
    pub(super) nodes: Vec<Member>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Member {
    pub(super) addr: String,
    pub(super) disable_reason: Option<String>,
}
