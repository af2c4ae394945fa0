//! Links that are opened from the node's side: on the orchestrator a session that asks, and on the node one that answers
//! although it was the one to open it.

use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix::Actor;
use actix_http::ws::{Frame, Message, ProtocolError};
use actix_web::dev::Payload;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use actix_ws::{AggregatedMessage, AggregatedMessageStream};
use futures_util::stream::{self, Stream, StreamExt};
use futures_util::Sink;
use madrpc_actors::policy::access::Identity;
use madrpc_actors::policy::backoff::Backoff;
use madrpc_actors::policy::joining;
use madrpc_actors::protocol::{reply, CallError, PeerUrl};

use super::outbox::Outbox;
use super::{upgrade, Session};
use crate::http::endpoint::Endpoint;
use crate::http::gate::Gate;
use crate::http::head::Head;
use crate::http::service::{HttpConfig, Service};
use crate::http::{answer, header};
use crate::transport::{Dialler, Socket};

/// Between attempts to open a link.
const BACKOFF: Backoff = Backoff { first: Duration::from_millis(200), most: Duration::from_secs(5) };

/// Bytes that wait for the socket of a link before it gets no further frames.
const UNSENT: usize = 1 << 20;

/// Makes the connection a link to the node that has opened it. Who may register may do so.
pub(in crate::http) fn accept<S: Service>(
    endpoint: &Endpoint<S>,
    request: &HttpRequest,
    head: &Head<'_>,
    payload: Payload,
    ip: IpAddr,
    instance: &HeaderValue,
) -> HttpResponse {
    let Some(dial_ins) = endpoint.config.dial_ins.clone() else {
        return answer::http_error(StatusCode::BAD_REQUEST, "nodes dial in at orchestrators");
    };
    let token = head.caller(ip).cluster_token;
    let named = || PeerUrl::dialled_in(instance.to_str().unwrap_or_default()).map_err(joining::refused);
    let allowed = joining::authorise(endpoint.config.access.token.as_ref(), token.as_ref(), ip).and_then(|()| named());
    let node = match allowed {
        Ok(node) => node,
        Err(error @ CallError::Unauthorized) => return answer::reply(reply::write, None, &Err(error)),
        Err(error) => return answer::refusal(StatusCode::FORBIDDEN, error),
    };
    match upgrade(&endpoint.config, request, payload) {
        Ok((response, frames, out)) => {
            let max_body = endpoint.config.max_body;
            actix_rt::spawn(async move { dial_ins.attend(node, max_body, Accepted { frames, out }).await });
            response
        }
        Err(refused) => refused,
    }
}

/// The server's end of a WebSocket, as a link sees one.
struct Accepted {
    frames: AggregatedMessageStream,
    out: Outbox,
}

impl Stream for Accepted {
    type Item = Result<Frame, ProtocolError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.frames).poll_next(cx).map(|frame| {
            Some(frame?.map(|frame| match frame {
                AggregatedMessage::Text(text) => Frame::Text(text.into_bytes()),
                AggregatedMessage::Binary(bytes) => Frame::Binary(bytes),
                AggregatedMessage::Ping(payload) => Frame::Ping(payload),
                AggregatedMessage::Pong(payload) => Frame::Pong(payload),
                AggregatedMessage::Close(reason) => Frame::Close(reason),
            }))
        })
    }
}

impl Sink<Message> for Accepted {
    type Error = ProtocolError;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), ProtocolError>> {
        match self.out.has_room(UNSENT, cx) {
            true => Poll::Ready(Ok(())),
            false => Poll::Pending,
        }
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), ProtocolError> {
        self.out.message(message);
        Ok(())
    }

    /// The body of the answer writes by itself.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), ProtocolError>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), ProtocolError>> {
        self.out.shut();
        Poll::Ready(Ok(()))
    }
}

impl Drop for Accepted {
    fn drop(&mut self) {
        self.out.shut();
    }
}

/// Keeps a link open to `orchestrator`, without end, and answers the calls that come over it by `service`.
pub async fn keep_dialled<S: Service>(service: S, config: HttpConfig, dialler: Dialler, orchestrator: PeerUrl) {
    let gate = Gate::new(&config).into();
    let endpoint = Rc::new(Endpoint { service, config, gate });
    let open = dialler.towards(orchestrator.clone());
    let mut failures = 0;
    loop {
        match open().await {
            Ok(socket) => {
                log::info!("dialled in at {orchestrator}");
                failures = 0;
                converse(endpoint.clone(), socket).await;
                log::warn!("the link to {orchestrator} is lost");
            }
            Err(error) => log::warn!("could not dial in at {orchestrator}: {error}"),
        }
        actix_rt::time::sleep(BACKOFF.delay(failures, fastrand::f64())).await;
        failures = failures.saturating_add(1);
    }
}

/// Runs a session over a socket of a client's, until either end has had enough.
async fn converse<S: Service>(endpoint: Rc<Endpoint<S>>, socket: Box<dyn Socket>) {
    let (sink, frames) = socket.split();
    // Fragments are not joined: links send none.
    let frames = frames.map(|frame| match frame? {
        Frame::Text(text) => Ok(AggregatedMessage::Text(text.try_into().map_err(|_| ProtocolError::BadOpCode)?)),
        Frame::Binary(bytes) => Ok(AggregatedMessage::Binary(bytes)),
        Frame::Ping(payload) => Ok(AggregatedMessage::Ping(payload)),
        Frame::Pong(payload) => Ok(AggregatedMessage::Pong(payload)),
        Frame::Close(reason) => Ok(AggregatedMessage::Close(reason)),
        Frame::Continuation(_) => Err(ProtocolError::ContinuationNotStarted),
    });
    // Who asks is one of our own processes, which this one has chosen.
    let mut headers = HeaderMap::with_capacity(1);
    headers.insert(HeaderName::from_static(header::DEPTH), HeaderValue::from(0));
    let out = Outbox::default();
    let ip = IpAddr::from([0, 0, 0, 0]);
    let session = Session::new(endpoint, headers, ip, Identity::Member, out.clone());
    let _running = Session::create(move |context| session.listening(frames, context));
    let written = out.clone();
    let messages = stream::poll_fn(move |cx| written.poll_message(cx)).map(Ok);
    if let Err(error) = messages.forward(sink).await {
        log::debug!("the socket takes nothing more: {error}");
    }
    out.shut();
}
