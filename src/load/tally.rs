//! What a load came to.

use std::collections::BTreeMap;
use std::time::Duration;

use madrpc_actors::metrics::Histogram;
use madrpc_actors::protocol::Code;

/// How one call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// With a result, the expected one if one was.
    Well,
    /// With an error of this code.
    Error(Code),
    /// With another result than the expected one.
    Unexpected,
    /// Not in time.
    TimedOut,
    /// With no reply.
    Lost,
    /// It could not be sent.
    Unreachable,
}

/// Labels of errors; what is beyond is counted as `other`.
const MAX_LABELS: usize = 64;

/// Counts and latencies.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Calls that ended, in whatever way.
    pub requests: u64,
    /// Those of them that gave no result, or not the expected one.
    pub errors: u64,
    /// The errors by code, and by `unexpected`, `timeout`, `lost` and `unreachable`, which have none.
    pub error_codes: BTreeMap<String, u64>,
    /// Replies, errors among them.
    pub replies: u64,
    /// What the calls took that had a reply, or had none in time.
    pub latencies: Histogram,
    /// The shortest of them.
    pub shortest: Option<Duration>,
    /// Starts of an open loop that were due and had no connection free.
    pub missed: u64,
    /// How long it lasted, up to the last reply.
    pub elapsed: Duration,
}

impl Ended {
    fn label(self) -> Option<String> {
        Some(match self {
            Ended::Well => return None,
            Ended::Error(code) => code.0.to_string(),
            Ended::Unexpected => "unexpected".into(),
            Ended::TimedOut => "timeout".into(),
            Ended::Lost => "lost".into(),
            Ended::Unreachable => "unreachable".into(),
        })
    }

    /// Whether the server has answered.
    pub(super) fn is_reply(self) -> bool {
        matches!(self, Ended::Well | Ended::Error(_) | Ended::Unexpected)
    }
}

impl Tally {
    pub(super) fn record(&mut self, ended: Ended, took: Duration) {
        self.requests += 1;
        self.replies += u64::from(ended.is_reply());
        if ended.is_reply() || ended == Ended::TimedOut {
            self.latencies.record(took);
            self.shortest = Some(self.shortest.map_or(took, |shortest| shortest.min(took)));
        }
        if let Some(label) = ended.label() {
            self.errors += 1;
            self.count(label, 1);
        }
    }

    fn count(&mut self, label: String, errors: u64) {
        let known = self.error_codes.len() < MAX_LABELS || self.error_codes.contains_key(&label);
        *self.error_codes.entry(if known { label } else { "other".into() }).or_default() += errors;
    }

    pub(super) fn add(&mut self, other: &Tally) {
        self.requests += other.requests;
        self.errors += other.errors;
        self.replies += other.replies;
        self.missed += other.missed;
        self.latencies.add(&other.latencies);
        self.shortest = self.shortest.into_iter().chain(other.shortest).min();
        for (label, errors) in &other.error_codes {
            self.count(label.clone(), *errors);
        }
    }

    /// Calls per second.
    pub fn rps(&self) -> f64 {
        let seconds = self.elapsed.as_secs_f64();
        if seconds > 0.0 {
            self.requests as f64 / seconds
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_arrived_has_no_latency() {
        let (mut one, mut two) = (Tally::default(), Tally::default());
        let ms = Duration::from_millis;
        one.record(Ended::Well, ms(3));
        one.record(Ended::Error(Code(-32000)), ms(2));
        one.record(Ended::Unreachable, ms(1));
        two.record(Ended::TimedOut, ms(900));
        two.record(Ended::Error(Code(-32000)), ms(5));
        one.add(&two);
        assert_eq!((one.requests, one.errors, one.replies, one.latencies.calls()), (5, 4, 3, 4));
        assert_eq!((one.shortest, one.latencies.max_us()), (Some(ms(2)), 900_000));
        let codes = [("-32000", 2), ("timeout", 1), ("unreachable", 1)];
        assert_eq!(one.error_codes, codes.map(|(label, count)| (label.to_owned(), count)).into());
    }

    #[test]
    fn labels_are_bounded() {
        let mut tally = Tally::default();
        (0..200).for_each(|code| tally.record(Ended::Error(Code(code)), Duration::ZERO));
        assert_eq!((tally.error_codes.len(), tally.error_codes["other"]), (MAX_LABELS + 1, 136));
    }
}
