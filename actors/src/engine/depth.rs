//! Builtins that recurse on the native stack, where no limit of Boa's sees it: guarded versions of them.
//!
//! `JSON.stringify` goes down into a value by itself, and `join` of an array of arrays calls itself through `toString`.
//! A value that a loop has nested 100,000 deep would end the process.

use std::cell::Cell;

use boa_engine::object::builtins::JsFunction;
use boa_engine::object::{FunctionObjectBuilder, JsObject};
use boa_engine::property::PropertyDescriptor;
use boa_engine::{
    js_string, Context, Finalize, JsArgs, JsError, JsNativeError, JsResult, JsString, JsValue, NativeFunction, Trace,
};

/// Levels that these builtins go down. A level of `join` takes a few kilobytes of the stack, one of `JSON.stringify` as
/// much, and script that calls either may be `RECURSION_LIMIT` deep already.
const MAX_DEPTH: usize = 1_000;

/// Replaces the builtins of a new context.
pub(super) fn install(context: &mut Context) -> JsResult<()> {
    let array = context.intrinsics().constructors().array().prototype();
    for (name, length) in [(js_string!("join"), 1), (js_string!("toLocaleString"), 0)] {
        let original = function(&array, &name, context)?;
        let guarded = NativeFunction::from_copy_closure_with_captures(guarded, original);
        replace(&array, name, length, guarded, context)?;
    }
    let json = context.global_object().get(js_string!("JSON"), context)?;
    let json = json.as_object().ok_or_else(missing)?;
    let original = function(&json, &js_string!("stringify"), context)?;
    let stringify = NativeFunction::from_copy_closure_with_captures(stringify, original);
    replace(&json, js_string!("stringify"), 3, stringify, context)
}

fn function(holder: &JsObject, name: &JsString, context: &mut Context) -> JsResult<JsFunction> {
    holder.get(name.clone(), context)?.as_function().ok_or_else(missing)
}

fn replace(
    holder: &JsObject,
    name: JsString,
    length: usize,
    native: NativeFunction,
    context: &mut Context,
) -> JsResult<()> {
    let function = FunctionObjectBuilder::new(context.realm(), native).name(name.clone()).length(length).build();
    let property = PropertyDescriptor::builder().value(function).writable(true).enumerable(false).configurable(true);
    holder.define_property_or_throw(name, property, context).map(drop)
}

fn missing() -> JsError {
    JsNativeError::typ().with_message("standard library is incomplete").into()
}

fn too_deep() -> JsError {
    JsNativeError::range().with_message(format!("the value nests deeper than {MAX_DEPTH} levels")).into()
}

thread_local! {
    /// How many guarded builtins are under way on this thread, one in the other.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// One level further down, until it is dropped: a panic gives it back, too.
struct Level;

impl Level {
    fn enter() -> JsResult<Level> {
        let depth = DEPTH.get();
        if depth >= MAX_DEPTH {
            return Err(too_deep());
        }
        DEPTH.set(depth + 1);
        Ok(Level)
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get().saturating_sub(1));
    }
}

fn guarded(this: &JsValue, arguments: &[JsValue], original: &JsFunction, context: &mut Context) -> JsResult<JsValue> {
    let _level = Level::enter()?;
    original.call(this, arguments, context)
}

/// What the replacer function that stands in for the script's own has seen.
#[derive(Debug, Trace, Finalize)]
struct Path {
    /// The objects from the root to the one that is being written.
    open: boa_engine::gc::GcRefCell<Vec<JsObject>>,
    replacer: Option<JsFunction>,
}

/// Calls the original with a replacer of ours, which it calls at every level with the object that it is in.
fn stringify(this: &JsValue, arguments: &[JsValue], original: &JsFunction, context: &mut Context) -> JsResult<JsValue> {
    let (value, replacer) = (arguments.get_or_undefined(0), arguments.get_or_undefined(1));
    if !value.is_object() {
        return original.call(this, arguments, context);
    }
    let _level = Level::enter()?;
    if replacer.is_object() && !replacer.is_callable() {
        // A list of properties leaves no place for a function. What nests too deeply then meets the bound of the stack.
        return original.call(this, arguments, context);
    }
    let path = Path { open: Default::default(), replacer: replacer.as_function() };
    let checked = NativeFunction::from_copy_closure_with_captures(check_level, path);
    let checked = FunctionObjectBuilder::new(context.realm(), checked).length(2).build();
    original.call(this, &[value.clone(), checked.into(), arguments.get_or_undefined(2).clone()], context)
}

fn check_level(holder: &JsValue, arguments: &[JsValue], path: &Path, context: &mut Context) -> JsResult<JsValue> {
    if let Some(holder) = holder.as_object() {
        let mut open = path.open.borrow_mut();
        match open.iter().rposition(|object| JsObject::equals(object, &holder)) {
            Some(place) => open.truncate(place + 1),
            None => open.push(holder),
        }
        if open.len() > MAX_DEPTH {
            return Err(too_deep());
        }
    }
    match &path.replacer {
        Some(replacer) => replacer.call(holder, arguments, context),
        None => Ok(arguments.get_or_undefined(1).clone()),
    }
}
