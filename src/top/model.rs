//! What is known of a server after some looks at it.

use std::collections::VecDeque;
use std::time::Instant;

use super::answers::Answers;
use super::changes::{changes, Event};
use super::snapshot::Snapshot;
use super::window::Window;

/// Events that are kept.
const MAX_EVENTS: usize = 200;

/// Figures of each curve that are kept: more than a terminal is wide.
const MAX_POINTS: usize = 512;

/// The curves, the youngest figure last. One that is not known is 0.
#[derive(Clone, Debug, Default)]
pub(super) struct Curves {
    pub(super) calls: VecDeque<u64>,
    pub(super) errors: VecDeque<u64>,
    pub(super) p99_us: VecDeque<u64>,
}

/// Takes what a server answers, look by look.
#[derive(Debug)]
pub struct Model {
    url: String,
    last: Option<(Snapshot, Answers)>,
    window: Window,
    pub(super) curves: Curves,
    pub(super) events: VecDeque<Event>,
    /// Why the server did not answer the last time.
    pub(super) problem: Option<String>,
}

impl Model {
    /// `url` is what the server is called.
    pub fn new(url: &str) -> Model {
        Model {
            url: url.to_owned(),
            last: None,
            window: Window::default(),
            curves: Curves::default(),
            events: VecDeque::new(),
            problem: None,
        }
    }

    /// Takes in a look: what the server told at `at`, which is `time_ms` of Unix time, or why it told nothing.
    pub fn feed(&mut self, at: Instant, time_ms: u64, look: Result<Answers, String>) {
        let answers = match look {
            Ok(answers) => answers,
            Err(problem) => return self.miss(time_ms, problem),
        };
        if self.problem.take().is_some() && self.last.is_some() {
            self.tell(Event::new(time_ms, "back", None, ""));
        }
        let restarted =
            self.last.as_ref().is_some_and(|(_, before)| before.metrics.uptime_ms > answers.metrics.uptime_ms);
        if restarted {
            self.window.clear();
            self.tell(Event::new(time_ms, "restarted", None, self.url.clone()));
        }
        let rates = self.window.add(at, &answers.metrics);
        let snapshot = Snapshot::of(&self.url, &answers, &rates);
        if let Some((before, told)) = self.last.as_ref().filter(|_| !restarted) {
            let changes = changes(time_ms, (before, told), (&snapshot, &answers));
            changes.into_iter().for_each(|event| self.tell(event));
        }
        let cluster = &snapshot.cluster;
        let (calls, errors, p99) = (cluster.calls_per_s, cluster.errors_per_s, cluster.p99_latency_us);
        self.point([tenths(calls), tenths(errors), p99.unwrap_or_default()]);
        self.last = Some((snapshot, answers));
    }

    /// The last look that told something, with the events so far.
    pub fn snapshot(&self) -> Option<Snapshot> {
        let events = self.events.iter().cloned().collect();
        self.last().map(|snapshot| Snapshot { events, ..snapshot.clone() })
    }

    /// Why the server did not answer at the last look.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    pub(super) fn last(&self) -> Option<&Snapshot> {
        self.last.as_ref().map(|(snapshot, _)| snapshot)
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    fn miss(&mut self, time_ms: u64, problem: String) {
        if self.problem.is_none() && self.last.is_some() {
            self.tell(Event::new(time_ms, "gone", None, problem.clone()));
        }
        self.problem = Some(problem);
        self.window.clear();
        self.point([0; 3]);
    }

    fn tell(&mut self, event: Event) {
        push(&mut self.events, event, MAX_EVENTS);
    }

    fn point(&mut self, [calls, errors, p99_us]: [u64; 3]) {
        push(&mut self.curves.calls, calls, MAX_POINTS);
        push(&mut self.curves.errors, errors, MAX_POINTS);
        push(&mut self.curves.p99_us, p99_us, MAX_POINTS);
    }
}

fn push<T>(to: &mut VecDeque<T>, value: T, most: usize) {
    if to.len() >= most {
        to.pop_front();
    }
    to.push_back(value);
}

/// Curves are of whole numbers, and one call in some seconds should be seen.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float saturates")]
fn tenths(rate: Option<f64>) -> u64 {
    (rate.unwrap_or_default() * 10.0).ceil() as u64
}
