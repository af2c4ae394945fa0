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

/// Values that a queue holds, and that may travel without having been asked for one by one (PROTOCOL, section 6).
pub const CREDIT: usize = 16;

/// Bytes that a queue holds, but for a single value that is longer.
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

/// The end of a queue that is written.
#[derive(Debug)]
pub struct Writer {
    queue: mpsc::Sender<JsonText>,
    load: Arc<Load>,
}

impl Writer {
    /// Whether there is room for one value. If not, `cx` is woken when there is. An error: nobody reads it any more.
    pub fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), mpsc::SendError>> {
        let is_full = |writer: &Writer| writer.load.bytes.load(Ordering::Acquire) >= ROOM && !writer.is_closed();
        if is_full(self) {
            self.load.writer.register(cx.waker());
            if is_full(self) {
                return Poll::Pending;
            }
        }
        self.queue.poll_ready(cx)
    }

    /// Puts in a value, for which there must have been room.
    pub fn start_send(&mut self, value: JsonText) -> Result<(), mpsc::SendError> {
        let bytes = value.len();
        self.load.bytes.fetch_add(bytes, Ordering::AcqRel);
        self.queue.start_send(value)
    }

    /// Puts in a value if there are fewer than there may be.
    pub fn try_send(&mut self, value: JsonText) -> Result<(), mpsc::TrySendError<JsonText>> {
        let bytes = value.len();
        // Counted first: the reader may have it the next moment.
        self.load.bytes.fetch_add(bytes, Ordering::AcqRel);
        self.queue.try_send(value).inspect_err(|_| {
            self.load.bytes.fetch_sub(bytes, Ordering::AcqRel);
        })
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
        self.load.bytes.fetch_sub(value.len(), Ordering::AcqRel);
        self.load.writer.wake();
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
    // Each writer has a place of its own, and there is one.
    let (writer, reader) = mpsc::channel(CREDIT - 1);
    let load = Arc::<Load>::default();
    (Writer { queue: writer, load: load.clone() }, Reader { queue: reader, load })
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
