//! `Headers` (Fetch standard, section 5.1).
//!
//! A request of a script may carry any header but those that say where the message ends or who it is for: the
//! transport writes them itself, and two opinions about them are how requests are smuggled.

use std::cell::{Cell, RefCell};

use boa_engine::class::{Class, ClassBuilder};
use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, Finalize, JsArgs, JsData, JsError, JsObject, JsResult, JsString, JsValue, Trace};

use super::class::{instance, receiver, type_error, Members, WebClass};
use super::convert::{pairs, required, usv_string};
use super::dom_exception;
use super::pair_iterator::{add_iteration, Pairs};

/// Headers that one list may have.
const MAX_HEADERS: usize = 1_024;

/// What a request of a script can't set; setting it changes nothing.
const TRANSPORTS_OWN: [&str; 10] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Who may change the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guard {
    /// Everybody.
    None,
    /// Everybody, but not what is the transport's own.
    Request,
    /// Nobody.
    Immutable,
}

/// A list of headers, their names in lower case.
#[derive(Debug, Trace, Finalize, JsData)]
pub(super) struct Headers {
    #[unsafe_ignore_trace]
    list: RefCell<Vec<(String, String)>>,
    #[unsafe_ignore_trace]
    guard: Cell<Guard>,
}

impl Headers {
    /// An object with this list.
    pub(super) fn object(list: Vec<(String, String)>, guard: Guard, context: &mut Context) -> JsResult<JsObject> {
        instance(Headers { list: RefCell::new(list), guard: Cell::new(guard) }, context)
    }

    /// The headers as they were added.
    pub(super) fn list(&self) -> Vec<(String, String)> {
        self.list.borrow().clone()
    }

    /// Who may change it.
    pub(super) fn guard(&self) -> Guard {
        self.guard.get()
    }

    /// Adds a header that the host makes, unless there is one of the name.
    pub(super) fn set_default(&self, name: &str, value: &str) {
        let mut list = self.list.borrow_mut();
        if !list.iter().any(|(own, _)| own == name) {
            list.push((name.to_owned(), value.to_owned()));
        }
    }

    /// Adds what `HeadersInit` holds: another list, pairs, or an object.
    pub(super) fn fill(&self, init: &JsValue, context: &mut Context) -> JsResult<()> {
        let object = init.as_object().ok_or_else(|| type_error("headers are an object or a list of pairs"))?;
        for (name, value) in pairs(&object, "headers", context)? {
            self.append(name, value, context)?;
        }
        Ok(())
    }

    fn append(&self, name: String, value: String, context: &mut Context) -> JsResult<()> {
        let (name, value) = (header_name(&name)?, header_value(&value)?);
        if self.may_change(&name)? {
            let mut list = self.list.borrow_mut();
            if list.len() >= MAX_HEADERS {
                return Err(too_many(context));
            }
            list.push((name, value));
        }
        Ok(())
    }

    /// False when a change is to be passed over.
    fn may_change(&self, name: &str) -> JsResult<bool> {
        match self.guard.get() {
            Guard::Immutable => Err(type_error("these headers can't be changed")),
            Guard::Request => Ok(!TRANSPORTS_OWN.contains(&name)),
            Guard::None => Ok(true),
        }
    }

    /// All values of a name in one, as HTTP has them.
    fn combined(&self, name: &str) -> Option<String> {
        let list = self.list.borrow();
        let values: Vec<&str> = list.iter().filter(|(own, _)| own == name).map(|(_, value)| value.as_str()).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    /// Sorted by name, one per name; cookies can't be combined and stay apart.
    fn sorted(&self) -> Vec<(String, String)> {
        let mut sorted: Vec<(String, String)> = Vec::new();
        let mut list = self.list();
        list.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, value) in list {
            match sorted.last_mut() {
                Some(last) if last.0 == name && name != "set-cookie" => {
                    last.1.push_str(", ");
                    last.1.push_str(&value);
                }
                _ => sorted.push((name, value)),
            }
        }
        sorted
    }
}

fn too_many(context: &mut Context) -> JsError {
    dom_exception::throw("QuotaExceededError", &format!("more than {MAX_HEADERS} headers"), context)
}

