//! JsExecutor: the actor that owns a thread, and on it its engines.
//!
//! It runs messages one after the other and holds no call that waits: a parked call is a promise in an engine and an
//! entry in `OpenCalls`. A panic in the engine costs the calls that were in it; the actor is built anew.

use std::cell::{Cell, RefCell};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, ActorContext, Handler, Message, SyncContext};

use super::call_deadlines::{Bounded, CallDeadlines};
use super::executor_inbox::{ExecutorInbox, Invoke, Work};
use super::js_pool::PoolCore;
use super::open_calls::Waiting;
use crate::engine::{heap, Cancelled, Contexts, InvocationId, LoadError, Registered, Surroundings};
use crate::metrics::{Hop, Recorder};
use crate::policy::queueing::Occupancy;
use crate::protocol::{CallError, CallResult};

mod sync_calls;

use sync_calls::SyncCalls;

/// An executor that ran dry waits this long on its inbox before it rests in its mailbox.
const LINGER: Duration = Duration::from_secs(1);

/// How often parked calls are looked over for callers that have gone. Their `Cancel` normally comes first.
const SWEEP: Duration = Duration::from_secs(1);

/// Look into the inbox and deal with what is there.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Serve;

/// Tells whoever starts an executor how loading went.
pub type Loaded = std::sync::mpsc::Sender<Result<Registered, LoadError>>;

/// The actor.
#[derive(Debug)]
pub struct JsExecutor {
    inbox: Arc<ExecutorInbox>,
    pool: Arc<PoolCore>,
    contexts: Option<Contexts>,
    /// Which of the pool's programs it runs.
    version: u64,
    loaded: Option<Loaded>,
    next_sweep: Instant,
    /// Time spent on other things than new calls since the last of these.
    between: Duration,
    /// How much of the time a stand-in had this executor's place.
    replaced: Rc<Cell<Duration>>,
    /// Of the calls of its scripts that run on this node.
    deadlines: Rc<RefCell<CallDeadlines>>,
    recorder: Recorder,
    /// What its inbox counts as load and this executor has not finished: a message, a turn of its own, or both.
    counted: usize,
}

impl JsExecutor {
    /// An executor that has not loaded its scripts; it does so on its own thread.
    pub fn new(inbox: Arc<ExecutorInbox>, pool: Arc<PoolCore>, loaded: Option<Loaded>) -> Self {
        let (next_sweep, recorder) = (Instant::now() + SWEEP, pool.recorder());
        JsExecutor {
            inbox,
            pool,
            contexts: None,
            version: 0,
            loaded,
            next_sweep,
            between: Duration::ZERO,
            replaced: Rc::default(),
            deadlines: Rc::default(),
            recorder,
            counted: 0,
        }
    }

    fn load(&mut self) {
        let _first = self.inbox.thread.set(own_thread());
        let (inbox, pool, replaced) = (self.inbox.clone(), self.pool.clone(), self.replaced.clone());
        let for_flows = inbox.clone();
        let calls = SyncCalls { inbox, pool, replaced, deadlines: self.deadlines.clone() };
        let surroundings = Surroundings {
            call_sync: Rc::new(move |leaving| calls.call_and_wait(leaving)),
            waker: Rc::new(move |id| for_flows.waker(id)),
            watch: Some(self.inbox.watch.clone()),
            ..self.pool.surroundings()
        };
        let (version, program) = self.pool.program();
        self.version = version;
        let isolation = self.pool.isolation();
        // A script can make the engine panic while it loads, too.
        let contexts = catch_unwind(AssertUnwindSafe(|| Contexts::load(program, isolation, surroundings)))
            .unwrap_or_else(|_| Err(LoadError("the engine failed while it loaded the scripts".into())));
        let outcome = match contexts {
            Ok(contexts) => {
                let registered = contexts.registered();
                self.contexts = Some(contexts);
                Ok(registered)
            }
            Err(error) => {
                // Whoever started the pool says so itself; one that is made later has nobody else to tell.
                if self.loaded.is_none() {
                    log::error!("executor {} could not load its scripts: {error}", self.inbox.number);
                }
                Err(error)
            }
        };
        if let Some(loaded) = self.loaded.take() {
            let _ = loaded.send(outcome);
        }
    }

