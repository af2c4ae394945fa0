//! Signs of life of whoever is at the other end of a connection.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A side of a WebSocket that shows no sign of life for so long is gone (PROTOCOL, section 6).
pub(crate) const SILENCE: Duration = Duration::from_secs(45);

/// Bytes that have not been sent and that the system keeps for a connection; it takes no more until there are fewer.
const AHEAD: u32 = 128 * 1024;

/// Lets writes go on as the other side takes bytes. By itself the system would take megabytes at once, and nothing for as long
/// as a slow line needs for those.
pub(crate) fn write_little_ahead(tcp: &TcpStream) -> io::Result<()> {
    socket2::SockRef::from(tcp).set_tcp_notsent_lowat(AHEAD)
}

/// When the other side last showed that it is there.
#[derive(Debug)]
pub(crate) struct Life {
    last: Cell<Instant>,
    /// Something to be written waits for the other side to take what was written before.
    waits: Cell<bool>,
}

impl Default for Life {
    fn default() -> Self {
        Life { last: Cell::new(Instant::now()), waits: Cell::default() }
    }
}

impl Life {
    /// Time since the last sign.
    pub(crate) fn silent_for(&self) -> Duration {
        self.last.get().elapsed()
    }

    /// Resolves when there was no sign for so long.
    pub(crate) async fn silent(&self, limit: Duration) {
        while let Some(left) = limit.checked_sub(self.silent_for()).filter(|left| !left.is_zero()) {
            tokio::time::sleep(left).await;
        }
    }

    /// Whatever was before does not count as silence.
    pub(crate) fn begin_anew(&self) {
        self.last.set(Instant::now());
    }

    /// What the system takes at once goes into its own buffer, whether anybody is there or not. When it takes something
    /// again after it has taken nothing, the other side has made room.
    fn writing<T>(&self, written: &Poll<io::Result<T>>) {
        match written {
            Poll::Pending => self.waits.set(true),
            Poll::Ready(Ok(_)) if self.waits.replace(false) => self.begin_anew(),
            Poll::Ready(_) => {}
        }
    }
}

/// A connection that notes signs of life: bytes that come in, of whatever length their frame is, and bytes that are taken.
#[derive(Debug)]
pub(crate) struct Noted<T> {
    io: T,
    life: Rc<Life>,
}

impl<T> Noted<T> {
    pub(crate) fn new(io: T) -> Self {
        Noted { io, life: Rc::default() }
    }

    pub(crate) fn life(&self) -> &Rc<Life> {
        &self.life
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Noted<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.io).poll_read(cx, into);
        if into.filled().len() > before {
            self.life.begin_anew();
        }
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Noted<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.life.writing(&written);
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(cx);
        self.life.writing(&flushed);
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
