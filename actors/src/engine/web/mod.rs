//! The host APIs of WinterTC's Minimum Common API, as far as a program without a page or a socket has a use for them.
//!
//! A context must stay cheap to make, so that a class is built when a script first names it: the global object has an
//! accessor for it. All of it is native code, which calls nothing that a script can replace.
//! What these functions share is [`Web`] in the context's data; they are plain `fn`s, as everywhere in the engine.

mod abort;
mod base64;
mod body;
mod buffer;
mod class;
mod clone;
mod convert;
mod crypto;
mod dom_exception;
mod event;
mod event_target;
mod fetch;
mod headers;
mod microtask;
mod pair_iterator;
mod performance;
mod request;
mod response;
mod text;
mod url;
mod url_search_params;

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use boa_engine::object::FunctionObjectBuilder;
use boa_engine::property::{Attribute, PropertyDescriptor};
use boa_engine::{Context, JsArgs, JsError, JsNativeError, JsObject, JsResult, JsString, JsValue, NativeFunction};

use super::console;
use super::errors::MAX_LOGGED;
use super::host::{Host, Invocation, InvocationId};
use crate::protocol::Short;

pub(super) use abort::{context_signal, follow, AbortSignal, Algorithm};
pub(super) use class::{function, type_error, Native};
pub(super) use fetch::received;

/// Functions of the global object: name, length, body.
const FUNCTIONS: [(&str, usize, Native); 5] = [
    ("atob", 1, base64::atob),
    ("btoa", 1, base64::btoa),
    ("fetch", 1, fetch::fetch),
    ("queueMicrotask", 1, microtask::queue_microtask),
    ("structuredClone", 1, clone::structured_clone),
];

/// Makes the value of a global property.
type Make = fn(&mut Context) -> JsResult<JsValue>;

/// Properties of the global object that are made at their first use.
const LAZY: [(&str, Make); 17] = [
    ("AbortController", class::constructor::<abort::AbortController>),
    ("AbortSignal", class::constructor::<AbortSignal>),
    ("Crypto", class::constructor::<crypto::Crypto>),
    ("DOMException", class::constructor::<dom_exception::DomException>),
    ("Event", class::constructor::<event::Event>),
    ("EventTarget", class::constructor::<event_target::EventTarget>),
    ("Headers", class::constructor::<headers::Headers>),
    ("Performance", class::constructor::<performance::Performance>),
    ("Request", class::constructor::<request::Request>),
    ("Response", class::constructor::<response::Response>),
    ("TextDecoder", class::constructor::<text::TextDecoder>),
    ("TextEncoder", class::constructor::<text::TextEncoder>),
    ("URL", class::constructor::<url::Url>),
    ("URLSearchParams", class::constructor::<url_search_params::UrlSearchParams>),
    ("console", console::make),
    ("crypto", crypto::make),
    ("performance", performance::make),
];

/// What the host APIs of one context share.
#[derive(Debug)]
struct Web {
    /// Where `performance.now()` counts from.
    started: Instant,
    /// The same moment, since 1970.
    time_origin: Duration,
    /// What was made for `LAZY`, or set by a script in its place, by index.
    made: RefCell<HashMap<usize, JsValue>>,
    /// `ctx.signal` of the invocations that asked for it and have not ended.
    signals: RefCell<HashMap<InvocationId, JsObject>>,
    console: console::State,
}

impl Web {
    fn of(context: &Context) -> JsResult<Rc<Web>> {
        let web = context.get_data::<Rc<Web>>().cloned();
        web.ok_or_else(|| JsNativeError::error().with_message("this context has no host APIs").into())
    }
}

