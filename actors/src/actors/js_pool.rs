//! JsPool: the executors of a node as one thing that runs calls.

use std::cell::Cell;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use actix::SyncArbiter;
use arc_swap::ArcSwap;
use futures_util::Stream;
use tokio::sync::{mpsc, oneshot};

use super::executor_inbox::ExecutorInbox;
use super::fetching::Fetching;
use super::idempotency::Idempotency;
use super::js_executor::{JsExecutor, Loaded};
use super::outbound::Outbound;
use super::reply_to::ReplyTo;
use super::script_events::ScriptEvents;
use super::watchdog::{self, LastResort, Rouser, Watched};
use crate::engine::{use_stack, CallId, InvocationId, Isolation, LoadError, Program, Surroundings, STACK_BYTES};
use crate::metrics::{Metrics, Recorder};
use crate::policy::admission::{Admission, Permit};
use crate::policy::overrun::Limits;
use crate::policy::queueing::Occupancy;
use crate::protocol::{Call, CallError, CallResult, MethodInfo};
use crate::traces::Tracer;

/// Executors that may stand in for others that are blocked in `callSync`.
pub const MAX_SPARES: usize = 128;

/// So many of them stay when they have nothing to do.
const KEPT_SPARES: usize = 2;

/// An executor with fewer messages than this gets the next call, too, rather than one that sleeps: to wake a thread
/// costs more than most calls take.
const NEAR: usize = 4;

/// How long a call may wait behind another while an executor is idle.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

thread_local! {
    /// This thread is going to look again.
    static LOOKING: Cell<bool> = const { Cell::new(false) };
}

/// What a pool is made of.
#[derive(Clone, Debug)]
pub struct PoolConfig {
    /// The scripts.
    pub program: Program,
    /// How many executors take calls.
    pub executors: usize,
    /// Calls may nest this deeply.
    pub max_depth: u32,
    /// Longest params or result, in bytes.
    pub max_body: usize,
    /// How this node is called in error data; may be set later.
    pub node_name: Arc<OnceLock<String>>,
    /// What a call shares with those before it.
    pub isolation: Isolation,
    /// What one call may use up.
    pub limits: Limits,
    /// Takes the figures of the executors.
    pub metrics: Metrics,
}

/// A handle to the pool; clones share it.
#[derive(Clone, Debug)]
pub struct JsPool(Arc<PoolCore>);

/// What the handles and the executors share.
#[derive(Debug)]
pub struct PoolCore {
    config: PoolConfig,
    /// The scripts that run now; `version` counts them.
    program: ArcSwap<Versioned>,
    version: AtomicU64,
    /// Scripts are being loaded to see whether they do, and this watches them.
    trial: Mutex<Option<Watched>>,
    rouser: Rouser,
    last_resort: OnceLock<LastResort>,
    methods: ArcSwap<Vec<MethodInfo>>,
    /// What calls of each method take.
    costs: ArcSwap<HashMap<String, Arc<Occupancy>>>,
    /// The executors that take calls now; always `config.executors` of them, but for moments.
    active: ArcSwap<Vec<Arc<ExecutorInbox>>>,
    /// Those that could stand in.
    roster: Mutex<Roster>,
    /// Where `madrpc.call` goes; without it, it runs here.
    outbound: OnceLock<Outbound>,
    /// Where `fetch` goes; without it, it fails.
    fetching: OnceLock<Fetching>,
    /// Where events come from and go to; without it, publishing fails.
    events: OnceLock<ScriptEvents>,
    /// The patterns that the scripts subscribe to.
    subscriptions: ArcSwap<Vec<Arc<str>>>,
    next_invocation: AtomicU64,
    children: Mutex<Children>,
    idempotency: Idempotency,
    /// Says whether the node leaves its clusters.
    admission: OnceLock<Admission>,
    /// Records the calls that scripts make here.
    tracer: OnceLock<Tracer>,
}

#[derive(Debug)]
struct Versioned {
    version: u64,
    program: Program,
}

#[derive(Debug, Default)]
struct Roster {
    /// All that there are.
    everyone: Vec<Arc<ExecutorInbox>>,
    resting: Vec<Arc<ExecutorInbox>>,
    spares: usize,
    /// The highest number of an executor.
    numbers: usize,
}

/// The calls that scripts made to this very node, by who made them, so that they end with their parent.
type Children = HashMap<InvocationId, Vec<Child>>;

#[derive(Debug)]
struct Child {
    /// How its parent knows it.
    call: CallId,
    executor: Arc<ExecutorInbox>,
    invocation: InvocationId,
}

