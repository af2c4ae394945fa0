//! From a request to a WebSocket (RFC 6455, section 4.2). HTTP leaves the connection to us: through its buffers and
//! bodies, an idle session would take three times the memory, and a frame two more copies.

use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;

use actix::Actor;
use actix_codec::{Framed, FramedParts};
use actix_http::body::BodySize;
use actix_http::h1::{Codec, Message};
use actix_http::{ws, ConnectionType, HttpMessage, Request, Response};
use actix_web::body::to_bytes;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::http::header::{SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE};
use actix_web::http::{Method, StatusCode, Version};
use actix_web::{Error, HttpResponse};
use futures_util::SinkExt;
use madrpc_actors::policy::access::{offers_ours, Identity, SUBPROTOCOL};
use madrpc_actors::protocol::{reply, PeerUrl};

use super::guest::Reception;
use super::outbox::Outbox;
use super::{dial_in, socket, Session};
use crate::http::endpoint::Endpoint;
use crate::http::head::Head;
use crate::http::origin::Foreign;
use crate::http::service::Service;
use crate::http::stream::Stream;
use crate::http::watch::Watch;
use crate::http::{answer, header, ENVELOPE_SLACK};
use crate::transport::{Host, Link};
use crate::websocket::{self, Noted, Peer};

/// What holds for all that is sent by a session.
const LASTING: [&str; 6] =
    [header::TIMEOUT_MS, header::DEPTH, header::TRACEPARENT, header::TAGS, header::BATCH, header::CLUSTER_TOKEN];

/// The one version of WebSockets that is spoken.
const VERSION: &str = "13";

/// What becomes of the connection.
enum Opened {
    Session(IpAddr, Identity),
    /// A link to the node that has opened it, and that may ask.
    Link(PeerUrl, IpAddr, Identity),
}

/// What is asked for at `GET /ws` without the headers of a WebSocket, or with those of another version (RFC 6455,
/// section 4.4).
pub(in crate::http) fn needed(headers: &HeaderMap) -> HttpResponse {
    let other_version = headers.get(SEC_WEBSOCKET_VERSION).is_some_and(|version| version != VERSION);
    let status = if other_version { StatusCode::UPGRADE_REQUIRED } else { StatusCode::BAD_REQUEST };
    let mut refusal = answer::http_error(status, "open a WebSocket here, version 13");
    refusal.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static(VERSION));
    if other_version {
        refusal.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
    }
    refusal
}

/// Serves a connection on which a request has asked for a WebSocket, to its end.
pub(in crate::http) async fn upgraded<S: Service>(
    endpoint: Rc<Endpoint<S>>,
    mut request: Request,
    mut framed: Framed<Stream, Codec>,
) -> Result<(), Error> {
    let watch = request.conn_data::<Rc<Watch>>().cloned();
    // Nothing has come since the answer before: the request came behind another one, which was not waited for. What
    // followed it would have been taken for a body.
    let too_early = watch.as_ref().is_some_and(|watch| watch.is_idle());
    let _busy = watch.as_ref().map(Watch::busy);
    // The connection is counted by what was put there.
    let _open = request.take_conn_data();
    let opened = match admit(&endpoint, &request) {
        Ok(_) if too_early => {
            let hint = "ask for a WebSocket when requests before have been answered";
            return refuse(framed, answer::http_error(StatusCode::BAD_REQUEST, hint)).await;
        }
        Ok(opened) => opened,
        Err(refusal) => return refuse(framed, *refusal).await,
    };
    let mut accepted = ws::handshake_response(request.head()).finish().drop_body();
    // Browsers give up a WebSocket of which they have offered subprotocols and none is taken.
    if request.headers().get(SEC_WEBSOCKET_PROTOCOL).is_some_and(|offered| offers_ours(offered.as_bytes())) {
        accepted.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    }
    framed.send(Message::Item((accepted, BodySize::None))).await?;
    // Its buffers are not kept for as long as the session.
    let FramedParts { mut io, read_buf, .. } = framed.into_parts();
    io.upgrade();
    let io = Noted::new(io);
    let longest = endpoint.config.max_body.saturating_add(ENVELOPE_SLACK);
    match opened {
        Opened::Session(ip, identity) => {
            let headers = lasting(request.headers());
            drop(request);
            let life = io.life().clone();
            let (frames, sending) = socket::open(io, read_buf, longest);
            let out = Outbox::default();
            let session = Session::new(endpoint, headers, ip, identity, out.clone()).counted().watching(life);
            let reading = frames.reading();
            Session::create(move |context| session.listening(frames, reading, context));
            sending.all_of(&out).await;
        }
        Opened::Link(node, ip, identity) => {
            let Some(guest) = Reception::of(&endpoint).receive(identity, ip) else { return Ok(()) };
            let (max_body, silence) = (endpoint.config.max_body, endpoint.config.silence);
            let codec = websocket::Codec::new(Peer::Client, dial_in::longest_frame(max_body));
            let socket = Framed::from_parts(FramedParts::with_read_buf(io, codec, read_buf));
            endpoint.config.peer_links.attend(node, Link::new(max_body), socket, silence, guest).await;
        }
    }
    Ok(())
}

