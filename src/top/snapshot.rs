//! The server at one moment. Its JSON is what `top --json` prints.

use std::collections::BTreeMap;

use serde::Serialize;

use super::answers::{Answers, Cluster, Executors, Latency};
use super::changes::Event;
use super::window::Rates;

/// A cluster, or a node that stands for itself.
#[derive(Clone, Debug, Serialize)]
pub struct Snapshot {
    /// All nodes together.
    pub cluster: ClusterLine,
    /// By address.
    pub nodes: Vec<NodeLine>,
    /// By name.
    pub methods: Vec<MethodLine>,
    /// What has changed since the first look, the oldest first.
    pub events: Vec<Event>,
}

/// All nodes together. A rate is null until it is known.
#[allow(missing_docs, reason = "the names say it, units included")]
#[derive(Clone, Debug, Serialize)]
pub struct ClusterLine {
    pub url: String,
    pub server_type: String,
    pub version: String,
    pub uptime_ms: u64,
    pub draining: bool,
    pub nodes_up: u64,
    pub nodes_suspect: u64,
    pub nodes_down: u64,
    pub inflight: u64,
    pub executors_busy: u64,
    pub executors_all: u64,
    pub rss_bytes: Option<u64>,
    pub call_count: u64,
    pub failure_count: u64,
    pub error_codes: BTreeMap<String, u64>,
    pub calls_per_s: Option<f64>,
    pub errors_per_s: Option<f64>,
    /// Of the last five to ten seconds; of a node alone, since its start.
    pub p50_latency_us: Option<u64>,
    pub p99_latency_us: Option<u64>,
}

/// One node. What it does not tell is null.
#[allow(missing_docs, reason = "the names say it, units included")]
#[derive(Clone, Debug, Serialize)]
pub struct NodeLine {
    pub addr: String,
    pub state: String,
    /// Why it gets no calls, or only those that no other node can take.
    pub disable_reason: Option<String>,
    pub circuit_state: Option<String>,
    pub inflight: u64,
    pub queue: Option<u64>,
    pub calls_per_s: Option<f64>,
    pub errors_per_s: Option<f64>,
    pub call_count: Option<u64>,
    pub failure_count: Option<u64>,
    pub p99_latency_us: Option<u64>,
    /// Share of its processors, 0 to 1.
    pub cpu: Option<f64>,
    pub rss_bytes: Option<u64>,
    pub executors_busy: Option<u64>,
    pub executors_all: Option<u64>,
    pub uptime_ms: Option<u64>,
}

/// One method. Counts and latencies are since the nodes' engines started.
#[allow(missing_docs, reason = "the names say it, units included")]
#[derive(Clone, Debug, Serialize)]
pub struct MethodLine {
    pub name: String,
    pub call_count: u64,
    pub calls_per_s: Option<f64>,
    pub failure_count: u64,
    pub errors_per_s: Option<f64>,
    pub p50_latency_us: Option<u64>,
    pub p99_latency_us: Option<u64>,
}

impl Snapshot {
    /// `url` is whom the answers are from; `rates` are what a node does not tell itself.
    pub(super) fn of(url: &str, answers: &Answers, rates: &Rates) -> Snapshot {
        match &answers.metrics.cluster {
            Some(cluster) => of_cluster(url, answers, cluster),
            None => of_node(url, answers, rates),
        }
    }
}

fn of_cluster(url: &str, answers: &Answers, cluster: &Cluster) -> Snapshot {
    let members = answers.info.nodes.iter();
    let reasons: BTreeMap<&str, Option<&String>> =
        members.map(|member| (member.addr.as_str(), member.disable_reason.as_ref())).collect();
    let node = |(addr, node): (&String, &super::answers::Node)| NodeLine {
        addr: addr.clone(),
        state: node.state.clone(),
        disable_reason: reasons.get(addr.as_str()).copied().flatten().cloned(),
        circuit_state: Some(node.circuit_state.clone()),
        inflight: node.inflight,
        queue: node.queue,
        calls_per_s: node.calls_per_s,
        errors_per_s: node.errors_per_s,
        call_count: node.call_count,
        failure_count: node.failure_count,
        p99_latency_us: some(node.calls_per_s, node.latency).p99_latency_us,
        cpu: node.cpu,
        rss_bytes: node.rss_bytes,
        executors_busy: node.executors.map(|executors| executors.busy),
        executors_all: node.executors.map(|executors| executors.all),
        uptime_ms: node.uptime_ms,
    };
    let recent = some(cluster.calls_per_s, cluster.recent);
    Snapshot {
        cluster: ClusterLine {
            nodes_up: cluster.nodes_up,
            nodes_suspect: cluster.nodes_suspect,
            nodes_down: cluster.nodes_down,
            inflight: cluster.inflight,
            executors_busy: cluster.executors.busy,
            executors_all: cluster.executors.all,
            rss_bytes: cluster.rss_bytes,
            call_count: cluster.call_count,
            failure_count: cluster.failure_count,
            error_codes: cluster.error_codes.clone(),
            calls_per_s: cluster.calls_per_s,
            errors_per_s: cluster.errors_per_s,
            p50_latency_us: recent.p50_latency_us,
            p99_latency_us: recent.p99_latency_us,
            ..line(url, answers)
        },
        nodes: cluster.nodes.iter().map(node).collect(),
        methods: methods(&cluster.methods, &Rates::default()),
        events: Vec::new(),
    }
}

