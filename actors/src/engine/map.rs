//! `madrpc.map`: one call for each item, so many at a time, and the results in the order of the items.
//!
//! No call of it has a promise of its own: results go straight to their places, and what becomes free is filled within
//! the same turn, so that calls travel together.

mod items;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use boa_engine::builtins::promise::ResolvingFunctions;
use boa_engine::object::builtins::{JsArray, JsFunction, JsPromise};
use boa_engine::object::{JsObject, ObjectInitializer};
use boa_engine::property::Attribute;
use boa_engine::{js_string, Context, JsArgs, JsError, JsResult, JsValue};

use super::host::{CallId, CallOptions, Host, Invocation, MAX_OPEN_CALLS};
use super::web::{type_error, Algorithm};
use super::{api, errors, heap};
use crate::protocol::{CallError, CallResult};
use items::{Items, Taken};

/// Calls that are open at once where a script does not say.
const CONCURRENCY: usize = 256;

/// The maps of one context.
#[derive(Debug, Default)]
pub struct Maps {
    runs: RefCell<HashMap<CallId, Run>>,
    /// The open calls: of which map, for which item.
    calls: RefCell<HashMap<CallId, (CallId, usize)>>,
}

/// A map that runs.
#[derive(Debug)]
struct Run {
    invocation: Rc<Invocation>,
    method: String,
    options: CallOptions,
    concurrency: usize,
    /// Failures are results like any other.
    collects: bool,
    on_progress: Option<JsFunction>,
    items: Items,
    /// By item; undefined until it is there.
    results: Vec<JsValue>,
    open: usize,
    done: usize,
    /// Items are being taken, further up on the stack.
    filling: bool,
    resolvers: ResolvingFunctions,
}

impl Maps {
    /// How many calls are open.
    pub fn open_calls(&self) -> usize {
        self.calls.borrow().len()
    }

    /// True until it has a result.
    pub fn is_open(&self, id: CallId) -> bool {
        self.runs.borrow().contains_key(&id)
    }

    /// Whether some map of this invocation runs.
    pub fn has_some_of(&self, invocation: &Invocation) -> bool {
        invocation.maps.get() && self.runs.borrow().values().any(|run| run.invocation.id == invocation.id)
    }

    /// Drops what belongs to an invocation; gives the promises.
    pub fn end_of(&self, invocation: &Invocation) -> Vec<ResolvingFunctions> {
        if !invocation.maps.get() {
            return Vec::new();
        }
        let mut runs = self.runs.borrow_mut();
        let of = |run: &Run| run.invocation.id == invocation.id;
        let ids: HashSet<_> = runs.iter().filter(|(_, run)| of(run)).map(|(id, _)| *id).collect();
        self.calls.borrow_mut().retain(|_, (run, _)| !ids.contains(run));
        ids.iter().filter_map(|id| Some(runs.remove(id)?.resolvers)).collect()
    }

    /// Drops every handle into the garbage-collected heap.
    pub fn clear(&self) {
        self.runs.borrow_mut().clear();
        self.calls.borrow_mut().clear();
    }

    fn with<T>(&self, id: CallId, look: impl FnOnce(&mut Run) -> T) -> Option<T> {
        self.runs.borrow_mut().get_mut(&id).map(look)
    }
}

/// `madrpc.map(method, items, options)`
pub(super) fn map(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let host = Host::of(context)?;
    let method = api::method_of(arguments, "madrpc.map")?;
    let given = arguments.get_or_undefined(2);
    let options = api::call_options(given, context)?;
    let own = Own::read(given.as_object().as_ref(), context)?;
    let signal = api::signal_of(arguments, context)?;
    let (promise, resolvers) = JsPromise::new_pending(context);
    let reject = |reason: JsValue, context: &mut Context| {
        resolvers.reject.call(&JsValue::undefined(), &[reason], context)?;
        Ok(promise.clone().into())
    };
    if let Some(aborted) = signal.as_ref().filter(|signal| signal.borrow().data().is_aborted()) {
        let reason = aborted.borrow().data().reason();
        return reject(reason, context);
    }
    let allowed = options.and_then(|options| match options.idempotency_key {
        Some(_) => Err(CallError::invalid_params("idempotencyKey", "one key is for one call, and a map makes many")),
        None => Ok((options, host.caller()?)),
    });
    let (options, invocation) = match allowed {
        Ok(allowed) => allowed,
        Err(refused) => {
            let reason = errors::to_rpc_error(&refused, &host, context)?.into_opaque(context)?;
            return reject(reason, context);
        }
    };
    let id = host.next_call_id();
    let items = Items::of(arguments.get_or_undefined(1), id, context)?;
    invocation.maps.set(true);
    let Own { concurrency, collects, on_progress } = own;
    let run = Run {
        invocation,
        method,
        options,
        concurrency,
        collects,
        on_progress,
        items,
        results: Vec::new(),
        open: 0,
        done: 0,
        filling: false,
        resolvers: resolvers.clone(),
    };
    host.maps.runs.borrow_mut().insert(id, run);
    if let Some(signal) = signal {
        signal.borrow().data().on_abort(Algorithm::CancelCall(id), context)?;
    }
    fill(id, &host, context)?;
    Ok(promise.into())
}

