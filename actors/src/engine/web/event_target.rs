//! `EventTarget` (DOM, section 2.7), for targets without parents.

use std::cell::Cell;
use std::rc::Rc;

use boa_engine::class::{Class, ClassBuilder};
use boa_engine::gc::GcRefCell;
use boa_engine::{js_string, Context, Finalize, JsArgs, JsData, JsObject, JsResult, JsString, JsValue, Trace};

use super::abort::{AbortSignal, Algorithm};
use super::class::{instance_of, receiver, type_error, Members, WebClass};
use super::convert::{dictionary, flag, required};
use super::dom_exception;
use super::event::Event;
use super::report;

/// Listeners that one target may have.
const MAX_LISTENERS: usize = 65_536;

/// What is called.
#[derive(Clone, Debug, Trace, Finalize)]
enum Callback {
    /// A function, or an object with `handleEvent`.
    Listener(JsObject),
    /// Whatever the attribute `on…` is at that moment.
    Attribute,
}

#[derive(Clone, Debug, Trace, Finalize)]
struct Listener {
    kind: JsString,
    callback: Callback,
    capture: bool,
    once: bool,
    passive: bool,
    /// Set when it is removed: an event that is under way passes over it.
    #[unsafe_ignore_trace]
    removed: Rc<Cell<bool>>,
}

impl Listener {
    fn is(&self, kind: &JsString, callback: &JsObject, capture: bool) -> bool {
        let same = matches!(&self.callback, Callback::Listener(own) if JsObject::equals(own, callback));
        same && self.kind == *kind && self.capture == capture
    }
}

/// The listeners of a target, and the function in its attribute `on…`, of which no target here has more than one.
#[derive(Debug, Default, Trace, Finalize)]
pub(super) struct Listeners {
    list: GcRefCell<Vec<Listener>>,
    attribute: GcRefCell<Option<JsObject>>,
}

impl Listeners {
    /// The value of the attribute.
    pub(super) fn attribute(&self) -> JsValue {
        self.attribute.borrow().clone().map_or(JsValue::null(), JsValue::from)
    }

    /// Sets the attribute for events of `kind`. Its place among the listeners is that of the first setting.
    pub(super) fn set_attribute(&self, kind: &JsString, value: &JsValue) {
        let before = std::mem::replace(&mut *self.attribute.borrow_mut(), value.as_object());
        let mut list = self.list.borrow_mut();
        match (before, value.is_object()) {
            (None, true) => list.push(Listener {
                kind: kind.clone(),
                callback: Callback::Attribute,
                capture: false,
                once: false,
                passive: false,
                removed: Rc::default(),
            }),
            (Some(_), false) => list.retain(|listener| {
                let stays = !matches!(listener.callback, Callback::Attribute);
                listener.removed.set(listener.removed.get() || !stays);
                stays
            }),
            _ => {}
        }
    }

    fn remove(&self, removed: &Rc<Cell<bool>>) {
        removed.set(true);
        self.list.borrow_mut().retain(|listener| !Rc::ptr_eq(&listener.removed, removed));
    }
}

/// A target that has nothing but listeners; scripts extend it.
#[derive(Debug, Default, Trace, Finalize, JsData)]
pub(super) struct EventTarget(Listeners);

impl Class for EventTarget {
    const NAME: &'static str = "EventTarget";

    fn init(class: &mut ClassBuilder<'_>) -> JsResult<()> {
        class
            .call("addEventListener", 2, add_event_listener)
            .call("removeEventListener", 2, remove_event_listener)
            .call("dispatchEvent", 1, dispatch_event);
        Ok(())
    }

    fn data_constructor(_: &JsValue, _: &[JsValue], _: &mut Context) -> JsResult<Self> {
        Ok(EventTarget::default())
    }
}

impl WebClass for EventTarget {}

/// The target that a method was called on.
fn target(this: &JsValue) -> JsResult<JsObject> {
    let target = this.as_object().filter(|object| object.is::<EventTarget>() || object.is::<AbortSignal>());
    target.ok_or_else(|| type_error("Illegal invocation: this is no EventTarget"))
}

fn with_listeners<T>(target: &JsObject, body: impl FnOnce(&Listeners) -> T) -> JsResult<T> {
    if let Some(target) = target.downcast_ref::<EventTarget>() {
        return Ok(body(&target.0));
    }
    match target.downcast_ref::<AbortSignal>() {
        Some(signal) => Ok(body(&signal.listeners)),
        None => Err(type_error("this is no EventTarget")),
    }
}

/// The third argument of `addEventListener` and `removeEventListener`.
fn options(value: Option<&JsValue>, context: &mut Context) -> JsResult<(bool, Option<JsObject>)> {
    match value {
        Some(value) if value.is_object() => {
            let options = dictionary(Some(value), "options of a listener")?;
            Ok((flag(options.as_ref(), "capture", context)?, options))
        }
        Some(value) => Ok((value.to_boolean(), None)),
        None => Ok((false, None)),
    }
}

fn callback(arguments: &[JsValue]) -> JsResult<Option<JsObject>> {
    match arguments.get_or_undefined(1) {
        value if value.is_null_or_undefined() => Ok(None),
        value => {
            value.as_object().map(Some).ok_or_else(|| type_error("a listener is a function or has one in handleEvent"))
        }
    }
}

