//! The summary in the log.

use std::future::Future;
use std::time::{Duration, Instant};

use madrpc_actors::metrics::{IntervalFigures, Metrics, Outcomes};
use tokio::time::MissedTickBehavior;

use super::text::{codes, latency_or_dash, rate};
use super::Gauges;
use crate::vitals;

pub(super) async fn run<F, G>(metrics: &Metrics, every: Duration, gauges: &F)
where
    F: Fn() -> G,
    G: Future<Output = Gauges>,
{
    if every.is_zero() {
        return;
    }
    let mut interval = metrics.interval();
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick comes at once, before anything can have happened.
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let figures = interval.take(Instant::now());
        log::info!("{}", line(&metrics.totals(), &figures, &gauges().await, vitals::resident_bytes()));
    }
}

/// Calls and errors since the start; codes of errors, rate and percentiles of the interval; the rest as it is now.
fn line(totals: &Outcomes, figures: &IntervalFigures, gauges: &Gauges, rss: Option<u64>) -> String {
    let mut line = format!(
        "summary calls={} rate={}/s errors={}{} inflight={} p50={} p99={}",
        totals.calls(),
        rate(figures.rate()),
        totals.errors(),
        codes(&figures.outcomes.error_codes()),
        gauges.inflight,
        latency_or_dash(figures.p50),
        latency_or_dash(figures.p99)
    );
    if let Some(nodes) = gauges.nodes {
        line += &format!(" nodes={}/{}/{}", nodes.up, nodes.suspect, nodes.down);
    }
    if let Some(executors) = gauges.executors {
        line += &format!(" executors={}/{}", executors.busy, executors.all);
    }
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    line += &rss.map_or_else(|| " rss=-".into(), |bytes| format!(" rss={:.1}MiB", mib(bytes)));
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{ExecutorCounts, NodeCounts};

    fn outcomes(results: u64, errors: &[(&str, u64)]) -> Outcomes {
        let errors = errors.iter().map(|(code, count)| ((*code).to_owned(), *count)).collect();
        Outcomes::told(results, &errors)
    }

    fn totals() -> Outcomes {
        outcomes(117, &[("-32000", 3)])
    }

    fn figures(calls: u64, errors: &[(&str, u64)]) -> IntervalFigures {
        IntervalFigures {
            outcomes: outcomes(calls - errors.iter().map(|(_, count)| count).sum::<u64>(), errors),
            elapsed: Duration::from_secs(10),
            p50: (calls > 0).then(|| Duration::from_micros(1_200)),
            p99: (calls > 0).then(|| Duration::from_millis(45)),
        }
    }

    #[test]
    fn an_orchestrator_tells_its_nodes() {
        let nodes = Some(NodeCounts { up: 2, suspect: 1, down: 4 });
        let gauges = Gauges { inflight: 7, nodes, executors: None };
        assert_eq!(
            line(&totals(), &figures(100, &[("-32000", 1), ("-32001", 2)]), &gauges, Some(22_062_000)),
            "summary calls=120 rate=10.0/s errors=3 (-32001:2,-32000:1) inflight=7 p50=1.2ms p99=45.0ms nodes=2/1/4 rss=21.0MiB"
        );
    }

    #[test]
    fn a_node_tells_its_executors() {
        let executors = Some(ExecutorCounts { busy: 1, all: 2 });
        let gauges = Gauges { inflight: 0, nodes: None, executors };
        assert_eq!(
            line(&totals(), &figures(0, &[]), &gauges, None),
            "summary calls=120 rate=0.0/s errors=3 inflight=0 p50=- p99=- executors=1/2 rss=-"
        );
    }
}
