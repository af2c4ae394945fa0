//! Reading a body within its limits.

use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::HttpRequest;
use bytes::{Bytes, BytesMut};
use futures_util::{future, StreamExt};

use super::head::Head;
use super::watch::{Quota, Watch};

/// Room made at once for a body that comes in pieces, whatever length was declared: a declaration costs its sender
/// nothing.
const FIRST_ROOM: usize = 256 * 1024;

/// What may come with a body in chunks (RFC 9112, section 7.1) beside its bytes: sizes, extensions, trailers. So much for each
/// byte, which is enough for chunks of one byte, and so much besides; actix-http reads ahead half of that.
const FRAMING_EACH: i64 = 16;
const FRAMING: i64 = 256 * 1024;

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyError {
    /// Longer than the limit.
    TooLarge,
    /// Not all of it came in time.
    TimedOut,
    /// The connection ended, or the framing is wrong.
    Broken,
}

/// A body that nobody has read.
pub(super) struct Unread {
    payload: Payload,
    declared: Option<u64>,
    watch: Option<Rc<Watch>>,
}

impl Unread {
    pub(super) fn of(request: &HttpRequest, head: &Head<'_>, payload: Payload) -> Self {
        Unread { payload, declared: head.body_len(), watch: request.conn_data::<Rc<Watch>>().cloned() }
    }

    /// Reads all of it. One that arrives in one piece is not copied.
    pub(super) async fn read(self, limit: usize, within: Duration) -> Result<Bytes, BodyError> {
        if self.declared.is_some_and(|len| len > limit as u64) {
            return Err(BodyError::TooLarge);
        }
        // A length that was declared says what belongs to the body; nothing else comes with it.
        let quota = self.watch.filter(|_| self.declared.is_none()).map(|watch| watch.quota(FRAMING));
        let body = tokio::time::timeout(within, collect(self.payload, limit, quota.as_ref())).await;
        let body = body.unwrap_or(Err(BodyError::TimedOut));
        if let (Some(quota), true) = (quota, body.is_err()) {
            quota.refuse();
        }
        body
    }
}

async fn collect(mut payload: Payload, limit: usize, quota: Option<&Quota>) -> Result<Bytes, BodyError> {
    let mut next = async || {
        let next = future::poll_fn(|cx| match payload.poll_next_unpin(cx) {
            Poll::Pending if quota.is_some_and(Quota::is_used_up) => Poll::Ready(Err(BodyError::TooLarge)),
            polled => polled.map(|chunk| chunk.transpose().map_err(|_| BodyError::Broken)),
        });
        let chunk = next.await?;
        if let (Some(quota), Some(chunk)) = (quota, &chunk) {
            quota.grant(i64::try_from(chunk.len()).map_or(i64::MAX, |len| FRAMING_EACH.saturating_mul(len)));
        }
        Ok::<_, BodyError>(chunk)
    };
    let Some(first) = next().await? else {
        return Ok(Bytes::new());
    };
    if first.len() > limit {
        return Err(BodyError::TooLarge);
    }
    let Some(second) = next().await? else {
        return Ok(first);
    };
    let mut whole = BytesMut::with_capacity(FIRST_ROOM.min(limit));
    whole.extend_from_slice(&first);
    let mut chunk = Some(second);
    while let Some(bytes) = chunk {
        if whole.len() + bytes.len() > limit {
            return Err(BodyError::TooLarge);
        }
        whole.extend_from_slice(&bytes);
        chunk = next().await?;
    }
    Ok(whole.freeze())
}
