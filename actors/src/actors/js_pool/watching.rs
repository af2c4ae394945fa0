//! What the watchdog sees of a pool, and what it may do there.

use std::sync::Arc;

use super::PoolCore;
use crate::actors::executor_inbox::ExecutorInbox;
use crate::actors::watchdog::{LastResort, Rouser, Watched};
use crate::engine::{InvocationId, FIRST_BACKGROUND};
use crate::policy::overrun::Limits;
use crate::protocol::CallError;

impl PoolCore {
    /// What every thread that may run JavaScript is watched by.
    pub(in crate::actors) fn watched(&self) -> Vec<Watched> {
        let executor = |executor: &Arc<ExecutorInbox>| Watched {
            number: executor.number,
            watch: executor.watch.clone(),
            thread: executor.thread.get().copied(),
        };
        let trial = self.lock_trial().clone();
        self.lock_roster().everyone.iter().map(executor).chain(trial).collect()
    }

    /// To be told of the first call after a pause.
    pub(in crate::actors) fn rouser(&self) -> &Rouser {
        &self.rouser
    }

    /// What may be done when nothing else helps.
    pub(in crate::actors) fn last_resort(&self) -> Option<&LastResort> {
        self.last_resort.get()
    }

    /// True while calls are under way here, whether they run or wait.
    pub(in crate::actors) fn has_calls(&self) -> bool {
        let roster = self.lock_roster();
        roster.everyone.iter().any(|executor| executor.load() > 0 || !executor.calls.none_parked())
    }

    /// Answers a call whose executor is stuck. False when it has been answered already.
    pub(in crate::actors) fn give_up(&self, invocation: InvocationId, error: CallError) -> bool {
        let everyone = self.lock_roster().everyone.clone();
        let waiting = everyone.iter().find_map(|executor| executor.calls.take(invocation));
        let found = waiting.is_some();
        if let Some(waiting) = waiting {
            waiting.answer(Err(error));
        }
        found
    }

    /// What bounds a call.
    pub(in crate::actors) fn limits(&self) -> &Limits {
        &self.config.limits
    }

    /// True when nobody waits any more for an invocation that runs.
    pub(in crate::actors) fn is_unwanted(&self, executor: usize, invocation: InvocationId) -> bool {
        let executor = self.lock_roster().everyone.iter().find(|other| other.number == executor).cloned();
        // What no caller asked for, a timer or the loading of scripts, is numbered from the other end.
        invocation < FIRST_BACKGROUND && executor.is_some_and(|executor| executor.is_cancelled(invocation))
    }
}
