//! Pages of a browser, which must not speak for the person in front of it to servers that they don't belong to.
//!
//! A browser says in `Origin` whose page asks. A page of this server's own passes, and one that is listed. But a page
//! is this server's own only by the name in `Host`, and that may be the attacker's, who lets it stand for this machine's
//! address once the page is loaded (DNS rebinding). So a name counts only where no attacker can have it. Programs that
//! are no browsers say neither where they come from nor where a fetch does, and are asked nothing.

use actix_web::http::header::{self, HeaderValue};
use actix_web::http::StatusCode;
use actix_web::HttpResponse;
use url::{Host, Url};

use super::head::Head;

/// The headers that a page of a listed origin may send: those that callers have a use for.
const PAGES_SEND: &str =
    "authorization, content-type, idempotency-key, madrpc-tags, madrpc-timeout-ms, traceparent, x-api-key";

/// Whose pages may call.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    /// As browsers write them.
    listed: Vec<String>,
    /// Names of this server, which people can rely on, in lower case.
    names: Vec<String>,
}

/// Why a page may not, in words for whoever runs the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Foreign(pub(super) &'static str);

impl Origins {
    /// `listed` may be any pages', `hosts` are names of this server. What is listed is such a name, too: behind a proxy
    /// the server is called as its pages are.
    pub fn new(listed: &[Url], hosts: impl IntoIterator<Item = String>) -> Self {
        let own = listed.iter().filter_map(Url::host_str).map(str::to_owned);
        Origins {
            listed: listed.iter().map(|url| url.origin().ascii_serialization()).collect(),
            names: own.chain(hosts).map(|name| name.to_ascii_lowercase()).collect(),
        }
    }

    /// The origin to tell the browser that it is let in; `None` where it needn't be told.
    pub(super) fn admit<'a>(&self, head: &Head<'a>) -> Result<Option<&'a HeaderValue>, Foreign> {
        match head.origin {
            None if head.fetch_site.is_some() && !self.trusts(head.host) => Err(Foreign(
                "this name may be anybody's: use the address, or start the server with --allow-origin and this URL",
            )),
            None => Ok(None),
            Some(origin) if self.listed.iter().any(|listed| listed.as_bytes() == origin.as_bytes()) => Ok(Some(origin)),
            Some(origin) if is_own(origin, head.host) == Some(true) && self.trusts(head.host) => Ok(None),
            Some(_) => Err(Foreign("this origin is not allowed: --allow-origin of the server lists those that are")),
        }
    }

    /// Whether the name in `Host` can only be this server's: an address, a name without a dot, which nobody can
    /// register, or one that it was told.
    fn trusts(&self, host: Option<&HeaderValue>) -> bool {
        let Some(authority) = host.and_then(|host| host.to_str().ok()) else {
            return false;
        };
        let without_port = match authority.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => authority,
        };
        match Host::parse(without_port) {
            Ok(Host::Ipv4(_) | Host::Ipv6(_)) => true,
            Ok(Host::Domain(name)) => !name.contains('.') || name.ends_with(".localhost") || self.names.contains(&name),
            Err(_) => false,
        }
    }
}

/// Answers what a browser asks before it lets a page send a request, which it does without any key.
pub(super) fn preflight(origin: &HeaderValue) -> HttpResponse {
    let mut response = readable(HttpResponse::new(StatusCode::NO_CONTENT), origin);
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(PAGES_SEND));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}

/// Lets the page of `origin` read the response.
pub(super) fn readable(mut response: HttpResponse, origin: &HeaderValue) -> HttpResponse {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after"));
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    response
}

/// Whether the page comes from where the request goes.
fn is_own(origin: &HeaderValue, host: Option<&HeaderValue>) -> Option<bool> {
    let (scheme, origin) = origin.to_str().ok()?.split_once("://")?;
    let default_port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return None,
    };
    let host = host?.to_str().ok()?;
    let bare = |authority: &str| authority.strip_suffix(default_port).unwrap_or(authority).to_ascii_lowercase();
    Some(bare(origin) == bare(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Some(true)`: let in, and to be told so.
    fn admit(
        origins: &Origins,
        origin: Option<&'static str>,
        host: Option<&'static str>,
        browser: bool,
    ) -> Option<bool> {
        let (origin, host) = (origin.map(HeaderValue::from_static), host.map(HeaderValue::from_static));
        let site = browser.then(|| HeaderValue::from_static("same-origin"));
        let head = Head { origin: origin.as_ref(), host: host.as_ref(), fetch_site: site.as_ref(), ..Head::default() };
        origins.admit(&head).ok().map(|told| told.is_some())
    }

    fn of(origin: &'static str, host: &'static str) -> Option<bool> {
        admit(&Origins::default(), Some(origin), Some(host), true)
    }

    #[test]
    fn a_page_of_the_servers_own_passes_and_a_foreign_one_does_not() {
        for (origin, host) in [("http://a:8080", "a:8080"), ("http://A", "a:80"), ("https://a:443", "a")] {
            assert_eq!(of(origin, host), Some(false), "{origin} {host}");
        }
        for (origin, host) in [("http://a:8080", "a:8081"), ("http://evil", "a"), ("null", "a"), ("file://a", "a")] {
            assert_eq!(of(origin, host), None, "{origin} {host}");
        }
        assert_eq!(admit(&Origins::default(), Some("http://a"), None, false), None);
        assert_eq!(admit(&Origins::default(), None, Some("a"), false), Some(false));
    }

    #[test]
    fn a_name_that_an_attacker_may_have_is_nobodys_own() {
        for host in ["evil.example:8080", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "a b", ""]
        {
            let origin: &'static str = format!("http://{host}").leak();
            assert_eq!(of(origin, host), None, "{host}");
            assert_eq!(admit(&Origins::default(), None, Some(host), true), None, "{host}");
            // A program that is no browser may call the server whatever its proxy does.
            assert_eq!(admit(&Origins::default(), None, Some(host), false), Some(false), "{host}");
        }
        for host in ["127.0.0.1:8080", "[::1]:8080", "[::1]", "localhost:8080", "app.localhost", "orchestrator:8080"] {
            let origin: &'static str = format!("http://{host}").leak();
            assert_eq!(of(origin, host), Some(false), "{host}");
            assert_eq!(admit(&Origins::default(), None, Some(host), true), Some(false), "{host}");
        }
        let named = Origins::new(&[], ["Node.Example".to_owned()]);
        assert_eq!(admit(&named, Some("http://node.example"), Some("node.example"), true), Some(false));
        assert_eq!(admit(&named, Some("http://evil.example"), Some("evil.example"), true), None);
    }

    #[test]
    fn what_is_listed_passes_to_the_letter() {
        let listed: Url = "https://app.example:443/".parse().expect("a URL");
        let origins = Origins::new(&[listed], []);
        assert_eq!(admit(&origins, Some("https://app.example"), Some("127.0.0.1:8080"), true), Some(true));
        assert_eq!(admit(&origins, None, Some("app.example"), true), Some(false));
        for other in
            ["http://app.example", "https://app.example:8443", "https://app.example.evil", "https://x.app.example"]
        {
            assert_eq!(admit(&origins, Some(other), Some("127.0.0.1:8080"), true), None, "{other}");
        }
    }
}
