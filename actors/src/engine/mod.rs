//! The JavaScript engine: one Boa context, and the event loop that runs many calls in it at once.
//!
//! Knows Boa, and alone does so. Knows no threads, actors or sockets: an executor hands it calls and results, and takes
//! from it outcomes and the calls that scripts make. A call that waits is *parked*: its promise is pending, and nothing
//! of it is on the native stack.

mod api;
mod console;
mod errors;
pub mod host;
mod jobs;
pub mod json_reader;
pub mod json_writer;
pub mod program;
mod timers;
mod web;

#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Instant;

use boa_engine::{Context, JsError, JsResult, JsString, JsValue, Source};

pub use host::{CallId, InvocationId, OutgoingCall, Surroundings};
pub use program::{LoadError, Program, Script};

use host::{Host, Invocation};
use jobs::{Hooks, Queue};

use crate::protocol::{Call, CallError, CallResult, JsonText, MethodInfo};

/// JavaScript calls may nest this deeply. It must be met before the native stack's end (`STACK_BYTES`) in the worst
/// case, which is native code and script calling each other (`sort`, `replace`, getters).
pub const RECURSION_LIMIT: usize = 2_000;

/// Values on the engine's own stack.
pub const STACK_LIMIT: usize = 1 << 20;

/// Stack of a thread that runs an engine. The parser takes tens of kilobytes per nesting level.
pub const STACK_BYTES: usize = 64 << 20;

/// One context with its scripts loaded.
pub struct Engine {
    context: Context,
    host: Rc<Host>,
    parked: HashMap<InvocationId, Rc<Invocation>>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("parked", &self.parked.len()).finish_non_exhaustive()
    }
}

impl Engine {
    /// Makes a context and runs the scripts in it.
    pub fn load(program: &Program, surroundings: Surroundings) -> Result<Engine, LoadError> {
        let host = Host::new(surroundings);
        let context = Context::builder()
            .host_hooks(Rc::new(Hooks(host.clone())))
            .job_executor(Rc::new(Queue(host.clone())))
            .can_block(false)
            .build()
            .map_err(|error| LoadError(error.to_string()))?;
        let mut engine = Engine { context, host, parked: HashMap::new() };
        engine.prepare().map_err(|error| LoadError(error.to_string()))?;
        for script in program.iter() {
            engine.run_script(script)?;
        }
        engine.host.loading.set(false);
        Ok(engine)
    }

    fn prepare(&mut self) -> JsResult<()> {
        let limits = self.context.runtime_limits_mut();
        limits.set_recursion_limit(RECURSION_LIMIT);
        limits.set_stack_size_limit(STACK_LIMIT);
        self.context.insert_data(self.host.clone());
        api::install(&self.host, &mut self.context)?;
        timers::install(&mut self.context)?;
        web::install(&mut self.context)
    }

    fn run_script(&mut self, script: &Script) -> Result<(), LoadError> {
        let source = Source::from_bytes(&script.source).with_path(&script.path);
        let result = self.context.eval(source);
        self.run_jobs();
        result.map(drop).map_err(|error| errors::load_error(&error, script))
    }

    /// What the scripts registered, by name.
    pub fn methods(&self) -> Vec<MethodInfo> {
        let mut methods: Vec<_> = self.host.methods.borrow().values().map(|method| method.info.clone()).collect();
        methods.sort_by(|a, b| a.name.cmp(&b.name));
        methods
    }