impl JsPool {
    /// Starts the executors and waits until all have loaded the scripts. Blocks: call it before serving.
    pub fn start(config: PoolConfig) -> Result<JsPool, LoadError> {
        let program = Versioned { version: 0, program: config.program.clone() };
        let core = Arc::new(PoolCore {
            program: ArcSwap::from_pointee(program),
            version: AtomicU64::new(0),
            trial: Mutex::default(),
            rouser: Rouser::default(),
            last_resort: OnceLock::new(),
            methods: ArcSwap::default(),
            costs: ArcSwap::default(),
            active: ArcSwap::default(),
            roster: Mutex::default(),
            outbound: OnceLock::new(),
            fetching: OnceLock::new(),
            events: OnceLock::new(),
            subscriptions: ArcSwap::default(),
            next_invocation: AtomicU64::new(1),
            children: Mutex::default(),
            idempotency: Idempotency::start(),
            admission: OnceLock::new(),
            tracer: OnceLock::new(),
            config,
        });
        watchdog::start(&core).map_err(|error| LoadError(format!("no thread to watch the scripts: {error}")))?;
        let (loaded, outcomes) = std::sync::mpsc::channel();
        let mut executors = Vec::new();
        for number in 0..core.config.executors {
            let executor = start_executor(&core, number, Some(loaded.clone()));
            core.lock_roster().everyone.push(executor.clone());
            executors.push(executor);
        }
        drop(loaded);
        core.active.store(Arc::new(executors));
        for _ in 0..core.config.executors {
            let outcome = outcomes.recv_timeout(core.load_patience());
            core.serve(outcome.map_err(|_| LoadError(reloading::LOAD_HANGS.into()))??);
        }
        Ok(JsPool(core))
    }

    /// Sends the calls of scripts to orchestrators from now on.
    pub fn route_calls_by(&self, outbound: Outbound) {
        let _ = self.0.outbound.set(outbound);
    }

    /// Lets the scripts' calls stay on this node while `admission` is closing or closed.
    pub fn drain_with(&self, admission: Admission) {
        let _ = self.0.admission.set(admission);
    }

    /// Records the calls that scripts make on this node from now on.
    pub fn trace_by(&self, tracer: Tracer) {
        let _ = self.0.tracer.set(tracer);
    }

    /// Lets scripts fetch from now on.
    pub fn fetch_by(&self, fetching: Fetching) {
        let _ = self.0.fetching.set(fetching);
    }

    /// Runs a method. Dropping the future cancels it.
    pub fn invoke(&self, call: Call, permit: Permit) -> impl Future<Output = CallResult> {
        let (reply, result) = oneshot::channel();
        let mut guard = self.0.begin(call, ReplyTo::One(reply), Some(permit));
        async move {
            let result = result.await;
            guard.disarm();
            result.unwrap_or_else(|_| Err(CallError::internal("the executor dropped the call")))
        }
    }

    /// Runs many; each result comes as it is there. Dropping the stream cancels those that have not finished.
    pub fn invoke_batch(&self, calls: Vec<Call>, mut permit: Permit) -> BatchResults {
        let (replies, results) = mpsc::unbounded_channel();
        let begin = |(index, call)| {
            let reply = ReplyTo::Batch { index, replies: replies.clone() };
            self.0.begin(call, reply, Some(permit.split_one()))
        };
        let guards = calls.into_iter().enumerate().map(begin).collect();
        BatchResults { results, guards }
    }

    /// What the scripts registered, by name.
    pub fn methods(&self) -> Arc<Vec<MethodInfo>> {
        self.0.methods.load_full()
    }

    /// Looks up a method.
    pub fn with_method<T>(&self, name: &str, look: impl FnOnce(&MethodInfo) -> T) -> Option<T> {
        let methods = self.0.methods.load();
        let place = methods.binary_search_by(|method| method.name.as_str().cmp(name)).ok()?;
        Some(look(&methods[place]))
    }

    /// Whether a method of this name is registered.
    pub fn knows_method(&self, name: &str) -> bool {
        self.with_method(name, |_| ()).is_some()
    }

    /// The scripts that run now.
    pub fn program(&self) -> Program {
        self.0.program().1
    }

    /// Runs other scripts from now on: calls that have begun finish in the old ones. Nothing changes unless they load.
    /// Gives what they registered.
    pub async fn reload(&self, program: Program) -> Result<Arc<Vec<MethodInfo>>, LoadError> {
        let registered = self.0.try_out(program.clone()).await?;
        self.0.publish(program, registered);
        Ok(self.methods())
    }

    /// From now on the process may be ended when nothing else helps. The first of two calls counts.
    pub fn may_end_process(&self, last_resort: LastResort) {
        let _first = self.0.last_resort.set(last_resort);
    }

    /// Executors that have work, and all that take calls.
    pub fn busy(&self) -> (usize, usize) {
        let active = self.0.active.load();
        (active.iter().filter(|executor| executor.load() > 0).count(), active.len())
    }

    /// Messages that wait for an executor or run in one.
    pub fn queue(&self) -> usize {
        self.0.active.load().iter().map(|executor| executor.load()).sum()
    }
}

/// The results of a batch as they come.
#[derive(Debug)]
pub struct BatchResults {
    results: mpsc::UnboundedReceiver<(usize, CallResult)>,
    guards: Vec<CancelGuard>,
}

impl Stream for BatchResults {
    type Item = (usize, CallResult);

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = std::task::ready!(self.results.poll_recv(context));
        match item {
            Some((index, result)) => {
                self.guards[index].disarm();
                Poll::Ready(Some((index, result)))
            }
            // Every sender is gone; an executor that dropped one without an answer owes it.
            None => match self.guards.iter().position(|guard| !guard.settled) {
                Some(index) => {
                    self.guards[index].disarm();
                    Poll::Ready(Some((index, Err(CallError::internal("the executor dropped the call")))))
                }
                None => Poll::Ready(None),
            },
        }
    }
}

