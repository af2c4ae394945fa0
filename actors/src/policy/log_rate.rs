//! Which of many alike lines the log gets: the first ones, then one a second, which says how many were left out.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Lines of one kind that may come at once.
const BURST: u32 = 20;

/// What a line costs of the time since the last one.
const PER_LINE: Duration = Duration::from_secs(1);

/// Kinds of lines that are told apart; what is beyond shares one.
const MAX_KINDS: usize = 256;

/// What a line is about: an error's code and a method.
type Kind = (i64, String);

/// Counts the lines of one thread.
#[derive(Debug, Default)]
pub struct LogRate {
    kinds: HashMap<Kind, Lines>,
}

#[derive(Debug)]
struct Lines {
    left: u32,
    /// Up to when lines were given back.
    since: Instant,
    left_out: u64,
}

impl LogRate {
    /// Whether a line about `code` and `method` may be written `now`, and how many like it were left out before.
    pub fn take(&mut self, code: i64, method: &str, now: Instant) -> Option<u64> {
        let mut kind = (code, method.to_owned());
        if self.kinds.len() >= MAX_KINDS && !self.kinds.contains_key(&kind) {
            self.kinds.retain(|_, lines| !lines.is_full(now));
            if self.kinds.len() >= MAX_KINDS {
                kind = (0, String::new());
            }
        }
        self.kinds.entry(kind).or_insert_with(|| Lines { left: BURST, since: now, left_out: 0 }).take(now)
    }
}

impl Lines {
    fn given_back(&self, now: Instant) -> u32 {
        let lines = now.saturating_duration_since(self.since).as_nanos() / PER_LINE.as_nanos();
        u32::try_from(lines).unwrap_or(u32::MAX)
    }

    /// It says nothing that a new one would not.
    fn is_full(&self, now: Instant) -> bool {
        self.left_out == 0 && self.left.saturating_add(self.given_back(now)) >= BURST
    }

    fn take(&mut self, now: Instant) -> Option<u64> {
        let given_back = self.given_back(now);
        self.left = self.left.saturating_add(given_back).min(BURST);
        self.since = if self.left == BURST { now } else { self.since + PER_LINE * given_back };
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                Some(std::mem::take(&mut self.left_out))
            }
            None => {
                self.left_out += 1;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_burst_then_one_line_a_second_that_tells_of_the_others() {
        let (mut rate, start) = (LogRate::default(), Instant::now());
        // 100 a second for ten seconds.
        let written: Vec<(u32, u64)> =
            (0..1_000).filter_map(|n| Some((n, rate.take(-32000, "m", start + n * 10 * MS)?))).collect();
        assert_eq!(written.len(), 20 + 9);
        assert_eq!(written[19..22], [(19, 0), (100, 80), (200, 99)]);
        assert_eq!(rate.take(-32000, "other", start), Some(0));
        assert_eq!(rate.take(-32001, "m", start), Some(0));
    }

    #[test]
    fn quiet_gives_the_burst_back() {
        let (mut rate, start) = (LogRate::default(), Instant::now());
        let _burst = (0..30).filter_map(|_| rate.take(1, "m", start)).count();
        let later = start + Duration::from_secs(60);
        let written = (0..30).filter_map(|_| rate.take(1, "m", later)).collect::<Vec<_>>();
        assert_eq!((written.len(), written[0]), (20, 10));
    }

    #[test]
    fn kinds_beyond_the_bound_share_one() {
        let (mut rate, start) = (LogRate::default(), Instant::now());
        let written = (0..10_000).filter(|n| rate.take(1, &n.to_string(), start).is_some()).count();
        assert!(rate.kinds.len() <= MAX_KINDS + 1);
        assert_eq!(written, MAX_KINDS + 20);
        // Those that are quiet make room.
        assert_eq!(rate.take(1, "new", start + Duration::from_secs(2)), Some(0));
        assert!(rate.kinds.contains_key(&(1, "new".to_owned())));
    }
}
