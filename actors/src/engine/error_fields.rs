//! What a thrown Error carries besides its name, message and stack: its own enumerable properties, such as `status` and
//! `code`, and what the language puts on it, `errors` and `cause`. The caller finds it in `data.fields`.
//!
//! What has no JSON, or is beyond the bounds, is named in `data.omitted`, with the reason.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use boa_engine::object::JsObject;
use boa_engine::{js_string, Context, JsString, JsValue};
use serde::Serialize;
use serde_json::value::{to_raw_value, RawValue};

use super::errors::{bounded, is_error, text_property};
use super::host::Host;
use super::json_writer::{self, WriteError};

/// Fields of one error, and errors in one `errors`, that leave the process.
const MAX_FIELDS: usize = 32;

/// Longest text of all fields together, in bytes.
const MAX_BYTES: usize = 16 * 1024;

/// Longest name of a field, in characters.
const MAX_NAME: usize = 128;

/// What is on every Error, and is told of elsewhere.
const KNOWN: [&str; 3] = ["name", "message", "stack"];

/// See the module.
#[derive(Debug, Default, Serialize)]
pub(super) struct ErrorFields {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    fields: BTreeMap<String, Box<RawValue>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    omitted: BTreeMap<String, String>,
}

/// An Error within an error: what `JSON.stringify` makes of it tells nothing.
#[derive(Serialize)]
struct Inner {
    name: String,
    message: String,
}

impl ErrorFields {
    /// Those of `error`. Getters and `toJSON` run.
    pub(super) fn of(error: &JsObject, host: &Host, context: &mut Context) -> ErrorFields {
        let mut all = ErrorFields::default();
        let Ok(intrinsics) = host.api().map(|api| &api.intrinsics) else { return all };
        let Ok(mut names) = intrinsics.own_enumerable_keys(error, context) else { return all };
        for name in [js_string!("errors"), js_string!("cause")] {
            if !names.contains(&name) && error.has_own_property(name.clone(), context).unwrap_or(false) {
                names.push(name);
            }
        }
        names.retain(|name| !KNOWN.contains(&name.to_std_string_lossy().as_str()));
        let mut left = MAX_BYTES;
        for (index, name) in names.iter().enumerate() {
            let text = shortened(name);
            if index >= MAX_FIELDS {
                let more = format!("{} fields more than {MAX_FIELDS}", names.len() - index);
                all.omitted.insert(text, more);
                return all;
            }
            match field(error, name, left, host, context) {
                Ok(None) => {}
                Ok(Some(value)) => {
                    left = left.saturating_sub(value.get().len());
                    all.fields.insert(text, value);
                }
                Err(why) => drop(all.omitted.insert(text, why)),
            }
        }
        all
    }
}

fn shortened(name: &JsString) -> String {
    let name = name.to_std_string_lossy();
    match name.char_indices().nth(MAX_NAME) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name,
    }
}

/// The text of a field; none for undefined, as `JSON.stringify` has it.
fn field(
    error: &JsObject,
    name: &JsString,
    left: usize,
    host: &Host,
    context: &mut Context,
) -> Result<Option<Box<RawValue>>, String> {
    let value = error.get(name.clone(), context).map_err(|_| "its getter throws".to_owned())?;
    if value.is_undefined() {
        return Ok(None);
    }
    let errors = value.as_object().filter(|list| list.is_array() && *name == js_string!("errors"));
    let text = match errors {
        Some(list) => list_text(&list, left, host, context)?,
        None => text_of(&value, left, host, context)?,
    };
    RawValue::from_string(text).map(Some).map_err(|_| "it has no JSON".to_owned())
}

/// The elements of `errors`, each as a field is.
fn list_text(list: &JsObject, left: usize, host: &Host, context: &mut Context) -> Result<String, String> {
    let length = list.get(js_string!("length"), context).ok().and_then(|length| length.as_number()).unwrap_or(0.0);
    let mut text = String::from("[");
    for index in 0..MAX_FIELDS {
        #[allow(clippy::cast_precision_loss, reason = "the bound is far below 2^53")]
        if index as f64 >= length {
            text.push(']');
            return Ok(text);
        }
        let element = list.get(index, context).map_err(|_| "a getter of it throws".to_owned())?;
        if index > 0 {
            text.push(',');
        }
        text.push_str(&text_of(&element, left.saturating_sub(text.len()), host, context)?);
    }
    Err(format!("more than {MAX_FIELDS} errors"))
}

fn text_of(value: &JsValue, left: usize, host: &Host, context: &mut Context) -> Result<String, String> {
    if let Some(object) = value.as_object().filter(|_| is_error(value)) {
        let own = |name: &str, context: &mut Context| text_property(&object, name, context).unwrap_or_default();
        let inner = Inner { name: bounded(own("name", context)), message: bounded(own("message", context)) };
        let text = to_raw_value(&inner).map_err(|_| "it has no JSON".to_owned())?;
        return if text.get().len() <= left { Ok(text.get().to_owned()) } else { Err(too_long()) };
    }
    let api = host.api().map_err(|error| error.to_string())?;
    let text = json_writer::write(value, left, &api.intrinsics, context).map_err(|error| match error {
        WriteError::TooLarge => too_long(),
        error => error.reason(left),
    })?;
    String::from_utf8(text).map_err(|_| "it has no JSON".to_owned())
}

fn too_long() -> String {
    format!("the fields are longer than {MAX_BYTES} bytes")
}