/// Cancels an invocation whose caller goes away before it has settled; by default there is nothing to cancel.
#[derive(Debug, Default)]
struct CancelGuard {
    runs: Option<(Arc<PoolCore>, Arc<ExecutorInbox>, InvocationId)>,
    settled: bool,
}

impl CancelGuard {
    fn disarm(&mut self) {
        self.settled = true;
    }
}

impl Drop for CancelGuard {
    fn drop(&mut self) {
        if let (Some((pool, executor, id)), false) = (self.runs.take(), self.settled) {
            pool.cancel(&executor, id);
        }
    }
}

impl PoolCore {
    /// The scripts that run now, and their version.
    pub(super) fn program(&self) -> (u64, Program) {
        let current = self.program.load();
        (current.version, current.program.clone())
    }

    /// Changes with every reload.
    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    pub(super) fn drains(&self) -> bool {
        self.admission.get().is_some_and(Admission::is_closing)
    }

    /// For the calling thread.
    pub(super) fn recorder(&self) -> Recorder {
        self.config.metrics.recorder()
    }

    pub(super) fn isolation(&self) -> Isolation {
        self.config.isolation
    }

    /// What an engine of this pool is told; an executor adds what is its own.
    pub(super) fn surroundings(&self) -> Surroundings {
        Surroundings {
            call_sync: Rc::new(|_| Err(CallError::Cancelled)),
            waker: Rc::new(|_| Waker::noop().clone()),
            node_name: self.config.node_name.clone(),
            max_depth: self.config.max_depth,
            max_body: self.config.max_body,
            cpu_limit: self.config.limits.cpu,
            heap_limit: self.config.limits.heap,
            context_limit: self.config.limits.context,
            watch: None,
        }
    }

    fn lock_trial(&self) -> MutexGuard<'_, Option<Watched>> {
        self.trial.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_roster(&self) -> MutexGuard<'_, Roster> {
        self.roster.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A script on `executor` is about to block it: another takes its place.
    pub(super) fn block(self: &Arc<Self>, executor: &Arc<ExecutorInbox>) -> Result<(), CallError> {
        let mut roster = self.lock_roster();
        let spare = match roster.resting.pop() {
            Some(spare) => spare,
            None if roster.spares < MAX_SPARES => {
                roster.spares += 1;
                roster.numbers += 1;
                let spare = start_executor(self, self.config.executors + roster.numbers, None);
                roster.everyone.push(spare.clone());
                spare
            }
            None => return Err(CallError::Overloaded),
        };
        let mut active: Vec<_> =
            self.active.load().iter().filter(|other| other.number != executor.number).cloned().collect();
        active.push(spare);
        self.active.store(Arc::new(active));
        Ok(())
    }

    /// Takes an executor that has nothing left to do out of the pool for good, if it is a stand-in that need not stay.
    pub(super) fn dismiss(&self, executor: &ExecutorInbox) -> bool {
        let mut roster = self.lock_roster();
        let is_it = |other: &Arc<ExecutorInbox>| other.number == executor.number;
        if roster.resting.len() <= KEPT_SPARES || !roster.resting.iter().any(is_it) || !executor.retire() {
            return false;
        }
        roster.resting.retain(|other| !is_it(other));
        roster.everyone.retain(|other| !is_it(other));
        roster.spares -= 1;
        true
    }

    /// `executor` runs again: it takes calls again, and one stand-in rests once it has finished what it has.
    pub(super) fn unblock(&self, executor: &Arc<ExecutorInbox>) {
        let mut roster = self.lock_roster();
        let mut active: Vec<_> = self.active.load().iter().cloned().collect();
        active.push(executor.clone());
        // The longest numbers are stand-ins; those that the pool began with stay in use.
        active.sort_by_key(|executor| executor.number);
        if active.len() > self.config.executors {
            roster.resting.extend(active.pop());
        }
        self.active.store(Arc::new(active));
    }
}

fn start_executor(core: &Arc<PoolCore>, number: usize, loaded: Option<Loaded>) -> Arc<ExecutorInbox> {
    let inbox = Arc::new(ExecutorInbox::new(number));
    let (for_actor, pool) = (inbox.clone(), core.clone());
    let loaded = Mutex::new(loaded);
    let thread = move || std::thread::Builder::new().name(format!("js-{number}")).stack_size(STACK_BYTES);
    let address = SyncArbiter::start_with_thread_builder(1, thread, move || {
        use_stack();
        // Only the first actor reports; those that follow a panic have nobody waiting.
        let loaded = loaded.lock().unwrap_or_else(PoisonError::into_inner).take();
        JsExecutor::new(for_actor.clone(), pool.clone(), loaded)
    });
    inbox.connect(address);
    inbox
}

mod dispatch;
mod errands;
mod events;
mod reloading;
mod watching;

#[cfg(test)]
mod tests;
