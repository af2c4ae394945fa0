//! What nodes and the orchestrator tell each other to form a cluster (PROTOCOL, section 4).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::method::MethodInfo;
use super::report::Report;
use super::secret::Secret;

/// Params of `_register`. Also accepted as `["url"]`, and without methods, which are then asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Register {
    /// How the orchestrator reaches the node.
    pub node_url: String,
    /// What the node serves; absent: ask its `_info`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub methods: Option<Vec<MethodInfo>>,
    /// For routing by tag.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Capacity relative to others, 1 to 1,000.
    #[serde(default = "one")]
    pub weight: u32,
    /// The node's release.
    #[serde(default)]
    pub version: String,
    /// The identity of this run of the node; `_info` must answer the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// What the orchestrator is to show when it lets the node ask over the links between them.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "exposed")]
    pub link_key: Option<Secret>,
}

fn one() -> u32 {
    1
}

/// A secret for the other side's eyes.
mod exposed {
    use serde::{de::Error, Deserialize, Deserializer, Serialize, Serializer};

    use crate::protocol::Secret;

    #[allow(clippy::ref_option, reason = "serde asks for a reference to the field")]
    pub(super) fn serialize<S: Serializer>(secret: &Option<Secret>, to: S) -> Result<S::Ok, S::Error> {
        secret.as_ref().map(Secret::expose).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Secret>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| text.parse()).transpose().map_err(D::Error::custom)
    }
}

/// Result of `_register`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// The node's URL in normal form.
    pub registered_url: String,
    /// False when this instance was a member already.
    pub is_new_registration: bool,
    /// The member is dropped when no heartbeat arrives for this long, in milliseconds.
    pub lease_ms: u64,
    /// The node's identity.
    pub instance: String,
}

/// Params of `_heartbeat`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Heartbeat {
    /// Who sends it.
    pub instance: String,
    /// Calls that run or wait on the node.
    #[serde(default)]
    pub inflight: u64,
    /// Calls of those that no executor has begun.
    #[serde(default)]
    pub queue: u64,
    /// Share of its cores that the node used since the last heartbeat, 0 to 1.
    #[serde(default)]
    pub cpu: f64,
    /// What it has done; absent from older nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
}

/// Result of `_heartbeat`: `known` false tells the node to register again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeartbeatReply {
    /// Whether the orchestrator has this instance as a member.
    pub known: bool,
    /// The lease from now on, in milliseconds.
    pub lease_ms: u64,
}

/// The part of a node's `_info` that an orchestrator reads. Any other server's answer has none of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NodeInfo {
    /// `"node"` or `"orchestrator"`.
    #[serde(default)]
    pub server_type: String,
    /// The identity of this run.
    #[serde(default)]
    pub instance: String,
    /// The release.
    #[serde(default)]
    pub version: String,
    /// What it serves.
    #[serde(default)]
    pub methods: Vec<MethodInfo>,
    /// For routing by tag.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Capacity relative to others.
    #[serde(default = "one")]
    pub weight: u32,
    /// How often its supervisor has replaced the engine: the instance stays, and what was in the engine is gone.
    #[serde(default)]
    pub engine_restarts: u64,
    /// It takes no further calls.
    #[serde(default)]
    pub draining: bool,
}
