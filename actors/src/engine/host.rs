//! What native functions share within one context: the invocations, their open calls and timers, and the job queue.
//!
//! It is kept in the context's host data, so that native functions are plain `fn`s: a closure that captured it would
//! make a reference cycle that keeps the whole context alive.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::task::Waker;
use std::time::{Duration, Instant};

use boa_engine::builtins::promise::ResolvingFunctions;
use boa_engine::job::Job;
use boa_engine::object::{builtins::JsFunction, JsObject};
use boa_engine::{Context, JsError, JsNativeError, JsResult, JsValue};

use super::errors::Place;
use super::events::Subscriptions;
use super::fetches::Fetches;
use super::heap;
pub use super::invocation::Invocation;
use super::json_writer::Intrinsics;
use super::leftovers;
use super::map::Maps;
use super::rejections::Rejections;
use super::run_clock::RunClock;
use super::streams::Flows;
use super::timers::Timers;
use super::watch::Watch;
use crate::protocol::{Call, CallError, CallResult, CallScope, IdempotencyKey, MethodInfo};

/// Identifies an invocation across all executors of a node.
pub type InvocationId = u64;

/// What no caller asked for, a timer of a script or its loading, is numbered down from the largest number.
pub const FIRST_BACKGROUND: InvocationId = 1 << 63;

/// Identifies an open `madrpc.call` or `fetch` within one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId {
    /// The engine that it was made in.
    pub engine: EngineId,
    /// Counts up within that engine.
    pub number: u64,
}

/// Identifies an engine within one process.
pub type EngineId = u64;

/// Open calls that one context may have. Beyond it `madrpc.call` rejects as overloaded.
pub const MAX_OPEN_CALLS: usize = 65_536;

/// What the log calls the timers that a script sets while it loads, and how long what they start may take.
const BACKGROUND: &str = "(timer)";
const LOADING: &str = "(load)";
const BACKGROUND_TIMEOUT: Duration = Duration::from_secs(30);

/// A call that a script made, on its way out.
#[derive(Debug)]
pub struct OutgoingCall {
    /// To settle it by.
    pub id: CallId,
    /// Who made it.
    pub parent: InvocationId,
    /// What to call.
    pub call: Call,
    /// It may be called off by itself, or has no answer, so it shares no request with others.
    pub alone: bool,
    /// Its time may be up while whoever made it goes on.
    pub bounded: bool,
}

/// A registered method.
#[derive(Clone, Debug)]
pub struct Method {
    /// The function.
    pub function: JsFunction,
    /// Its name, to be shared with every invocation.
    pub name: Arc<str>,
    /// What it says of itself.
    pub info: MethodInfo,
    /// Where it was registered, as a line of a stack trace.
    pub registered_at: String,
}

/// Whose notification is on its way, and to which method.
pub type Notifying = (Rc<Invocation>, Arc<str>);

/// An open `madrpc.call`.
#[derive(Debug)]
pub struct PendingCall {
    /// Who made it.
    pub invocation: Rc<Invocation>,
    /// Its promise.
    pub resolvers: ResolvingFunctions,
    /// The place in the script that made it.
    pub(super) made_at: Option<Place>,
}

/// Takes a `madrpc.callSync` to its end while its executor waits. The calls before it in the list were made earlier in
/// the same turn, and leave with it.
pub type CallSync = dyn Fn(Vec<OutgoingCall>) -> CallResult;

/// What an engine is told about the world.
#[derive(Clone)]
pub struct Surroundings {
    /// Blocks until the last of the calls has a result.
    pub call_sync: Rc<CallSync>,
    /// Makes what tells the executor of this flow: to call `Engine::flow`. It is woken on any thread.
    pub waker: Rc<dyn Fn(CallId) -> Waker>,
    /// How this node is called in error data; known once it listens.
    pub node_name: Arc<OnceLock<String>>,
    /// Calls may nest this deeply.
    pub max_depth: u32,
    /// Longest params or result, in bytes.
    pub max_body: usize,
    /// Running time of one call; whoever watches stops a turn that exceeds it.
    pub cpu_limit: Option<Duration>,
    /// Bytes by which the heap may grow in one turn; none: unlimited.
    pub heap_limit: Option<usize>,
    /// Bytes by which the heap may have grown between calls, or the next call gets a new context; none: unlimited.
    pub context_limit: Option<usize>,
    /// Where the engine tells what it runs, and hears when it must stop; none where nothing bounds what it runs.
    pub watch: Option<Arc<Watch>>,
}

impl std::fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings").field("max_depth", &self.max_depth).finish_non_exhaustive()
    }
}

/// Why JavaScript came to no value.
#[derive(Debug)]
pub enum Failure {
    /// It threw, or the engine did on its behalf.
    Thrown(JsError),
    /// It was not allowed to go on.
    Ended(CallError),
}

