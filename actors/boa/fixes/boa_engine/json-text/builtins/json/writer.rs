//! `SerializeJSONProperty`, without native recursion, into one text: each unit is written once, however deep it stands.

use super::RawJson;
use super::circle;
use super::output::Output;
use crate::object::JsObject;
use crate::property::{PropertyKey, PropertyNameKind};
use crate::value::JsVariant;
use crate::{Context, JsBigInt, JsNativeError, JsResult, JsString, JsValue, js_string};

/// How deeply what is written may nest. V8 stops sooner, when its stack is full.
const MAX_DEPTH: usize = 10_000;

/// Below this depth the objects that are open are few enough to be compared one by one.
const FEW: usize = 32;

/// How the caller of `JSON.stringify` wants the text.
pub(super) struct Style {
    pub(super) replacer: Option<JsObject>,
    /// The names of the properties that objects are written with.
    pub(super) names: Option<Vec<PropertyKey>>,
    /// One level of indentation; empty for text without line breaks.
    pub(super) gap: JsString,
}

/// An object of which a part is written.
pub(super) struct Open {
    pub(super) object: JsObject,
    rest: Rest,
    /// The property that is being written.
    pub(super) key: PropertyKey,
    is_empty: bool,
}

/// The properties that are left.
enum Rest {
    Elements { next: u64, length: u64 },
    Names(std::vec::IntoIter<PropertyKey>),
}

struct Writer<'a> {
    out: Output,
    open: Vec<Open>,
    /// The objects that are open, where they are more than a few.
    many: rustc_hash::FxHashSet<JsObject>,
    style: &'a Style,
    context: &'a mut Context,
}

/// The text of `value`, or nothing where it has none.
pub(super) fn write(value: &JsValue, style: &Style, context: &mut Context) -> JsResult<Option<JsString>> {
    let mut writer = Writer {
        out: Output::default(),
        open: Vec::new(),
        many: rustc_hash::FxHashSet::default(),
        style,
        context,
    };
    // A replacer is called with an object that holds the whole value.
    let holder = if style.replacer.is_some() {
        let holder = JsObject::with_object_proto(writer.context.intrinsics());
        holder.create_data_property_or_throw(js_string!(), value.clone(), writer.context)?;
        Some(holder)
    } else {
        None
    };
    let value = writer.converted(value.clone(), &js_string!().into(), holder.as_ref())?;
    if !writer.value(value, None)? {
        return Ok(None);
    }
    while !writer.open.is_empty() {
        writer.context.check_interrupt()?;
        writer.step()?;
    }
    writer.out.finish().map(Some)
}