    fn serve(&mut self) {
        let mut idle_since = Instant::now();
        let mut preparing = true;
        loop {
            let until =
                if preparing || self.counted > 0 || self.has_jobs() { idle_since } else { self.wait_until(idle_since) };
            let work = self.inbox.take(until);
            let idle = work.is_none();
            let mut now = Instant::now();
            if let Some(work) = work {
                let begun = now;
                self.counted += 1;
                let cost = match &work {
                    Work::Invoke(invoke) => {
                        self.recorder.hop(Hop::Queue, begun.saturating_duration_since(invoke.came));
                        Some(invoke.cost.clone())
                    }
                    _ => None,
                };
                self.deal_with(work, begun);
                self.done();
                now = Instant::now();
                idle_since = now;
                self.account(cost, now.saturating_duration_since(begun));
            }
            self.go_on(now);
            if self.inbox.load() == 0 {
                self.pool.relieve_others(&self.inbox);
            }
            preparing = idle && !self.has_jobs() && self.contexts.as_mut().is_some_and(Contexts::prepare);
            if now >= self.next_sweep {
                self.sweep();
                self.next_sweep = now + SWEEP;
            }
            let nothing_waits = !preparing && self.inbox.calls.none_parked() && !self.has_jobs();
            let no_timer = self.next_due().is_none();
            if nothing_waits && no_timer && now.duration_since(idle_since) >= LINGER {
                if let Some(contexts) = &mut self.contexts {
                    contexts.rest();
                }
                if self.pool.dismiss(&self.inbox) {
                    // Here, where its memory was taken: the allocator would keep it for a thread that has ended.
                    drop(self.contexts.take());
                    heap::give_back();
                    return;
                }
                if self.inbox.rest() {
                    return;
                }
            }
        }
    }

    /// Notes what the executor was occupied with: a call of which this is what it costs, or anything else.
    fn account(&mut self, cost: Option<Arc<Occupancy>>, time: Duration) {
        let time = time.saturating_sub(self.replaced.take());
        match cost {
            Some(cost) => {
                cost.record(time);
                self.recorder.hop(Hop::JavaScript, time);
                self.inbox.between.record(std::mem::take(&mut self.between));
            }
            None => self.between += time,
        }
    }

    fn has_jobs(&self) -> bool {
        self.contexts.as_ref().is_some_and(Contexts::has_jobs)
    }

    /// When something becomes due by itself: a timer, or the end of a call that scripts made.
    fn next_due(&self) -> Option<Instant> {
        let timer = self.contexts.as_ref().and_then(Contexts::next_due);
        timer.into_iter().chain(self.deadlines.borrow().next_due()).min()
    }

    fn done(&mut self) {
        self.counted -= 1;
        self.inbox.done();
    }

    /// Gives up the calls that scripts made and whose time is up.
    fn give_up_overdue(&mut self, now: Instant) {
        let overdue = self.deadlines.borrow_mut().take_due(now);
        if overdue.is_empty() {
            return;
        }
        let result = |bounded: &Bounded| (bounded.call, Err(CallError::Timeout.within(bounded.allowed)));
        let results = overdue.iter().map(result).collect();
        self.pool.call_off(overdue.iter().map(|bounded| bounded.call).collect());
        if let Some(contexts) = &mut self.contexts {
            contexts.settle(results);
        }
        self.flush();
        self.account(None, now.elapsed());
    }

    /// Runs what became due by itself: timers, promise jobs that were interrupted in favour of the inbox, and what follows
    /// from calls that are given up. Such a turn counts as load, so that calls that come meanwhile do not wait behind it
    /// while another executor is idle.
    fn go_on(&mut self, now: Instant) {
        let nothing = self.next_due().is_none_or(|due| due > now) && !self.has_jobs();
        if nothing && self.counted == 0 {
            return self.tidy();
        }
        if self.counted == 0 {
            self.inbox.begin_turn();
            self.counted = 1;
            // A call that came before that was sent to an executor with nothing to do, and nobody will look whether it
            // waits: it goes first.
            if self.inbox.waiting().0 > 0 {
                return;
            }
        }
        self.give_up_overdue(now);
        if let Some(contexts) = &mut self.contexts {
            let timers = contexts.next_due().is_some_and(|due| due <= now);
            if timers {
                contexts.fire_timers(now);
            }
            let jobs = contexts.has_jobs();
            if jobs {
                contexts.run_jobs();
            }
            if timers || jobs {
                self.flush();
                self.account(None, now.elapsed());
            }
        }
        self.done();
        self.tidy();
    }

