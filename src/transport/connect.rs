//! Connections to servers, with TLS where the URL says so, and whether one ended in the middle of an answer.
//!
//! awc's own TLS takes the host of the URL for the name that the certificate must show, and can't speak to an address of
//! IPv6. Here TLS is spoken beneath awc, which knows plain HTTP alone: the URLs that it gets from [`uri`] have the name to
//! verify in their user part. Since awc keeps connections by the authority of their URL, user part included, none is
//! used for another name or another address.
//!
//! awc ends a chunked body that was cut off like one that is complete. The difference is that the connection has ended,
//! which is noted here, for the thread whose read it was.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_rt::net::{ActixStream, Ready, TcpStream};
use actix_service::Service;
use actix_tls::connect::{ConnectError, ConnectInfo, Connection};
use awc::http::uri::InvalidUri;
use awc::http::Uri;
use futures_util::future::LocalBoxFuture;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::client::TlsStream;
use tokio_rustls::TlsConnector;
use url::{Host, Position, Url};

use super::heads::Heads;
use crate::tls::ClientTls;
use crate::websocket::write_little_ahead;

/// In the user part: the address in the URL is what the certificate must show.
const THE_ADDRESS: &str = "-";

thread_local! {
    /// A read on this thread has met the end of a connection.
    static ENDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs one poll, and tells whether a connection was read to its end in it.
pub(super) fn noting_the_end<T>(poll: impl FnOnce() -> T) -> (T, bool) {
    ENDED.set(false);
    let result = poll();
    (result, ENDED.take())
}

/// `url` as the connections here know it; by way of `authority` (`HOST:PORT`), or of its own host.
pub(super) fn uri(url: &Url, authority: Option<&str>) -> Result<Uri, InvalidUri> {
    let own = &url[Position::BeforeHost..Position::AfterPort];
    let name = match (url.scheme(), url.host()) {
        ("https", Some(Host::Domain(name))) => format!("{name}@"),
        ("https", _) => format!("{THE_ADDRESS}@"),
        _ => String::new(),
    };
    let port = match (url.scheme(), authority.is_none() && url.port().is_none()) {
        ("https", true) => ":443",
        _ => "",
    };
    let path = &url[Position::BeforePath..Position::AfterQuery];
    format!("http://{name}{}{port}{path}", authority.unwrap_or(own)).parse()
}

/// Connects by `T`, and speaks TLS over the connection if the URL wants it.
#[derive(Clone, Debug)]
pub(super) struct Connect<T> {
    pub(super) tcp: T,
    pub(super) tls: ClientTls,
}

impl<T> Service<ConnectInfo<Uri>> for Connect<T>
where
    T: Service<ConnectInfo<Uri>, Response = Connection<Uri, TcpStream>, Error = ConnectError>,
    T::Future: 'static,
{
    type Response = Connection<Uri, Heads<Stream>>;
    type Error = ConnectError;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Self::Error>>;

    actix_service::forward_ready!(tcp);

    fn call(&self, request: ConnectInfo<Uri>) -> Self::Future {
        let (connecting, tls) = (self.tcp.call(request), self.tls.clone());
        Box::pin(async move {
            let (stream, uri) = connecting.await?.into_parts();
            // What is written is complete, and waits for nothing.
            stream.set_nodelay(true).map_err(ConnectError::Io)?;
            write_little_ahead(&stream).map_err(ConnectError::Io)?;
            let stream = match name(&uri) {
                None => Stream::Plain(stream),
                Some(name) => {
                    let secured = secure(stream, name, &tls).await;
                    secured
                        .inspect_err(|error| log::info!("TLS with {name} failed: {error}"))
                        .map_err(ConnectError::Io)?
                }
            };
            Ok(Connection::new(uri, Heads::new(stream)))
        })
    }
}

/// What the server's certificate must show; `None` where no TLS is wanted.
fn name(uri: &Uri) -> Option<&str> {
    match uri.authority()?.as_str().rsplit_once('@')?.0 {
        THE_ADDRESS => Some(uri.host()?.trim_start_matches('[').trim_end_matches(']')),
        name => Some(name),
    }
}

async fn secure(stream: TcpStream, name: &str, tls: &ClientTls) -> io::Result<Stream> {
    let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
    let connector = TlsConnector::from(tls.config().map_err(io::Error::other)?);
    Ok(Stream::Tls(Box::new(connector.connect(name, stream).await?)))
}

/// A connection whose end is noted.
#[derive(Debug)]
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    fn tcp(&self) -> &TcpStream {
        match self {
            Stream::Plain(stream) => stream,
            Stream::Tls(stream) => stream.get_ref().0,
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let (room, before) = (into.remaining(), into.filled().len());
        let read = match &mut *self {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, into),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, into),
        };
        if room > 0 && matches!(read, Poll::Ready(Ok(()))) && into.filled().len() == before {
            ENDED.set(true);
        }
        read
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

impl ActixStream for Stream {
    fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        ActixStream::poll_read_ready(self.tcp(), cx)
    }

    fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        ActixStream::poll_write_ready(self.tcp(), cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_of_tls_carries_the_name_to_verify() {
        let of = |url: &str, authority| {
            let uri = uri(&Url::parse(url).expect("a URL"), authority).expect("a URI");
            (uri.to_string(), name(&uri).map(str::to_owned), uri.port_u16())
        };
        let expect = |uri: &str, name: Option<&str>, port| (uri.to_owned(), name.map(str::to_owned), port);
        assert_eq!(of("http://a:81/p?q#f", None), expect("http://a:81/p?q", None, Some(81)));
        assert_eq!(
            of("https://A.example/p", None),
            expect("http://a.example@a.example:443/p", Some("a.example"), Some(443))
        );
        assert_eq!(of("https://[::1]:8443", None), expect("http://-@[::1]:8443/", Some("::1"), Some(8443)));
        assert_eq!(
            of("https://a.example/p", Some("203.0.113.1:443")),
            expect("http://a.example@203.0.113.1:443/p", Some("a.example"), Some(443))
        );
        assert_eq!(
            of("https://127.0.0.1/", Some("127.0.0.1:443")),
            expect("http://-@127.0.0.1:443/", Some("127.0.0.1"), Some(443))
        );
        assert_eq!(of("http://a.example/", Some("203.0.113.1:80")), expect("http://203.0.113.1:80/", None, Some(80)));
    }
}
