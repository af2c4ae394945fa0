//! What a call leaves behind: calls, fetches, timers and promises that are open when its function has come to its end.
//!
//! A call that ended by itself, by a value or a throw, is answered at once. What it has begun goes on to the call's own
//! deadline, on its behalf, and the call keeps its place among the admitted meanwhile. One that was *cut off* (it was
//! cancelled, ran out of time or met a limit) has what it began cancelled, and the promises of that rejected, so that
//! every call that waits for one of them hears of it. Its own catch and finally blocks run then, for a moment.

#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;
use std::time::{Duration, Instant};

use boa_engine::builtins::promise::ResolvingFunctions;
use boa_engine::job::{Job, PromiseJob};
use boa_engine::{Context, JsResult, JsValue};

use super::host::{CallId, Failure, Host, Invocation, InvocationId};
use super::{errors, guard, heap, streams, web, Engine};
use crate::protocol::event::PUBLISH;
use crate::protocol::{CallError, CallResult, JsonText};

/// Calls, fetches, timers and promises that one call may leave behind. What is beyond it is cancelled.
pub(super) const MAX_LEFT_BEHIND: usize = 1_000;

/// Calls of one context that may have been answered and have nothing but timers left, which hold no place among the
/// admitted. Beyond it the oldest is cut off.
const MAX_IDLE: usize = 1_000;

/// Promises that are rejected before the executor looks at anything else.
const REJECTED_AT_ONCE: usize = 64;

/// Running time that the catch and finally blocks of a call have once it is over.
pub(super) const LAST_WORDS: Duration = Duration::from_millis(100);

/// What is remembered of an invocation that was answered.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// It has a place among the admitted: something is open besides timers.
    placed: Cell<bool>,
    /// It is in `Host::changed`.
    pub(super) listed: Cell<bool>,
    /// `Invocation::finish` was called.
    pub(super) over: Cell<bool>,
}

/// The invocations of one engine that were answered and are not over.
#[derive(Debug, Default)]
pub(super) struct Leftovers {
    calls: HashMap<InvocationId, Rc<Invocation>>,
    due: BTreeSet<(Instant, InvocationId)>,
    /// Those that have nothing but timers, the oldest first.
    idle: BTreeSet<InvocationId>,
    /// Those that are over, and of which nobody has been told.
    over: Vec<InvocationId>,
    /// Those that need a place among the admitted from now on, or none any more.
    places: Vec<(InvocationId, bool)>,
}

impl Leftovers {
    pub(super) fn len(&self) -> usize {
        self.calls.len()
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = InvocationId> + '_ {
        self.calls.keys().copied()
    }

    pub(super) fn contains(&self, id: InvocationId) -> bool {
        self.calls.contains_key(&id)
    }

    /// When the next one reaches its deadline.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.due.first().map(|(due, _)| *due)
    }

    fn remove(&mut self, id: InvocationId) -> Option<Rc<Invocation>> {
        let invocation = self.calls.remove(&id)?;
        self.due.remove(&(invocation.scope.deadline, id));
        self.idle.remove(&id);
        Some(invocation)
    }
}

/// Why a call is cut off, as it ends the sentence that whoever waits for its promises is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Nobody waits for it any more.
    Cancelled,
    /// Its deadline has passed.
    TimedOut,
    /// It met a limit, or the engine failed.
    Stopped,
    /// It has left more behind than it may.
    LeftTooMuch,
    /// There is no place among the admitted for what it has left behind.
    Overloaded,
}

impl Cut {
    /// None where the function came to its end by itself.
    pub(super) fn of(outcome: &Result<JsValue, Failure>, invocation: &Invocation) -> Option<Cut> {
        match outcome {
            Ok(_) => None,
            Err(Failure::Thrown(error)) => error.as_engine().is_some().then_some(Cut::Stopped),
            Err(Failure::Ended(CallError::Timeout)) => Some(Cut::TimedOut),
            Err(Failure::Ended(CallError::Cancelled)) => Some(Cut::by_caller(invocation)),
            Err(Failure::Ended(_)) => Some(Cut::Stopped),
        }
    }

    /// Whoever serves a call cancels it at its deadline, too.
    pub(super) fn by_caller(invocation: &Invocation) -> Cut {
        if Instant::now() >= invocation.scope.deadline {
            Cut::TimedOut
        } else {
            Cut::Cancelled
        }
    }