/// Puts the APIs into the global object.
pub(super) fn install(context: &mut Context) -> JsResult<()> {
    context.insert_data(Rc::new(Web {
        started: Instant::now(),
        time_origin: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
        made: RefCell::default(),
        signals: RefCell::default(),
        console: console::State::default(),
    }));
    let global = context.global_object();
    for (name, length, body) in FUNCTIONS {
        let function = class::function(name, length, body, context);
        global.define_property_or_throw(JsString::from(name), data_property(function.into()), context)?;
    }
    // Browsers and workers call it `self`, Node.js `global`.
    for name in ["self", "global"] {
        let property = PropertyDescriptor::builder().value(global.clone()).writable(true);
        let property = property.enumerable(false).configurable(true);
        global.define_property_or_throw(JsString::from(name), property, context)?;
    }
    for (index, (name, _)) in LAZY.iter().enumerate() {
        let get = NativeFunction::from_copy_closure(move |_, _, context| make(index, context));
        let set = NativeFunction::from_copy_closure(move |_, arguments, context| {
            Web::of(context)?.made.borrow_mut().insert(index, arguments.get_or_undefined(0).clone());
            Ok(JsValue::undefined())
        });
        let accessor = PropertyDescriptor::builder()
            .get(FunctionObjectBuilder::new(context.realm(), get).build())
            .set(FunctionObjectBuilder::new(context.realm(), set).length(1).build())
            .enumerable(false)
            .configurable(true);
        global.define_property_or_throw(JsString::from(*name), accessor, context)?;
    }
    Ok(())
}

/// The value of a lazy property, made at its first use. The accessor stays: the engine's cache at the place of use takes
/// a property that a getter has just turned into data for an accessor still.
fn make(index: usize, context: &mut Context) -> JsResult<JsValue> {
    let web = Web::of(context)?;
    if let Some(made) = web.made.borrow().get(&index) {
        return Ok(made.clone());
    }
    let value = (LAZY[index].1)(context)?;
    web.made.borrow_mut().insert(index, value.clone());
    Ok(value)
}

fn data_property(value: JsValue) -> PropertyDescriptor {
    PropertyDescriptor::builder().value(value).writable(true).enumerable(true).configurable(true).build()
}

/// Deals with a throw that nobody can catch, out of a listener or a microtask. It ends the call on whose behalf code
/// runs, as one out of a timer does, and is logged. What the engine itself throws goes on its way.
fn report(error: JsError, what: &str, context: &mut Context) -> JsResult<()> {
    if error.as_engine().is_some() {
        return Err(error);
    }
    let host = Host::of(context)?;
    // A call that returns in this very turn has its result all the same, and then this line is all there is of it.
    log::warn!(target: "script", "{what} of the script failed: {}", Short::line(&error, MAX_LOGGED));
    if let Some(invocation) = host.current() {
        host.settled.borrow_mut().push((invocation, Err(error.into())));
    }
    Ok(())
}

/// Tells the code of an invocation that nobody waits for it any more.
pub(super) fn cancelled(invocation: &Rc<Invocation>, context: &mut Context) {
    let Ok(web) = Web::of(context) else { return };
    let signal = web.signals.borrow_mut().remove(&invocation.id);
    if let (Some(signal), Ok(host)) = (signal, Host::of(context)) {
        let aborted = host.on_behalf_of(Some(invocation.clone()), || abort::abort(&signal, None, context));
        if let Err(error) = aborted {
            log::warn!(target: "script", "{}: a listener of ctx.signal failed: {error}", invocation.method);
        }
    }
}

/// Drops what is kept for an invocation that has ended.
pub(super) fn ended(invocation: InvocationId, context: &Context) {
    if let Some(web) = context.get_data::<Rc<Web>>() {
        let mut signals = web.signals.borrow_mut();
        if !signals.is_empty() {
            signals.remove(&invocation);
        }
        web.console.ended(invocation);
    }
}

/// What `console` remembers.
pub(super) fn with_console<T>(context: &Context, body: impl FnOnce(&console::State) -> T) -> JsResult<T> {
    Ok(body(&Web::of(context)?.console))
}

/// `Attribute` of members of a class: as Web IDL has it, scripts may replace them.
const MEMBER: Attribute = Attribute::all();