fn add_event_listener(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let target = target(this)?;
    required(arguments, 2, "addEventListener")?;
    let kind = arguments.get_or_undefined(0).to_string(context)?;
    let callback = callback(arguments)?;
    let (capture, options) = options(arguments.get(2), context)?;
    let once = flag(options.as_ref(), "once", context)?;
    let passive = flag(options.as_ref(), "passive", context)?;
    let signal = match &options {
        Some(options) => match options.get(js_string!("signal"), context)? {
            value if value.is_undefined() => None,
            value => Some(instance_of::<AbortSignal>(&value).ok_or_else(|| type_error("signal is no AbortSignal"))?),
        },
        None => None,
    };
    let Some(callback) = callback else { return Ok(JsValue::undefined()) };
    if signal.as_ref().is_some_and(|signal| signal.borrow().data().is_aborted()) {
        return Ok(JsValue::undefined());
    }
    let removed = Rc::new(Cell::new(false));
    let full = with_listeners(&target, |listeners| {
        let mut list = listeners.list.borrow_mut();
        if list.iter().any(|listener| listener.is(&kind, &callback, capture)) {
            return false;
        }
        if list.len() >= MAX_LISTENERS {
            return true;
        }
        let callback = Callback::Listener(callback);
        list.push(Listener { kind, callback, capture, once, passive, removed: removed.clone() });
        false
    })?;
    if full {
        let message = format!("a target has {MAX_LISTENERS} listeners at most");
        return Err(dom_exception::throw("QuotaExceededError", &message, context));
    }
    if let Some(signal) = signal {
        signal.borrow().data().on_abort(Algorithm::RemoveListener(target, removed), context)?;
    }
    Ok(JsValue::undefined())
}

fn remove_event_listener(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let target = target(this)?;
    required(arguments, 2, "removeEventListener")?;
    let kind = arguments.get_or_undefined(0).to_string(context)?;
    let callback = callback(arguments)?;
    let (capture, _) = options(arguments.get(2), context)?;
    let Some(callback) = callback else { return Ok(JsValue::undefined()) };
    with_listeners(&target, |listeners| {
        listeners.list.borrow_mut().retain(|listener| {
            let goes = listener.is(&kind, &callback, capture);
            listener.removed.set(listener.removed.get() || goes);
            !goes
        });
    })?;
    Ok(JsValue::undefined())
}

/// Removes the listener that was added with this mark.
pub(super) fn remove_marked(target: &JsObject, removed: &Rc<Cell<bool>>) -> JsResult<()> {
    with_listeners(target, |listeners| listeners.remove(removed))
}

fn dispatch_event(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let target = target(this)?;
    let event =
        receiver::<Event>(arguments.get_or_undefined(0)).map_err(|_| type_error("dispatchEvent takes an Event"))?;
    match dispatch(&target, &event, context)? {
        Some(not_cancelled) => Ok(not_cancelled.into()),
        None => Err(dom_exception::throw("InvalidStateError", "the event is under way already", context)),
    }
}

/// Calls the listeners in order. False when one of them cancelled the event; none when it is under way already.
pub(super) fn dispatch(target: &JsObject, event: &JsObject<Event>, context: &mut Context) -> JsResult<Option<bool>> {
    if !event.borrow().data().begin(target) {
        return Ok(None);
    }
    let called = call_listeners(target, event, context);
    let not_cancelled = event.borrow().data().end();
    called.map(|()| Some(not_cancelled))
}

fn call_listeners(target: &JsObject, event: &JsObject<Event>, context: &mut Context) -> JsResult<()> {
    let kind = event.borrow().data().kind.clone();
    // Listeners that are added meanwhile don't get this event.
    let listeners = with_listeners(target, |listeners| {
        let list = listeners.list.borrow();
        let mut list: Vec<_> = list.iter().filter(|listener| listener.kind == kind).cloned().collect();
        // At its target, an event comes to the capturing listeners first.
        list.sort_by_key(|listener| !listener.capture);
        list
    })?;
    for listener in listeners {
        if event.borrow().data().is_stopped() {
            break;
        }
        if listener.removed.get() {
            continue;
        }
        if listener.once {
            remove_marked(target, &listener.removed)?;
        }
        let callback = match &listener.callback {
            Callback::Listener(callback) => callback.clone(),
            Callback::Attribute => match with_listeners(target, Listeners::attribute)?.as_object() {
                Some(function) => function,
                None => continue,
            },
        };
        event.borrow().data().set_passive(listener.passive);
        let is_attribute = matches!(listener.callback, Callback::Attribute);
        let result = call_listener(&callback, is_attribute, target, event, context);
        event.borrow().data().set_passive(false);
        if let Err(error) = result {
            report(error, "a listener", context)?;
        }
    }
    Ok(())
}

fn call_listener(
    callback: &JsObject,
    is_attribute: bool,
    target: &JsObject,
    event: &JsObject<Event>,
    context: &mut Context,
) -> JsResult<()> {
    let argument = [JsValue::from(event.clone().upcast())];
    if callback.is_callable() {
        return callback.call(&target.clone().into(), &argument, context).map(drop);
    }
    if is_attribute {
        return Ok(());
    }
    let handle = callback.get(js_string!("handleEvent"), context)?;
    let handle = handle.as_callable().ok_or_else(|| type_error("handleEvent of the listener is no function"))?;
    handle.call(&callback.clone().into(), &argument, context).map(drop)
}
