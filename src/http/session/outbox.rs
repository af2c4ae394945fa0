//! What a session has to say: frames that wait for the socket, and that are counted until it takes them.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use actix_codec::Encoder;
use actix_http::ws::{CloseCode, CloseReason, Codec, Message};
use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use madrpc_actors::metrics::{EventMark, Recorder};
use madrpc_actors::policy::event_queue::{EventQueue, Put, Room, Taken};
use madrpc_actors::protocol::event::dropped_frame;
use madrpc_actors::protocol::unsent::LONG;

use crate::transport::Link;

/// A piece of the answer has about this many bytes: what waits leaves together.
const CHUNK: usize = 64 * 1024;

/// Events that wait for one session, whatever it has subscribed to, have about this many bytes at most. Another process of
/// the cluster has one subscription for each pattern, and as much room as that has.
const EVENTS_ROOM: usize = 64 << 20;

/// The events that wait for one subscriber, as frames ready to be sent; other subscribers have the same.
#[derive(Debug)]
pub(in crate::http) struct EventFrames {
    subscription: u64,
    queue: RefCell<EventQueue<Bytes>>,
    recorder: Rc<Recorder>,
}

impl EventFrames {
    pub(in crate::http) fn new(subscription: u64, room: Room, recorder: Rc<Recorder>) -> Rc<Self> {
        Rc::new(EventFrames { subscription, queue: RefCell::new(EventQueue::new(room)), recorder })
    }

    /// The next frame, and how many bytes of it were counted as waiting.
    fn take(&self) -> Option<(Bytes, usize)> {
        Some(match self.queue.borrow_mut().take()? {
            Taken::Item(frame) => {
                self.recorder.event(EventMark::Delivered, 1);
                let bytes = frame.len();
                (frame, bytes)
            }
            Taken::Dropped(count) => (encoded(dropped_frame(self.subscription, count)), 0),
        })
    }
}

