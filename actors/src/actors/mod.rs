//! The actors: shells around `policy` and `engine` that exchange typed messages.
//!
//! They know no HTTP. What they need of the network is the trait `PeerClient`.

pub mod circuit_breaker;
mod clock;
pub mod cluster;
#[cfg(test)]
mod fake_peers;
pub mod node_registry;
pub mod orchestrator;
pub mod peer;
pub mod reply_to;

pub use cluster::{Cluster, ClusterConfig};
pub use orchestrator::OrchestratorHandle;
pub use peer::{PeerClient, PeerClientFactory, PeerUrl};
pub use reply_to::ReplyTo;
