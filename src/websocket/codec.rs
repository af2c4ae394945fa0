//! From bytes to messages and back. The payload of a frame is kept once its head was found to be in order, and fragments
//! are joined, both up to one limit.

use actix_codec::{Decoder, Encoder};
use actix_http::ws::{self, CloseCode, CloseReason, Frame, Item, Message, OpCode, ProtocolError};
use bytes::{Bytes, BytesMut};

use super::head::{malformed, Head, Peer};

/// A message may have so many fragments with nothing in them; the others are bounded by its length.
const MOST_EMPTY: usize = 1_000;

/// Fragments are gathered in pieces of about so many bytes: one buffer that grows would be copied each time, and there would
/// be two of them meanwhile.
const PIECE: usize = 256 * 1024;

/// Whole messages: no [`Frame::Continuation`] comes out of it.
#[derive(Debug)]
pub(crate) struct Codec {
    inner: ws::Codec,
    peer: Peer,
    /// The longest message, in bytes.
    longest: usize,
    /// The head of the frame that comes, when it was found to be in order.
    head: Option<Head>,
    /// The fragments of a message that goes on.
    fragments: Option<Fragments>,
}

#[derive(Debug)]
struct Fragments {
    is_text: bool,
    pieces: Vec<BytesMut>,
    len: usize,
    empty: usize,
}

impl Fragments {
    fn push(&mut self, bytes: &[u8]) {
        self.empty += usize::from(bytes.is_empty());
        self.len += bytes.len();
        match self.pieces.last_mut().filter(|piece| piece.len() < PIECE) {
            Some(piece) => piece.extend_from_slice(bytes),
            None => self.pieces.push(BytesMut::from(bytes)),
        }
    }

    fn whole(mut self) -> Bytes {
        if self.pieces.len() < 2 {
            return self.pieces.pop().unwrap_or_default().freeze();
        }
        let mut whole = Vec::with_capacity(self.len);
        self.pieces.into_iter().for_each(|piece| whole.extend_from_slice(&piece));
        whole.into()
    }
}

/// What to say to a peer whose frames were refused (RFC 6455, section 7.4.1).
pub(crate) fn close_reason(error: &ProtocolError) -> CloseReason {
    let (code, description) = match error {
        ProtocolError::Overflow => (CloseCode::Size, "the message is too long".to_owned()),
        ProtocolError::Io(error) => (CloseCode::Protocol, error.to_string()),
        error => (CloseCode::Protocol, error.to_string()),
    };
    CloseReason { code, description: Some(description) }
}

impl Codec {
    /// Takes the frames of such a peer, and makes those that it takes.
    pub(crate) fn new(peer: Peer, longest: usize) -> Self {
        // What is longer than `longest` does not come to it.
        let inner = ws::Codec::new().max_size(usize::MAX);
        let inner = match peer {
            Peer::Client => inner,
            Peer::Server => inner.client_mode(),
        };
        Codec { inner, peer, longest, head: None, fragments: None }
    }

    /// The longest message from now on, in bytes.
    pub(crate) fn set_longest(&mut self, longest: usize) {
        self.longest = longest;
    }

    /// Some fragments of a message have come, and not all.
    pub(crate) fn is_within_message(&self) -> bool {
        self.fragments.is_some()
    }

    /// Whether a frame with this head may come now.
    fn admit(&self, head: &Head) -> Result<(), ProtocolError> {
        match (head.opcode, &self.fragments) {
            (OpCode::Continue, None) => return Err(ProtocolError::ContinuationNotStarted),
            (OpCode::Text | OpCode::Binary, Some(_)) => return Err(ProtocolError::ContinuationStarted),
            _ => {}
        }
        if head.is_control() {
            return Ok(());
        }
        let so_far = self.fragments.as_ref().map_or(0, |fragments| fragments.len);
        let room = self.longest.saturating_sub(so_far);
        let too_many = self.fragments.as_ref().is_some_and(|fragments| fragments.empty >= MOST_EMPTY);
        if head.payload > room as u64 || (head.payload == 0 && too_many) {
            return Err(ProtocolError::Overflow);
        }
        Ok(())
    }

    /// The whole message, when this was the last fragment.
    fn join(&mut self, item: Item) -> Result<Option<Frame>, ProtocolError> {
        let (bytes, is_last) = match item {
            Item::FirstText(bytes) => (self.begin(true, bytes), false),
            Item::FirstBinary(bytes) => (self.begin(false, bytes), false),
            Item::Continue(bytes) => (bytes, false),
            Item::Last(bytes) => (bytes, true),
        };
        let Some(fragments) = &mut self.fragments else { return Err(ProtocolError::ContinuationNotStarted) };
        fragments.push(&bytes);
        if !is_last {
            return Ok(None);
        }
        Ok(self.fragments.take().map(|fragments| match fragments.is_text {
            true => Frame::Text(fragments.whole()),
            false => Frame::Binary(fragments.whole()),
        }))
    }

    fn begin(&mut self, is_text: bool, bytes: Bytes) -> Bytes {
        self.fragments = Some(Fragments { is_text, pieces: Vec::new(), len: 0, empty: 0 });
        bytes
    }
}

impl Decoder for Codec {
    type Item = Frame;
    type Error = ProtocolError;

    fn decode(&mut self, bytes: &mut BytesMut) -> Result<Option<Frame>, ProtocolError> {
        loop {
            let head = match self.head {
                Some(head) => head,
                None => {
                    let Some(head) = Head::read(bytes, self.peer)? else { return Ok(None) };
                    self.admit(&head)?;
                    *self.head.insert(head)
                }
            };
            // The library's codec would make room for all of a frame as soon as its head is there.
            if (bytes.len() as u64) < head.len + head.payload {
                return Ok(None);
            }
            self.head = None;
            match self.inner.decode(bytes)? {
                Some(Frame::Continuation(item)) => {
                    if let Some(whole) = self.join(item)? {
                        return Ok(Some(whole));
                    }
                }
                Some(frame) => return Ok(Some(frame)),
                None => return Err(malformed("a frame is shorter than its head says")),
            }
        }
    }
}

impl Encoder<Message> for Codec {
    type Error = ProtocolError;

    fn encode(&mut self, message: Message, bytes: &mut BytesMut) -> Result<(), ProtocolError> {
        self.inner.encode(message, bytes)
    }
}

#[cfg(test)]
mod tests;
