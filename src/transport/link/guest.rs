//! Peers that ask over links that this process has opened, or that it takes calls to.

use std::net::IpAddr;
use std::task::{Context, Poll};

use awc::ws::{Frame, Message};
use madrpc_actors::policy::access::Identity;

/// Where peers are answered: on the thread of their links.
pub trait Host {
    /// Answers a peer of this identity, that comes from `ip`, for as long as what it returns is there. `None` at the end
    /// of the process.
    fn receive(&self, identity: Identity, ip: IpAddr) -> Option<Box<dyn Guest>>;
}

/// A peer that is answered. Dropping it cancels its calls.
pub trait Guest {
    /// A frame of the peer's that asks, or shows that it is there.
    fn hear(&mut self, frame: Frame);

    /// What to say to it; `None` after the last words.
    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Message>>;

    /// Whether nothing of its calls is under way.
    fn is_idle(&self) -> bool;
}
