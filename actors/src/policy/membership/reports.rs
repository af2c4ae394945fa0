//! What a node has reported of its work, now and a while ago, so that it can be told what it did in between.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::protocol::Report;

/// How far apart the reports are that are kept: what is told of "lately" is one to two times this.
const APART: Duration = Duration::from_secs(5);

/// Reports of one node as others see them.
#[derive(Clone, Debug)]
pub struct Reports {
    /// The last one.
    pub latest: Arc<Report>,
    /// The outline of one that came before; `None`: of the time when nothing had happened.
    pub earlier: Option<Arc<Report>>,
    /// The time between the two.
    pub over: Duration,
}

/// The reports that are kept of one node.
#[derive(Debug)]
pub(super) struct ReportLog {
    latest: (Arc<Report>, Instant),
    /// Outlines, the older one first.
    marks: Option<(Mark, Mark)>,
}

type Mark = (Arc<Report>, Instant);

impl ReportLog {
    fn new(report: Report, now: Instant) -> Self {
        let report = Arc::new(report);
        // What an engine has done that is known for the first time and runs for longer is not what it did lately.
        let is_news = Duration::from_millis(report.uptime_ms) > APART * 2;
        let mark = || (Arc::new(report.outline()), now);
        ReportLog { marks: is_news.then(|| (mark(), mark())), latest: (report, now) }
    }

    /// Takes note of what came `now`.
    pub(super) fn take(log: &mut Option<ReportLog>, report: Report, now: Instant) {
        match log {
            // An engine that has run for less time is another one, which has counted from 0.
            Some(log) if log.latest.0.uptime_ms <= report.uptime_ms => {
                let mark = || (Arc::new(log.latest.0.outline()), log.latest.1);
                log.marks = Some(match log.marks.take() {
                    None => (mark(), mark()),
                    Some((_, newer)) if now.saturating_duration_since(newer.1) >= APART => (newer, mark()),
                    Some(marks) => marks,
                });
                log.latest = (Arc::new(report), now);
            }
            _ => *log = Some(ReportLog::new(report, now)),
        }
    }

    pub(super) fn view(&self) -> Reports {
        let (latest, at) = &self.latest;
        match &self.marks {
            Some(((earlier, then), _)) => Reports {
                latest: latest.clone(),
                earlier: Some(earlier.clone()),
                over: at.saturating_duration_since(*then),
            },
            None => Reports { latest: latest.clone(), earlier: None, over: Duration::from_millis(latest.uptime_ms) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::CallReport;

    fn report(uptime_s: u64, results: u64) -> Report {
        let all = CallReport { results, ..CallReport::default() };
        Report { uptime_ms: uptime_s * 1_000, all, ..Report::default() }
    }

    #[test]
    fn what_is_lately_lies_between_five_and_ten_seconds() {
        let (start, mut log) = (Instant::now(), None);
        for second in 0..60 {
            ReportLog::take(&mut log, report(second, 10 * second), start + Duration::from_secs(second));
            let view = log.as_ref().expect("taken").view();
            let before = view.earlier.map_or(0, |earlier| earlier.all.results);
            let lately = Duration::from_secs((view.latest.all.results - before) / 10);
            assert_eq!(view.over, lately, "10 calls a second");
            assert!(second < 10 || (5..=11).contains(&view.over.as_secs()), "{:?} at {second} s", view.over);
        }
    }

    #[test]
    fn what_was_done_before_anybody_knew_of_a_node_is_not_lately() {
        let (start, mut log) = (Instant::now(), None);
        ReportLog::take(&mut log, report(3_600, 800_000), start);
        let view = log.as_ref().expect("taken").view();
        assert_eq!((view.latest.all.results, view.over), (800_000, Duration::ZERO));
        assert_eq!(view.earlier.map(|earlier| earlier.all.results), Some(800_000));
        ReportLog::take(&mut log, report(3_601, 800_010), start + Duration::from_secs(1));
        let view = log.expect("taken").view();
        assert_eq!(
            (view.earlier.map(|earlier| earlier.all.results), view.over),
            (Some(800_000), Duration::from_secs(1))
        );
    }

    #[test]
    fn another_engine_begins_at_nothing() {
        let (now, mut log) = (Instant::now(), None);
        ReportLog::take(&mut log, report(5, 900), now);
        ReportLog::take(&mut log, report(6, 910), now + Duration::from_secs(1));
        ReportLog::take(&mut log, report(1, 3), now + Duration::from_secs(2));
        let view = log.expect("taken").view();
        assert!(view.earlier.is_none());
        assert_eq!((view.latest.all.results, view.over), (3, Duration::from_secs(1)));
    }
}