    fn in_words(self) -> &'static str {
        match self {
            Cut::Cancelled => "was cancelled",
            Cut::TimedOut => "ran out of time",
            Cut::Stopped => "was stopped",
            Cut::LeftTooMuch => "left too much behind",
            Cut::Overloaded => "found no place for what it left behind",
        }
    }
}

/// What is still open of an invocation that has its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Nothing,
    Timers,
    Work,
}

/// Whether an invocation may begin one thing more: one that was answered has a bound of its own.
pub(super) fn has_room(invocation: &Invocation) -> bool {
    !invocation.answered.get() || count(invocation) < MAX_LEFT_BEHIND
}

fn count(invocation: &Invocation) -> usize {
    let Invocation { open_calls, open_fetches, own_timers, awaited, .. } = invocation;
    open_calls.get() + open_fetches.get() + own_timers.get() + awaited.get()
}

impl Engine {
    /// `jobs`: promise jobs that wait may be about to begin something. A stream that nobody waits for a value of keeps no
    /// call alive: most are left like that by a call that needed no more.
    fn open(&self, invocation: &Invocation, jobs: bool) -> Open {
        let calls = invocation.open_calls.get() > invocation.open_streams.get();
        let host = &self.host;
        if calls
            || invocation.open_fetches.get() > 0
            || invocation.awaited.get() > 0
            || jobs
            || host.maps.has_some_of(invocation)
            || host.flows.is_awaited_by(invocation)
        {
            return Open::Work;
        }
        match invocation.own_timers.get() {
            0 => Open::Nothing,
            _ => Open::Timers,
        }
    }

    /// Whether an invocation that has its outcome by itself goes on.
    pub(super) fn leaves_something(&self, invocation: &Invocation, jobs: bool) -> bool {
        self.open(invocation, jobs) != Open::Nothing
    }

    /// Answers an invocation whose outcome is `result`; what it has begun goes on.
    pub(super) fn leave_behind(&mut self, invocation: &Rc<Invocation>, result: CallResult) {
        if let Some(notes) = invocation.notes() {
            notes.ends();
        }
        invocation.finished.set(false);
        invocation.answered.set(true);
        let host = self.host.clone();
        host.flows.end_of_output(invocation);
        host.timers.borrow_mut().end_intervals_of(invocation);
        let id = invocation.id;
        self.leftovers.calls.insert(id, invocation.clone());
        self.leftovers.due.insert((invocation.scope.deadline, id));
        host.flows.is_answered(id, result);
        let works = self.open(invocation, self.has_jobs()) == Open::Work;
        self.place(invocation, works);
        if count(invocation) > MAX_LEFT_BEHIND {
            self.cut_excess(invocation);
        }
        host.has_changed(invocation);
    }

    /// Notes whether an invocation needs a place among the admitted from now on.
    fn place(&mut self, invocation: &Rc<Invocation>, works: bool) {
        invocation.left.placed.set(works);
        self.leftovers.places.push((invocation.id, works));
        if works {
            self.leftovers.idle.remove(&invocation.id);
            return;
        }
        self.leftovers.idle.insert(invocation.id);
        if self.leftovers.idle.len() > MAX_IDLE {
            if let Some(oldest) = self.leftovers.idle.first().copied() {
                self.cut_leftovers(oldest, Cut::LeftTooMuch);
            }
        }
    }

    /// Looks at the invocations in which something has changed. Gives those that are over.
    pub(super) fn review_leftovers(&mut self) -> Vec<InvocationId> {
        // A promise job may be about to begin something on behalf of any of them.
        if !self.has_jobs() {
            let changed: Vec<_> = self.host.changed.borrow_mut().drain(..).collect();
            for invocation in changed {
                invocation.left.listed.set(false);
                if !self.leftovers.contains(invocation.id) {
                    continue;
                }
                match self.open(&invocation, false) {
                    Open::Nothing => {
                        self.leftovers.remove(invocation.id);
                        self.end(&invocation, None);
                        self.leftovers.over.push(invocation.id);
                    }
                    open => {
                        let works = open == Open::Work;
                        if works != invocation.left.placed.get() {
                            self.place(&invocation, works);
                        }
                    }
                }
            }
        }
        std::mem::take(&mut self.leftovers.over)
    }