    fn tidy(&mut self) {
        if let Some(contexts) = &mut self.contexts {
            contexts.tidy();
        }
    }

    fn wait_until(&self, idle_since: Instant) -> Instant {
        let sweep = if self.inbox.calls.none_parked() { idle_since + LINGER } else { self.next_sweep };
        self.next_due().map_or(sweep, |due| due.min(sweep))
    }

    fn deal_with(&mut self, work: Work, now: Instant) {
        match work {
            Work::Invoke(invoke) => self.invoke(*invoke, now),
            Work::Settled(results) => {
                let mut deadlines = self.deadlines.borrow_mut();
                results.iter().for_each(|(call, _)| deadlines.remove(*call));
                drop(deadlines);
                if let Some(contexts) = &mut self.contexts {
                    contexts.settle(results);
                }
            }
            Work::Fetched(id, result) => {
                if let Some(contexts) = &mut self.contexts {
                    contexts.settle_fetch(id, &result);
                }
            }
            Work::Flow(id) => {
                if let Some(contexts) = &mut self.contexts {
                    contexts.flow(id);
                }
            }
            Work::Cancel(id) => self.cancel(id),
            Work::Renew => self.keep_up(),
        }
        self.flush();
    }

    fn invoke(&mut self, invoke: Invoke, now: Instant) {
        let Invoke { id, call, reply, permit, .. } = invoke;
        let waiting = Waiting { reply, permit };
        if waiting.reply.is_closed() {
            return;
        }
        if call.scope.deadline <= now {
            return waiting.answer(Err(CallError::Timeout));
        }
        self.keep_up();
        let Some(contexts) = &mut self.contexts else {
            return waiting.answer(Err(CallError::internal("this executor has no engine")));
        };
        self.inbox.calls.begin(id, waiting);
        match contexts.invoke(id, call, now) {
            Some(result) => self.answer(id, result),
            None => self.inbox.calls.park_begun(),
        }
    }

    fn answer(&self, id: InvocationId, result: CallResult) {
        if let Some(waiting) = self.inbox.calls.take(id) {
            waiting.answer(result);
            self.pool.forget_children(id);
        }
    }

    /// Answers a call that goes on: its generator is still to put things in order, or what it has begun has not ended. It
    /// keeps its place until then.
    fn answer_early(&self, id: InvocationId, result: CallResult) {
        if let Some(Waiting { reply, permit }) = self.inbox.calls.take(id) {
            self.inbox.calls.winds_down(id, permit);
            reply.send(result);
        }
    }

    fn finish(&self, id: InvocationId, result: CallResult) {
        self.answer(id, result);
        if self.inbox.calls.wound_down(id) {
            self.pool.forget_children(id);
        }
    }

    /// Changes to the scripts that the pool runs now. They have been loaded once by then, so an error here is odd; the
    /// old ones go on.
    fn keep_up(&mut self) {
        if self.version == self.pool.version() {
            return;
        }
        let (version, program) = self.pool.program();
        self.version = version;
        if let Some(Err(error)) = self.contexts.as_mut().map(|contexts| contexts.renew(program)) {
            log::error!("executor {} keeps its scripts, since the new ones do not load: {error}", self.inbox.number);
        }
    }

    fn cancel(&mut self, id: InvocationId) {
        let Some(waiting) = self.inbox.calls.take(id) else {
            // It may have begun elsewhere after it was cancelled here.
            self.pool.cancel_elsewhere(&self.inbox, id);
            return;
        };
        let Some(contexts) = &mut self.contexts else { return };
        // Before its JavaScript runs: what runs for a call that is in no table is stopped.
        self.inbox.calls.winds_down(id, waiting.permit);
        if contexts.cancel(id) != Some(Cancelled::WindsDown) {
            self.inbox.calls.wound_down(id);
            self.flush();
            self.pool.forget_children(id);
        }
    }

