//! Figures in the text format of Prometheus (<https://prometheus.io/docs/instrumenting/exposition_formats/>, version
//! 0.0.4), with base units and names after its conventions.

use std::fmt::{Display, Write};

use super::{ClusterFigures, EventFigures, Histogram, Metrics, Traffic};
use crate::policy::breaker::CircuitState;
use crate::policy::health::NodeState;

/// What the text is served as.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Nodes that have series of their own; `_metrics` shows further ones.
const MAX_NODES: usize = 1_000;

/// Upper bounds of the buckets that are shown, in microseconds and as their labels in seconds.
const BOUNDS: [(u64, &str); 15] = [
    (500, "0.0005"),
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (2_500_000, "2.5"),
    (5_000_000, "5"),
    (10_000_000, "10"),
    (30_000_000, "30"),
];

/// What kind of figures a family has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows, until the process starts anew.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts by upper bounds.
    Histogram,
}

/// The text, written family by family.
#[derive(Debug, Default)]
pub struct Exposition {
    text: String,
    family: &'static str,
}

type Labels<'a> = &'a [(&'a str, &'a str)];

impl Exposition {
    /// Begins a family; each has one name.
    pub fn family(&mut self, name: &'static str, kind: Kind, help: &str) -> &mut Self {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        self.family = name;
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} {kind}"));
        self
    }

    /// A figure of the family.
    pub fn sample(&mut self, labels: Labels<'_>, value: impl Display) -> &mut Self {
        self.suffixed("", labels, value)
    }

    /// A family of one figure without labels.
    pub fn single(&mut self, name: &'static str, kind: Kind, help: &str, value: impl Display) -> &mut Self {
        self.family(name, kind, help).sample(&[], value)
    }

    /// The whole text.
    pub fn finish(self) -> String {
        self.text
    }

    fn histogram(&mut self, labels: Labels<'_>, histogram: &Histogram) {
        let bounds = BOUNDS.map(|(us, label)| (histogram.up_to_us(us), label));
        for (calls, bound) in bounds.into_iter().chain([(histogram.calls(), "+Inf")]) {
            let with_bound: Vec<_> = labels.iter().copied().chain([("le", bound)]).collect();
            self.suffixed("_bucket", &with_bound, calls);
        }
        self.suffixed("_sum", labels, histogram.sum().as_secs_f64());
        self.suffixed("_count", labels, histogram.calls());
    }

    fn suffixed(&mut self, suffix: &str, labels: Labels<'_>, value: impl Display) -> &mut Self {
        self.text.push_str(self.family);
        self.text.push_str(suffix);
        for (place, (name, text)) in labels.iter().enumerate() {
            self.text.push_str(if place == 0 { "{" } else { "," });
            self.text.push_str(name);
            self.text.push_str("=\"");
            // Method names are whatever a script says.
            for c in text.chars() {
                match c {
                    '\\' => self.text.push_str("\\\\"),
                    '"' => self.text.push_str("\\\""),
                    '\n' => self.text.push_str("\\n"),
                    c => self.text.push(c),
                }
            }
            self.text.push('"');
        }
        if !labels.is_empty() {
            self.text.push('}');
        }
        self.line(format_args!(" {value}"));
        self
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // A string takes everything.
        let _ = writeln!(self.text, "{line}");
    }

    fn outcomes(&mut self, label: &str, name: &str, traffic: &Traffic) {
        self.sample(&[(label, name), ("outcome", "ok")], traffic.outcomes.results());
        self.sample(&[(label, name), ("outcome", "error")], traffic.outcomes.errors());
    }
}

impl Metrics {
    /// The calls that this process has answered.
    pub fn expose(&self, to: &mut Exposition) {
        use Kind::{Counter, Gauge, Histogram};
        let methods = self.by_method();
        to.family("madrpc_calls_total", Counter, "Calls answered, by method and outcome.");
        methods.iter().for_each(|(method, traffic)| to.outcomes("method", method, traffic));
        to.family("madrpc_call_errors_total", Counter, "Calls answered with an error, by method and code.");
        for (method, traffic) in &methods {
            for (code, count) in traffic.outcomes.error_codes() {
                to.sample(&[("method", method), ("code", &code)], count);
            }
        }
        to.family("madrpc_call_duration_seconds", Histogram, "Time from the request to the reply, by method.");
        methods.iter().for_each(|(method, traffic)| to.histogram(&[("method", method)], &traffic.latencies));
        to.family("madrpc_hop_duration_seconds", Histogram, "What the parts of a call's way took.");
        self.hops().iter().for_each(|(hop, histogram)| to.histogram(&[("hop", hop)], histogram));
        let EventFigures { published, delivered, dropped, handlers } = self.events();
        to.single("madrpc_events_published_total", Counter, "Events published at this process.", published);
        to.family("madrpc_event_deliveries_total", Counter, "Events on their way to a subscriber, by outcome.");
        to.sample(&[("outcome", "delivered")], delivered).sample(&[("outcome", "dropped")], dropped);
        to.family("madrpc_event_handlers_total", Counter, "Functions that ran for an event, by outcome.");
        to.sample(&[("outcome", "ok")], handlers.success_count).sample(&[("outcome", "error")], handlers.failure_count);
        to.single("madrpc_connections", Gauge, "Connections open now.", self.connections());
        to.single("madrpc_uptime_seconds", Gauge, "Time since the process started.", self.uptime().as_secs_f64());
    }
}

