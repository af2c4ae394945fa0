//! What waits for a JsExecutor, and how its thread is woken.
//!
//! A message to a SyncArbiter passes through a task on the System's main arbiter before it reaches the thread: two
//! wake-ups of sleeping threads for each call. So the actor's mailbox carries only the doorbell, `Serve`; the work lies
//! here, and while the executor serves, or has served a moment ago, it waits on this inbox itself: one wake-up, and none
//! under load.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use actix::Addr;

use super::js_executor::{JsExecutor, Serve};
use super::open_calls::OpenCalls;
use super::reply_to::ReplyTo;
use crate::engine::{CallId, InvocationId, Watch};
use crate::policy::admission::Permit;
use crate::policy::queueing::Occupancy;
use crate::protocol::{Call, CallResult, FetchResult};

/// An executor that is held up counts as if it had this many more messages.
const HELD_UP: usize = 1 << 20;

/// A message to an executor.
#[derive(Debug)]
pub enum Work {
    /// Run a method.
    Invoke(Box<Invoke>),
    /// Calls that its scripts made have come to this.
    Settled(Vec<(CallId, CallResult)>),
    /// A fetch of its scripts has come to this.
    Fetched(CallId, Box<FetchResult>),
    /// The queue of this flow has room again, or has something in it, or has lost its other end.
    Flow(CallId),
    /// Nobody waits for this invocation any more.
    Cancel(InvocationId),
    /// There are other scripts to run.
    Renew,
}

/// Run a method.
#[derive(Debug)]
pub struct Invoke {
    /// To cancel it by.
    pub id: InvocationId,
    /// What to run.
    pub call: Call,
    /// Where the result goes.
    pub reply: ReplyTo,
    /// Its place among the admitted; none for a call of this node's own scripts.
    pub permit: Option<Permit>,
    /// What calls of its method take.
    pub cost: Arc<Occupancy>,
    /// What they took when it came.
    pub estimate_ns: u64,
    /// When that was.
    pub came: Instant,
    /// Only this executor may run it: the function of an event, which finds there what those before it have left.
    pub stays: bool,
}

/// The inbox of one executor. Bounded by admission: every `Invoke` from outside carries a permit, and every other
/// message answers a call whose number is bounded.
#[derive(Debug)]
pub struct ExecutorInbox {
    /// The executor's number, for the log and for finding it in the pool.
    pub number: usize,
    /// The calls that it has begun and not answered.
    pub calls: OpenCalls,
    /// What its engine runs right now.
    pub watch: Arc<Watch>,
    /// How long other things than new calls occupy it for each of these: what calls go on with once they have waited.
    pub between: Occupancy,
    /// Its thread, as the system numbers it.
    pub thread: OnceLock<i32>,
    state: Mutex<State>,
    arrived: Condvar,
    load: AtomicUsize,
    /// The calls among the messages that nobody has looked at.
    waiting: AtomicUsize,
    /// What they are expected to take together.
    waiting_ns: AtomicU64,
    /// What it runs takes long: calls were found waiting behind it.
    held_up: AtomicBool,
    /// None before it is connected, and once the executor has retired: then its thread ends.
    doorbell: Mutex<Option<Addr<JsExecutor>>>,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Work>,
    /// The executor runs, or waits on this inbox; otherwise it rests in its mailbox.
    serving: bool,
    /// It waits, and nobody has undertaken to wake it.
    waiting: bool,
    /// It takes nothing any more.
    retired: bool,
}

thread_local! {
    /// The executors that this thread is about to wake.
    static TO_WAKE: RefCell<Vec<Arc<ExecutorInbox>>> = const { RefCell::new(Vec::new()) };
}

fn wake_soon(inbox: Arc<ExecutorInbox>) {
    let first = TO_WAKE.with_borrow_mut(|inboxes| {
        inboxes.push(inbox);
        inboxes.len() == 1
    });
    if first {
        // Runs after the tasks that are ready already.
        actix_rt::spawn(async {
            for inbox in TO_WAKE.take() {
                inbox.arrived.notify_one();
            }
        });
    }
}