impl From<JsError> for Failure {
    fn from(error: JsError) -> Self {
        Failure::Thrown(error)
    }
}

/// An invocation and what it came to.
pub type Settled = (Rc<Invocation>, Result<JsValue, Failure>);

/// While a script runs for one call alone (`isolation=call`): which of its functions is wanted.
#[derive(Debug)]
pub struct Wanted {
    /// The method that is called.
    pub name: Arc<str>,
    /// What the script registered under that name.
    pub function: Option<JsFunction>,
}

/// The shared state of one context.
#[derive(Debug)]
pub struct Host {
    /// Surroundings of the engine.
    pub surroundings: Surroundings,
    /// The registered methods by name.
    pub methods: RefCell<HashMap<String, Method>>,
    /// The functions that are subscribed to channels.
    pub(super) subscriptions: Subscriptions,
    /// True until the scripts have run: only then may methods be registered.
    pub loading: Cell<bool>,
    /// On whose behalf code runs right now.
    pub current: RefCell<Option<Rc<Invocation>>>,
    /// Promise jobs in the order in which they became due.
    pub jobs: RefCell<VecDeque<Job>>,
    /// Open calls.
    pub pending: RefCell<HashMap<CallId, PendingCall>>,
    /// Notifications that have not left, and who makes them. They leave even if whoever makes them is cancelled.
    pub notifying: RefCell<HashMap<CallId, Notifying>>,
    /// Calls that wait to leave.
    pub outgoing: RefCell<Vec<OutgoingCall>>,
    /// Open fetches.
    pub fetches: Fetches,
    /// What flows beside calls.
    pub flows: Flows,
    /// Maps that run.
    pub maps: Maps,
    /// Outcomes that wait to be written.
    pub settled: RefCell<Vec<Settled>>,
    /// Timers.
    pub timers: RefCell<Timers>,
    /// Invocations that ended while calls of theirs were open.
    pub abandoned: RefCell<Vec<InvocationId>>,
    /// Promises that are rejected and that nobody handles.
    pub(super) rejections: Rejections,
    /// Invocations that were answered and have changed since they were last looked at.
    pub changed: RefCell<Vec<Rc<Invocation>>>,
    /// The engine has panicked: no further call should begin in it.
    pub failed: Cell<bool>,
    /// The function that a call is looking for in a script which runs for it alone.
    pub wanted: RefCell<Option<Wanted>>,
    engine: EngineId,
    turn_began: Cell<Instant>,
    clock: RunClock,
    next_call: Cell<u64>,
    next_background: Cell<InvocationId>,
    api: OnceLock<Api>,
}

/// The objects that are made once per context.
#[derive(Debug)]
pub struct Api {
    /// For the JSON writer.
    pub intrinsics: Intrinsics,
    /// `madrpc.RpcError`.
    pub rpc_error: JsObject,
    /// `madrpc.RpcError.prototype`, by which an RpcError is told.
    pub rpc_error_prototype: JsObject,
    /// The prototype of every `ctx`.
    pub ctx_prototype: JsObject,
    /// Reactions that settle the current invocation.
    pub on_fulfilled: JsFunction,
    /// See `on_fulfilled`.
    pub on_rejected: JsFunction,
    /// Reactions of what `ctx.waitUntil` is given.
    pub on_awaited: JsFunction,
    /// See `on_awaited`.
    pub on_awaited_rejected: JsFunction,
}

impl Host {
    /// The state of a context that has not loaded anything.
    pub fn new(engine: EngineId, surroundings: Surroundings) -> Rc<Self> {
        Rc::new(Host {
            surroundings,
            methods: RefCell::default(),
            subscriptions: Subscriptions::default(),
            loading: Cell::new(true),
            current: RefCell::default(),
            jobs: RefCell::default(),
            pending: RefCell::default(),
            notifying: RefCell::default(),
            outgoing: RefCell::default(),
            fetches: Fetches::default(),
            flows: Flows::default(),
            maps: Maps::default(),
            settled: RefCell::default(),
            timers: RefCell::default(),
            abandoned: RefCell::default(),
            rejections: Rejections::default(),
            changed: RefCell::default(),
            failed: Cell::new(false),
            wanted: RefCell::default(),
            engine,
            turn_began: Cell::new(Instant::now()),
            clock: RunClock::new(),
            next_call: Cell::new(1),
            next_background: Cell::new(InvocationId::MAX),
            api: OnceLock::new(),
        })
    }

    /// The host of `context`.
    pub fn of(context: &Context) -> JsResult<Rc<Host>> {
        let host = context.get_data::<Rc<Host>>().cloned();
        host.ok_or_else(|| JsNativeError::error().with_message("this context has no host").into())
    }

