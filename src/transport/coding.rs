//! Content codings of answers (RFC 9110, section 8.4): gzip, deflate and br, and any of them upon each other.
//!
//! Nothing is decoded before it is read, so that what reads a body can stop at its bound, whatever the body grows to.

use std::io;
use std::pin::Pin;
use std::task::{ready, Context, Poll};

use async_compression::tokio::bufread::{BrotliDecoder, DeflateDecoder, GzipDecoder, ZlibDecoder};
use awc::error::PayloadError;
use awc::http::header::{HeaderMap, CONTENT_ENCODING};
use tokio::io::{AsyncBufRead, AsyncRead, BufReader, ReadBuf};

/// Most codings of one body, as in Node.js. One with more is left as it is.
const MOST: usize = 5;

/// RFC 1950, section 2.2: the compression method in the first byte of what is zlib's.
const DEFLATED: u8 = 8;

/// How a body is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Deflate,
    Brotli,
}

/// The codings of a body, in the order in which they were applied. None at all where there is an unknown one among
/// them: such a body is read as it is, as Node.js does.
pub(super) fn of(headers: &HeaderMap) -> Vec<Coding> {
    let mut codings = Vec::new();
    for value in headers.get_all(CONTENT_ENCODING) {
        for name in value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            match name.to_ascii_lowercase().as_slice() {
                b"gzip" | b"x-gzip" => codings.push(Coding::Gzip),
                b"deflate" => codings.push(Coding::Deflate),
                b"br" => codings.push(Coding::Brotli),
                b"identity" | b"" => {}
                _ => return Vec::new(),
            }
            if codings.len() > MOST {
                return Vec::new();
            }
        }
    }
    codings
}

type Input = Box<dyn AsyncBufRead + Unpin>;

/// Reads what `input` was before these codings were applied to it. A body that is cut off fails with `UnexpectedEof`.
pub(super) fn decode(codings: &[Coding], input: impl AsyncBufRead + Unpin + 'static) -> Input {
    codings
        .iter()
        .rev()
        .fold(Box::new(input), |input, coding| Box::new(BufReader::new(Decoding(Step::Begins(*coding, input)))))
}

/// One coding is undone.
struct Decoding(Step);

enum Step {
    Begins(Coding, Input),
    Goes(Decoder),
    Over,
}

enum Decoder {
    Gzip(GzipDecoder<Input>),
    Zlib(ZlibDecoder<Input>),
    Deflate(DeflateDecoder<Input>),
    Brotli(BrotliDecoder<Input>),
}

impl Decoder {
    fn new(coding: Coding, first: u8, input: Input) -> Self {
        match coding {
            Coding::Gzip => {
                let mut decoder = GzipDecoder::new(input);
                // RFC 1952, section 2.2: there may be several.
                decoder.multiple_members(true);
                Decoder::Gzip(decoder)
            }
            // The standard says zlib, and many servers leave out its frame.
            Coding::Deflate if first & 0x0f == DEFLATED => Decoder::Zlib(ZlibDecoder::new(input)),
            Coding::Deflate => Decoder::Deflate(DeflateDecoder::new(input)),
            Coding::Brotli => Decoder::Brotli(BrotliDecoder::new(input)),
        }
    }

    fn input(&mut self) -> &mut Input {
        match self {
            Decoder::Gzip(decoder) => decoder.get_mut(),
            Decoder::Zlib(decoder) => decoder.get_mut(),
            Decoder::Deflate(decoder) => decoder.get_mut(),
            Decoder::Brotli(decoder) => decoder.get_mut(),
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self {
            Decoder::Gzip(decoder) => Pin::new(decoder).poll_read(cx, into),
            Decoder::Zlib(decoder) => Pin::new(decoder).poll_read(cx, into),
            Decoder::Deflate(decoder) => Pin::new(decoder).poll_read(cx, into),
            Decoder::Brotli(decoder) => Pin::new(decoder).poll_read(cx, into),
        }
    }
}

impl AsyncRead for Decoding {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            self.0 = match &mut self.0 {
                Step::Begins(_, input) => match ready!(Pin::new(input).poll_fill_buf(cx))?.first() {
                    // A body without a byte is empty in any coding.
                    None => Step::Over,
                    Some(first) => {
                        let first = *first;
                        match std::mem::replace(&mut self.0, Step::Over) {
                            Step::Begins(coding, input) => Step::Goes(Decoder::new(coding, first, input)),
                            other => other,
                        }
                    }
                },
                Step::Goes(decoder) => {
                    let before = into.filled().len();
                    if let Err(error) = ready!(decoder.poll_read(cx, into)) {
                        // Some decoders have no name for an early end.
                        let of_the_connection = error.get_ref().is_some_and(|inner| inner.is::<PayloadError>());
                        let unnamed = error.kind() == io::ErrorKind::Other && !of_the_connection;
                        let ended = unnamed && ready!(Pin::new(decoder.input()).poll_fill_buf(cx))?.is_empty();
                        return Poll::Ready(Err(if ended { io::ErrorKind::UnexpectedEof.into() } else { error }));
                    }
                    if into.filled().len() > before || into.remaining() == 0 {
                        return Poll::Ready(Ok(()));
                    }
                    if !ready!(Pin::new(decoder.input()).poll_fill_buf(cx))?.is_empty() {
                        return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "bytes behind the end")));
                    }
                    Step::Over
                }
                Step::Over => return Poll::Ready(Ok(())),
            };
        }
    }
}
