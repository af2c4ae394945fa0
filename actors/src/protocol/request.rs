//! Reading requests: JSON-RPC 2.0, sections 4 and 6 (<https://www.jsonrpc.org/specification>).
//!
//! Only the envelope is read. `params` stays the text that it was.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::CallError;

/// One request object, borrowing from the body.
#[derive(Debug)]
pub struct Request<'a> {
    /// The id as it was written; absent for a notification.
    pub id: Option<&'a RawValue>,
    /// The method's name.
    pub method: Cow<'a, str>,
    /// An array or an object.
    pub params: Option<&'a RawValue>,
    /// What a header could say, said per call.
    pub meta: Meta,
}

/// The extra member `meta` of a request object (PROTOCOL, section 2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Meta {
    /// Time that the call may take, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// Makes a retry safe.
    pub idempotency_key: Option<String>,
    /// W3C trace context.
    pub traceparent: Option<String>,
    /// Tags that the node must carry.
    pub tags: Option<BTreeMap<String, String>>,
    /// How many calls this one is nested in. Told by nodes.
    pub depth: Option<u32>,
    /// The span of the call that made it. Told by nodes, of calls whose trace is kept.
    pub parent: Option<u64>,
    /// Whether its items are wanted one by one, over a WebSocket.
    pub stream: Option<bool>,
    /// Values will be pushed to it. Told by our own processes; a client just pushes.
    pub input: Option<bool>,
    /// Whether it should tell how far it is, where that can be told.
    pub progress: Option<bool>,
}

/// A value that is not a request: what to answer, and the id if it could be read.
#[derive(Debug)]
pub struct Refused<'a> {
    /// The id to answer with; `null` when there is none.
    pub id: Option<&'a RawValue>,
    /// Parse error or invalid request, or what is wrong with `meta`.
    pub error: CallError,
}

/// One element of a body.
pub type Element<'a> = Result<Request<'a>, Refused<'a>>;

/// A whole body.
#[derive(Debug)]
pub enum Body<'a> {
    /// One request object, or something that should have been one.
    Single(Element<'a>),
    /// A batch of at least one element.
    Batch(Vec<&'a RawValue>),
}

/// Reads a body. A parse error and an empty batch are `Single` refusals, since one error object answers them.
pub fn read(body: &[u8]) -> Body<'_> {
    read_up_to(body, usize::MAX)
}

/// As `read`, but keeps only the first `most` elements of a batch: millions of them would take many times the memory
/// of the body. The rest is checked to be JSON.
pub fn read_up_to(body: &[u8], most: usize) -> Body<'_> {
    let refuse = |error| Body::Single(Err(Refused { id: None, error }));
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'[') => match elements(body, most) {
            Ok(elements) if elements.is_empty() => refuse(CallError::InvalidRequest),
            Ok(elements) => Body::Batch(elements),
            Err(_) => refuse(CallError::Parse),
        },
        _ => match std::str::from_utf8(body) {
            Ok(text) => Body::Single(read_element(text)),
            Err(_) => refuse(CallError::Parse),
        },
    }
}

/// The first `most` elements of an array; the rest is checked to be JSON.
pub fn elements(body: &[u8], most: usize) -> serde_json::Result<Vec<&RawValue>> {
    struct Elements(usize);
    impl<'de> Visitor<'de> for Elements {
        type Value = Vec<&'de RawValue>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a batch")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut elements = Vec::new();
            while elements.len() < self.0 {
                match seq.next_element()? {
                    Some(element) => elements.push(element),
                    None => return Ok(elements),
                }
            }
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(elements)
        }
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let elements = serde::Deserializer::deserialize_seq(&mut deserializer, Elements(most))?;
    deserializer.end()?;
    Ok(elements)
}

