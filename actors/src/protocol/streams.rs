//! What flows beside a call while it runs: the items that its method yields, and the values that its caller pushes.
//!
//! Both are bounded queues that work between any two threads. Whoever fills one waits while it is full, so a reader that
//! is slow holds up the writer, over however many processes that is.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_channel::mpsc;
use futures_util::task::AtomicWaker;
use futures_util::{Sink, Stream};

use super::json_text::JsonText;
use super::unsent::{Account, Counted, Hold, Last, LONG};

/// Values that a queue holds, and that may travel without having been asked for one by one (PROTOCOL, section 6).
pub const CREDIT: usize = 16;

/// Bytes that a queue holds, but for a single value that is longer. A long value counts until its reader has no use for
/// it any more: the next one is not made before.
const ROOM: usize = 1 << 20;

/// Bytes of a value that count as one more: what is large uses up more credit, since it waits somewhere, too.
const UNIT: usize = ROOM / CREDIT;

/// How much credit an item uses up between processes of ours.
pub fn cost(item: &JsonText) -> usize {
    1 + item.len() / UNIT
}

/// What both ends of a queue know.
#[derive(Debug, Default)]
struct Load {
    bytes: AtomicUsize,
    /// Who waits for there to be fewer.
    writer: AtomicWaker,
}

impl Load {
    fn give_back(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::AcqRel);
        self.writer.wake();
    }
}

/// A long value, wherever it is after it was put into its queue.
struct Held {
    load: Arc<Load>,
    bytes: usize,
    _counted: Option<Hold>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.load.give_back(self.bytes);
    }
}

/// The end of a queue that is written.
#[derive(Debug)]
pub struct Writer {
    queue: mpsc::Sender<JsonText>,
    load: Arc<Load>,
    /// Where long values are counted, too.
    process: Option<Counted>,
    last: Last,
}

impl Writer {
    /// Whether there is room for one value. If not, `cx` is woken when there is. An error: nobody reads it any more.
    pub fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), mpsc::SendError>> {
        std::task::ready!(self.poll_calm(cx));
        self.queue.poll_ready(cx)
    }

    /// Whether so few bytes wait that more may be asked for, here and in the process. If not, `cx` is woken when there are.
    pub fn poll_calm(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_calm(cx) {
            return Poll::Ready(());
        }
        self.load.writer.register(cx.waker());
        if self.is_calm(cx) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// Also when nobody reads, which is then to be told.
    fn is_calm(&self, cx: &Context<'_>) -> bool {
        let waits_here = self.load.bytes.load(Ordering::Acquire) >= ROOM;
        let is_calm = |process: &Counted| process.may_go_on(self.last, cx.waker());
        self.is_closed() || !waits_here && self.process.as_ref().is_none_or(is_calm)
    }

    /// That the process has no memory left for such a value: how much it has for all of them.
    pub fn refuses(&self, value: &JsonText) -> Option<usize> {
        let account = self.process.as_ref().map(Counted::account);
        account.filter(|account| !account.takes_item(value.len())).map(Account::room)
    }

    /// Puts in a value, for which there must have been room.
    pub fn start_send(&mut self, value: JsonText) -> Result<(), mpsc::SendError> {
        let value = self.counted(value);
        self.queue.start_send(value)
    }

    /// Puts in a value if there are fewer than there may be.
    pub fn try_send(&mut self, value: JsonText) -> Result<(), mpsc::TrySendError<JsonText>> {
        let bytes = value.len();
        let value = self.counted(value);
        self.queue.try_send(value).inspect_err(|_| {
            if bytes < LONG {
                self.load.give_back(bytes);
            }
        })
    }

    /// Before it is put in: the reader may have it the next moment.
    fn counted(&mut self, value: JsonText) -> JsonText {
        let bytes = value.len();
        self.last = if bytes < LONG { Last::Short } else { Last::Long };
        self.load.bytes.fetch_add(bytes, Ordering::AcqRel);
        if bytes < LONG {
            return value;
        }
        let counted = self.process.as_ref().map(|process| process.account().hold(bytes));
        value.held_with(Held { load: self.load.clone(), bytes, _counted: counted })
    }

    /// Nobody reads it any more.
    pub fn is_closed(&self) -> bool {
        self.queue.is_closed()
    }
}

