//! Bodies that come line by line.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use awc::error::PayloadError;
use awc::http::header::{HeaderValue, ACCEPT, CONTENT_TYPE};
use awc::FrozenClientRequest;
use bytes::{Bytes, BytesMut};
use futures_util::stream::{Stream, StreamExt};
use futures_util::SinkExt;
use madrpc_actors::protocol::streams::Writer;
use madrpc_actors::protocol::{Call, CallError, CallResult, JsonText, Reply};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::body::Body;
use super::response::{lost, receive};
use super::{failure, wire};
use crate::http::ENVELOPE_SLACK;

/// The media type of lines of JSON.
pub(crate) const NDJSON: &str = "application/x-ndjson";

/// The lines of a body, each with its end. An error is the last thing that comes.
pub(crate) struct Lines<S> {
    body: S,
    max_body: usize,
    buffer: BytesMut,
    /// So many bytes of the buffer hold no line's end.
    scanned: usize,
}

impl<S> Lines<S> {
    /// A line may be longer than `max_body` by the slack of an envelope.
    pub(crate) fn new(body: S, max_body: usize) -> Self {
        Lines { body, max_body, buffer: BytesMut::new(), scanned: 0 }
    }

    fn take(&mut self) -> Option<Bytes> {
        let Some(end) = self.buffer[self.scanned..].iter().position(|byte| *byte == b'\n') else {
            self.scanned = self.buffer.len();
            return None;
        };
        let line = self.buffer.split_to(self.scanned + end + 1).freeze();
        self.scanned = 0;
        Some(line)
    }
}

impl<S: Stream<Item = Result<Bytes, PayloadError>> + Unpin> Stream for Lines<S> {
    type Item = Result<Bytes, CallError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            let limit = this.max_body.saturating_add(ENVELOPE_SLACK);
            let line = this.take();
            if line.as_ref().map_or(this.buffer.len(), Bytes::len) > limit {
                return Poll::Ready(Some(Err(CallError::TooLarge { limit: this.max_body as u64 })));
            }
            if let Some(line) = line {
                return Poll::Ready(Some(Ok(line)));
            }
            match std::task::ready!(Pin::new(&mut this.body).poll_next(cx)) {
                Some(Ok(chunk)) => this.buffer.extend_from_slice(&chunk),
                Some(Err(error)) => return Poll::Ready(Some(Err(lost(&error)))),
                None => return Poll::Ready(None),
            }
        }
    }
}

/// A line of a streamed answer: an item, or the reply after all of them.
#[derive(Debug)]
pub(crate) enum Line {
    Item(JsonText),
    /// So many are done, of so many if that is known.
    Progress(u64, Option<u64>),
    End(Reply),
}

impl Line {
    /// `None` when it is neither.
    pub(crate) fn read(line: &Bytes) -> Option<Line> {
        #[derive(Deserialize)]
        struct Item<'a> {
            #[serde(borrow, deserialize_with = "present")]
            value: &'a RawValue,
        }
        /// A member that is there, `null` too.
        fn present<'de: 'a, 'a, D: serde::Deserializer<'de>>(deserializer: D) -> Result<&'a RawValue, D::Error> {
            <&RawValue>::deserialize(deserializer)
        }
        #[derive(Deserialize)]
        struct Step {
            progress: Done,
        }
        #[derive(Deserialize)]
        struct Done {
            done: u64,
            total: Option<u64>,
        }
        if let Ok(Item { value }) = serde_json::from_slice(line) {
            return Some(Line::Item(JsonText::slice(line, value)));
        }
        if let Ok(Step { progress: Done { done, total } }) = serde_json::from_slice(line) {
            return Some(Line::Progress(done, total));
        }
        Reply::read(line).map(Line::End)
    }
}

/// Makes a call by a request of its own, and writes its items to `items` as they come.
pub(super) async fn call(request: FrozenClientRequest, call: &Call, items: &mut Writer, max_body: usize) -> CallResult {
    poll_fn(|cx| items.poll_calm(cx)).await;
    let (mut headers, body) = wire::single(call, Instant::now());
    headers.insert(ACCEPT, HeaderValue::from_static(NDJSON));
    let response = request.extra_headers(headers).send_body(body).await;
    let response = response.map_err(|error| failure::unreachable(&error))?;
    if response.headers().get(CONTENT_TYPE).is_none_or(|kind| kind.as_bytes() != NDJSON.as_bytes()) {
        // Not one of ours: it has a result, and no items.
        return receive(response, max_body.saturating_add(ENVELOPE_SLACK), max_body).await?.into_result(&call.scope);
    }
    let mut lines = Lines::new(Body::of(response), max_body);
    while let Some(line) = lines.next().await {
        match Line::read(&line?) {
            Some(Line::Item(item)) => {
                if let Some(limit) = items.refuses(&item) {
                    return Err(CallError::TooLarge { limit: limit as u64 });
                }
                if items.feed(item).await.is_err() {
                    // Who read them has gone.
                    return Err(CallError::Cancelled);
                }
            }
            Some(Line::Progress(done, total)) => {
                if let Some(progress) = &call.streams.progress {
                    progress.set(done, total);
                }
            }
            Some(Line::End(reply)) => {
                call.scope.hears(&reply);
                return reply.result;
            }
            None => return Err(CallError::internal("a line of the answer is neither an item nor a reply")),
        }
    }
    Err(CallError::Unreachable { sent: true })
}

#[cfg(test)]
mod tests {
    use futures_util::{stream, FutureExt};

    use super::*;

    #[test]
    fn lines_are_found_however_the_body_is_cut() {
        let text = b"one\n\nthree is long\nrest";
        for size in 1..text.len() {
            let chunks = text.chunks(size).map(|chunk| Ok::<_, PayloadError>(Bytes::copy_from_slice(chunk)));
            let lines = Lines::new(stream::iter(chunks.collect::<Vec<_>>()), 100);
            let lines: Vec<_> = lines.map(|line| line.expect("short")).collect().now_or_never().expect("all there");
            assert_eq!(lines, ["one\n", "\n", "three is long\n"], "{size}");
        }
    }

    #[test]
    fn a_line_without_end_meets_the_limit() {
        let endless = stream::repeat_with(|| Ok::<_, PayloadError>(Bytes::from_static(&[b'x'; 1000])));
        let error = Lines::new(endless, 10).next().now_or_never().flatten().expect("an error").expect_err("too long");
        assert!(matches!(error, CallError::TooLarge { limit: 10 }));
    }

    #[test]
    fn an_item_is_told_from_a_reply() {
        let read = |text: &'static str| Line::read(&Bytes::from_static(text.as_bytes()));
        for (text, value) in [(r#"{"value": {"id":1}}"#, r#"{"id":1}"#), (r#"{"value": null}"#, "null")] {
            assert!(matches!(read(text), Some(Line::Item(item)) if item.as_str() == value), "{text}");
        }
        assert!(matches!(
            read(r#"{"jsonrpc":"2.0","id":1,"result":[1]}"#),
            Some(Line::End(Reply { result: Ok(_), .. }))
        ));
        assert!(matches!(
            read(r#"{"jsonrpc":"2.0","id":1,"error":{"code":7,"message":""}}"#),
            Some(Line::End(Reply { result: Err(_), .. }))
        ));
        assert!(matches!(read(r#"{"progress": {"done": 3, "total": null}}"#), Some(Line::Progress(3, None))));
        assert!(read("{}").is_none() && read("x").is_none());
    }
}