impl ClusterFigures {
    /// The nodes, and what they have reported.
    pub fn expose(&self, to: &mut Exposition) {
        use Kind::{Counter, Gauge};
        to.family("madrpc_nodes", Gauge, "Nodes by state.");
        for (state, count) in [("up", self.nodes_up), ("suspect", self.nodes_suspect), ("down", self.nodes_down)] {
            to.sample(&[("state", state)], count);
        }
        let nodes = || self.nodes.iter().take(MAX_NODES).map(|(url, node)| (url.as_str(), node));
        let reported = || nodes().filter_map(|(url, node)| Some((url, node.reported.as_ref()?)));
        to.family("madrpc_node_up", Gauge, "1 for a node that answers, or has failed no more than lately.");
        nodes().for_each(|(url, node)| {
            to.sample(&[("node", url)], u8::from(node.state != NodeState::Down));
        });
        to.family("madrpc_node_breaker_open", Gauge, "1 for a node whose circuit breaker keeps calls away.");
        nodes().for_each(|(url, node)| {
            to.sample(&[("node", url)], u8::from(node.circuit_state == CircuitState::Open));
        });
        to.family("madrpc_node_in_flight", Gauge, "Calls sent to the node that have not ended.");
        nodes().for_each(|(url, node)| {
            to.sample(&[("node", url)], node.inflight);
        });
        to.family("madrpc_node_cpu_ratio", Gauge, "Share of the node's cores in use.");
        nodes().filter_map(|(url, node)| Some((url, node.cpu?))).for_each(|(url, cpu)| {
            to.sample(&[("node", url)], cpu);
        });
        to.family("madrpc_node_calls_total", Counter, "Calls that the node ran since its engine started, by outcome.");
        reported().for_each(|(url, reported)| {
            to.sample(&[("node", url), ("outcome", "ok")], reported.success_count);
            to.sample(&[("node", url), ("outcome", "error")], reported.failure_count);
        });
        to.family("madrpc_node_resident_memory_bytes", Gauge, "Memory of the node's engine.");
        reported().for_each(|(url, reported)| {
            to.sample(&[("node", url)], reported.rss_bytes);
        });
        to.family("madrpc_node_executors", Gauge, "Executors of the node, by whether they have work.");
        reported().for_each(|(url, reported)| {
            let executors = reported.executors;
            to.sample(&[("node", url), ("state", "busy")], executors.busy);
            to.sample(&[("node", url), ("state", "idle")], executors.all.saturating_sub(executors.busy));
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::protocol::Code;

    #[test]
    fn calls_are_told_by_method_outcome_code_and_time() {
        let metrics = Metrics::new();
        let recorder = metrics.recorder();
        recorder.record(Some("add"), None, Duration::from_micros(700));
        recorder.record(Some("add"), Some(Code::TIMEOUT), Duration::from_secs(40));
        let mut exposition = Exposition::default();
        metrics.expose(&mut exposition);
        let text = exposition.finish();
        for line in [
            "# TYPE madrpc_calls_total counter",
            "madrpc_calls_total{method=\"add\",outcome=\"ok\"} 1",
            "madrpc_call_errors_total{method=\"add\",code=\"-32001\"} 1",
            "madrpc_call_duration_seconds_bucket{method=\"add\",le=\"0.0005\"} 0",
            "madrpc_call_duration_seconds_bucket{method=\"add\",le=\"0.001\"} 1",
            "madrpc_call_duration_seconds_bucket{method=\"add\",le=\"30\"} 1",
            "madrpc_call_duration_seconds_bucket{method=\"add\",le=\"+Inf\"} 2",
            "madrpc_call_duration_seconds_sum{method=\"add\"} 40.0007",
            "madrpc_call_duration_seconds_count{method=\"add\"} 2",
        ] {
            assert!(text.lines().any(|other| other == line), "{line} in\n{text}");
        }
    }

    #[test]
    fn labels_are_escaped() {
        let mut exposition = Exposition::default();
        exposition.family("f", Kind::Gauge, "Help.").sample(&[("l", "a\"b\\c\nd")], 1);
        assert_eq!(exposition.finish(), "# HELP f Help.\n# TYPE f gauge\nf{l=\"a\\\"b\\\\c\\nd\"} 1\n");
    }
}
