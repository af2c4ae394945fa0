//! JsExecutor: the actor that owns a thread, and on it an engine.
//!
//! It runs messages one after the other and holds no call that waits: a parked call is a promise in the engine and an
//! entry in `parked`. A panic in the engine costs the calls that were in it; the actor is built anew.

use std::collections::{HashMap, VecDeque};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, ActorContext, Handler, Message, SyncContext};

use super::executor_inbox::{ExecutorInbox, Invoke, Work};
use super::js_pool::PoolCore;
use super::reply_to::ReplyTo;
use crate::engine::{Engine, InvocationId, LoadError, OutgoingCall};
use crate::policy::admission::Permit;
use crate::protocol::{CallError, CallResult, MethodInfo};

/// An executor that ran dry waits this long on its inbox before it rests in its mailbox.
const LINGER: Duration = Duration::from_secs(1);

/// How often parked calls are looked over for callers that have gone. Their `Cancel` normally comes first.
const SWEEP: Duration = Duration::from_secs(1);

/// Look into the inbox and deal with what is there.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Serve;

/// Tells whoever starts an executor how loading went.
pub type Loaded = std::sync::mpsc::Sender<Result<Vec<MethodInfo>, LoadError>>;

/// The actor.
#[derive(Debug)]
pub struct JsExecutor {
    inbox: Arc<ExecutorInbox>,
    pool: Arc<PoolCore>,
    engine: Option<Engine>,
    parked: HashMap<InvocationId, Waiting>,
    /// The call that is being begun: a panic must answer it, too.
    running: Option<Waiting>,
    loaded: Option<Loaded>,
    next_sweep: Instant,
}

/// Who waits for an invocation.
#[derive(Debug)]
struct Waiting {
    reply: ReplyTo,
    permit: Option<Permit>,
}

impl Waiting {
    /// The place is given back first: whoever has the answer may send the next call at once.
    fn answer(self, result: CallResult) {
        drop(self.permit);
        self.reply.send(result);
    }
}

impl JsExecutor {
    /// An executor that has not loaded its scripts; it does so on its own thread.
    pub fn new(inbox: Arc<ExecutorInbox>, pool: Arc<PoolCore>, loaded: Option<Loaded>) -> Self {
        JsExecutor {
            inbox,
            pool,
            engine: None,
            parked: HashMap::new(),
            running: None,
            loaded,
            next_sweep: Instant::now() + SWEEP,
        }
    }

