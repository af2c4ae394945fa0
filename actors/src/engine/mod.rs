//! The JavaScript engine: one Boa context, and the event loop that runs many calls in it at once.
//!
//! Knows Boa, and alone does so. Knows no threads, actors or sockets: an executor hands it calls and results, and takes
//! from it outcomes and the calls that scripts make. A call that waits is *parked*: its promise is pending, and nothing
//! of it is on the native stack.

mod api;
mod console;
mod contexts;
mod error_fields;
mod errors;
mod events;
mod fetches;
mod firing;
mod guard;
pub mod heap;
pub mod host;
mod invocation;
mod jobs;
pub mod json_reader;
pub mod json_writer;
mod leftovers;
mod loading;
mod map;
mod modules;
mod notify;
pub mod program;
mod rejections;
mod run_clock;
mod streams;
mod timers;
mod unlike;
mod wait_until;
mod watch;
mod web;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use boa_engine::object::builtins::{JsFunction, JsPromise};
use boa_engine::{js_string, Context, JsNativeError, JsResult, JsValue};

pub use contexts::{Contexts, Events, Isolation};
pub use events::event_method;
pub use fetches::OutgoingFetch;
pub use host::{CallId, EngineId, InvocationId, OutgoingCall, Surroundings, FIRST_BACKGROUND};
pub use leftovers::Cut;
pub use program::{LoadError, Program, Script};
pub use watch::{Turn, Watch};

use host::{Failure, Host, Invocation, Wanted};
use leftovers::Leftovers;
use modules::Loader;

use crate::protocol::{Call, CallError, CallResult, JsonText, MethodInfo};

/// JavaScript calls may nest this deeply, about as deeply as in V8. What calls itself natively ends with `use_stack`'s bound.
pub const RECURSION_LIMIT: usize = 10_000;

/// Values on the engine's own stack.
pub const STACK_LIMIT: usize = 1 << 20;

/// Stack of a thread that runs an engine: enough for some thousand calls through native code (`sort`, `replace`, getters)
/// in a debug build.
pub const STACK_BYTES: usize = 64 << 20;

/// What JavaScript may use of it. The rest is for what looks at no bound: the frames beneath the engine, and native code
/// that a last level calls and that does not recurse.
const SCRIPT_STACK_BYTES: usize = STACK_BYTES / 8 * 7;

/// Bounds the native recursion of what the engines of this thread run. A thread that is made with `STACK_BYTES` begins
/// with this; on any other thread nothing bounds it.
pub fn use_stack() {
    boa_engine::native_stack::set_size(SCRIPT_STACK_BYTES);
}

/// How an engine keeps the state of its scripts' modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModuleState {
    /// It lives as long as the engine.
    Shared,
    /// It is fresh for each call: the scripts are compiled once, as factories, and run for each.
    PerCall,
}

/// What scripts have made of a node.
#[derive(Clone, Debug, Default)]
pub struct Registered {
    /// What they registered, by name.
    pub methods: Vec<MethodInfo>,
    /// The patterns of channels that they subscribed to.
    pub subscriptions: Vec<Arc<str>>,
}

/// What became of an invocation that was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// It has ended.
    Ended,
    /// Its generator puts things in order. It is told of as finished when it has.
    WindsDown,
}

/// One context with its scripts loaded.
pub struct Engine {
    context: Context,
    host: Rc<Host>,
    parked: HashMap<InvocationId, Rc<Invocation>>,
    /// Those that were answered, and that have begun what goes on.
    leftovers: Leftovers,
    /// The scripts as functions, where each call runs them.
    factories: Vec<JsFunction>,
    loader: Rc<Loader>,
    worn: bool,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("parked", &self.parked.len()).finish_non_exhaustive()
    }
}

impl Engine {
    /// What the scripts registered, by name.
    pub fn methods(&self) -> Vec<MethodInfo> {
        let mut methods: Vec<_> = self.host.methods.borrow().values().map(|method| method.info.clone()).collect();
        methods.sort_by(|a, b| a.name.cmp(&b.name));
        methods
    }

    /// Whether `method` is a name that a call can have here: without one nothing of the script runs for it.
    pub(super) fn knows(&self, method: &str) -> bool {
        events::is_event(method) || self.host.methods.borrow().contains_key(method)
    }

    /// The patterns that the scripts subscribed to.
    pub fn subscriptions(&self) -> Vec<Arc<str>> {
        self.host.subscriptions.borrow().keys().cloned().collect()
    }

