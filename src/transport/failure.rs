//! What awc's errors mean to whoever might try another node.

use awc::error::{ConnectError, SendRequestError};
use madrpc_actors::protocol::CallError;

/// `sent` is false only when nothing of the request can have left this process.
///
/// awc says `Connect(Disconnected)` also when an established connection ends before the head of the response, so that
/// one counts as sent. So does a failed write: awc doesn't tell how much of the request went out before it. A pooled
/// connection that the peer is known to have closed is left aside by awc and never gets here.
pub(super) fn unreachable(error: &SendRequestError) -> CallError {
    let sent = match error {
        SendRequestError::Url(_) => false,
        SendRequestError::Connect(error) => matches!(error, ConnectError::Disconnected),
        _ => true,
    };
    log::debug!("request failed (sent: {sent}): {error}");
    CallError::Unreachable { sent }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(error: SendRequestError) -> bool {
        match unreachable(&error) {
            CallError::Unreachable { sent } => sent,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn only_failures_to_connect_are_unsent() {
        let refused = || std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        assert!(!sent(SendRequestError::Connect(ConnectError::Io(refused()))));
        assert!(!sent(SendRequestError::Connect(ConnectError::Timeout)));
        assert!(!sent(SendRequestError::Connect(ConnectError::NoRecords)));
        assert!(sent(SendRequestError::Connect(ConnectError::Disconnected)));
        assert!(sent(SendRequestError::Send(refused())));
        assert!(sent(SendRequestError::Timeout));
    }
}
