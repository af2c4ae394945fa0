//! What connections may take their time for, and which must go when there are too many.
//!
//! actix-http times the first head of a connection and the rest between two requests, and nothing else: not a later head,
//! not the end of a request that nobody reads, and not a client that takes no answer. So each connection notes on its
//! way what it is doing, which costs a call next to nothing, and one task per worker looks at all of them now and then.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use actix_rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What a worker allows its connections.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowed {
    /// From the first byte of a request to the end of its head; also for the handshake of TLS.
    pub(super) head: Duration,
    /// From the end of an answer to the first byte of the next request.
    pub(super) idle: Duration,
    /// For the client to take some of an answer.
    pub(super) write: Duration,
    /// Open at once.
    pub(super) connections: usize,
}

/// The connections of one worker.
pub(super) struct Connections {
    allowed: Allowed,
    look: Duration,
    open: Cell<usize>,
    /// Of all workers: the requests that are with a service, or whose answers still come.
    answering: Arc<AtomicUsize>,
    watches: RefCell<Vec<Weak<Watch>>>,
    /// As of the last look.
    now: Cell<Instant>,
    looking: Cell<bool>,
}

/// What a connection is doing, noted by the connection and by the service behind it.
pub(super) struct Watch {
    among: Rc<Connections>,
    phase: Cell<Phase>,
    since: Cell<Instant>,
    /// Since when the client has taken nothing of what is to be written.
    stuck: Cell<Option<Instant>>,
    /// Bytes that are still read; `None`: as many as come. One read may take more than that, which is then a debt.
    left: Cell<Option<i64>>,
    /// What comes is thrown away, and then the connection is at its end.
    refused: Cell<bool>,
    /// Reading and writing may be up to two tasks.
    reader: Cell<Option<Waker>>,
    writer: Cell<Option<Waker>>,
    over: Cell<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing is asked.
    Idle,
    /// Something arrives, and nobody has it yet.
    Arriving,
    /// A request is with the service, or its answer still comes.
    Busy,
}

impl Connections {
    pub(super) fn new(allowed: Allowed, answering: Arc<AtomicUsize>) -> Rc<Self> {
        let shortest = allowed.head.min(allowed.write).min(allowed.idle);
        Rc::new(Connections {
            allowed,
            look: (shortest / 4).clamp(Duration::from_millis(5), Duration::from_secs(1)),
            open: Cell::new(0),
            answering,
            watches: RefCell::default(),
            now: Cell::new(Instant::now()),
            looking: Cell::new(false),
        })
    }

    /// Takes in a connection. When there is no room, the one that has gone longest without a request makes some.
    pub(super) fn take_in(self: &Rc<Self>, tcp: TcpStream) -> Watched {
        if !self.looking.replace(true) {
            self.now.set(Instant::now());
            actix_rt::spawn(self.clone().look_on());
        }
        if self.open.get() >= self.allowed.connections {
            self.make_room();
        }
        self.open.set(self.open.get() + 1);
        let watch = Rc::new(Watch {
            among: self.clone(),
            phase: Cell::new(Phase::Idle),
            since: Cell::new(self.now.get()),
            stuck: Cell::new(None),
            left: Cell::new(None),
            refused: Cell::new(false),
            reader: Cell::new(None),
            writer: Cell::new(None),
            over: Cell::new(false),
        });
        self.watches.borrow_mut().push(Rc::downgrade(&watch));
        Watched { tcp, watch }
    }

    fn make_room(&self) {
        let watches: Vec<_> = self.watches.borrow().iter().filter_map(Weak::upgrade).collect();
        let waiting = watches.iter().filter(|watch| watch.phase.get() != Phase::Busy && !watch.over.get());
        if let Some(longest) = waiting.min_by_key(|watch| watch.since.get()) {
            log::debug!("{} connections are open here: one that waits makes room", self.open.get());
            longest.end();
        }
    }

    /// Until no connection is left.
    async fn look_on(self: Rc<Self>) {
        loop {
            actix_rt::time::sleep(self.look).await;
            self.now.set(Instant::now());
            self.watches.borrow_mut().retain(|watch| watch.strong_count() > 0);
            let watches = self.watches.borrow().clone();
            for watch in watches.iter().filter_map(Weak::upgrade) {
                if watch.is_overdue(self.now.get()) {
                    watch.end();
                }
            }
            if self.open.get() == 0 {
                break;
            }
        }
        self.looking.set(false);
    }
}

impl Watch {
    /// A request is with the service, until what comes back is dropped.
    pub(super) fn busy(self: &Rc<Self>) -> Busy {
        self.phase.set(Phase::Busy);
        self.among.answering.fetch_add(1, Ordering::SeqCst);
        Busy(self.clone())
    }

    /// Nothing is asked.
    pub(super) fn is_idle(&self) -> bool {
        self.phase.get() == Phase::Idle
    }

    /// A request is being answered.
    pub(super) fn is_busy(&self) -> bool {
        self.phase.get() == Phase::Busy
    }

    /// What is left of a request is not read: that this looks like an end is not the client's doing.
    pub(super) fn is_refused(&self) -> bool {
        self.refused.get()
    }

    /// Nothing is asked from now on.
    fn rest(&self) {
        self.phase.set(Phase::Idle);
        self.since.set(self.among.now.get());
    }

