//! The heads of answers as awc can read them.
//!
//! awc takes the first head of an answer for its last, also an interim one (RFC 9110, section 15.2), and an answer of
//! HTTP/1.1 that lasts until the connection ends (RFC 9112, section 6.3) for empty. And it does not look for a body in
//! an answer that names WebSockets in `Upgrade`, which a server that refuses to open one does. All of this is mended in
//! the bytes of a connection, before awc sees them: interim heads are dropped, an answer that lasts until the end is
//! called one of HTTP/1.0, and `Upgrade` is left out where nothing is upgraded.
//!
//! awc writes all of a request before it reads, and makes the next request when the answer has come. So the first bytes
//! that are read after something was written begin a head, and no body need be followed here.

use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_rt::net::{ActixStream, Ready};
use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::io::poll_read_buf;

/// Longest head, and most bytes of interim heads before an answer: awc's own bound of a head.
const LONGEST: usize = 128 * 1024;

/// Most headers that awc reads.
const MAX_HEADERS: usize = 96;

/// For what is read at once while a head is kept.
const ROOM: usize = 4096;

/// The digit in `HTTP/1.1`.
const MINOR_VERSION: usize = "HTTP/1.".len();

/// A connection whose answers begin with their last heads.
#[derive(Debug)]
pub(super) struct Heads<T> {
    stream: T,
    next: Next,
    /// Read, and not yet handed on.
    kept: BytesMut,
    /// Bytes of interim heads of this answer.
    interim: usize,
    /// The request has the method HEAD: its answer has no body, whatever the head says.
    bodiless: bool,
}

/// What the next bytes from the server are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Head,
    /// The rest of an answer whose head has been handed on, or what nobody has asked for.
    Body,
    /// No HTTP any more: the answer was 101.
    Frames,
}

impl<T> Heads<T> {
    pub(super) fn new(stream: T) -> Self {
        Heads { stream, next: Next::Body, kept: BytesMut::new(), interim: 0, bodiless: false }
    }

    /// Something is sent.
    fn writes(&mut self, bytes: &[u8]) {
        if self.next == Next::Body {
            self.next = Next::Head;
            self.interim = 0;
            self.bodiless = bytes.starts_with(b"HEAD ");
        }
    }

    /// Whether these bytes, the first of an answer, can go on as they are.
    fn passes(&mut self, bytes: &[u8]) -> bool {
        match Head::read(bytes) {
            Head::Last(last) if last.needs_no_change(self.bodiless) => {
                self.next = last.leads_to();
                true
            }
            Head::Unreadable => {
                self.next = Next::Body;
                true
            }
            _ => false,
        }
    }

    /// Drops interim heads from what is kept, and mends the last one if it is there.
    fn mend(&mut self) -> io::Result<()> {
        loop {
            match Head::read(&self.kept) {
                Head::Partial if self.kept.len() < LONGEST => return Ok(()),
                // awc says what is wrong.
                Head::Partial | Head::Unreadable => self.next = Next::Body,
                Head::Interim(length) => {
                    self.kept.advance(length);
                    self.interim += length;
                    if self.interim > LONGEST {
                        return Err(io::Error::new(io::ErrorKind::InvalidData, "interim answers without end"));
                    }
                    continue;
                }
                Head::Last(last) => {
                    if last.lasts_until_the_end && !self.bodiless {
                        self.kept[last.begins + MINOR_VERSION] = b'0';
                    }
                    if let Some(line) = &last.upgrade {
                        let rest = self.kept.split_off(line.end);
                        self.kept.truncate(line.start);
                        self.kept.unsplit(rest);
                        // There may be several.
                        continue;
                    }
                    self.next = last.leads_to();
                }
            }
            return Ok(());
        }
    }
}

