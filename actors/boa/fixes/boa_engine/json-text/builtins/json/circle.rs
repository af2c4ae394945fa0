//! What is said of a value that `JSON.stringify` finds within itself, in the words of V8.

use super::writer::Open;
use crate::object::JsObject;
use crate::property::PropertyKey;
use crate::{JsError, JsNativeError, js_string};

/// Properties of the circle that are named at its begin, and at its end.
const FIRST: usize = 2;
const LAST: usize = 1;

/// The error for `again`, which is met within itself.
pub(super) fn error(open: &[Open], again: &JsObject) -> JsError {
    let start = open.iter().position(|open| JsObject::equals(&open.object, again)).unwrap_or(0);
    let circle = open.get(start..).unwrap_or_default();
    let mut message = format!(
        "Converting circular structure to JSON\n    --> starting at object with constructor '{}'",
        constructor_name(again)
    );
    // Each object but the first is a property of the one before.
    let steps: Vec<_> = circle.iter().zip(circle.iter().skip(1)).collect();
    for (at, (holder, next)) in steps.iter().enumerate() {
        if (FIRST..steps.len().saturating_sub(LAST)).contains(&at) {
            if at == FIRST {
                message.push_str("\n    |     ...");
            }
            continue;
        }
        let (key, name) = (described(&holder.key), constructor_name(&next.object));
        message.push_str(&format!("\n    |     {key} -> object with constructor '{name}'"));
    }
    let last = circle.last().map_or_else(String::new, |open| described(&open.key));
    message.push_str(&format!("\n    --- {last} closes the circle"));
    JsNativeError::typ().with_message(message).into()
}

fn described(key: &PropertyKey) -> String {
    match key {
        PropertyKey::Index(index) => format!("index {}", index.get()),
        PropertyKey::String(name) if !name.is_empty() => format!("property '{}'", name.to_std_string_lossy()),
        _ => "<anonymous>".to_owned(),
    }
}

/// The name of what has made an object, as far as it shows without running a script.
fn constructor_name(object: &JsObject) -> String {
    let mut next = object.prototype();
    while let Some(prototype) = next {
        let data = |object: &JsObject, name| object.borrow().properties().get(&name)?.value().cloned();
        if let Some(constructor) = data(&prototype, js_string!("constructor").into()) {
            let name = constructor.as_object().and_then(|constructor| data(&constructor, js_string!("name").into()));
            let name = name.and_then(|name| name.as_string()).filter(|name| !name.is_empty());
            return name.map_or_else(|| "Object".to_owned(), |name| name.to_std_string_lossy());
        }
        next = prototype.prototype();
    }
    "Object".to_owned()
}
