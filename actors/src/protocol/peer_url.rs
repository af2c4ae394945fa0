//! Where another process is reached.

use std::fmt;
use std::sync::Arc;

/// How the address of a node that dials in begins; its identity follows.
const DIAL_IN: &str = "dial-in://";

/// Longest identity in such an address.
const MAX_INSTANCE: usize = 64;

/// The base address of a node or orchestrator in normal form: `http://host:port`, no path.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeerUrl(Arc<str>);

impl PeerUrl {
    /// Brings `text` into normal form: scheme and host in lower case, the port always written, nothing after it.
    /// The error says what is not allowed: another scheme, a path, a query, a fragment, credentials, no host.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = url::Url::parse(text.trim()).map_err(|error| format!("not a URL: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("scheme {} is not http or https", url.scheme()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("credentials are not allowed in the URL".into());
        }
        if !matches!(url.path(), "" | "/") {
            return Err(format!("path {} is not allowed", url.path()));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("query and fragment are not allowed".into());
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or("no host")?;
        match url.port_or_known_default() {
            Some(0) | None => Err("port 0 can't be reached".into()),
            Some(port) => Ok(PeerUrl(format!("{}://{host}:{port}", url.scheme()).into())),
        }
    }

    /// A node that opens the link itself, and is reached by nothing but that link.
    /// The error says what is wrong with its identity.
    pub fn dialled_in(instance: &str) -> Result<Self, String> {
        let plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.' | b'_');
        match !instance.is_empty() && instance.len() <= MAX_INSTANCE && instance.bytes().all(plain) {
            true => Ok(PeerUrl(format!("{DIAL_IN}{instance}").into())),
            false => {
                Err(format!("the instance of a node that dials in has 1 to {MAX_INSTANCE} letters, digits, - . _"))
            }
        }
    }

    /// Whether `text` says that its node dials in.
    pub fn says_dialled_in(text: &str) -> bool {
        text.starts_with(DIAL_IN)
    }

    /// Whether it is a node that opens the link itself.
    pub fn is_dialled_in(&self) -> bool {
        Self::says_dialled_in(&self.0)
    }

    /// The name or address in it, IPv6 in brackets.
    pub fn host(&self) -> Option<String> {
        url::Url::parse(&self.0).ok()?.host_str().map(str::to_owned)
    }

    /// The URL in normal form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PeerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PeerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_have_one_normal_form() {
        for text in ["http://127.0.0.1:9001/", "HTTP://127.0.0.1:9001", " http://127.0.0.1:9001 "] {
            assert_eq!(
                PeerUrl::parse(text).map(|url| url.to_string()).as_deref(),
                Ok("http://127.0.0.1:9001"),
                "{text}"
            );
        }
        assert_eq!(
            PeerUrl::parse("http://Node.Example").map(|url| url.to_string()).as_deref(),
            Ok("http://node.example:80")
        );
        assert_eq!(PeerUrl::parse("https://[::1]").map(|url| url.to_string()).as_deref(), Ok("https://[::1]:443"));
    }

    #[test]
    fn who_dials_in_is_named_by_its_instance() {
        let url = PeerUrl::dialled_in("4f6c-9.a_B").expect("plain");
        assert_eq!((url.as_str(), url.is_dialled_in()), ("dial-in://4f6c-9.a_B", true));
        assert!(PeerUrl::parse(url.as_str()).is_err(), "nobody can name one as an address");
        assert!(!PeerUrl::parse("http://dial-in").expect("a URL").is_dialled_in());
        for bad in ["", "a/b", "a b", "ä", &"x".repeat(65)] {
            assert!(PeerUrl::dialled_in(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_not_a_bare_address_is_refused() {
        for text in [
            "",
            "x",
            "ftp://h",
            "http://",
            "http://u@h",
            "http://h/p",
            "http://h/?q",
            "http://h/#f",
            "http://h:0",
            "file:///x",
        ] {
            assert!(PeerUrl::parse(text).is_err(), "{text}");
        }
    }
}
