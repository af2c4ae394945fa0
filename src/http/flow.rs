//! A call and its items, as they come.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use futures_util::Stream;
use madrpc_actors::protocol::streams::{Progress, Reader};
use madrpc_actors::protocol::{CallResult, JsonText, MethodInfo, Notes};
use tokio::time::{Interval, MissedTickBehavior};

/// How often it is told how far a call is, where that has changed.
const LOOK: Duration = Duration::from_millis(200);

/// What is known of a method's calls beside their results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flows {
    /// It yields items.
    pub items: bool,
    /// It can be pushed values. A method that may be sent to two nodes can't: the first would have taken them.
    pub input: bool,
    /// Somebody wants to know how far it is.
    pub progress: bool,
}

impl Flows {
    pub(super) fn of(method: &MethodInfo) -> Self {
        Flows { items: method.stream, input: !method.idempotent, progress: false }
    }
}

/// Dropping it cancels the call.
pub(super) struct Flow {
    work: Option<LocalBoxFuture<'static, CallResult>>,
    items: Option<Reader>,
    result: Option<CallResult>,
    notes: Option<Arc<Notes>>,
    progress: Option<Watched>,
}

/// How far the call is, looked at now and then.
struct Watched {
    progress: Arc<Progress>,
    told: (u64, Option<u64>),
    look: Interval,
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Step {
    Item(JsonText),
    /// So many are done, of so many if that is known.
    Progress(u64, Option<u64>),
    /// Nothing comes after it.
    End(CallResult),
}

impl Flow {
    /// `work` writes to `items` whatever it yields before it is done.
    pub(super) fn new(work: LocalBoxFuture<'static, CallResult>, items: Option<Reader>) -> Self {
        Flow { work: Some(work), items, result: None, notes: None, progress: None }
    }

    /// With what a peer wants to hear of the call's times.
    pub(super) fn noted(self, notes: Option<Arc<Notes>>) -> Self {
        Flow { notes, ..self }
    }

    /// Tells how far it is, too.
    pub(super) fn watched(self, progress: Option<Arc<Progress>>) -> Self {
        let progress = progress.map(|progress| {
            let mut look = tokio::time::interval(LOOK);
            look.set_missed_tick_behavior(MissedTickBehavior::Delay);
            Watched { progress, told: (0, None), look }
        });
        Flow { progress, ..self }
    }

    /// What was given to `noted`.
    pub(super) fn notes(&self) -> Option<&Notes> {
        self.notes.as_deref()
    }

    /// The next item, if one `may` be taken now, or what the call came to after all of them. Must not be called after
    /// the end.
    pub(super) fn poll_step(&mut self, cx: &mut Context<'_>, may: impl Fn(&mut Context<'_>) -> bool) -> Poll<Step> {
        if let (Some(watched), None) = (&mut self.progress, &self.result) {
            while watched.look.poll_tick(cx).is_ready() {
                let now = watched.progress.get();
                if now != watched.told {
                    watched.told = now;
                    return Poll::Ready(Step::Progress(now.0, now.1));
                }
            }
        }
        loop {
            if let Some(items) = &mut self.items {
                if !may(cx) {
                    // The work goes on until the queue is full.
                    self.poll_work(cx);
                    return Poll::Pending;
                }
                match Pin::new(items).poll_next(cx) {
                    Poll::Ready(Some(item)) => return Poll::Ready(Step::Item(item)),
                    Poll::Ready(None) => self.items = None,
                    Poll::Pending => {}
                }
            }
            // All its items are in the queue once it has a result, and none was left there a moment ago.
            if let Some(result) = self.result.take() {
                return Poll::Ready(Step::End(result));
            }
            if !self.poll_work(cx) {
                return Poll::Pending;
            }
        }
    }

    /// Ends the call before it has come to anything.
    pub(super) fn end_with(&mut self, result: CallResult) {
        self.work = None;
        self.items = None;
        self.result = Some(result);
    }

    /// True when there is a result that was not there before.
    fn poll_work(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(work) = &mut self.work else { return false };
        let Poll::Ready(result) = work.as_mut().poll(cx) else { return false };
        self.work = None;
        self.result = Some(result);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use futures_util::FutureExt;
    use madrpc_actors::protocol::streams;

    use super::*;

    fn step(flow: &mut Flow, may: bool) -> String {
        match flow.poll_step(&mut Context::from_waker(Waker::noop()), |_| may) {
            Poll::Ready(Step::Item(item)) => item.as_str().to_owned(),
            Poll::Ready(Step::Progress(done, total)) => format!("{done} of {total:?}"),
            Poll::Ready(Step::End(result)) => format!("end {}", result.expect("a result").as_str()),
            Poll::Pending => "wait".into(),
        }
    }

    #[test]
    fn the_result_comes_after_the_items_and_those_when_they_may() {
        let (mut writer, items) = streams::queue();
        let (done, result) = tokio::sync::oneshot::channel::<CallResult>();
        let work = async move { result.await.expect("told") };
        let mut flow = Flow::new(work.boxed_local(), Some(items));
        assert_eq!(step(&mut flow, true), "wait");
        for number in ["1", "2"] {
            writer.try_send(JsonText::parse(number).expect("JSON")).expect("room");
        }
        assert_eq!([step(&mut flow, false), step(&mut flow, true)], ["wait", "1"]);
        drop(done.send(Ok(JsonText::NULL)));
        assert_eq!([false, true, true].map(|may| step(&mut flow, may)), ["wait", "2", "end null"]);
    }

    #[test]
    fn a_plain_call_comes_to_its_result() {
        let mut flow = Flow::new(async { Ok(JsonText::NULL) }.boxed_local(), None);
        assert_eq!(step(&mut flow, false), "end null");
    }
}
