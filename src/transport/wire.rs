//! Writing calls as request bodies and headers.

use std::collections::BTreeMap;
use std::time::Instant;

use awc::http::header::{HeaderMap, HeaderName, HeaderValue};
use madrpc_actors::protocol::{Call, CallScope};
use serde::Serialize;

use crate::http::header;

const TIMEOUT_MS: HeaderName = HeaderName::from_static(header::TIMEOUT_MS);
const DEPTH: HeaderName = HeaderName::from_static(header::DEPTH);
const TRACEPARENT: HeaderName = HeaderName::from_static(header::TRACEPARENT);
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static(header::IDEMPOTENCY_KEY);

/// Room for the envelope of one request.
const ENVELOPE: usize = 96;

/// What a call says of itself in its request object.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Meta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    depth: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<&'a BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "is_false")]
    stream: bool,
    #[serde(skip_serializing_if = "is_false")]
    input: bool,
    #[serde(skip_serializing_if = "is_false")]
    progress: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// The headers of a call sent alone, and its body, whose id is 1 where it has one. What a header can't hold is in the body.
pub(super) fn single(call: &Call, now: Instant) -> (HeaderMap, Vec<u8>) {
    let scope = &call.scope;
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(TIMEOUT_MS, HeaderValue::from(left_ms(scope, now)));
    headers.insert(DEPTH, HeaderValue::from(scope.depth));
    if let Ok(trace) = HeaderValue::try_from(scope.trace.to_string()) {
        headers.insert(TRACEPARENT, trace);
    }
    let mut meta = None;
    if let Some(key) = &scope.idempotency_key {
        let key = key.key.as_str();
        match HeaderValue::from_str(key) {
            // A header loses the blanks around its value.
            Ok(value) if value.to_str().is_ok_and(|text| text.trim() == key) => {
                headers.insert(IDEMPOTENCY_KEY, value);
            }
            _ => meta.get_or_insert_with(Meta::default).idempotency_key = Some(key),
        }
    }
    if let Some(parent) = parent(scope) {
        meta.get_or_insert_with(Meta::default).parent = Some(parent);
    }
    if !scope.tags.is_empty() {
        meta.get_or_insert_with(Meta::default).tags = Some(&scope.tags);
    }
    let mut body = Vec::with_capacity(ENVELOPE + call.method.len() + call.params.as_ref().map_or(0, |text| text.len()));
    request(&mut body, 1, call, meta.as_ref());
    (headers, body)
}

/// The call that made this one, for an orchestrator that keeps the trace. A client's span, above depth 0, is of no use to
/// a node.
fn parent(scope: &CallScope) -> Option<u64> {
    let notes = scope.notes.as_ref().filter(|notes| notes.sampled && scope.depth > 0)?;
    Some(notes.parent)
}

/// About the length of an element without its params.
pub(super) const ELEMENT: usize = 200;

/// Appends one element of a batch, whose id is `index` unless it is a notification.
pub(super) fn element(out: &mut Vec<u8>, index: usize, call: &Call, now: Instant) {
    let scope = &call.scope;
    let meta = Meta {
        timeout_ms: Some(left_ms(scope, now)),
        depth: Some(scope.depth),
        traceparent: Some(scope.trace.to_string()),
        parent: parent(scope),
        idempotency_key: scope.idempotency_key.as_ref().map(|key| key.key.as_str()),
        tags: (!scope.tags.is_empty()).then_some(&scope.tags),
        stream: call.streams.items.is_some(),
        input: call.streams.input.is_some(),
        progress: call.streams.progress.is_some(),
    };
    request(out, index, call, Some(&meta));
}

fn request(out: &mut Vec<u8>, id: usize, call: &Call, meta: Option<&Meta<'_>>) {
    out.extend_from_slice(b"{\"jsonrpc\":\"2.0\",");
    if !call.notification {
        out.extend_from_slice(b"\"id\":");
        json(out, &id);
        out.push(b',');
    }
    out.extend_from_slice(b"\"method\":");
    json(out, &call.method);
    if let Some(params) = &call.params {
        out.extend_from_slice(b",\"params\":");
        out.extend_from_slice(params.as_bytes());
    }
    if let Some(meta) = meta {
        out.extend_from_slice(b",\"meta\":");
        json(out, meta);
    }
    out.push(b'}');
}

