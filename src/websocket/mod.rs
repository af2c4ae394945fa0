//! The frames of WebSockets (RFC 6455), and whether the other side is there, for every session and link of this process.
//!
//! Knows no JSON-RPC, no HTTP, and not what a message is for.

mod codec;
mod head;
mod life;

pub(crate) use codec::{close_reason, Codec};
pub(crate) use head::Peer;
pub(crate) use life::{write_little_ahead, Life, Noted, SILENCE};
