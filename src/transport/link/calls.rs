//! The calls of a link: those that wait to be written, and those that wait for their answers.

use std::cell::{RefCell, RefMut};
use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use awc::ws::Frame;
use bytes::Bytes;
use futures_util::Stream;
use madrpc_actors::protocol::{link, reply, request, Call, CallError, CallResult, JsonText, Notes, Reply};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot};

use super::flowing::{News, Teller};
use super::guest::Guest;
use crate::http::STREAM_BATCH_MAX;
use crate::transport::wire;

/// A batch is sent in frames of at most this many bytes, but for a single call that is longer.
const LONGEST_FRAME: usize = 256 * 1024;

/// How a notification of our own processes begins.
const NOTIFICATION: &[u8] = br#"{"jsonrpc":"2.0","method":"#;

/// A handle; clones share the link.
#[derive(Clone)]
pub(crate) struct Link(Rc<RefCell<Calls>>);

/// What the handles and the pump share.
pub(super) struct Calls {
    max_body: usize,
    next: usize,
    open: HashMap<usize, Waiting>,
    outgoing: VecDeque<Outgoing>,
    /// Writes the frames.
    writer: Option<Waker>,
    pub(super) last_used: Instant,
    /// When the peer last said anything.
    pub(super) heard: Instant,
    ended: bool,
    /// The peer, if it may ask, too.
    pub(super) guest: Option<Box<dyn Guest>>,
}

/// A frame with the calls that are in it; one whose calls nobody waits for any more is not sent.
struct Outgoing {
    numbers: Range<usize>,
    text: Vec<u8>,
    /// It is a notification: whoever waits for it waits for no more than that it leaves.
    is_notification: bool,
}

enum Waiter {
    Single(oneshot::Sender<CallResult>),
    OfBatch { index: usize, results: mpsc::UnboundedSender<(usize, CallResult)> },
    Flowing(Teller),
}

/// With what is to be noted of the call.
type Waiting = (Waiter, Option<Arc<Notes>>);

/// What hears of the times of a call, if anybody wants to.
fn noted(call: &Call) -> Option<Arc<Notes>> {
    call.scope.notes.clone().filter(|notes| notes.sampled)
}

impl Waiter {
    fn answer(self, result: CallResult) {
        match self {
            Waiter::Single(reply) => drop(reply.send(result)),
            Waiter::OfBatch { index, results } => drop(results.send((index, result))),
            Waiter::Flowing(teller) => drop(teller.tell(News::End(result))),
        }
    }
}

impl Link {
    /// Results may have `max_body` bytes.
    pub(crate) fn new(max_body: usize) -> Self {
        Link(Rc::new(RefCell::new(Calls {
            max_body,
            next: 0,
            open: HashMap::new(),
            outgoing: VecDeque::new(),
            writer: None,
            last_used: Instant::now(),
            heard: Instant::now(),
            ended: false,
            guest: None,
        })))
    }

    pub(super) fn calls(&self) -> RefMut<'_, Calls> {
        self.0.borrow_mut()
    }

    /// When the peer last said anything.
    pub(super) fn heard(&self) -> Instant {
        self.calls().heard
    }

    /// Lets the peer ask, too.
    pub(in crate::transport) fn receive(&self, guest: Box<dyn Guest>) {
        let mut calls = self.calls();
        calls.guest = Some(guest);
        // Its messages have a writer only when they have been asked for.
        calls.wake();
    }

    /// The next frame to write. Without one, `waker` is told when there is.
    pub(crate) fn next_frame(&self, waker: &Waker) -> Option<Vec<u8>> {
        self.calls().next_frame(waker)
    }

    /// What the peer says of calls of this side.
    pub(crate) fn hear(&self, text: &Bytes) {
        self.calls().frame(text);
    }

    /// Nothing is written or heard any more.
    pub(in crate::transport) fn end(&self) {
        self.calls().end();
    }

    /// Sends a call. Dropping the future cancels it, here and at the peer. A notification has its answer, null, when it
    /// leaves.
    pub(in crate::transport) fn call(&self, call: &Call, now: Instant) -> Answer {
        let (reply, result) = oneshot::channel();
        let mut calls = self.calls();
        let number = calls.next;
        let mut frame = Vec::with_capacity(wire::ELEMENT + call.params.as_ref().map_or(0, |params| params.len()));
        wire::element(&mut frame, number, call, now);
        calls.begin(vec![(Waiter::Single(reply), noted(call))], frame, now);
        if call.notification {
            calls.is_answered_by_leaving();
        }
        drop(calls);
        Answer { link: self.clone(), number, result }
    }

    /// Sends a call beside which something flows; what the peer says of it goes to `teller`. Dropping the answer cancels
    /// the call.
    pub(super) fn begin_flow(&self, call: &Call, now: Instant, teller: Teller) -> OpenFlow {
        let mut calls = self.calls();
        let number = calls.next;
        let mut frame = Vec::with_capacity(wire::ELEMENT + call.params.as_ref().map_or(0, |params| params.len()));
        wire::element(&mut frame, number, call, now);
        calls.begin(vec![(Waiter::Flowing(teller), noted(call))], frame, now);
        drop(calls);
        OpenFlow { link: self.clone(), number }
    }

    /// Sends a notification, such as one about an open call that is not the frame that began it.
    pub(in crate::transport) fn say(&self, frame: Vec<u8>) {
        let mut calls = self.calls();
        if !calls.ended {
            calls.send(0..0, frame);
        }
    }

    /// Sends many together; each index comes once. Dropping the stream cancels those that are not answered.
    pub(in crate::transport) fn batch(&self, calls: &[Call], now: Instant) -> Answers {
        let (sender, results) = mpsc::unbounded_channel();
        let mut shared = self.calls();
        let most = shared.max_body.min(LONGEST_FRAME);
        let mut frames = Vec::new();
        let (mut frame, mut waiters, mut element) = (Vec::new(), Vec::new(), Vec::new());
        for (index, call) in calls.iter().enumerate() {
            element.clear();
            wire::element(&mut element, shared.next + waiters.len(), call, now);
            if waiters.len() == STREAM_BATCH_MAX || (!frame.is_empty() && frame.len() + element.len() >= most) {
                frames.push(shared.begin_batch(std::mem::take(&mut waiters), std::mem::take(&mut frame), now));
                element.clear();
                wire::element(&mut element, shared.next, call, now);
            }
            frame.push(if frame.is_empty() { b'[' } else { b',' });
            frame.extend_from_slice(&element);
            waiters.push((Waiter::OfBatch { index, results: sender.clone() }, noted(call)));
        }
        frames.push(shared.begin_batch(waiters, frame, now));
        drop(shared);
        Answers { link: self.clone(), frames, results }
    }
}

