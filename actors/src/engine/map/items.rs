//! Where a map takes its items from: an array, an iterator, or an async iterator.

use std::cell::Cell;
use std::rc::Rc;

use boa_engine::object::builtins::{JsFunction, JsPromise};
use boa_engine::object::{FunctionObjectBuilder, JsObject};
use boa_engine::{js_string, Context, JsArgs, JsError, JsResult, JsSymbol, JsValue, NativeFunction};

use super::super::host::{CallId, Host};
use super::super::web::type_error;
use super::{begin, fail, fill};

/// What is left of them; clones are the same items.
#[derive(Clone, Debug)]
pub(super) enum Items {
    /// An array, as far as it goes when it is reached, and the next place in it.
    Array(JsObject, u64, Rc<Cell<u64>>),
    /// An iterator.
    Sync(JsObject, JsFunction),
    /// An async iterator, which is asked for one at a time.
    Async(Rc<Async>),
    /// None.
    End,
}

#[derive(Debug)]
pub(super) struct Async {
    iterator: JsObject,
    next: JsFunction,
    asked: Cell<bool>,
    on_item: JsFunction,
    on_error: JsFunction,
}

/// What was taken.
#[derive(Debug)]
pub(super) enum Taken {
    /// An item.
    Item(JsValue),
    /// There are no more.
    End,
    /// The next one comes by itself.
    Later,
}

impl Items {
    /// The items of a value, for the map `id`.
    pub(super) fn of(value: &JsValue, id: CallId, context: &mut Context) -> JsResult<Items> {
        let not_iterable = || type_error("the items of madrpc.map are an array or can be iterated");
        let object = value.as_object().ok_or_else(not_iterable)?;
        if object.is_array() {
            let length = object.get(js_string!("length"), context)?.to_length(context)?;
            return Ok(Items::Array(object, length, Rc::default()));
        }
        let is_async = object.get(JsSymbol::async_iterator(), context)?;
        let method = match is_async.is_null_or_undefined() {
            true => object.get(JsSymbol::iterator(), context)?,
            false => is_async.clone(),
        };
        let method = method.as_function().ok_or_else(not_iterable)?;
        let iterator = method.call(value, &[], context)?.as_object().ok_or_else(not_iterable)?;
        let next = iterator.get(js_string!("next"), context)?.as_function().ok_or_else(not_iterable)?;
        if is_async.is_null_or_undefined() {
            return Ok(Items::Sync(iterator, next));
        }
        let on_item = NativeFunction::from_copy_closure(move |_, arguments, context| {
            received(id, arguments.get_or_undefined(0), context).map(|()| JsValue::undefined())
        });
        let on_error = NativeFunction::from_copy_closure(move |_, arguments, context| {
            let error = JsError::from_opaque(arguments.get_or_undefined(0).clone());
            let host = Host::of(context)?;
            fail(id, error, false, &host, context).map(|()| JsValue::undefined())
        });
        let on_item = FunctionObjectBuilder::new(context.realm(), on_item).build();
        let on_error = FunctionObjectBuilder::new(context.realm(), on_error).build();
        Ok(Items::Async(Rc::new(Async { iterator, next, asked: Cell::new(false), on_item, on_error })))
    }

    /// Takes one. Runs JavaScript.
    pub(super) fn take(&self, context: &mut Context) -> JsResult<Taken> {
        match self {
            Items::Array(array, length, next) => {
                let place = next.replace(next.get() + 1);
                if place >= *length {
                    return Ok(Taken::End);
                }
                Ok(Taken::Item(array.get(place, context)?))
            }
            Items::Sync(iterator, next) => {
                let result = next.call(&iterator.clone().into(), &[], context)?;
                Ok(item_of(&result, context)?.map_or(Taken::End, Taken::Item))
            }
            Items::Async(items) => {
                if !items.asked.replace(true) {
                    let result = items.next.call(&items.iterator.clone().into(), &[], context)?;
                    let promise = JsPromise::resolve(result, context)?;
                    promise.then(Some(items.on_item.clone()), Some(items.on_error.clone()), context)?;
                }
                Ok(Taken::Later)
            }
            Items::End => Ok(Taken::End),
        }
    }

    /// How many there are in all, once that is known; `taken` is how many there were so far.
    pub(super) fn total(&self, taken: usize) -> Option<u64> {
        match self {
            Items::Array(_, length, _) => Some(*length),
            Items::Sync(..) | Items::Async(_) => None,
            Items::End => Some(taken as u64),
        }
    }

    /// Nobody takes any more of them.
    pub(super) fn close(&self, context: &mut Context) -> JsResult<()> {
        let iterator = match self {
            Items::Sync(iterator, _) => iterator,
            Items::Async(items) => &items.iterator,
            Items::Array(..) | Items::End => return Ok(()),
        };
        // The map has failed already: what goes wrong here besides tells nobody anything.
        let close = iterator.get(js_string!("return"), context).map(|close| close.as_function());
        let closed = close.and_then(|close| match close {
            Some(close) => close.call(&iterator.clone().into(), &[], context),
            None => Ok(JsValue::undefined()),
        });
        match closed {
            Err(error) if error.as_engine().is_some() => Err(error),
            _ => Ok(()),
        }
    }
}

/// The value of an iterator's result; none at its end.
fn item_of(result: &JsValue, context: &mut Context) -> JsResult<Option<JsValue>> {
    let result = result.as_object().ok_or_else(|| type_error("an iterator gives objects"))?;
    match result.get(js_string!("done"), context)?.to_boolean() {
        true => Ok(None),
        false => result.get(js_string!("value"), context).map(Some),
    }
}

/// An async iterator has given its next result.
fn received(id: CallId, result: &JsValue, context: &mut Context) -> JsResult<()> {
    let host = Host::of(context)?;
    let item = match item_of(result, context) {
        Ok(item) => item,
        Err(error) => return fail(id, error, false, &host, context),
    };
    host.maps.with(id, |run| match (&run.items, &item) {
        (_, None) => run.items = Items::End,
        (Items::Async(items), Some(_)) => items.asked.set(false),
        _ => {}
    });
    if let Some(item) = item {
        begin(id, &item, &host, context)?;
    }
    fill(id, &host, context)
}
