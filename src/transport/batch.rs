//! Many calls by one request, answered line by line as they finish.

use std::ops::Range;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Instant;

use awc::error::PayloadError;
use awc::http::header::{HeaderMap, HeaderName, HeaderValue, CONTENT_TYPE};
use awc::{ClientResponse, FrozenClientRequest};
use bytes::Bytes;
use futures_util::stream::{self, LocalBoxStream, Stream, StreamExt};
use madrpc_actors::protocol::{request, Call, CallError, CallResult, CallScope, Reply};
use serde_json::value::RawValue;

use super::body::Body;
use super::lines::{Lines, NDJSON};
use super::response::receive;
use super::{failure, wire};
use crate::http::{header, EachInTime, ENVELOPE_SLACK, STREAM_BATCH_MAX};

const BATCH: HeaderName = HeaderName::from_static(header::BATCH);

/// Of all calls, by index.
type Scopes = Rc<[CallScope]>;

type Answers = LocalBoxStream<'static, (usize, CallResult)>;

/// Sends `calls`, as few requests as the peer's limits allow. Every index comes exactly once, each by its deadline.
pub(super) fn send(request: Result<FrozenClientRequest, CallError>, calls: Vec<Call>, max_body: usize) -> Answers {
    let request = match request {
        Ok(request) => request,
        Err(error) => return every(0..calls.len(), error).boxed_local(),
    };
    let deadlines: Vec<Instant> = calls.iter().map(|call| call.scope.deadline).collect();
    let parts = bodies(&calls, max_body, Instant::now());
    let scopes: Scopes = calls.into_iter().map(|call| call.scope).collect();
    let exchange = |(part, body)| exchange(request.clone(), part, body, max_body, scopes.clone());
    let mut answers = parts.into_iter().map(exchange);
    let answers = match (answers.next(), answers.len()) {
        (Some(only), 0) => only,
        (first, _) => stream::select_all(first.into_iter().chain(answers)).boxed_local(),
    };
    // What the peer left unanswered it may have run.
    EachInTime::new(answers, deadlines, CallError::Unreachable { sent: true }).boxed_local()
}

fn every(part: Range<usize>, error: CallError) -> impl Stream<Item = (usize, CallResult)> {
    stream::iter(part.map(move |index| (index, Err(error.clone()))))
}

/// The calls as request bodies that keep the peer's limits on elements and, but for a call that is over it alone, on
/// bytes.
fn bodies(calls: &[Call], max_body: usize, now: Instant) -> Vec<(Range<usize>, Vec<u8>)> {
    let mut parts: Vec<(Range<usize>, Vec<u8>)> = Vec::new();
    let mut element = Vec::new();
    for (index, call) in calls.iter().enumerate() {
        element.clear();
        wire::element(&mut element, index, call, now);
        match parts.last_mut() {
            Some((part, body)) if part.len() < STREAM_BATCH_MAX && body.len() + element.len() < max_body => {
                body.push(b',');
                body.extend_from_slice(&element);
                part.end = index + 1;
            }
            _ => {
                let mut body = Vec::with_capacity(element.len() * 2);
                body.push(b'[');
                body.extend_from_slice(&element);
                parts.push((index..index + 1, body));
            }
        }
    }
    for (_, body) in &mut parts {
        body.push(b']');
    }
    parts
}

/// One request and its answers.
fn exchange(
    request: FrozenClientRequest,
    part: Range<usize>,
    body: Vec<u8>,
    max_body: usize,
    scopes: Scopes,
) -> Answers {
    let mut headers = HeaderMap::with_capacity(1);
    headers.insert(BATCH, HeaderValue::from_static("stream"));
    let sending = request.extra_headers(headers).send_body(body);
    let begin = async move {
        let response = match sending.await {
            Ok(response) => response,
            Err(error) => return every(part, failure::unreachable(&error)).boxed_local(),
        };
        if response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes() == NDJSON.as_bytes()) {
            Replies { lines: Lines::new(Body::of(response), max_body), part, scopes, failed: None }.boxed_local()
        } else {
            whole(response, part, max_body, &scopes).await
        }
    };
    stream::once(begin).flatten().boxed_local()
}

/// The answer of a peer that does not stream: an array of replies, or one error about all of them.
async fn whole(response: ClientResponse, part: Range<usize>, max_body: usize, scopes: &[CallScope]) -> Answers {
    let limit = max_body.saturating_add(ENVELOPE_SLACK);
    let received = match receive(response, limit, max_body).await {
        Ok(received) => received,
        Err(error) => return every(part, error).boxed_local(),
    };
    let error = match Reply::read(&received.body).map(|reply| reply.result) {
        Some(Err(error)) => error,
        _ => received.not_a_reply(),
    };
    let replies = request::elements(&received.body, part.len()).unwrap_or_default();
    let answer = |reply: &&RawValue| answer(&received.body.slice_ref(reply.get().as_bytes()), &part, scopes);
    let answers: Vec<_> = replies.iter().filter_map(answer).collect();
    // Indexes that were answered are left out of what follows.
    stream::iter(answers).chain(every(part, error)).boxed_local()
}

/// Which call a reply answers, and how; `None` when it answers none of `part`.
fn answer(reply: &Bytes, part: &Range<usize>, scopes: &[CallScope]) -> Option<(usize, CallResult)> {
    let reply = Reply::read(reply)?;
    let index: usize = reply.id.as_deref()?.parse().ok()?;
    if !part.contains(&index) {
        return None;
    }
    scopes.get(index)?.hears(&reply);
    Some((index, reply.result))
}

/// Replies, one a line, as they come.
struct Replies<S> {
    lines: Lines<S>,
    part: Range<usize>,
    scopes: Scopes,
    /// Answers everything that is left.
    failed: Option<CallError>,
}

impl<S: Stream<Item = Result<Bytes, PayloadError>> + Unpin> Stream for Replies<S> {
    type Item = (usize, CallResult);

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(error) = &this.failed {
                return Poll::Ready(this.part.next().map(|index| (index, Err(error.clone()))));
            }
            match std::task::ready!(Pin::new(&mut this.lines).poll_next(cx)) {
                Some(Ok(line)) => {
                    if let Some(answer) = answer(&line, &this.part, &this.scopes) {
                        return Poll::Ready(Some(answer));
                    }
                }
                Some(Err(error)) => this.failed = Some(error),
                None => return Poll::Ready(None),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use madrpc_actors::protocol::{CallScope, JsonText};

    use super::*;

    fn calls(count: usize, params: usize) -> Vec<Call> {
        let params = JsonText::parse(&format!("[{}]", "1".repeat(params))).ok();
        let scope = CallScope::root(Duration::from_secs(1));
        (0..count).map(|_| Call::new("m", params.clone(), scope.clone())).collect()
    }

    #[test]
    fn bodies_keep_the_limits_and_lose_no_call() {
        let parts = bodies(&calls(300, 10), 1 << 20, Instant::now());
        assert_eq!(parts.iter().map(|(part, _)| part.clone()).collect::<Vec<_>>(), [0..128, 128..256, 256..300]);
        for (part, body) in &parts {
            let elements: Vec<&RawValue> = serde_json::from_slice(body).expect("an array");
            assert_eq!(elements.len(), part.len());
        }
        let parts = bodies(&calls(10, 1000), 3000, Instant::now());
        assert_eq!(parts.len(), 5);
        assert!(parts.iter().all(|(_, body)| body.len() <= 3000));
        assert_eq!(bodies(&calls(2, 1000), 100, Instant::now()).len(), 2);
    }
}