    /// What runs for an invocation that was answered has come to this.
    pub(super) fn leftover_settled(&mut self, invocation: &Rc<Invocation>, outcome: Result<JsValue, Failure>) {
        if let Some(cut) = Cut::of(&outcome, invocation) {
            self.cut_leftovers(invocation.id, cut);
        } else if let Err(Failure::Thrown(error)) = outcome {
            let Invocation { method, scope, .. } = &**invocation;
            log::warn!(target: "script", "{method} failed after it was answered: {error} call={scope}");
        }
    }

    /// Cuts off what an answered invocation has left behind, if anything is left.
    pub fn cut_leftovers(&mut self, id: InvocationId, cut: Cut) {
        let Some(invocation) = self.leftovers.remove(id) else { return };
        self.tell_signal(&invocation);
        self.end(&invocation, Some(cut));
        self.leftovers.over.push(id);
    }

    /// Cuts off all that answered invocations have left behind.
    pub(super) fn cut_all_leftovers(&mut self, cut: Cut) {
        let ids: Vec<_> = self.leftovers.ids().collect();
        ids.into_iter().for_each(|id| self.cut_leftovers(id, cut));
    }

    /// Cuts off what has reached its deadline.
    pub(super) fn cut_overdue_leftovers(&mut self, now: Instant) {
        while let Some((_, id)) = self.leftovers.due.first().copied().filter(|(due, _)| *due <= now) {
            self.cut_leftovers(id, Cut::TimedOut);
        }
    }

    /// The invocations that need a place among the admitted from now on, or none any more, since the last time.
    pub fn take_places(&mut self) -> Vec<(InvocationId, bool)> {
        std::mem::take(&mut self.leftovers.places)
    }

    /// Has `ctx.signal` aborted. What listens for it may run for as long as the call might have, and where the call's time is
    /// up, for `LAST_WORDS`.
    pub(super) fn tell_signal(&mut self, invocation: &Rc<Invocation>) {
        let host = self.host.clone();
        invocation.begin_to_hear(host.surroundings.cpu_limit);
        heap::counted(|| {
            let tell = || host.turn(invocation, || web::cancelled(invocation, &mut self.context));
            guard::or_give_up(&host, Some(invocation), tell)
        });
        invocation.hears_of_its_end.set(false);
    }

    /// Ends an invocation: drops its timers, and cancels what it still waits for. Promises of that are rejected.
    pub(super) fn end(&mut self, invocation: &Rc<Invocation>, cut: Option<Cut>) {
        heap::counted(|| self.end_it(invocation, cut));
    }

    fn end_it(&mut self, invocation: &Rc<Invocation>, cut: Option<Cut>) {
        if let Some(notes) = invocation.notes() {
            notes.ends();
        }
        let host = self.host.clone();
        invocation.finish(host.surroundings.cpu_limit);
        web::ended(invocation.id, &self.context);
        host.timers.borrow_mut().end_of(invocation);
        if cut.is_some() && count(invocation) > 0 {
            let (calls, fetches) = (invocation.open_calls.get(), invocation.open_fetches.get());
            let (method, id, why) = (&invocation.method, &invocation.scope, cut.map_or("", Cut::in_words));
            log::info!(target: "script", "{method} {why}: {calls} calls and {fetches} fetches of it are cancelled call={id}");
        }
        let open = take_what_is_open(invocation, &host);
        host.flows.end_of(invocation);
        if !open.is_empty() {
            self.reject(invocation, open, cut.unwrap_or(Cut::Cancelled));
        }
    }

    /// Rejects promises: the first ones at once, and those of a call that has begun many as promise jobs, between which
    /// the executor looks at what else there is.
    fn reject(&mut self, invocation: &Rc<Invocation>, mut open: Vec<ResolvingFunctions>, cut: Cut) {
        let host = self.host.clone();
        let later = open.split_off(open.len().min(REJECTED_AT_ONCE));
        for some in later.chunks(REJECTED_AT_ONCE).map(<[_]>::to_vec) {
            let (invocation, for_job) = (invocation.clone(), host.clone());
            let job = move |context: &mut Context| {
                for_job
                    .turn(&invocation, || reject_all(&some, &invocation, cut, &for_job, context))
                    .map(|()| JsValue::undefined())
            };
            host.jobs.borrow_mut().push_back(Job::PromiseJob(PromiseJob::new(job)));
        }
        let reject = || reject_all(&open, invocation, cut, &host, &mut self.context);
        let turn = || host.turn(invocation, reject);
        let rejected = heap::counted(|| guard::or_give_up(&host, Some(invocation), turn));
        if let Some(Err(error)) = rejected {
            log::warn!(target: "script", "{}: its promises can't be rejected: {error}", invocation.method);
        }
    }

