//! Bodies of answers: what a server meant, however it has sent it, and whether all of it came.
//!
//! awc ends a body that was cut off like one that is complete. Here, a body that says how long it is and is shorter, a
//! chunked one without its last chunk, and a compressed one that ends too early are errors. One that lasts until its
//! connection ends is complete whenever that is.

use std::io;
use std::pin::Pin;
use std::task::{ready, Context, Poll};

use awc::error::PayloadError;
use awc::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use awc::ClientResponse;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use tokio::io::AsyncBufRead;
use tokio_util::io::{ReaderStream, StreamReader};

use super::coding;
use super::connect::noting_the_end;

/// Statuses whose answers have no body, whatever their headers say.
pub(super) const WITHOUT_BODY: [u16; 3] = [204, 205, 304];

/// Decoded at once: what a body can grow beyond a bound before that is seen.
const PIECE: usize = 16 * 1024;

/// The body of an answer, decoded, in pieces as they come. An error is the last of them.
pub(crate) struct Body {
    content: Content,
    declared: Option<u64>,
    /// Its end is that of its connection.
    open_ended: bool,
}

enum Content {
    AsItIs(Arriving),
    Decoded(ReaderStream<Box<dyn AsyncBufRead + Unpin>>),
}

impl Body {
    pub(crate) fn of(response: ClientResponse) -> Self {
        let codings = coding::of(response.headers());
        let arriving = Arriving::new(response);
        let (declared, open_ended) = match arriving.end {
            End::After(length) => (Some(length), false),
            End::WithTheConnection => (None, true),
            End::AtTheLastChunk | End::Met => (None, false),
        };
        let content = match codings.as_slice() {
            [] => Content::AsItIs(arriving),
            codings => {
                let input = StreamReader::new(arriving.map(|piece| piece.map_err(io::Error::other)));
                Content::Decoded(ReaderStream::with_capacity(coding::decode(codings, input), PIECE))
            }
        };
        Body { content, declared, open_ended }
    }

    /// Nothing tells whether all of it has come.
    pub(super) fn is_open_ended(&self) -> bool {
        self.open_ended
    }

    /// All of it, if that is at most `limit` bytes long; otherwise `Overflow`.
    pub(crate) async fn whole(&mut self, limit: usize) -> Result<Bytes, PayloadError> {
        if self.declared.is_some_and(|length| length > limit as u64) {
            return Err(PayloadError::Overflow);
        }
        // Most bodies come in one piece, which is not copied.
        let (mut first, mut all) = (Bytes::new(), BytesMut::new());
        while let Some(piece) = self.next().await {
            let piece = piece?;
            if first.len().max(all.len()) + piece.len() > limit {
                return Err(PayloadError::Overflow);
            }
            if first.is_empty() {
                first = piece;
                continue;
            }
            if all.is_empty() {
                all.extend_from_slice(&first);
            }
            all.extend_from_slice(&piece);
        }
        Ok(if all.is_empty() { first } else { all.freeze() })
    }
}

impl Stream for Body {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match &mut self.content {
            Content::AsItIs(arriving) => Pin::new(arriving).poll_next(cx),
            Content::Decoded(decoded) => {
                let piece = ready!(Pin::new(decoded).poll_next(cx));
                Poll::Ready(piece.map(|piece| piece.map_err(undecoded)))
            }
        }
    }
}

/// Why a coded body could not be read on.
fn undecoded(error: io::Error) -> PayloadError {
    match error.downcast::<PayloadError>() {
        Ok(of_the_connection) => of_the_connection,
        Err(cut) if cut.kind() == io::ErrorKind::UnexpectedEof => PayloadError::Incomplete(Some(cut)),
        Err(error) => {
            log::debug!("the body of an answer can't be decoded: {error}");
            PayloadError::EncodingCorrupted
        }
    }
}

/// A body as it comes.
struct Arriving {
    response: ClientResponse,
    end: End,
}

/// By what the end of a body is known.
#[derive(Clone, Copy, Debug)]
enum End {
    /// So many bytes are still to come.
    After(u64),
    AtTheLastChunk,
    WithTheConnection,
    Met,
}

impl Arriving {
    fn new(response: ClientResponse) -> Self {
        let headers = response.headers();
        let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.trim().parse().ok());
        let chunked =
            headers.get(TRANSFER_ENCODING).is_some_and(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"));
        let end = match (WITHOUT_BODY.contains(&response.status().as_u16()), chunked, length) {
            (true, ..) => End::Met,
            (_, true, _) => End::AtTheLastChunk,
            (_, false, Some(length)) => End::After(length),
            (_, false, None) => End::WithTheConnection,
        };
        Arriving { response, end }
    }
}

impl Stream for Arriving {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if matches!(this.end, End::Met) {
            return Poll::Ready(None);
        }
        let (piece, ended) = noting_the_end(|| Pin::new(&mut this.response).poll_next(cx));
        let cut = match ready!(piece) {
            Some(Ok(piece)) => {
                if let End::After(left) = &mut this.end {
                    *left = left.saturating_sub(piece.len() as u64);
                }
                return Poll::Ready(Some(Ok(piece)));
            }
            Some(Err(error)) => Some(error),
            None => match this.end {
                End::AtTheLastChunk if ended => Some("the last chunk is missing".to_owned()),
                End::After(left @ 1..) => Some(format!("{left} bytes of the body are missing")),
                _ => None,
            }
            .map(|what| PayloadError::Incomplete(Some(io::Error::new(io::ErrorKind::UnexpectedEof, what)))),
        };
        this.end = End::Met;
        Poll::Ready(cut.map(Err))
    }
}

#[cfg(test)]
mod tests;
