//! The last five minutes, for whoever comes to look: a point every few seconds, whether or not anybody asks.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::recent::RecentFigures;
use super::Traffic;

/// Between two points.
pub const APART: Duration = Duration::from_secs(5);

/// Points that are kept: those of five minutes.
const KEPT: usize = 60;

/// The points, oldest first, and what all calls had come to at the last one.
#[derive(Debug, Default)]
pub(super) struct History {
    last: Option<(Instant, Traffic)>,
    points: VecDeque<(Instant, RecentFigures)>,
}

/// What happened in some seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PastFigures {
    /// How long ago they ended, in milliseconds.
    pub age_ms: u64,
    /// What happened then.
    #[serde(flatten)]
    pub figures: RecentFigures,
}

impl History {
    /// Adds a point: what has happened since the last one.
    pub(super) fn note(&mut self, now: Instant, all: Traffic) {
        if let Some((then, earlier)) = self.last.take() {
            if self.points.len() == KEPT {
                self.points.pop_front();
            }
            let over = now.saturating_duration_since(then);
            self.points.push_back((now, RecentFigures::between(&earlier, &all, over)));
        }
        self.last = Some((now, all));
    }

    /// The points as they are `now`.
    pub(super) fn tell(&self, now: Instant) -> Vec<PastFigures> {
        let age = |at: Instant| u64::try_from(now.saturating_duration_since(at).as_millis()).unwrap_or(u64::MAX);
        self.points.iter().map(|(at, figures)| PastFigures { age_ms: age(*at), figures: *figures }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_minutes_are_kept_and_no_more() {
        let (mut history, mut all, start) = (History::default(), Traffic::default(), Instant::now());
        let at = |step: u32| start + APART * step;
        history.note(start, all.clone());
        assert_eq!(history.tell(start), []);
        for step in 1..=200_u32 {
            (0..step).for_each(|_| all.outcomes.record(None));
            history.note(at(step), all.clone());
        }
        let told = history.tell(at(200) + Duration::from_secs(1));
        assert_eq!((told.len(), told[0].age_ms, told[59].age_ms), (60, 296_000, 1_000));
        assert_eq!((told[59].figures.calls_per_s, told[59].figures.over_ms), (40.0, 5_000));
        assert_eq!(told[0].figures.calls_per_s, 141.0 / 5.0);
    }
}
