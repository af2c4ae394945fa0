//! The server's end of a WebSocket (RFC 6455), when HTTP has left the connection to it. A socket on which nothing travels
//! has no buffers.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use actix_codec::Decoder;
use actix_http::ws::{Frame, ProtocolError};
use bytes::BytesMut;
use futures_util::Stream;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::io::poll_read_buf;

use super::outbox::Outbox;
use crate::websocket::{Codec, Peer};

/// What is read at once, into memory that the sockets of a thread share.
const BLOCK: usize = 32 * 1024;

/// Less room than this is not worth a read.
const SCRAP: usize = 2 * 1024;

/// How long the other side may take to close the connection after the last words.
const LINGER: Duration = Duration::from_secs(1);

thread_local! {
    static SCRATCH: RefCell<BytesMut> = RefCell::default();
}

/// Both ends of a session share the connection.
struct Shared<T> {
    io: RefCell<T>,
    /// Nothing can be written any more.
    broken: Cell<bool>,
    reader: Cell<Option<Waker>>,
}

/// Splits a connection, of which `read` has come already.
pub(super) fn open<T: AsyncRead + AsyncWrite + Unpin>(
    io: T,
    read: BytesMut,
    longest: usize,
) -> (Frames<T>, Sending<T>) {
    let shared = Rc::new(Shared { io: RefCell::new(io), broken: Cell::new(false), reader: Cell::default() });
    let frames = Frames {
        shared: shared.clone(),
        codec: Codec::new(Peer::Client, longest),
        bytes: read,
        reading: Rc::new(Reading { unfinished: Cell::default(), longest: Cell::new(longest) }),
        over: false,
    };
    (frames, Sending { shared })
}

/// What comes in, whole messages.
pub(super) struct Frames<T> {
    shared: Rc<Shared<T>>,
    codec: Codec,
    bytes: BytesMut,
    reading: Rc<Reading>,
    over: bool,
}

/// What a session and its socket tell each other.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Since when a frame, or a message of several, has been on its way.
    pub(super) unfinished: Cell<Option<Instant>>,
    /// The longest that is taken, in bytes.
    pub(super) longest: Cell<usize>,
}

impl<T: AsyncRead + Unpin> Frames<T> {
    pub(super) fn reading(&self) -> Rc<Reading> {
        self.reading.clone()
    }

    /// The next message that is complete.
    fn decode(&mut self) -> Result<Option<Frame>, ProtocolError> {
        self.codec.set_longest(self.reading.longest.get());
        self.codec.decode(&mut self.bytes)
    }

    /// Reads what is there. `Ok(0)` is the end.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut io = self.shared.io.borrow_mut();
        SCRATCH.with_borrow_mut(|scratch| {
            if scratch.capacity() < SCRAP {
                scratch.reserve(BLOCK);
            }
            let read = std::task::ready!(poll_read_buf(Pin::new(&mut *io), cx, scratch))?;
            let read_bytes = scratch.split();
            match self.bytes.is_empty() {
                true => self.bytes = read_bytes,
                false => self.bytes.extend_from_slice(&read_bytes),
            }
            Poll::Ready(Ok(read))
        })
    }
}

impl<T: AsyncRead + Unpin> Stream for Frames<T> {
    type Item = Result<Frame, ProtocolError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if this.over || this.shared.broken.get() {
                return Poll::Ready(None);
            }
            match this.decode() {
                Ok(None) => {}
                Ok(Some(frame)) => return Poll::Ready(Some(Ok(frame))),
                Err(error) => {
                    this.over = true;
                    return Poll::Ready(Some(Err(error)));
                }
            }
            if this.bytes.is_empty() {
                this.bytes = BytesMut::new();
            }
            let begun = !this.bytes.is_empty() || this.codec.is_within_message();
            let unfinished = &this.reading.unfinished;
            unfinished.set(begun.then(|| unfinished.get().unwrap_or_else(Instant::now)));
            match this.poll_read(cx) {
                Poll::Ready(Ok(read)) if read > 0 => {}
                Poll::Ready(_) => this.over = true,
                Poll::Pending => {
                    this.shared.reader.set(Some(cx.waker().clone()));
                    return Poll::Pending;
                }
            }
        }
    }
}