/// Reads one element: the text of a single body, or of one value of a batch.
pub fn read_element(text: &str) -> Element<'_> {
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|_| {
        // Neither is a value of the wrong kind read on, nor is a number beyond doubles no JSON.
        let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok();
        Refused { id: None, error: if is_json { CallError::InvalidRequest } else { CallError::Parse } }
    })?;
    let id = match envelope.id {
        // Section 4: an id is a string, a number or null; anything else can't be echoed.
        Some(id) if matches!(id.get().as_bytes()[0], b'{' | b'[' | b't' | b'f') => {
            return Err(Refused { id: None, error: wrong("id is neither a string nor a number nor null") });
        }
        id => id,
    };
    let refuse = |error| Refused { id, error };
    let version = envelope.jsonrpc.and_then(|version| serde_json::from_str::<Cow<'_, str>>(version.get()).ok());
    let method = envelope.method.and_then(|method| string(method.get()));
    let has_params = envelope.params.is_none_or(|params| matches!(params.get().as_bytes()[0], b'{' | b'['));
    let method = match (version.as_deref() == Some("2.0"), method, has_params) {
        (true, Some(method), true) => method,
        (false, Some(_), true) => return Err(refuse(wrong(r#"jsonrpc is not "2.0""#))),
        (true, None, true) => return Err(refuse(wrong("method is no string"))),
        (true, Some(_), false) => return Err(refuse(wrong("params is neither an array nor an object"))),
        // Where more than one thing is wrong it is something else than a request, as in the specification's examples.
        _ => return Err(refuse(CallError::InvalidRequest)),
    };
    let meta = match envelope.meta {
        Some(meta) => serde_json::from_str(meta.get())
            .map_err(|error| refuse(CallError::invalid_params("meta", error.to_string())))?,
        None => Meta::default(),
    };
    Ok(Request { id, method, params: envelope.params, meta })
}

/// A request object but for one thing.
fn wrong(what: &str) -> CallError {
    CallError::InvalidRequest.with("reason", what)
}

fn string(raw: &str) -> Option<Cow<'_, str>> {
    /// serde gives `Cow<str>` owned always; most names have no escape and can be borrowed.
    struct Borrowing;
    impl<'de> Visitor<'de> for Borrowing {
        type Value = Cow<'de, str>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }
        fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
            Ok(Cow::Borrowed(text))
        }
        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Cow::Owned(text.to_owned()))
        }
    }
    serde::Deserializer::deserialize_str(&mut serde_json::Deserializer::from_str(raw), Borrowing).ok()
}

/// The members of an object that JSON-RPC knows; of a name given twice the last counts, as in `JSON.parse`.
#[derive(Default)]
struct Envelope<'a> {
    jsonrpc: Option<&'a RawValue>,
    id: Option<&'a RawValue>,
    method: Option<&'a RawValue>,
    params: Option<&'a RawValue>,
    meta: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Member {
    Jsonrpc,
    Id,
    Method,
    Params,
    Meta,
    #[serde(other)]
    Other,
}

