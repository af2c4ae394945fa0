//! A WebSocket session of a command: one exchange at a time.

use actix_codec::Framed;
use awc::ws::{Codec, Frame, Message};
use awc::BoxedSocket;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};

/// An open session.
pub struct Session {
    pub(super) socket: Framed<BoxedSocket, Codec>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl Session {
    /// Sends a frame of text, and waits for the next one. A session that is left meanwhile must not be used again. The
    /// error is for people.
    pub async fn exchange(&mut self, text: &[u8]) -> Result<Bytes, String> {
        let text = std::str::from_utf8(text).map_err(|error| error.to_string())?;
        self.socket.send(Message::Text(text.into())).await.map_err(|error| error.to_string())?;
        loop {
            match self.socket.next().await {
                Some(Ok(Frame::Text(text))) => return Ok(text),
                Some(Ok(Frame::Ping(payload))) => {
                    self.socket.send(Message::Pong(payload)).await.map_err(|error| error.to_string())?;
                }
                Some(Ok(Frame::Close(_))) | None => return Err("the session was closed".into()),
                Some(Ok(Frame::Continuation(_) | Frame::Binary(_) | Frame::Pong(_))) => {}
                Some(Err(error)) => return Err(error.to_string()),
            }
        }
    }
}
