//! A call over a link beside which something flows (PROTOCOL, section 6): its items come as `_stream`, against credit that
//! is given as they are read, and what is pushed to it leaves as `_push`, against credit of the peer's.

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::time::Instant;

use futures_util::future::{select, Either};
use futures_util::{SinkExt, StreamExt};
use madrpc_actors::protocol::streams::{cost, Progress, Reader, Writer, CREDIT};
use madrpc_actors::protocol::{Call, CallError, CallResult, JsonText};
use tokio::sync::{mpsc, Semaphore};

use super::calls::Link;

/// Items are asked for when so many have been read: one frame for several.
const ASK_AFTER: usize = CREDIT / 2;

/// What the peer says of a call.
#[derive(Debug)]
pub(super) enum News {
    Item(JsonText),
    /// So many more values may be pushed.
    Credit(usize),
    /// So many are done, of so many if that is known.
    Progress(u64, Option<u64>),
    End(CallResult),
}

/// Takes what the peer says to the call's task.
#[derive(Debug)]
pub(super) struct Teller {
    news: mpsc::UnboundedSender<News>,
    /// What the items among them cost: they come while that is less than the credit.
    unread: Rc<Cell<usize>>,
}

impl Teller {
    /// False when the peer sends more than it was asked for.
    pub(super) fn tell(&self, news: News) -> bool {
        let asked_for = self.unread.get() < CREDIT;
        let News::Item(item) = &news else {
            let _nobody_waits = self.news.send(news);
            return true;
        };
        self.unread.set(self.unread.get() + cost(item));
        if asked_for {
            let _nobody_waits = self.news.send(news);
        }
        asked_for
    }
}

/// Sends the call, and carries what flows until it ends. Dropping the future cancels it.
pub(in crate::transport) async fn carry(link: Link, call: &Call, now: Instant) -> CallResult {
    let (items, input) = (&call.streams.items, &call.streams.input);
    let (mut writer, mut reader) =
        (items.as_ref().and_then(|end| end.take()), input.as_ref().and_then(|end| end.take()));
    if let Some(writer) = &writer {
        // Its first items come without having been asked for.
        poll_fn(|cx| writer.poll_calm(cx)).await;
    }
    let (sender, news) = mpsc::unbounded_channel();
    let unread = Rc::<Cell<usize>>::default();
    let open = link.begin_flow(call, now, Teller { news: sender, unread: unread.clone() });
    let credits = Semaphore::new(CREDIT);
    let result = {
        let receiving =
            pin!(receive(&link, open.number, news, &mut writer, &unread, &credits, call.streams.progress.as_deref()));
        let pushing = pin!(push(&link, open.number, &mut reader, &credits));
        match select(receiving, pushing).await {
            Either::Left((result, _)) => result,
            Either::Right((never, _)) => match never {},
        }
    };
    if matches!(result, Err(CallError::Unreachable { sent: false })) {
        // Nothing has flowed: another way may be tried.
        if let (Some(end), Some(writer)) = (items, writer) {
            end.put_back(writer);
        }
        if let (Some(end), Some(reader)) = (input, reader) {
            end.put_back(reader);
        }
    }
    result
}

async fn receive(
    link: &Link,
    number: usize,
    mut news: mpsc::UnboundedReceiver<News>,
    writer: &mut Option<Writer>,
    unread: &Cell<usize>,
    credits: &Semaphore,
    progress: Option<&Progress>,
) -> CallResult {
    let mut read = 0;
    while let Some(told) = news.recv().await {
        match told {
            News::End(result) => return result,
            News::Progress(done, total) => {
                if let Some(progress) = progress {
                    progress.set(done, total);
                }
            }
            News::Credit(n) => credits.add_permits(n.min(CREDIT)),
            News::Item(item) => {
                let cost = cost(&item);
                if let Some(writer) = writer {
                    if let Some(limit) = writer.refuses(&item) {
                        return Err(CallError::TooLarge { limit: limit as u64 });
                    }
                    if writer.feed(item).await.is_err() {
                        // Who read them has gone.
                        return Err(CallError::Cancelled);
                    }
                    if cost > 1 {
                        // No further one that is long is asked for while this one waits.
                        poll_fn(|cx| writer.poll_calm(cx)).await;
                    }
                }
                unread.set(unread.get().saturating_sub(cost));
                read += cost;
                if read >= ASK_AFTER {
                    link.say(pull(number, read));
                    read = 0;
                }
            }
        }
    }
    Err(CallError::Unreachable { sent: true })
}

