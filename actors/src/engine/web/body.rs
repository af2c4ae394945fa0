//! The body of a request or response (Fetch standard, section 5.2): bytes that are all there, to be read once.

use std::cell::RefCell;
use std::rc::Rc;

use boa_engine::class::ClassBuilder;
use boa_engine::object::builtins::JsPromise;
use boa_engine::{Context, JsError, JsNativeError, JsResult, JsString, JsValue};

use super::super::json_reader::{self, ReadError};
use super::buffer;
use super::class::{instance_of, receiver, type_error, Members, Native, WebClass};
use super::convert::usv_string;
use super::url_search_params::UrlSearchParams;

/// What there is of a body.
#[derive(Clone, Debug)]
enum State {
    /// It never had one.
    Absent,
    /// Nobody has read it.
    Whole(Rc<[u8]>),
    /// Somebody has.
    Used,
}

/// A body.
#[derive(Debug)]
pub(super) struct Body(RefCell<State>);

impl Body {
    /// No body at all.
    pub(super) fn absent() -> Self {
        Body(RefCell::new(State::Absent))
    }

    /// A body of these bytes.
    pub(super) fn of(bytes: impl Into<Rc<[u8]>>) -> Self {
        Body(RefCell::new(State::Whole(bytes.into())))
    }

    /// The body that a script gave, and its type if that follows from what it is.
    pub(super) fn extract(value: &JsValue, context: &mut Context) -> JsResult<(Self, Option<&'static str>)> {
        if value.is_null_or_undefined() {
            return Ok((Body::absent(), None));
        }
        if let Some(bytes) = buffer::bytes_of(value, context)? {
            return Ok((Body::of(bytes), None));
        }
        if let Some(params) = instance_of::<UrlSearchParams>(value) {
            let text = params.borrow().data().serialize();
            return Ok((Body::of(text.into_bytes()), Some("application/x-www-form-urlencoded;charset=UTF-8")));
        }
        Ok((Body::of(usv_string(value, context)?.into_bytes()), Some("text/plain;charset=UTF-8")))
    }

    /// True when there is one, read or not.
    pub(super) fn is_present(&self) -> bool {
        !matches!(*self.0.borrow(), State::Absent)
    }

    /// True when it was read.
    pub(super) fn is_used(&self) -> bool {
        matches!(*self.0.borrow(), State::Used)
    }

    /// The bytes, which are gone then; of none the absent ones are there for ever.
    pub(super) fn take(&self) -> JsResult<Rc<[u8]>> {
        let mut state = self.0.borrow_mut();
        match &*state {
            State::Absent => Ok(Rc::default()),
            State::Used => Err(type_error("the body was read already")),
            State::Whole(bytes) => {
                let bytes = bytes.clone();
                *state = State::Used;
                Ok(bytes)
            }
        }
    }

    /// The same body once more.
    pub(super) fn share(&self) -> JsResult<Self> {
        match &*self.0.borrow() {
            State::Used => Err(type_error("the body was read already")),
            state => Ok(Body(RefCell::new(state.clone()))),
        }
    }
}

/// A class whose instances have a body.
pub(super) trait HasBody: WebClass {
    /// The body.
    fn body(&self) -> &Body;
}

/// Adds `bodyUsed` and the methods that read the body to a class.
pub(super) fn add_body<C: HasBody>(class: &mut ClassBuilder<'_>) {
    let readers: [(&str, Native); 4] = [
        ("arrayBuffer", |this, _, context| {
            read::<C>(this, context, |bytes, context| Ok(buffer::array_buffer(bytes, context)?.into()))
        }),
        ("bytes", |this, _, context| read::<C>(this, context, buffer::uint8_array)),
        ("json", |this, _, context| read::<C>(this, context, json)),
        ("text", |this, _, context| read::<C>(this, context, |bytes, _| Ok(JsString::from(text(bytes)).into()))),
    ];
    for (name, reader) in readers {
        class.call(name, 0, reader);
    }
    class.get("bodyUsed", |this, _, _| Ok(receiver::<C>(this)?.borrow().data().body().is_used().into()));
}

/// Takes the body and gives a promise of what `convert` makes of it. All that fails rejects.
fn read<C: HasBody>(
    this: &JsValue,
    context: &mut Context,
    convert: fn(&[u8], &mut Context) -> JsResult<JsValue>,
) -> JsResult<JsValue> {
    let result = receiver::<C>(this)
        .and_then(|object| object.borrow().data().body().take())
        .and_then(|bytes| convert(&bytes, context));
    match result {
        Ok(value) => Ok(JsPromise::resolve(value, context)?.into()),
        Err(error) if error.as_engine().is_some() => Err(error),
        Err(error) => Ok(JsPromise::reject(error, context)?.into()),
    }
}

/// UTF-8 without its mark; what is malformed becomes U+FFFD.
fn text(bytes: &[u8]) -> String {
    encoding_rs::UTF_8.decode_with_bom_removal(bytes).0.into_owned()
}

fn json(bytes: &[u8], context: &mut Context) -> JsResult<JsValue> {
    json_reader::read(&text(bytes), context).map_err(|error| {
        let message = match error {
            ReadError::TooDeep => "JSON nests too deeply".to_owned(),
            ReadError::Syntax(message) => message,
        };
        JsError::from(JsNativeError::syntax().with_message(message))
    })
}