impl Writer<'_> {
    /// Writes the next property of the object that was opened last, or its end.
    fn step(&mut self) -> JsResult<()> {
        let Some(top) = self.open.last_mut() else { return Ok(()) };
        let (key, in_array) = match &mut top.rest {
            Rest::Elements { next, length } if *next < *length => {
                *next += 1;
                (PropertyKey::from(*next - 1), true)
            }
            Rest::Names(names) => match names.next() {
                Some(name) => (name, false),
                None => return self.close(b"}"),
            },
            Rest::Elements { .. } => return self.close(b"]"),
        };
        top.key = key.clone();
        let holder = top.object.clone();
        let value = match own_value(&holder, &key) {
            Some(value) => value,
            None => holder.get(key.clone(), self.context)?,
        };
        let value = self.converted(value, &key, Some(&holder))?;
        if in_array {
            self.separate()?;
            if !self.value(value, None)? {
                self.out.push_latin1(b"null")?;
            }
        } else {
            self.value(value, Some(&key))?;
        }
        Ok(())
    }

    /// What `toJSON`, the replacer and the objects that stand for primitives make of a value.
    fn converted(&mut self, mut value: JsValue, key: &PropertyKey, holder: Option<&JsObject>) -> JsResult<JsValue> {
        if value.is_object() || value.is_bigint() {
            let to_json = match value.as_object() {
                Some(object) => object.get(js_string!("toJSON"), self.context)?,
                None => value.get_v(js_string!("toJSON"), self.context)?,
            };
            if let Some(function) = to_json.as_callable() {
                value = function.call(&value, &[text_of(key).into()], self.context)?;
            }
        }
        if let (Some(replacer), Some(holder)) = (&self.style.replacer, holder) {
            value = replacer.call(&holder.clone().into(), &[text_of(key).into(), value], self.context)?;
        }
        let Some(object) = value.as_object() else { return Ok(value) };
        if object.is_ordinary() || object.is_array() {
            return Ok(value);
        }
        if object.is::<f64>() {
            return Ok(value.to_number(self.context)?.into());
        }
        if object.is::<JsString>() {
            return Ok(value.to_string(self.context)?.into());
        }
        if let Some(boolean) = object.downcast_ref::<bool>() {
            return Ok((*boolean).into());
        }
        if let Some(integer) = object.downcast_ref::<JsBigInt>() {
            return Ok(integer.clone().into());
        }
        Ok(value)
    }

    /// Writes a value, or opens it, behind the name that it has in an object. Nothing is written where it has no text.
    fn value(&mut self, value: JsValue, name: Option<&PropertyKey>) -> JsResult<bool> {
        match value.variant() {
            JsVariant::Undefined | JsVariant::Symbol(_) => return Ok(false),
            JsVariant::Object(object) => return self.object(&object, name),
            JsVariant::BigInt(_) => {
                return Err(JsNativeError::typ().with_message("Do not know how to serialize a BigInt").into());
            }
            _ => self.name(name)?,
        }
        match value.variant() {
            JsVariant::Boolean(true) => self.out.push_latin1(b"true")?,
            JsVariant::Boolean(false) => self.out.push_latin1(b"false")?,
            JsVariant::Integer32(number) => self.out.push_latin1(itoa::Buffer::new().format(number).as_bytes())?,
            JsVariant::Float64(number) if number.is_finite() => {
                self.out.push_latin1(ryu_js::Buffer::new().format_finite(number).as_bytes())?;
            }
            JsVariant::String(text) => self.out.push_quoted(text.as_str())?,
            _ => self.out.push_latin1(b"null")?,
        }
        Ok(true)
    }

    fn object(&mut self, object: &JsObject, name: Option<&PropertyKey>) -> JsResult<bool> {
        if object.is_callable() {
            return Ok(false);
        }
        if object.is::<RawJson>() {
            let raw = object.get(js_string!("rawJSON"), self.context)?;
            self.name(name)?;
            self.out.push(raw.to_string(self.context)?.as_str())?;
            return Ok(true);
        }
        let is_array = object.is_array_abstract()?;
        if self.is_open(object) {
            return Err(circle::error(&self.open, object));
        }
        if self.open.len() == MAX_DEPTH {
            return Err(crate::native_stack::range_error().into());
        }
        let rest = if is_array {
            Rest::Elements { next: 0, length: object.length_of_array_like(self.context)? }
        } else if let Some(names) = &self.style.names {
            Rest::Names(names.clone().into_iter())
        } else {
            Rest::Names(names_of(object, self.context)?.into_iter())
        };
        self.name(name)?;
        self.out.push_latin1(if is_array { b"[" } else { b"{" })?;
        if self.open.len() == FEW {
            self.many.extend(self.open.iter().map(|open| open.object.clone()));
        }
        if self.open.len() >= FEW {
            self.many.insert(object.clone());
        }
        self.open.push(Open { object: object.clone(), rest, key: 0.into(), is_empty: true });
        Ok(true)
    }

    fn is_open(&self, object: &JsObject) -> bool {
        if self.open.len() <= FEW {
            self.open.iter().any(|open| JsObject::equals(&open.object, object))
        } else {
            self.many.contains(object)
        }
    }

    /// Ends the object that was opened last.
    fn close(&mut self, bracket: &[u8]) -> JsResult<()> {
        let Some(closed) = self.open.pop() else { return Ok(()) };
        if self.open.len() > FEW {
            self.many.remove(&closed.object);
        } else if self.open.len() == FEW {
            self.many.clear();
        }
        if !closed.is_empty {
            self.break_line(self.open.len())?;
        }
        self.out.push_latin1(bracket)
    }

    /// Writes the name of a property, and what stands between it and the one before.
    fn name(&mut self, name: Option<&PropertyKey>) -> JsResult<()> {
        let Some(name) = name else { return Ok(()) };
        self.separate()?;
        match name {
            PropertyKey::String(text) => self.out.push_quoted(text.as_str())?,
            other => self.out.push_quoted(text_of(other).as_str())?,
        }
        self.out.push_latin1(if self.style.gap.is_empty() { b":" } else { b": " })
    }

    /// Writes what stands before a property.
    fn separate(&mut self) -> JsResult<()> {
        let depth = self.open.len();
        let is_first = self.open.last_mut().is_some_and(|top| std::mem::replace(&mut top.is_empty, false));
        if !is_first {
            self.out.push_latin1(b",")?;
        }
        self.break_line(depth)
    }

    fn break_line(&mut self, depth: usize) -> JsResult<()> {
        if self.style.gap.is_empty() {
            return Ok(());
        }
        self.out.push_latin1(b"\n")?;
        for _ in 0..depth {
            self.out.push(self.style.gap.as_str())?;
        }
        Ok(())
    }
}

/// The value of an own data property of an object that has no behaviour of its own.
fn own_value(object: &JsObject, key: &PropertyKey) -> Option<JsValue> {
    if object.is_ordinary() || object.is_array() {
        object.borrow().properties().get(key)?.value().cloned()
    } else {
        None
    }
}

/// `EnumerableOwnPropertyNames`.
fn names_of(object: &JsObject, context: &mut Context) -> JsResult<Vec<PropertyKey>> {
    if !object.is_ordinary() {
        let names = object.enumerable_own_property_names(PropertyNameKind::Key, context)?;
        return names.into_iter().map(|name| name.to_property_key(context)).collect();
    }
    let keys = object.own_property_keys(context)?;
    let object = object.borrow();
    let is_enumerable = |key: &PropertyKey| object.properties().get(key).is_some_and(|property| property.expect_enumerable());
    Ok(keys.into_iter().filter(|key| !matches!(key, PropertyKey::Symbol(_)) && is_enumerable(key)).collect())
}

fn text_of(key: &PropertyKey) -> JsString {
    match key {
        PropertyKey::String(text) => text.clone(),
        PropertyKey::Index(index) => index.get().into(),
        PropertyKey::Symbol(_) => js_string!(),
    }
}
