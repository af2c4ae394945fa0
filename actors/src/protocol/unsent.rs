//! Long texts that wait for whoever asked for them, counted over the whole process: clients that take nothing must not
//! fill its memory.
//!
//! A text counts from when it is made until nobody holds a piece of it any more, wherever it goes meanwhile. Short ones
//! are not counted: about as much waits in the buffers of the system, and the calls in flight bound their number.
//!
//! Calls from outside and nested ones have a count each. The first wait for clients alone. If streams of the one kind
//! could be held up by texts of the other, a call that reads a stream could wait for itself.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use bytes::Bytes;

use super::json_text::JsonText;

/// Bytes from which a text is counted.
pub const LONG: usize = 64 << 10;

/// Nested calls belong to work that was taken on: they may have so many times as much.
const NESTED_FACTOR: usize = 2;

/// No item is kept beyond so many times the room.
const ITEMS_FACTOR: usize = 2;

/// The counts of a process; clones share them.
#[derive(Clone, Debug)]
pub struct Unsent {
    outside: Account,
    nested: Account,
}

impl Unsent {
    /// `room` is for the texts of calls from outside, in bytes. Streams begin while half of it is free, and go on with
    /// long items while a quarter is.
    pub fn new(room: usize) -> Self {
        let nested = room.saturating_mul(NESTED_FACTOR);
        // Nested streams never wait for each other here: one may read another. Each has its credit, and its queue.
        Unsent { outside: Account::new(room, true), nested: Account::new(nested, false) }
    }

    /// The one for calls at that depth of nesting.
    pub fn at(&self, depth: u32) -> &Account {
        if depth == 0 {
            &self.outside
        } else {
            &self.nested
        }
    }
}

/// Clones share the count.
#[derive(Clone, Debug)]
pub struct Account(Arc<Count>);

#[derive(Debug)]
struct Count {
    bytes: AtomicUsize,
    room: usize,
    /// Whether streams wait for there to be fewer.
    streams_wait: bool,
    /// Those that do, and for how many; the oldest come first.
    streams: Mutex<BTreeMap<u64, (usize, Waker)>>,
    /// How many these are, so that nobody needs the lock to see that there are none.
    waiting: AtomicUsize,
    next: AtomicU64,
}

impl Account {
    fn new(room: usize, streams_wait: bool) -> Self {
        let (bytes, waiting) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let (streams, next) = (Mutex::default(), AtomicU64::new(0));
        Account(Arc::new(Count { bytes, room, streams_wait, streams, waiting, next }))
    }

    /// Counts a result; `None` when there is no room for it. The first of all has room, however long it is.
    pub fn admit(&self, text: JsonText) -> Option<JsonText> {
        if text.len() < LONG {
            return Some(text);
        }
        let held = self.hold(text.len());
        let others = self.bytes().saturating_sub(text.len());
        (others == 0 || self.bytes() <= self.0.room).then(|| text.held_with(held))
    }

    /// Whether so many bytes, which are there already, may wait as a result may.
    pub fn has_room(&self, bytes: usize) -> bool {
        let others = self.bytes();
        bytes < LONG || others == 0 || others.saturating_add(bytes) <= self.0.room
    }

    /// Counts what could not be refused any more.
    pub fn count(&self, text: impl Into<Bytes>) -> Bytes {
        let text = text.into();
        match text.len() < LONG {
            true => text,
            false => held_with(text.clone(), self.hold(text.len())),
        }
    }

    /// Whether an item of so many bytes, which is there already, may be kept. Streams wait long before: this is for many
    /// that have gone on at the same moment.
    pub fn takes_item(&self, bytes: usize) -> bool {
        let others = self.bytes();
        bytes < LONG || others == 0 || others.saturating_add(bytes) <= self.0.room.saturating_mul(ITEMS_FACTOR)
    }

    /// A stream that is to go on only while there is calm.
    pub fn stream(&self) -> Counted {
        Counted { account: self.clone(), number: self.0.next.fetch_add(1, Ordering::Relaxed) }
    }

    /// Bytes of the room.
    pub fn room(&self) -> usize {
        self.0.room
    }

    /// Bytes that wait.
    pub fn bytes(&self) -> usize {
        self.0.bytes.load(Ordering::SeqCst)
    }

    /// Counts so many bytes until what is returned is dropped.
    pub(super) fn hold(&self, bytes: usize) -> Hold {
        self.0.bytes.fetch_add(bytes, Ordering::SeqCst);
        Hold { account: self.clone(), bytes }
    }

