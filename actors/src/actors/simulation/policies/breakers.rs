//! Breakers that hear late of what happened, as actors do.

use std::collections::VecDeque;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::policy::breaker::{Breaker, BreakerConfig, CircuitState, Outcome};
use crate::policy::node::{BreakerFlags, NodeEvents, NodeId};

const CONFIG: BreakerConfig =
    BreakerConfig { failure_threshold: 2, open_for: Duration::from_millis(300), backoff_multiplier: 2 };

pub(super) enum News {
    Outcome(Outcome),
    Suspect,
    Renewed,
}

pub(super) type Post = Arc<Mutex<VecDeque<(NodeId, News)>>>;

pub(super) struct Line {
    pub(super) id: NodeId,
    pub(super) post: Post,
}

impl Line {
    fn send(&self, news: News) -> bool {
        let mut post = self.post.lock().expect("one thread");
        // A mailbox that is full takes no news, but those that must not get lost.
        let room = post.len() < 16 || matches!(news, News::Renewed);
        if room {
            post.push_back((self.id, news));
        }
        room
    }
}

impl NodeEvents for Line {
    fn outcome(&self, outcome: Outcome) -> bool {
        self.send(News::Outcome(outcome))
    }
    fn suspect(&self) -> bool {
        self.send(News::Suspect)
    }
    fn renewed(&self) {
        self.send(News::Renewed);
    }
}

pub(super) struct Judge {
    pub(super) port: u16,
    breaker: Breaker,
    flags: Arc<BreakerFlags>,
}

impl Judge {
    pub(super) fn new(port: u16, flags: Arc<BreakerFlags>) -> Self {
        Judge { port, breaker: Breaker::new(CONFIG), flags }
    }

    pub(super) fn state(&self) -> CircuitState {
        self.breaker.state()
    }

    /// True when it lets other calls through from now on.
    pub(super) fn tick(&mut self, now: Instant) -> bool {
        let changed = self.breaker.tick(now);
        if changed {
            self.flags.free_probe();
        }
        changed
    }

    /// True when it lets other calls through from now on.
    pub(super) fn hear(&mut self, outcome: Outcome, now: Instant) -> bool {
        let changed = self.breaker.hear(outcome, now);
        let attention = self.state() != CircuitState::Closed || self.breaker.consecutive_failures() > 0;
        self.flags.attention.store(attention, Relaxed);
        changed
    }

    pub(super) fn begin_anew(&mut self) {
        self.breaker = Breaker::new(CONFIG);
        self.flags.free_probe();
        self.flags.attention.store(false, Relaxed);
    }
}
