//! What a process notes of a call while it is under way, for its trace.
//!
//! The notes travel with the call's scope, and whoever knows something writes it down: the engine when it runs the call,
//! who forwards it where it went, who reads the reply what the node says of its time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::peer_url::PeerUrl;
use super::span::Times;

/// Shared by all who have to do with one call in one process.
#[derive(Debug)]
pub struct Notes {
    /// When the call came to this process, or was made in it.
    pub at: Instant,
    /// The span of the call that made it; 0 for none.
    pub parent: u64,
    /// Its times are measured. Otherwise it leaves a span only when it fails or is slow, with the time from end to end.
    pub sampled: bool,
    /// This process keeps the span; otherwise whoever sent the call does, and is told the times.
    pub kept_here: bool,
    run: Run,
    sent: Mutex<Sent>,
}

/// Nanoseconds since `at`; of an instant, 0 is not yet. One thread writes them, the one that runs the call.
#[derive(Debug, Default)]
struct Run {
    began: AtomicU64,
    turn_began: AtomicU64,
    js: AtomicU64,
    ended: AtomicU64,
}

#[derive(Debug, Default)]
struct Sent {
    node: Option<PeerUrl>,
    attempts: u32,
    told: Option<Times>,
}

impl Notes {
    /// Of a call that comes now, `at`.
    pub fn new(at: Instant, parent: u64, sampled: bool, kept_here: bool) -> Self {
        Notes { at, parent, sampled, kept_here, run: Run::default(), sent: Mutex::default() }
    }

    /// Its JavaScript begins to run, or goes on.
    pub fn turn_begins(&self, now: Instant) {
        if self.sampled {
            let now = self.since(now);
            let _later_turn = self.run.began.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
            self.run.turn_began.store(now, Ordering::Relaxed);
        }
    }

    /// Its JavaScript has ended, or waits.
    pub fn turn_ends(&self) {
        if self.sampled {
            let began = self.run.turn_began.swap(0, Ordering::Relaxed);
            if began > 0 {
                let ran = self.since(Instant::now()).saturating_sub(began);
                self.run.js.fetch_add(ran, Ordering::Relaxed);
            }
        }
    }

    /// It has come to something.
    pub fn ends(&self) {
        if self.sampled {
            self.run.ended.store(self.since(Instant::now()), Ordering::Relaxed);
        }
    }

    /// Where the time went of a call that this process runs, until it ended or until now.
    pub fn own_times(&self, now: Instant) -> Times {
        let load = |cell: &AtomicU64| cell.load(Ordering::Relaxed);
        let until = match load(&self.run.ended) {
            0 => self.since(now),
            ended => ended,
        };
        let began = match load(&self.run.began) {
            0 => until,
            began => began,
        };
        let running = match load(&self.run.turn_began) {
            0 => 0,
            turn_began => until.saturating_sub(turn_began),
        };
        let js = load(&self.run.js).saturating_add(running);
        let wait = until.saturating_sub(began).saturating_sub(js);
        Times { queue_us: began / 1_000, js_us: js / 1_000, wait_us: wait / 1_000 }
    }

    /// It is sent to a node.
    pub fn goes_to(&self, node: &PeerUrl) {
        let mut sent = self.lock();
        sent.node = Some(node.clone());
        sent.attempts = sent.attempts.saturating_add(1);
    }

    /// Of several nodes that it was sent to, this one's answer counts.
    pub fn answered_by(&self, node: &PeerUrl) {
        let mut sent = self.lock();
        if sent.node.as_ref() != Some(node) {
            sent.node = Some(node.clone());
        }
    }

    /// The node says where its time went.
    pub fn hears(&self, times: Times) {
        self.lock().told = Some(times);
    }

    /// The node that it was sent to, how often it was sent, and what that node said of its time.
    pub fn journey(&self) -> (Option<PeerUrl>, u32, Option<Times>) {
        let sent = self.lock();
        (sent.node.clone(), sent.attempts, sent.told)
    }

    /// How long ago it came.
    pub fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.at)
    }

    /// At least 1, which 0 must not be mistaken for.
    fn since(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.at);
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX).max(1)
    }

    fn lock(&self) -> MutexGuard<'_, Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(at: Instant, ms: u64) -> Instant {
        at + Duration::from_millis(ms)
    }

    #[test]
    fn times_add_up_to_the_whole() {
        let at = Instant::now();
        let notes = Notes::new(at, 0, true, true);
        assert_eq!(notes.own_times(ms(at, 3)), Times { queue_us: 3_000, js_us: 0, wait_us: 0 });
        notes.turn_begins(ms(at, 5));
        // A turn that has not ended, as one that is stuck, counts as running.
        assert_eq!(notes.own_times(ms(at, 9)), Times { queue_us: 5_000, js_us: 4_000, wait_us: 0 });
        let notes = Notes::new(at, 0, true, true);
        notes.turn_begins(ms(at, 5));
        notes.run.turn_began.store(0, Ordering::Relaxed);
        notes.run.js.store(2_000_000, Ordering::Relaxed);
        assert_eq!(notes.own_times(ms(at, 10)), Times { queue_us: 5_000, js_us: 2_000, wait_us: 3_000 });
        notes.run.ended.store(8_000_000, Ordering::Relaxed);
        assert_eq!(notes.own_times(ms(at, 50)), Times { queue_us: 5_000, js_us: 2_000, wait_us: 1_000 });
    }

    #[test]
    fn a_call_that_is_not_sampled_is_not_measured() {
        let at = Instant::now();
        let notes = Notes::new(at, 0, false, true);
        notes.turn_begins(at);
        notes.turn_ends();
        notes.ends();
        assert_eq!(notes.run.began.load(Ordering::Relaxed) + notes.run.ended.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn the_last_node_counts_unless_another_answers() {
        let node = |port: u16| PeerUrl::parse(&format!("http://a:{port}")).expect("a URL");
        let notes = Notes::new(Instant::now(), 0, true, true);
        notes.goes_to(&node(1));
        notes.goes_to(&node(2));
        assert_eq!(notes.journey(), (Some(node(2)), 2, None));
        notes.answered_by(&node(1));
        notes.hears(Times::default());
        assert_eq!(notes.journey(), (Some(node(1)), 2, Some(Times::default())));
    }
}
