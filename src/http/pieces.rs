//! Bodies of long texts that are never copied as a whole: actix-http copies what it is given into a buffer of its own,
//! and asks for more when the client has taken most of that.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;

/// What is handed over at once, at most.
const SLICE: usize = 64 * 1024;

/// Pieces of a text, in their order. As a body it has all of them.
#[derive(Debug, Default)]
pub(super) struct Pieces(VecDeque<Piece>);

#[derive(Debug)]
struct Piece {
    bytes: Bytes,
    one_line: bool,
}

impl Pieces {
    /// Adds a piece as it is.
    pub(super) fn push(&mut self, bytes: impl Into<Bytes>) {
        self.0.push_back(Piece { bytes: bytes.into(), one_line: false });
    }

    /// Adds JSON without its line breaks. These can only be white space: inside a JSON string they are escaped.
    pub(super) fn push_on_one_line(&mut self, json: Bytes) {
        self.0.push_back(Piece { bytes: json, one_line: true });
    }

    /// The next few bytes.
    pub(super) fn slice(&mut self) -> Option<Bytes> {
        loop {
            let piece = self.0.front_mut()?;
            let slice = piece.bytes.split_to(piece.bytes.len().min(SLICE));
            let slice = if piece.one_line { on_one_line(slice) } else { slice };
            if piece.bytes.is_empty() {
                self.0.pop_front();
            }
            if !slice.is_empty() {
                return Some(slice);
            }
        }
    }

    fn len(&self) -> usize {
        self.0.iter().map(|piece| piece.bytes.len()).sum()
    }
}

/// Copied only if there is a break to be taken out.
fn on_one_line(json: Bytes) -> Bytes {
    let is_break = |byte: &u8| matches!(byte, b'\n' | b'\r');
    match json.iter().any(is_break) {
        true => json.iter().map(|byte| if is_break(byte) { b' ' } else { *byte }).collect(),
        false => json,
    }
}

impl MessageBody for Pieces {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.len() as u64)
    }

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        Poll::Ready(self.slice().map(Ok))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_pieces_come_in_slices_and_all_in_order() {
        let text: Bytes = (0..3 * SLICE + 5).map(|n| if n % 1000 == 0 { b'\n' } else { b'x' }).collect();
        let mut pieces = Pieces::default();
        pieces.push("a\n");
        pieces.push("");
        pieces.push_on_one_line(text.clone());
        pieces.push(text.clone());
        pieces.push(" z");
        assert!(matches!(pieces.size(), BodySize::Sized(size) if size == 2 * text.len() as u64 + 4));
        let slices: Vec<Bytes> = std::iter::from_fn(|| pieces.slice()).collect();
        assert!(slices.iter().all(|slice| (1..=SLICE).contains(&slice.len())));
        let line = String::from_utf8(text.to_vec()).expect("UTF-8");
        let expected = format!("a\n{}{line} z", line.replace('\n', " "));
        assert_eq!(String::from_utf8(slices.concat()).expect("UTF-8"), expected);
    }
}
