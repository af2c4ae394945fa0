//! The headers of a request that the endpoint looks at, found in one pass.

use std::net::IpAddr;

use actix_web::http::header::{HeaderMap, HeaderValue};
use madrpc_actors::policy::access::{Identity, Presented};

use super::header;
use super::service::Caller;

/// Borrowed from the request. An absent header is `None`.
#[derive(Debug, Default)]
pub(super) struct Head<'a> {
    pub(super) content_type: Option<&'a HeaderValue>,
    pub(super) content_length: Option<&'a HeaderValue>,
    pub(super) origin: Option<&'a HeaderValue>,
    pub(super) host: Option<&'a HeaderValue>,
    pub(super) fetch_site: Option<&'a HeaderValue>,
    pub(super) authorization: Option<&'a HeaderValue>,
    pub(super) api_key: Option<&'a HeaderValue>,
    pub(super) timeout_ms: Option<&'a HeaderValue>,
    pub(super) depth: Option<&'a HeaderValue>,
    pub(super) traceparent: Option<&'a HeaderValue>,
    pub(super) idempotency_key: Option<&'a HeaderValue>,
    pub(super) tags: Option<&'a HeaderValue>,
    pub(super) batch: Option<&'a HeaderValue>,
    pub(super) cluster_token: Option<&'a HeaderValue>,
    pub(super) accept: Option<&'a HeaderValue>,
    pub(super) dial_in: Option<&'a HeaderValue>,
    pub(super) subprotocols: Option<&'a HeaderValue>,
}

impl<'a> Head<'a> {
    /// One pass over a handful of headers costs less than a hashed look-up for each name.
    pub(super) fn read(headers: &'a HeaderMap) -> Self {
        let mut head = Head::default();
        let mut traceparents = 0;
        for (name, value) in headers {
            let slot = match name.as_str() {
                "content-type" => &mut head.content_type,
                "content-length" => &mut head.content_length,
                "origin" => &mut head.origin,
                "accept" => &mut head.accept,
                "host" => &mut head.host,
                "sec-fetch-site" => &mut head.fetch_site,
                "sec-websocket-protocol" => &mut head.subprotocols,
                "authorization" => &mut head.authorization,
                header::API_KEY => &mut head.api_key,
                header::TIMEOUT_MS => &mut head.timeout_ms,
                header::DEPTH => &mut head.depth,
                header::TRACEPARENT => {
                    traceparents += 1;
                    &mut head.traceparent
                }
                header::IDEMPOTENCY_KEY => &mut head.idempotency_key,
                header::TAGS => &mut head.tags,
                header::BATCH => &mut head.batch,
                header::DIAL_IN => &mut head.dial_in,
                header::CLUSTER_TOKEN => &mut head.cluster_token,
                _ => continue,
            };
            *slot = Some(value);
        }
        if traceparents > 1 {
            // Nobody knows which is meant: a new trace begins (W3C Trace Context, section 3.2).
            head.traceparent = None;
        }
        head
    }

    /// Whether one of our own processes sent it, which wants to hear what kind of failure an error is.
    pub(super) fn is_from_peer(&self) -> bool {
        self.depth.is_some() || self.batch.is_some()
    }

    /// Whether the answers of a batch are to come as they finish.
    pub(super) fn wants_stream(&self) -> bool {
        self.batch.is_some_and(|value| value.as_bytes() == b"stream")
    }

    /// Whether a page is asked for rather than a document: browsers name its type, programs don't.
    pub(super) fn wants_page(&self) -> bool {
        let accepted = self.accept.and_then(|value| value.to_str().ok()).unwrap_or_default();
        accepted.split(',').any(|range| {
            let mut parts = range.split(';').map(str::trim);
            let html = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("text/html"));
            let weight = parts.find_map(|part| part.strip_prefix("q="));
            html && weight.is_none_or(|weight| weight.parse().is_ok_and(|weight: f32| weight > 0.0))
        })
    }

    /// The declared length of the body.
    pub(super) fn body_len(&self) -> Option<u64> {
        self.content_length?.to_str().ok()?.parse().ok()
    }

    /// Whether the body may be JSON: a JSON-RPC media type with any parameters, or none given.
    pub(super) fn is_json(&self) -> bool {
        let Some(value) = self.content_type else {
            return true;
        };
        let media_type = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
        let media_type = media_type.trim_ascii();
        ["application/json", "application/json-rpc", "application/jsonrequest", ""]
            .iter()
            .any(|known| media_type.eq_ignore_ascii_case(known.as_bytes()))
    }

    /// The caller as built-in methods see it.
    pub(super) fn caller(&self, ip: IpAddr, identity: Identity) -> Caller {
        let token = self.cluster_token.and_then(|token| token.to_str().ok());
        let cluster_token = token.and_then(|token| token.parse().ok());
        Caller { ip, identity, cluster_token, is_peer: self.is_from_peer() }
    }

    /// What the caller shows of who it is.
    pub(super) fn presented(&self) -> Presented<'a> {
        let bytes = |value: &'a HeaderValue| value.as_bytes();
        Presented {
            token: self.cluster_token.map(bytes),
            authorization: self.authorization.map(bytes),
            api_key: self.api_key.map(bytes),
            subprotocols: self.subprotocols.map(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head<'a>(pairs: &'a [(&'static str, HeaderValue)]) -> Head<'a> {
        let mut head = Head::default();
        for (name, value) in pairs {
            match *name {
                "content-type" => head.content_type = Some(value),
                "accept" => head.accept = Some(value),
                other => panic!("{other}"),
            }
        }
        head
    }

    #[test]
    fn browsers_want_the_page_and_programs_do_not() {
        for (accepted, page) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("application/json, Text/HTML ; q=0.1", true),
            ("*/*", false),
            ("application/json", false),
            ("text/html;q=0, */*", false),
            ("text/htmlx", false),
        ] {
            assert_eq!(head(&[("accept", HeaderValue::from_static(accepted))]).wants_page(), page, "{accepted}");
        }
        assert!(!head(&[]).wants_page());
    }

    #[test]
    fn json_media_types_pass_with_parameters_and_in_any_case() {
        for text in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/json-rpc",
            "application/jsonrequest ;x",
        ] {
            assert!(head(&[("content-type", HeaderValue::from_static(text))]).is_json(), "{text}");
        }
        assert!(head(&[]).is_json());
        for text in ["text/plain", "application/jsonx", "application/x-www-form-urlencoded"] {
            assert!(!head(&[("content-type", HeaderValue::from_static(text))]).is_json(), "{text}");
        }
    }
}