impl Calls {
    fn begin_batch(&mut self, waiters: Vec<Waiting>, mut frame: Vec<u8>, now: Instant) -> Range<usize> {
        let first = self.next;
        frame.push(b']');
        self.begin(waiters, frame, now);
        first..self.next
    }

    /// Sends a frame with one call for each waiter, by the next numbers.
    fn begin(&mut self, waiters: Vec<Waiting>, frame: Vec<u8>, now: Instant) {
        let numbers = self.next..self.next + waiters.len();
        self.next = numbers.end;
        self.last_used = now;
        if self.ended {
            let unsent = |(waiter, _): Waiting| waiter.answer(Err(CallError::Unreachable { sent: false }));
            return waiters.into_iter().for_each(unsent);
        }
        self.open.extend(numbers.clone().zip(waiters));
        self.send(numbers, frame);
    }

    /// The writer runs after the tasks that are ready now: what they all send leaves in one write.
    fn send(&mut self, numbers: Range<usize>, frame: Vec<u8>) {
        self.outgoing.push_back(Outgoing { numbers, text: frame, is_notification: false });
        self.wake();
    }

    /// The call that was begun last is a notification.
    fn is_answered_by_leaving(&mut self) {
        if let Some(last) = self.outgoing.back_mut().filter(|last| last.numbers.end == self.next) {
            last.is_notification = true;
        }
    }

    fn wake(&mut self) {
        if let Some(writer) = self.writer.take() {
            writer.wake();
        }
    }

