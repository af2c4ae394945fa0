//! What a method says of itself when its node joins.

use serde::{Deserialize, Serialize};

/// Names that belong to the system: `madrpc.register` refuses them.
pub fn is_reserved(name: &str) -> bool {
    name.starts_with('_') || name.starts_with("rpc.")
}

/// A registered method (PROTOCOL, section 4). On the wire a plain name is short for its defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MethodInfo {
    /// The name it is called by.
    pub name: String,
    /// Running it twice does no more than running it once, so that a call that may have been received can be retried.
    pub idempotent: bool,
    /// An async generator, whose values may be streamed.
    pub stream: bool,
    /// May be sent to a second node when the first is slow.
    pub hedge: bool,
    /// Upper bound of one call in milliseconds, if the method sets one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl MethodInfo {
    /// A method with every default.
    pub fn named(name: impl Into<String>) -> Self {
        MethodInfo { name: name.into(), ..MethodInfo::default() }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OnTheWire {
    Name(String),
    #[serde(rename_all = "camelCase")]
    Full {
        name: String,
        #[serde(default)]
        idempotent: bool,
        #[serde(default)]
        stream: bool,
        #[serde(default)]
        hedge: bool,
        timeout_ms: Option<u64>,
        description: Option<String>,
    },
}

impl<'de> Deserialize<'de> for MethodInfo {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match OnTheWire::deserialize(deserializer)? {
            OnTheWire::Name(name) => MethodInfo::named(name),
            OnTheWire::Full { name, idempotent, stream, hedge, timeout_ms, description } => {
                MethodInfo { name, idempotent, stream, hedge, timeout_ms, description }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_name_is_short_for_its_defaults() {
        let methods: Vec<MethodInfo> =
            serde_json::from_str(r#"["add",{"name":"get","idempotent":true,"timeoutMs":5}]"#).expect("valid");
        assert_eq!(methods[0], MethodInfo::named("add"));
        assert!(methods[1].idempotent);
        assert_eq!(methods[1].timeout_ms, Some(5));
        let text = serde_json::to_string(&methods[0]).expect("serialises");
        assert_eq!(text, r#"{"name":"add","idempotent":false,"stream":false,"hedge":false}"#);
    }

    #[test]
    fn reserved_names() {
        assert!(is_reserved("_info") && is_reserved("rpc.discover"));
        assert!(!is_reserved("rpc") && !is_reserved("info_"));
    }
}