/// What goes out.
pub(super) struct Sending<T> {
    shared: Rc<Shared<T>>,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Sending<T> {
    /// Writes what there is to say until nothing comes any more, and lets the connection end.
    pub(super) async fn all_of(self, out: &Outbox) {
        if self.write(out).await.is_ok() {
            drop(tokio::time::timeout(LINGER, self.part()).await);
        }
        out.nobody_listens();
    }

    async fn write(&self, out: &Outbox) -> io::Result<()> {
        while let Some(mut chunk) = poll_fn(|cx| out.poll_chunk(cx)).await {
            while !chunk.is_empty() {
                let io = &self.shared.io;
                match poll_fn(|cx| Pin::new(&mut *io.borrow_mut()).poll_write(cx, &chunk)).await? {
                    0 => return Err(io::ErrorKind::WriteZero.into()),
                    written => drop(chunk.split_to(written)),
                }
            }
            let io = &self.shared.io;
            poll_fn(|cx| Pin::new(&mut *io.borrow_mut()).poll_flush(cx)).await?;
        }
        Ok(())
    }

    /// What was said last is not to be lost by a reset: the other side closes first, if it does so soon.
    async fn part(&self) {
        let io = &self.shared.io;
        if poll_fn(|cx| Pin::new(&mut *io.borrow_mut()).poll_shutdown(cx)).await.is_err() {
            return;
        }
        let mut nowhere = BytesMut::with_capacity(SCRAP);
        while let Ok(1..) = poll_fn(|cx| poll_read_buf(Pin::new(&mut *io.borrow_mut()), cx, &mut nowhere)).await {
            nowhere.clear();
        }
    }
}

impl<T> Drop for Sending<T> {
    /// Whatever comes in could not be answered.
    fn drop(&mut self) {
        self.shared.broken.set(true);
        if let Some(reader) = self.shared.reader.take() {
            reader.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_codec::Encoder;
    use actix_http::ws::{self, Item, Message};
    use bytes::Bytes;
    use futures_util::{FutureExt, StreamExt};
    use tokio::io::{duplex, AsyncReadExt, AsyncWriteExt, DuplexStream};

    use super::*;

    fn client_frames(messages: impl IntoIterator<Item = Message>) -> Vec<u8> {
        let (mut codec, mut bytes) = (ws::Codec::new().client_mode(), BytesMut::new());
        for message in messages {
            codec.encode(message, &mut bytes).expect("can be encoded");
        }
        bytes.to_vec()
    }

    fn pair(longest: usize) -> (DuplexStream, Frames<DuplexStream>, Sending<DuplexStream>) {
        let (client, server) = duplex(1 << 20);
        let (frames, sending) = open(server, BytesMut::new(), longest);
        (client, frames, sending)
    }

    /// The frame that is there now, as text.
    fn next(frames: &mut Frames<DuplexStream>) -> Option<String> {
        frames.next().now_or_never().map(|frame| match frame {
            Some(Ok(Frame::Text(text))) => String::from_utf8(text.to_vec()).expect("UTF-8"),
            other => format!("{other:?}"),
        })
    }

    fn send(client: &mut DuplexStream, bytes: &[u8]) {
        client.write_all(bytes).now_or_never().expect("room").expect("open");
    }

    #[test]
    fn frames_come_however_they_are_cut_and_leave_no_buffer() {
        let text = |text: &'static str| Message::Text(text.into());
        let bytes = client_frames([text("one"), text(""), text("three")]);
        for size in 1..bytes.len() {
            let (mut client, mut frames, _sending) = pair(100);
            let mut read = Vec::new();
            for part in bytes.chunks(size) {
                send(&mut client, part);
                read.extend(std::iter::from_fn(|| next(&mut frames)));
            }
            assert_eq!(read, ["one", "", "three"], "{size}");
            assert_eq!((frames.bytes.capacity(), frames.reading.unfinished.get()), (0, None));
        }
    }

    #[test]
    fn a_message_is_under_way_from_its_first_fragment_to_its_last_and_nothing_comes_after_a_mistake() {
        let part = |item: fn(Bytes) -> Item| Message::Continuation(item(Bytes::from_static(b"12345")));
        let (mut client, mut frames, _sending) = pair(12);
        let message = client_frames([part(Item::FirstText), part(Item::Last)]);
        let (first, last) = message.split_at(message.len() / 2);
        send(&mut client, first);
        assert_eq!(next(&mut frames), None);
        assert!(frames.reading.unfinished.get().is_some());
        send(&mut client, last);
        assert_eq!(next(&mut frames).as_deref(), Some("1234512345"));
        assert_eq!(next(&mut frames), None);
        assert!(frames.reading.unfinished.get().is_none());
        let text = |len: usize| Message::Text("x".repeat(len).into());
        send(&mut client, &client_frames([text(13), text(1)]));
        assert!(next(&mut frames).is_some_and(|frame| frame.contains("Overflow")));
        assert_eq!(next(&mut frames).as_deref(), Some("None"));
    }

    #[test]
    fn what_is_said_is_written_and_then_the_connection_ends() {
        actix_rt::System::new().block_on(async {
            let (mut client, mut frames, sending) = pair(100);
            let out = Outbox::default();
            out.text(b"[1]".to_vec());
            out.shut();
            let read = async move {
                let mut read = Vec::new();
                client.read_to_end(&mut read).await.expect("it ends");
                read
            };
            let (read, ()) = tokio::join!(read, sending.all_of(&out));
            assert_eq!(read, b"\x81\x03[1]");
            assert!(frames.next().await.is_none(), "nobody could answer");
        });
    }
}