    /// Nobody waits any more for the calls of a frame.
    fn abandon(&mut self, numbers: &Range<usize>) {
        let waited = numbers.clone().filter(|number| self.open.remove(number).is_some()).count();
        if waited == 0 {
            return;
        }
        if let Some(unsent) = self.outgoing.iter().rposition(|queued| queued.numbers == *numbers) {
            self.outgoing.remove(unsent);
            return;
        }
        let (first, last) = (numbers.start, numbers.end - 1);
        let through = if first < last { format!(r#","through":{last}"#) } else { String::new() };
        let cancel = format!(r#"{{"jsonrpc":"2.0","method":"$/cancelRequest","params":{{"id":{first}{through}}}}}"#);
        self.send(0..0, cancel.into_bytes());
    }

    pub(super) fn is_idle(&self) -> bool {
        self.open.is_empty() && self.outgoing.is_empty() && self.guest.as_ref().is_none_or(|guest| guest.is_idle())
    }

    /// The next frame to write. Without one, `waker` is told when there is.
    pub(super) fn next_frame(&mut self, waker: &Waker) -> Option<Vec<u8>> {
        let frame = self.outgoing.pop_front().map(|Outgoing { numbers, text, is_notification }| {
            if is_notification {
                let told = numbers.into_iter().filter_map(|number| self.open.remove(&number));
                told.for_each(|(waiter, _)| waiter.answer(Ok(JsonText::NULL)));
            }
            text
        });
        if frame.is_none() && !self.writer.as_ref().is_some_and(|known| known.will_wake(waker)) {
            self.writer = Some(waker.clone());
        }
        frame
    }

    /// A frame of the peer's, who may ask, too.
    pub(super) fn incoming(&mut self, text: Bytes) {
        match &mut self.guest {
            Some(guest) if link::asks(&text) => {
                self.last_used = Instant::now();
                guest.hear(Frame::Text(text));
            }
            _ => self.frame(&text),
        }
    }

    /// What is said of calls of this side: one reply, or several that were ready together.
    pub(super) fn frame(&mut self, text: &Bytes) {
        if text.starts_with(NOTIFICATION) {
            return self.notification(text);
        }
        if text.first() != Some(&b'[') {
            return self.reply(text);
        }
        // More can't be answered.
        let replies = request::elements(text, self.open.len()).unwrap_or_default();
        for reply in replies {
            self.reply(&text.slice_ref(reply.get().as_bytes()));
        }
    }

    /// What flows beside a call. A peer that sends more than it was asked for loses the call.
    fn notification(&mut self, text: &Bytes) {
        #[derive(Deserialize)]
        struct Frame<'a> {
            #[serde(borrow)]
            params: Params<'a>,
        }
        #[derive(Deserialize)]
        struct Params<'a> {
            id: usize,
            #[serde(borrow)]
            value: Option<&'a RawValue>,
            n: Option<usize>,
            done: Option<u64>,
            total: Option<u64>,
        }
        let Ok(Frame { params: Params { id, value, n, done, total } }) = serde_json::from_slice(text) else { return };
        let Some((Waiter::Flowing(teller), _)) = self.open.get(&id) else { return };
        let news = match (value, n, done) {
            (_, Some(n), _) => News::Credit(n),
            (Some(value), None, _) => News::Item(JsonText::slice(text, value)),
            (None, None, Some(done)) => News::Progress(done, total),
            // `"value":null` reads as absent.
            (None, None, None) => News::Item(JsonText::NULL),
        };
        if !teller.tell(news) {
            if let Some((waiter, _)) = self.open.remove(&id) {
                waiter.answer(Err(CallError::internal("the peer streams more than it was asked for")));
            }
        }
    }

    /// What answers none of the calls is passed over. A call whose answer is no reply has failed.
    fn reply(&mut self, text: &Bytes) {
        let Some(reply) = Reply::read(text) else {
            let number = reply::id_of(text).and_then(|id| id.parse().ok());
            if let Some((waiter, _)) = number.and_then(|number: usize| self.open.remove(&number)) {
                waiter.answer(Err(CallError::internal("the peer's answer is no JSON-RPC reply")));
            }
            return;
        };
        let number = reply.id.as_deref().and_then(|id| id.parse().ok());
        if let Some((waiter, notes)) = number.and_then(|number: usize| self.open.remove(&number)) {
            if let (Some(notes), Some(times)) = (notes, reply.times) {
                notes.hears(times);
            }
            let limit = self.max_body;
            waiter.answer(match reply.result {
                Ok(text) if text.len() > limit => {
                    Err(CallError::TooLarge { limit: limit as u64 }.with("size", text.len()))
                }
                result => result,
            });
        }
    }

    /// The link is gone: what was not written has not run, and of the rest nobody knows.
    pub(super) fn end(&mut self) {
        self.ended = true;
        self.guest = None;
        for number in std::mem::take(&mut self.outgoing).into_iter().flat_map(|unsent| unsent.numbers) {
            if let Some((waiter, _)) = self.open.remove(&number) {
                waiter.answer(Err(CallError::Unreachable { sent: false }));
            }
        }
        for (_, (waiter, _)) in self.open.drain() {
            waiter.answer(Err(CallError::Unreachable { sent: true }));
        }
    }
}

/// A call beside which something flows, until it is dropped.
pub(super) struct OpenFlow {
    link: Link,
    pub(super) number: usize,
}

impl Drop for OpenFlow {
    fn drop(&mut self) {
        self.link.calls().abandon(&(self.number..self.number + 1));
    }
}

/// What a call comes to.
pub(in crate::transport) struct Answer {
    link: Link,
    number: usize,
    result: oneshot::Receiver<CallResult>,
}

impl Future for Answer {
    type Output = CallResult;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<CallResult> {
        let result = std::task::ready!(Pin::new(&mut self.result).poll(cx));
        Poll::Ready(result.unwrap_or(Err(CallError::Unreachable { sent: true })))
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.link.calls().abandon(&(self.number..self.number + 1));
    }
}

/// What the calls of a batch come to.
pub(in crate::transport) struct Answers {
    link: Link,
    /// The calls of each frame.
    frames: Vec<Range<usize>>,
    results: mpsc::UnboundedReceiver<(usize, CallResult)>,
}

impl Stream for Answers {
    type Item = (usize, CallResult);

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.results.poll_recv(cx)
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        let mut calls = self.link.calls();
        for numbers in &self.frames {
            calls.abandon(numbers);
        }
    }
}

#[cfg(test)]
mod tests;
