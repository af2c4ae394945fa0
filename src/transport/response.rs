//! Reading what a peer answers.

use awc::error::PayloadError;
use awc::http::StatusCode;
use awc::ClientResponse;
use bytes::Bytes;
use madrpc_actors::protocol::{CallError, CallResult, CallScope, JsonText, Reply};
use serde::de::IgnoredAny;

use super::body::Body;

/// Of a body that is no reply, this much is logged.
const LOGGED: usize = 200;

/// A whole response.
pub(super) struct Received {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
    /// All of it has come. Of a body that lasts until its connection ends, nobody knows.
    complete: bool,
}

/// Reads all of a response whose body is at most `limit` bytes long; `max_body` is the limit that an error names.
pub(super) async fn receive(response: ClientResponse, limit: usize, max_body: usize) -> Result<Received, CallError> {
    let status = response.status();
    let mut body = Body::of(response);
    let complete = !body.is_open_ended();
    match body.whole(limit).await {
        Ok(body) => Ok(Received { status, body, complete }),
        Err(PayloadError::Overflow) => Err(CallError::TooLarge { limit: max_body as u64 }),
        Err(error) => Err(lost(&error)),
    }
}

/// An answer could not be read to its end.
pub(super) fn lost(error: &PayloadError) -> CallError {
    match error {
        PayloadError::EncodingCorrupted => CallError::internal("the body of an answer is not coded as its head says"),
        error => {
            log::debug!("connection lost while the answer came: {error}");
            CallError::Unreachable { sent: true }
        }
    }
}

impl Received {
    /// The reply to a call sent alone, whose id was 1.
    pub(super) fn into_result(self, scope: &CallScope) -> CallResult {
        match Reply::read(&self.body).inspect(|reply| scope.hears(reply)) {
            Some(reply) => match reply.id.as_deref() {
                Some("1") => reply.result,
                // An error about the request as a whole has no id.
                None | Some("null") if reply.result.is_err() => reply.result,
                _ => Err(self.not_a_reply()),
            },
            None => Err(self.not_a_reply()),
        }
    }

    /// What a notification came to: nothing is said of one that was taken.
    pub(super) fn into_receipt(self) -> CallResult {
        match Reply::read(&self.body) {
            Some(Reply { result: Err(refused), .. }) => Err(refused),
            _ if self.status.is_success() => Ok(JsonText::NULL),
            _ => Err(self.not_a_reply()),
        }
    }

    /// Why there is no reply in it: it was cut off, or the peer speaks something else.
    pub(super) fn not_a_reply(&self) -> CallError {
        let cut_off = |body| serde_json::from_slice::<IgnoredAny>(body).is_err_and(|error| error.is_eof());
        if !self.complete && cut_off(&self.body) {
            return CallError::Unreachable { sent: true };
        }
        let shown = String::from_utf8_lossy(&self.body[..self.body.len().min(LOGGED)]);
        CallError::internal(format!("HTTP {} is no JSON-RPC reply: {shown:?}", self.status.as_u16()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn code(body: &'static str, complete: bool) -> i64 {
        let received = Received { status: StatusCode::OK, body: Bytes::from_static(body.as_bytes()), complete };
        received.into_result(&CallScope::root(Duration::from_secs(1))).err().map_or(0, |error| error.code().0)
    }

    #[test]
    fn a_reply_belongs_to_the_call() {
        assert_eq!(code(r#"{"jsonrpc":"2.0","id":1,"result":null}"#, true), 0);
        assert_eq!(code(r#"{"jsonrpc":"2.0","id":2,"result":null}"#, true), -32603);
        assert_eq!(code(r#"{"jsonrpc":"2.0","id":null,"result":1}"#, true), -32603);
        assert_eq!(code(r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32006,"message":"m"}}"#, true), -32006);
    }

    #[test]
    fn a_notification_is_answered_by_nothing_or_by_why_it_was_not_taken() {
        let receipt = |status, body: &'static str| {
            let body = Bytes::from_static(body.as_bytes());
            Received { status, body, complete: true }.into_receipt().err().map_or(0, |error| error.code().0)
        };
        assert_eq!(receipt(StatusCode::OK, ""), 0);
        assert_eq!(receipt(StatusCode::NO_CONTENT, ""), 0);
        let refused = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32008,"message":"m"}}"#;
        assert_eq!(receipt(StatusCode::UNAUTHORIZED, refused), -32008);
        assert_eq!(receipt(StatusCode::BAD_GATEWAY, "<html>"), -32603);
    }

    #[test]
    fn a_cut_off_body_is_told_from_another_protocol() {
        assert_eq!(code(r#"{"jsonrpc":"2.0","id":1,"res"#, false), -32005);
        assert_eq!(code("", false), -32005);
        assert_eq!(code("", true), -32603);
        assert_eq!(code("<html>", false), -32603);
        assert_eq!(code(r#"{"jsonrpc":"2.0","id":1,"res"#, true), -32603);
    }
}
