//! The client of commands: requests, and sessions.

use actix_tls::connect::{Connector as TcpConnector, Resolver};
use awc::error::WsClientError;
use awc::http::header::{HeaderName, HeaderValue};
use awc::http::uri::InvalidUri;
use awc::{Client, ClientRequest, Connector};
use madrpc_actors::actors::broker::TextSession;
use url::Url;

use super::connect::{self, Connect};
use super::exchange::Exchange;
use super::session;
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

    /// A session at `url`, http or https, that presents these headers. The error is the status that the server answers
    /// instead, if it answers, and what is wrong.
    pub async fn session(
        &self,
        url: &Url,
        headers: &[(HeaderName, HeaderValue)],
        longest: usize,
    ) -> Result<TextSession, (Option<u16>, String)> {
        session::open(&self.0, url, headers, longest).await.map(session::begin).map_err(refusal)
    }

    /// A request to `url`, http or https.
    pub fn post(&self, url: &Url) -> Result<ClientRequest, InvalidUri> {
        Ok(self.0.post(connect::uri(url, None)?))
    }

    /// As `session`, for one exchange at a time.
    pub async fn exchange(
        &self,
        url: &Url,
        headers: &[(HeaderName, HeaderValue)],
        longest: usize,
    ) -> Result<Exchange, String> {
        let opened = session::open(&self.0, url, headers, longest).await;
        opened.map(Exchange::new).map_err(|error| refusal(error).1)
    }
}

/// The status that a server answers instead of opening a session, if it answers, and what is wrong.
fn refusal(error: Option<WsClientError>) -> (Option<u16>, String) {
    match error {
        Some(WsClientError::InvalidResponseStatus(status)) => {
            (Some(status.as_u16()), format!("no session is opened there: HTTP {}", status.as_u16()))
        }
        Some(error) => (None, format!("can't connect: {error}")),
        None => (None, "the URL can't be used".into()),
    }
}
