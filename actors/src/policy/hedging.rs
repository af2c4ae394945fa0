//! When a call is so late that a second node is asked, too.

use std::time::Duration;

/// Calls that the figure is made of.
const WINDOW: usize = 128;

/// Fewer say nothing about one in twenty.
const ENOUGH: usize = 40;

/// The figure is made anew after so many calls.
const RENEWED: usize = 16;

/// What a method's last calls took.
#[derive(Debug, Default)]
pub struct Latencies {
    /// In microseconds; the oldest is replaced.
    recent: Vec<u32>,
    next: usize,
    p95: Option<Duration>,
}

impl Latencies {
    /// A call has succeeded in this time.
    pub fn record(&mut self, took: Duration) {
        let took = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
        match self.recent.get_mut(self.next % WINDOW) {
            Some(oldest) => *oldest = took,
            None => self.recent.push(took),
        }
        self.next += 1;
        if self.next.is_multiple_of(RENEWED) && self.recent.len() >= ENOUGH {
            let mut sorted = self.recent.clone();
            let (_, p95, _) = sorted.select_nth_unstable(self.recent.len() * 95 / 100);
            self.p95 = Some(Duration::from_micros(u64::from(*p95)));
        }
    }

    /// What nineteen of twenty calls keep below; nothing until there were enough.
    pub fn p95(&self) -> Option<Duration> {
        self.p95
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn after(latencies: impl IntoIterator<Item = u32>) -> Option<Duration> {
        let mut all = Latencies::default();
        latencies.into_iter().for_each(|ms| all.record(ms * MS));
        all.p95()
    }

    #[test]
    fn it_is_what_one_in_twenty_exceeds() {
        assert_eq!(after(1..=128), Some(122 * MS));
        assert_eq!(after((1..=128).rev()), Some(122 * MS));
        assert_eq!(after((0..160).map(|n| if n % 20 == 0 { 500 } else { 10 })), Some(10 * MS));
    }

    #[test]
    fn a_few_calls_say_nothing() {
        assert_eq!(after(1..=47), None);
        assert!(after(1..=48).is_some());
    }

    #[test]
    fn it_follows_the_last_calls() {
        assert_eq!(after([900; 1000].into_iter().chain([3; 144])), Some(3 * MS));
    }
}
