//! Links: one WebSocket from a thread of this process to a peer, for all its calls to it. Their frames leave together,
//! and what comes back comes as it is there.
//!
//! A link is opened when a peer is first called, and calls go by HTTP until it is there; so do those to whoever speaks no
//! WebSocket, and calls so large that others would wait behind them. A node that has registered with a key asks over it,
//! too.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use awc::error::WsClientError;
use awc::http::header::{HeaderName, HeaderValue};
use awc::Client;
use madrpc_actors::policy::access::Identity;
use madrpc_actors::policy::backoff::Backoff;
use madrpc_actors::protocol::link::LINK;
use madrpc_actors::protocol::{Call, CallResult, PeerUrl, Secret};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use url::Url;

use super::askers::{Asker, Askers};
use super::client::{self, TransportConfig, KEEP_ALIVE};
use super::connect;
use super::session;
use crate::http::header;

mod calls;
mod flowing;
mod guest;
mod pump;

pub(super) use flowing::carry;
pub(super) use pump::Pump;

pub(crate) use calls::Link;
pub(crate) use pump::Socket;

pub use guest::{Guest, Host};

/// How long it may take to open one.
const OPENING: Duration = Duration::from_secs(5);

/// After one was lost or could not be opened; meanwhile calls go by HTTP, which tells what is wrong.
const BACKOFF: Backoff = Backoff { first: Duration::from_millis(200), most: Duration::from_secs(10) };

/// A peer that is expected to open links may take so long to do it once it is called; meanwhile calls go by HTTP.
const EXPECTED: Duration = Duration::from_secs(1);

/// A peer that speaks no WebSocket is not asked again for so long.
const UNSUPPORTED: Duration = Duration::from_secs(60);

/// Peers that a thread has links to; a cluster has fewer.
const MAX_PEERS: usize = 4096;

/// A frame may have this many times the longest result: one that is over the limit costs its own call, and not the link.
const FRAME_ROOM: usize = 8;

/// Takes a call over a link. Dropping the future cancels it.
pub(super) async fn take(link: Link, call: Call) -> CallResult {
    match call.streams.are_none() {
        true => link.call(&call, Instant::now()).await,
        false => carry(link, &call, Instant::now()).await,
    }
}

/// The links of one thread.
pub(super) struct Links {
    client: Client,
    credentials: Vec<(HeaderName, HeaderValue)>,
    max_body: usize,
    silence: Duration,
    by_peer: RefCell<HashMap<PeerUrl, Way>>,
    /// An opening has come to an end, of whatever kind.
    opened: Notify,
    /// Peers may open links to this process, which are better than those of this thread.
    expects_links: bool,
    /// Peers that may ask over these links, and who answers them.
    askers: Askers,
    host: OnceCell<Rc<dyn Host>>,
}

/// Who a peer is at the other end of an open link.
#[derive(Default)]
struct Introduced {
    /// The edition of the askers in which it was looked for.
    looked_at: u64,
    /// As which asker it is known: the edition in which it came, and who it is.
    known: Option<(u64, Identity, IpAddr)>,
}

/// Whether calls that may wait for the peer's link wait a little longer.
fn is_expected(since: &mut Instant, last: &mut Instant) -> bool {
    let now = Instant::now();
    if now.saturating_duration_since(*last) >= EXPECTED {
        *since = now;
    }
    *last = now;
    now.saturating_duration_since(*since) < EXPECTED
}