    /// Which of its executor's engines this is.
    pub fn engine(&self) -> EngineId {
        self.engine
    }

    /// The objects made once per context.
    pub fn api(&self) -> JsResult<&Api> {
        self.api.get().ok_or_else(|| JsNativeError::error().with_message("this context is not set up").into())
    }

    /// Sets what `api` gives; of two calls the first counts.
    pub fn set_api(&self, api: Api) {
        let _ = self.api.set(api);
    }

    /// The invocation on whose behalf code runs.
    pub fn current(&self) -> Option<Rc<Invocation>> {
        self.current.borrow().clone()
    }

    /// One turn of an invocation, from outside JavaScript: runs `body` on its behalf and charges it for the time. If it
    /// is stopped meanwhile, it settles with the reason, whatever the engine makes of the error.
    pub fn turn<T>(&self, invocation: &Rc<Invocation>, body: impl FnOnce() -> T) -> T {
        let result = self.on_behalf_of(Some(invocation.clone()), body);
        if let Some(reason) = invocation.stopped.take() {
            // The error by which the engine was stopped tells nothing of the reason.
            self.settled.borrow_mut().retain(|(settled, outcome)| {
                let by_engine = matches!(outcome, Err(Failure::Thrown(error)) if error.as_engine().is_some());
                !(by_engine && Rc::ptr_eq(settled, invocation))
            });
            self.settled.borrow_mut().push((invocation.clone(), Err(Failure::Ended(reason))));
        }
        result
    }

    /// Runs `body` on behalf of `invocation` and restores who was current before. The time is charged to `invocation`,
    /// unless it runs inside a turn that is being charged already. It may be stopped: see `Invocation::stopped`.
    pub fn on_behalf_of<T>(&self, invocation: Option<Rc<Invocation>>, body: impl FnOnce() -> T) -> T {
        let before = self.current.replace(invocation.clone());
        let charged = invocation.as_ref().filter(|_| before.is_none());
        let charging = charged.map(|invocation| Charging::begin(self, invocation, Instant::now()));
        let result = body();
        drop(charging);
        *self.current.borrow_mut() = before;
        invocation.inspect(|invocation| self.has_changed(invocation));
        result
    }

    /// Something of `invocation` may have ended or begun: if it was answered, it is looked at once the promise jobs have run.
    pub fn has_changed(&self, invocation: &Rc<Invocation>) {
        if invocation.answered.get() && !invocation.finished.get() && !invocation.left.listed.replace(true) {
            self.changed.borrow_mut().push(invocation.clone());
        }
    }

    /// The first turn of an invocation, which begins at `now`: as `on_behalf_of`, without another look at the clock.
    pub fn first_turn<T>(&self, invocation: &Rc<Invocation>, now: Instant, body: impl FnOnce() -> T) -> T {
        let before = self.current.replace(Some(invocation.clone()));
        let charging = Charging::begin(self, invocation, now);
        let result = body();
        drop(charging);
        *self.current.borrow_mut() = before;
        result
    }

    /// Waits outside JavaScript in the middle of a turn; the time is not charged.
    pub fn wait<T>(&self, body: impl FnOnce() -> T) -> T {
        let invocation = self.current();
        if let Some(invocation) = &invocation {
            self.end_turn(invocation);
        }
        let result = body();
        if let Some(invocation) = &invocation {
            self.begin_turn(invocation, Instant::now());
        }
        result
    }

    fn begin_turn(&self, invocation: &Invocation, now: Instant) {
        if let Some(notes) = invocation.notes() {
            notes.turn_begins(now);
        }
        let Some(watch) = &self.surroundings.watch else { return };
        self.clock.sample(now);
        self.turn_began.set(now);
        watch.begin(invocation, now, self.surroundings.heap_limit);
    }

    fn end_turn(&self, invocation: &Invocation) {
        if let Some(notes) = invocation.notes() {
            notes.turn_ends();
        }
        let Some(watch) = &self.surroundings.watch else { return };
        if let Some(reason) = watch.end() {
            *invocation.stopped.borrow_mut() = Some(reason);
        }
        // A call that is finished by its first turn, as most are, is not charged for it.
        if !invocation.finished.get() || invocation.left.over.get() {
            invocation.ran_for.set(invocation.ran_for.get() + self.clock.elapsed(self.turn_began.get()));
        }
    }

    /// Why `invocation` must not begin another turn.
    pub fn spent(&self, invocation: &Invocation) -> Option<CallError> {
        let cpu = self.surroundings.cpu_limit?;
        if self.is_exhausted(invocation) {
            return Some(CallError::ran_too_long(cpu));
        }
        (Instant::now() >= invocation.stops_at()).then_some(CallError::Timeout)
    }

