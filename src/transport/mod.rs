//! The client between processes: plain JSON-RPC 2.0 over HTTP POST, by awc.
//!
//! Knows URLs, headers and when a request may have reached its peer. It does not choose peers and does not retry.

mod askers;
mod batch;
mod body;
mod by_address;
mod client;
mod coding;
mod connect;
mod dial_in;
mod exchange;
mod failure;
mod fetch;
mod heads;
mod lines;
mod link;
mod one_shot;
mod peer_links;
mod response;
mod session;
mod wire;

pub use askers::{Asker, Askers};
pub(crate) use body::Body;
pub use client::{AwcClient, TransportConfig};
pub use dial_in::Dialler;
pub use exchange::Exchange;
pub use fetch::AwcFetcher;

pub(crate) use lines::{Line, Lines, NDJSON};
pub use link::{Guest, Host};
pub(crate) use link::{Link, Socket};
pub use one_shot::OneShot;
pub(crate) use peer_links::PeerLink;
pub use peer_links::PeerLinks;