impl Sink<JsonText> for Writer {
    type Error = mpsc::SendError;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), mpsc::SendError>> {
        Writer::poll_ready(&mut self, cx)
    }

    fn start_send(mut self: Pin<&mut Self>, value: JsonText) -> Result<(), mpsc::SendError> {
        Writer::start_send(&mut self, value)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), mpsc::SendError>> {
        Pin::new(&mut self.queue).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), mpsc::SendError>> {
        Pin::new(&mut self.queue).poll_close(cx)
    }
}

/// The end that is read. It ends when no writer is left.
#[derive(Debug)]
pub struct Reader {
    queue: mpsc::Receiver<JsonText>,
    load: Arc<Load>,
}

impl Reader {
    /// The next value, if it is there.
    pub fn try_recv(&mut self) -> Result<JsonText, mpsc::TryRecvError> {
        self.queue.try_recv().inspect(|value| self.took(value))
    }

    fn took(&self, value: &JsonText) {
        if value.len() < LONG {
            self.load.give_back(value.len());
        }
    }
}

impl Stream for Reader {
    type Item = JsonText;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<JsonText>> {
        let value = std::task::ready!(Pin::new(&mut self.queue).poll_next(cx));
        if let Some(value) = &value {
            self.took(value);
        }
        Poll::Ready(value)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.queue.close();
        self.load.writer.wake();
    }
}

/// A queue for `CREDIT` values.
pub fn queue() -> (Writer, Reader) {
    queue_of(None)
}

/// One whose long values are counted in `account`, and which has no room while too much waits there.
pub fn queue_in(account: &Account) -> (Writer, Reader) {
    queue_of(Some(account.stream()))
}

fn queue_of(process: Option<Counted>) -> (Writer, Reader) {
    // Each writer has a place of its own, and there is one.
    let (writer, reader) = mpsc::channel(CREDIT - 1);
    let load = Arc::<Load>::default();
    (Writer { queue: writer, load: load.clone(), process, last: Last::Nothing }, Reader { queue: reader, load })
}

/// The ends that a call brings along to whoever runs it. A call that is cloned, to be tried again, still has them once.
#[derive(Clone, Debug, Default)]
pub struct Streams {
    /// Where its items go; with none, a method that yields items comes to an array of them.
    pub items: Option<End<Writer>>,
    /// What its caller pushes; with none, that is nothing.
    pub input: Option<End<Reader>>,
    /// Where it tells how far it is; with none, nobody looks.
    pub progress: Option<Arc<Progress>>,
}

/// How far a call is, by its own account: that of the `madrpc.map` that it ran last.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicU64,
    /// 0: not known.
    total: AtomicU64,
}

impl Progress {
    /// So many are done, of so many if that is known.
    pub fn set(&self, done: u64, total: Option<u64>) {
        self.total.store(total.unwrap_or(0), Ordering::Relaxed);
        self.done.store(done, Ordering::Relaxed);
    }

    /// What was set last; none done when nothing was.
    pub fn get(&self) -> (u64, Option<u64>) {
        let total = self.total.load(Ordering::Relaxed);
        (self.done.load(Ordering::Relaxed), (total > 0).then_some(total))
    }
}

impl Streams {
    /// The call can't be sent again: something of it has flowed, or may have.
    pub fn have_begun(&self) -> bool {
        self.items.as_ref().is_some_and(End::is_taken) || self.input.as_ref().is_some_and(End::is_taken)
    }

    /// True for a plain call.
    pub fn are_none(&self) -> bool {
        self.items.is_none() && self.input.is_none() && self.progress.is_none()
    }
}

