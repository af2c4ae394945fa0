//! The answers of many calls, each by its own deadline.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use futures_util::Stream;
use madrpc_actors::protocol::{CallError, CallResult};
use tokio::time::Sleep;

/// A stream in which every index comes exactly once, whatever the inner stream does: `Timeout` when its deadline
/// passes first, `lost` when the inner stream ends without it. Unknown and repeated indexes are left out.
///
/// The inner stream is dropped, which cancels what is left of it, as soon as every index has been answered.
#[derive(Debug)]
pub struct EachInTime<S> {
    inner: Option<S>,
    open: Vec<bool>,
    left: usize,
    /// Latest deadline first, so that the next one is at the end.
    deadlines: Vec<(Instant, usize)>,
    timer: Option<Pin<Box<Sleep>>>,
    lost: CallError,
}

impl<S: Stream<Item = (usize, CallResult)> + Unpin> EachInTime<S> {
    /// `deadlines` has one entry per index.
    pub fn new(inner: S, deadlines: impl IntoIterator<Item = Instant>, lost: CallError) -> Self {
        let mut deadlines: Vec<_> = deadlines.into_iter().enumerate().map(|(index, at)| (at, index)).collect();
        deadlines.sort_unstable_by(|a, b| b.cmp(a));
        EachInTime {
            inner: Some(inner),
            open: vec![true; deadlines.len()],
            left: deadlines.len(),
            deadlines,
            timer: None,
            lost,
        }
    }

    fn close(&mut self, index: usize) -> bool {
        let first = self.open.get_mut(index).is_some_and(std::mem::take);
        self.left -= usize::from(first);
        if self.left == 0 {
            self.inner = None;
        }
        first
    }

    fn poll_inner(&mut self, cx: &mut Context<'_>) -> Poll<(usize, CallResult)> {
        while let Some(inner) = &mut self.inner {
            match Pin::new(inner).poll_next(cx) {
                Poll::Ready(Some((index, result))) => {
                    if self.close(index) {
                        return Poll::Ready((index, result));
                    }
                }
                Poll::Ready(None) => self.inner = None,
                Poll::Pending => return Poll::Pending,
            }
        }
        match self.open.iter().position(|open| *open) {
            Some(index) => {
                self.close(index);
                Poll::Ready((index, Err(self.lost.clone())))
            }
            None => Poll::Pending,
        }
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<usize> {
        while self.deadlines.last().is_some_and(|(_, index)| !self.open[*index]) {
            self.deadlines.pop();
        }
        let Some((at, index)) = self.deadlines.last().copied() else {
            return Poll::Pending;
        };
        let at = tokio::time::Instant::from_std(at);
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        if timer.deadline() != at {
            timer.as_mut().reset(at);
        }
        timer.as_mut().poll(cx).map(|()| index)
    }
}

impl<S: Stream<Item = (usize, CallResult)> + Unpin> Stream for EachInTime<S> {
    type Item = (usize, CallResult);

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        if let Poll::Ready(answer) = self.poll_inner(cx) {
            return Poll::Ready(Some(answer));
        }
        self.poll_deadline(cx).map(|index| {
            self.close(index);
            Some((index, Err(CallError::Timeout)))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::{stream, StreamExt};
    use madrpc_actors::protocol::JsonText;

    use super::*;

    fn ok(index: usize) -> (usize, CallResult) {
        (index, Ok(JsonText::NULL))
    }

    fn codes(answers: Vec<(usize, CallResult)>) -> Vec<(usize, i64)> {
        answers.into_iter().map(|(index, result)| (index, result.err().map_or(0, |error| error.code().0))).collect()
    }

    #[actix::test]
    async fn each_index_comes_once_and_a_lost_one_as_an_error() {
        let inner = stream::iter([ok(2), ok(2), ok(9), ok(0)]);
        let far = Instant::now() + Duration::from_secs(60);
        let answers = EachInTime::new(inner, [far; 3], CallError::Unreachable { sent: true }).collect().await;
        assert_eq!(codes(answers), [(2, 0), (0, 0), (1, -32005)]);
    }

    #[actix::test]
    async fn each_deadline_is_its_own() {
        let now = Instant::now();
        let (sender, receiver) = channel();
        let at = |ms| now + Duration::from_millis(ms);
        let mut answers = EachInTime::new(receiver, [at(20), at(60_000), now], CallError::Cancelled);
        let mut next = async || codes(answers.next().await.into_iter().collect());
        assert_eq!(next().await, [(2, -32001)]);
        sender.send(ok(1)).expect("open");
        assert_eq!(next().await, [(1, 0)]);
        assert_eq!(next().await, [(0, -32001)]);
        assert!(now.elapsed() >= Duration::from_millis(20));
        assert!(next().await.is_empty());
    }

    type Answer = (usize, CallResult);

    fn channel() -> (tokio::sync::mpsc::UnboundedSender<Answer>, impl Stream<Item = Answer> + Unpin) {
        let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
        (sender, stream::poll_fn(move |cx| receiver.poll_recv(cx)))
    }

    #[actix::test]
    async fn an_answered_batch_lets_go_of_the_inner_stream() {
        let held = std::rc::Rc::new(());
        let probe = std::rc::Rc::downgrade(&held);
        let inner = Box::pin(stream::iter([ok(0)]).chain(stream::pending()).inspect(move |_| {
            let _ = &held;
        }));
        let mut answers = EachInTime::new(inner, [Instant::now() + Duration::from_secs(60)], CallError::Cancelled);
        assert!(answers.next().await.is_some());
        assert!(probe.upgrade().is_none());
        assert!(answers.next().await.is_none());
    }
}