/// Tells an executor of a flow.
#[derive(Debug)]
struct Flowing {
    inbox: Arc<ExecutorInbox>,
    id: CallId,
}

impl Wake for Flowing {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.inbox.send(Work::Flow(self.id));
    }
}

impl ExecutorInbox {
    /// An empty inbox; connect it before the first message.
    pub fn new(number: usize) -> Self {
        ExecutorInbox {
            number,
            calls: OpenCalls::default(),
            watch: Arc::default(),
            between: Occupancy::default(),
            thread: OnceLock::new(),
            state: Mutex::default(),
            arrived: Condvar::new(),
            load: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            waiting_ns: AtomicU64::new(0),
            held_up: AtomicBool::new(false),
            doorbell: Mutex::default(),
        }
    }

    /// Tells the inbox which actor to wake.
    pub fn connect(&self, executor: Addr<JsExecutor>) {
        *self.doorbell.lock().unwrap_or_else(PoisonError::into_inner) = Some(executor);
    }

    /// Tells the executor of the flow `id` when it is woken. A queue wakes once for each time that it is asked in vain, so
    /// that there are no more such messages than flows.
    pub fn waker(self: &Arc<Self>, id: CallId) -> Waker {
        Arc::new(Flowing { inbox: self.clone(), id }).into()
    }

    /// Delivers a message and sees to it that the executor looks.
    pub fn send(&self, work: Work) {
        if self.push(work) {
            self.arrived.notify_one();
        }
    }

    /// As `send`, for a thread that runs an actix runtime: the executor is woken when the tasks that are ready now have
    /// had their turn, once for all that they deliver. Woken at the first message it would take the processor from the
    /// very thread that is about to deliver the next.
    pub fn send_soon(self: &Arc<Self>, work: Work) {
        if self.push(work) {
            wake_soon(self.clone());
        }
    }

    /// True when the executor waits and must be woken; whoever is told so has to do it.
    fn push(&self, work: Work) -> bool {
        self.load.fetch_add(1, Ordering::Relaxed);
        if let Work::Invoke(invoke) = &work {
            self.waits(invoke);
        }
        let mut state = self.lock();
        if state.retired {
            drop(state);
            return self.refuse(work);
        }
        state.queue.push_back(work);
        if state.serving {
            return std::mem::take(&mut state.waiting);
        }
        state.serving = true;
        drop(state);
        self.ring();
        false
    }

    /// The message came too late. The caller of a call hears that it was dropped; other messages are about calls that have
    /// ended.
    fn refuse(&self, work: Work) -> bool {
        self.load.fetch_sub(1, Ordering::Relaxed);
        if let Work::Invoke(invoke) = &work {
            self.no_longer_waits(invoke);
        }
        false
    }

    /// The next message, waiting until `until` for one to come.
    pub fn take(&self, until: Instant) -> Option<Work> {
        let mut state = self.lock();
        loop {
            if let Some(work) = state.queue.pop_front() {
                if let Work::Invoke(invoke) = &work {
                    self.no_longer_waits(invoke);
                }
                return Some(work);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            state.waiting = true;
            (state, _) = self.arrived.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner);
            state.waiting = false;
        }
    }

    /// Puts back, in front, what has been taken and not dealt with: no calls that may go elsewhere.
    pub fn put_back(&self, taken: VecDeque<Work>) {
        let mut state = self.lock();
        for work in taken.into_iter().rev() {
            if let Work::Invoke(invoke) = &work {
                self.waits(invoke);
            }
            state.queue.push_front(work);
        }
    }

    /// Takes out the calls that have not begun and may move, for another executor to run.
    pub fn take_invokes(&self) -> Vec<Box<Invoke>> {
        let mut state = self.lock();
        let mut invokes = Vec::new();
        for work in std::mem::take(&mut state.queue) {
            match work {
                Work::Invoke(invoke) if !invoke.stays => invokes.push(invoke),
                other => state.queue.push_back(other),
            }
        }
        self.load.fetch_sub(invokes.len(), Ordering::Relaxed);
        invokes.iter().for_each(|invoke| self.no_longer_waits(invoke));
        invokes
    }