/// One end of a queue, for the first who takes it.
pub struct End<T>(Arc<Mutex<Option<T>>>);

impl<T> End<T> {
    /// Not taken yet.
    pub fn new(end: T) -> Self {
        End(Arc::new(Mutex::new(Some(end))))
    }

    /// None when it was taken already.
    pub fn take(&self) -> Option<T> {
        self.lock().take()
    }

    /// Nothing has flowed: somebody else may have it.
    pub fn put_back(&self, end: T) {
        *self.lock() = Some(end);
    }

    /// Whether somebody has it.
    pub fn is_taken(&self) -> bool {
        self.lock().is_none()
    }

    fn lock(&self) -> MutexGuard<'_, Option<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Clone for End<T> {
    fn clone(&self) -> Self {
        End(self.0.clone())
    }
}

impl<T> fmt::Debug for End<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("End").field("taken", &self.is_taken()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::super::unsent::Unsent;
    use super::*;

    #[test]
    fn a_queue_holds_its_credit_and_no_more() {
        let (mut writer, mut reader) = queue();
        for _ in 0..CREDIT {
            writer.try_send(JsonText::NULL).expect("room");
        }
        assert!(writer.try_send(JsonText::NULL).expect_err("full").is_full());
        assert!(reader.try_recv().is_ok());
        writer.try_send(JsonText::NULL).expect("room again");
    }

    #[test]
    fn a_queue_holds_so_many_bytes_and_one_value_that_is_longer() {
        let (mut writer, mut reader) = queue();
        let ready = |writer: &mut Writer| writer.poll_ready(&mut Context::from_waker(Waker::noop())).is_ready();
        let long = JsonText::from_trusted(vec![b'1'; ROOM / 2 + 1]);
        for _ in 0..2 {
            assert!(ready(&mut writer));
            writer.start_send(long.clone()).expect("room");
        }
        assert!(!ready(&mut writer));
        assert!(reader.try_recv().is_ok() && ready(&mut writer));
        writer.start_send(long.clone()).expect("room");
        assert!(!ready(&mut writer));
        drop(reader);
        assert!(ready(&mut writer), "to be told that nobody reads");
        assert_eq!((cost(&JsonText::NULL), cost(&long)), (1, 9));
    }

    #[test]
    fn a_long_value_holds_its_writer_up_until_nobody_has_a_piece_of_it() {
        let unsent = Unsent::new(4 * ROOM);
        let ((mut one, mut reader), (other, _reader)) = (queue_in(unsent.at(0)), queue_in(unsent.at(0)));
        let calm = |writer: &Writer| writer.poll_calm(&mut Context::from_waker(Waker::noop())).is_ready();
        one.try_send(JsonText::from_trusted(vec![b'1'; 3 * ROOM])).expect("room");
        let piece = reader.try_recv().expect("a value").to_bytes().slice(..1);
        assert!(!calm(&one) && !calm(&other), "more than half of the room is taken");
        let long = JsonText::from_trusted(vec![b'1'; 6 * ROOM]);
        assert_eq!((other.refuses(&long), other.refuses(&JsonText::NULL)), (Some(4 * ROOM), None));
        drop(piece);
        assert!(calm(&one) && calm(&other) && other.refuses(&long).is_none());
        one.start_send(long).expect("room");
        assert!(!calm(&one));
        drop(reader);
        assert!(calm(&one) && unsent.at(0).bytes() == 0, "what nobody read is given back");
    }

    #[test]
    fn an_end_is_for_the_first_who_takes_it() {
        let (writer, reader) = queue();
        let streams = Streams { items: Some(End::new(writer)), input: Some(End::new(reader)), progress: None };
        let again = streams.clone();
        assert!(!again.have_begun());
        let taken = streams.items.as_ref().and_then(End::take).expect("the first");
        assert!(again.have_begun() && again.items.as_ref().and_then(End::take).is_none());
        streams.items.as_ref().expect("there").put_back(taken);
        assert!(!again.have_begun());
    }
}
