//! Which path and verb lead where.
//!
//! Matched by hand instead of by actix-web's router: its resources, routes and handlers box a future each, which a
//! call of a few microseconds feels.

use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderValue, ALLOW, IF_NONE_MATCH, VARY};
use actix_web::http::{ConnectionType, Method, StatusCode, Version};
use actix_web::{Error, HttpRequest, HttpResponse};
use bytes::Bytes;
use madrpc_actors::metrics;
use madrpc_actors::policy::access::Identity;
use madrpc_actors::policy::rate_limit::Granted;
use madrpc_actors::protocol::{reply, unsent, CallError, JsonText};
use serde_json::json;

use super::body::Unread;
use super::endpoint::{in_time, Endpoint, Peer};
use super::head::Head;
use super::origin::Foreign;
use super::service::Service;
use super::watch::{Busy, Watch};
use super::{answer, dashboard, origin, session};

const LONG: u64 = unsent::LONG as u64;

/// Answers any request that the server takes.
pub(super) async fn respond<S: Service>(
    endpoint: Rc<Endpoint<S>>,
    request: ServiceRequest,
) -> Result<ServiceResponse, Error> {
    let (request, payload) = request.into_parts();
    let busy = request.conn_data::<Rc<Watch>>().map(Watch::busy);
    let mut response = route(endpoint, &request, payload).await;
    if request.version() < Version::HTTP_11 && response.body().size() == BodySize::Stream {
        // It knows no chunks: the body ends with the connection.
        response.head_mut().no_chunking(true);
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
    let response = match response.body().size() {
        // A long text leaves bit by bit, too.
        BodySize::Stream | BodySize::Sized(LONG..) => {
            response.map_body(|_, body| BoxBody::new(Lasting { body, _busy: busy }))
        }
        _ => response,
    };
    Ok(ServiceResponse::new(request, response))
}

/// A body that comes bit by bit: its connection is busy for as long as it does.
struct Lasting {
    body: BoxBody,
    _busy: Option<Busy>,
}

impl MessageBody for Lasting {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}

async fn route<S: Service>(endpoint: Rc<Endpoint<S>>, request: &HttpRequest, payload: Payload) -> HttpResponse {
    let head = Head::read(request.headers());
    let admitted = match endpoint.config.origins.admit(&head) {
        Ok(admitted) => admitted,
        Err(Foreign(hint)) => return answer::http_error(StatusCode::FORBIDDEN, hint),
    };
    match admitted {
        None => dispatch(&endpoint, &head, request, payload).await,
        Some(origin) if request.method() == Method::OPTIONS => origin::preflight(origin),
        Some(origin) => origin::readable(dispatch(&endpoint, &head, request, payload).await, origin),
    }
}

async fn dispatch<S: Service>(
    endpoint: &Rc<Endpoint<S>>,
    head: &Head<'_>,
    request: &HttpRequest,
    payload: Payload,
) -> HttpResponse {
    let ip = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |addr| addr.ip());
    let allow = match request.path() {
        "/" => "GET, HEAD, POST, OPTIONS",
        "/rpc" => "POST, OPTIONS",
        "/health" | "/ready" | "/metrics" | "/_metrics" | "/_info" | "/_trace" | "/ws" => "GET, HEAD, OPTIONS",
        _ => return answer::http_error(StatusCode::NOT_FOUND, "POST JSON-RPC 2.0 to / or /rpc"),
    };
    match (request.method(), request.path()) {
        (&Method::POST, "/" | "/rpc") => match endpoint.gate.identify(head, ip) {
            Ok(identity) => endpoint.post(&Peer { head, ip, identity }, Unread::of(request, head, payload)).await,
            Err(error) => endpoint.turn_away(Unread::of(request, head, payload), error).await,
        },
        (&Method::GET | &Method::HEAD, "/health") => document(endpoint, head, ip, "_health", None).await,
        (&Method::GET, "/ws") => match endpoint.gate.identify(head, ip) {
            // A request for a WebSocket does not come here.
            Ok(_) => session::needed(request.headers()),
            Err(error) => answer::reply(reply::write, None, &Err(error)),
        },
        (&Method::GET | &Method::HEAD, "/ready") => ready(&endpoint.service),
        (&Method::GET | &Method::HEAD, "/") if head.wants_page() => match endpoint.gate.take(Identity::Anyone, ip, 1) {
            Granted { calls: 0, retry_after_s } => {
                answer::reply(reply::write, None, &Err(CallError::RateLimited { retry_after_s }))
            }
            _ => dashboard::answer(request.headers().get(IF_NONE_MATCH), endpoint.gate.asks_for_keys()),
        },
        (&Method::GET | &Method::HEAD, path) if path != "/rpc" => match endpoint.enter(head, ip) {
            Ok(()) => match path {
                "/_metrics" => document(endpoint, head, ip, "_metrics", None).await,
                "/_info" => document(endpoint, head, ip, "_info", None).await,
                "/_trace" => document(endpoint, head, ip, "_trace", query(request.query_string())).await,
                "/metrics" => exposition(endpoint).await,
                _ => welcome(&endpoint.service),
            },
            Err(error) => answer::reply(reply::write, None, &Err(error)),
        },
        (&Method::OPTIONS, _) => with_allow(HttpResponse::new(StatusCode::NO_CONTENT), allow),
        _ => with_allow(answer::http_error(StatusCode::METHOD_NOT_ALLOWED, allow), allow),
    }
}