    /// Something is on its way.
    fn arrives(&self) {
        if self.phase.get() == Phase::Idle {
            self.phase.set(Phase::Arriving);
            self.since.set(self.among.now.get());
        }
    }

    /// What it notes of the time is up to a look old; nothing is cut short by that.
    fn is_overdue(&self, now: Instant) -> bool {
        let Allowed { head, idle, write, .. } = self.among.allowed;
        let longer_than = |since: Instant, allowed| now.saturating_duration_since(since) > allowed + self.among.look;
        let late = match self.phase.get() {
            Phase::Idle => longer_than(self.since.get(), idle),
            Phase::Arriving => longer_than(self.since.get(), head),
            Phase::Busy => false,
        };
        late || self.stuck.get().is_some_and(|since| longer_than(since, write))
    }

    /// There is something to read again.
    fn read_on(&self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }

    fn end(&self) {
        self.over.set(true);
        for waker in [self.reader.take(), self.writer.take()].into_iter().flatten() {
            waker.wake();
        }
    }

    /// From now on `bytes` are read of the connection, and those that are granted later.
    pub(super) fn quota(self: Rc<Self>, bytes: i64) -> Quota {
        self.left.set(Some(bytes));
        Quota(self)
    }

    /// Reads by `read`, as far as the quota reaches; beyond that nothing comes.
    pub(super) fn reading(
        &self,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
        read: impl FnOnce(&mut Context<'_>, &mut ReadBuf<'_>) -> Poll<io::Result<()>>,
    ) -> Poll<io::Result<()>> {
        let Some(left) = self.left.get() else { return read(cx, into) };
        if left <= 0 {
            if self.refused.get() {
                return Poll::Ready(Ok(()));
            }
            park(&self.reader, cx);
            return Poll::Pending;
        }
        let before = into.filled().len();
        let polled = read(cx, into);
        let came = i64::try_from(into.filled().len() - before).unwrap_or(i64::MAX);
        self.left.set(Some(left.saturating_sub(came)));
        polled
    }

    fn check(&self) -> io::Result<()> {
        if self.over.get() {
            Err(io::ErrorKind::TimedOut.into())
        } else {
            Ok(())
        }
    }
}

/// Of a refused request so much is taken from the wire, so that the answer is not lost by a reset.
const PARTING: i64 = 256 * 1024;

/// Bounds what is read of a connection, until this is dropped.
#[derive(Debug)]
pub(super) struct Quota(Rc<Watch>);

impl Quota {
    pub(super) fn grant(&self, bytes: i64) {
        if let Some(before) = self.0.left.get() {
            let left = before.saturating_add(bytes);
            self.0.left.set(Some(left));
            if before <= 0 && left > 0 {
                self.0.read_on();
            }
        }
    }

    pub(super) fn is_used_up(&self) -> bool {
        self.0.left.get().is_some_and(|left| left <= 0)
    }

    /// What is asked is not answered but by a refusal: little more is read, and then the connection ends.
    pub(super) fn refuse(self) {
        self.0.refused.set(true);
        self.0.left.set(Some(PARTING));
        self.0.read_on();
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        if !self.0.refused.get() {
            self.0.left.set(None);
        }
    }
}

/// Remembers whom to wake.
fn park(slot: &Cell<Option<Waker>>, cx: &Context<'_>) {
    let waker = slot.take().filter(|waker| waker.will_wake(cx.waker()));
    slot.set(Some(waker.unwrap_or_else(|| cx.waker().clone())));
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("phase", &self.phase).field("over", &self.over).finish_non_exhaustive()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.among.open.set(self.among.open.get() - 1);
    }
}

/// A request is being answered.
#[derive(Debug)]
pub(super) struct Busy(Rc<Watch>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.rest();
        self.0.among.answering.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A connection that notes what it does. Reading and writing fail once it has taken too long.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) tcp: TcpStream,
    pub(super) watch: Rc<Watch>,
}

impl Watched {
    /// The handshake begins, and has the time of a head.
    pub(super) fn shakes_hands(&self) {
        self.watch.arrives();
    }

    /// Looks at the first byte, which stays to be read. Fails at the end, and with the connection's time.
    pub(super) async fn peek(&self) -> io::Result<u8> {
        let mut first = [0];
        std::future::poll_fn(|cx| {
            self.watch.check()?;
            let peeked = self.tcp.poll_peek(cx, &mut ReadBuf::new(&mut first));
            if peeked.is_pending() {
                park(&self.watch.reader, cx);
            }
            peeked
        })
        .await
        .and_then(|read| if read == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(first[0]) })
    }

    /// The handshake is over, and nothing is asked yet.
    pub(super) fn has_shaken_hands(&self) {
        self.watch.rest();
    }
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.watch.check()?;
        let before = into.filled().len();
        let read = Pin::new(&mut self.tcp).poll_read(cx, into);
        match read {
            Poll::Pending => park(&self.watch.reader, cx),
            Poll::Ready(_) if into.filled().len() > before => self.watch.arrives(),
            Poll::Ready(_) => {}
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.watch.check()?;
        let written = Pin::new(&mut self.tcp).poll_write(cx, bytes);
        match written {
            Poll::Pending => {
                park(&self.watch.writer, cx);
                let since = self.watch.stuck.get().unwrap_or(self.watch.among.now.get());
                self.watch.stuck.set(Some(since));
            }
            Poll::Ready(_) => self.watch.stuck.set(None),
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
