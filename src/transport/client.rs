//! The client of one thread.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::{ready, Future};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_tls::connect::{Connector as TcpConnector, Resolver};
use awc::http::header::{HeaderName, HeaderValue, CONTENT_TYPE};
use awc::{Client, Connector, FrozenClientRequest};
use futures_util::future::{FutureExt, LocalBoxFuture};
use futures_util::stream::{self, LocalBoxStream, StreamExt};
use madrpc_actors::actors::{PeerClient, PeerClientFactory, PeerUrl};
use madrpc_actors::protocol::method::is_reserved;
use madrpc_actors::protocol::{Call, CallError, CallResult, Secret};
use tokio::time::timeout_at;
use url::Url;

use super::askers::Askers;
use super::connect::{self, Connect};
use super::link::{self, Host, Link, Links};
use super::peer_links::PeerLinks;
use super::{batch, failure, lines, response, wire};
use crate::http::{header, EachInTime, ENVELOPE_SLACK};
use crate::tls::ClientTls;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Well below the 75 s after which a server of ours closes an idle connection: a request must not meet that.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Connections are renewed now and then, so that a name which moved is followed.
const LIFETIME: Duration = Duration::from_secs(600);

/// Peers whose prepared requests a thread keeps; a cluster has fewer.
const MAX_PREPARED: usize = 4096;

/// Params longer than this, in bytes, go by a request of their own: on a link all others would wait behind them.
const LARGE: usize = 64 * 1024;

/// What every request of a process has in common.
#[derive(Clone, Debug)]
pub struct TransportConfig {
    /// Longest result, in bytes.
    pub max_body: usize,
    /// Presented to every peer as `Madrpc-Cluster-Token`.
    pub cluster_token: Option<Secret>,
    /// Presented to every peer as a client's key.
    pub api_key: Option<Secret>,
    /// For peers whose URL is of https.
    pub tls: ClientTls,
    /// Those that peers have opened.
    pub peer_links: PeerLinks,
    /// Whether peers that can be called otherwise open some, too.
    pub expects_links: bool,
    /// Nodes that may ask over the links that this process opens.
    pub askers: Askers,
    /// A peer whose link shows no sign of life for so long is gone; it asks three times as often whether we are there.
    pub silence: Duration,
}

/// Takes calls to other processes through the connection pool of its thread.
#[derive(Clone)]
pub struct AwcClient {
    inner: Rc<Inner>,
}

struct Inner {
    client: Client,
    /// What this process presents to its peers.
    credentials: Vec<(HeaderName, HeaderValue)>,
    max_body: usize,
    prepared: RefCell<HashMap<PeerUrl, FrozenClientRequest>>,
    links: Rc<Links>,
    peer_links: PeerLinks,
    expects_links: bool,
}

impl std::fmt::Debug for AwcClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AwcClient").field("max_body", &self.inner.max_body).finish_non_exhaustive()
    }
}

impl AwcClient {
    /// A client with an empty pool. Must be used on this thread, under an actix runtime.
    pub fn new(config: &TransportConfig) -> Self {
        let client = connecting(config);
        AwcClient {
            inner: Rc::new(Inner {
                links: Links::new(config, client.clone()),
                client,
                credentials: credentials(config),
                max_body: config.max_body,
                prepared: RefCell::default(),
                peer_links: config.peer_links.clone(),
                expects_links: config.expects_links,
            }),
        }
    }

    /// Waits for the link of a node that says that it dials in, for a moment.
    pub(crate) async fn dialled_in(&self, node: &PeerUrl) {
        self.inner.peer_links.soon(node).await;
    }

    /// Nodes that ask over links of this thread are answered by `host`.
    pub(crate) fn answer_by(&self, host: Rc<dyn Host>) {
        self.inner.links.answer_by(host);
    }

    /// The links of this thread.
    pub(super) fn links(&self) -> Rc<Links> {
        self.inner.links.clone()
    }

    /// Makes a client on each thread that asks for one.
    pub fn factory(config: TransportConfig) -> PeerClientFactory {
        Arc::new(move || Rc::new(AwcClient::new(&config)))
    }