fn with_allow(mut response: HttpResponse, allow: &'static str) -> HttpResponse {
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    response
}

fn welcome(service: &impl Service) -> HttpResponse {
    let text = json!({
        "name": "madrpc-actor",
        "server_type": service.server_type(),
        "version": env!("CARGO_PKG_VERSION"),
        "rpc": "POST JSON-RPC 2.0 to / or /rpc",
        "routes": ["/health", "/ready", "/metrics", "/_metrics", "/_info", "/_trace"],
        "websocket": "/ws",
    });
    let mut response = answer::json(StatusCode::OK, text.to_string());
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    response
}

fn ready(service: &impl Service) -> HttpResponse {
    match service.unready() {
        None => answer::json(StatusCode::OK, r#"{"status":"ready"}"#),
        Some(reason) => {
            let text = json!({"status": "unavailable", "reason": reason});
            answer::json(StatusCode::SERVICE_UNAVAILABLE, text.to_string())
        }
    }
}

/// The parameters of a query as those of a method: digits alone are a number where the method takes one.
fn query(text: &str) -> Option<JsonText> {
    let pairs = url::form_urlencoded::parse(text.as_bytes());
    let number = |name: &str, value: &str| match name {
        "limit" => value.parse::<u64>().map_or_else(|_| json!(value), |number| json!(number)),
        _ => json!(value),
    };
    let params: serde_json::Map<_, _> = pairs.map(|(name, value)| (name.to_string(), number(&name, &value))).collect();
    (!params.is_empty()).then(|| JsonText::of(&params).ok()).flatten()
}

async fn exposition<S: Service>(endpoint: &Endpoint<S>) -> HttpResponse {
    let text = tokio::time::timeout(endpoint.config.call_timeout, endpoint.service.exposition()).await;
    match text {
        Ok(text) => answer::text(metrics::CONTENT_TYPE, text),
        Err(_) => answer::refusal(StatusCode::GATEWAY_TIMEOUT, CallError::Timeout),
    }
}

/// The result of a built-in method as a document of its own.
async fn document<S: Service>(
    endpoint: &Endpoint<S>,
    head: &Head<'_>,
    ip: IpAddr,
    method: &str,
    params: Option<JsonText>,
) -> HttpResponse {
    let Some(work) = endpoint.service.builtin(method, params, &head.caller(ip, Identity::Anyone)) else {
        return answer::http_error(StatusCode::NOT_FOUND, "POST JSON-RPC 2.0 to / or /rpc");
    };
    let deadline = std::time::Instant::now() + endpoint.config.call_timeout;
    match in_time(deadline, work).await {
        Ok(text) => answer::json(StatusCode::OK, text.as_bytes().to_vec()),
        Err(error @ CallError::InvalidParams { .. }) => answer::refusal(StatusCode::BAD_REQUEST, error),
        Err(error @ CallError::Timeout) => answer::refusal(StatusCode::GATEWAY_TIMEOUT, error),
        Err(error) => answer::refusal(StatusCode::INTERNAL_SERVER_ERROR, error),
    }
}