/// What a session needs of the headers that opened it, copied: they lie in the buffer that the request was read into.
fn lasting(headers: &HeaderMap) -> HeaderMap {
    let mut kept = HeaderMap::new();
    let ambiguous = headers.get_all(header::TRACEPARENT).count() > 1;
    for name in LASTING.into_iter().filter(|name| *name != header::TRACEPARENT || !ambiguous) {
        let copy = headers.get(name).and_then(|value| HeaderValue::from_bytes(value.as_bytes()).ok());
        if let Some(copy) = copy {
            kept.insert(HeaderName::from_static(name), copy);
        }
    }
    kept
}

fn admit<S: Service>(endpoint: &Endpoint<S>, request: &Request) -> Result<Opened, Box<HttpResponse>> {
    let head = Head::read(request.headers());
    if let Err(Foreign(hint)) = endpoint.config.origins.admit(&head) {
        return Err(answer::http_error(StatusCode::FORBIDDEN, hint).into());
    }
    if request.path() != "/ws" {
        return Err(answer::http_error(StatusCode::NOT_FOUND, "WebSockets are opened at /ws").into());
    }
    if request.method() != Method::GET {
        return Err(answer::http_error(StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD, OPTIONS").into());
    }
    let ip = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |addr| addr.ip());
    let refused = |error| Box::new(answer::reply(reply::write, None, &Err(error)));
    let identity = endpoint.gate.identify(&head, ip).map_err(refused)?;
    // RFC 9110, section 7.8: HTTP/1.0 knows no upgrades.
    if request.version() < Version::HTTP_11 || ws::verify_handshake(request.head()).is_err() {
        return Err(needed(request.headers()).into());
    }
    match head.dial_in {
        None => Ok(Opened::Session(ip, identity)),
        Some(instance) => dial_in::admit(endpoint, &head, ip, instance).map(|node| Opened::Link(node, ip, identity)),
    }
}

/// Answers with a refusal, after which the connection ends.
async fn refuse(mut framed: Framed<Stream, Codec>, refusal: HttpResponse) -> Result<(), Error> {
    let (refusal, body) = refusal.into_parts();
    let mut head = Response::from(refusal).drop_body();
    head.head_mut().set_connection_type(ConnectionType::Close);
    let body = to_bytes(body).await.unwrap_or_default();
    let size = BodySize::Sized(body.len() as u64);
    head.headers_mut().remove(actix_web::http::header::CONTENT_LENGTH);
    framed.send(Message::Item((head, size))).await?;
    framed.send(Message::Chunk(Some(body))).await?;
    framed.send(Message::Chunk(None)).await?;
    framed.close().await?;
    Ok(())
}
