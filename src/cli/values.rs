//! Addresses, names and pairs as they are written on the command line.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::str::FromStr;

use awc::http::header::{HeaderName, HeaderValue};
use madrpc_actors::actors::PeerUrl;
use madrpc_actors::engine::Isolation;
use madrpc_actors::policy::balance::BalancePolicy;
use madrpc_actors::policy::egress::Entry;
use madrpc_actors::policy::rate_limit::RateLimit;
use url::{Host, Url};

/// Where to listen. The host may be a name; port 0 lets the system choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindAddr {
    /// An address, or a name that resolves to some.
    pub host: Host,
    /// 0 for any free one.
    pub port: u16,
}

impl FromStr for BindAddr {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = || format!("{text:?} is not allowed: HOST:PORT, such as 0.0.0.0:8080, [::1]:8080 or localhost:0");
        let (host, port) = text.trim().rsplit_once(':').ok_or_else(refuse)?;
        let port_is_digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        match (Host::parse(host), port.parse()) {
            (Ok(host), Ok(port)) if port_is_digits => Ok(BindAddr { host, port }),
            _ => Err(refuse()),
        }
    }
}

/// `host:port`, as `std::net::ToSocketAddrs` reads it.
impl fmt::Display for BindAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl BindAddr {
    /// True when a connection to `url`, made on this machine, would certainly arrive here.
    pub fn is_reached_by(&self, url: &PeerUrl) -> bool {
        let Ok(url) = Url::parse(url.as_str()) else {
            return false;
        };
        let Some(host) = url.host().map(|host| host.to_owned()) else {
            return false;
        };
        if self.port == 0 || url.port_or_known_default() != Some(self.port) {
            return false;
        }
        // To connect to a wildcard address is to connect to this machine.
        host == self.host || (reaches_loopback(&self.host) && reaches_loopback(&host) && same_family(&self.host, &host))
    }
}

fn reaches_loopback(host: &Host) -> bool {
    match host {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(ip) => *ip == Ipv4Addr::LOCALHOST || ip.is_unspecified(),
        Host::Ipv6(ip) => *ip == Ipv6Addr::LOCALHOST || ip.is_unspecified(),
    }
}

fn same_family(one: &Host, other: &Host) -> bool {
    // `[::]` takes IPv4 connections too, and `localhost` may be either.
    let both = |host: &Host| matches!(host, Host::Domain(_) | Host::Ipv6(Ipv6Addr::UNSPECIFIED));
    both(one) || both(other) || matches!((one, other), (Host::Ipv4(_), Host::Ipv4(_)) | (Host::Ipv6(_), Host::Ipv6(_)))
}

/// How the orchestrator chooses among the nodes that have a method.
pub fn balance_policy(text: &str) -> Result<BalancePolicy, String> {
    BalancePolicy::from_str(text)
        .map_err(|_| format!("{text:?} is not allowed: least-inflight, round-robin, random or p2c-ewma"))
}

/// What a call shares with those before it.
pub fn isolation(text: &str) -> Result<Isolation, String> {
    match text {
        "shared" => Ok(Isolation::Shared),
        "call" => Ok(Isolation::Call),
        "context" => Ok(Isolation::Context),
        _ => Err(format!("{text:?} is not allowed: shared, call or context")),
    }
}

/// `RPS[:BURST]`
pub fn rate_limit(text: &str) -> Result<RateLimit, String> {
    let allowed = "RPS or RPS:BURST, such as 100 or 0.5:10";
    text.trim().parse().map_err(|reason| format!("{text:?} is not allowed: {reason}; {allowed}"))
}

/// A page's origin, as browsers write it.
pub fn origin(text: &str) -> Result<Url, String> {
    let refuse = |reason: &str| format!("{text:?} is not allowed: {reason}; an origin such as https://app.example.org");
    if text.contains('*') {
        return Err(refuse("origins are listed one by one, without *"));
    }
    let url = Url::parse(text).map_err(|error| refuse(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("not the origin of a page"));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(refuse("something follows the host and port"));
    }
    Ok(url)
}

/// The base address of another process.
pub fn peer_url(text: &str) -> Result<PeerUrl, String> {
    let allowed = "http://HOST:PORT or https://HOST:PORT with nothing after it";
    PeerUrl::parse(text).map_err(|reason| format!("{text:?} is not allowed: {reason}; {allowed}"))
}

/// Where `call` posts to: `http://HOST[:PORT][/PATH]`, or https.
pub fn call_url(text: &str) -> Result<Url, String> {
    let refuse = |reason: &str| format!("{text:?} is not allowed: {reason}; http://HOST:PORT[/PATH] or https");
    let url = Url::parse(text).map_err(|error| refuse(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) || url.port() == Some(0) {
        return Err(refuse("not the address of a server"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("credentials belong in a header"));
    }
    Ok(url)
}

/// A script to load.
pub fn script(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if text.is_empty() {
        return Err("\"\" is not allowed: the path of a JavaScript file".into());
    }
    Ok(path)
}

/// `KEY=VALUE`. Neither may hold what separates tags in a header.
pub fn tag(text: &str) -> Result<(String, String), String> {
    let fit = |part: &str| part.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',');
    match text.trim().split_once('=') {
        Some((key, value)) if !key.is_empty() && fit(key) && fit(value) => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("{text:?} is not allowed: KEY=VALUE in visible ASCII, without commas and spaces")),
    }
}

