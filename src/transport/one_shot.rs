//! The client of commands, which make a request or two.

use actix_tls::connect::{Connector as TcpConnector, Resolver};
use awc::http::uri::InvalidUri;
use awc::{Client, ClientRequest, Connector};
use url::Url;

use super::connect::{self, Connect};
use crate::tls::ClientTls;

/// A client that follows no redirects: a call that was redirected is not delivered.
#[derive(Clone)]
pub struct OneShot(Client);

impl std::fmt::Debug for OneShot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OneShot").finish_non_exhaustive()
    }
}

impl OneShot {
    /// Must be used on this thread, under an actix runtime.
    pub fn new(tls: ClientTls) -> Self {
        let tcp = TcpConnector::new(Resolver::default()).service();
        let connector = Connector::new().connector(Connect { tcp, tls });
        OneShot(Client::builder().connector(connector).disable_redirects().finish())
    }

    /// A request to `url`, http or https.
    pub fn post(&self, url: &Url) -> Result<ClientRequest, InvalidUri> {
        Ok(self.0.post(connect::uri(url, None)?))
    }
}
