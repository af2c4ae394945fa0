//! Other processes as the actors see them: a client that takes calls to an address.

use std::rc::Rc;
use std::sync::Arc;

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
}

/// Makes the client of a thread.
pub type PeerClientFactory = Arc<dyn Fn() -> Rc<dyn PeerClient> + Send + Sync>;
<<<<<<< HEAD
=======

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_have_one_normal_form() {
        for text in ["http://127.0.0.1:9001/", "HTTP://127.0.0.1:9001", " http://127.0.0.1:9001 "] {
            assert_eq!(
                PeerUrl::parse(text).map(|url| url.to_string()).as_deref(),
                Ok("http://127.0.0.1:9001"),
                "{text}"
            );
        }
        assert_eq!(
            PeerUrl::parse("http://Node.Example").map(|url| url.to_string()).as_deref(),
            Ok("http://node.example:80")
        );
        assert_eq!(PeerUrl::parse("https://[::1]").map(|url| url.to_string()).as_deref(), Ok("https://[::1]:443"));
    }

    #[test]
    fn what_is_not_a_bare_address_is_refused() {
        for text in [
            "",
            "x",
            "ftp://h",
            "http://",
            "http://u@h",
            "http://h/p",
            "http://h/?q",
            "http://h/#f",
            "http://h:0",
            "file:///x",
        ] {
            assert!(PeerUrl::parse(text).is_err(), "{text}");
        }
    }
}
>>>>>>> tests
