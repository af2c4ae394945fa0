//! What an engine runs right now, for a watchdog on another thread: a thread that runs JavaScript can't look at itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::host::{Invocation, InvocationId};

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
}

/// Shared between an executor and its watchdog. Never locked for longer than it takes to copy a `Turn`.
#[derive(Debug, Default)]
pub struct Watch(Mutex<Option<Turn>>);

impl Watch {
    /// The turn that runs; none while the engine waits.
    pub fn turn(&self) -> Option<Turn> {
        self.lock().clone()
    }

    pub(super) fn begin(&self, invocation: &Invocation, since: Instant) {
        let turn = Turn {
            invocation: invocation.id,
            method: invocation.method.clone(),
            call: invocation.scope.trace.span_id,
            since,
            before: invocation.ran_for.get(),
        };
        *self.lock() = Some(turn);
    }

    pub(super) fn end(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Turn>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
