//! The traces that a process keeps: spans of finished calls, recorded by many threads and put together when somebody
//! looks.
//!
//! As with [`crate::metrics`], each thread has a shard of its own under a lock that nobody else wants. Spans move from
//! there to the [`Ring`] when a shard is full, or when the traces are read.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::policy::traces::{Ring, Sampler, SLOW};
use crate::protocol::span::{TraceList, TraceTree};
use crate::protocol::{CallError, CallResult, CallScope, Code, Notes, PeerUrl, Span, TraceContext};

#[cfg(test)]
mod tests;

/// Spans that wait in a shard.
const SHARD: usize = 128;

/// Spans that wait to be exported; beyond it, further ones are dropped.
const EXPORTS: usize = 16_384;

/// Longest method name that is kept, in bytes: callers choose it.
const LONGEST_METHOD: usize = 128;

/// The traces of one process. Clones share them.
#[derive(Clone)]
pub struct Traces(Arc<Shared>);

struct Shared {
    /// How this node is called; an orchestrator has no name here, since it runs no calls.
    name: Option<Arc<OnceLock<String>>>,
    here: OnceLock<Option<PeerUrl>>,
    /// An instant, and when it was in microseconds of Unix time: spans of one process are on one clock.
    epoch: (Instant, u64),
    shards: Mutex<Vec<Arc<Mutex<Shard>>>>,
    ring: Mutex<Ring>,
    exports: Mutex<Option<Exports>>,
}

#[derive(Default)]
struct Shard {
    sampler: Sampler,
    spans: Vec<Span>,
}

#[derive(Default)]
struct Exports {
    waiting: VecDeque<Span>,
    dropped: u64,
}

/// Who makes a call that comes to this process.
#[derive(Clone, Copy, Debug)]
pub enum Origin {
    /// One of our own processes, which gave the call its span; the number is that of its caller's span, 0 for none.
    Peer(TraceContext, u64),
    /// Somebody from outside, with the span that it says to have of its own.
    Outside(Option<TraceContext>),
}

/// What is needed of a call that is under way to record it at its end.
#[derive(Clone, Debug)]
pub struct Opened {
    trace: TraceContext,
    notes: Arc<Notes>,
}

impl Opened {
    /// None when its span is not kept in this process.
    pub fn of(scope: &CallScope) -> Option<Self> {
        let notes = scope.notes.as_ref().filter(|notes| notes.kept_here)?;
        Some(Opened { trace: scope.trace, notes: notes.clone() })
    }
}

impl Traces {
    /// Those of an orchestrator, which keeps the calls that it takes to nodes.
    pub fn of_orchestrator() -> Self {
        Traces::new(None)
    }

    /// Those of a node, which keeps the calls that clients make here and those that its own scripts make here. `name` is
    /// how the node is called once it listens.
    pub fn of_node(name: Arc<OnceLock<String>>) -> Self {
        Traces::new(Some(name))
    }

    fn new(name: Option<Arc<OnceLock<String>>>) -> Self {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Traces(Arc::new(Shared {
            name,
            here: OnceLock::new(),
            epoch: (Instant::now(), u64::try_from(unix.as_micros()).unwrap_or(u64::MAX)),
            shards: Mutex::default(),
            ring: Mutex::default(),
            exports: Mutex::default(),
        }))
    }

    /// A recorder for the calling thread. Clones of it share its shard.
    pub fn tracer(&self) -> Tracer {
        let shard = Arc::<Mutex<Shard>>::default();
        lock(&self.0.shards).push(shard.clone());
        Tracer { shared: self.0.clone(), shard }
    }

    /// At most `limit` of the slowest traces and of the latest.
    pub fn list(&self, limit: usize) -> TraceList {
        self.collect();
        lock(&self.0.ring).list(limit)
    }

    /// One trace; none when it is not kept.
    pub fn tree(&self, trace_id: u128) -> Option<TraceTree> {
        self.collect();
        lock(&self.0.ring).tree(trace_id)
    }

    /// The ids of kept traces from the first to the last of these, a few of them.
    pub fn ids(&self, from: u128, to: u128) -> Vec<u128> {
        self.collect();
        lock(&self.0.ring).ids(from, to)
    }

    /// From now on spans also wait to be exported.
    pub fn begin_exports(&self) {
        lock(&self.0.exports).get_or_insert_default();
    }

    /// At most `most` spans to export, and how many were dropped since the last time.
    pub fn exports(&self, most: usize) -> (Vec<Span>, u64) {
        self.collect();
        match &mut *lock(&self.0.exports) {
            Some(exports) => {
                let most = most.min(exports.waiting.len());
                (exports.waiting.drain(..most).collect(), std::mem::take(&mut exports.dropped))
            }
            None => (Vec::new(), 0),
        }
    }

    /// Takes what the shards hold into the ring.
    fn collect(&self) {
        let shards = lock(&self.0.shards).clone();
        for shard in shards {
            let spans = std::mem::take(&mut lock(&shard).spans);
            self.0.keep(spans);
        }
    }
}

