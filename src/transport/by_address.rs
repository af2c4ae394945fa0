//! Connections to the addresses that they are told, and to nothing else; and whether one ended in the middle of an
//! answer.
//!
//! awc ends a chunked body that was cut off like one that is complete. The difference is that the connection has ended,
//! which is noted here, for the thread whose read it was.

use std::cell::Cell;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_rt::net::{ActixStream, Ready, TcpStream};
use actix_service::Service;
use actix_tls::connect::{ConnectError, ConnectInfo, Connection};
use awc::http::Uri;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

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

/// Connects to the address that a request brings. It knows no names: without an address there is no connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct ByAddress;

impl Service<ConnectInfo<Uri>> for ByAddress {
    type Response = Connection<Uri, Watched>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>>>>;

    actix_service::always_ready!();

    fn call(&self, request: ConnectInfo<Uri>) -> Self::Future {
        let address = request.addrs().next();
        Box::pin(async move {
            let stream = TcpStream::connect(address.ok_or(ConnectError::Unresolved)?).await;
            Ok(Connection::new(request.request().clone(), Watched(stream.map_err(ConnectError::Io)?)))
        })
    }
}

/// A connection whose end is noted.
#[derive(Debug)]
pub(super) struct Watched(TcpStream);

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let (room, before) = (into.remaining(), into.filled().len());
        let read = Pin::new(&mut self.0).poll_read(cx, into);
        if room > 0 && matches!(read, Poll::Ready(Ok(()))) && into.filled().len() == before {
            ENDED.set(true);
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl ActixStream for Watched {
    fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        ActixStream::poll_read_ready(&self.0, cx)
    }

    fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        ActixStream::poll_write_ready(&self.0, cx)
    }
}