    /// Runs a method until it settles or waits. Its outcome, now or later, comes by `take_finished`.
    pub fn invoke(&mut self, id: InvocationId, call: Call) -> Option<CallResult> {
        let method = self.host.methods.borrow().get(&call.method).map(|method| method.function.clone());
        let Some(function) = method else {
            return Some(Err(CallError::MethodNotFound));
        };
        let params = match &call.params {
            None => JsValue::undefined(),
            Some(text) => match json_reader::read(text.as_str(), &mut self.context) {
                Ok(params) => params,
                Err(_) => return Some(Err(CallError::Parse)),
            },
        };
        let invocation = Rc::new(Invocation {
            id,
            method: call.method,
            scope: call.scope,
            finished: Cell::new(false),
            open_calls: Cell::new(0),
            rejection_stack: RefCell::default(),
        });
        let host = self.host.clone();
        let result = host.on_behalf_of(Some(invocation.clone()), || self.begin(&function, params, &invocation));
        match result {
            Ok(Some(value)) => {
                let result = self.outcome(&invocation, Ok(value));
                // Jobs that a finished call left behind still run, as they would in any other host.
                self.run_jobs();
                Some(result)
            }
            Ok(None) => {
                self.parked.insert(id, invocation);
                self.run_jobs();
                None
            }
            Err(error) => {
                let result = self.outcome(&invocation, Err(error));
                self.run_jobs();
                Some(result)
            }
        }
    }

    /// Calls the function; a pending promise gets reactions, and `None` is returned.
    fn begin(
        &mut self,
        function: &boa_engine::object::builtins::JsFunction,
        params: JsValue,
        invocation: &Rc<Invocation>,
    ) -> JsResult<Option<JsValue>> {
        let ctx = api::ctx(invocation, &self.host, &self.context)?;
        let value = function.call(&JsValue::undefined(), &[params, ctx.into()], &mut self.context)?;
        let Some(promise) = value.as_promise() else {
            return match value.as_object() {
                Some(object) => self.adopt_thenable(object),
                None => Ok(Some(value)),
            };
        };
        self.react(&promise)?;
        Ok(None)
    }

    /// As `await` would: an object with a callable `then` is waited for.
    fn adopt_thenable(&mut self, object: boa_engine::JsObject) -> JsResult<Option<JsValue>> {
        let then = object.get(JsString::from("then"), &mut self.context)?;
        if !then.is_callable() {
            return Ok(Some(object.into()));
        }
        let promise = boa_engine::object::builtins::JsPromise::resolve(object, &mut self.context)?;
        self.react(&promise)?;
        Ok(None)
    }

    fn react(&mut self, promise: &boa_engine::object::builtins::JsPromise) -> JsResult<()> {
        let api = self.host.api()?;
        promise.then(Some(api.on_fulfilled.clone()), Some(api.on_rejected.clone()), &mut self.context)?;
        Ok(())
    }

    /// Settles an open call with what it came to. Run `run_jobs` after the last of a group.
    pub fn settle(&mut self, id: CallId, result: CallResult) {
        let Some(pending) = self.host.pending.borrow_mut().remove(&id) else {
            return;
        };
        let open = &pending.invocation.open_calls;
        open.set(open.get().saturating_sub(1));
        let host = self.host.clone();
        let settled = host.on_behalf_of(Some(pending.invocation.clone()), || -> JsResult<()> {
            let value = match result {
                Ok(text) => api::read_result(&text, &mut self.context),
                Err(error) => Err(errors::to_rpc_error(&error, &host, &mut self.context)?),
            };
            match value {
                Ok(value) => pending.resolvers.resolve.call(&JsValue::undefined(), &[value], &mut self.context)?,
                Err(error) => {
                    let reason = error.into_opaque(&mut self.context)?;
                    pending.resolvers.reject.call(&JsValue::undefined(), &[reason], &mut self.context)?
                }
            };
            Ok(())
        });
        if let Err(error) = settled {
            host.settled.borrow_mut().push((pending.invocation, Err(error)));
        }
    }

    /// Ends a parked invocation without an outcome: nobody waits for it any more.
    pub fn cancel(&mut self, id: InvocationId) {
        if let Some(invocation) = self.parked.remove(&id) {
            web::cancelled(&invocation, &mut self.context);
            self.end(&invocation);
            self.run_jobs();
        }
    }

