//! Links over which both sides ask: how the frames of the two directions are told apart, and how a node knows that the
//! other side of a link is its orchestrator.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;

use super::{PeerUrl, Secret};

/// The notification `_link {key}`, by which an orchestrator tells a node that it may send its calls over this link.
pub const LINK: &str = "_link";

/// What tells of a call to the side that made it, beside the reply. All else that has a method asks.
const TELLING: [&str; 3] = ["_stream", "_progress", "_credit"];

/// Whether a frame of one of our own processes asks this side for something, or is about what it asked before; otherwise
/// it tells this side what came of its own calls. Both sides number their calls from 0, so that ids can't tell.
pub fn asks(frame: &[u8]) -> bool {
    let first = frame.strip_prefix(b"[").unwrap_or(frame);
    match method(first) {
        Written::Method(method) => !TELLING.iter().any(|name| method.strip_prefix(name.as_bytes()) == Some(b"\"")),
        Written::None => false,
        Written::Otherwise => reads_as_asking(first),
    }
}

/// The beginning of an envelope.
enum Written<'a> {
    /// The name of its method, and the quote after it.
    Method(&'a [u8]),
    /// It has none: it is a reply.
    None,
    /// Not as our own processes write it.
    Otherwise,
}

fn method(envelope: &[u8]) -> Written<'_> {
    let Some(members) = envelope.strip_prefix(br#"{"jsonrpc":"2.0","#) else { return Written::Otherwise };
    let members = match members.strip_prefix(br#""id":"#) {
        Some(id) => {
            let digits = id.iter().take_while(|byte| byte.is_ascii_digit()).count();
            id[digits..].strip_prefix(b",").unwrap_or_default()
        }
        None => members,
    };
    if members.starts_with(br#""result":"#) || members.starts_with(br#""error":"#) {
        return Written::None;
    }
    let name = members.strip_prefix(br#""method":""#).unwrap_or_default();
    match name.iter().position(|byte| matches!(byte, b'"' | b'\\')) {
        Some(end) if name[end] == b'"' => Written::Method(&name[..=end]),
        _ => Written::Otherwise,
    }
}

/// Slow, and right however it is written.
fn reads_as_asking(envelope: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow)]
        method: Option<Cow<'a, str>>,
    }
    let mut envelopes = serde_json::Deserializer::from_slice(envelope).into_iter::<Envelope<'_>>();
    let method = envelopes.next().and_then(|first| first.ok()?.method);
    method.is_some_and(|method| !TELLING.contains(&&*method))
}

/// The keys that a node gives to its orchestrators when it registers, to each its own.
#[derive(Clone, Debug, Default)]
pub struct LinkKeys {
    owners: Arc<[PeerUrl]>,
    /// In the same order.
    keys: Arc<[Secret]>,
}

impl LinkKeys {
    /// `secret` makes them; nobody must be able to guess what it gives.
    pub fn new(orchestrators: &[PeerUrl], mut secret: impl FnMut() -> Secret) -> Self {
        LinkKeys { owners: orchestrators.into(), keys: orchestrators.iter().map(|_| secret()).collect() }
    }

    /// The key that this orchestrator is given.
    pub fn of(&self, orchestrator: &PeerUrl) -> Option<&Secret> {
        self.keys.get(self.owners.iter().position(|owner| owner == orchestrator)?)
    }

    /// Which orchestrator was given `key`.
    pub fn owner(&self, key: &[u8]) -> Option<&PeerUrl> {
        self.owners.get(Secret::position(&self.keys, key)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_asks_is_told_from_what_tells() {
        for asking in [
            r#"{"jsonrpc":"2.0","id":7,"method":"add","params":[1]}"#,
            r#"[{"jsonrpc":"2.0","id":0,"method":"_streams"}]"#,
            r#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}}"#,
            r#"{"jsonrpc":"2.0","method":"_push","params":{"id":1,"value":2}}"#,
            r#"{"jsonrpc":"2.0","method":"_pull","params":{"id":1,"n":8}}"#,
            r#"{"jsonrpc":"2.0","id":"a","method":"add"}"#,
            r#" {"id":1,"method":"add","jsonrpc":"2.0"}"#,
            r#"[{"params":[{"method":"_stream"}],"method":"_push"}, 7]"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"\u005fpush"}"#,
        ] {
            assert!(asks(asking.as_bytes()), "{asking}");
        }
        for telling in [
            r#"{"jsonrpc":"2.0","id":7,"result":{"method":"add"}}"#,
            r#"[{"jsonrpc":"2.0","id":7,"error":{"code":-32601,"message":"method"}}]"#,
            r#"{"jsonrpc":"2.0","method":"_stream","params":{"id":1,"seq":0,"value":2}}"#,
            r#"{"jsonrpc":"2.0","method":"_progress","params":{"id":1,"done":0}}"#,
            r#"{"jsonrpc":"2.0","method":"_credit","params":{"id":1,"n":2}}"#,
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}"#,
            r#"{"method":"_stream","jsonrpc":"2.0"}"#,
            r#"{"jsonrpc":"2.0","method":"\u005fstream"}"#,
            r#"{"result":{"method":"add"},"id":7,"jsonrpc":"2.0"}"#,
            "",
            "[",
            "7",
        ] {
            assert!(!asks(telling.as_bytes()), "{telling}");
        }
    }

    #[test]
    fn each_orchestrator_has_a_key_of_its_own() {
        let urls = ["http://a", "http://b"].map(|url| PeerUrl::parse(url).expect("a URL"));
        let mut next = 0;
        let keys = LinkKeys::new(&urls, || {
            next += 1;
            format!("key{next}").parse().expect("a secret")
        });
        assert_eq!(keys.of(&urls[1]).map(Secret::expose), Some("key2"));
        assert_eq!((keys.owner(b"key1"), keys.owner(b"key2")), (Some(&urls[0]), Some(&urls[1])));
        assert_eq!((keys.owner(b"key"), keys.owner(b"")), (None, None));
        assert!(keys.of(&PeerUrl::parse("http://c").expect("a URL")).is_none());
    }
}