/// The options that only a map has.
struct Own {
    concurrency: usize,
    collects: bool,
    on_progress: Option<JsFunction>,
}

impl Own {
    fn read(given: Option<&JsObject>, context: &mut Context) -> JsResult<Own> {
        let mut own = Own { concurrency: CONCURRENCY, collects: false, on_progress: None };
        let Some(given) = given else { return Ok(own) };
        let concurrency = given.get(js_string!("concurrency"), context)?;
        if !concurrency.is_undefined() {
            #[allow(clippy::cast_precision_loss, reason = "the bound is far below 2^53")]
            let allowed = 1.0..=MAX_OPEN_CALLS as f64;
            let number = concurrency.as_number().filter(|number| allowed.contains(number) && number.fract() == 0.0);
            let number = number.ok_or_else(|| type_error("concurrency is a positive integer"))?;
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be in its bounds")]
            let number = number as usize;
            own.concurrency = number;
        }
        let on_error = given.get(js_string!("onError"), context)?;
        if !on_error.is_undefined() {
            let word = on_error.as_string().map(|word| word.to_std_string_lossy());
            own.collects = match word.as_deref() {
                Some("abort") => false,
                Some("collect") => true,
                _ => return Err(type_error("onError is 'abort' or 'collect'")),
            };
        }
        let on_progress = given.get(js_string!("onProgress"), context)?;
        if !on_progress.is_undefined() {
            let function = on_progress.as_function().ok_or_else(|| type_error("onProgress is a function"))?;
            own.on_progress = Some(function);
        }
        Ok(own)
    }
}

/// Makes calls for further items, as many as may be open, and resolves the map when all are done.
fn fill(id: CallId, host: &Host, context: &mut Context) -> JsResult<()> {
    // An iterator may lead back here by what it does.
    if host.maps.with(id, |run| std::mem::replace(&mut run.filling, true)).unwrap_or(true) {
        return Ok(());
    }
    loop {
        let taken = match host.maps.with(id, |run| (run.open < run.concurrency).then(|| run.items.clone())) {
            None => return Ok(()),
            Some(None) => break,
            Some(Some(items)) => items.take(context),
        };
        match taken {
            Ok(Taken::Item(item)) => begin(id, &item, host, context)?,
            Ok(Taken::End) => {
                host.maps.with(id, |run| run.items = Items::End);
                break;
            }
            Ok(Taken::Later) => break,
            Err(error) => return fail(id, error, false, host, context),
        }
    }
    let finished = host.maps.with(id, |run| {
        run.filling = false;
        run.open == 0 && matches!(run.items, Items::End)
    });
    if finished == Some(true) {
        if let Some(run) = host.maps.runs.borrow_mut().remove(&id) {
            let results = JsArray::from_iter(run.results, context);
            run.resolvers.resolve.call(&JsValue::undefined(), &[results.into()], context)?;
        }
    }
    Ok(())
}

/// Makes the call for one item.
fn begin(id: CallId, item: &JsValue, host: &Host, context: &mut Context) -> JsResult<()> {
    // The call leaves this thread.
    let written = heap::uncounted(|| api::params(item, host, context));
    let opened = match written {
        Ok(Ok(None)) => {
            Err(CallError::invalid_params("items", "each item is the params of a call: an array or object"))
        }
        Ok(Ok(params)) => heap::uncounted(|| {
            let asked = host.maps.with(id, |run| (run.method.clone(), run.options.clone()));
            let Some((method, options)) = asked else { return Err(CallError::Cancelled) };
            host.open_call(method, CallOptions { params, ..options }).map(|(_, outgoing)| outgoing)
        }),
        Ok(Err(CallError::InvalidParams { .. })) => {
            Err(CallError::invalid_params("items", "each item is the params of a call: an array or object, as [item]"))
        }
        Ok(Err(refused)) => Err(refused),
        Err(error) => {
            let index = host.maps.with(id, Run::place);
            return index.map_or(Ok(()), |index| done(id, index, Err(error), host, context));
        }
    };
    let Some(index) = host.maps.with(id, Run::place) else { return Ok(()) };
    match opened {
        Ok(outgoing) => {
            host.maps.with(id, |run| {
                run.open += 1;
                run.invocation.open_calls.set(run.invocation.open_calls.get() + 1);
            });
            host.maps.calls.borrow_mut().insert(outgoing.id, (id, index));
            heap::uncounted(|| host.outgoing.borrow_mut().push(outgoing));
            Ok(())
        }
        Err(refused) => {
            let error = errors::to_rpc_error(&refused, host, context)?;
            done(id, index, Err(error), host, context)
        }
    }
}

