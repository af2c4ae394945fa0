//! The subscriptions of one session to events (PROTOCOL, section 6).

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use futures_util::future::{ready, LocalBoxFuture};
use madrpc_actors::policy::event_queue::Room;
use madrpc_actors::protocol::{CallError, CallResult, JsonText};

use super::outbox::{EventFrames, Outbox};
use crate::http::desk::{Desk, Pledge};

/// Subscriptions of one client.
const MOST: usize = 1_000;

/// Events that wait for one subscriber.
const ROOM: Room = Room { items: 1_000, bytes: 16 << 20 };

/// Those that wait for another process, which hands them on to many.
const PEERS_ROOM: Room = Room { items: 16_384, bytes: 64 << 20 };

/// A handle; clones share the subscriptions.
#[derive(Clone)]
pub(in crate::http) struct Subscriptions(Rc<Inner>);

struct Inner {
    desk: Rc<Desk>,
    /// By which the desk knows the session.
    number: u64,
    out: Outbox,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    last: u64,
    by_id: BTreeMap<u64, Pledge>,
    /// Of a peer, which has one for each pattern.
    by_pattern: HashMap<Arc<str>, u64>,
    /// Those that the broker has not confirmed yet.
    beginning: usize,
    ended: bool,
}

/// A subscription that begins.
struct Beginning(Rc<Inner>);

impl Drop for Beginning {
    fn drop(&mut self) {
        self.0.state.borrow_mut().beginning -= 1;
    }
}

impl Subscriptions {
    pub(super) fn new(desk: Rc<Desk>, out: Outbox) -> Self {
        let number = desk.number_session();
        Subscriptions(Rc::new(Inner { desk, number, out, state: RefCell::default() }))
    }

    /// Ends all.
    pub(super) fn end(&self) {
        let mut state = self.0.state.borrow_mut();
        state.ended = true;
        let subscriptions = std::mem::take(&mut state.by_id);
        drop(state);
        for (id, pledge) in subscriptions {
            self.0.desk.remove(&pledge.pattern, id, self.0.number);
        }
    }

    /// Begins one of a client's. Dropping the future before it has resolved calls it off.
    pub(in crate::http) fn subscribe(&self, pattern: Arc<str>) -> LocalBoxFuture<'static, CallResult> {
        let state = self.0.state.borrow();
        if state.by_id.len() + state.beginning >= MOST {
            let refused = CallError::invalid_params("channel", format!("a session has at most {MOST} subscriptions"));
            return Box::pin(ready(Err(refused)));
        }
        drop(state);
        self.begin(pattern, 1, false)
    }

    /// Begins one of a peer's with so many receivers, or changes their number.
    pub(in crate::http) fn subscribe_peer(
        &self,
        pattern: Arc<str>,
        receivers: u64,
    ) -> LocalBoxFuture<'static, CallResult> {
        let known = self.0.state.borrow().by_pattern.get(&pattern).copied();
        let Some(id) = known.filter(|id| self.0.state.borrow().by_id.contains_key(id)) else {
            return self.begin(pattern, receivers, true);
        };
        // The new number counts before the old one does not any more: what is published meanwhile is not missed.
        let (pledge, told) = self.0.desk.pledge(pattern, receivers);
        let before = self.0.state.borrow_mut().by_id.insert(id, pledge);
        drop(before);
        Box::pin(async move {
            told.await?;
            JsonText::of(&id)
        })
    }

    fn begin(&self, pattern: Arc<str>, receivers: u64, is_peer: bool) -> LocalBoxFuture<'static, CallResult> {
        let inner = self.0.clone();
        // Begun here, so that it counts in the order of the requests.
        let (pledge, told) = inner.desk.pledge(pattern.clone(), receivers);
        inner.state.borrow_mut().beginning += 1;
        let beginning = Beginning(inner.clone());
        Box::pin(async move {
            told.await?;
            drop(beginning);
            let mut state = inner.state.borrow_mut();
            if state.ended {
                return Err(CallError::Cancelled);
            }
            state.last += 1;
            let id = state.last;
            state.by_id.insert(id, pledge);
            if is_peer {
                state.by_pattern.insert(pattern.clone(), id);
            }
            // From here to the answer nothing else runs: no event is told before its subscription is.
            let room = if is_peer { PEERS_ROOM } else { ROOM };
            let frames = EventFrames::new(id, room, inner.desk.recorder.clone());
            inner.desk.insert(&pattern, id, inner.number, inner.out.clone(), frames);
            JsonText::of(&id)
        })
    }

    /// Ends one; false when there is none.
    pub(in crate::http) fn unsubscribe(&self, id: u64) -> bool {
        let mut state = self.0.state.borrow_mut();
        let Some(pledge) = state.by_id.remove(&id) else { return false };
        if state.by_pattern.get(&pledge.pattern) == Some(&id) {
            state.by_pattern.remove(&pledge.pattern);
        }
        drop(state);
        self.0.desk.remove(&pledge.pattern, id, self.0.number);
        true
    }
}
