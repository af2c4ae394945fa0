//! From a TCP connection to one that HTTP can be spoken over.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use actix_rt::net::TcpStream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

use super::stream::Stream;
use super::watch::{Connections, Watched};
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

/// Takes in a connection, and shakes hands if this server speaks TLS.
pub(super) async fn accept(tcp: TcpStream, tls: Option<&ServerTls>, among: &Rc<Connections>) -> io::Result<Stream> {
    tcp.set_nodelay(true)?;
    write_little_ahead(&tcp)?;
    let mut stream = among.take_in(tcp);
    let Some(tls) = tls else {
        return Ok(stream.into());
    };
    stream.shakes_hands();
    if stream.peek().await? != HANDSHAKE {
        turn_away(&mut stream).await?;
        return Err(io::ErrorKind::InvalidData.into());
    }
    let stream = TlsAcceptor::from(tls.config()).accept(stream).await;
    let stream = stream.inspect_err(|error| log::debug!("no TLS came about: {error}"))?;
    stream.get_ref().0.has_shaken_hands();
    Ok(stream.into())
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
