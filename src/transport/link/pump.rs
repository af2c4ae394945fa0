//! Carries the frames of a link between its calls and its socket.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_codec::Framed;
use awc::error::WsProtocolError;
use awc::ws::{Frame, Message};
use bytes::Bytes;
use futures_util::{Sink, Stream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{sleep, Sleep};

use super::calls::Link;
use crate::websocket::{close_reason, Codec, Life, Noted};

/// How often it is looked whether the link is used, and whether the peer is there.
const LOOK: Duration = Duration::from_secs(5);

/// A link that is not used for so long is closed.
const IDLE: Duration = Duration::from_secs(60);

/// So many bytes are read at once; then what they have begun has its turn.
const AT_ONCE: usize = 256 * 1024;

/// A WebSocket whose messages are whole and bounded.
pub(crate) trait Socket:
    Stream<Item = Result<Frame, WsProtocolError>> + Sink<Message, Error = WsProtocolError> + Unpin
{
    /// Of the peer.
    fn life(&self) -> Rc<Life>;
}

impl<T: AsyncRead + AsyncWrite + Unpin> Socket for Framed<Noted<T>, Codec> {
    fn life(&self) -> Rc<Life> {
        self.io_ref().life().clone()
    }
}

/// Why a link has ended.
#[derive(Debug)]
pub(in crate::transport) enum End {
    /// Nobody used it.
    Idle,
    /// In words.
    Lost(String),
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            End::Idle => f.write_str("not used"),
            End::Lost(why) => f.write_str(why),
        }
    }
}

/// Runs for as long as the link is there.
pub(in crate::transport) struct Pump<S> {
    link: Link,
    /// Ends when it is not used for so long.
    idle: Option<Duration>,
    socket: S,
    /// The payload of the last ping that has no answer yet.
    pong: Option<Bytes>,
    alarm: Pin<Box<Sleep>>,
    life: Rc<Life>,
    silence: Duration,
}

impl<S: Socket> Pump<S> {
    /// Ends when nobody uses the link, or when the peer shows no sign of life for as long as `silence`.
    pub(in crate::transport) fn new(link: Link, socket: S, silence: Duration) -> Self {
        Pump { idle: Some(IDLE), ..Pump::lasting(link, socket, silence) }
    }

    /// Goes on whether the link is used or not.
    pub(in crate::transport) fn lasting(link: Link, socket: S, silence: Duration) -> Self {
        let life = socket.life();
        Pump { link, idle: None, socket, pong: None, alarm: Box::pin(sleep(LOOK.min(silence / 3))), life, silence }
    }

    /// Takes what has come. The error is why the link is at its end.
    fn receive(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        let lost = |why: &str| Err(End::Lost(why.to_owned()));
        let mut taken = 0;
        while let Poll::Ready(frame) = Pin::new(&mut self.socket).poll_next(cx) {
            self.link.calls().heard = Instant::now();
            match frame {
                Some(Ok(Frame::Text(text))) => {
                    taken += text.len();
                    self.link.calls().incoming(text);
                }
                Some(Ok(Frame::Ping(payload))) => self.pong = Some(payload),
                Some(Ok(Frame::Close(_))) => return lost("closed by the peer"),
                Some(Ok(sign_of_life)) => {
                    if let Some(guest) = &mut self.link.calls().guest {
                        guest.hear(sign_of_life);
                    }
                }
                Some(Err(error)) => {
                    self.refuse(&error, cx);
                    return lost(&error.to_string());
                }
                None => return lost("the connection ended"),
            }
            if taken >= AT_ONCE {
                cx.waker().wake_by_ref();
                break;
            }
        }
        Ok(())
    }

    /// Tells the peer what is wrong, if it still listens.
    fn refuse(&mut self, error: &WsProtocolError, cx: &mut Context<'_>) {
        if self.write(Message::Close(Some(close_reason(error)))).is_ok() {
            let _as_much_as_it_takes = Pin::new(&mut self.socket).poll_flush(cx);
        }
    }

    fn send(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        let mut over = false;
        while !over && self.ready(cx)?.is_ready() {
            if let Some(payload) = self.pong.take() {
                self.write(Message::Pong(payload))?;
                continue;
            }
            match self.next(cx) {
                Poll::Ready(Some(message)) => self.write(message)?,
                Poll::Ready(None) => over = true,
                Poll::Pending => break,
            }
        }
        match Pin::new(&mut self.socket).poll_flush(cx) {
            Poll::Ready(Err(error)) => Err(End::Lost(error.to_string())),
            _ if over => Err(End::Lost("the peer is answered no more".into())),
            _ => Ok(()),
        }
    }

    /// What this side asks, and then what it answers. `None` when the answers have ended.
    fn next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Message>> {
        let mut calls = self.link.calls();
        while let Some(frame) = calls.next_frame(cx.waker()) {
            if let Ok(text) = bytestring::ByteString::try_from(Bytes::from(frame)) {
                return Poll::Ready(Some(Message::Text(text)));
            }
        }
        calls.guest.as_mut().map_or(Poll::Pending, |guest| guest.poll_message(cx))
    }

    fn ready(&mut self, cx: &mut Context<'_>) -> Result<Poll<()>, End> {
        match Pin::new(&mut self.socket).poll_ready(cx) {
            Poll::Ready(Err(error)) => Err(End::Lost(error.to_string())),
            Poll::Ready(Ok(())) => Ok(Poll::Ready(())),
            Poll::Pending => Ok(Poll::Pending),
        }
    }

    fn write(&mut self, message: Message) -> Result<(), End> {
        Pin::new(&mut self.socket).start_send(message).map_err(|error| End::Lost(error.to_string()))
    }

    fn look(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        while self.alarm.as_mut().poll(cx).is_ready() {
            if self.life.silent_for() >= self.silence {
                return Err(End::Lost("the peer is silent".into()));
            }
            let calls = self.link.calls();
            let unused = Instant::now().saturating_duration_since(calls.last_used);
            if calls.is_idle() && self.idle.is_some_and(|idle| unused >= idle) {
                return Err(End::Idle);
            }
            drop(calls);
            self.alarm.as_mut().reset(tokio::time::Instant::now() + LOOK.min(self.silence / 3));
        }
        Ok(())
    }
}

impl<S: Socket> Future for Pump<S> {
    type Output = End;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<End> {
        let this = &mut *self;
        match this.receive(cx).and_then(|()| this.send(cx)).and_then(|()| this.look(cx)) {
            Ok(()) => Poll::Pending,
            Err(end) => {
                this.link.calls().end();
                Poll::Ready(end)
            }
        }
    }
}