    /// Takes out the first call that has not begun and may move, if it came before `since`.
    pub fn take_invoke_from_before(&self, since: Instant) -> Option<Box<Invoke>> {
        let mut state = self.lock();
        let may_move = |work: &Work| matches!(work, Work::Invoke(invoke) if !invoke.stays);
        let place = state.queue.iter().position(may_move)?;
        if !matches!(&state.queue[place], Work::Invoke(invoke) if invoke.came < since) {
            return None;
        }
        let Some(Work::Invoke(invoke)) = state.queue.remove(place) else { return None };
        drop(state);
        self.load.fetch_sub(1, Ordering::Relaxed);
        self.no_longer_waits(&invoke);
        Some(invoke)
    }

    /// True when the call that runs is not wanted any more: its caller has gone, or its cancellation waits here.
    pub fn is_cancelled(&self, id: InvocationId) -> bool {
        self.calls.is_unwanted(id)
            || self.lock().queue.iter().any(|work| matches!(work, Work::Cancel(cancelled) if *cancelled == id))
    }

    /// After a panic the actor is built anew: sees to it that its successor looks at what waits.
    pub fn hand_over(&self) {
        if !self.rest() {
            self.ring();
        }
    }

    /// Sends the executor back to its mailbox, unless something has just come.
    pub fn rest(&self) -> bool {
        let mut state = self.lock();
        state.serving = !state.queue.is_empty();
        !state.serving
    }

    /// A turn begins that no message asked for. It counts as a message until it is `done`.
    pub fn begin_turn(&self) {
        self.load.fetch_add(1, Ordering::AcqRel);
    }

    /// As `rest`, for good: the executor's thread ends.
    pub fn retire(&self) -> bool {
        let mut state = self.lock();
        if !state.queue.is_empty() {
            return false;
        }
        (state.serving, state.retired) = (false, true);
        drop(state);
        drop(self.doorbell.lock().unwrap_or_else(PoisonError::into_inner).take());
        true
    }

    /// One message has been dealt with.
    pub fn done(&self) {
        if self.held_up.load(Ordering::Relaxed) {
            self.held_up.store(false, Ordering::Relaxed);
        }
        self.load.fetch_sub(1, Ordering::Relaxed);
    }

    /// Messages that wait or are being dealt with, and a turn that none asked for.
    pub fn load(&self) -> usize {
        self.load.load(Ordering::Relaxed)
    }

    /// As `load`, for whoever has just sent a message: either this counts a turn that has begun, or `begin_turn` comes
    /// after it, and whoever began that turn sees the message.
    pub fn load_with_turn(&self) -> usize {
        self.load.fetch_add(0, Ordering::AcqRel)
    }

    fn waits(&self, invoke: &Invoke) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.waiting_ns.fetch_add(invoke.estimate_ns, Ordering::Relaxed);
    }

    fn no_longer_waits(&self, invoke: &Invoke) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        self.waiting_ns.fetch_sub(invoke.estimate_ns, Ordering::Relaxed);
    }

    /// Calls that wait, the one that runs not among them, and how long a further one would wait behind them.
    pub fn waiting(&self) -> (usize, Duration) {
        let calls = self.waiting.load(Ordering::Relaxed);
        let between = self.between.mean_ns().saturating_mul(calls as u64);
        (calls, Duration::from_nanos(self.waiting_ns.load(Ordering::Relaxed).saturating_add(between)))
    }

    /// How long a further call may have to wait here, in messages; far more while one is being run that takes long.
    pub fn expected_wait(&self) -> usize {
        self.load() + if self.held_up.load(Ordering::Relaxed) { HELD_UP } else { 0 }
    }

    /// Notes that what runs now takes long.
    pub fn mark_held_up(&self) {
        self.held_up.store(true, Ordering::Relaxed);
    }

    fn ring(&self) {
        if let Some(executor) = &*self.doorbell.lock().unwrap_or_else(PoisonError::into_inner) {
            // The mailbox never holds more than this one message: `serving` guards it.
            executor.do_send(Serve);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock; were it so, the queue would still be whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