/// A token of RFC 9110, section 5.6.2, in lower case.
fn header_name(name: &str) -> JsResult<String> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(token) {
        return Err(type_error(format!("{name:?} is no name of a header")));
    }
    Ok(name.to_ascii_lowercase())
}

/// Without white space around it. Line ends would make it two headers.
fn header_value(value: &str) -> JsResult<String> {
    let value = value.trim_matches(['\t', '\n', '\r', ' ']);
    if value.chars().any(|c| matches!(c, '\0' | '\n' | '\r') || u32::from(c) > 0xff) {
        return Err(type_error("the value of a header has line ends or characters that are no bytes"));
    }
    Ok(value.to_owned())
}

impl Pairs for Headers {
    fn at(pairs: &JsObject, position: usize) -> Option<(String, String)> {
        pairs.downcast_ref::<Headers>()?.sorted().into_iter().nth(position)
    }
}

impl Class for Headers {
    const NAME: &'static str = "Headers";

    fn init(class: &mut ClassBuilder<'_>) -> JsResult<()> {
        class
            .call("append", 2, append)
            .call("delete", 1, delete)
            .call("get", 1, get)
            .call("getSetCookie", 0, get_set_cookie)
            .call("has", 1, has)
            .call("set", 2, set);
        add_iteration::<Headers>(class);
        Ok(())
    }

    fn data_constructor(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<Self> {
        let headers = Headers { list: RefCell::default(), guard: Cell::new(Guard::None) };
        match arguments.get_or_undefined(0) {
            init if init.is_undefined() => {}
            init => headers.fill(init, context)?,
        }
        Ok(headers)
    }
}

impl WebClass for Headers {}

/// The name that is the first argument of a method.
fn name_argument(arguments: &[JsValue], count: usize, what: &str, context: &mut Context) -> JsResult<String> {
    required(arguments, count, what)?;
    usv_string(arguments.get_or_undefined(0), context)
}

fn append(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let headers = receiver::<Headers>(this)?;
    let name = name_argument(arguments, 2, "append", context)?;
    let value = usv_string(arguments.get_or_undefined(1), context)?;
    headers.borrow().data().append(name, value, context)?;
    Ok(JsValue::undefined())
}

fn delete(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let headers = receiver::<Headers>(this)?;
    let name = header_name(&name_argument(arguments, 1, "delete", context)?)?;
    let headers = headers.borrow();
    if headers.data().may_change(&name)? {
        headers.data().list.borrow_mut().retain(|(own, _)| *own != name);
    }
    Ok(JsValue::undefined())
}

fn get(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let headers = receiver::<Headers>(this)?;
    let name = header_name(&name_argument(arguments, 1, "get", context)?)?;
    let value = headers.borrow().data().combined(&name);
    Ok(value.map_or(JsValue::null(), |value| JsString::from(value).into()))
}

fn get_set_cookie(this: &JsValue, _arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let list = receiver::<Headers>(this)?.borrow().data().list();
    let cookies = list.into_iter().filter(|(name, _)| name == "set-cookie");
    let cookies: Vec<JsValue> = cookies.map(|(_, value)| JsString::from(value).into()).collect();
    Ok(JsArray::from_iter(cookies, context).into())
}

fn has(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let headers = receiver::<Headers>(this)?;
    let name = header_name(&name_argument(arguments, 1, "has", context)?)?;
    let found = headers.borrow().data().list.borrow().iter().any(|(own, _)| *own == name);
    Ok(found.into())
}

/// Sets the first header of the name and drops the others.
fn set(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let headers = receiver::<Headers>(this)?;
    let name = header_name(&name_argument(arguments, 2, "set", context)?)?;
    let value = header_value(&usv_string(arguments.get_or_undefined(1), context)?)?;
    let headers = headers.borrow();
    if !headers.data().may_change(&name)? {
        return Ok(JsValue::undefined());
    }
    let mut list = headers.data().list.borrow_mut();
    match list.iter().position(|(own, _)| *own == name) {
        Some(first) => {
            list[first].1 = value;
            let mut position = 0;
            list.retain(|(own, _)| {
                position += 1;
                position <= first + 1 || *own != name
            });
        }
        None if list.len() >= MAX_HEADERS => return Err(too_many(context)),
        None => list.push((name, value)),
    }
    Ok(JsValue::undefined())
}
