//! What an engine runs right now, and how a watchdog on another thread stops it.
//!
//! Boa has no interrupt. But it compares a number in memory with a limit in memory at every iteration of a loop and at
//! every call of a function, and ends the script with an error that it can't catch when the number is larger. So the
//! watchdog lowers the limits to 0 while the script runs: the loop or the recursion ends within a few instructions,
//! wherever it is (in a callback of `sort`, in a getter, after an `await`), its frames are unwound as they should be,
//! and the context stays whole. It costs a call nothing. What it does not reach is native work that calls no script: a
//! regular expression, the filling of a huge array.

use std::sync::atomic::{AtomicIsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use boa_engine::vm::RuntimeLimits;

use super::heap::Account;
use super::host::{Invocation, InvocationId};
use crate::protocol::CallError;

/// One stretch of JavaScript: from when the engine began to run an invocation until it settles or waits again.
#[derive(Clone, Debug)]
pub struct Turn {
    /// On whose behalf.
    pub invocation: InvocationId,
    /// Its method.
    pub method: Arc<str>,
    /// Its id in the log.
    pub call: u64,
    /// Since when.
    pub since: Instant,
    /// How long it had run before this turn.
    pub before: Duration,
    /// When it is stopped, if it runs until then.
    pub deadline: Instant,
    /// It hears otherwise that nobody waits for it any more, and can't once it was stopped: a generator does, and what is
    /// over already.
    pub is_told: bool,
    /// What the thread's heap held when it began.
    heap: isize,
    /// How long the call had run when it was stopped, if it was.
    pub told_to_stop: Option<Duration>,
}

/// Shared between an executor and its watchdog. Never locked for longer than it takes to copy a `Turn`.
#[derive(Debug, Default)]
pub struct Watch {
    running: Mutex<Option<Running>>,
    heap: OnceLock<Account>,
    heap_at_load: AtomicIsize,
}

#[derive(Debug)]
struct Running {
    turn: Turn,
    limits: Limits,
    /// Why it was stopped, and the limits as they were.
    stopped: Option<(CallError, RuntimeLimits)>,
}

/// Where a context keeps its limits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits(*mut RuntimeLimits);

#[allow(unsafe_code, reason = "the pointer is used under the lock of `Watch` only, while its turn runs")]
// SAFETY: it is only a number to every thread, but for `Running::stop` and `Running::resume`.
unsafe impl Send for Limits {}

impl Limits {
    /// The limits of a context that does not move in memory.
    pub(super) fn of(context: &mut boa_engine::Context) -> Self {
        Limits(std::ptr::from_mut(context.runtime_limits_mut()))
    }

    fn read(self) -> RuntimeLimits {
        #[allow(unsafe_code, reason = "see `write`")]
        // SAFETY: as for `write`.
        unsafe {
            self.0.read_volatile()
        }
    }

    fn write(self, limits: RuntimeLimits) {
        #[allow(unsafe_code, reason = "the one way to reach a script that runs; Boa offers none")]
        // SAFETY: the context is alive and in its place: a turn has begun in it and not ended, which the lock of `Watch`
        // holds still. The executor's thread may read these words at the same moment. That is a race which Rust does
        // not bless; what it rests on is that Boa's opcode handlers, which are called through a table, load the limits
        // from memory each time, and that aligned words are read and written whole on every platform we build for. The
        // test `every_kind_of_loop_is_stopped` and the release binary's catalogue fail when a compiler breaks this.
        unsafe {
            self.0.write_volatile(limits);
        }
    }
}

impl Watch {
    /// The turn that runs; none while the engine waits.
    pub fn turn(&self) -> Option<Turn> {
        self.lock().as_ref().map(|running| running.turn.clone())
    }

    /// Ends `turn`, whose call `ran` for so long, with an error that the script can't catch, if that is what still runs.
    /// True when this does it; false when it is over, or was stopped before.
    pub fn stop(&self, turn: &Turn, reason: CallError, ran: Duration) -> bool {
        let mut running = self.lock();
        let Some(running) = running.as_mut().filter(|running| running.turn.is(turn)) else { return false };
        if running.stopped.is_some() {
            return false;
        }
        let before = running.limits.read();
        let mut none = before;
        none.set_loop_iteration_limit(0);
        none.set_recursion_limit(0);
        running.limits.write(none);
        running.stopped = Some((reason, before));
        running.turn.told_to_stop = Some(ran);
        true
    }

    /// Bytes by which the heap of the executor's thread has grown since its scripts had loaded.
    pub fn heap_growth(&self) -> usize {
        let held = self.heap.get().map_or(0, |account| account.bytes());
        usize::try_from(held - self.heap_at_load.load(Ordering::Relaxed)).unwrap_or(0)
    }

    /// Bytes by which it has grown since `turn` began.
    pub fn heap_growth_of(&self, turn: &Turn) -> usize {
        usize::try_from(self.heap.get().map_or(0, |account| account.bytes()) - turn.heap).unwrap_or(0)
    }

    /// Called on the executor's thread when scripts have loaded.
    pub(super) fn loaded(&self) {
        let account = self.heap.get_or_init(Account::own);
        self.heap_at_load.store(account.bytes(), Ordering::Relaxed);
    }

    /// Called when no garbage is left. What an engine was loaded beside may be gone by then.
    pub(super) fn rebase(&self) {
        let held = self.heap.get_or_init(Account::own).bytes();
        self.heap_at_load.fetch_min(held, Ordering::Relaxed);
    }

    pub(super) fn begin(&self, invocation: &Invocation, since: Instant, limits: Limits) {
        let turn = Turn {
            invocation: invocation.id,
            method: invocation.method.clone(),
            call: invocation.scope.trace.span_id,
            since,
            before: invocation.ran_for.get(),
            deadline: invocation.stops_at(),
            is_told: invocation.is_told(),
            heap: self.heap.get_or_init(Account::own).bytes(),
            told_to_stop: None,
        };
        *self.lock() = Some(Running { turn, limits, stopped: None });
    }

    /// Why the turn was stopped, if it was. The limits are as before from here on.
    pub(super) fn end(&self) -> Option<CallError> {
        let mut running = self.lock();
        let (limits, stopped) = running.take().map(|running| (running.limits, running.stopped))?;
        let (reason, before) = stopped?;
        limits.write(before);
        Some(reason)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    fn is(&self, other: &Turn) -> bool {
        self.invocation == other.invocation && self.since == other.since
    }
}