impl<'de> Deserialize<'de> for Envelope<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Envelope<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a request object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut envelope = Envelope::default();
                while let Some(member) = map.next_key()? {
                    let slot = match member {
                        Member::Jsonrpc => &mut envelope.jsonrpc,
                        Member::Id => &mut envelope.id,
                        Member::Method => &mut envelope.method,
                        Member::Params => &mut envelope.params,
                        Member::Meta => &mut envelope.meta,
                        Member::Other => {
                            map.next_value::<IgnoredAny>()?;
                            continue;
                        }
                    };
                    *slot = Some(map.next_value()?);
                }
                Ok(envelope)
            }
        }
        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(body: &str) -> (i64, Option<String>) {
        match read(body.as_bytes()) {
            Body::Single(Err(refused)) => (refused.error.code().0, refused.id.map(|id| id.get().to_owned())),
            other => panic!("{body} was accepted as {other:?}"),
        }
    }

    #[test]
    fn a_request_keeps_the_text_of_id_and_params() {
        let Body::Single(Ok(request)) = read(br#" {"jsonrpc":"2.0","id":1.0,"method":"add","params":{"a": 1e2}} "#)
        else {
            panic!("refused");
        };
        assert_eq!(request.id.map(RawValue::get), Some("1.0"));
        assert_eq!(request.params.map(RawValue::get), Some(r#"{"a": 1e2}"#));
        assert!(matches!(request.method, Cow::Borrowed("add")));
    }

    #[test]
    fn an_escaped_method_name_is_decoded() {
        let request = read_element(r#"{"jsonrpc":"\u0032.0","method":"a\u0064d"}"#).expect("valid");
        assert_eq!(request.method, "add");
        assert!(request.id.is_none());
    }

    #[test]
    fn a_null_id_is_an_id() {
        let request = read_element(r#"{"jsonrpc":"2.0","method":"m","id":null}"#).expect("valid");
        assert_eq!(request.id.map(RawValue::get), Some("null"));
    }

    #[test]
    fn refusals_carry_the_code_and_a_readable_id() {
        assert_eq!(refusal("{"), (-32700, None));
        assert_eq!(refusal(""), (-32700, None));
        assert_eq!(refusal("[1,"), (-32700, None));
        for no_json in ["{} x", "2@", "1]", "\"a\" b", "null,", "tru", "[1]]", "1 2", "-", "{\"a\":1}}"] {
            assert_eq!(refusal(no_json), (-32700, None), "{no_json}");
        }
        assert_eq!(refusal("[]"), (-32600, None));
        assert_eq!(refusal("1"), (-32600, None));
        assert_eq!(refusal(&"9".repeat(400)), (-32600, None));
        assert_eq!(refusal("\"x\""), (-32600, None));
        assert_eq!(refusal(r#"{"id":5}"#), (-32600, Some("5".into())));
        assert_eq!(refusal(r#"{"jsonrpc":"2.0","method":1,"id":"a"}"#), (-32600, Some("\"a\"".into())));
        assert_eq!(refusal(r#"{"jsonrpc":"1.0","method":"m","id":1}"#), (-32600, Some("1".into())));
        assert_eq!(refusal(r#"{"jsonrpc":"2.0","method":"m","params":"bar"}"#), (-32600, None));
        assert_eq!(refusal(r#"{"jsonrpc":"2.0","method":"m","params":null,"id":1}"#), (-32600, Some("1".into())));
        assert_eq!(refusal(r#"{"jsonrpc":"2.0","method":"m","id":{}}"#), (-32600, None));
        assert_eq!(refusal(r#"{"jsonrpc":"2.0","method":"m","id":true}"#), (-32600, None));
        assert_eq!(
            refusal(r#"{"jsonrpc":"2.0","method":"m","id":1,"meta":{"timeoutMs":"x"}}"#),
            (-32602, Some("1".into()))
        );
    }

    #[test]
    fn a_body_that_is_not_utf8_is_a_parse_error() {
        assert!(matches!(read(b"{\"a\":\"\xff\"}"), Body::Single(Err(Refused { error: CallError::Parse, .. }))));
        assert!(matches!(read(b"[\"\xff\"]"), Body::Single(Err(Refused { error: CallError::Parse, .. }))));
    }

    #[test]
    fn of_a_long_batch_the_first_elements_are_kept_and_all_are_checked() {
        let kept = |body: &'static str, most| match read_up_to(body.as_bytes(), most) {
            Body::Batch(elements) => elements.len(),
            Body::Single(_) => panic!("{body} was refused"),
        };
        assert_eq!(kept("[1,2,3]", 4), 3);
        assert_eq!(kept("[1,2,3]", 3), 3);
        assert_eq!(kept("[1,2,3]", 2), 2);
        for bad in ["[1,2,3", "[1,2,]", "[1,2,3] x", "[1,2,\"\u{1}\"]"] {
            assert!(matches!(read_up_to(bad.as_bytes(), 1), Body::Single(_)), "{bad}");
        }
    }

    #[test]
    fn of_a_member_given_twice_the_last_counts() {
        let request = read_element(r#"{"jsonrpc":"2.0","method":"a","method":"b","id":1,"id":2}"#).expect("valid");
        assert_eq!((request.method.as_ref(), request.id.map(RawValue::get)), ("b", Some("2")));
    }

    #[test]
    fn meta_is_read() {
        let request = read_element(r#"{"jsonrpc":"2.0","method":"m","meta":{"timeoutMs":5,"tags":{"k":"v"},"x":1}}"#)
            .expect("valid");
        assert_eq!(request.meta.timeout_ms, Some(5));
        assert_eq!(request.meta.tags.as_ref().and_then(|tags| tags.get("k")).map(String::as_str), Some("v"));
    }
}
