//! HTTP responses around what the endpoint has to say.

use std::time::Instant;

use actix_http::ConnectionType;
use actix_web::body::{BodyStream, BoxBody};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::StatusCode;
use actix_web::{Error, HttpResponse};
use bytes::Bytes;
use futures_util::Stream;
use madrpc_actors::protocol::unsent::{Account, LONG};
use madrpc_actors::protocol::{reply, CallError, CallResult, JsonText, Notes, TraceContext};

use super::head::Head;
use super::pieces::Pieces;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

const TRACERESPONSE: HeaderName = HeaderName::from_static("traceresponse");

/// Bytes of a reply around its id and its result.
const REPLY_FRAME: usize = r#"{"jsonrpc":"2.0","id":,"result":}"#.len();

/// Appends one reply object; `reply::write` or `reply::write_for_orchestrator`.
pub(super) type WriteReply = fn(&mut Vec<u8>, Option<&str>, &CallResult);

/// How replies to whoever sent this are written: our own processes hear what kind of failure an error is.
pub(super) fn writer(head: &Head<'_>) -> WriteReply {
    match head.is_from_peer() {
        true => reply::write_for_orchestrator,
        false => reply::write,
    }
}

/// Room for a reply with a result to the byte, and for most errors.
pub(super) fn reply_len(id: Option<&str>, result: &CallResult) -> usize {
    REPLY_FRAME + id.map_or("null".len(), str::len) + result.as_ref().map_or(256, |text| text.len())
}

/// JSON as it is.
pub(super) fn json(status: StatusCode, text: impl Into<Bytes>) -> HttpResponse {
    let text = text.into();
    let body = match text.len() < LONG {
        true => BoxBody::new(text),
        false => {
            let mut pieces = Pieces::default();
            pieces.push(text);
            BoxBody::new(pieces)
        }
    };
    json_body(status, body)
}

fn json_body(status: StatusCode, body: BoxBody) -> HttpResponse {
    let mut response = HttpResponse::with_body(status, body);
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response
}

/// Text of another kind.
pub(super) fn text(content_type: &'static str, text: String) -> HttpResponse {
    let mut response = HttpResponse::with_body(StatusCode::OK, BoxBody::new(text));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// Nothing to say: a notification. 200, since some widely used clients fail on 202 and 204.
pub(super) fn nothing() -> HttpResponse {
    HttpResponse::with_body(StatusCode::OK, BoxBody::new(Bytes::new()))
}

/// The connection ends with it: of the request nothing further is read.
pub(super) fn last(mut response: HttpResponse) -> HttpResponse {
    response.head_mut().set_connection_type(ConnectionType::Close);
    response
}

/// Adds to the reply that was written last what a peer wants to hear of its call's times.
pub(super) fn tell_times(out: &mut Vec<u8>, notes: Option<&Notes>) {
    if let Some(notes) = notes {
        reply::add_times(out, notes.own_times(Instant::now()));
    }
}

/// One reply object.
pub(super) fn reply(write: WriteReply, id: Option<&str>, result: &CallResult) -> HttpResponse {
    timed_reply(write, id, result, None, Bytes::from)
}

/// One reply object, which counts as unsent until the client has taken it, with what a peer wants to hear of its call's
/// times.
pub(super) fn counted_reply(
    write: WriteReply,
    id: Option<&str>,
    result: &CallResult,
    notes: Option<&Notes>,
    account: &Account,
) -> HttpResponse {
    timed_reply(write, id, result, notes, |text| account.count(text))
}

fn timed_reply(
    write: WriteReply,
    id: Option<&str>,
    result: &CallResult,
    notes: Option<&Notes>,
    count: impl FnOnce(Vec<u8>) -> Bytes,
) -> HttpResponse {
    if let Ok(text) = result {
        if text.len() >= LONG {
            let (before, after) = around(write, id, notes);
            let mut pieces = Pieces::default();
            pieces.push(before);
            pieces.push(text.to_bytes());
            pieces.push(after);
            return json_body(StatusCode::OK, BoxBody::new(pieces));
        }
    }
    // Room to the byte: the vector becomes the response body without a further allocation.
    let mut out = Vec::with_capacity(reply_len(id, result));
    write(&mut out, id, result);
    tell_times(&mut out, notes);
    match result {
        Ok(_) => json(StatusCode::OK, out),
        Err(error) => explained(json(status(error), count(out)), error),
    }
}

/// What comes before and after the text of a result in its reply.
pub(super) fn around(write: WriteReply, id: Option<&str>, notes: Option<&Notes>) -> (Vec<u8>, Vec<u8>) {
    let null = JsonText::NULL;
    let mut before = Vec::new();
    write(&mut before, id, &Ok(null.clone()));
    let text = before.len().saturating_sub(null.len() + 1);
    tell_times(&mut before, notes);
    let after = before.split_off(text + null.len());
    before.truncate(text);
    (before, after)
}

/// A reply without an id to an HTTP request that was refused as a whole.
pub(super) fn refusal(status: StatusCode, error: CallError) -> HttpResponse {
    let mut out = Vec::new();
    let result = Err(error);
    reply::write(&mut out, None, &result);
    let response = json(status, out);
    match &result {
        Ok(_) => response,
        Err(error) => explained(response, error),
    }
}

/// The status of a reply that is one error. Most are said in JSON alone.
fn status(error: &CallError) -> StatusCode {
    match error {
        CallError::Unauthorized => StatusCode::UNAUTHORIZED,
        CallError::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::OK,
    }
}

/// The answer to requests all of which were refused for one reason.
pub(super) fn all_refused(mut response: HttpResponse, error: &CallError) -> HttpResponse {
    *response.status_mut() = status(error);
    explained(response, error)
}

/// With the headers that tell a client of HTTP what to do about the error.
pub(super) fn explained(mut response: HttpResponse, error: &CallError) -> HttpResponse {
    match error {
        CallError::Unauthorized => {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        CallError::RateLimited { retry_after_s } => {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*retry_after_s));
        }
        _ => {}
    }
    response
}

/// With the trace of its call, as W3C Trace Context Level 2 has it
/// (<https://w3c.github.io/trace-context/#traceresponse-header>).
pub(super) fn traced(mut response: HttpResponse, trace: &TraceContext) -> HttpResponse {
    if let Ok(value) = HeaderValue::try_from(trace.to_string()) {
        response.headers_mut().insert(TRACERESPONSE, value);
    }
    response
}

/// An error of HTTP rather than of JSON-RPC, with what to do instead.
pub(super) fn http_error(status: StatusCode, hint: &str) -> HttpResponse {
    let error = status.canonical_reason().unwrap_or_default();
    json(status, serde_json::json!({"error": error, "hint": hint}).to_string())
}

/// What comes bit by bit.
pub(super) fn stream(
    media_type: &'static str,
    chunks: impl Stream<Item = Result<Bytes, Error>> + 'static,
) -> HttpResponse {
    let mut response = HttpResponse::with_body(StatusCode::OK, BoxBody::new(BodyStream::new(chunks)));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_result_has_the_same_around_it_as_a_short_one() {
        for (write, id) in [(reply::write as WriteReply, Some("7")), (reply::write_for_orchestrator, None)] {
            let (mut whole, text) = (Vec::new(), JsonText::of(&"text").expect("JSON"));
            write(&mut whole, id, &Ok(text.clone()));
            let (before, after) = around(write, id, None);
            assert_eq!([&before[..], text.as_bytes(), &after[..]].concat(), whole);
        }
    }
}