    /// Runs a method until it settles or waits; it is `now`. None when it waits, and its outcome comes by `take_finished`, or
    /// when it leaves something behind, and its outcome comes by `take_winding`.
    pub fn invoke(&mut self, id: InvocationId, call: Call, now: Instant) -> Option<CallResult> {
        let Call { method, params, scope, streams, .. } = call;
        let event = events::is_event(&method).then(|| Arc::<str>::from(method.as_str()));
        let found = match &event {
            Some(event) => events::find(&self.host, event),
            None => {
                self.host.methods.borrow().get(&method).map(|method| (method.name.clone(), method.function.clone()))
            }
        };
        let Some((method, function)) = found else {
            return Some(Err(CallError::MethodNotFound.of_call(&method, &scope)));
        };
        let waiting = self.host.jobs.borrow().len();
        let had_params = params.is_some() || event.is_some();
        let invocation =
            Invocation { event, had_params, progress: streams.progress, ..Invocation::new(id, method, scope) };
        *invocation.items.borrow_mut() = streams.items;
        *invocation.input.borrow_mut() = streams.input;
        let invocation = Rc::new(invocation);
        let result = heap::counted(|| {
            let read = params.as_ref().map(|text| json_reader::read(text.as_str(), &mut self.context)).transpose();
            let Ok(read) = read else { return Some((Err(CallError::Parse), Some(Cut::Stopped))) };
            let host = self.host.clone();
            let params = read.unwrap_or_default();
            guard::or_give_up(&host, Some(&invocation), || self.invoke_with(&function, params, &invocation, now))
                .flatten()
        });
        let Some((result, cut)) = result else {
            self.parked.insert(id, invocation);
            self.run_jobs();
            return None;
        };
        let left_jobs = self.host.jobs.borrow().len() > waiting;
        if cut.is_none() && (left_jobs || self.leaves_something(&invocation, false)) {
            // Promise jobs that it has left may begin something, as they would in any other host.
            invocation.finished.set(false);
            self.run_jobs();
            if self.leaves_something(&invocation, left_jobs && self.has_jobs()) {
                self.leave_behind(&invocation, result);
                return None;
            }
        }
        self.end(&invocation, cut);
        self.run_jobs();
        Some(result)
    }

    /// What a function comes to at once, and whether it was cut off.
    fn invoke_with(
        &mut self,
        function: &JsFunction,
        params: JsValue,
        invocation: &Rc<Invocation>,
        now: Instant,
    ) -> Option<(CallResult, Option<Cut>)> {
        let host = self.host.clone();
        let result = host.first_turn(invocation, now, || {
            let value = self.begin(function, params, invocation).transpose()?;
            let outcome = value.map_err(Failure::Thrown);
            let cut = Cut::of(&outcome, invocation);
            let result = self.outcome(invocation, outcome);
            invocation.finished.set(true);
            Some((result, cut))
        });
        let stopped = invocation.stopped.take();
        stopped.map(|reason| (Err(reason), Some(Cut::Stopped))).or(result)
    }

    /// Calls the function; a pending promise gets reactions, and `None` is returned.
    fn begin(
        &mut self,
        function: &JsFunction,
        params: JsValue,
        invocation: &Rc<Invocation>,
    ) -> JsResult<Option<JsValue>> {
        let ctx = api::ctx(invocation, &self.host, &self.context)?;
        let fresh = if self.factories.is_empty() { None } else { Some(self.run_factories(invocation)?) };
        let function = fresh.as_ref().unwrap_or(function);
        let arguments = events::arguments(invocation, params, ctx, &mut self.context)?;
        let value = function.call(&JsValue::undefined(), &arguments, &mut self.context)?;
        if let Some(generator) = streams::drives(&value, function, &self.context) {
            streams::start(generator, invocation, &self.host, &mut self.context)?;
            return Ok(None);
        }
        let Some(promise) = value.as_promise() else {
            return match value.as_object() {
                Some(object) => self.adopt_thenable(object),
                None => Ok(Some(value)),
            };
        };
        self.react(&promise)?;
        Ok(None)
    }

    /// Runs the scripts for this one call, and gives the function that they registered for it.
    fn run_factories(&mut self, invocation: &Rc<Invocation>) -> JsResult<JsFunction> {
        let host = self.host.clone();
        *host.wanted.borrow_mut() =
            Some(Wanted { name: invocation.event.as_ref().unwrap_or(&invocation.method).clone(), function: None });
        let madrpc = self.madrpc()?;
        let mut factories = self.factories.iter();
        let outcome = factories.try_for_each(|factory| {
            factory.call(&JsValue::undefined(), std::slice::from_ref(&madrpc), &mut self.context).map(drop)
        });
        let wanted = host.wanted.take();
        outcome?;
        let missing = || JsNativeError::typ().with_message("the script did not register the method this time").into();
        wanted.and_then(|wanted| wanted.function).ok_or_else(missing)
    }

