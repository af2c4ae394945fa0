//! The exchanges of scripts' fetches, by awc: one request to one address, and its answer.

use std::cell::RefCell;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::error::ParseError;
use awc::error::{ConnectError, PayloadError, SendRequestError};
use awc::http::header::{HeaderMap, HeaderName, HeaderValue};
use awc::http::header::{ACCEPT, ACCEPT_ENCODING, HOST, RANGE, USER_AGENT};
use awc::http::Method;
use awc::{Client, ClientRequest, ClientResponse, Connector};
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use madrpc_actors::actors::fetching::{Answer, Failure, Fetcher, FetcherFactory, ON_THE_WIRE};
use madrpc_actors::policy::redirect;
use madrpc_actors::protocol::{HttpRequest, Redirect};
use tokio::sync::Semaphore;
use url::{Position, Url};

use super::body::{Body, WITHOUT_BODY};
use super::by_address::ByAddress;
use super::connect::{self, Connect};
use crate::tls::ClientTls;

/// Per address of a server.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// To the head of the answer, connecting included; most calls have an earlier deadline.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);

/// Shorter than what servers grant: a request must not meet the end of a connection that idles.
const KEEP_ALIVE: Duration = Duration::from_secs(4);

/// A client is replaced after this time, since awc never looks again at connections that idle to an address which
/// nobody asks any more.
const RENEW: Duration = Duration::from_secs(60);

/// Names that are looked up at once. A look-up holds a thread, also when nobody waits for it any more.
const LOOK_UPS: usize = 16;

const USER_AGENT_VALUE: HeaderValue = HeaderValue::from_static(concat!("madrpc-actor/", env!("CARGO_PKG_VERSION")));

/// The fetcher of one thread.
#[derive(Clone)]
pub struct AwcFetcher {
    client: Rc<RefCell<(Client, Instant)>>,
    tls: ClientTls,
    look_ups: Arc<Semaphore>,
    max_body: usize,
}

impl std::fmt::Debug for AwcFetcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AwcFetcher").field("max_body", &self.max_body).finish_non_exhaustive()
    }
}

impl AwcFetcher {
    /// A fetcher with an empty pool that reads answers up to `max_body` bytes. Must be used on this thread.
    pub fn new(max_body: usize, tls: ClientTls) -> Self {
        let client = Rc::new(RefCell::new((client(&tls), Instant::now())));
        AwcFetcher { client, tls, look_ups: Arc::new(Semaphore::new(LOOK_UPS)), max_body }
    }

    /// Makes a fetcher on each thread that asks for one.
    pub fn factory(max_body: usize, tls: ClientTls) -> FetcherFactory {
        Arc::new(move || Rc::new(AwcFetcher::new(max_body, tls.clone())))
    }

    fn client(&self) -> Client {
        let mut current = self.client.borrow_mut();
        if current.1.elapsed() >= RENEW {
            // What is under way keeps the old pool; then its connections are closed.
            *current = (client(&self.tls), Instant::now());
        }
        current.0.clone()
    }
}

fn client(tls: &ClientTls) -> Client {
    let connector = Connector::new().connector(Connect { tcp: ByAddress, tls: tls.clone() });
    let connector = connector.limit(ON_THE_WIRE).timeout(CONNECT_TIMEOUT).conn_keep_alive(KEEP_ALIVE);
    // The call's deadline bounds the whole, and redirects are decided about elsewhere.
    Client::builder().connector(connector).disable_timeout().disable_redirects().no_default_headers().finish()
}

