//! A connection as actix-http gets it, and what actix-http does not tell apart.
//!
//! - Where a connection may not be half closed, actix-http drops what runs for it also when something behind the request
//!   that runs is no HTTP. So connections may be half closed for actix-http, and here a client that closes its side
//!   while its request is being answered has given up: that is an error of its connection.
//! - A request whose line is too long gets the answer to any request that can't be read. Here the line is measured.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{ready, Context, Poll};

use actix_rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::server::TlsStream;

use super::watch::{Watch, Watched};

/// The first line of a request may be this long. No longer URI is parsed by the crate `http`.
const LONGEST_LINE: usize = 65_534;

/// A line whose method takes more than this is no request of HTTP.
const LONGEST_METHOD: usize = 32;

/// RFC 9112, section 3: the answer where a URI is too long.
const URI_TOO_LONG: &[u8] = b"HTTP/1.1 414 URI Too Long\r\ncontent-type: application/json\r\ncontent-length: 64\r\n\
    connection: close\r\n\r\n{\"error\":\"URI Too Long\",\"hint\":\"a request line has 65534 bytes\"}";

/// A connection to one client.
#[derive(Debug)]
pub(super) struct Stream {
    io: Io,
    line: RequestLine,
    /// The client has closed its side, which actix-http has not been told yet.
    closed: bool,
    /// HTTP has given it away: its end is no more than that.
    upgraded: bool,
}

#[derive(Debug)]
enum Io {
    Plain(Watched),
    Tls(Box<TlsStream<Watched>>),
}

impl From<Watched> for Stream {
    fn from(stream: Watched) -> Self {
        Stream::over(Io::Plain(stream))
    }
}

impl From<TlsStream<Watched>> for Stream {
    fn from(stream: TlsStream<Watched>) -> Self {
        Stream::over(Io::Tls(Box::new(stream)))
    }
}

impl Stream {
    fn over(io: Io) -> Self {
        Stream { io, line: RequestLine::default(), closed: false, upgraded: false }
    }

    /// Where the connection notes what it does.
    pub(super) fn watch(&self) -> Rc<Watch> {
        self.watched().watch.clone()
    }

    pub(super) fn tcp(&self) -> &TcpStream {
        &self.watched().tcp
    }

    /// What comes from now on is no HTTP.
    pub(super) fn upgrade(&mut self) {
        self.upgraded = true;
    }

    fn watched(&self) -> &Watched {
        match &self.io {
            Io::Plain(stream) => stream,
            Io::Tls(stream) => stream.get_ref().0,
        }
    }

    /// The client has closed its side.
    fn poll_end(&mut self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        let watch = &self.watched().watch;
        if watch.is_busy() && !watch.is_refused() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        if !watch.is_idle() && !self.closed {
            // First it must be seen whether a whole request came before the end, and who answers it.
            self.closed = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let (before, room) = (into.filled().len(), into.remaining());
        let watch = this.watch();
        let begins = watch.is_idle();
        ready!(watch.reading(cx, into, |cx, into| match &mut this.io {
            Io::Plain(stream) => Pin::new(stream).poll_read(cx, into),
            Io::Tls(stream) => Pin::new(stream).poll_read(cx, into),
        }))?;
        if this.upgraded || room == 0 {
            return Poll::Ready(Ok(()));
        }
        let came = &into.filled()[before..];
        if came.is_empty() {
            return this.poll_end(cx);
        }
        if begins {
            this.line = RequestLine::default();
        }
        this.line.goes_on(came);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let replaced = self.line.is_too_long() && is_refusal(bytes);
        let answer = if replaced { URI_TOO_LONG } else { bytes };
        let written = ready!(match &mut self.io {
            Io::Plain(stream) => Pin::new(stream).poll_write(cx, answer),
            Io::Tls(stream) => Pin::new(stream).poll_write(cx, answer),
        })?;
        match replaced {
            false => Poll::Ready(Ok(written)),
            true if written == answer.len() => Poll::Ready(Ok(bytes.len())),
            true => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Io::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Io::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// The last thing that actix-http writes to who sent what it can't read. Answers of ours have bodies.
fn is_refusal(bytes: &[u8]) -> bool {
    let refuses = |version: &[u8]| {
        let rest = bytes.strip_prefix(version);
        rest.is_some_and(|rest| {
            rest.starts_with(b"400 Bad Request\r\ncontent-length: 0\r\n") || rest.starts_with(b"431 ")
        })
    };
    refuses(b"HTTP/1.1 ") || refuses(b"HTTP/1.0 ")
}

/// The first line of the request that comes, as far as it has come.
#[derive(Clone, Copy, Debug, Default)]
struct RequestLine {
    length: usize,
    method_is_over: bool,
    is_over: bool,
}

impl RequestLine {
    fn goes_on(&mut self, bytes: &[u8]) {
        if self.is_over {
            return;
        }
        // RFC 9112, section 2.2: empty lines before it are none of it.
        let empty =
            if self.length > 0 { 0 } else { bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count() };
        let bytes = &bytes[empty..];
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let line = &bytes[..end.unwrap_or(bytes.len())];
        let method = &line[..line.len().min(LONGEST_METHOD.saturating_sub(self.length))];
        self.method_is_over |= method.contains(&b' ');
        self.length += line.len();
        self.is_over = end.is_some();
    }

    fn is_too_long(&self) -> bool {
        self.length > LONGEST_LINE && self.method_is_over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_request_is_measured_however_it_is_cut() {
        let long = "a".repeat(LONGEST_LINE);
        for (text, too_long) in [
            (format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n"), true),
            (format!("\r\n\r\nGET /{long}"), true),
            (format!("GET / HTTP/1.1\r\nX-Long: {long}\r\n\r\n"), false),
            (format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", &long[20..]), false),
            (format!("{long}{long} HTTP/1.1"), false),
            ("\n".repeat(LONGEST_LINE * 2), false),
        ] {
            for size in [1, 7, 1000, 1 << 20] {
                let mut line = RequestLine::default();
                text.as_bytes().chunks(size).for_each(|piece| line.goes_on(piece));
                assert_eq!(line.is_too_long(), too_long, "{size} bytes at a time of {}", &text[..20]);
            }
        }
    }

    #[test]
    fn the_answer_names_its_length() {
        let text = std::str::from_utf8(URI_TOO_LONG).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{head}, {} bytes", body.len());
        assert!(serde_json::from_str::<serde_json::Value>(body).is_ok());
    }
}
