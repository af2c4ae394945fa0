//! The client of commands: requests, and sessions.

use actix_tls::connect::{Connector as TcpConnector, Resolver};
use awc::http::header::{HeaderName, HeaderValue};
use awc::http::uri::InvalidUri;
use awc::{Client, ClientRequest, Connector};
use url::Url;

use super::connect::{self, Connect};
use super::session::Session;
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
        // How many there are at once is the command's to say.
        let connector = Connector::new().connector(Connect { tcp, tls }).limit(0);
        OneShot(Client::builder().connector(connector).disable_redirects().finish())
    }

    /// A request to `url`, http or https.
    pub fn post(&self, url: &Url) -> Result<ClientRequest, InvalidUri> {
        Ok(self.0.post(connect::uri(url, None)?))
    }

    /// Opens a WebSocket at `url`, http or https, for frames of up to `longest` bytes. The error is for people.
    pub async fn session(
        &self,
        url: &Url,
        headers: &[(HeaderName, HeaderValue)],
        longest: usize,
    ) -> Result<Session, String> {
        let uri = connect::uri(url, None).map_err(|error| error.to_string())?;
        let mut request = self.0.ws(uri).max_frame_size(longest);
        for (name, value) in headers {
            request = request.set_header(name.clone(), value.clone());
        }
        let (_, socket) = request.connect().await.map_err(|error| error.to_string())?;
        Ok(Session { socket })
    }
}