/// The notification that shows a peer its key.
fn shown(key: &Secret) -> Vec<u8> {
    let key = serde_json::json!({ "key": key.expose() });
    format!(r#"{{"jsonrpc":"2.0","method":"{LINK}","params":{key}}}"#).into_bytes()
}

/// How a peer is reached.
enum Way {
    /// By HTTP, since the peer may open a link itself: calls have come since then, the last one at that time.
    Expected {
        since: Instant,
        last: Instant,
    },
    Opening,
    Open(Link, Introduced),
    /// By HTTP, until then at least.
    Closed {
        until: Instant,
        failures: u32,
    },
}

impl Links {
    /// Of this thread, over connections of `client`: what it has kept open of a peer serves the next link there, or is found
    /// to be closed and let go.
    pub(super) fn new(config: &TransportConfig, client: Client) -> Rc<Self> {
        Rc::new(Links {
            client,
            credentials: client::credentials(config),
            max_body: config.max_body,
            silence: config.silence,
            by_peer: RefCell::default(),
            opened: Notify::new(),
            expects_links: config.expects_links,
            askers: config.askers.clone(),
            host: OnceCell::new(),
        })
    }

    /// Peers that ask are answered by `host`.
    pub(super) fn answer_by(&self, host: Rc<dyn Host>) {
        let _first = self.host.set(host);
    }

    /// The link to `peer`, if it is there. If none is and one may be, it is opened for the calls to come.
    pub(super) fn to(self: &Rc<Self>, peer: &PeerUrl) -> Option<Link> {
        self.reach(peer, self.expects_links)
    }

    /// `patient`: the peer may open one itself for a while.
    fn reach(self: &Rc<Self>, peer: &PeerUrl, patient: bool) -> Option<Link> {
        let mut by_peer = self.by_peer.borrow_mut();
        let is_full = by_peer.len() >= MAX_PEERS;
        let failures = match by_peer.get_mut(peer) {
            Some(Way::Open(link, introduced)) => {
                self.introduce(peer, link, introduced);
                return Some(link.clone());
            }
            Some(Way::Opening) => return None,
            Some(Way::Expected { since, last }) => match patient && is_expected(since, last) {
                true => return None,
                false => 0,
            },
            Some(Way::Closed { until, .. }) if Instant::now() < *until => return None,
            Some(Way::Closed { failures, .. }) => *failures,
            None if is_full => {
                by_peer.retain(|_, way| matches!(way, Way::Opening | Way::Open(..)));
                return None;
            }
            None if patient => {
                let now = Instant::now();
                by_peer.insert(peer.clone(), Way::Expected { since: now, last: now });
                self.tidy_up_later(peer, EXPECTED * 2);
                return None;
            }
            None => 0,
        };
        by_peer.insert(peer.clone(), Way::Opening);
        actix_rt::spawn(self.clone().keep(peer.clone(), failures));
        None
    }

    /// When the peer last said anything over its link.
    pub(super) fn heard(&self, peer: &PeerUrl) -> Option<Instant> {
        match self.by_peer.borrow().get(peer) {
            Some(Way::Open(link, _)) => Some(link.heard()),
            _ => None,
        }
    }

    /// As `to`, but waits while the link is being opened, which is bounded.
    pub(super) async fn soon(self: Rc<Self>, peer: PeerUrl) -> Option<Link> {
        loop {
            let opened = self.opened.notified();
            if let Some(link) = self.reach(&peer, false) {
                return Some(link);
            }
            if !matches!(self.by_peer.borrow().get(&peer), Some(Way::Opening)) {
                return None;
            }
            opened.await;
        }
    }

    /// Closes the connections that calls by HTTP leave behind once there is a link: a pool looks at those of a peer when it
    /// is asked for one, and by then they are too old.
    fn tidy_up_later(&self, peer: &PeerUrl, later: Duration) {
        let Ok(mut url) = Url::parse(peer.as_str()) else { return };
        url.set_path("/health");
        let Ok(uri) = connect::uri(&url, None) else { return };
        let client = self.client.clone();
        actix_rt::spawn(async move {
            sleep(KEEP_ALIVE + later).await;
            let _whatever_it_says = timeout(OPENING, client.head(uri).force_close().send()).await;
        });
    }

    /// Lets the peer ask over the link, if it may, and was not told so already.
    fn introduce(&self, peer: &PeerUrl, link: &Link, introduced: &mut Introduced) {
        let edition = self.askers.edition();
        if introduced.looked_at == edition {
            return;
        }
        introduced.looked_at = edition;
        let (Some(host), Some((edition, asker))) = (self.host.get(), self.askers.get(peer)) else { return };
        let Asker { key, identity, ip } = asker;
        match introduced.known {
            Some((known, _, _)) if known == edition => return,
            // It has another name for this process, and asks as before.
            Some((_, same, from)) if (same, from) == (identity, ip) => {}
            _ => match host.receive(identity, ip) {
                Some(guest) => link.receive(guest),
                None => return,
            },
        }
        introduced.known = Some((edition, identity, ip));
        link.say(shown(&key));
    }

    /// Opens a link and carries its frames to the end.
    async fn keep(self: Rc<Self>, peer: PeerUrl, failures: u32) {
        let (wait, failures) = match self.open(&peer, None).await {
            Ok(socket) => {
                log::debug!("link to {peer} open");
                self.tidy_up_later(&peer, EXPECTED);
                let (link, mut introduced) = (Link::new(self.max_body), Introduced::default());
                self.introduce(&peer, &link, &mut introduced);
                self.by_peer.borrow_mut().insert(peer.clone(), Way::Open(link.clone(), introduced));
                self.opened.notify_waiters();
                match Pump::new(link, socket, self.silence).await {
                    pump::End::Idle => {
                        self.by_peer.borrow_mut().remove(&peer);
                        return;
                    }
                    pump::End::Lost(why) => log::info!("link to {peer} lost: {why}"),
                }
                (BACKOFF.delay(0, fastrand::f64()), 1)
            }
            Err(Some(WsClientError::InvalidResponseStatus(status))) => {
                log::debug!("{peer} opens no link: {status}");
                (UNSUPPORTED, 0)
            }
            Err(error) => {
                log::debug!("no link to {peer}: {error:?}");
                (BACKOFF.delay(failures, fastrand::f64()), failures.saturating_add(1))
            }
        };
        self.by_peer.borrow_mut().insert(peer, Way::Closed { until: Instant::now() + wait, failures });
        self.opened.notify_waiters();
    }

    /// `None` as an error is a peer whose URL makes no sense, or that took too long.
    /// A node that dials in says who it is by its `instance`.
    pub(super) async fn open(
        &self,
        peer: &PeerUrl,
        instance: Option<&str>,
    ) -> Result<impl Socket + 'static, Option<WsClientError>> {
        let mut url = Url::parse(peer.as_str()).map_err(|_| None)?;
        url.set_path("/ws");
        let longest = self.max_body.saturating_mul(FRAME_ROOM);
        // Says that one of our own processes asks.
        let ours = (HeaderName::from_static(header::DEPTH), HeaderValue::from(0));
        let mut headers: Vec<_> = std::iter::once(ours).chain(self.credentials.iter().cloned()).collect();
        if let Some(instance) = instance {
            let instance = HeaderValue::from_str(instance).map_err(|_| None)?;
            headers.push((HeaderName::from_static(header::DIAL_IN), instance));
        }
        timeout(OPENING, session::open(&self.client, &url, &headers, longest)).await.map_err(|_| None)?
    }
}
