//! The summary in the log.

use std::future::Future;
use std::time::{Duration, Instant};

use madrpc_actors::metrics::{IntervalFigures, Metrics, Totals};
use tokio::time::MissedTickBehavior;

use super::text::{latency, rate};
use super::Gauges;

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
        log::info!("{}", line(metrics.totals(), &figures, &gauges().await, resident_mib()));
    }
}

/// Calls and errors since the start, rate and percentiles of the interval, the rest as it is now.
fn line(totals: Totals, figures: &IntervalFigures, gauges: &Gauges, rss_mib: Option<f64>) -> String {
    let mut line = format!(
        "summary calls={} rate={}/s errors={} inflight={} p50={} p99={}",
        totals.calls,
        rate(figures.rate()),
        totals.errors,
        gauges.inflight,
        latency(figures.p50),
        latency(figures.p99)
    );
    if let Some(nodes) = gauges.nodes {
        line += &format!(" nodes={}/{}/{}", nodes.up, nodes.suspect, nodes.down);
    }
    if let Some(executors) = gauges.executors {
        line += &format!(" executors={}/{}", executors.busy, executors.all);
    }
    line += &rss_mib.map_or_else(|| " rss=-".into(), |mib| format!(" rss={mib:.1}MiB"));
    line
}

/// Memory of this process that is in RAM. `status` says it in kB, whatever the size of a page; only Linux has it.
fn resident_mib() -> Option<f64> {
    resident_kb(&std::fs::read_to_string("/proc/self/status").ok()?).map(|kb| kb / 1024.0)
}

fn resident_kb(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{ExecutorCounts, NodeCounts};

    const TOTALS: Totals = Totals { calls: 120, errors: 3 };

    fn figures(calls: u64) -> IntervalFigures {
        IntervalFigures {
            calls,
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
            line(TOTALS, &figures(100), &gauges, Some(21.04)),
            "summary calls=120 rate=10.0/s errors=3 inflight=7 p50=1.2ms p99=45.0ms nodes=2/1/4 rss=21.0MiB"
        );
    }

    #[test]
    fn a_node_tells_its_executors() {
        let executors = Some(ExecutorCounts { busy: 1, all: 2 });
        let gauges = Gauges { inflight: 0, nodes: None, executors };
        assert_eq!(
            line(TOTALS, &figures(0), &gauges, None),
            "summary calls=120 rate=0.0/s errors=3 inflight=0 p50=- p99=- executors=1/2 rss=-"
        );
    }

    #[test]
    fn resident_memory_is_read() {
        assert_eq!(resident_kb("Name:\tx\nVmRSS:\t   21504 kB\nVmSwap:\t 1 kB\n"), Some(21504.0));
        assert_eq!(resident_kb("Name:\tx\n"), None);
        #[cfg(target_os = "linux")]
        assert!(resident_mib().is_some_and(|mib| mib > 0.5));
    }
}