    /// As `await` would: an object with a callable `then` is waited for.
    fn adopt_thenable(&mut self, object: boa_engine::JsObject) -> JsResult<Option<JsValue>> {
        let then = object.get(js_string!("then"), &mut self.context)?;
        if !then.is_callable() {
            return Ok(Some(object.into()));
        }
        let promise = JsPromise::resolve(object, &mut self.context)?;
        self.react(&promise)?;
        Ok(None)
    }

    fn react(&mut self, promise: &JsPromise) -> JsResult<()> {
        let api = self.host.api()?;
        promise.then(Some(api.on_fulfilled.clone()), Some(api.on_rejected.clone()), &mut self.context)?;
        Ok(())
    }

    /// Settles an open call with what it came to. Run `run_jobs` after the last of a group.
    pub fn settle(&mut self, id: CallId, result: CallResult) {
        let Some(pending) = self.host.pending.borrow_mut().remove(&id) else {
            let notifying = self.host.notifying.borrow_mut().remove(&id);
            return match notifying {
                Some((invocation, method)) => self.notified(&invocation, &method, &result),
                None => self.settle_other(id, result),
            };
        };
        let open = &pending.invocation.open_calls;
        open.set(open.get().saturating_sub(1));
        let host = self.host.clone();
        let settle = || -> JsResult<()> {
            let value = match &result {
                Ok(text) => api::read_result(text, &mut self.context),
                Err(error) => Err(errors::to_rpc_error(error, &host, &mut self.context)?),
            };
            match value {
                Ok(value) => pending.resolvers.resolve.call(&JsValue::undefined(), &[value], &mut self.context)?,
                Err(error) => {
                    let reason = error.into_opaque(&mut self.context)?;
                    errors::made_at(&reason, pending.made_at.as_ref(), &mut self.context)?;
                    pending.resolvers.reject.call(&JsValue::undefined(), &[reason], &mut self.context)?
                }
            };
            Ok(())
        };
        let settled = heap::counted(|| {
            guard::or_give_up(&host, Some(&pending.invocation), || host.turn(&pending.invocation, settle))
        });
        if let Some(Err(error)) = settled {
            host.settled.borrow_mut().push((pending.invocation, Err(error.into())));
        }
    }

    /// Ends a parked invocation without an outcome: nobody waits for it any more. None when it is not parked here.
    pub fn cancel(&mut self, id: InvocationId) -> Option<Cancelled> {
        let invocation = self.parked.get(&id).cloned()?;
        if self.should_wind_down(&invocation, &Err(Failure::Ended(CallError::Cancelled))) {
            self.wind_down(&invocation, None);
            self.run_jobs();
        }
        if invocation.grace.get().is_some() {
            return Some(Cancelled::WindsDown);
        }
        self.parked.remove(&id);
        self.tell_signal(&invocation);
        self.end(&invocation, Some(Cut::by_caller(&invocation)));
        self.run_jobs();
        Some(Cancelled::Ended)
    }

    /// Runs promise jobs for a while; true when some are left.
    pub fn run_jobs(&mut self) -> bool {
        if self.host.jobs.borrow().is_empty() {
            return false;
        }
        if let Err(error) = heap::counted(|| self.context.run_jobs()) {
            log::warn!(target: "script", "promise jobs failed: {error}");
        }
        self.has_jobs()
    }

    /// True while promise jobs wait to run.
    pub fn has_jobs(&self) -> bool {
        !self.host.jobs.borrow().is_empty()
    }

    /// True once no further call should begin in this engine.
    pub fn is_worn(&self) -> bool {
        self.worn || self.host.failed.get()
    }

    /// Called when there has been nothing to do for a while: gives back what deep recursion has made the stack grow to.
    fn shrink(&mut self) {
        heap::counted(|| self.context.shrink_stack());
    }

    /// Called when no garbage is left: sees whether the heap has outgrown its bound all the same.
    fn wear(&mut self) {
        let (Some(watch), Some(limit)) = (&self.host.surroundings.watch, self.host.surroundings.context_limit) else {
            return;
        };
        let growth = watch.heap_growth();
        if growth > limit && !self.worn {
            log::info!("a context has grown by {growth} bytes; the next call gets a new one");
            self.worn = true;
        }
    }