fn json(out: &mut Vec<u8>, value: &impl Serialize) {
    // Numbers, strings and maps with string keys always serialise, and a vector takes whatever comes.
    let written = serde_json::to_writer(out, value);
    debug_assert!(written.is_ok(), "{written:?}");
}

/// Milliseconds left, at least 1: the peer refuses 0, and the deadline is kept on this side too.
fn left_ms(scope: &CallScope, now: Instant) -> u64 {
    let left = scope.deadline.saturating_duration_since(now).as_millis();
    u64::try_from(left).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use madrpc_actors::protocol::request::{self, Body};
    use madrpc_actors::protocol::IdempotencyKey;
    use madrpc_actors::protocol::JsonText;

    use super::*;

    fn call() -> Call {
        let scope = CallScope::root(Duration::from_secs(10)).nested(None);
        Call::new("a\"b", JsonText::parse("[1.0]").ok(), scope)
    }

    #[test]
    fn a_single_call_is_a_plain_request_with_headers() {
        let call = call();
        let (headers, body) = single(&call, call.scope.deadline - Duration::from_millis(250));
        assert_eq!(
            String::from_utf8(body).ok().as_deref(),
            Some(r#"{"jsonrpc":"2.0","id":1,"method":"a\"b","params":[1.0]}"#)
        );
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        assert_eq!(header(header::TIMEOUT_MS).as_deref(), Some("250"));
        assert_eq!(header(header::DEPTH).as_deref(), Some("1"));
        assert_eq!(header(header::TRACEPARENT), Some(call.scope.trace.to_string()));
        assert_eq!(header(header::IDEMPOTENCY_KEY), None);
    }

    /// JSON-RPC 2.0, section 4.1: a notification is a request object without an id.
    #[test]
    fn a_notification_has_no_id() {
        let mut call = call();
        call.notification = true;
        let (_, body) = single(&call, call.scope.deadline);
        let text = r#"{"jsonrpc":"2.0","method":"a\"b","params":[1.0]"#;
        assert_eq!(String::from_utf8(body).ok().as_deref(), Some(&*format!("{text}}}")));
        let mut out = Vec::new();
        element(&mut out, 7, &call, call.scope.deadline);
        assert!(String::from_utf8(out).is_ok_and(|element| element.starts_with(&format!("{text},\"meta\":"))));
    }

    #[test]
    fn a_key_that_no_header_can_hold_goes_into_the_body() {
        let mut call = call();
        call.scope.idempotency_key = IdempotencyKey::new(0, "k1".into()).ok();
        let (headers, _) = single(&call, Instant::now());
        assert!(headers.contains_key(header::IDEMPOTENCY_KEY));
        for key in ["ключ", "a\nb", " a"] {
            call.scope.idempotency_key = IdempotencyKey::new(0, key.into()).ok();
            let (headers, body) = single(&call, Instant::now());
            assert!(!headers.contains_key(header::IDEMPOTENCY_KEY), "{key}");
            let Body::Single(Ok(request)) = request::read(&body) else { panic!("{key}") };
            assert_eq!(request.meta.idempotency_key.as_deref(), Some(key));
        }
    }

    #[test]
    fn an_element_says_everything_in_its_meta() {
        let mut call = call();
        call.scope.tags.insert("zone".into(), "a".into());
        let mut out = Vec::new();
        element(&mut out, 7, &call, call.scope.deadline);
        let Body::Single(Ok(request)) = request::read(&out) else { panic!("refused") };
        assert_eq!(request.id.map(|id| id.get()), Some("7"));
        assert_eq!((request.meta.timeout_ms, request.meta.depth), (Some(1), Some(1)));
        assert_eq!(request.meta.traceparent, Some(call.scope.trace.to_string()));
        assert_eq!(request.meta.tags, Some(call.scope.tags));
    }
}