    /// What all requests to `peer` have in common.
    fn prepared(&self, peer: &PeerUrl) -> Result<FrozenClientRequest, CallError> {
        if let Some(request) = self.inner.prepared.borrow().get(peer) {
            return Ok(request.clone());
        }
        let unusable = |error: &dyn std::fmt::Display| {
            log::warn!("{peer} can't be called: {error}");
            CallError::Unreachable { sent: false }
        };
        let url = Url::parse(peer.as_str()).map_err(|error| unusable(&error))?;
        let mut request = self
            .inner
            .client
            .post(connect::uri(&url, None).map_err(|error| unusable(&error))?)
            .insert_header((CONTENT_TYPE, HeaderValue::from_static("application/json")));
        for credential in &self.inner.credentials {
            request = request.insert_header(credential.clone());
        }
        let request = request.freeze().map_err(|error| unusable(&error))?;
        let mut prepared = self.inner.prepared.borrow_mut();
        if prepared.len() >= MAX_PREPARED {
            prepared.clear();
        }
        prepared.insert(peer.clone(), request.clone());
        Ok(request)
    }
}

/// A client whose connections are as all of this process are.
pub(super) fn connecting(config: &TransportConfig) -> Client {
    let tcp = TcpConnector::new(Resolver::default()).service();
    let connector = Connector::new()
        .connector(Connect { tcp, tls: config.tls.clone() })
        // The default of 100 would block nested calls behind the very calls that wait for them; admission bounds
        // how many there are.
        .limit(0)
        .timeout(CONNECT_TIMEOUT)
        .conn_keep_alive(KEEP_ALIVE)
        .conn_lifetime(LIFETIME);
    Client::builder()
        .connector(connector)
        // Each call has its own deadline.
        .disable_timeout()
        .disable_redirects()
        .no_default_headers()
        .finish()
}

/// What this process presents to its peers.
pub(super) fn credentials(config: &TransportConfig) -> Vec<(HeaderName, HeaderValue)> {
    let token = config.cluster_token.as_ref().map(|token| (HeaderName::from_static(header::CLUSTER_TOKEN), token));
    let key = config.api_key.as_ref().map(|key| (HeaderName::from_static(header::API_KEY), key));
    let headers = token.into_iter().chain(key);
    headers
        .filter_map(|(name, secret)| {
            let mut value = HeaderValue::from_str(secret.expose()).ok()?;
            value.set_sensitive(true);
            Some((name, value))
        })
        .collect()
}

/// How calls leave.
enum Way {
    /// By a link of this thread.
    Link(Link),
    /// By a link that the peer has opened.
    PeerLink,
    Http,
}

impl AwcClient {
    /// Whether `peer` has opened a link to this process.
    fn has_link(&self, peer: &PeerUrl) -> bool {
        self.inner.expects_links && self.inner.peer_links.reach(peer)
    }

    /// The way that `calls` should take to `peer`.
    fn way<'a>(&self, peer: &PeerUrl, mut calls: impl Iterator<Item = &'a Call>) -> Way {
        // What members tell each other goes by HTTP: it is rare, and should not keep links open.
        let large = LARGE.min(self.inner.max_body);
        let fits =
            |call: &Call| !is_reserved(&call.method) && call.params.as_ref().is_none_or(|params| params.len() <= large);
        match calls.all(fits) {
            false => Way::Http,
            true if self.has_link(peer) => Way::PeerLink,
            true => self.inner.links.to(peer).map_or(Way::Http, Way::Link),
        }
    }

    /// A call by a link; when nothing of it has left, by HTTP.
    fn or_by_http(
        &self,
        peer: &PeerUrl,
        call: Call,
        by_link: impl Future<Output = CallResult> + 'static,
    ) -> LocalBoxFuture<'static, CallResult> {
        let (client, peer) = (self.clone(), peer.clone());
        Box::pin(async move {
            match by_link.await {
                unsent if is_unsent(&unsent) => client.by_http(&peer, call).await,
                result => result,
            }
        })
    }

    /// A request of its own.
    fn by_http(&self, peer: &PeerUrl, call: Call) -> impl Future<Output = CallResult> + 'static {
        let request = self.prepared(peer);
        let max_body = self.inner.max_body;
        async move {
            let now = Instant::now();
            if call.scope.deadline <= now {
                return Err(CallError::Timeout);
            }
            let (headers, body) = wire::single(&call, now);
            let sending = request?.extra_headers(headers).send_body(body);
            let exchange = async {
                let answer = sending.await.map_err(|error| failure::unreachable(&error))?;
                let received = response::receive(answer, max_body.saturating_add(ENVELOPE_SLACK), max_body).await?;
                match call.notification {
                    true => received.into_receipt(),
                    false => received.into_result(&call.scope),
                }
            };
            timeout_at(call.scope.deadline.into(), exchange).await.unwrap_or(Err(CallError::Timeout))
        }
    }
}

