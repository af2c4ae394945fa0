//! From a TCP connection to one that HTTP can be spoken over.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio_rustls::server::TlsStream;
use tokio_rustls::TlsAcceptor;

use super::watch::{Connections, Watch, Watched};
use crate::tls::ServerTls;
use crate::websocket::write_little_ahead;

/// RFC 8446, section 5.1: the first byte of a handshake. No request of HTTP begins with it.
const HANDSHAKE: u8 = 22;

/// What somebody gets who speaks plain HTTP where TLS is spoken.
const USE_HTTPS: &str = r#"{"error":"Bad Request","hint":"this port speaks TLS: use https"}"#;

/// How long that somebody may go on.
const PARTING: Duration = Duration::from_secs(2);

/// Of a request that is not read, so much is taken from the wire, so that the answer is not lost by a reset.
const PARTING_BYTES: u64 = 256 * 1024;

/// A connection to one client.
#[derive(Debug)]
pub(super) enum Stream {
    Plain(Watched),
    Tls(Box<TlsStream<Watched>>),
}

/// Takes in a connection, and shakes hands if this server speaks TLS.
pub(super) async fn accept(tcp: TcpStream, tls: Option<&ServerTls>, among: &Rc<Connections>) -> io::Result<Stream> {
    tcp.set_nodelay(true)?;
    write_little_ahead(&tcp)?;
    let mut stream = among.take_in(tcp);
    let Some(tls) = tls else {
        return Ok(Stream::Plain(stream));
    };
    stream.shakes_hands();
    if stream.peek().await? != HANDSHAKE {
        turn_away(&mut stream).await?;
        return Err(io::ErrorKind::InvalidData.into());
    }
    let stream = TlsAcceptor::from(tls.config()).accept(stream).await;
    let stream = stream.inspect_err(|error| log::debug!("no TLS came about: {error}"))?;
    stream.get_ref().0.has_shaken_hands();
    Ok(Stream::Tls(Box::new(stream)))
}

async fn turn_away(stream: &mut Watched) -> io::Result<()> {
    let length = USE_HTTPS.len();
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{USE_HTTPS}"
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    let (mut rest, mut nowhere) = (stream.take(PARTING_BYTES), tokio::io::sink());
    drop(tokio::time::timeout(PARTING, tokio::io::copy(&mut rest, &mut nowhere)).await);
    Ok(())
}

impl Stream {
    /// Where the connection notes what it does.
    pub(super) fn watch(&self) -> Rc<Watch> {
        self.watched().watch.clone()
    }

    pub(super) fn tcp(&self) -> &TcpStream {
        &self.watched().tcp
    }

    fn watched(&self) -> &Watched {
        match self {
            Stream::Plain(stream) => stream,
            Stream::Tls(stream) => stream.get_ref().0,
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let watch = self.watch();
        watch.reading(cx, into, |cx, into| match &mut *self {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, into),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, into),
        })
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut *self {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