    fn streams(&self) -> MutexGuard<'_, BTreeMap<u64, (usize, Waker)>> {
        self.0.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a stream has sent last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Last {
    /// It has sent nothing.
    #[default]
    Nothing,
    /// An item that is not counted.
    Short,
    /// A counted one.
    Long,
}

/// One stream among those of an account.
#[derive(Debug)]
pub struct Counted {
    account: Account,
    number: u64,
}

impl Counted {
    /// Where its items are counted.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Whether it may go on; `last` is what it has sent last. If not, `waker` is woken when it may.
    ///
    /// Whoever has taken a long item goes before those of whom nothing is known, so that clients who take nothing hold
    /// up new streams alone. Short items need no room.
    pub fn may_go_on(&self, last: Last, waker: &Waker) -> bool {
        let Account(count) = &self.account;
        let below = match last {
            Last::Short => return true,
            _ if !count.streams_wait => return true,
            Last::Long => count.room - count.room / 4,
            Last::Nothing => count.room / 2,
        };
        let below = below.max(1);
        if self.account.bytes() < below {
            return true;
        }
        {
            let mut streams = self.account.streams();
            streams.insert(self.number, (below, waker.clone()));
            count.waiting.store(streams.len(), Ordering::SeqCst);
        }
        // Whoever gave bytes back before it could see that somebody waits, has given them back by now.
        self.account.bytes() < below
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let Account(count) = &self.account;
        if count.waiting.load(Ordering::SeqCst) > 0 {
            let mut streams = self.account.streams();
            streams.remove(&self.number);
            count.waiting.store(streams.len(), Ordering::SeqCst);
        }
    }
}

/// Bytes that are counted.
#[derive(Debug)]
pub(super) struct Hold {
    account: Account,
    bytes: usize,
}

impl Drop for Hold {
    fn drop(&mut self) {
        let Account(count) = &self.account;
        let left = count.bytes.fetch_sub(self.bytes, Ordering::SeqCst).saturating_sub(self.bytes);
        if left < count.room && count.waiting.load(Ordering::SeqCst) > 0 {
            let woken: Vec<_> = {
                let mut streams = self.account.streams();
                let woken = streams.extract_if(.., |_, (below, _)| left < *below).collect();
                count.waiting.store(streams.len(), Ordering::SeqCst);
                woken
            };
            woken.into_iter().for_each(|(_, (_, waker))| waker.wake());
        }
    }
}

/// The text, with something that is dropped when no piece of it is left.
pub(super) fn held_with<T: Send + 'static>(text: Bytes, hold: T) -> Bytes {
    struct Held<T> {
        text: Bytes,
        _hold: T,
    }

    impl<T> AsRef<[u8]> for Held<T> {
        fn as_ref(&self) -> &[u8] {
            &self.text
        }
    }

    Bytes::from_owner(Held { text, _hold: hold })
}

#[cfg(test)]
mod tests {
    use std::task::Wake;

    use super::*;

    fn text(bytes: usize) -> JsonText {
        JsonText::from_trusted(vec![b'1'; bytes])
    }

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_text_counts_until_its_last_piece_is_gone() {
        let unsent = Unsent::new(10 * LONG);
        let account = unsent.at(0);
        let whole = account.admit(text(3 * LONG)).expect("room");
        let piece = whole.to_bytes().slice(..10);
        drop(whole);
        assert_eq!((account.bytes(), &piece[..]), (3 * LONG, &b"1111111111"[..]));
        drop(piece);
        assert_eq!(account.bytes(), 0);
        drop(account.count(vec![0; LONG - 1]));
        let short = account.admit(text(LONG - 1));
        let long = account.count(vec![0; LONG]);
        assert_eq!((short.is_some(), account.bytes()), (true, LONG));
        drop(long);
        assert_eq!(account.bytes(), 0);
    }

    #[test]
    fn what_has_no_room_is_refused_but_never_the_first_nor_what_is_short() {
        let unsent = Unsent::new(2 * LONG);
        let account = unsent.at(0);
        let first = account.admit(text(5 * LONG)).expect("the first of all");
        assert!(account.admit(text(LONG)).is_none() && !account.takes_item(LONG));
        assert!(account.admit(text(LONG - 1)).is_some() && account.takes_item(LONG - 1));
        assert_eq!(account.bytes(), 5 * LONG, "what was refused does not count");
        assert!(unsent.at(1).admit(text(LONG)).is_some(), "nested calls have their own");
        drop(first);
        let two = [account.admit(text(LONG)), account.admit(text(LONG))];
        assert!(two.iter().all(Option::is_some) && account.admit(text(LONG)).is_none());
    }

    #[test]
    fn streams_begin_while_half_is_free_and_go_on_while_a_quarter_is() {
        let unsent = Unsent::new(4 * LONG);
        let (woken, account) = (Arc::new(Woken::default()), unsent.at(0));
        let (waker, stream, other) = (Waker::from(woken.clone()), account.stream(), account.stream());
        let (woken, waiting) = (|| woken.0.load(Ordering::SeqCst), || account.0.waiting.load(Ordering::SeqCst));
        let _one = account.admit(text(LONG));
        assert!(stream.may_go_on(Last::Nothing, &waker));
        let two = account.admit(text(LONG));
        assert!(!stream.may_go_on(Last::Nothing, &waker) && !stream.may_go_on(Last::Nothing, &waker));
        assert!(other.may_go_on(Last::Long, &waker));
        let three = account.admit(text(LONG));
        assert!(!other.may_go_on(Last::Long, &waker) && other.may_go_on(Last::Short, &waker));
        assert_eq!(waiting(), 2, "each stream once");
        drop(three);
        assert_eq!((woken(), waiting()), (1, 1), "who has taken an item goes on first");
        drop(two);
        assert_eq!((woken(), waiting()), (2, 0));
        let _two = account.admit(text(LONG));
        assert!(!other.may_go_on(Last::Nothing, &waker));
        drop(other);
        assert_eq!(waiting(), 0, "nobody waits any more");
        let _nested = unsent.at(1).admit(text(8 * LONG));
        assert!(unsent.at(1).stream().may_go_on(Last::Nothing, &waker), "nested ones do not wait here");
    }
}
