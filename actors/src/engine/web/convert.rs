//! Web IDL's conversions of arguments.

use boa_engine::{js_string, Context, JsObject, JsResult, JsString, JsSymbol, JsValue};

use super::class::type_error;

/// The largest integer that `f64` holds exactly together with all below it.
const MAX_SAFE: f64 = 9_007_199_254_740_991.0;

/// Fails unless `arguments` has at least `count` members.
pub(super) fn required(arguments: &[JsValue], count: usize, what: &str) -> JsResult<()> {
    if arguments.len() < count {
        return Err(type_error(format!("{what} takes {count} arguments, and {} are given", arguments.len())));
    }
    Ok(())
}

/// `USVString`: text whose lone surrogates have become U+FFFD.
pub(super) fn usv_string(value: &JsValue, context: &mut Context) -> JsResult<String> {
    Ok(value.to_string(context)?.to_std_string_lossy())
}

/// A dictionary: an object, or nothing at all.
pub(super) fn dictionary(value: Option<&JsValue>, what: &str) -> JsResult<Option<JsObject>> {
    match value {
        None => Ok(None),
        Some(value) if value.is_null_or_undefined() => Ok(None),
        Some(value) => match value.as_object() {
            Some(object) => Ok(Some(object)),
            None => Err(type_error(format!("{what} are an object"))),
        },
    }
}

/// A member of a dictionary that is a boolean, false by default.
pub(super) fn flag(options: Option<&JsObject>, name: &'static str, context: &mut Context) -> JsResult<bool> {
    match options {
        Some(options) => Ok(options.get(JsString::from(name), context)?.to_boolean()),
        None => Ok(false),
    }
}

/// `[EnforceRange] unsigned long long`.
pub(super) fn enforced_integer(value: &JsValue, what: &str, context: &mut Context) -> JsResult<f64> {
    let number = value.to_number(context)?.trunc();
    if !(0.0..=MAX_SAFE).contains(&number) {
        return Err(type_error(format!("{what} is an integer from 0 to 2^53 - 1")));
    }
    Ok(number)
}

/// `sequence<any>`: what an iterable gives, `limit` members at most.
pub(super) fn sequence(value: &JsValue, limit: usize, what: &str, context: &mut Context) -> JsResult<Vec<JsValue>> {
    let method = match value.as_object() {
        Some(object) => object.get(JsSymbol::iterator(), context)?,
        None => JsValue::undefined(),
    };
    if !method.is_callable() {
        return Err(type_error(format!("{what} can't be iterated")));
    }
    iterate(value, &method, limit, what, context)
}

/// What the iterator gives that `method` makes for `value`.
pub(super) fn iterate(
    value: &JsValue,
    method: &JsValue,
    limit: usize,
    what: &str,
    context: &mut Context,
) -> JsResult<Vec<JsValue>> {
    let no_iterator = || type_error(format!("{what} can't be iterated"));
    let method = method.as_callable().ok_or_else(no_iterator)?;
    let iterator = method.call(value, &[], context)?;
    let iterator = iterator.as_object().ok_or_else(no_iterator)?;
    let next = iterator.get(js_string!("next"), context)?.as_callable().ok_or_else(no_iterator)?;
    let mut members = Vec::new();
    loop {
        let result = next.call(&iterator.clone().into(), &[], context)?;
        let result = result.as_object().ok_or_else(no_iterator)?;
        if result.get(js_string!("done"), context)?.to_boolean() {
            return Ok(members);
        }
        if members.len() >= limit {
            return Err(type_error(format!("{what} has more than {limit} members")));
        }
        members.push(result.get(js_string!("value"), context)?);
    }
}