    /// It has had all the running time that it may have.
    pub fn is_exhausted(&self, invocation: &Invocation) -> bool {
        self.surroundings.cpu_limit.is_some_and(|cpu| invocation.ran_for.get() >= cpu)
    }

    /// An invocation for what runs while scripts load.
    pub fn loading(&self) -> Rc<Invocation> {
        Rc::new(Invocation { method: LOADING.into(), ..self.own_invocation() })
    }

    /// An invocation for a timer that a script set while it loaded.
    pub fn background(&self) -> Rc<Invocation> {
        Rc::new(self.own_invocation())
    }

    fn own_invocation(&self) -> Invocation {
        let id = self.next_background.get();
        self.next_background.set(id - 1);
        Invocation { background: true, ..Invocation::new(id, BACKGROUND.into(), CallScope::root(BACKGROUND_TIMEOUT)) }
    }

    /// The current invocation, if it may make calls.
    pub fn caller(&self) -> Result<Rc<Invocation>, CallError> {
        let may_call = |invocation: &Rc<Invocation>| !invocation.finished.get() && !self.loading.get();
        self.current().filter(may_call).ok_or(CallError::Cancelled)
    }

    /// Opens a call for the current invocation: checks depth and bounds, and makes its scope.
    pub fn open_call(&self, method: String, options: CallOptions) -> Result<(Rc<Invocation>, OutgoingCall), CallError> {
        let invocation = self.caller()?;
        if invocation.scope.depth >= self.surroundings.max_depth {
            return Err(CallError::DepthExceeded { limit: self.surroundings.max_depth });
        }
        let open = self.pending.borrow().len() + self.notifying.borrow().len();
        if open + self.flows.open_calls() + self.maps.open_calls() >= MAX_OPEN_CALLS
            || !leftovers::has_room(&invocation)
        {
            return Err(CallError::Overloaded);
        }
        let mut scope = invocation.scope.nested(options.timeout);
        // Nobody ends what no caller asked for.
        let bounded = options.timeout.is_some() || invocation.background;
        scope.idempotency_key = options.idempotency_key;
        scope.tags = options.tags;
        let id = self.next_call_id();
        let call = Call::new(method, options.params, scope);
        let outgoing = OutgoingCall { id, parent: invocation.id, call, alone: false, bounded };
        Ok((invocation, outgoing))
    }

    /// Nobody waits for these calls any more.
    pub fn call_all_back(&self, mut ids: HashSet<CallId>) {
        heap::uncounted(|| {
            self.outgoing.borrow_mut().retain(|outgoing| !ids.remove(&outgoing.id));
            ids.drain().for_each(|id| self.flows.call_off(id));
        });
    }

    /// Nobody waits for this call any more, whether it has left or not.
    pub fn call_back(&self, id: CallId) {
        self.call_all_back(HashSet::from([id]));
    }

    /// An id that nothing else in this process has.
    pub fn next_call_id(&self) -> CallId {
        let number = self.next_call.get();
        self.next_call.set(number + 1);
        CallId { engine: self.engine, number }
    }

    /// Drops every handle into the garbage-collected heap, so that the context can be freed.
    pub fn clear(&self) {
        self.methods.borrow_mut().clear();
        self.subscriptions.borrow_mut().clear();
        self.jobs.borrow_mut().clear();
        self.pending.borrow_mut().clear();
        self.notifying.borrow_mut().clear();
        self.changed.borrow_mut().clear();
        self.rejections.clear();
        self.outgoing.borrow_mut().clear();
        self.fetches.clear();
        self.flows.clear();
        self.maps.clear();
        self.settled.borrow_mut().clear();
        self.timers.borrow_mut().clear();
        self.wanted.take();
    }
}

/// Charges an invocation for a turn, however the turn ends: a panic, too, must not leave a turn that can be stopped.
struct Charging<'a> {
    host: &'a Host,
    invocation: &'a Invocation,
}

impl<'a> Charging<'a> {
    fn begin(host: &'a Host, invocation: &'a Invocation, now: Instant) -> Self {
        host.begin_turn(invocation, now);
        Charging { host, invocation }
    }
}

impl Drop for Charging<'_> {
    fn drop(&mut self) {
        self.host.end_turn(self.invocation);
    }
}

/// What a script may say about a call that it makes.
#[derive(Clone, Debug, Default)]
pub struct CallOptions {
    /// An array or object, as text.
    pub params: Option<crate::protocol::JsonText>,
    /// Upper bound, within the parent's deadline.
    pub timeout: Option<Duration>,
    /// Makes a retry safe.
    pub idempotency_key: Option<IdempotencyKey>,
    /// Tags that the node must carry.
    pub tags: std::collections::BTreeMap<String, String>,
}
