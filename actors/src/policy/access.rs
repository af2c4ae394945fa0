//! Who a caller is, by what it presents: PROTOCOL, section 4.
//!
//! The cluster's token is the stronger credential: whoever presents it is a member of the cluster and may do whatever a
//! client with a key may, and more. A key alone makes a client.

use base64::prelude::{Engine, BASE64_URL_SAFE_NO_PAD};

use crate::protocol::{CallError, Secret};

/// The subprotocol of a WebSocket that our servers speak, if it is offered.
pub const SUBPROTOCOL: &str = "madrpc";

/// What a subprotocol that is in truth a key begins with; the key follows in base64url without padding (RFC 4648,
/// section 5), since not every character of a key may stand there.
const KEY_SUBPROTOCOL: &str = "madrpc.key.";

/// What a process asks of its callers.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Any of them makes a client. Without one, clients need none.
    pub keys: Vec<Secret>,
    /// Makes a member of the cluster.
    pub token: Option<Secret>,
}

/// Who a caller has proved to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Nobody in particular, where no key is asked for.
    Anyone,
    /// A client, by the place of its key among those configured.
    Client(usize),
    /// A process of this cluster.
    Member,
}

impl Identity {
    /// A number that two clients have in common only if they present the same key.
    pub fn number(self) -> u64 {
        match self {
            Identity::Anyone => 0,
            Identity::Client(key) => key as u64 + 1,
            Identity::Member => u64::MAX,
        }
    }
}

/// What a caller presents, as its headers hold it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Presented<'a> {
    /// `Madrpc-Cluster-Token`
    pub token: Option<&'a [u8]>,
    /// `Authorization`
    pub authorization: Option<&'a [u8]>,
    /// `X-API-Key`
    pub api_key: Option<&'a [u8]>,
    /// `Sec-WebSocket-Protocol`: pages of a browser can send no other header with a WebSocket.
    pub subprotocols: Option<&'a [u8]>,
}

impl Access {
    /// Who the caller is; `Unauthorized` where a key is asked for, and nothing that was presented is right.
    pub fn identify(&self, presented: &Presented<'_>) -> Result<Identity, CallError> {
        if let (Some(token), Some(presented)) = (&self.token, presented.token) {
            if token.is(presented) {
                return Ok(Identity::Member);
            }
        }
        if self.keys.is_empty() {
            return Ok(Identity::Anyone);
        }
        let offered = presented.subprotocols.and_then(offered_key);
        let keys = [presented.authorization.and_then(bearer), presented.api_key, offered.as_deref()];
        let known = keys.into_iter().flatten().find_map(|key| Secret::position(&self.keys, key));
        known.map(Identity::Client).ok_or(CallError::Unauthorized)
    }
}

/// RFC 6750, section 2.1; the scheme in any case, as RFC 9110, section 11.1, has it.
fn bearer(authorization: &[u8]) -> Option<&[u8]> {
    let (scheme, key) = authorization.split_at_checked(b"Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| key.trim_ascii())
}

/// Whether our subprotocol is among those of a `Sec-WebSocket-Protocol`.
pub fn offers_ours(subprotocols: &[u8]) -> bool {
    each(subprotocols).any(|name| name == SUBPROTOCOL.as_bytes())
}

fn offered_key(subprotocols: &[u8]) -> Option<Vec<u8>> {
    let encoded = each(subprotocols).find_map(|name| name.strip_prefix(KEY_SUBPROTOCOL.as_bytes()))?;
    BASE64_URL_SAFE_NO_PAD.decode(encoded).ok()
}

fn each(subprotocols: &[u8]) -> impl Iterator<Item = &[u8]> {
    subprotocols.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(keys: &[&str], token: Option<&str>) -> Access {
        let secret = |text: &str| text.parse::<Secret>().expect("a secret");
        Access { keys: keys.iter().map(|key| secret(key)).collect(), token: token.map(secret) }
    }

    fn identity(access: &Access, header: &str, value: &str) -> Option<Identity> {
        let value = Some(value.as_bytes());
        let presented = match header {
            "token" => Presented { token: value, ..Presented::default() },
            "authorization" => Presented { authorization: value, ..Presented::default() },
            "subprotocols" => Presented { subprotocols: value, ..Presented::default() },
            _ => Presented { api_key: value, ..Presented::default() },
        };
        access.identify(&presented).ok()
    }

    #[test]
    fn any_of_the_keys_makes_a_client_in_either_header() {
        let access = access(&["new", "old"], None);
        assert_eq!(identity(&access, "authorization", "Bearer new"), Some(Identity::Client(0)));
        assert_eq!(identity(&access, "authorization", "bearer  old "), Some(Identity::Client(1)));
        assert_eq!(identity(&access, "x-api-key", "old"), Some(Identity::Client(1)));
        for wrong in ["", "new", "Bearer", "Bearer ", "Bearer newer", "Basic new", "Bearer new old"] {
            assert_eq!(identity(&access, "authorization", wrong), None, "{wrong}");
        }
        assert_eq!(identity(&access, "x-api-key", "Bearer new"), None);
        assert!(access.identify(&Presented::default()).is_err());
        let both = Presented {
            authorization: Some(b"Basic x"),
            api_key: Some(b"new"),
            token: Some(b"new"),
            subprotocols: Some(b"x"),
        };
        assert_eq!(access.identify(&both).ok(), Some(Identity::Client(0)));
    }

    #[test]
    fn a_page_offers_its_key_as_a_subprotocol() {
        let access = access(&["a key/with+all?", "k"], None);
        for (offered, who) in [
            ("madrpc, madrpc.key.YSBrZXkvd2l0aCthbGw_", Some(Identity::Client(0))),
            ("madrpc.key.aw,madrpc", Some(Identity::Client(1))),
            ("madrpc, madrpc.key.aw==", None),
            ("madrpc, madrpc.key.YSBrZXkvd2l0aCthbGw/", None),
            ("madrpc, madrpc.key.", None),
            ("madrpc, madrpc.key.bA", None),
            ("madrpc, aw", None),
            ("madrpc", None),
            ("", None),
        ] {
            assert_eq!(identity(&access, "subprotocols", offered), who, "{offered}");
        }
        assert!(offers_ours(b"madrpc") && offers_ours(b"x, madrpc ,madrpc.key.aw"));
        assert!(!offers_ours(b"madrpc.key.aw") && !offers_ours(b"madrpcx") && !offers_ours(b""));
    }

    #[test]
    fn the_token_makes_a_member_and_a_key_does_not() {
        let open = access(&[], Some("t"));
        assert_eq!(identity(&open, "token", "t"), Some(Identity::Member));
        assert_eq!(identity(&open, "token", "x"), Some(Identity::Anyone));
        assert_eq!(identity(&open, "x-api-key", "t"), Some(Identity::Anyone));
        let closed = access(&["k"], Some("t"));
        assert_eq!(identity(&closed, "token", "t"), Some(Identity::Member));
        assert_eq!(identity(&closed, "token", "k"), None);
        assert_eq!(identity(&closed, "x-api-key", "t"), None);
        assert_eq!(identity(&closed, "x-api-key", "k"), Some(Identity::Client(0)));
    }
}