/// What some bytes from the beginning of an answer are.
#[derive(Debug)]
enum Head {
    /// The beginning of a head.
    Partial,
    /// A whole head, so many bytes long, behind which another one comes.
    Interim(usize),
    /// The whole head of the answer itself.
    Last(Last),
    Unreadable,
}

#[derive(Debug)]
struct Last {
    /// Where its first line begins, behind empty ones.
    begins: usize,
    status: u16,
    /// The end of its body is that of the connection, and awc would not know.
    lasts_until_the_end: bool,
    /// The line that says `Upgrade`, where nothing is upgraded.
    upgrade: Option<Range<usize>>,
}

impl Head {
    fn read(bytes: &[u8]) -> Head {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut answer = httparse::Response::new(&mut headers);
        let mut as_awc_does = httparse::ParserConfig::default();
        as_awc_does.allow_spaces_after_header_name_in_responses(true);
        let length = match as_awc_does.parse_response(&mut answer, bytes) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) => return Head::Partial,
            Err(_) => return Head::Unreadable,
        };
        let (Some(version), Some(status)) = (answer.version, answer.code) else {
            return Head::Unreadable;
        };
        if (100..200).contains(&status) && status != 101 {
            return Head::Interim(length);
        }
        let mut last = Last {
            begins: bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or_default(),
            status,
            lasts_until_the_end: version == 1 && !matches!(status, 101 | 204 | 304),
            upgrade: None,
        };
        for header in &*answer.headers {
            match header.name {
                name if name.eq_ignore_ascii_case("content-length") => last.lasts_until_the_end = false,
                name if name.eq_ignore_ascii_case("transfer-encoding") => {
                    last.lasts_until_the_end &= header.value.eq_ignore_ascii_case(b"identity");
                }
                name if name.eq_ignore_ascii_case("upgrade") && status != 101 => {
                    let line = name.as_ptr() as usize - bytes.as_ptr() as usize;
                    let length = bytes[line..].iter().position(|byte| *byte == b'\n');
                    last.upgrade = length.map(|length| line..line + length + 1);
                }
                _ => {}
            }
        }
        Head::Last(last)
    }
}

impl Last {
    fn needs_no_change(&self, bodiless: bool) -> bool {
        (bodiless || !self.lasts_until_the_end) && self.upgrade.is_none()
    }

    fn leads_to(&self) -> Next {
        match self.status {
            101 => Next::Frames,
            _ => Next::Body,
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Heads<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if into.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        while this.next == Next::Head {
            if this.kept.is_empty() {
                let begin = into.filled().len();
                std::task::ready!(Pin::new(&mut this.stream).poll_read(cx, into))?;
                let came = &into.filled()[begin..];
                if came.is_empty() || this.passes(came) {
                    return Poll::Ready(Ok(()));
                }
                this.kept.extend_from_slice(came);
                into.set_filled(begin);
            } else {
                this.kept.reserve(ROOM);
                let before = this.kept.len();
                match std::task::ready!(poll_read_buf(Pin::new(&mut this.stream), cx, &mut this.kept))? {
                    // What there is of a head goes on, and the end is met again behind it.
                    0 => this.next = Next::Body,
                    // No head ends here. Without this look, a head of many small pieces would be parsed as often.
                    _ if !this.kept[before..].contains(&b'\n') && this.kept.len() < LONGEST => continue,
                    _ => {}
                }
            }
            this.mend()?;
        }
        if this.kept.is_empty() {
            return Pin::new(&mut this.stream).poll_read(cx, into);
        }
        let length = this.kept.len().min(into.remaining());
        into.put_slice(&this.kept[..length]);
        this.kept.advance(length);
        if this.kept.is_empty() {
            // A connection that idles keeps no buffer.
            this.kept = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Heads<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.writes(bytes);
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<T: ActixStream> ActixStream for Heads<T> {
    fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        self.stream.poll_read_ready(cx)
    }

    fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        self.stream.poll_write_ready(cx)
    }
}

#[cfg(test)]
mod tests;
