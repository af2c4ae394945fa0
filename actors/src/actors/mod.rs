//! The actors: shells around `policy` and `engine` that exchange typed messages.
//!
//! They know no HTTP. What they need of the network is the trait `PeerClient`.

pub mod executor_inbox;
pub mod js_executor;
pub mod js_pool;
pub mod outbound;
pub mod peer;
pub mod registrar;
pub mod reply_to;

pub use js_pool::JsPool;
pub use outbound::Outbound;
pub use peer::{PeerClient, PeerClientFactory, PeerUrl};
pub use reply_to::ReplyTo;
