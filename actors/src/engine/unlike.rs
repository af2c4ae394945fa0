//! Results whose JSON is not what their author may expect: it is the standard's, and tells nothing of what is in them.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use boa_engine::builtins::error::Error;
use boa_engine::object::builtins::{JsArray, JsMap, JsSet, JsTypedArray};
use boa_engine::{JsObject, JsValue};

/// Methods that were warned of, in the whole process: executors and contexts come and go.
static WARNED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// So many are remembered; of further ones nothing is said.
const MOST: usize = 1_000;

/// Warns once of a method whose `result` is of such a kind.
pub(super) fn warn_of(method: &str, result: &JsValue) {
    let Some(object) = result.as_object() else { return };
    if JsArray::from_object(object.clone()).is_ok() {
        return;
    }
    let Some((what, becomes)) = kind(&object) else { return };
    let mut warned = WARNED.lock().unwrap_or_else(PoisonError::into_inner);
    if warned.len() < MOST && !warned.contains(method) {
        warned.insert(method.to_owned());
        log::warn!(target: "script", "{method} returns {what}, whose JSON is {becomes}: return what is in it method={method}");
    }
}

fn kind(object: &JsObject) -> Option<(&'static str, &'static str)> {
    if JsMap::from_object(object.clone()).is_ok() {
        return Some(("a Map", "{}"));
    }
    if JsSet::from_object(object.clone()).is_ok() {
        return Some(("a Set", "{}"));
    }
    if object.is::<Error>() {
        return Some(("an Error", "{}"));
    }
    JsTypedArray::from_object(object.clone()).is_ok().then_some(("a typed array", r#"{"0": …}"#))
}
