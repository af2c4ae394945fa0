//! Links that are opened from the node's side: on the orchestrator a session that asks, and on the node one that answers
//! although it was the one to open it.

use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use actix::Actor;
use actix_web::http::header::HeaderValue;
use actix_web::http::StatusCode;
use actix_web::HttpResponse;
use futures_util::stream::{self, StreamExt};
use madrpc_actors::policy::access::Identity;
use madrpc_actors::policy::backoff::Backoff;
use madrpc_actors::policy::joining;
use madrpc_actors::protocol::{reply, CallError, PeerUrl};

use super::outbox::Outbox;
use super::{guest, Session};
use crate::http::answer;
use crate::http::endpoint::Endpoint;
use crate::http::gate::Gate;
use crate::http::head::Head;
use crate::http::service::{HttpConfig, Service};
use crate::transport::{Dialler, Socket};

/// Between attempts to open a link.
const BACKOFF: Backoff = Backoff { first: Duration::from_millis(200), most: Duration::from_secs(5) };

/// A frame may have this many times the longest result: one that is over the limit costs its own call, and not the link.
const FRAME_ROOM: usize = 8;

/// Whether whoever opens the connection may be called over it, and as which node. Who may register may do so.
pub(super) fn admit<S: Service>(
    endpoint: &Endpoint<S>,
    head: &Head<'_>,
    ip: IpAddr,
    instance: &HeaderValue,
) -> Result<PeerUrl, Box<HttpResponse>> {
    if !endpoint.config.takes_dial_ins {
        return Err(answer::http_error(StatusCode::BAD_REQUEST, "nodes dial in at orchestrators").into());
    }
    let token = head.caller(ip, Identity::Anyone).cluster_token;
    let named = || PeerUrl::dialled_in(instance.to_str().unwrap_or_default()).map_err(joining::refused);
    let allowed = joining::authorise(endpoint.config.access.token.as_ref(), token.as_ref(), ip).and_then(|()| named());
    allowed.map_err(|error| match error {
        error @ CallError::Unauthorized => answer::reply(reply::write, None, &Err(error)).into(),
        error => answer::refusal(StatusCode::FORBIDDEN, error).into(),
    })
}

/// The longest frame that a link takes, in bytes.
pub(super) fn longest_frame(max_body: usize) -> usize {
    max_body.saturating_mul(FRAME_ROOM)
}

/// Keeps a link open to `orchestrator`, without end, and answers the calls that come over it by `service`.
pub async fn keep_dialled<S: Service>(service: S, config: HttpConfig, dialler: Dialler, orchestrator: PeerUrl) {
    let gate = Gate::new(&config).into();
    let endpoint = Rc::new(Endpoint::new(service, config, gate));
    let open = dialler.towards(orchestrator.clone());
    let mut failures = 0;
    loop {
        match open().await {
            Ok(socket) => {
                log::info!("dialled in at {orchestrator}");
                failures = 0;
                converse(endpoint.clone(), &orchestrator, socket).await;
                log::warn!("the link to {orchestrator} is lost");
            }
            Err(error) => log::warn!("could not dial in at {orchestrator}: {error}"),
        }
        actix_rt::time::sleep(BACKOFF.delay(failures, fastrand::f64())).await;
        failures = failures.saturating_add(1);
    }
}

/// Runs a session over a socket of a client's, until either end has had enough. Both ask.
async fn converse<S: Service>(endpoint: Rc<Endpoint<S>>, orchestrator: &PeerUrl, socket: Box<dyn Socket>) {
    let life = socket.life();
    let (sink, frames) = socket.split();
    let out = Outbox::default();
    let ip = IpAddr::from([0, 0, 0, 0]);
    // Who asks is one of our own processes, which this one has chosen.
    let session =
        Session::new(endpoint, guest::from_peer(), ip, Identity::Member, out.clone()).counted().watching(life);
    session.ask(orchestrator);
    let _running = Session::create(move |context| session.listening(frames, Rc::default(), context));
    let written = out.clone();
    let messages = stream::poll_fn(move |cx| written.poll_message(cx)).map(Ok);
    if let Err(error) = messages.forward(sink).await {
        log::debug!("the socket takes nothing more: {error}");
    }
    out.shut();
}