    /// When the next timer is due.
    pub fn next_due(&self) -> Option<Instant> {
        let timer = self.host.timers.borrow().next_due();
        timer.into_iter().chain(self.next_flow_due()).chain(self.leftovers.next_due()).min()
    }

    /// Invocations that wait, or that were answered and go on.
    pub fn parked(&self) -> usize {
        self.parked.len() + self.leftovers.len()
    }

    /// True when all that goes on in this engine was left behind by calls that were answered.
    pub fn has_leftovers_alone(&self) -> bool {
        self.parked.is_empty() && self.leftovers.len() > 0
    }

    /// The invocations that `parked` counts.
    fn ids(&self) -> impl Iterator<Item = InvocationId> + '_ {
        self.parked.keys().copied().chain(self.leftovers.ids())
    }

    /// The parked invocations that have settled since the last time, with their outcomes.
    pub fn take_finished(&mut self) -> Vec<(InvocationId, CallResult)> {
        // The list stays where it was counted; what is taken out of it is on nobody's account.
        let settled: Vec<_> = self.host.settled.borrow_mut().drain(..).collect();
        if !self.has_jobs() {
            self.tell_of_rejections();
        }
        let mut finished = Vec::with_capacity(settled.len());
        let mut winding = Vec::new();
        for (invocation, outcome) in settled {
            if self.leftovers.contains(invocation.id) {
                self.leftover_settled(&invocation, outcome);
            } else if self.parked.contains_key(&invocation.id) && !winding.contains(&invocation.id) {
                let winds_down = self.should_wind_down(&invocation, &outcome);
                let cut = Cut::of(&outcome, &invocation);
                let host = self.host.clone();
                let result = heap::counted(|| {
                    let write = || self.outcome(&invocation, outcome);
                    guard::or_give_up(&host, None, || host.on_behalf_of(Some(invocation.clone()), write))
                });
                let result = result.unwrap_or_else(|| Err(guard::failed(&invocation)));
                // Its getters may have run for too long.
                let stopped = invocation.stopped.take();
                let cut = stopped.as_ref().map(|_| Cut::Stopped).or(cut);
                let result = stopped.map_or(result, Err);
                if winds_down {
                    self.wind_down(&invocation, Some(result));
                    winding.push(invocation.id);
                    continue;
                }
                self.parked.remove(&invocation.id);
                if cut.is_none() && self.leaves_something(&invocation, self.has_jobs()) {
                    self.leave_behind(&invocation, result);
                    continue;
                }
                self.end(&invocation, cut);
                finished.push((invocation.id, result));
            }
        }
        finished.extend(self.review_leftovers().into_iter().map(|id| (id, leftovers::nothing())));
        finished
    }

    /// The calls that scripts have made since the last time.
    pub fn take_outgoing(&mut self) -> Vec<OutgoingCall> {
        std::mem::take(&mut *self.host.outgoing.borrow_mut())
    }

    /// Turns an outcome into text.
    fn outcome(&mut self, invocation: &Rc<Invocation>, outcome: Result<JsValue, Failure>) -> CallResult {
        let host = self.host.clone();
        match outcome {
            Ok(value) => {
                if let Some(items) = streams::collected(invocation, &host) {
                    return Ok(items);
                }
                let intrinsics = match host.api() {
                    Ok(api) => &api.intrinsics,
                    Err(error) => return Err(CallError::internal(error.to_string())),
                };
                unlike::warn_of(&invocation.method, &value);
                // The text leaves this thread.
                heap::uncounted(|| {
                    json_writer::write(&value, host.surroundings.max_body, intrinsics, &mut self.context)
                        .map(JsonText::from_trusted)
                        .map_err(|error| errors::write_error(error, &host, invocation, &mut self.context))
                })
            }
            Err(Failure::Thrown(error)) => {
                heap::uncounted(|| Err(errors::to_call_error(error, &host, invocation, &mut self.context)))
            }
            Err(Failure::Ended(reason)) => Err(reason),
        }
    }

    /// The invocations that ended while calls of theirs were open, since the last time.
    pub fn take_abandoned(&mut self) -> Vec<InvocationId> {
        std::mem::take(&mut *self.host.abandoned.borrow_mut())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // The host keeps handles into the heap of the context that keeps the host.
        self.host.clear();
        self.loader.clear();
        self.context.remove_data::<Rc<Host>>();
    }
}
