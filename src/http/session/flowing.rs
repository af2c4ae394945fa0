//! A call of a session beside which something flows: `_stream` and `_credit` one way, `_push`, `_end` and `_pull` the
//! other (PROTOCOL, section 6).

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use futures_util::Stream;
use madrpc_actors::protocol::streams::{self, Writer, CREDIT};
use madrpc_actors::protocol::{reply, CallError, JsonText};

use super::outbox::Outbox;
use super::written;
use crate::http::answer::{tell_times, WriteReply};
use crate::http::flow::{Flow, Step};

/// Items wait for the socket up to about this many bytes, those of other calls included.
const ITEMS_ROOM: usize = 256 * 1024;

/// What was pushed to all calls of a session waits up to about this many bytes; a call that gets more ends.
const PUSHED_ROOM: usize = 64 << 20;

/// Counts them.
pub(super) type Pushed = Rc<Cell<usize>>;

/// What frames of the other side do to a call.
pub(super) struct Valve(RefCell<State>);

struct State {
    /// Values that the call's queue has not taken yet.
    pushed: VecDeque<JsonText>,
    /// Nothing is pushed any more, or nobody would take it.
    closed: bool,
    /// Why the call can't go on: more was pushed than may wait.
    overrun: Option<CallError>,
    /// Bytes that were pushed to all calls of the session and wait.
    waiting: Pushed,
    /// A peer's credit, which the last item may overdraw; a client has none, and gets as many items as its socket takes.
    wanted: Option<isize>,
    task: Option<Waker>,
}

impl Valve {
    /// `from_peer`: whoever reads the items says how many may come.
    /// What is pushed counts in `waiting` until the call's queue has it.
    pub(super) fn new(from_peer: bool, takes_input: bool, waiting: Pushed) -> Rc<Self> {
        Rc::new(Valve(RefCell::new(State {
            pushed: VecDeque::new(),
            closed: !takes_input,
            overrun: None,
            waiting,
            wanted: from_peer.then_some(CREDIT as isize),
            task: None,
        })))
    }

    /// `_push`. False when the call takes nothing more.
    pub(super) fn push(&self, value: JsonText) -> bool {
        let mut state = self.0.borrow_mut();
        if state.closed {
            return false;
        }
        if state.pushed.len() >= CREDIT {
            let problem = format!("pushed without credit: {CREDIT} at most may wait");
            state.overrun = Some(CallError::invalid_params("value", problem));
        } else if state.waiting.get() > PUSHED_ROOM {
            state.overrun = Some(CallError::Overloaded);
        } else {
            state.waiting.set(state.waiting.get() + value.len());
            state.pushed.push_back(value);
        }
        state.wake();
        true
    }

    /// `_end`.
    pub(super) fn end(&self) {
        let mut state = self.0.borrow_mut();
        state.closed = true;
        state.wake();
    }

    /// `_pull` of a peer.
    pub(super) fn grant(&self, items: usize) {
        let mut state = self.0.borrow_mut();
        let items = isize::try_from(items).unwrap_or(isize::MAX);
        state.wanted = state.wanted.map(|wanted| wanted.saturating_add(items));
        state.wake();
    }
}

impl State {
    fn pop(&mut self) -> Option<JsonText> {
        let value = self.pushed.pop_front()?;
        self.waiting.set(self.waiting.get().saturating_sub(value.len()));
        Some(value)
    }

    fn clear(&mut self) {
        while self.pop().is_some() {}
    }

    fn wake(&mut self) {
        if let Some(task) = self.task.take() {
            task.wake();
        }
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.clear();
    }
}

/// The frames that come of the call.
pub(super) struct Flowing {
    id: JsonText,
    flow: Flow,
    input: Option<Writer>,
    valve: Rc<Valve>,
    out: Outbox,
    /// For an error alone, and the reply.
    write: WriteReply,
    /// Longest result that may wait for the socket.
    room: usize,
    limit: u64,
    seq: u64,
    over: bool,
}

impl Flowing {
    pub(super) fn new(
        id: JsonText,
        flow: Flow,
        input: Option<Writer>,
        valve: Rc<Valve>,
        out: Outbox,
        write: WriteReply,
    ) -> Self {
        Flowing { id, flow, input, valve, out, write, room: usize::MAX, limit: 0, seq: 0, over: false }
    }

