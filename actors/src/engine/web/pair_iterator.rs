//! What iterates the pairs of `URLSearchParams` and of `Headers` (Web IDL, section 3.7.10): live, by position.

use std::cell::Cell;

use boa_engine::class::{Class, ClassBuilder};
use boa_engine::context::intrinsics::StandardConstructor;
use boa_engine::object::builtins::{JsArray, JsFunction};
use boa_engine::object::ObjectInitializer;
use boa_engine::property::Attribute;
use boa_engine::{
    js_string, Context, Finalize, JsArgs, JsData, JsObject, JsResult, JsString, JsSymbol, JsValue, Trace,
};

use super::class::{function, illegal_constructor, instance, receiver, type_error, Members, WebClass};
use super::MEMBER;

/// The pair at a position of a collection; none behind the last.
pub(super) type At = fn(&JsObject, usize) -> Option<(String, String)>;

#[derive(Clone, Copy, Debug)]
enum Part {
    Key,
    Value,
    Both,
}

impl Part {
    fn of(self, (key, value): (String, String), context: &mut Context) -> JsValue {
        match self {
            Part::Key => JsString::from(key).into(),
            Part::Value => JsString::from(value).into(),
            Part::Both => {
                let pair = [key, value].map(|text| JsValue::from(JsString::from(text)));
                JsArray::from_iter(pair, context).into()
            }
        }
    }
}

/// An iterator.
#[derive(Debug, Trace, Finalize, JsData)]
pub(super) struct PairIterator {
    pairs: JsObject,
    #[unsafe_ignore_trace]
    at: At,
    #[unsafe_ignore_trace]
    part: Part,
    #[unsafe_ignore_trace]
    next: Cell<usize>,
}

/// A class whose instances are lists of pairs.
pub(super) trait Pairs: WebClass {
    /// The pair at a position.
    fn at(pairs: &JsObject, position: usize) -> Option<(String, String)>;
}

/// Adds `entries`, `keys`, `values`, `forEach` and the iteration itself to a class.
pub(super) fn add_iteration<C: Pairs>(class: &mut ClassBuilder<'_>) {
    class
        .call("keys", 0, |this, _, context| iterator::<C>(this, Part::Key, context))
        .call("values", 0, |this, _, context| iterator::<C>(this, Part::Value, context))
        .call("forEach", 1, for_each::<C>);
    let entries: JsFunction =
        function("entries", 0, |this, _, context| iterator::<C>(this, Part::Both, context), class.context());
    class.property(js_string!("entries"), entries.clone(), MEMBER);
    class.property(JsSymbol::iterator(), entries, Attribute::WRITABLE | Attribute::CONFIGURABLE);
}

fn iterator<C: Pairs>(this: &JsValue, part: Part, context: &mut Context) -> JsResult<JsValue> {
    let pairs = receiver::<C>(this)?.upcast();
    Ok(instance(PairIterator { pairs, at: C::at, part, next: Cell::new(0) }, context)?.into())
}

fn for_each<C: Pairs>(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let pairs = receiver::<C>(this)?.upcast();
    let callback = arguments.get_or_undefined(0).as_callable();
    let callback = callback.ok_or_else(|| type_error("forEach takes a function"))?;
    let mut position = 0;
    while let Some((key, value)) = C::at(&pairs, position) {
        let arguments_of_callback = [JsString::from(value).into(), JsString::from(key).into(), pairs.clone().into()];
        callback.call(arguments.get_or_undefined(1), &arguments_of_callback, context)?;
        position += 1;
    }
    Ok(JsValue::undefined())
}

impl Class for PairIterator {
    const NAME: &'static str = "Iterator";

    fn init(class: &mut ClassBuilder<'_>) -> JsResult<()> {
        class.call("next", 0, next);
        Ok(())
    }

    fn data_constructor(_: &JsValue, _: &[JsValue], _: &mut Context) -> JsResult<Self> {
        illegal_constructor()
    }
}

impl WebClass for PairIterator {
    fn parent(context: &mut Context) -> JsResult<Option<StandardConstructor>> {
        Ok(Some(context.intrinsics().constructors().iterator().clone()))
    }
}

fn next(this: &JsValue, _arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let iterator = receiver::<PairIterator>(this)?;
    let iterator = iterator.borrow();
    let iterator = iterator.data();
    let pair = (iterator.at)(&iterator.pairs, iterator.next.get());
    let done = pair.is_none();
    let value = match pair {
        Some(pair) => {
            iterator.next.set(iterator.next.get() + 1);
            iterator.part.of(pair, context)
        }
        None => JsValue::undefined(),
    };
    Ok(ObjectInitializer::new(context)
        .property(js_string!("value"), value, Attribute::all())
        .property(js_string!("done"), done, Attribute::all())
        .build()
        .into())
}