/// The text of such a frame as `encoded` makes, for a socket that encodes by itself.
fn text_of(frame: &Bytes) -> Option<ByteString> {
    // RFC 6455, section 5.2: nothing is masked, so the length tells where it begins.
    let head = match frame.get(1)? & 0x7f {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    ByteString::try_from(frame.slice(head..)).ok()
}

#[derive(Debug)]
enum Waiting {
    Message(Message),
    /// What is next for that subscriber.
    Event(Rc<EventFrames>),
}

/// The frame of a text, as every session sends it.
pub(in crate::http) fn encoded(text: Vec<u8>) -> Bytes {
    let mut frame = BytesMut::with_capacity(text.len() + 10);
    if let Ok(text) = ByteString::try_from(text) {
        // A text can always be encoded.
        let written = Codec::new().encode(Message::Text(text), &mut frame);
        debug_assert!(written.is_ok(), "{written:?}");
    }
    frame.freeze()
}

/// A handle; clones share the frames.
#[derive(Clone, Default)]
pub(in crate::http) struct Outbox(Rc<RefCell<Frames>>);

#[derive(Default)]
struct Frames {
    waiting: VecDeque<Waiting>,
    /// Of the texts among them, and of a long one that the socket has not taken yet.
    bytes: usize,
    /// A text that is to follow the head of its frame.
    long: Option<Bytes>,
    /// Bytes of the long text that was handed out last.
    handed: usize,
    /// Of the events among them.
    event_bytes: usize,
    /// The payload of the last ping that has no answer yet: those before it need none (RFC 6455, section 5.5.3).
    pong: Option<Bytes>,
    /// The other side is to be asked whether it is there. Like the answer to that, it does not wait behind the rest.
    ping: bool,
    /// Nothing is taken on any more.
    closed: bool,
    writer: Option<Waker>,
    /// Who waits for the socket to take some of it.
    waiting_for_room: Vec<Waker>,
    /// What this side asks leaves by the same socket.
    asking: Option<Link>,
}

impl Outbox {
    /// Says this as soon as the socket takes it. What comes after the end is dropped.
    pub(super) fn text(&self, text: impl Into<Bytes>) {
        // JSON is UTF-8, which is looked at once more here.
        if let Ok(text) = ByteString::try_from(text.into()) {
            self.push(text.len(), Message::Text(text));
        }
    }

    /// Tells a subscriber of an event, by a frame from `encoded`; without room, that it was dropped.
    pub(in crate::http) fn event(&self, subscriber: &Rc<EventFrames>, frame: &Bytes) {
        let put = subscriber.queue.borrow_mut().put(frame.clone(), frame.len());
        match put {
            Put::Queued => self.0.borrow_mut().event_bytes += frame.len(),
            Put::Dropped | Put::DroppedToo => subscriber.recorder.event(EventMark::Dropped, 1),
        }
        self.announce(subscriber, put);
    }

    /// Whether the subscriptions of this session together have room for one more event.
    pub(in crate::http) fn takes_events(&self) -> bool {
        let frames = self.0.borrow();
        !frames.closed && frames.event_bytes < EVENTS_ROOM
    }

    /// Tells a subscriber of events that were dropped before they came here.
    pub(in crate::http) fn lost(&self, subscriber: &Rc<EventFrames>, count: u64) {
        subscriber.recorder.event(EventMark::Dropped, count);
        let put = subscriber.queue.borrow_mut().count_dropped(count);
        self.announce(subscriber, put);
    }

    fn announce(&self, subscriber: &Rc<EventFrames>, put: Put) {
        let mut frames = self.0.borrow_mut();
        if put != Put::DroppedToo && !frames.closed {
            frames.waiting.push_back(Waiting::Event(subscriber.clone()));
            frames.wake();
        }
    }

    /// Says from now on what `link` has to ask, too.
    pub(super) fn ask_by(&self, link: Link) {
        let mut frames = self.0.borrow_mut();
        frames.asking = Some(link);
        frames.wake();
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.0.borrow().waiting.is_empty()
    }

    /// Nothing comes any more; what waits still leaves.
    pub(super) fn shut(&self) {
        let mut frames = self.0.borrow_mut();
        frames.closed = true;
        frames.wake();
    }

    /// The next frame for a socket that is not written by the body of an answer; `None` after the last.
    pub(super) fn poll_message(&self, cx: &mut Context<'_>) -> Poll<Option<Message>> {
        let mut frames = self.0.borrow_mut();
        while let Some(next) = frames.next_or_asked(cx) {
            let message = match next {
                Waiting::Message(message) => Some(message),
                Waiting::Event(subscriber) => {
                    frames.taken(&subscriber).and_then(|frame| text_of(&frame)).map(Message::Text)
                }
            };
            if message.is_some() {
                frames.waiting_for_room.drain(..).for_each(Waker::wake);
                return Poll::Ready(message);
            }
        }
        if frames.closed {
            return Poll::Ready(None);
        }
        frames.writer = Some(cx.waker().clone());
        Poll::Pending
    }

    /// What waits, as bytes for the socket; `None` after the last. What is handed out counts as taken, so it is asked for
    /// when the socket has taken what was handed out before.
    pub(super) fn poll_chunk(&self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut frames = self.0.borrow_mut();
        frames.has_taken_long();
        if let Some(text) = frames.long.take() {
            frames.handed = text.len();
            return Poll::Ready(Some(text));
        }
        let (mut chunk, mut codec) = (BytesMut::new(), Codec::new());
        while chunk.len() < CHUNK {
            match frames.next_or_asked(cx) {
                None => break,
                Some(Waiting::Message(Message::Text(text))) if text.len() >= LONG => {
                    // RFC 6455, section 5.2: the last frame of a text, its length in eight bytes, no mask. So long a text
                    // is not copied, and goes on to be counted.
                    chunk.extend_from_slice(&[0x81, 127]);
                    chunk.extend_from_slice(&(text.len() as u64).to_be_bytes());
                    frames.bytes += text.len();
                    frames.long = Some(text.into_bytes());
                    break;
                }
                Some(Waiting::Message(message)) => {
                    // Whatever a session says can be encoded.
                    let encoded = codec.encode(message, &mut chunk);
                    debug_assert!(encoded.is_ok(), "{encoded:?}");
                }
                Some(Waiting::Event(subscriber)) => match frames.taken(&subscriber) {
                    // Alone, it need not be copied.
                    Some(frame) if chunk.is_empty() && frames.waiting.is_empty() => {
                        return Poll::Ready(Some(frame));
                    }
                    Some(frame) => chunk.extend_from_slice(&frame),
                    None => {}
                },
            }
        }
        if !chunk.is_empty() {
            frames.waiting_for_room.drain(..).for_each(Waker::wake);
            return Poll::Ready(Some(chunk.freeze()));
        }
        if frames.closed {
            return Poll::Ready(None);
        }
        frames.writer = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Asks whether the other side is there.
    pub(super) fn ping(&self) {
        let mut frames = self.0.borrow_mut();
        frames.ping = !frames.closed;
        frames.wake();
    }

    /// Answers a ping.
    pub(super) fn pong(&self, payload: Bytes) {
        let mut frames = self.0.borrow_mut();
        frames.pong = Some(payload);
        frames.wake();
    }

    /// The last words.
    pub(super) fn close(&self, reason: CloseReason) {
        self.push(0, Message::Close(Some(reason)));
        self.0.borrow_mut().closed = true;
    }

    /// Bytes of text that wait for the socket.
    pub(super) fn bytes(&self) -> usize {
        self.0.borrow().bytes
    }

    /// Whether fewer than `room` bytes wait for the socket. If not, `cx` is woken when it has taken some.
    pub(super) fn has_room(&self, room: usize, cx: &Context<'_>) -> bool {
        let mut frames = self.0.borrow_mut();
        let has_room = frames.bytes < room || frames.closed;
        if !has_room && !frames.waiting_for_room.iter().any(|waker| waker.will_wake(cx.waker())) {
            frames.waiting_for_room.push(cx.waker().clone());
        }
        has_room
    }

    /// The other side takes nothing: ends, and forgets what was to be said.
    pub(super) fn give_up(&self) {
        self.clear();
        self.close(CloseReason { code: CloseCode::Policy, description: Some("take your answers".into()) });
    }

    /// The socket takes nothing any more.
    pub(super) fn nobody_listens(&self) {
        self.0.borrow_mut().long = None;
        self.clear();
        self.shut();
    }

    fn clear(&self) {
        let mut frames = self.0.borrow_mut();
        frames.waiting.clear();
        // The head of its frame has left.
        frames.bytes = frames.handed + frames.long.as_ref().map_or(0, Bytes::len);
    }

    fn push(&self, bytes: usize, message: Message) {
        let mut frames = self.0.borrow_mut();
        if !frames.closed {
            frames.bytes += bytes;
            frames.waiting.push_back(Waiting::Message(message));
            frames.wake();
        }
    }
}

impl Frames {
    /// The socket asks for more: it has what it was given.
    fn has_taken_long(&mut self) {
        let handed = std::mem::take(&mut self.handed);
        if handed > 0 {
            self.bytes = self.bytes.saturating_sub(handed);
            self.waiting_for_room.drain(..).for_each(Waker::wake);
        }
    }

    /// The next frame for a subscriber.
    fn taken(&mut self, subscriber: &EventFrames) -> Option<Bytes> {
        let (frame, counted) = subscriber.take()?;
        self.event_bytes = self.event_bytes.saturating_sub(counted);
        Some(frame)
    }

    fn wake(&mut self) {
        if let Some(writer) = self.writer.take() {
            writer.wake();
        }
    }

    /// What this side answers, and then what it asks.
    fn next_or_asked(&mut self, cx: &Context<'_>) -> Option<Waiting> {
        self.next().or_else(|| {
            let asked = self.asking.as_ref()?.next_frame(cx.waker())?;
            // Calls are written as JSON, which is UTF-8.
            ByteString::try_from(asked).ok().map(|text| Waiting::Message(Message::Text(text)))
        })
    }

    fn next(&mut self) -> Option<Waiting> {
        if let Some(payload) = self.pong.take() {
            return Some(Waiting::Message(Message::Pong(payload)));
        }
        if std::mem::take(&mut self.ping) {
            return Some(Waiting::Message(Message::Ping(Bytes::new())));
        }
        let next = self.waiting.pop_front()?;
        if let Waiting::Message(Message::Text(text)) = &next {
            self.bytes -= text.len();
        }
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use actix_codec::Decoder;
    use actix_http::ws::Frame;

    use super::*;

    fn written(outbox: &Outbox) -> Option<usize> {
        match outbox.poll_chunk(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Some(chunk)) => Some(chunk.len()),
            Poll::Ready(None) => None,
            Poll::Pending => Some(0),
        }
    }

    #[test]
    fn what_waits_leaves_together_and_is_counted_until_then() {
        let outbox = Outbox::default();
        assert_eq!(written(&outbox), Some(0));
        (0..3).for_each(|_| outbox.text(vec![b'x'; 100]));
        assert_eq!(outbox.bytes(), 300);
        assert_eq!((written(&outbox), outbox.bytes()), (Some(306), 0));
        outbox.text(vec![0xff]);
        assert_eq!(written(&outbox), Some(0), "no text");
    }

    #[test]
    fn a_long_text_is_handed_out_as_it_is_and_counts_until_the_socket_asks_for_more() {
        let outbox = Outbox::default();
        let text = Bytes::from(vec![b'x'; 2 * LONG]);
        outbox.text(vec![b'a'; 10]);
        outbox.text(text.clone());
        outbox.text(vec![b'b'; 10]);
        let chunk = || match outbox.poll_chunk(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Some(chunk)) => chunk,
            other => panic!("{other:?}"),
        };
        let mut sent = BytesMut::from(&chunk()[..]);
        assert_eq!((sent.len(), outbox.bytes()), (12 + 10, 2 * LONG + 10));
        // Its head has left, so it must follow, whatever happens.
        outbox.give_up();
        let long = chunk();
        assert_eq!((long.as_ptr(), outbox.bytes()), (text.as_ptr(), 2 * LONG));
        sent.extend_from_slice(&long);
        sent.extend_from_slice(&chunk());
        assert_eq!((outbox.bytes(), written(&outbox)), (0, None));
        let mut codec = Codec::new().client_mode().max_size(3 * LONG);
        let mut next = || codec.decode(&mut sent).expect("frames").expect("a frame");
        assert!(matches!(next(), Frame::Text(text) if text.len() == 10));
        assert!(matches!(next(), Frame::Text(whole) if whole == text));
        assert!(matches!(next(), Frame::Close(Some(_))));
    }

    #[test]
    fn a_ping_does_not_wait_behind_answers_and_is_not_the_last_word() {
        let outbox = Outbox::default();
        (0..3).for_each(|_| outbox.text(vec![b'x'; 2 * LONG]));
        outbox.text(vec![b'x'; 10]);
        outbox.ping();
        let Poll::Ready(Some(first)) = outbox.poll_chunk(&mut Context::from_waker(Waker::noop())) else {
            panic!("nothing to say")
        };
        assert_eq!(first[..2], [0x89, 0]);
        outbox.shut();
        outbox.ping();
        let mut rest = BytesMut::new();
        while let Poll::Ready(Some(chunk)) = outbox.poll_chunk(&mut Context::from_waker(Waker::noop())) {
            rest.extend_from_slice(&chunk);
        }
        assert_eq!(rest[rest.len() - 10..], [b'x'; 10]);
    }

    #[test]
    fn only_the_last_ping_is_answered() {
        let outbox = Outbox::default();
        (0..1000).for_each(|_| outbox.pong(Bytes::from_static(&[0; 125])));
        assert_eq!(written(&outbox), Some(127));
        assert_eq!(written(&outbox), Some(0));
    }

    #[test]
    fn after_the_last_words_there_are_none() {
        let outbox = Outbox::default();
        outbox.close(actix_http::ws::CloseCode::Normal.into());
        outbox.text(vec![b'x']);
        assert_eq!(written(&outbox), Some(4));
        assert_eq!(written(&outbox), None);
        let outbox = Outbox::default();
        outbox.nobody_listens();
        outbox.text(vec![b'x']);
        assert_eq!(outbox.bytes(), 0, "nobody takes it");
    }

    #[test]
    fn all_subscriptions_of_a_session_have_one_room() {
        let outbox = Outbox::default();
        let room = Room { items: 1_000, bytes: 1 << 30 };
        let metrics = madrpc_actors::metrics::Metrics::new();
        let recorder = Rc::new(metrics.recorder());
        let subscribers: Vec<_> = (0..100).map(|id| EventFrames::new(id, room, recorder.clone())).collect();
        let frame = Bytes::from(vec![b'x'; 4 << 20]);
        let taken = subscribers.iter().take_while(|subscriber| {
            let takes = outbox.takes_events();
            if takes {
                outbox.event(subscriber, &frame);
            }
            takes
        });
        assert_eq!(taken.count(), 16);
        assert!(written(&outbox).is_some_and(|written| written > 0) && outbox.takes_events(), "the socket took some");
        outbox.lost(&subscribers[50], 3);
        while written(&outbox).is_some_and(|written| written > 0) {}
        assert_eq!(outbox.0.borrow().event_bytes, 0);
        assert_eq!((metrics.events().delivered, metrics.events().dropped), (16, 3));
    }
}
