//! What an engine runs right now, and how a watchdog on another thread stops it.
//!
//! The watchdog raises the interrupt of the executor's thread (`boa_engine::interrupt`), which the engine looks at in every
//! loop, at every call, and in builtins that may work for long. What runs then ends with an error that no script can catch,
//! wherever it is: in a callback of `sort`, in a getter, after an `await`, in a regular expression. Its frames are unwound,
//! and the context stays whole. The account of the heap (`engine::heap`) raises the same interrupt where a turn takes more
//! memory than it may.

use std::sync::atomic::{AtomicIsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use boa_engine::interrupt::Interrupt;

use super::heap::{self, Account};
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
    /// The executor's thread's.
    interrupt: OnceLock<Interrupt>,
    heap_at_load: AtomicIsize,
}

#[derive(Debug)]
struct Running {
    turn: Turn,
    /// Bytes by which the heap may grow in this turn.
    heap_limit: Option<usize>,
    /// Why it was stopped.
    stopped: Option<CallError>,
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
        // Under the lock: the turn can't end between the look and this.
        if let Some(interrupt) = self.interrupt.get() {
            interrupt.raise();
        }
        running.stopped = Some(reason);
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

    /// Called on the executor's thread when `invocation` begins a turn, in which the heap may grow by `heap_limit`.
    pub(super) fn begin(&self, invocation: &Invocation, since: Instant, heap_limit: Option<usize>) {
        self.interrupt.get_or_init(Interrupt::of_thread);
        heap::bound(heap_limit);
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
        *self.lock() = Some(Running { turn, heap_limit, stopped: None });
    }

    /// Why the turn was stopped, if it was. Nothing is interrupted from here on.
    pub(super) fn end(&self) -> Option<CallError> {
        let mut running = self.lock();
        let running = running.take()?;
        let exceeded = heap::is_exceeded();
        heap::bound(None);
        let for_memory = running.heap_limit.filter(|_| exceeded);
        let reason = running.stopped.or(for_memory.map(CallError::too_much_memory))?;
        if let Some(interrupt) = self.interrupt.get() {
            interrupt.clear();
        }
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
