//! The live line of a server.

use std::future::Future;
use std::time::{Duration, Instant};

use madrpc_actors::metrics::{IntervalFigures, Metrics, Outcomes};
use tokio::time::MissedTickBehavior;

use super::text::{codes, grouped, latency_or_dash, rate};
use super::{Gauges, Terminal};

const REFRESH: Duration = Duration::from_millis(200);

/// Rate and percentiles cover a second: over one refresh they would flicker.
const REFRESHES_PER_INTERVAL: u32 = 5;

pub(super) async fn run<F, G>(terminal: &Terminal, metrics: &Metrics, gauges: &F)
where
    F: Fn() -> G,
    G: Future<Output = Gauges>,
{
    if !terminal.is_live() {
        return;
    }
    let shown = terminal.line();
    let mut interval = metrics.interval();
    let mut figures = interval.take(Instant::now());
    let mut ticks = tokio::time::interval(REFRESH);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        for _ in 0..REFRESHES_PER_INTERVAL {
            ticks.tick().await;
            shown.set(line(&metrics.totals(), &figures, &gauges().await));
        }
        figures = interval.take(Instant::now());
    }
}

fn line(totals: &Outcomes, figures: &IntervalFigures, gauges: &Gauges) -> String {
    let mut line = format!(
        "{} calls  {}/s  {} errors  {} in flight  p50 {} p99 {}",
        grouped(totals.calls()),
        rate(figures.rate()),
        grouped(totals.errors()),
        gauges.inflight,
        latency_or_dash(figures.p50),
        latency_or_dash(figures.p99)
    );
    // Up, suspect and down, as in the summary: the whole line should fit 80 columns.
    if let Some(nodes) = gauges.nodes {
        line += &format!("  nodes {}/{}/{}", nodes.up, nodes.suspect, nodes.down);
    }
    if let Some(executors) = gauges.executors {
        line += &format!("  executors {}/{}", executors.busy, executors.all);
    }
    // Last, where a narrow terminal may cut it.
    line += &codes(&figures.outcomes.error_codes());
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::NodeCounts;

    #[test]
    fn one_line_tells_everything() {
        let figures = IntervalFigures {
            outcomes: Outcomes::told(1_000, &Default::default()),
            elapsed: Duration::from_secs(1),
            p50: Some(Duration::from_micros(90)),
            p99: Some(Duration::from_millis(2)),
        };
        let totals = Outcomes::told(12_345, &Default::default());
        let nodes = Some(NodeCounts { up: 2, suspect: 0, down: 1 });
        let gauges = Gauges { inflight: 3, nodes, executors: None };
        assert_eq!(
            line(&totals, &figures, &gauges),
            "12,345 calls  1000/s  0 errors  3 in flight  p50 90us p99 2.0ms  nodes 2/0/1"
        );
    }
}
