//! A WebSocket session of a command: one exchange at a time.

use awc::ws::{Frame, Message};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};

use super::link::Socket;

/// An open session.
pub struct Exchange {
    socket: Box<dyn Socket>,
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange").finish_non_exhaustive()
    }
}

impl Exchange {
    pub(super) fn new(socket: impl Socket + 'static) -> Self {
        Exchange { socket: Box::new(socket) }
    }

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
