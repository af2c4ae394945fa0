//! The actors: shells around `policy` and `engine` that exchange typed messages.
//!
//! They know no HTTP. What they need of the network are the traits `PeerClient` and `Fetcher`.

pub mod broker;
mod call_deadlines;
pub mod circuit_breaker;
mod clock;
pub mod cluster;
pub mod executor_inbox;
#[cfg(test)]
mod fake_peers;
pub mod fetching;
pub mod idempotency;
pub mod js_executor;
pub mod js_pool;
pub mod node_registry;
pub mod open_calls;
pub mod orchestrator;
pub mod outbound;
pub mod peer;
pub mod registrar;
pub mod reply_to;
pub mod script_events;
#[cfg(test)]
mod simulation;
pub mod watchdog;

pub use broker::{Broker, Hub};
pub use cluster::{Cluster, ClusterConfig};
pub use fetching::Fetching;
pub use idempotency::Idempotency;
pub use js_pool::JsPool;
pub use orchestrator::OrchestratorHandle;
pub use outbound::Outbound;
pub use peer::{PeerClient, PeerClientFactory, PeerUrl};
pub use reply_to::ReplyTo;
pub use script_events::ScriptEvents;
