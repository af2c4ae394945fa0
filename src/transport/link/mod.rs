//! Links: one WebSocket from a thread of this process to a peer, for all its calls to it. Their frames leave together,
//! and what comes back comes as it is there.
//!
//! A link is opened when a peer is first called, and calls go by HTTP until it is there; so do those to whoever speaks no
//! WebSocket, and calls so large that others would wait behind them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use awc::error::WsClientError;
use awc::http::header::{HeaderName, HeaderValue};
use awc::Client;
use madrpc_actors::policy::backoff::Backoff;
use madrpc_actors::protocol::{Call, CallResult, PeerUrl};
use tokio::sync::Notify;
use tokio::time::timeout;
use url::Url;

use super::session;
use crate::http::header;

mod calls;
mod flowing;
mod pump;

pub(super) use calls::Link;
pub(super) use flowing::carry;
pub(super) use pump::Pump;

pub(crate) use pump::Socket;

/// How long it may take to open one.
const OPENING: Duration = Duration::from_secs(5);

/// After one was lost or could not be opened; meanwhile calls go by HTTP, which tells what is wrong.
const BACKOFF: Backoff = Backoff { first: Duration::from_millis(200), most: Duration::from_secs(10) };

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
    by_peer: RefCell<HashMap<PeerUrl, Way>>,
    /// An opening has come to an end, of whatever kind.
    opened: Notify,
}

/// How a peer is reached.
enum Way {
    Opening,
    Open(Link),
    /// By HTTP, until then at least.
    Closed {
        until: Instant,
        failures: u32,
    },
}

impl Links {
    /// `credentials` are presented to every peer.
    pub(super) fn new(client: Client, credentials: Vec<(HeaderName, HeaderValue)>, max_body: usize) -> Rc<Self> {
        Rc::new(Links { client, credentials, max_body, by_peer: RefCell::default(), opened: Notify::new() })
    }

    /// The link to `peer`, if it is there. If none is and one may be, it is opened for the calls to come.
    pub(super) fn to(self: &Rc<Self>, peer: &PeerUrl) -> Option<Link> {
        let mut by_peer = self.by_peer.borrow_mut();
        let failures = match by_peer.get(peer) {
            Some(Way::Open(link)) => return Some(link.clone()),
            Some(Way::Opening) => return None,
            Some(Way::Closed { until, .. }) if Instant::now() < *until => return None,
            Some(Way::Closed { failures, .. }) => *failures,
            None if by_peer.len() >= MAX_PEERS => {
                by_peer.retain(|_, way| !matches!(way, Way::Closed { .. }));
                return None;
            }
            None => 0,
        };
        by_peer.insert(peer.clone(), Way::Opening);
        actix_rt::spawn(self.clone().keep(peer.clone(), failures));
        None
    }

    /// As `to`, but waits while the link is being opened, which is bounded.
    pub(super) async fn soon(self: Rc<Self>, peer: PeerUrl) -> Option<Link> {
        loop {
            let opened = self.opened.notified();
            if let Some(link) = self.to(&peer) {
                return Some(link);
            }
            if !matches!(self.by_peer.borrow().get(&peer), Some(Way::Opening)) {
                return None;
            }
            opened.await;
        }
    }

    /// Opens a link and carries its frames to the end.
    async fn keep(self: Rc<Self>, peer: PeerUrl, failures: u32) {
        let (wait, failures) = match self.open(&peer, None).await {
            Ok(socket) => {
                log::debug!("link to {peer} open");
                let link = Link::new(self.max_body);
                self.by_peer.borrow_mut().insert(peer.clone(), Way::Open(link.clone()));
                self.opened.notify_waiters();
                match Pump::new(link, socket).await {
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
