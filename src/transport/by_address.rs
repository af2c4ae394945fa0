//! Connections to the addresses that they are told, and to nothing else.

use actix_rt::net::TcpStream;
use actix_service::Service;
use actix_tls::connect::{ConnectError, ConnectInfo, Connection};
use awc::http::Uri;
use futures_util::future::LocalBoxFuture;

/// Connects to the address that a request brings. It knows no names: without an address there is no connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct ByAddress;

impl Service<ConnectInfo<Uri>> for ByAddress {
    type Response = Connection<Uri, TcpStream>;
    type Error = ConnectError;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Self::Error>>;

    actix_service::always_ready!();

    fn call(&self, request: ConnectInfo<Uri>) -> Self::Future {
        let address = request.addrs().next();
        Box::pin(async move {
            let stream = TcpStream::connect(address.ok_or(ConnectError::Unresolved)?).await;
            Ok(Connection::new(request.request().clone(), stream.map_err(ConnectError::Io)?))
        })
    }
}
