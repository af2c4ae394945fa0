//! Reading a body within its limits.

use std::time::Duration;

use actix_web::dev::Payload;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;

/// Room made at once for a body that comes in pieces, whatever length was declared: a declaration costs its sender
/// nothing.
const FIRST_ROOM: usize = 256 * 1024;

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

/// Reads all of the body. One that arrives in one piece is not copied.
pub(super) async fn read(
    payload: Payload,
    declared: Option<u64>,
    limit: usize,
    within: Duration,
) -> Result<Bytes, BodyError> {
    if declared.is_some_and(|len| len > limit as u64) {
        return Err(BodyError::TooLarge);
    }
    tokio::time::timeout(within, collect(payload, limit))
        .await
        .unwrap_or(Err(BodyError::TimedOut))
}

async fn collect(mut payload: Payload, limit: usize) -> Result<Bytes, BodyError> {
    let mut next = async || payload.next().await.transpose().map_err(|_| BodyError::Broken);
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