fn of_node(url: &str, answers: &Answers, rates: &Rates) -> Snapshot {
    let metrics = &answers.metrics;
    let Executors { busy, all } = metrics.executors.unwrap_or_default();
    let known = some(Some(metrics.total_requests as f64), metrics.latency);
    let cluster = ClusterLine {
        nodes_up: 1,
        inflight: metrics.process.inflight,
        executors_busy: busy,
        executors_all: all,
        rss_bytes: metrics.process.rss_bytes,
        call_count: metrics.total_requests,
        failure_count: metrics.failed_requests,
        error_codes: metrics.error_codes.clone(),
        calls_per_s: rates.calls_per_s,
        errors_per_s: rates.errors_per_s,
        p50_latency_us: known.p50_latency_us,
        p99_latency_us: known.p99_latency_us,
        ..line(url, answers)
    };
    let node = NodeLine {
        addr: url.to_owned(),
        state: "up".into(),
        disable_reason: answers.info.draining.then(|| "draining".into()),
        circuit_state: None,
        inflight: cluster.inflight,
        queue: None,
        calls_per_s: cluster.calls_per_s,
        errors_per_s: cluster.errors_per_s,
        call_count: Some(cluster.call_count),
        failure_count: Some(cluster.failure_count),
        p99_latency_us: cluster.p99_latency_us,
        cpu: rates.cpu,
        rss_bytes: cluster.rss_bytes,
        executors_busy: metrics.executors.map(|executors| executors.busy),
        executors_all: metrics.executors.map(|executors| executors.all),
        uptime_ms: Some(metrics.uptime_ms),
    };
    Snapshot { cluster, nodes: vec![node], methods: methods(&metrics.methods, rates), events: Vec::new() }
}

/// What both kinds of server tell alike.
fn line(url: &str, answers: &Answers) -> ClusterLine {
    ClusterLine {
        url: url.to_owned(),
        server_type: answers.info.server_type.clone(),
        version: answers.info.version.clone(),
        uptime_ms: answers.metrics.uptime_ms,
        draining: answers.info.draining,
        nodes_up: 0,
        nodes_suspect: 0,
        nodes_down: 0,
        inflight: 0,
        executors_busy: 0,
        executors_all: 0,
        rss_bytes: None,
        call_count: 0,
        failure_count: 0,
        error_codes: BTreeMap::new(),
        calls_per_s: None,
        errors_per_s: None,
        p50_latency_us: None,
        p99_latency_us: None,
    }
}

fn methods(methods: &BTreeMap<String, super::answers::Method>, rates: &Rates) -> Vec<MethodLine> {
    let line = |(name, method): (&String, &super::answers::Method)| {
        let (calls_per_s, errors_per_s) = rates.methods.get(name).copied().unzip();
        MethodLine {
            name: name.clone(),
            call_count: method.call_count,
            calls_per_s: method.calls_per_s.or(calls_per_s),
            failure_count: method.failure_count,
            errors_per_s: method.errors_per_s.or(errors_per_s),
            p50_latency_us: method.latency.p50_latency_us,
            p99_latency_us: method.latency.p99_latency_us,
        }
    };
    methods.iter().map(line).collect()
}

/// Percentiles of no calls are told as 0, which nobody should take for fast ones.
fn some(calls: Option<f64>, latency: Latency) -> Latency {
    if calls.is_some_and(|calls| calls > 0.0) {
        latency
    } else {
        Latency::default()
    }
}
