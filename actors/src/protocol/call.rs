//! One call on its way through a process.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::error::CallError;
use super::json_text::JsonText;
use super::notes::Notes;
use super::reply::Reply;
use super::streams::Streams;
use super::trace::TraceContext;

/// What a call comes to: the text of its result, or why there is none.
pub type CallResult = Result<JsonText, CallError>;

/// A method, its arguments, and what bounds the call.
#[derive(Clone, Debug)]
pub struct Call {
    /// The method's name as the caller wrote it.
    pub method: String,
    /// An array or an object; absent when the caller gave none.
    pub params: Option<JsonText>,
    /// What the call inherits from whoever made it.
    pub scope: CallScope,
    /// What flows while it runs.
    pub streams: Streams,
    /// Nobody waits for its result (JSON-RPC 2.0, section 4.1): whoever takes it to a peer is done once it has left.
    pub notification: bool,
}

impl Call {
    /// A plain call, beside which nothing flows.
    pub fn new(method: impl Into<String>, params: Option<JsonText>, scope: CallScope) -> Self {
        Call { method: method.into(), params, scope, streams: Streams::default(), notification: false }
    }
}

/// What a call inherits and hands on to the calls that it makes.
#[derive(Clone, Debug)]
pub struct CallScope {
    /// When the caller stops waiting. Queueing and every hop count.
    pub deadline: Instant,
    /// Where the deadline comes from.
    pub allowed: Allowed,
    /// How many calls this one is nested in; 0 for a call from outside.
    pub depth: u32,
    /// The trace, whose span id is this call's id in the log.
    pub trace: TraceContext,
    /// Given by the caller to make a retry safe.
    pub idempotency_key: Option<IdempotencyKey>,
    /// Tags that a node must carry to be chosen.
    pub tags: BTreeMap<String, String>,
    /// What is noted of it for its trace; none where nobody wants to know.
    pub notes: Option<Arc<Notes>>,
}

/// How much time a call was given, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// From its beginning.
    pub time: Duration,
    /// Whose word that is.
    pub by: DeadlineBy,
}

/// Whose word a deadline is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadlineBy {
    /// Whoever made the call.
    Client,
    /// The server's own bound for calls that bring none.
    Server,
    /// The method's.
    Method,
    /// The call that made this one, whose deadline it has.
    Parent,
    /// Another process, which knows whose it is.
    Peer,
}

impl DeadlineBy {
    /// As errors tell it.
    pub fn name(self) -> &'static str {
        match self {
            DeadlineBy::Client => "client",
            DeadlineBy::Server => "server",
            DeadlineBy::Method => "method",
            DeadlineBy::Parent => "parent",
            DeadlineBy::Peer => "peer",
        }
    }
}

/// Names one call of one client, however often it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    /// Whose it is: a number for the credentials that the client presented, 0 without any. Two clients may choose the
    /// same key.
    pub client: u64,
    /// As the client chose it.
    pub key: String,
}

impl IdempotencyKey {
    /// Longest key, in bytes.
    pub const MAX_LEN: usize = 255;

    /// The key of `client`; one that is empty or too long is refused.
    pub fn new(client: u64, key: String) -> Result<Self, CallError> {
        match key.len() {
            1..=Self::MAX_LEN => Ok(IdempotencyKey { client, key }),
            _ => Err(CallError::invalid_params("idempotencyKey", "must have 1 to 255 bytes")),
        }
    }
}

impl CallScope {
    /// The scope of a call from outside that may take `timeout` from now.
    pub fn root(timeout: Duration) -> Self {
        CallScope {
            deadline: Instant::now() + timeout,
            allowed: Allowed { time: timeout, by: DeadlineBy::Client },
            depth: 0,
            trace: TraceContext::root(),
            idempotency_key: None,
            tags: BTreeMap::new(),
            notes: None,
        }
    }

    /// The scope of a call made from inside this one: one level deeper, in the same trace, with no later deadline.
    pub fn nested(&self, timeout: Option<Duration>) -> Self {
        let now = Instant::now();
        let own = timeout.and_then(|timeout| Some((timeout, now.checked_add(timeout)?)));
        let (deadline, allowed) = match own.filter(|(_, own)| *own < self.deadline) {
            Some((time, own)) => (own, Allowed { time, by: DeadlineBy::Client }),
            None => {
                let time = self.deadline.saturating_duration_since(now);
                (self.deadline, Allowed { time, by: DeadlineBy::Parent })
            }
        };
        let notes = self.notes.as_ref().filter(|notes| notes.sampled);
        CallScope {
            deadline,
            allowed,
            depth: self.depth.saturating_add(1),
            trace: self.trace.child(),
            idempotency_key: None,
            tags: BTreeMap::new(),
            notes: notes.map(|_| Arc::new(Notes::new(now, self.trace.span_id, true, true))),
        }
    }

    /// The method of the call has a bound of its own, which began at `at`.
    pub fn bound_by_method(&mut self, time: Duration, at: Instant) {
        if let Some(own) = at.checked_add(time).filter(|own| *own < self.deadline) {
            self.deadline = own;
            self.allowed = Allowed { time, by: DeadlineBy::Method };
        }
    }

    /// Notes what a node's reply says of the call's times.
    pub fn hears(&self, reply: &Reply) {
        if let (Some(notes), Some(times)) = (&self.notes, reply.times) {
            notes.hears(times);
        }
    }

    /// Time left, or `Timeout` when there is none.
    pub fn remaining(&self) -> Result<Duration, CallError> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            Err(CallError::Timeout)
        } else {
            Ok(left)
        }
    }
}

/// The id under which the log knows this call.
impl std::fmt::Display for CallScope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.trace.span_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nested_call_is_deeper_and_never_outlives_its_parent() {
        let parent = CallScope::root(Duration::from_secs(5));
        let longer = parent.nested(Some(Duration::from_secs(60)));
        assert_eq!(longer.deadline, parent.deadline);
        assert_eq!(longer.allowed.by, DeadlineBy::Parent);
        let shorter = parent.nested(Some(Duration::from_millis(10)));
        assert!(shorter.deadline < parent.deadline);
        assert_eq!(shorter.allowed, Allowed { time: Duration::from_millis(10), by: DeadlineBy::Client });
        assert_eq!((shorter.depth, shorter.trace.trace_id), (1, parent.trace.trace_id));
    }

    #[test]
    fn an_expired_call_has_no_time_left() {
        let scope = CallScope { deadline: Instant::now(), ..CallScope::root(Duration::from_secs(1)) };
        assert!(matches!(scope.remaining(), Err(CallError::Timeout)));
    }
}
