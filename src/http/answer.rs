//! HTTP responses around what the endpoint has to say.

use actix_web::body::{BodyStream, BoxBody};
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::StatusCode;
use actix_web::{Error, HttpResponse};
use bytes::Bytes;
use futures_util::Stream;
use madrpc_actors::protocol::{reply, CallError, CallResult};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const LINES: HeaderValue = HeaderValue::from_static("application/x-ndjson");

/// Bytes of a reply around its id and its result.
const REPLY_FRAME: usize = r#"{"jsonrpc":"2.0","id":,"result":}"#.len();

/// Appends one reply object; `reply::write` or `reply::write_for_orchestrator`.
pub(super) type WriteReply = fn(&mut Vec<u8>, Option<&str>, &CallResult);

/// JSON as it is.
pub(super) fn json(status: StatusCode, text: impl Into<Bytes>) -> HttpResponse {
    let mut response = HttpResponse::with_body(status, BoxBody::new(text.into()));
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response
}

/// Nothing to say: a notification. 200, since some widely used clients fail on 202 and 204.
pub(super) fn nothing() -> HttpResponse {
    HttpResponse::with_body(StatusCode::OK, BoxBody::new(Bytes::new()))
}

/// One reply object.
pub(super) fn reply(write: WriteReply, id: Option<&str>, result: &CallResult) -> HttpResponse {
    let text = result.as_ref().map_or(256, |text| text.len());
    // Room to the byte: the vector becomes the response body without a further allocation.
    let mut out = Vec::with_capacity(REPLY_FRAME + id.map_or("null".len(), str::len) + text);
    write(&mut out, id, result);
    let status = match result {
        Err(CallError::Unauthorized) => StatusCode::UNAUTHORIZED,
        _ => StatusCode::OK,
    };
    json(status, out)
}

/// A reply without an id to an HTTP request that was refused as a whole.
pub(super) fn refusal(status: StatusCode, error: CallError) -> HttpResponse {
    let mut out = Vec::new();
    reply::write(&mut out, None, &Err(error));
    json(status, out)
}

/// An error of HTTP rather than of JSON-RPC, with what to do instead.
pub(super) fn http_error(status: StatusCode, hint: &str) -> HttpResponse {
    let error = status.canonical_reason().unwrap_or_default();
    json(status, serde_json::json!({"error": error, "hint": hint}).to_string())
}

/// Reply objects, one a line, as they come.
pub(super) fn lines(chunks: impl Stream<Item = Result<Bytes, Error>> + 'static) -> HttpResponse {
    let mut response = HttpResponse::with_body(StatusCode::OK, BoxBody::new(BodyStream::new(chunks)));
    response.headers_mut().insert(header::CONTENT_TYPE, LINES);
    response
}
