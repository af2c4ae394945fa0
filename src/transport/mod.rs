//! The client between processes: plain JSON-RPC 2.0 over HTTP POST, by awc.
//!
//! Knows URLs, headers and when a request may have reached its peer. It does not choose peers and does not retry.

mod batch;
mod by_address;
mod client;
mod connect;
mod dial_in;
mod exchange;
mod failure;
mod fetch;
mod lines;
mod link;
mod one_shot;
mod response;
mod session;
mod wire;

pub use client::{AwcClient, TransportConfig};
pub use dial_in::{DialIns, Dialler};
pub use exchange::Exchange;
pub use fetch::AwcFetcher;

pub(crate) use lines::{Line, Lines, NDJSON};
pub(crate) use link::Socket;
pub use one_shot::OneShot;