impl Shared {
    fn keep(&self, spans: Vec<Span>) {
        if spans.is_empty() {
            return;
        }
        if let Some(exports) = &mut *lock(&self.exports) {
            let room = EXPORTS - exports.waiting.len();
            exports.dropped += spans.len().saturating_sub(room) as u64;
            exports.waiting.extend(spans.iter().take(room).cloned());
        }
        let mut ring = lock(&self.ring);
        spans.into_iter().for_each(|span| ring.add(span));
    }

    /// The node that this process is.
    fn here(&self) -> Option<PeerUrl> {
        let name = self.name.as_ref()?.get()?;
        self.here.get_or_init(|| PeerUrl::parse(name).ok()).clone()
    }
}

impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traces").finish_non_exhaustive()
    }
}

/// Records the calls of one thread; others may use it, too.
#[derive(Clone)]
pub struct Tracer {
    shared: Arc<Shared>,
    shard: Arc<Mutex<Shard>>,
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracer").finish_non_exhaustive()
    }
}

impl Tracer {
    /// The place of a call in its trace, and what to note of it; it comes `now`.
    pub fn begin(&self, origin: Origin, now: Instant) -> (TraceContext, Option<Arc<Notes>>) {
        let mut shard = lock(&self.shard);
        let sampler = &mut shard.sampler;
        let is_node = self.shared.name.is_some();
        let (trace, parent, sampled, kept_here) = match origin {
            // Who sent it here keeps its span.
            Origin::Peer(trace, _) if is_node && !trace.is_sampled() => return (trace, None),
            Origin::Peer(trace, parent) if is_node => (trace, parent, true, false),
            Origin::Peer(trace, parent) => (trace, parent, trace.is_sampled() && sampler.takes_more(now), true),
            Origin::Outside(Some(client)) => {
                (client.child(), client.span_id, client.is_sampled() && sampler.takes_more(now), true)
            }
            Origin::Outside(None) => {
                let trace = TraceContext::root();
                (trace, 0, sampler.takes_new(trace.trace_id, now), true)
            }
        };
        (trace.sampled(sampled), Some(Arc::new(Notes::new(now, parent, sampled, kept_here))))
    }

    /// Records a call that has come to `result`, if it was sampled, failed, or was slow.
    pub fn finish(&self, call: &Opened, method: &str, result: &CallResult) {
        self.record(call, method, result.as_ref().err().map(CallError::code));
    }

    /// Records a call that ended before it came to anything: its caller has gone.
    pub fn give_up(&self, call: &Opened, method: &str) {
        self.record(call, method, Some(CallError::Cancelled.code()));
    }

    fn record(&self, call: &Opened, method: &str, error: Option<Code>) {
        let Opened { trace, notes } = call;
        let now = Instant::now();
        let total = notes.age(now);
        if !notes.sampled && error.is_none() && total < SLOW {
            return;
        }
        let total_us = u64::try_from(total.as_micros()).unwrap_or(u64::MAX);
        let (sent_to, attempts, told) = notes.journey();
        let is_node = self.shared.name.is_some();
        let times = if is_node && notes.sampled { Some(notes.own_times(now)) } else { told };
        let (began, unix_us) = self.shared.epoch;
        let since = u64::try_from(notes.at.saturating_duration_since(began).as_micros()).unwrap_or(u64::MAX);
        let span = Span {
            trace_id: trace.trace_id,
            span_id: trace.span_id,
            parent_id: notes.parent,
            method: shortened(method).into(),
            node: sent_to.or_else(|| self.shared.here()),
            start_us: unix_us.saturating_add(since),
            total_us,
            times: times.map(|times| times.within(total_us)),
            attempts: if is_node { 1 } else { attempts },
            error: error.map(|code| code.0),
        };
        let mut shard = lock(&self.shard);
        shard.spans.push(span);
        if shard.spans.len() >= SHARD {
            let spans = std::mem::take(&mut shard.spans);
            drop(shard);
            self.shared.keep(spans);
        }
    }
}

/// A call that is recorded by whoever has this, as one that was given up when it is dropped.
#[derive(Debug)]
pub struct OpenSpan(Option<(Tracer, Opened, String)>);

impl OpenSpan {
    /// None when the call's span is not kept in this process.
    pub fn new(tracer: &Tracer, scope: &CallScope, method: &str) -> Option<Self> {
        Opened::of(scope).map(|opened| OpenSpan(Some((tracer.clone(), opened, method.to_owned()))))
    }

    /// It has come to `result`.
    pub fn finish(mut self, result: &CallResult) {
        if let Some((tracer, opened, method)) = self.0.take() {
            tracer.finish(&opened, &method, result);
        }
    }
}

impl Drop for OpenSpan {
    fn drop(&mut self) {
        if let Some((tracer, opened, method)) = self.0.take() {
            tracer.give_up(&opened, &method);
        }
    }
}

fn shortened(method: &str) -> &str {
    let mut end = method.len().min(LONGEST_METHOD);
    while !method.is_char_boundary(end) {
        end -= 1;
    }
    &method[..end]
}

/// A span is never half written.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
