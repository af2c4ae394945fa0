//! The actors: shells around `policy` and `engine` that exchange typed messages.
//!
//! They know no HTTP. What they need of the network is the trait `PeerClient`.

pub mod peer;
pub mod reply_to;

pub use peer::{PeerClient, PeerClientFactory, PeerUrl};
pub use reply_to::ReplyTo;
