//! What a session has to say: frames that wait for the socket, and that are counted until it takes them.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use actix_codec::Encoder;
use actix_http::ws::{CloseCode, CloseReason, Codec, Message};
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::Error;
use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use madrpc_actors::policy::event_queue::{EventQueue, Put, Room, Taken};
use madrpc_actors::protocol::event::dropped_frame;

/// A piece of the answer has about this many bytes: what waits leaves together.
const CHUNK: usize = 64 * 1024;

/// The events that wait for one subscriber, as frames ready to be sent; other subscribers have the same.
#[derive(Debug)]
pub(in crate::http) struct EventFrames {
    subscription: u64,
    queue: RefCell<EventQueue<Bytes>>,
}

impl EventFrames {
    pub(in crate::http) fn new(subscription: u64, room: Room) -> Rc<Self> {
        Rc::new(EventFrames { subscription, queue: RefCell::new(EventQueue::new(room)) })
    }
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
#[derive(Clone, Debug, Default)]
pub(in crate::http) struct Outbox(Rc<RefCell<Frames>>);

#[derive(Debug, Default)]
struct Frames {
    waiting: VecDeque<Waiting>,
    /// Of the texts among them.
    bytes: usize,
    /// The payload of the last ping that has no answer yet: those before it need none (RFC 6455, section 5.5.3).
    pong: Option<Bytes>,
    /// Nothing is taken on any more.
    closed: bool,
    writer: Option<Waker>,
}

impl Outbox {
    /// Says this as soon as the socket takes it. What comes after the end is dropped.
    pub(super) fn text(&self, text: Vec<u8>) {
        // JSON is UTF-8, which is looked at once more here.
        if let Ok(text) = ByteString::try_from(text) {
            self.push(text.len(), Message::Text(text));
        }
    }

    /// Tells a subscriber of an event, by a frame from `encoded`; without room, that it was dropped.
    pub(in crate::http) fn event(&self, subscriber: &Rc<EventFrames>, frame: &Bytes) {
        let put = subscriber.queue.borrow_mut().put(frame.clone(), frame.len());
        self.announce(subscriber, put);
    }

    /// Tells a subscriber of events that were dropped before they came here.
    pub(in crate::http) fn lost(&self, subscriber: &Rc<EventFrames>, count: u64) {
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

    /// Asks whether the other side is there.
    pub(super) fn ping(&self) {
        self.push(0, Message::Ping(Bytes::new()));
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

    /// The other side takes nothing: ends, and forgets what was to be said.
    pub(super) fn give_up(&self) {
        self.clear();
        self.close(CloseReason { code: CloseCode::Policy, description: Some("take your answers".into()) });
    }

    fn clear(&self) {
        let mut frames = self.0.borrow_mut();
        frames.waiting.clear();
        frames.bytes = 0;
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
    fn wake(&mut self) {
        if let Some(writer) = self.writer.take() {
            writer.wake();
        }
    }

    fn next(&mut self) -> Option<Waiting> {
        if let Some(payload) = self.pong.take() {
            return Some(Waiting::Message(Message::Pong(payload)));
        }
        let next = self.waiting.pop_front()?;
        if let Waiting::Message(Message::Text(text)) = &next {
            self.bytes -= text.len();
        }
        Some(next)
    }
}

/// The body of the answer that opened the session: asked for more whenever the socket has taken what there was.
pub(super) struct Writer {
    frames: Outbox,
    codec: Codec,
    /// What actix-ws would write by. The session's frames come for as long as it is there.
    _unused: BoxBody,
}

impl Writer {
    pub(super) fn new(frames: Outbox, unused: BoxBody) -> Self {
        Writer { frames, codec: Codec::new(), _unused: unused }
    }
}

impl MessageBody for Writer {
    type Error = Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        let this = &mut *self;
        let mut frames = this.frames.0.borrow_mut();
        let mut chunk = BytesMut::new();
        while chunk.len() < CHUNK {
            match frames.next() {
                None => break,
                Some(Waiting::Message(message)) => this.codec.encode(message, &mut chunk)?,
                Some(Waiting::Event(subscriber)) => match subscriber.queue.borrow_mut().take() {
                    // Alone, it need not be copied.
                    Some(Taken::Item(frame)) if chunk.is_empty() && frames.waiting.is_empty() => {
                        return Poll::Ready(Some(Ok(frame)));
                    }
                    Some(Taken::Item(frame)) => chunk.extend_from_slice(&frame),
                    Some(Taken::Dropped(count)) => {
                        chunk.extend_from_slice(&encoded(dropped_frame(subscriber.subscription, count)));
                    }
                    None => {}
                },
            }
        }
        if !chunk.is_empty() {
            return Poll::Ready(Some(Ok(chunk.freeze())));
        }
        if frames.closed {
            return Poll::Ready(None);
        }
        frames.writer = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Writer {
    /// Nobody is there any more.
    fn drop(&mut self) {
        self.frames.clear();
        self.frames.0.borrow_mut().closed = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(writer: &mut Writer) -> Option<usize> {
        match Pin::new(writer).poll_next(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Some(chunk)) => Some(chunk.expect("frames can be encoded").len()),
            Poll::Ready(None) => None,
            Poll::Pending => Some(0),
        }
    }

    #[test]
    fn what_waits_leaves_together_and_is_counted_until_then() {
        let outbox = Outbox::default();
        let mut writer = Writer::new(outbox.clone(), BoxBody::new(()));
        assert_eq!(written(&mut writer), Some(0));
        (0..3).for_each(|_| outbox.text(vec![b'x'; 100]));
        assert_eq!(outbox.bytes(), 300);
        assert_eq!((written(&mut writer), outbox.bytes()), (Some(306), 0));
        outbox.text(vec![0xff]);
        assert_eq!(written(&mut writer), Some(0), "no text");
    }

    #[test]
    fn only_the_last_ping_is_answered() {
        let outbox = Outbox::default();
        let mut writer = Writer::new(outbox.clone(), BoxBody::new(()));
        (0..1000).for_each(|_| outbox.pong(Bytes::from_static(&[0; 125])));
        assert_eq!(written(&mut writer), Some(127));
        assert_eq!(written(&mut writer), Some(0));
    }

    #[test]
    fn after_the_last_words_there_are_none() {
        let outbox = Outbox::default();
        let mut writer = Writer::new(outbox.clone(), BoxBody::new(()));
        outbox.close(actix_http::ws::CloseCode::Normal.into());
        outbox.text(vec![b'x']);
        assert_eq!(written(&mut writer), Some(4));
        assert_eq!(written(&mut writer), None);
        let outbox = Outbox::default();
        drop(Writer::new(outbox.clone(), BoxBody::new(())));
        outbox.text(vec![b'x']);
        assert_eq!(outbox.bytes(), 0, "nobody takes it");
    }
}
