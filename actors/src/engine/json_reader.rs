//! JSON text to JavaScript values, without an intermediate tree.
//!
//! The semantics are those of `JSON.parse`. Boa's own `JSON.parse` runs the script parser, is several times slower and
//! keeps every string that it ever saw in its interner, so the global `JSON.parse` is served from here too.

use std::borrow::Cow;
use std::fmt;

use boa_engine::object::builtins::JsArray;
use boa_engine::object::JsObject;
use boa_engine::property::{Attribute, PropertyDescriptor, PropertyKey};
use boa_engine::{Context, JsString, JsValue};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::protocol::json_text::{nests_deeper_than, MAX_DEPTH};

#[cfg(test)]
mod tests;

/// Why text could not be read.
#[derive(Debug)]
pub enum ReadError {
    /// Deeper than `MAX_DEPTH`.
    TooDeep,
    /// Not JSON; says where.
    Syntax(String),
}

/// Reads one JSON value.
pub fn read(text: &str, context: &mut Context) -> Result<JsValue, ReadError> {
    if nests_deeper_than(text.as_bytes(), MAX_DEPTH) {
        return Err(ReadError::TooDeep);
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    // Depth was checked above; serde_json's own limit is one level tighter.
    deserializer.disable_recursion_limit();
    let value = Seed(context).deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    match value {
        Ok(value) => Ok(value),
        // serde_json has no place for lone surrogates and for numbers beyond f64; JSON and JavaScript have.
        Err(error) if is_json(text) => read_exactly(text, context).ok_or_else(|| ReadError::Syntax(error.to_string())),
        Err(error) => Err(ReadError::Syntax(error.to_string())),
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<&RawValue>(text).is_ok()
}

struct Seed<'a>(&'a mut Context);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = JsValue;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<JsValue, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = JsValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<JsValue, E> {
        Ok(JsValue::null())
    }

    fn visit_bool<E>(self, value: bool) -> Result<JsValue, E> {
        Ok(JsValue::from(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<JsValue, E> {
        Ok(JsValue::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<JsValue, E> {
        Ok(JsValue::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<JsValue, E> {
        Ok(JsValue::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<JsValue, E> {
        Ok(JsString::from(value).into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<JsValue, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = elements.next_element_seed(Seed(&mut *self.0))? {
            values.push(value);
        }
        Ok(JsArray::from_iter(values, self.0).into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<JsValue, A::Error> {
        let object = JsObject::with_object_proto(self.0.intrinsics());
        while let Some(key) = members.next_key_seed(KeySeed)? {
            let value = members.next_value_seed(Seed(&mut *self.0))?;
            insert(&object, JsString::from(key.as_ref()).into(), value);
        }
        Ok(object.into())
    }
}

/// As `CreateDataProperty` on an object that nobody else has seen; `__proto__` is a member like any other.
fn insert(object: &JsObject, key: PropertyKey, value: JsValue) {
    let attributes = Attribute::all();
    let property = PropertyDescriptor::builder()
        .value(value)
        .writable(attributes.writable())
        .enumerable(attributes.enumerable())
        .configurable(attributes.configurable());
    object.insert_property(key, property);
}

struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Cow<'de, str>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for KeySeed {
    type Value = Cow<'de, str>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }
    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }
    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

/// Slower by the depth of the value, and exact where serde_json gives up. `text` is well-formed JSON.
fn read_exactly(text: &str, context: &mut Context) -> Option<JsValue> {
    let text = text.trim_matches([' ', '\t', '\n', '\r']);
    match text.as_bytes().first()? {
        b'[' => {
            let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            let mut values = Vec::with_capacity(elements.len());
            for element in elements {
                values.push(read_exactly(element.get(), context)?);
            }
            Some(JsArray::from_iter(values, context).into())
        }
        b'{' => {
            let object = JsObject::with_object_proto(context.intrinsics());
            for (key, value) in object_members(text)? {
                let value = read_exactly(value, context)?;
                insert(&object, unescape(key)?.into(), value);
            }
            Some(object.into())
        }
        b'"' => Some(unescape(text)?.into()),
        b't' => Some(JsValue::from(true)),
        b'f' => Some(JsValue::from(false)),
        b'n' => Some(JsValue::null()),
        // Rust reads beyond f64's range as infinity, as JavaScript does.
        _ => text.parse::<f64>().ok().map(JsValue::from),
    }
}

/// The members of an object as raw text: `serde_json` decodes keys, and so can't give those with lone surrogates.
fn object_members(text: &str) -> Option<Vec<(&str, &str)>> {
    let mut members = Vec::new();
    let mut rest = text.strip_prefix('{')?.trim_start();
    while !rest.starts_with('}') {
        let (key, after) = take_value(rest)?;
        let (value, after) = take_value(after.trim_start().strip_prefix(':')?.trim_start())?;
        members.push((key, value));
        rest = after.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
    Some(members)
}

/// Splits one JSON value off the front of `text`.
fn take_value(text: &str) -> Option<(&str, &str)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    let value = values.next()?.ok()?.get();
    Some((value, &text[values.byte_offset()..]))
}

/// Decodes a JSON string literal to UTF-16, lone surrogates included.
fn unescape(literal: &str) -> Option<JsString> {
    let inner = literal.strip_prefix('"')?.strip_suffix('"')?;
    let mut units: Vec<u16> = Vec::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
            continue;
        }
        let unit = match chars.next()? {
            'b' => 8,
            'f' => 12,
            'n' => 10,
            'r' => 13,
            't' => 9,
            'u' => {
                let hex = chars.as_str().get(..4)?;
                chars = chars.as_str()[4..].chars();
                u16::from_str_radix(hex, 16).ok()?
            }
            quoted => u16::try_from(u32::from(quoted)).ok()?,
        };
        units.push(unit);
    }
    Some(JsString::from(units.as_slice()))
}
