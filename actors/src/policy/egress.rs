//! Where the `fetch` of scripts may go: what `--allow-net` lists, and nothing else.
//!
//! A request is decided twice, on every hop: by the host of its URL before the name is looked up, and by the addresses
//! that the name stands for, of which the connection then uses one. A name that is allowed must not become a way into
//! the machine or its network (DNS rebinding), so that an address that is not public is allowed only where it is listed
//! itself.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use url::{Host, Url};

#[cfg(test)]
mod tests;

/// One `HOST[:PORT]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    host: Host,
    /// None stands for every port.
    port: Option<u16>,
}

impl FromStr for Entry {
    type Err = String;

    /// Reads a name or address, IPv6 in brackets where a port follows. Names come into the form that URLs have them in.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Ok(address) = text.parse::<Ipv6Addr>() {
            return Ok(Entry { host: Host::Ipv6(address), port: None });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port)),
            _ => (text, None),
        };
        let port = match port.map(u16::from_str) {
            None => None,
            Some(Ok(port)) if port > 0 => Some(port),
            Some(_) => return Err(format!("{text} has no port from 1 to 65535 behind its colon")),
        };
        if host.contains('*') {
            return Err(format!("{text}: hosts are listed one by one, without *"));
        }
        let host = Host::parse(host).map_err(|error| format!("{text} is no host: {error}"))?;
        Ok(Entry { host: without_root(host), port })
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => write!(f, "{}", self.host),
        }
    }
}

/// Why a request does not leave. A script is shown its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The scheme is not http or https.
    Scheme(String),
    /// The URL has no host.
    NoHost,
    /// No entry allows the host with this port.
    NotListed {
        /// As `--allow-net` would list it.
        host: String,
        /// The port.
        port: u16,
    },
    /// All addresses of the host are refused.
    NotPublic {
        /// The host.
        host: String,
        /// The first of its addresses.
        address: IpAddr,
    },
    /// The name has no address.
    NoAddress {
        /// The host.
        host: String,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Scheme(scheme) => write!(f, "the scheme {scheme} is not http or https"),
            Refusal::NoHost => f.write_str("the URL has no host"),
            Refusal::NotListed { host, port } => write!(f, "{host}:{port} is not in --allow-net of this node"),
            Refusal::NotPublic { host, address } => {
                write!(f, "{host} is at {address}, which is no public address and not in --allow-net itself")
            }
            Refusal::NoAddress { host } => write!(f, "{host} has no address"),
        }
    }
}

/// A host and port that the list allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// In normal form.
    pub host: Host,
    /// The URL's, or that of its scheme.
    pub port: u16,
}

/// The list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Egress(Vec<Entry>);

impl Egress {
    /// Allows what is listed. An empty list allows nothing.
    pub fn new(entries: Vec<Entry>) -> Self {
        Egress(entries)
    }

    /// Decides by the URL alone. Its answer is no permission to connect: see `connectable`.
    pub fn admit(&self, url: &Url) -> Result<Destination, Refusal> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Refusal::Scheme(url.scheme().to_owned()));
        }
        let host = url.host().map(|host| without_root(host.to_owned())).ok_or(Refusal::NoHost)?;
        let port = url.port_or_known_default().ok_or(Refusal::NoHost)?;
        if !self.lists(&host, port) {
            return Err(Refusal::NotListed { host: host.to_string(), port });
        }
        Ok(Destination { host, port })
    }

    /// The addresses out of those that the name stands for to which a connection may be made, in their order.
    pub fn connectable(&self, to: &Destination, resolved: &[IpAddr]) -> Result<Vec<IpAddr>, Refusal> {
        let Some(first) = resolved.first() else {
            return Err(Refusal::NoAddress { host: to.host.to_string() });
        };
        let allowed: Vec<_> = resolved.iter().copied().filter(|address| self.reaches(to, *address)).collect();
        if allowed.is_empty() {
            return Err(Refusal::NotPublic { host: to.host.to_string(), address: *first });
        }
        Ok(allowed)
    }

    fn reaches(&self, to: &Destination, address: IpAddr) -> bool {
        let as_host = match address {
            IpAddr::V4(address) => Host::Ipv4(address),
            IpAddr::V6(address) => Host::Ipv6(address),
        };
        match &to.host {
            // A literal address can stand for nothing else.
            Host::Ipv4(_) | Host::Ipv6(_) => to.host == as_host && self.lists(&to.host, to.port),
            Host::Domain(name) => {
                let local = is_localhost(name) && address.is_loopback();
                local || is_public(address) || self.lists(&as_host, to.port)
            }
        }
    }

    fn lists(&self, host: &Host, port: u16) -> bool {
        self.0.iter().any(|entry| entry.host == *host && entry.port.is_none_or(|allowed| allowed == port))
    }
}

/// `example.org.` is `example.org`.
fn without_root(host: Host) -> Host {
    match host {
        Host::Domain(name) => Host::Domain(name.strip_suffix('.').map(str::to_owned).unwrap_or(name)),
        address => address,
    }
}

/// Names that mean this machine by RFC 6761, section 6.3. Who lists one means loopback.
fn is_localhost(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

/// True for addresses that are globally reachable by the registries of IANA (RFC 6890), and are unicast.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224.., _, _) // this network, private, loopback; multicast, reserved, broadcast
            | (100, 64..=127, _) // carrier-grade NAT
            | (169, 254, _) // link-local
            | (172, 16..=31, _) // private
            | (192, 0, 0 | 2) // protocol assignments, documentation
            | (192, 88, 99) // 6to4 relays
            | (192, 168, _) // private
            | (198, 18 | 19, _) // benchmarks
            | (198, 51, 100) // documentation
            | (203, 0, 113) // documentation
    );
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = address.segments();
    if (a, b, c, d, e, f) == (0x64, 0xff9b, 0, 0, 0, 0) {
        // A translator makes it the IPv4 address in its end (RFC 6052).
        let ([g0, g1], [h0, h1]) = (g.to_be_bytes(), h.to_be_bytes());
        return is_public_v4(Ipv4Addr::new(g0, g1, h0, h1));
    }
    // What is not in 2000::/3 is unspecified, loopback, IPv4-mapped, unique local, link-local, multicast or unassigned.
    let global_unicast = a & 0xe000 == 0x2000;
    let special = matches!((a, b), (0x2001, 0..=0x1ff | 0xdb8) | (0x2002, _) | (0x3fff, 0..=0xfff));
    global_unicast && !special
}