    /// Hands on what the last message led to.
    fn flush(&mut self) {
        let Some(contexts) = &mut self.contexts else { return };
        let events = contexts.take_events();
        // First, as what made them is forgotten when it has finished, and may make others to put things in order.
        if !events.abandoned.is_empty() {
            events.abandoned.iter().for_each(|parent| self.deadlines.borrow_mut().abandon(*parent));
            self.pool.abandon(events.abandoned);
        }
        if !events.called_off.is_empty() {
            events.called_off.iter().for_each(|call| self.deadlines.borrow_mut().remove(*call));
            self.pool.call_off(events.called_off);
        }
        for (id, result) in events.winding {
            self.answer_early(id, result);
        }
        let unplaced: Vec<_> = events.places.into_iter().filter(|(id, works)| !self.place(*id, *works)).collect();
        for (id, result) in events.finished {
            self.finish(id, result);
        }
        if !events.outgoing.is_empty() {
            let bounded = self.pool.send_out(&self.inbox, events.outgoing);
            self.deadlines.borrow_mut().add(bounded);
        }
        if !events.fetches.is_empty() {
            self.pool.fetch(&self.inbox, events.fetches);
        }
        if !events.unwanted_fetches.is_empty() {
            self.pool.call_off_fetches(events.unwanted_fetches);
        }
        // Each is asked about once: what is cut off is in no list any more.
        if !unplaced.is_empty() {
            if let Some(contexts) = &mut self.contexts {
                unplaced.iter().for_each(|(id, _)| contexts.cut_leftovers(*id));
            }
            self.flush();
        }
    }

    /// A call that was answered has work left, and needs a place among the admitted, or has none left, and gives it back.
    /// False when there is no place.
    fn place(&self, id: InvocationId, works: bool) -> bool {
        if !works {
            self.inbox.calls.rests(id);
            return true;
        }
        let placed = self.inbox.calls.works_on(id, || self.pool.admit_leftovers());
        placed.inspect_err(|refused| log::warn!("what a call left behind is cut off: {refused}")).is_ok()
    }

    fn sweep(&mut self) {
        for id in self.inbox.calls.unwanted() {
            self.cancel(id);
        }
        if let Some(contexts) = &mut self.contexts {
            contexts.look_for_readers();
        }
        self.flush();
    }

    /// Answers every call that was in the engine when it failed.
    fn fail(&mut self) {
        let (parked, waiting) = self.inbox.calls.take_all();
        self.deadlines.borrow_mut().clear();
        self.pool.abandon(parked);
        self.pool.call_off_all_fetches(&self.inbox);
        for waiting in waiting {
            // Which of them it was is not known: a call's own panic does not come this far.
            waiting.answer(Err(CallError::EngineFailed { method: "(unknown)".into() }));
        }
        // The heap of an engine that panicked may be in any state: if it can't be dropped, it is left.
        let contexts = self.contexts.take();
        if catch_unwind(AssertUnwindSafe(|| drop(contexts))).is_err() {
            log::error!("executor {}: the failed engine could not be freed", self.inbox.number);
        }
    }
}

/// This thread, as the system numbers it.
pub(super) fn own_thread() -> i32 {
    rustix::thread::gettid().as_raw_nonzero().get()
}

impl Actor for JsExecutor {
    type Context = SyncContext<Self>;

    fn started(&mut self, _context: &mut Self::Context) {
        self.load();
    }
}

impl Handler<Serve> for JsExecutor {
    type Result = ();

    fn handle(&mut self, _: Serve, context: &mut Self::Context) {
        if catch_unwind(AssertUnwindSafe(|| self.serve())).is_err() {
            // The panic hook has logged where. A panic that left the handler would end this thread for good.
            log::error!("executor {}: the engine panicked and is rebuilt", self.inbox.number);
            (0..std::mem::take(&mut self.counted)).for_each(|_| self.inbox.done());
            self.fail();
            context.stop();
            self.inbox.hand_over();
        }
    }
}