    /// Cancels the youngest calls and fetches beyond what may be left behind, and then the latest timers.
    fn cut_excess(&mut self, invocation: &Rc<Invocation>) {
        let host = self.host.clone();
        let mut excess = count(invocation) - MAX_LEFT_BEHIND;
        let (method, id) = (&invocation.method, &invocation.scope);
        log::warn!(target: "script", "{method} leaves more than {MAX_LEFT_BEHIND} things behind: {excess} are cancelled call={id}");
        let mut calls: Vec<CallId> = {
            let pending = host.pending.borrow();
            pending.iter().filter(|(_, pending)| pending.invocation.id == invocation.id).map(|(id, _)| *id).collect()
        };
        calls.extend(host.fetches.of(invocation));
        calls.sort_unstable();
        let youngest = calls.split_off(calls.len().saturating_sub(excess));
        excess -= youngest.len();
        let open = host.call_off(youngest);
        host.timers.borrow_mut().drop_latest_of(invocation, excess);
        self.reject(invocation, open, Cut::LeftTooMuch);
    }
}

impl Host {
    /// Cancels open calls and fetches; gives their promises. An event that is to be published stays on its way.
    fn call_off(&self, ids: Vec<CallId>) -> Vec<ResolvingFunctions> {
        let mut open = Vec::with_capacity(ids.len());
        let mut calls = HashSet::new();
        for id in ids.into_iter().rev() {
            let pending = self.pending.borrow_mut().remove(&id);
            let Some(pending) = pending else {
                open.extend(self.fetches.call_off(id).map(|pending| pending.resolvers));
                continue;
            };
            let count = &pending.invocation.open_calls;
            count.set(count.get().saturating_sub(1));
            open.push(pending.resolvers);
            calls.insert(id);
        }
        for outgoing in self.outgoing.borrow().iter().filter(|outgoing| outgoing.call.method == PUBLISH) {
            calls.remove(&outgoing.id);
        }
        self.call_all_back(calls);
        open
    }
}

/// Cancels the calls, fetches, streams and maps of an invocation, and gives what waits for them. Events that it has
/// published and notifications leave all the same.
pub(super) fn take_what_is_open(invocation: &Rc<Invocation>, host: &Host) -> Vec<ResolvingFunctions> {
    let mut open = Vec::new();
    if invocation.open_calls.get() > 0 {
        host.pending.borrow_mut().retain(|_, pending| {
            let stays = pending.invocation.id != invocation.id;
            if !stays {
                open.push(pending.resolvers.clone());
            }
            stays
        });
        heap::uncounted(|| {
            host.outgoing.borrow_mut().retain(|outgoing| {
                outgoing.parent != invocation.id || outgoing.call.method == PUBLISH || outgoing.call.notification
            });
        });
        host.abandoned.borrow_mut().push(invocation.id);
    }
    open.extend(host.fetches.call_off_all_of(invocation));
    if invocation.reads.get() {
        open.extend(streams::end_all_of(invocation, host));
    }
    open.extend(host.maps.end_of(invocation));
    invocation.open_calls.set(0);
    open
}

/// Rejects promises of what an invocation began, with a `madrpc.RpcError` that says why it is cancelled.
pub(super) fn reject_all(
    open: &[ResolvingFunctions],
    invocation: &Invocation,
    cut: Cut,
    host: &Host,
    context: &mut Context,
) -> JsResult<()> {
    let why = format!("Cancelled: {}, which began this, {}", invocation.method, cut.in_words());
    let reason = errors::rpc_error(CallError::Cancelled.code(), &why, JsValue::undefined(), host, context)?;
    let reason = reason.into_opaque(context)?;
    host.rejections.quietly(|| {
        open.iter().try_for_each(|resolvers| {
            resolvers.reject.call(&JsValue::undefined(), std::slice::from_ref(&reason), context).map(drop)
        })
    })
}

/// What is told of an invocation that is over and was answered before.
pub(super) fn nothing() -> CallResult {
    Ok(JsonText::NULL)
}