/// `HOST[:PORT]` that scripts may fetch from.
pub fn net_entry(text: &str) -> Result<Entry, String> {
    let allowed = "HOST or HOST:PORT, such as api.example.org, 10.0.0.5:8080 or [::1]:8080";
    Entry::from_str(text).map_err(|reason| format!("{text:?} is not allowed: {reason}; {allowed}"))
}

/// `NAME:VALUE`, a request header.
pub fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let refuse = |reason: &str| format!("{text:?} is not allowed: {reason}; NAME:VALUE, such as X-Team:blue");
    let (name, value) = text.split_once(':').ok_or_else(|| refuse("no colon"))?;
    let name = HeaderName::from_str(name.trim()).map_err(|_| refuse("not a header name"))?;
    let value = HeaderValue::from_str(value.trim()).map_err(|_| refuse("not a header value"))?;
    if matches!(name.as_str(), "content-length" | "transfer-encoding" | "connection" | "expect" | "host") {
        return Err(refuse("this header is part of how the request is sent"));
    }
    Ok((name, value))
}

/// A value of a header, such as an idempotency key.
pub fn header_value(text: &str) -> Result<HeaderValue, String> {
    match HeaderValue::from_str(text) {
        Ok(value) if !text.trim().is_empty() => Ok(value),
        _ => Err(format!("{text:?} is not allowed: at least one character, all of them visible")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bind_addresses() {
        for text in ["0.0.0.0:8080", "[::1]:9001", "localhost:0", "node_1.example:80"] {
            assert_eq!(text.parse::<BindAddr>().map(|bind| bind.to_string()).as_deref(), Ok(text));
        }
        for text in ["", "8080", ":8080", "localhost", "h:x", "h:+1", "h:65536", "::1:80", "a b:1", "http://h:1"] {
            assert!(text.parse::<BindAddr>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_process_knows_itself_by_its_addresses() {
        let reached = |bind: &str, url: &str| {
            let bind: BindAddr = bind.parse().expect("an address");
            bind.is_reached_by(&PeerUrl::parse(url).expect("a URL"))
        };
        assert!(reached("0.0.0.0:9001", "http://127.0.0.1:9001/"));
        assert!(reached("0.0.0.0:9001", "http://localhost:9001"));
        assert!(reached("[::]:9001", "http://127.0.0.1:9001"));
        assert!(reached("127.0.0.1:9001", "http://LOCALHOST:9001"));
        assert!(reached("10.0.0.7:9001", "http://10.0.0.7:9001"));
        assert!(reached("node.example:80", "http://node.example"));
        assert!(!reached("0.0.0.0:9001", "http://127.0.0.1:9002"));
        assert!(!reached("0.0.0.0:0", "http://127.0.0.1:9002"));
        assert!(!reached("127.0.0.1:9001", "http://127.0.0.2:9001"));
        assert!(!reached("127.0.0.1:9001", "http://[::1]:9001"));
        assert!(!reached("0.0.0.0:9001", "http://10.0.0.7:9001"));
    }

    #[test]
    fn pairs() {
        assert_eq!(tag("zone=a=b"), Ok(("zone".into(), "a=b".into())));
        for text in ["", "zone", "=a", "a b=c", "a=b,c", "ä=1"] {
            assert!(tag(text).is_err(), "{text}");
        }
        let (name, value) = header("X-Team: blue: 1").expect("a header");
        assert_eq!((name.as_str(), value.as_bytes()), ("x-team", b"blue: 1".as_slice()));
        for text in ["", "x", "a b:c", "x:a\nb", "Content-Length: 3"] {
            assert!(header(text).is_err(), "{text}");
        }
    }

    #[test]
    fn urls() {
        assert!(peer_url("http://h:1/").is_ok() && peer_url("h:1").is_err());
        assert_eq!(peer_url("https://h").map(|url| url.to_string()).as_deref(), Ok("https://h:443"));
        for text in ["http://h:1", "http://h:1/rpc?x=1", "http://[::1]:80/", "https://h"] {
            assert!(call_url(text).is_ok(), "{text}");
        }
        for text in ["", "h:1", "localhost:8080", "ftp://h", "http://u:p@h", "http://h:0", "https://"] {
            let error = call_url(text).expect_err(text);
            assert!(error.contains("http://HOST:PORT"), "{error}");
        }
    }

    #[test]
    fn origins_are_written_out() {
        let written = |text| origin(text).map(|url| url.origin().ascii_serialization());
        assert_eq!(written("https://App.example.org:443/").as_deref(), Ok("https://app.example.org"));
        assert_eq!(written("http://[::1]:3000").as_deref(), Ok("http://[::1]:3000"));
        for text in ["*", "https://*.example.org", "null", "app.example.org", "https://a/b", "https://a?b", "file:///a"]
        {
            assert!(origin(text).expect_err(text).contains("https://app.example.org"), "{text}");
        }
    }
}
