//! `Event` (DOM, section 2.2), for targets that have no parents: it is at its target or nowhere.

use std::cell::Cell;

use boa_engine::class::{Class, ClassBuilder};
use boa_engine::gc::GcRefCell;
use boa_engine::object::builtins::JsArray;
use boa_engine::{js_string, Context, Finalize, JsArgs, JsData, JsObject, JsResult, JsString, JsValue, Trace};

use super::class::{receiver, Members, WebClass};
use super::convert::{dictionary, flag, required};
use super::performance;

/// An event.
#[derive(Debug, Trace, Finalize, JsData)]
pub(super) struct Event {
    /// Its type.
    pub(super) kind: JsString,
    bubbles: bool,
    cancelable: bool,
    composed: bool,
    /// True when the host made it.
    trusted: bool,
    time_stamp_ms: f64,
    target: GcRefCell<Option<JsObject>>,
    /// True while listeners are called.
    #[unsafe_ignore_trace]
    dispatched: Cell<bool>,
    #[unsafe_ignore_trace]
    stopped: Cell<bool>,
    #[unsafe_ignore_trace]
    stopped_at_once: Cell<bool>,
    /// Set while a listener runs that has promised not to cancel.
    #[unsafe_ignore_trace]
    passive: Cell<bool>,
    #[unsafe_ignore_trace]
    prevented: Cell<bool>,
}

impl Event {
    /// An event of the host's own.
    pub(super) fn trusted(kind: JsString, context: &Context) -> JsResult<Self> {
        Ok(Event {
            kind,
            bubbles: false,
            cancelable: false,
            composed: false,
            trusted: true,
            time_stamp_ms: performance::now_ms(context)?,
            target: GcRefCell::default(),
            dispatched: Cell::new(false),
            stopped: Cell::new(false),
            stopped_at_once: Cell::new(false),
            passive: Cell::new(false),
            prevented: Cell::new(false),
        })
    }

    /// Begins its way to `target`; false when it is under way already.
    pub(super) fn begin(&self, target: &JsObject) -> bool {
        if self.dispatched.replace(true) {
            return false;
        }
        *self.target.borrow_mut() = Some(target.clone());
        true
    }

    /// Ends its way; false when a listener cancelled it.
    pub(super) fn end(&self) -> bool {
        self.dispatched.set(false);
        self.stopped.set(false);
        self.stopped_at_once.set(false);
        !self.prevented.get()
    }

    /// True when no further listener gets it.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped_at_once.get()
    }

    /// Says whether the listener that runs next is passive.
    pub(super) fn set_passive(&self, passive: bool) {
        self.passive.set(passive);
    }

    fn prevent_default(&self) {
        if self.cancelable && !self.passive.get() {
            self.prevented.set(true);
        }
    }

    fn current_target(&self) -> JsValue {
        if self.dispatched.get() {
            self.target_value()
        } else {
            JsValue::null()
        }
    }

    fn target_value(&self) -> JsValue {
        self.target.borrow().clone().map_or(JsValue::null(), JsValue::from)
    }
}

/// A getter that reads the event.
macro_rules! read {
    ($event:ident => $value:expr) => {
        |this, _, _| {
            let object = receiver::<Event>(this)?;
            let object = object.borrow();
            let $event = object.data();
            Ok($value.into())
        }
    };
}

impl Class for Event {
    const NAME: &'static str = "Event";
    const LENGTH: usize = 1;

    fn init(class: &mut ClassBuilder<'_>) -> JsResult<()> {
        class
            .get("type", read!(event => event.kind.clone()))
            .get("target", read!(event => event.target_value()))
            .get("srcElement", read!(event => event.target_value()))
            .get("currentTarget", read!(event => event.current_target()))
            .get("eventPhase", read!(event => if event.dispatched.get() { 2 } else { 0 }))
            .get("bubbles", read!(event => event.bubbles))
            .get("cancelable", read!(event => event.cancelable))
            .get("composed", read!(event => event.composed))
            .get("defaultPrevented", read!(event => event.prevented.get()))
            .get("isTrusted", read!(event => event.trusted))
            .get("timeStamp", read!(event => event.time_stamp_ms))
            .get_set("cancelBubble", read!(event => event.stopped.get()), |this, arguments, _| {
                if arguments.get_or_undefined(0).to_boolean() {
                    receiver::<Event>(this)?.borrow().data().stopped.set(true);
                }
                Ok(JsValue::undefined())
            })
            .get_set("returnValue", read!(event => !event.prevented.get()), |this, arguments, _| {
                if !arguments.get_or_undefined(0).to_boolean() {
                    receiver::<Event>(this)?.borrow().data().prevent_default();
                }
                Ok(JsValue::undefined())
            })
            .call("preventDefault", 0, read!(event => event.prevent_default()))
            .call("stopPropagation", 0, read!(event => event.stopped.set(true)))
            .call("stopImmediatePropagation", 0, |this, _, _| {
                let event = receiver::<Event>(this)?;
                event.borrow().data().stopped.set(true);
                event.borrow().data().stopped_at_once.set(true);
                Ok(JsValue::undefined())
            })
            .call("composedPath", 0, |this, _, context| {
                let target = receiver::<Event>(this)?.borrow().data().current_target();
                Ok(JsArray::from_iter(target.as_object().map(JsValue::from), context).into())
            });
        for (phase, name) in (0..).zip(["NONE", "CAPTURING_PHASE", "AT_TARGET", "BUBBLING_PHASE"]) {
            class.constant(name, phase);
        }
        Ok(())
    }

    fn data_constructor(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<Self> {
        required(arguments, 1, "Event")?;
        let kind = arguments.get_or_undefined(0).to_string(context)?;
        let options = dictionary(arguments.get(1), "options of Event")?;
        let mut event = Event::trusted(kind, context)?;
        event.trusted = false;
        event.bubbles = flag(options.as_ref(), "bubbles", context)?;
        event.cancelable = flag(options.as_ref(), "cancelable", context)?;
        event.composed = flag(options.as_ref(), "composed", context)?;
        Ok(event)
    }
}

impl WebClass for Event {}

/// The type of the event that a signal fires.
pub(super) fn abort_kind() -> JsString {
    js_string!("abort")
}
