//! What flows beside a call while it runs: the items that its method yields, and the values that its caller pushes.
//!
//! Both are bounded queues that work between any two threads. Whoever fills one waits while it is full, so a reader that
//! is slow holds up the writer, over however many processes that is.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_channel::mpsc;

use super::json_text::JsonText;

/// Values that a queue holds, and that may travel without having been asked for one by one (PROTOCOL, section 6).
pub const CREDIT: usize = 16;

/// The end of a queue that is written.
pub type Writer = mpsc::Sender<JsonText>;

/// The end that is read. It ends when no writer is left.
pub type Reader = mpsc::Receiver<JsonText>;

/// A queue for `CREDIT` values.
pub fn queue() -> (Writer, Reader) {
    // Each writer has a place of its own, and there is one.
    mpsc::channel(CREDIT - 1)
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
