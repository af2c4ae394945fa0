//! Dates and numbers as text, for the languages of a table of ours.
//!
//! ICU4X has no percent, currencies or scientific numbers yet, and its dates know only some combinations of fields. For
//! the languages of the table, patterns come from there; other languages keep to ICU4X.

pub(crate) mod dates;
pub(crate) mod locales;
pub(crate) mod numbers;
mod table;

use crate::{
    Context, JsArgs, JsNativeError, JsResult, JsValue,
    builtins::{Array, OrdinaryObject},
    js_string,
    object::JsObject,
};

/// The array that `formatToParts` answers with. `source` says of a range which end a part belongs to.
pub(crate) fn parts_to_array(parts: &[(locales::Part, Option<&'static str>)], context: &mut Context) -> JsResult<JsValue> {
    let mut items = Vec::with_capacity(parts.len());
    for (part, source) in parts {
        let prototype = context.intrinsics().constructors().object().prototype();
        let item = JsObject::from_proto_and_data_with_shared_shape(context.root_shape(), prototype, OrdinaryObject).upcast();
        item.create_data_property_or_throw(js_string!("type"), js_string!(part.kind), context)?;
        item.create_data_property_or_throw(js_string!("value"), js_string!(part.text.as_str()), context)?;
        if let Some(source) = source {
            item.create_data_property_or_throw(js_string!("source"), js_string!(*source), context)?;
        }
        items.push(JsValue::from(item));
    }
    Ok(Array::create_array_from_list(items, context).into())
}

/// The parts of a range: those of both ends with what is between them, or one end if they show the same.
pub(crate) fn range(
    start: Vec<locales::Part>,
    end: Vec<locales::Part>,
    between: &str,
) -> Vec<(locales::Part, Option<&'static str>)> {
    let with = |parts: Vec<locales::Part>, source| parts.into_iter().map(move |part| (part, Some(source)));
    if start == end {
        return with(start, "shared").collect();
    }
    let between = locales::Part { kind: "literal", text: between.to_owned() };
    with(start, "startRange").chain([(between, Some("shared"))]).chain(with(end, "endRange")).collect()
}

/// [`Intl.supportedValuesOf ( key )`][spec].
///
/// [spec]: https://tc39.es/ecma402/#sec-intl.supportedvaluesof
pub(crate) fn supported_values_of(_: &JsValue, args: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let key = args.get_or_undefined(0).to_string(context)?.to_std_string_lossy();
    let values = locales::values(&key)
        .ok_or_else(|| JsNativeError::range().with_message(format!("Invalid key : {key}")))?;
    let values: Vec<_> = values.map(|value| JsValue::from(js_string!(value))).collect();
    Ok(Array::create_array_from_list(values, context).into())
}