/// The notification that so many more items may come.
fn pull(number: usize, n: usize) -> Vec<u8> {
    format!(r#"{{"jsonrpc":"2.0","method":"_pull","params":{{"id":{number},"n":{n}}}}}"#).into_bytes()
}

/// What pushes for as long as the call is there.
async fn push(
    link: &Link,
    number: usize,
    reader: &mut Option<Reader>,
    credits: &Semaphore,
) -> std::convert::Infallible {
    while let Some(values) = reader {
        let Ok(permit) = credits.acquire().await else { break };
        permit.forget();
        match values.next().await {
            Some(value) => {
                let head = format!(r#"{{"jsonrpc":"2.0","method":"_push","params":{{"id":{number},"value":"#);
                let mut frame = head.into_bytes();
                frame.extend_from_slice(value.as_bytes());
                frame.extend_from_slice(b"}}");
                link.say(frame);
            }
            None => {
                link.say(format!(r#"{{"jsonrpc":"2.0","method":"_end","params":{{"id":{number}}}}}"#).into_bytes());
                break;
            }
        }
    }
    pending().await
}

#[cfg(test)]
mod tests {
    use std::task::Waker;
    use std::time::Duration;

    use bytes::Bytes;
    use futures_util::future::LocalBoxFuture;
    use futures_util::FutureExt;
    use madrpc_actors::protocol::streams::{self, End};
    use madrpc_actors::protocol::CallScope;

    use super::*;

    struct Both {
        link: Link,
        call: Call,
        items: Reader,
        input: Writer,
    }

    fn flowing() -> Both {
        let ((writer, items), (input, reader)) = (streams::queue(), streams::queue());
        let mut call = Call::new("m", None, CallScope::root(Duration::from_secs(1)));
        call.streams.items = Some(End::new(writer));
        call.streams.input = Some(End::new(reader));
        Both { link: Link::new(1000), call, items, input }
    }

    fn begin(both: &Both) -> LocalBoxFuture<'static, CallResult> {
        let (link, call) = (both.link.clone(), both.call.clone());
        async move { carry(link, &call, Instant::now()).await }.boxed_local()
    }

    fn sent(link: &Link) -> Vec<String> {
        let next = || link.calls().next_frame(Waker::noop());
        std::iter::from_fn(next).map(|frame| String::from_utf8(frame).expect("UTF-8")).collect()
    }

    fn hear(link: &Link, text: &str) {
        link.calls().frame(&Bytes::copy_from_slice(text.as_bytes()));
    }

    fn item(value: usize) -> String {
        format!(r#"{{"jsonrpc":"2.0","method":"_stream","params":{{"id":0,"seq":{value},"value":{value}}}}}"#)
    }

    const REPLY: &str = r#"{"jsonrpc":"2.0","id":0,"result":"r"}"#;

    #[test]
    fn items_are_asked_for_as_they_are_read_and_the_result_comes_last() {
        let mut both = flowing();
        let mut call = begin(&both);
        assert!((&mut call).now_or_never().is_none());
        assert!(sent(&both.link)[0].contains(r#""stream":true,"input":true"#));
        (0..CREDIT).for_each(|number| hear(&both.link, &item(number)));
        assert!((&mut call).now_or_never().is_none());
        assert_eq!(sent(&both.link), [8, 8].map(|n| String::from_utf8(pull(0, n)).expect("UTF-8")));
        // They wait for their reader here; those that come next wait before they are read, and are not asked for.
        (0..CREDIT).for_each(|number| hear(&both.link, &item(CREDIT + number)));
        hear(&both.link, REPLY);
        assert!((&mut call).now_or_never().is_none());
        assert!(sent(&both.link).is_empty());
        let mut read = Vec::new();
        let result = loop {
            while let Ok(item) = both.items.try_recv() {
                read.push(item.as_str().to_owned());
            }
            if let Some(result) = (&mut call).now_or_never() {
                break result;
            }
        };
        assert_eq!(result.expect("a result").as_str(), "\"r\"");
        while let Ok(item) = both.items.try_recv() {
            read.push(item.as_str().to_owned());
        }
        assert_eq!(read, (0..2 * CREDIT).map(|number| number.to_string()).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_pushed_leaves_against_credit() {
        let mut both = flowing();
        let mut call = begin(&both);
        assert!((&mut call).now_or_never().is_none());
        sent(&both.link);
        for _ in 0..CREDIT {
            both.input.try_send(JsonText::NULL).expect("room");
        }
        assert!((&mut call).now_or_never().is_none());
        let push = r#"{"jsonrpc":"2.0","method":"_push","params":{"id":0,"value":null}}"#;
        assert_eq!(sent(&both.link), [push; CREDIT]);
        both.input.try_send(JsonText::NULL).expect("room");
        drop(both.input);
        assert!((&mut call).now_or_never().is_none());
        assert!(sent(&both.link).is_empty(), "the credit is used up");
        hear(&both.link, r#"{"jsonrpc":"2.0","method":"_credit","params":{"id":0,"n":2}}"#);
        assert!((&mut call).now_or_never().is_none());
        assert_eq!(sent(&both.link), [push, r#"{"jsonrpc":"2.0","method":"_end","params":{"id":0}}"#]);
        hear(&both.link, REPLY);
        assert!(call.now_or_never().expect("told").is_ok());
    }

    #[test]
    fn a_peer_that_sends_what_nobody_asked_for_loses_the_call() {
        let mut both = flowing();
        let mut call = begin(&both);
        assert!((&mut call).now_or_never().is_none());
        (0..=CREDIT).for_each(|number| hear(&both.link, &item(number)));
        let result = call.now_or_never().expect("told");
        let read = std::iter::from_fn(|| both.items.try_recv().ok()).count();
        assert_eq!(read, CREDIT, "what came before is not lost");
        assert!(matches!(result, Err(CallError::Internal { .. })), "{result:?}");
    }

    #[test]
    fn a_reader_that_leaves_calls_the_call_off() {
        let both = flowing();
        let mut call = begin(&both);
        assert!((&mut call).now_or_never().is_none());
        sent(&both.link);
        drop(both.items);
        hear(&both.link, &item(0));
        assert!(matches!(call.now_or_never().expect("told"), Err(CallError::Cancelled)));
        assert_eq!(sent(&both.link), [r#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":0}}"#]);
    }

    #[test]
    fn what_did_not_leave_may_go_another_way() {
        let both = flowing();
        let mut call = begin(&both);
        assert!((&mut call).now_or_never().is_none() && both.call.streams.have_begun());
        both.link.calls().end();
        let result = call.now_or_never().expect("told");
        assert!(matches!(result, Err(CallError::Unreachable { sent: false })));
        assert!(!both.call.streams.have_begun());
    }
}
