//! Counting events where they pass.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

/// What became of an event here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventMark {
    /// It was published at this process.
    Published,
    /// It was given to one subscriber: its session sends it, or its function begins.
    Delivered,
    /// It was dropped before it came to one subscriber.
    Dropped,
    /// The function of a subscription has run to its end.
    Handled,
    /// It has failed, or was stopped.
    Failed,
}

const MARKS: usize = 5;

/// What one thread has counted.
#[derive(Debug)]
pub(super) struct AtomicEvents([AtomicU64; MARKS]);

impl AtomicEvents {
    pub(super) const fn new() -> Self {
        AtomicEvents([const { AtomicU64::new(0) }; MARKS])
    }

    pub(super) fn add(&self, mark: EventMark, count: u64) {
        self.0[mark as usize].fetch_add(count, Ordering::Relaxed);
    }

    pub(super) fn add_to(&self, figures: &mut EventFigures) {
        let count = |mark: EventMark| self.0[mark as usize].load(Ordering::Relaxed);
        figures.published += count(EventMark::Published);
        figures.delivered += count(EventMark::Delivered);
        figures.dropped += count(EventMark::Dropped);
        figures.handlers.success_count += count(EventMark::Handled);
        figures.handlers.failure_count += count(EventMark::Failed);
    }
}

/// `events` in `_metrics`: events since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EventFigures {
    /// Those that were published at this process.
    pub published: u64,
    /// How often one was given to a subscriber; another process of the cluster is one, for each pattern.
    pub delivered: u64,
    /// How often one was dropped on its way to a subscriber.
    pub dropped: u64,
    /// The functions that scripts have subscribed.
    pub handlers: HandlerFigures,
}

/// How the functions of subscriptions ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HandlerFigures {
    /// By themselves.
    pub success_count: u64,
    /// With an error, at their deadline, or because they were stopped.
    pub failure_count: u64,
}