    /// A result that would make more than `room` bytes wait for the socket is an error about `limit`.
    pub(super) fn limited(self, room: usize, limit: usize) -> Self {
        Flowing { room, limit: limit as u64, ..self }
    }

    /// Hands on what was pushed, and gives the number of values that were taken.
    fn feed(&mut self, cx: &mut Context<'_>) -> usize {
        let mut state = self.valve.0.borrow_mut();
        state.task = Some(cx.waker().clone());
        let mut taken = 0;
        while let Some(writer) = &mut self.input {
            if state.pushed.is_empty() {
                if state.closed {
                    self.input = None;
                }
                break;
            }
            let Poll::Ready(ready) = writer.poll_ready(cx) else { break };
            let value = state.pop();
            if ready.is_err() || value.is_none_or(|value| writer.start_send(value).is_err()) {
                // Nobody reads it.
                state.closed = true;
                state.clear();
                self.input = None;
                break;
            }
            taken += 1;
        }
        if let Some(error) = state.overrun.take() {
            self.flow.end_with(Err(error));
        }
        taken
    }

    fn frame(&mut self, step: Step) -> Vec<u8> {
        match step {
            Step::Item(item) => {
                let (id, seq) = (self.id.as_str(), self.seq);
                self.seq += 1;
                let state = &mut *self.valve.0.borrow_mut();
                state.wanted = state.wanted.map(|wanted| wanted - credit_of(&item));
                let mut text = Vec::with_capacity(item.len() + id.len() + 96);
                text.extend_from_slice(br#"{"jsonrpc":"2.0","method":"_stream","params":{"id":"#);
                text.extend_from_slice(id.as_bytes());
                text.extend_from_slice(format!(r#","seq":{seq},"value":"#).as_bytes());
                text.extend_from_slice(item.as_bytes());
                text.extend_from_slice(b"}}");
                text
            }
            Step::Progress(done, total) => {
                let params = serde_json::json!({"done": done, "total": total}).to_string();
                let (id, members) = (self.id.as_str(), params.trim_start_matches('{'));
                format!(r#"{{"jsonrpc":"2.0","method":"_progress","params":{{"id":{id},{members}}}"#).into_bytes()
            }
            Step::End(result) => {
                self.over = true;
                let result = match self.out.bytes().saturating_add(reply::size(&result)) > self.room {
                    true => Err(CallError::TooLarge { limit: self.limit }),
                    false => result,
                };
                let mut text = written(self.write, Some(self.id.as_str()), &result);
                tell_times(&mut text, self.flow.notes());
                text
            }
        }
    }
}

impl Stream for Flowing {
    type Item = Vec<u8>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Vec<u8>>> {
        let this = &mut *self;
        if this.over {
            return Poll::Ready(None);
        }
        let taken = this.feed(cx);
        if taken > 0 {
            return Poll::Ready(Some(credit(this.id.as_str(), taken)));
        }
        let (valve, out) = (&this.valve, &this.out);
        // A link is shared: what its socket has not taken would fill the room of other calls.
        let may_send = |cx: &mut Context<'_>| {
            let wanted = valve.0.borrow().wanted;
            wanted.is_none_or(|wanted| wanted > 0) && out.has_room(ITEMS_ROOM, cx)
        };
        let step = std::task::ready!(this.flow.poll_step(cx, may_send));
        Poll::Ready(Some(this.frame(step)))
    }
}

fn credit_of(item: &JsonText) -> isize {
    isize::try_from(streams::cost(item)).unwrap_or(isize::MAX)
}

/// The notification that so many more values may come.
fn credit(id: &str, n: usize) -> Vec<u8> {
    format!(r#"{{"jsonrpc":"2.0","method":"_credit","params":{{"id":{id},"n":{n}}}}}"#).into_bytes()
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, StreamExt};
    use madrpc_actors::protocol::streams::{self, Reader};
    use madrpc_actors::protocol::{reply, CallResult};
    use tokio::sync::oneshot;

    use super::*;

    struct Both {
        flowing: Flowing,
        valve: Rc<Valve>,
        items: Writer,
        input: Reader,
        done: oneshot::Sender<CallResult>,
        out: Outbox,
    }

    fn both(from_peer: bool) -> Both {
        let ((items, reader), (writer, input)) = (streams::queue(), streams::queue());
        let (done, result) = oneshot::channel();
        let work = result.map(|result| result.unwrap_or(Err(CallError::Cancelled))).boxed_local();
        let (valve, out) = (Valve::new(from_peer, true, Pushed::default()), Outbox::default());
        let id = JsonText::parse("\"a\"").expect("JSON");
        let flow = Flow::new(work, Some(reader));
        let flowing = Flowing::new(id, flow, Some(writer), valve.clone(), out.clone(), reply::write);
        Both { flowing, valve, items, input, done, out }
    }

    fn next(both: &mut Both) -> Option<String> {
        let frame = both.flowing.next().now_or_never().flatten();
        frame.map(|frame| String::from_utf8(frame).expect("UTF-8"))
    }

    fn item(seq: usize) -> Option<String> {
        Some(format!(r#"{{"jsonrpc":"2.0","method":"_stream","params":{{"id":"a","seq":{seq},"value":null}}}}"#))
    }

    #[test]
    fn items_are_numbered_and_the_reply_ends_them() {
        let mut both = both(false);
        for _ in 0..2 {
            both.items.try_send(JsonText::NULL).expect("room");
        }
        assert_eq!([next(&mut both), next(&mut both), next(&mut both)], [item(0), item(1), None]);
        let error = CallError::Timeout;
        both.items.try_send(JsonText::NULL).expect("room");
        let (done, _) = oneshot::channel();
        drop(std::mem::replace(&mut both.done, done).send(Err(error)));
        assert_eq!(next(&mut both), item(2));
        let reply = r#"{"jsonrpc":"2.0","id":"a","error":{"code":-32001,"message":"Timeout"}}"#;
        assert_eq!(next(&mut both).as_deref(), Some(reply));
        assert_eq!(next(&mut both), None);
    }

    #[test]
    fn a_client_gets_as_many_items_as_its_socket_takes_and_a_peer_as_many_as_it_asked_for() {
        let mut client = both(false);
        client.out.text(vec![b'x'; ITEMS_ROOM]);
        client.items.try_send(JsonText::NULL).expect("room");
        assert_eq!(next(&mut client), None);
        client.out.give_up();
        assert_eq!(next(&mut client), item(0));
        let mut peer = both(true);
        for seq in 0..CREDIT {
            peer.items.try_send(JsonText::NULL).expect("room");
            assert_eq!(next(&mut peer), item(seq));
        }
        peer.items.try_send(JsonText::NULL).expect("room");
        assert_eq!(next(&mut peer), None);
        peer.valve.grant(1);
        assert_eq!(next(&mut peer), item(CREDIT));
    }

    #[test]
    fn what_is_pushed_gets_credit_when_the_call_has_taken_it() {
        let mut both = both(false);
        let credit = |n| Some(String::from_utf8(credit("\"a\"", n)).expect("UTF-8"));
        (0..CREDIT).for_each(|_| assert!(both.valve.push(JsonText::NULL)));
        assert_eq!([next(&mut both), next(&mut both)], [credit(CREDIT), None]);
        (0..CREDIT).for_each(|_| assert!(both.valve.push(JsonText::NULL)));
        assert_eq!(next(&mut both), None, "nobody has read the first");
        assert!(both.input.try_recv().is_ok());
        assert_eq!([next(&mut both), next(&mut both)], [credit(1), None]);
        assert!(both.valve.push(JsonText::NULL) && both.valve.push(JsonText::NULL));
        let error = next(&mut both).expect("an error");
        assert!(error.contains(r#""id":"a","error":{"code":-32602"#), "{error}");
    }

    #[test]
    fn the_end_comes_after_what_was_pushed() {
        let mut both = both(false);
        assert!(both.valve.push(JsonText::NULL));
        both.valve.end();
        assert!(!both.valve.push(JsonText::NULL), "after the end nothing is taken");
        assert!(next(&mut both).is_some());
        assert!(next(&mut both).is_none());
        assert!(both.input.try_recv().is_ok() && both.input.try_recv().is_err_and(|error| error.is_closed()));
    }
}