    /// Fires the timers that are due.
    pub fn fire_timers(&mut self, now: Instant) {
        loop {
            let due = self.host.timers.borrow_mut().take_due(now);
            let Some(due) = due else { return };
            let host = self.host.clone();
            let owner = due.owner.clone();
            let fired = host.on_behalf_of(due.owner, || {
                due.function.call(&JsValue::undefined(), &due.arguments, &mut self.context)
            });
            if let Err(error) = fired {
                self.timer_failed(owner, error);
            }
            self.run_jobs();
        }
    }

    /// A throw out of a timer's callback has nobody to catch it. It ends the call that set the timer, as an uncaught
    /// error does elsewhere; the script's own timers only log it.
    fn timer_failed(&mut self, owner: Option<Rc<Invocation>>, error: JsError) {
        match owner {
            Some(owner) => self.host.settled.borrow_mut().push((owner, Err(error))),
            None => log::warn!(target: "script", "a timer of the script failed: {error}"),
        }
    }

    /// Runs promise jobs until none is left.
    pub fn run_jobs(&mut self) {
        if self.host.jobs.borrow().is_empty() {
            return;
        }
        if let Err(error) = self.context.run_jobs() {
            log::warn!(target: "script", "promise jobs failed: {error}");
        }
    }

    /// When the next timer is due.
    pub fn next_due(&self) -> Option<Instant> {
        self.host.timers.borrow().next_due()
    }

    /// Invocations that wait.
    pub fn parked(&self) -> usize {
        self.parked.len()
    }

    /// The parked invocations that have settled since the last time, with their outcomes.
    pub fn take_finished(&mut self) -> Vec<(InvocationId, CallResult)> {
        let settled = std::mem::take(&mut *self.host.settled.borrow_mut());
        let mut finished = Vec::with_capacity(settled.len());
        for (invocation, outcome) in settled {
            if self.parked.remove(&invocation.id).is_some() {
                let result = self.outcome(&invocation, outcome);
                finished.push((invocation.id, result));
            }
        }
        finished
    }

    /// The calls that scripts have made since the last time.
    pub fn take_outgoing(&mut self) -> Vec<OutgoingCall> {
        std::mem::take(&mut *self.host.outgoing.borrow_mut())
    }

    /// Turns an outcome into text, and ends the invocation.
    fn outcome(&mut self, invocation: &Rc<Invocation>, outcome: Result<JsValue, JsError>) -> CallResult {
        let host = self.host.clone();
        let result = host.on_behalf_of(Some(invocation.clone()), || match outcome {
            Ok(value) => {
                let intrinsics = match host.api() {
                    Ok(api) => &api.intrinsics,
                    Err(error) => return Err(CallError::internal(error.to_string())),
                };
                json_writer::write(&value, host.surroundings.max_body, intrinsics, &mut self.context)
                    .map(JsonText::from_trusted)
                    .map_err(|error| errors::write_error(error, &host, invocation, &mut self.context))
            }
            Err(error) => Err(errors::to_call_error(error, &host, invocation, &mut self.context)),
        });
        self.end(invocation);
        result
    }

    /// Drops what an invocation leaves behind: its timers, and the calls that it no longer waits for.
    fn end(&mut self, invocation: &Rc<Invocation>) {
        invocation.finished.set(true);
        web::ended(invocation.id, &self.context);
        let mut timers = self.host.timers.borrow_mut();
        if !timers.is_empty() {
            timers.end_of(invocation.id);
        }
        let open = invocation.open_calls.get();
        if open > 0 {
            let (method, id) = (&invocation.method, &invocation.scope);
            log::info!(target: "script", "{method} ended with {open} of its calls open; they are cancelled call={id}");
            self.host.pending.borrow_mut().retain(|_, pending| pending.invocation.id != invocation.id);
            self.host.outgoing.borrow_mut().retain(|outgoing| outgoing.parent != invocation.id);
            self.host.abandoned.borrow_mut().push(invocation.id);
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
        self.context.remove_data::<Rc<Host>>();
    }
}
