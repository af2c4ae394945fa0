//! `InternalizeJSONProperty`, without native recursion: a reviver may put ever deeper values into what is being read.

use super::reader::Records;
use crate::object::internal_methods::InternalMethodPropertyContext;
use crate::object::JsObject;
use crate::property::{PropertyKey, PropertyNameKind};
use crate::{Context, JsExpect, JsNativeError, JsResult, JsString, JsValue, js_string};

/// How deeply what a reviver is called for may nest. V8 stops sooner, when its stack is full.
const MAX_DEPTH: usize = 10_000;

/// An object whose properties are being revived.
struct Open {
    /// What the object itself is a property of.
    holder: JsObject,
    name: JsString,
    object: JsObject,
    record: Option<usize>,
    rest: Rest,
    /// The property whose value is awaited.
    key: PropertyKey,
}

/// The properties that are left.
enum Rest {
    Elements { next: u64, length: u64 },
    Keys(std::vec::IntoIter<JsValue>),
}

/// A property that is to be revived.
struct Property {
    holder: JsObject,
    name: JsString,
    record: Option<usize>,
}

/// Calls `reviver` for all that is in `value`, which was read from `text`.
pub(super) fn revive(
    value: JsValue,
    text: &JsString,
    records: &Records,
    reviver: &JsObject,
    context: &mut Context,
) -> JsResult<JsValue> {
    let root = JsObject::with_object_proto(context.intrinsics());
    root.create_data_property_or_throw(js_string!(), value, context)
        .js_expect("CreateDataPropertyOrThrow should never throw here")?;
    let mut open: Vec<Open> = Vec::new();
    let mut property = Property { holder: root, name: js_string!(), record: records.root() };
    loop {
        context.check_interrupt()?;
        let value = property.holder.get(property.name.clone(), context)?;
        let record = records.still(property.record, &value);
        let mut revived = if let Some(object) = value.as_object() {
            if open.len() == MAX_DEPTH {
                return Err(JsNativeError::range().with_message("Maximum call stack size exceeded").into());
            }
            let rest = Rest::of(&object, context)?;
            let Property { holder, name, .. } = property;
            open.push(Open { holder, name, object, record, rest, key: 0.into() });
            None
        } else {
            let source = record.and_then(|record| records.source(record)).and_then(|range| text.get(range));
            Some(call(reviver, &property.holder, property.name, value, source, context)?)
        };
        property = loop {
            let Some(top) = open.last_mut() else { return Ok(revived.unwrap_or_default()) };
            if let Some(value) = revived.take() {
                top.set(value, context)?;
            }
            if let Some(next) = top.next(records) {
                break next;
            }
            if let Some(Open { holder, name, object, .. }) = open.pop() {
                revived = Some(call(reviver, &holder, name, object.into(), None, context)?);
            }
        };
    }
}

fn call(
    reviver: &JsObject,
    holder: &JsObject,
    name: JsString,
    value: JsValue,
    source: Option<JsString>,
    context: &mut Context,
) -> JsResult<JsValue> {
    let about = JsObject::with_object_proto(context.intrinsics());
    if let Some(source) = source {
        about.create_data_property_or_throw(js_string!("source"), source, context)?;
    }
    reviver.call(&holder.clone().into(), &[name.into(), value, about.into()], context)
}

impl Rest {
    fn of(object: &JsObject, context: &mut Context) -> JsResult<Self> {
        if object.is_array_abstract()? {
            return Ok(Self::Elements { next: 0, length: object.length_of_array_like(context)? });
        }
        let keys = object.enumerable_own_property_names(PropertyNameKind::Key, context)?;
        Ok(Self::Keys(keys.into_iter()))
    }
}

impl Open {
    /// The next property, whose value is then awaited.
    fn next(&mut self, records: &Records) -> Option<Property> {
        let (name, record) = match &mut self.rest {
            Rest::Elements { next, length } if *next < *length => {
                let index = *next;
                *next += 1;
                self.key = index.into();
                (index.into(), self.record.and_then(|record| records.element(record, index)))
            }
            Rest::Elements { .. } => return None,
            Rest::Keys(keys) => {
                // Keys of that kind are strings.
                let name = keys.next()?.as_string()?;
                self.key = name.clone().into();
                let record = self.record.and_then(|record| records.entry(record, &self.key));
                (name, record)
            }
        };
        Some(Property { holder: self.object.clone(), name, record })
    }

    /// Keeps what the property has become.
    fn set(&self, value: JsValue, context: &mut Context) -> JsResult<()> {
        if value.is_undefined() {
            self.object.__delete__(&self.key, &mut InternalMethodPropertyContext::new(context))?;
        } else {
            self.object.create_data_property(self.key.clone(), value, context)?;
        }
        Ok(())
    }
}