impl Run {
    /// The place of one more result.
    fn place(&mut self) -> usize {
        self.results.push(JsValue::undefined());
        self.results.len() - 1
    }
}

/// The invocation whose map made this call.
pub(super) fn whose(call: CallId, host: &Host) -> Option<Rc<Invocation>> {
    let (id, _) = host.maps.calls.borrow().get(&call).copied()?;
    host.maps.with(id, |run| run.invocation.clone())
}

/// A call has come to `result`. Its place is filled at once, and leaves with the others of this turn.
pub(super) fn settle(call: CallId, result: &CallResult, host: &Host, context: &mut Context) -> JsResult<()> {
    let Some((id, index)) = host.maps.calls.borrow_mut().remove(&call) else { return Ok(()) };
    host.maps.with(id, |run| {
        run.open -= 1;
        let open = &run.invocation.open_calls;
        open.set(open.get().saturating_sub(1));
    });
    let outcome = match result {
        Ok(text) => api::read_result(text, context),
        Err(error) => Err(errors::to_rpc_error(error, host, context)?),
    };
    done(id, index, outcome, host, context)?;
    fill(id, host, context)
}

/// One item is done.
fn done(id: CallId, index: usize, outcome: JsResult<JsValue>, host: &Host, context: &mut Context) -> JsResult<()> {
    let Some((collects, on_progress)) = host.maps.with(id, |run| (run.collects, run.on_progress.clone())) else {
        return Ok(());
    };
    let result = match (outcome, collects) {
        (Ok(value), false) => value,
        (Ok(value), true) => settled("fulfilled", "value", value, context),
        (Err(error), true) if error.as_engine().is_none() => {
            let reason = error.into_opaque(context)?;
            settled("rejected", "reason", reason, context)
        }
        (Err(error), _) => return fail(id, error, true, host, context),
    };
    let progress = host.maps.with(id, |run| {
        run.results[index] = result;
        run.done += 1;
        let total = run.items.total(run.results.len());
        if let Some(progress) = &run.invocation.progress {
            progress.set(run.done as u64, total);
        }
        (run.done, total)
    });
    if let (Some(on_progress), Some((done, total))) = (on_progress, progress) {
        let arguments = [done.into(), total.map_or(JsValue::null(), JsValue::from)];
        if let Err(error) = on_progress.call(&JsValue::undefined(), &arguments, context) {
            return fail(id, error, true, host, context);
        }
    }
    Ok(())
}

/// As `Promise.allSettled` has it.
fn settled(status: &str, name: &str, value: JsValue, context: &mut Context) -> JsValue {
    let status = boa_engine::JsString::from(status);
    ObjectInitializer::new(context)
        .property(js_string!("status"), status, Attribute::all())
        .property(boa_engine::JsString::from(name), value, Attribute::all())
        .build()
        .into()
}

/// Rejects a map; its other calls are called back. An iterator that has not failed itself is told that it is over.
fn fail(id: CallId, error: JsError, close: bool, host: &Host, context: &mut Context) -> JsResult<()> {
    if error.as_engine().is_some() {
        return Err(error);
    }
    let reason = error.into_opaque(context)?;
    let Some(run) = host.maps.runs.borrow_mut().remove(&id) else { return Ok(()) };
    let mut calls = HashSet::new();
    host.maps.calls.borrow_mut().retain(|call, (of, _)| {
        if *of == id {
            calls.insert(*call);
        }
        *of != id
    });
    let open = &run.invocation.open_calls;
    open.set(open.get().saturating_sub(calls.len()));
    host.call_all_back(calls);
    run.resolvers.reject.call(&JsValue::undefined(), &[reason], context)?;
    match close {
        true => run.items.close(context),
        false => Ok(()),
    }
}

/// The signal of a map was aborted.
pub(super) fn abort(id: CallId, reason: &JsValue, host: &Host, context: &mut Context) -> JsResult<()> {
    let Some(invocation) = host.maps.with(id, |run| run.invocation.clone()) else { return Ok(()) };
    let error = JsError::from_opaque(reason.clone());
    host.on_behalf_of(Some(invocation), || fail(id, error, true, host, context))
}
