//! `GET /` in a browser: the dashboard, one page that needs nothing else.
//!
//! The page itself holds no figures, and anybody may have it. It asks for them by a WebSocket, as any client does, with a
//! key where one is needed. Its content security policy lets nothing run but the script that is in it, by its hash.

use std::sync::LazyLock;

use actix_web::body::BoxBody;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::StatusCode;
use actix_web::HttpResponse;
use base64::prelude::{Engine, BASE64_STANDARD};
use bytes::Bytes;
use ring::digest::{digest, SHA256};

const PAGE: &str = include_str!("page.html");

const STYLE: &str = concat!(include_str!("style.css"), include_str!("parts.css"));

/// One module, in the order in which its parts use each other.
const SCRIPT: &str = concat!(
    include_str!("format.js"),
    include_str!("session.js"),
    include_str!("charts.js"),
    include_str!("table.js"),
    include_str!("overview.js"),
    include_str!("events.js"),
    include_str!("traces.js"),
    include_str!("call.js"),
    include_str!("main.js"),
);

/// What else browsers are told: not to guess, not to tell others, not to show the page inside of another's.
const FIXED: [(HeaderName, &str); 6] = [
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
    (header::CACHE_CONTROL, "no-cache"),
    (header::VARY, "accept"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
];

struct Page {
    body: Bytes,
    /// Of both the page and the answer that it has not changed.
    headers: HeaderMap,
}

/// The page of a server that clients need no key for, and of one where they do.
static PAGES: LazyLock<[Option<Page>; 2]> = LazyLock::new(|| [Page::new(false), Page::new(true)]);

/// Answers with the page, or with word that the one which `known` (`If-None-Match`) names is still right.
pub(super) fn answer(known: Option<&HeaderValue>, needs_key: bool) -> HttpResponse {
    let Some(page) = &PAGES[usize::from(needs_key)] else {
        return super::answer::http_error(StatusCode::INTERNAL_SERVER_ERROR, "the page could not be made");
    };
    let etag = page.headers.get(header::ETAG);
    let unchanged = known.is_some_and(|known| etag.is_some_and(|etag| names(known, etag)));
    let mut response = match unchanged {
        true => HttpResponse::new(StatusCode::NOT_MODIFIED),
        false => HttpResponse::with_body(StatusCode::OK, BoxBody::new(page.body.clone())),
    };
    *response.headers_mut() = page.headers.clone();
    response
}

/// The weak comparison of RFC 9110, section 8.8.3.2.
fn names(known: &HeaderValue, etag: &HeaderValue) -> bool {
    let mut tags = known.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    tags.any(|tag| tag == b"*" || tag.strip_prefix(b"W/").unwrap_or(tag) == etag.as_bytes())
}

impl Page {
    fn new(needs_key: bool) -> Option<Page> {
        let key = if needs_key { "needed" } else { "none" };
        let body = PAGE.replace("{{key}}", key).replace("{{style}}", STYLE).replace("{{script}}", SCRIPT);
        let policy = format!(
            "default-src 'none'; script-src '{}'; style-src '{}'; connect-src 'self'; img-src data:; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
            source(SCRIPT),
            source(STYLE)
        );
        let mut headers = HeaderMap::new();
        for (name, value) in FIXED {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::try_from(policy).ok()?);
        headers.insert(header::ETAG, HeaderValue::try_from(format!("\"{}\"", hash(&body))).ok()?);
        Some(Page { body: body.into(), headers })
    }
}

fn hash(text: &str) -> String {
    BASE64_STANDARD.encode(digest(&SHA256, text.as_bytes()))
}

/// A hash source (Content Security Policy Level 3, section 2.3.1).
fn source(text: &str) -> String {
    format!("sha256-{}", hash(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(response: &HttpResponse, name: HeaderName) -> &str {
        response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    #[test]
    fn the_policy_names_the_very_texts_that_are_in_the_page() {
        let Some(page) = &PAGES[1] else { panic!("no page") };
        let html = std::str::from_utf8(&page.body).expect("UTF-8");
        assert!(html.contains("content=\"needed\"") && !html.contains("{{"), "{html}");
        let policy = text(&answer(None, true), header::CONTENT_SECURITY_POLICY).to_owned();
        for (open, close) in [("<script type=\"module\">", "</script>"), ("<style>", "</style>")] {
            let inline: Vec<_> = html.split(open).skip(1).filter_map(|rest| rest.split(close).next()).collect();
            assert_eq!(inline.len(), 1, "{open}");
            assert!(policy.contains(&source(inline[0])), "{open} is not in {policy}");
        }
        for outside in ["http://", "https://", "src=", "url(", "@import", " style=", " onclick"] {
            assert!(!html.replace("http://www.w3.org/2000/svg", "").contains(outside), "the page has {outside}");
        }
    }

    #[test]
    fn who_has_the_page_is_told_so() {
        let first = answer(None, false);
        let etag = first.headers().get(header::ETAG).expect("an ETag").clone();
        assert_eq!((first.status(), text(&first, header::CONTENT_TYPE)), (StatusCode::OK, "text/html; charset=utf-8"));
        let weak = format!("\"x\", W/{}", etag.to_str().expect("text"));
        for known in [etag.clone(), HeaderValue::try_from(weak).expect("a value"), HeaderValue::from_static("*")] {
            let again = answer(Some(&known), false);
            assert_eq!((again.status(), again.headers().get(header::ETAG)), (StatusCode::NOT_MODIFIED, Some(&etag)));
        }
        assert_eq!(answer(Some(&etag), true).status(), StatusCode::OK, "the other page");
        assert_eq!(answer(Some(&HeaderValue::from_static("\"x\"")), false).status(), StatusCode::OK);
    }
}
