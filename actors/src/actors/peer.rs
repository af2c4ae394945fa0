//! Other processes as the actors see them: a client that takes calls to an address.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::LocalBoxFuture;
use futures_util::stream::LocalBoxStream;

pub use crate::protocol::PeerUrl;
use crate::protocol::{Call, CallResult};

/// Takes calls to other processes. Bound to the thread that made it.
///
/// Failures to deliver come back as `CallError::Unreachable` (`sent` false only when nothing left this process),
/// `Timeout` (the call's deadline passed), `TooLarge` (the reply is over its limit) or `Internal` (the answer is no
/// JSON-RPC reply); the peer's own errors as `CallError::Remote`. Dropping a future or stream cancels at the peer.
pub trait PeerClient: 'static {
    /// One call by one request.
    fn call(&self, peer: &PeerUrl, call: Call) -> LocalBoxFuture<'static, CallResult>;

    /// Many calls by one request to a process of ours, each answered as it finishes. Every index of `calls` comes
    /// exactly once.
    fn batch(&self, peer: &PeerUrl, calls: Vec<Call>) -> LocalBoxStream<'static, (usize, CallResult)>;

    /// When anything was last heard of it beside answers, as far as this thread knows.
    fn heard(&self, _peer: &PeerUrl) -> Option<Instant> {
        None
    }
}

/// Makes the client of a thread.
pub type PeerClientFactory = Arc<dyn Fn() -> Rc<dyn PeerClient> + Send + Sync>;