impl Fetcher for AwcFetcher {
    fn resolve(&self, name: &str) -> LocalBoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let (name, look_ups) = (name.to_owned(), self.look_ups.clone());
        Box::pin(async move {
            let place = look_ups.acquire_owned().await.map_err(io::Error::other)?;
            let look_up = actix_rt::task::spawn_blocking(move || {
                let _place = place;
                let mut addresses = Vec::new();
                for found in (name.as_str(), 0).to_socket_addrs()? {
                    if !addresses.contains(&found.ip()) {
                        addresses.push(found.ip());
                    }
                }
                Ok(addresses)
            });
            look_up.await.map_err(io::Error::other)?
        })
    }

    fn exchange(&self, to: SocketAddr, request: &HttpRequest) -> LocalBoxFuture<'static, Result<Answer, Failure>> {
        let prepared = prepare(&self.client(), to, request);
        let body = request.body.clone();
        let (heads_only, follows) = (request.method == "HEAD", request.redirect != Redirect::Manual);
        // A server may refuse a request without a length that could have had a body.
        let empty_body = matches!(request.method.as_str(), "POST" | "PUT" | "PATCH").then(Bytes::new);
        let max_body = self.max_body;
        Box::pin(async move {
            let prepared = prepared?;
            let sending = match body.or(empty_body) {
                Some(body) => prepared.send_body(body),
                // Not `send`, which would say that the length is 0.
                None => prepared.send_body(awc::body::None::new()),
            };
            let response = tokio::time::timeout(HEAD_TIMEOUT, sending).await.map_err(|_| Failure::Silent)?;
            let response = response.map_err(|error| failure(&error))?;
            let status = response.status().as_u16();
            if status < 200 {
                return Err(Failure::Unreadable("is only provisional"));
            }
            let headers = response.headers().iter();
            let headers = headers.map(|(name, value)| (name.as_str().to_owned(), latin1(value.as_bytes()))).collect();
            let status_text = response.status().canonical_reason().unwrap_or_default().to_owned();
            let leads_elsewhere = follows && redirect::location(status, &headers).is_some();
            let body = match heads_only || leads_elsewhere || WITHOUT_BODY.contains(&status) {
                true => None,
                false => Some(read(response, max_body).await?),
            };
            Ok(Answer { status, status_text, headers, body })
        })
    }
}

/// The request as awc sends it, by way of the address: no connection is used again that goes anywhere else.
fn prepare(client: &Client, to: SocketAddr, request: &HttpRequest) -> Result<ClientRequest, Failure> {
    let uri = connect::uri(&request.url, Some(&to.to_string()));
    let uri = uri.map_err(|error| Failure::Unsendable(error.to_string()))?;
    let method =
        Method::from_bytes(request.method.as_bytes()).map_err(|error| Failure::Unsendable(error.to_string()))?;
    let host = &request.url[Position::BeforeHost..Position::AfterPort];
    let host = HeaderValue::from_str(host).map_err(|error| Failure::Unsendable(error.to_string()))?;
    let mut prepared = client.request(method, uri).address(to);
    let headers = prepared.headers_mut();
    for (name, value) in &request.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| Failure::Unsendable(error.to_string()))?;
        let value = HeaderValue::from_bytes(&bytes(value)).map_err(|error| Failure::Unsendable(error.to_string()))?;
        headers.append(name, value);
    }
    headers.insert(HOST, host);
    default(headers, ACCEPT, HeaderValue::from_static("*/*"));
    default(headers, ACCEPT_ENCODING, accepted(&request.url, headers));
    default(headers, USER_AGENT, USER_AGENT_VALUE);
    Ok(prepared)
}

/// The codings that a server may choose from, as in Node.js: a part of a coded body is of no use, and on plain HTTP,
/// boxes in between know gzip alone.
fn accepted(url: &Url, headers: &HeaderMap) -> HeaderValue {
    HeaderValue::from_static(match url.scheme() {
        _ if headers.contains_key(RANGE) => "identity",
        "https" => "br, gzip, deflate",
        _ => "gzip, deflate",
    })
}

fn default(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    if !headers.contains_key(&name) {
        headers.insert(name, value);
    }
}

/// A character for each byte, and back.
fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

/// awc says `Connect(Disconnected)` also of a connection that was there and ended.
fn failure(error: &SendRequestError) -> Failure {
    match error {
        SendRequestError::Connect(ConnectError::Disconnected) => Failure::Broken(error.to_string()),
        SendRequestError::Connect(_) | SendRequestError::Url(_) => Failure::Unconnected(error.to_string()),
        SendRequestError::Response(ParseError::Io(_) | ParseError::Incomplete) => Failure::Broken(error.to_string()),
        SendRequestError::Response(_) => Failure::Unreadable("is no HTTP"),
        _ => Failure::Broken(error.to_string()),
    }
}

/// All of the body, if all of it came.
async fn read(response: ClientResponse, max_body: usize) -> Result<Bytes, Failure> {
    Body::of(response).whole(max_body).await.map_err(|error| match error {
        PayloadError::Overflow => Failure::TooLarge(max_body),
        PayloadError::EncodingCorrupted => Failure::Unreadable("is not coded as it says"),
        error => Failure::Broken(error.to_string()),
    })
}
