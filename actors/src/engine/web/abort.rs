//! `AbortController` and `AbortSignal` (DOM, section 3).

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use boa_engine::class::{Class, ClassBuilder};
use boa_engine::context::intrinsics::StandardConstructor;
use boa_engine::gc::GcRefCell;
use boa_engine::{Context, Finalize, JsArgs, JsData, JsError, JsObject, JsResult, JsValue, Trace};

use super::super::host::{CallId, Host, Invocation};
use super::super::{streams, timers};
use super::class::{class, illegal_constructor, instance, instance_of, receiver, type_error, Members, WebClass};
use super::convert::{enforced_integer, required, sequence};
use super::event::{abort_kind, Event};
use super::event_target::{dispatch, remove_marked, EventTarget, Listeners};
use super::{dom_exception, fetch, Web};

/// Signals that one `AbortSignal.any` may join.
const MAX_SOURCES: usize = 1_024;

/// A list that holds what may have become useless is looked over when it has grown to this, and to twice what is left.
const FIRST_PRUNING: usize = 64;

/// What else happens when a signal is aborted, before its listeners hear of it.
#[derive(Clone, Debug, Trace, Finalize)]
pub(in crate::engine) enum Algorithm {
    /// Reject an open call, or end a stream.
    CancelCall(#[unsafe_ignore_trace] CallId),
    /// Reject an open fetch.
    CancelFetch(#[unsafe_ignore_trace] CallId),
    /// Remove the listener with this mark.
    RemoveListener(JsObject, #[unsafe_ignore_trace] Rc<Cell<bool>>),
}

/// A signal that `AbortSignal.any` made, as its sources know it.
#[derive(Clone, Debug, Trace, Finalize)]
struct Dependent {
    signal: JsObject,
    /// Who made it: when that call has ended, nobody of it listens any more.
    #[unsafe_ignore_trace]
    owner: Option<Rc<Invocation>>,
}

/// A signal.
#[derive(Debug, Trace, Finalize, JsData)]
pub(in crate::engine) struct AbortSignal {
    /// Its listeners.
    pub(super) listeners: Listeners,
    /// Why it is aborted; none while it is not.
    reason: GcRefCell<Option<JsValue>>,
    algorithms: GcRefCell<Vec<Algorithm>>,
    dependents: GcRefCell<Vec<Dependent>>,
    /// What it depends on; none of these depends on others.
    sources: GcRefCell<Vec<JsObject>>,
    dependent: bool,
    #[unsafe_ignore_trace]
    pruning: Cell<usize>,
}

impl AbortSignal {
    fn new(reason: Option<JsValue>, dependent: bool) -> Self {
        AbortSignal {
            listeners: Listeners::default(),
            reason: GcRefCell::new(reason),
            algorithms: GcRefCell::default(),
            dependents: GcRefCell::default(),
            sources: GcRefCell::default(),
            dependent,
            pruning: Cell::new(FIRST_PRUNING),
        }
    }

    /// True once it is aborted.
    pub(in crate::engine) fn is_aborted(&self) -> bool {
        self.reason.borrow().is_some()
    }

    /// Why it is aborted, or undefined.
    pub(in crate::engine) fn reason(&self) -> JsValue {
        self.reason.borrow().clone().unwrap_or_default()
    }

    /// Adds what is to happen when it is aborted.
    pub(in crate::engine) fn on_abort(&self, algorithm: Algorithm, context: &Context) -> JsResult<()> {
        self.algorithms.borrow_mut().push(algorithm);
        self.prune(context)
    }

    /// A signal may outlive by far the calls that used it: it forgets what has ended meanwhile.
    fn prune(&self, context: &Context) -> JsResult<()> {
        let mut algorithms = self.algorithms.borrow_mut();
        let mut dependents = self.dependents.borrow_mut();
        if algorithms.len() + dependents.len() < self.pruning.get() {
            return Ok(());
        }
        let host = Host::of(context)?;
        let pending = host.pending.borrow();
        algorithms.retain(|algorithm| match algorithm {
            Algorithm::CancelCall(id) => pending.contains_key(id) || host.flows.is_open(*id) || host.maps.is_open(*id),
            Algorithm::CancelFetch(id) => host.fetches.is_open(*id),
            Algorithm::RemoveListener(_, removed) => !removed.get(),
        });
        dependents.retain(|dependent| !dependent.owner.as_ref().is_some_and(|owner| owner.finished.get()));
        self.pruning.set(FIRST_PRUNING.max(2 * (algorithms.len() + dependents.len())));
        Ok(())
    }
}

impl Class for AbortSignal {
    const NAME: &'static str = "AbortSignal";

    fn init(class: &mut ClassBuilder<'_>) -> JsResult<()> {
        class
            .get("aborted", |this, _, _| Ok(receiver::<AbortSignal>(this)?.borrow().data().is_aborted().into()))
            .get("reason", |this, _, _| Ok(receiver::<AbortSignal>(this)?.borrow().data().reason()))
            .get_set(
                "onabort",
                |this, _, _| Ok(receiver::<AbortSignal>(this)?.borrow().data().listeners.attribute()),
                |this, arguments, _| {
                    let signal = receiver::<AbortSignal>(this)?;
                    signal.borrow().data().listeners.set_attribute(&abort_kind(), arguments.get_or_undefined(0));
                    Ok(JsValue::undefined())
                },
            )
            .call("throwIfAborted", 0, throw_if_aborted)
            .call_static("abort", 0, aborted)
            .call_static("any", 1, any)
            .call_static("timeout", 1, timeout);
        Ok(())
    }

    fn data_constructor(_: &JsValue, _: &[JsValue], _: &mut Context) -> JsResult<Self> {
        illegal_constructor()
    }
}

impl WebClass for AbortSignal {
    fn parent(context: &mut Context) -> JsResult<Option<StandardConstructor>> {
        class::<EventTarget>(context).map(Some)
    }
}

fn throw_if_aborted(this: &JsValue, _arguments: &[JsValue], _context: &mut Context) -> JsResult<JsValue> {
    let signal = receiver::<AbortSignal>(this)?;
    let signal = signal.borrow();
    match signal.data().is_aborted() {
        true => Err(JsError::from_opaque(signal.data().reason())),
        false => Ok(JsValue::undefined()),
    }
}

/// `AbortSignal.abort(reason)`
fn aborted(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let reason = reason_or_default(arguments.first(), context)?;
    Ok(instance(AbortSignal::new(Some(reason), false), context)?.into())
}

/// `AbortSignal.timeout(ms)`. Its timer is one like any other: it ends with the call that set it.
fn timeout(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    required(arguments, 1, "AbortSignal.timeout")?;
    let ms = enforced_integer(arguments.get_or_undefined(0), "the time of AbortSignal.timeout", context)?;
    let signal = instance(AbortSignal::new(None, false), context)?;
    let fire = super::class::function("", 1, time_out, context);
    timers::set_native(Duration::from_secs_f64(ms / 1000.0), fire, vec![signal.clone().into()], context)?;
    Ok(signal.into())
}

fn time_out(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    if let Some(signal) = arguments.get_or_undefined(0).as_object() {
        let reason = dom_exception::make("TimeoutError", "the time of the signal is over", context)?;
        abort(&signal, Some(&reason), context)?;
    }
    Ok(JsValue::undefined())
}

/// `AbortSignal.any(signals)`
fn any(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    required(arguments, 1, "AbortSignal.any")?;
    let list = sequence(arguments.get_or_undefined(0), MAX_SOURCES, "the argument of AbortSignal.any", context)?;
    let signals: Option<Vec<_>> = list.iter().map(instance_of::<AbortSignal>).collect();
    let signals = signals.ok_or_else(|| type_error("AbortSignal.any takes AbortSignals"))?;
    let signals: Vec<JsObject> = signals.into_iter().map(JsObject::upcast).collect();
    Ok(any_of(&signals, context)?.into())
}

/// A signal that is aborted as soon as one of these is.
pub(super) fn any_of(signals: &[JsObject], context: &mut Context) -> JsResult<JsObject> {
    let aborted =
        signals.iter().filter_map(|signal| signal.downcast_ref::<AbortSignal>()).find(|signal| signal.is_aborted());
    if let Some(reason) = aborted.map(|signal| signal.reason()) {
        return instance(AbortSignal::new(Some(reason), true), context);
    }
    let result = instance(AbortSignal::new(None, true), context)?;
    let owner = Host::of(context)?.current();
    let mut sources: Vec<JsObject> = Vec::new();
    for signal in signals {
        let Some(data) = signal.downcast_ref::<AbortSignal>() else { continue };
        let own = if data.dependent { data.sources.borrow().clone() } else { vec![signal.clone()] };
        for source in own {
            if !sources.iter().any(|known| JsObject::equals(known, &source)) {
                sources.push(source);
            }
        }
    }
    for source in &sources {
        if let Some(source) = source.downcast_ref::<AbortSignal>() {
            source.dependents.borrow_mut().push(Dependent { signal: result.clone(), owner: owner.clone() });
            source.prune(context)?;
        }
    }
    if let Some(result) = result.downcast_ref::<AbortSignal>() {
        *result.sources.borrow_mut() = sources;
    }
    Ok(result)
}

fn reason_or_default(reason: Option<&JsValue>, context: &mut Context) -> JsResult<JsValue> {
    match reason {
        Some(reason) if !reason.is_undefined() => Ok(reason.clone()),
        _ => dom_exception::make("AbortError", "the operation was aborted", context),
    }
}

/// Aborts a signal, and those that depend on it: all have their reason before the first listener runs.
pub(super) fn abort(signal: &JsObject, reason: Option<&JsValue>, context: &mut Context) -> JsResult<()> {
    let Some(data) = signal.downcast_ref::<AbortSignal>() else { return Ok(()) };
    if data.is_aborted() {
        return Ok(());
    }
    let reason = reason_or_default(reason, context)?;
    *data.reason.borrow_mut() = Some(reason.clone());
    let mut to_run = vec![signal.clone()];
    for dependent in std::mem::take(&mut *data.dependents.borrow_mut()) {
        if let Some(data) = dependent.signal.downcast_ref::<AbortSignal>() {
            if !data.is_aborted() {
                *data.reason.borrow_mut() = Some(reason.clone());
                to_run.push(dependent.signal.clone());
            }
        }
    }
    drop(data);
    to_run.iter().try_for_each(|signal| run_abort_steps(signal, &reason, context))
}

fn run_abort_steps(signal: &JsObject, reason: &JsValue, context: &mut Context) -> JsResult<()> {
    let algorithms = match signal.downcast_ref::<AbortSignal>() {
        Some(data) => std::mem::take(&mut *data.algorithms.borrow_mut()),
        None => return Ok(()),
    };
    for algorithm in algorithms {
        match &algorithm {
            Algorithm::CancelCall(id) => cancel_call(*id, reason, context)?,
            Algorithm::CancelFetch(id) => fetch::cancel(*id, reason, context)?,
            Algorithm::RemoveListener(target, mark) => remove_marked(target, mark)?,
        }
    }
    let event = instance(Event::trusted(abort_kind(), context)?, context)?;
    let event = event.downcast::<Event>().map_err(|_| type_error("an event is no Event"))?;
    dispatch(signal, &event, context)?;
    Ok(())
}

/// Rejects an open call, and calls it back.
fn cancel_call(id: CallId, reason: &JsValue, context: &mut Context) -> JsResult<()> {
    let host = Host::of(context)?;
    let Some(pending) = host.pending.borrow_mut().remove(&id) else { return streams::abort(id, reason, context) };
    let open = &pending.invocation.open_calls;
    open.set(open.get().saturating_sub(1));
    host.call_back(id);
    host.on_behalf_of(Some(pending.invocation.clone()), || {
        pending.resolvers.reject.call(&JsValue::undefined(), std::slice::from_ref(reason), context).map(drop)
    })
}

/// The signal of `madrpc.call(…, {signal})`: `None` when there is none. Anything but a signal is refused.
pub(in crate::engine) fn follow(value: &JsValue) -> JsResult<Option<JsObject<AbortSignal>>> {
    if value.is_undefined() {
        return Ok(None);
    }
    instance_of(value).map(Some).ok_or_else(|| type_error("signal is no AbortSignal"))
}

/// Makes `ctx.signal`, which is aborted when the invocation is cancelled.
pub(in crate::engine) fn context_signal(invocation: &Invocation, context: &mut Context) -> JsResult<JsObject> {
    // A generator that was told to return may look for the first time after that.
    let reason = invocation.grace.get().map(|_| reason_or_default(None, context)).transpose()?;
    let signal = instance(AbortSignal::new(reason, false), context)?;
    if !invocation.finished.get() {
        Web::of(context)?.signals.borrow_mut().insert(invocation.id, signal.clone());
    }
    Ok(signal)
}

/// What aborts a signal.
#[derive(Debug, Trace, Finalize, JsData)]
pub(super) struct AbortController {
    signal: JsObject,
}

impl Class for AbortController {
    const NAME: &'static str = "AbortController";

    fn init(class: &mut ClassBuilder<'_>) -> JsResult<()> {
        class
            .get("signal", |this, _, _| Ok(receiver::<AbortController>(this)?.borrow().data().signal.clone().into()))
            .call("abort", 0, |this, arguments, context| {
                let signal = receiver::<AbortController>(this)?.borrow().data().signal.clone();
                abort(&signal, arguments.first(), context)?;
                Ok(JsValue::undefined())
            });
        Ok(())
    }

    fn data_constructor(_: &JsValue, _: &[JsValue], context: &mut Context) -> JsResult<Self> {
        Ok(AbortController { signal: instance(AbortSignal::new(None, false), context)? })
    }
}

impl WebClass for AbortController {}