/// Whether a link was at its end before anything of the call had left: a new connection may do better.
fn is_unsent(result: &CallResult) -> bool {
    matches!(result, Err(CallError::Unreachable { sent: false }))
}

impl AwcClient {
    /// A call beside which something flows. It takes a link; where there is none its items come by HTTP, and nothing can
    /// be pushed to it.
    async fn flowing(self, peer: PeerUrl, call: Call) -> CallResult {
        if self.has_link(&peer) {
            let result = self.inner.peer_links.call(&peer, call.clone()).await;
            if !is_unsent(&result) {
                return result;
            }
        }
        if let Some(link) = self.inner.links.clone().soon(peer.clone()).await {
            let result = link::carry(link, &call, Instant::now()).await;
            if !is_unsent(&result) {
                return result;
            }
        }
        let Some((end, mut items)) = call.streams.items.as_ref().and_then(|end| Some((end, end.take()?))) else {
            return self.by_http(&peer, call).await;
        };
        let result = match self.prepared(&peer) {
            Ok(request) => lines::call(request, &call, &mut items, self.inner.max_body).await,
            Err(error) => Err(error),
        };
        if is_unsent(&result) {
            end.put_back(items);
        }
        result
    }
}

impl PeerClient for AwcClient {
    fn heard(&self, peer: &PeerUrl) -> Option<Instant> {
        self.inner.links.heard(peer)
    }

    fn call(&self, peer: &PeerUrl, call: Call) -> LocalBoxFuture<'static, CallResult> {
        if peer.is_dialled_in() {
            return self.inner.peer_links.call(peer, call);
        }
        if !call.streams.are_none() {
            let deadline = call.scope.deadline;
            let flowing = timeout_at(deadline.into(), self.clone().flowing(peer.clone(), call));
            return Box::pin(async move { flowing.await.unwrap_or(Err(CallError::Timeout)) });
        }
        let (now, deadline) = (Instant::now(), call.scope.deadline);
        if deadline <= now {
            return Box::pin(std::future::ready(Err(CallError::Timeout)));
        }
        match self.way(peer, std::iter::once(&call)) {
            Way::Http => Box::pin(self.by_http(peer, call)),
            Way::PeerLink => {
                let answer = self.inner.peer_links.call(peer, call.clone());
                self.or_by_http(peer, call, answer)
            }
            Way::Link(link) => {
                let answer = timeout_at(deadline.into(), link.call(&call, now));
                self.or_by_http(peer, call, answer.map(|in_time| in_time.unwrap_or(Err(CallError::Timeout))))
            }
        }
    }

    fn batch(&self, peer: &PeerUrl, calls: Vec<Call>) -> LocalBoxStream<'static, (usize, CallResult)> {
        if peer.is_dialled_in() {
            return self.inner.peer_links.batch(peer, calls);
        }
        let max_body = self.inner.max_body;
        let answers = match self.way(peer, calls.iter()) {
            Way::Http => return batch::send(self.prepared(peer), calls, max_body),
            Way::PeerLink => self.inner.peer_links.batch(peer, calls.clone()),
            Way::Link(link) => {
                let deadlines: Vec<Instant> = calls.iter().map(|call| call.scope.deadline).collect();
                let answers = link.batch(&calls, Instant::now());
                EachInTime::new(answers, deadlines, CallError::Unreachable { sent: true }).boxed_local()
            }
        };
        let unsent = Rc::<RefCell<Vec<usize>>>::default();
        let left = unsent.clone();
        let answered = answers.filter_map(move |(index, result)| {
            let answered = match is_unsent(&result) {
                true => {
                    unsent.borrow_mut().push(index);
                    None
                }
                false => Some((index, result)),
            };
            ready(answered)
        });
        let (client, peer) = (self.clone(), peer.clone());
        let again = stream::once(async move {
            let indexes = left.take();
            let calls: Vec<Call> = indexes.iter().map(|index| calls[*index].clone()).collect();
            if calls.is_empty() {
                return stream::empty().boxed_local();
            }
            let answers = batch::send(client.prepared(&peer), calls, max_body);
            answers.map(move |(place, result)| (indexes[place], result)).boxed_local()
        });
        answered.chain(again.flatten()).boxed_local()
    }
}