    fn load(&mut self) {
        let calls = SyncCalls { inbox: self.inbox.clone(), pool: self.pool.clone() };
        let surroundings = self.pool.surroundings(Rc::new(move |leaving| calls.call_and_wait(leaving)));
        let program = self.pool.program();
        // A script can make the engine panic while it loads, too.
        let engine = catch_unwind(AssertUnwindSafe(|| Engine::load(&program, surroundings)))
            .unwrap_or_else(|_| Err(LoadError("the engine failed while it loaded the scripts".into())));
        let outcome = match engine {
            Ok(engine) => {
                let methods = engine.methods();
                self.engine = Some(engine);
                Ok(methods)
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
        loop {
            if let Some(work) = self.inbox.take(self.wait_until(idle_since)) {
                self.deal_with(work);
                self.inbox.done();
                idle_since = Instant::now();
            }
            let now = Instant::now();
            if self.engine.as_ref().and_then(Engine::next_due).is_some_and(|due| due <= now) {
                if let Some(engine) = &mut self.engine {
                    engine.fire_timers(now);
                }
                self.flush();
            }
            if now >= self.next_sweep {
                self.sweep();
                self.next_sweep = now + SWEEP;
            }
            let nothing_waits = self.parked.is_empty() && self.engine.as_ref().and_then(Engine::next_due).is_none();
            if nothing_waits && now.duration_since(idle_since) >= LINGER && self.inbox.rest() {
                return;
            }
        }
    }

    fn wait_until(&self, idle_since: Instant) -> Instant {
        let timer = self.engine.as_ref().and_then(Engine::next_due);
        let sweep = if self.parked.is_empty() { idle_since + LINGER } else { self.next_sweep };
        timer.map_or(sweep, |timer| timer.min(sweep))
    }

    fn deal_with(&mut self, work: Work) {
        match work {
            Work::Invoke(invoke) => self.invoke(*invoke),
            Work::Settled(results) => {
                if let Some(engine) = &mut self.engine {
                    for (call, result) in results {
                        engine.settle(call, result);
                    }
                    engine.run_jobs();
                }
            }
            Work::Cancel(id) => self.cancel(id),
        }
        self.flush();
    }

    fn invoke(&mut self, invoke: Invoke) {
        let Invoke { id, call, reply, permit } = invoke;
        let waiting = Waiting { reply, permit };
        if waiting.reply.is_closed() {
            return;
        }
        if let Err(expired) = call.scope.remaining() {
            return waiting.answer(Err(expired));
        }
        let Some(engine) = &mut self.engine else {
            return waiting.answer(Err(CallError::internal("this executor has no engine")));
        };
        self.running = Some(waiting);
        let result = engine.invoke(id, call);
        if let Some(waiting) = self.running.take() {
            match result {
                Some(result) => {
                    waiting.answer(result);
                    self.pool.forget_children(id);
                }
                None => drop(self.parked.insert(id, waiting)),
            }
        }
    }

    fn cancel(&mut self, id: InvocationId) {
        if self.parked.remove(&id).is_some() {
            if let Some(engine) = &mut self.engine {
                engine.cancel(id);
            }
        }
    }

    /// Hands on what the last message led to.
    fn flush(&mut self) {
        let Some(engine) = &mut self.engine else { return };
        for (id, result) in engine.take_finished() {
            if let Some(waiting) = self.parked.remove(&id) {
                waiting.answer(result);
                self.pool.forget_children(id);
            }
        }
        let outgoing = engine.take_outgoing();
        if !outgoing.is_empty() {
            self.pool.send_out(&self.inbox, outgoing);
        }
        let abandoned = engine.take_abandoned();
        if !abandoned.is_empty() {
            self.pool.abandon(abandoned);
        }
    }

    fn sweep(&mut self) {
        let gone: Vec<_> =
            self.parked.iter().filter(|(_, waiting)| waiting.reply.is_closed()).map(|(id, _)| *id).collect();
        for id in gone {
            self.cancel(id);
        }
        self.flush();
    }

    /// Answers every call that was in the engine when it failed.
    fn fail(&mut self) {
        let error = || Err(CallError::internal("the engine failed and was rebuilt"));
        let parked = std::mem::take(&mut self.parked);
        self.pool.abandon(parked.keys().copied().collect());
        for waiting in self.running.take().into_iter().chain(parked.into_values()) {
            waiting.answer(error());
        }
        // The heap of an engine that panicked may be in any state: if it can't be dropped, it is left.
        let engine = self.engine.take();
        if catch_unwind(AssertUnwindSafe(|| drop(engine))).is_err() {
            log::error!("executor {}: the failed engine could not be freed", self.inbox.number);
        }
    }
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
            self.inbox.done();
            self.fail();
            context.stop();
            self.inbox.hand_over();
        }
    }
}

/// `madrpc.callSync`: blocks this executor, and nothing else.
#[derive(Debug)]
struct SyncCalls {
    inbox: Arc<ExecutorInbox>,
    pool: Arc<PoolCore>,
}

impl SyncCalls {
    /// Sends `leaving` and waits for the result of its last call. While it waits, a spare executor has this one's place
    /// in the pool, and what was queued here moves there: a call must never wait for one that waits for it.
    fn call_and_wait(&self, mut leaving: Vec<OutgoingCall>) -> CallResult {
        let Some(last) = leaving.last() else { return Err(CallError::internal("no call")) };
        let (call, parent, deadline) = (last.id, last.parent, last.call.scope.deadline);
        if let Err(no_spare) = self.pool.block(&self.inbox) {
            leaving.pop();
            self.pool.send_out(&self.inbox, leaving);
            return Err(no_spare);
        }
        self.pool.send_out(&self.inbox, leaving);
        let mut kept = VecDeque::new();
        let result = loop {
            match self.inbox.take(deadline) {
                None => break Err(CallError::Timeout),
                Some(Work::Invoke(invoke)) => {
                    self.inbox.done();
                    self.pool.redirect(invoke);
                }
                Some(Work::Cancel(id)) => {
                    kept.push_back(Work::Cancel(id));
                    if id == parent {
                        break Err(CallError::Cancelled);
                    }
                }
                Some(Work::Settled(mut results)) => {
                    let place = results.iter().position(|(id, _)| *id == call);
                    let found = place.map(|place| results.swap_remove(place).1);
                    // Even when nothing is left in it, it is a message that is still to be counted as done.
                    kept.push_back(Work::Settled(results));
                    if let Some(result) = found {
                        break result;
                    }
                }
            }
        };
        self.inbox.put_back(kept);
        self.pool.unblock(&self.inbox);
        result
    }
}
