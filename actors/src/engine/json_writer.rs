//! JavaScript values to JSON text, with the semantics of `JSON.stringify` (ECMA-262, section 25.5.2) and three bounds
//! of our own: depth, size, and an error instead of silence for what has no JSON.
//!
//! Plain objects and arrays are read straight from their property maps. Everything else (Proxies, typed arrays,
//! accessors) goes the long way through the engine, so that user code runs where the standard says that it runs.

use boa_engine::object::{builtins::JsFunction, IndexProperties, JsObject};
use boa_engine::property::PropertyKey;
use boa_engine::value::JsVariant;
use boa_engine::{js_string, Context, JsBigInt, JsError, JsStr, JsString, JsValue};

use crate::protocol::json_text::MAX_DEPTH;

/// Why a value has no JSON.
#[derive(Debug)]
pub enum WriteError {
    /// A cycle, a BigInt, or a function or symbol as the whole value; says which.
    NotSerialisable(String),
    /// Nested deeper than `MAX_DEPTH`.
    TooDeep,
    /// Longer than the limit that the writer was given.
    TooLarge,
    /// A getter, a `toJSON` or a Proxy trap threw.
    Thrown(JsError),
}

impl WriteError {
    /// Why a part of an error is left out, for its caller. The writer was given `limit`.
    pub(super) fn reason(self, limit: usize) -> String {
        match self {
            WriteError::NotSerialisable(what) => what,
            WriteError::TooDeep => "it nests too deeply".to_owned(),
            WriteError::TooLarge => format!("it is longer than {limit} bytes"),
            WriteError::Thrown(_) => "a getter of it throws".to_owned(),
        }
    }
}

impl From<JsError> for WriteError {
    fn from(error: JsError) -> Self {
        WriteError::Thrown(error)
    }
}

/// What the writer borrows from the standard library of a context, taken before any script could replace it.
#[derive(Clone, Debug)]
pub struct Intrinsics {
    object_keys: JsFunction,
    array_is_array: JsFunction,
}

impl Intrinsics {
    /// Takes the functions from a fresh context.
    pub fn of(context: &mut Context) -> Result<Self, JsError> {
        let object = context.intrinsics().constructors().object().constructor();
        let array = context.intrinsics().constructors().array().constructor();
        let function = |holder: JsObject, name: JsString, context: &mut Context| {
            holder.get(name, context)?.as_function().ok_or_else(|| {
                JsError::from(boa_engine::JsNativeError::typ().with_message("standard library is incomplete"))
            })
        };
        Ok(Intrinsics {
            object_keys: function(object, js_string!("keys"), context)?,
            array_is_array: function(array, js_string!("isArray"), context)?,
        })
    }

    /// The own enumerable properties of `object` that have strings as keys.
    pub(super) fn own_enumerable_keys(
        &self,
        object: &JsObject,
        context: &mut Context,
    ) -> Result<Vec<JsString>, JsError> {
        let keys = self.object_keys.call(&JsValue::undefined(), &[object.clone().into()], context)?;
        let Some(keys) = keys.as_object() else { return Ok(Vec::new()) };
        let length = keys.get(js_string!("length"), context)?.to_length(context)?;
        (0..length).map(|index| keys.get(index, context)?.to_string(context)).collect()
    }
}

/// Writes `value`, at most `limit` bytes. A whole value of `undefined` is `null`.
pub fn write(
    value: &JsValue,
    limit: usize,
    intrinsics: &Intrinsics,
    context: &mut Context,
) -> Result<Vec<u8>, WriteError> {
    let mut writer =
        Writer { out: Vec::with_capacity(64), limit, open: Vec::new(), user_code_runs: 0, intrinsics, context };
    if !writer.value(value, &JsString::default)? {
        match value.variant() {
            JsVariant::Undefined => writer.out.extend_from_slice(b"null"),
            JsVariant::Symbol(_) => return Err(WriteError::NotSerialisable("a symbol".into())),
            _ if value.is_callable() => return Err(WriteError::NotSerialisable("a function".into())),
            // `toJSON` gave undefined.
            _ => writer.out.extend_from_slice(b"null"),
        }
    }
    if writer.out.len() > limit {
        return Err(WriteError::TooLarge);
    }
    Ok(writer.out)
}

struct Writer<'a> {
    out: Vec<u8>,
    limit: usize,
    /// The objects that are being written: the path from the root.
    open: Vec<JsObject>,
    /// How often user code ran, and so may have changed objects that are half written.
    user_code_runs: usize,
    intrinsics: &'a Intrinsics,
    context: &'a mut Context,
}

/// One property of an object, found before its siblings were written.
struct Member {
    key: PropertyKey,
    /// The value of a data property; `None` for an accessor, which must be called in its turn.
    value: Option<JsValue>,
}

impl Writer<'_> {
    /// Writes a value; false, with nothing written, when it has no JSON (undefined, functions, symbols).
    /// `key` is what `toJSON` gets as its argument.
    fn value(&mut self, value: &JsValue, key: &dyn Fn() -> JsString) -> Result<bool, WriteError> {
        match value.variant() {
            JsVariant::Null => self.out.extend_from_slice(b"null"),
            JsVariant::Boolean(true) => self.out.extend_from_slice(b"true"),
            JsVariant::Boolean(false) => self.out.extend_from_slice(b"false"),
            JsVariant::Integer32(number) => {
                self.out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
            }
            JsVariant::Float64(number) => self.number(number),
            JsVariant::String(text) => write_string(&mut self.out, text.as_str()),
            JsVariant::Undefined | JsVariant::Symbol(_) => return Ok(false),
            JsVariant::BigInt(_) => {
                let converted = self.call_to_json(value, key)?;
                return match converted {
                    Some(converted) if !converted.is_bigint() => self.plain_value(&converted),
                    _ => Err(WriteError::NotSerialisable("a BigInt".into())),
                };
            }
            JsVariant::Object(object) => {
                if let Some(converted) = self.call_to_json(value, key)? {
                    return self.plain_value(&converted);
                }
                return self.object(&object);
            }
        }
        Ok(true)
    }

    /// As `value`, for what `toJSON` gave: it is not asked a second time.
    fn plain_value(&mut self, value: &JsValue) -> Result<bool, WriteError> {
        match value.variant() {
            JsVariant::Object(object) => self.object(&object),
            JsVariant::BigInt(_) => Err(WriteError::NotSerialisable("a BigInt".into())),
            _ => self.value(value, &JsString::default),
        }
    }

    fn number(&mut self, number: f64) {
        if number.is_finite() {
            self.out.extend_from_slice(ryu_js::Buffer::new().format_finite(number).as_bytes());
        } else {
            self.out.extend_from_slice(b"null");
        }
    }

    /// Calls `value.toJSON(key)` if there is such a function.
    fn call_to_json(&mut self, value: &JsValue, key: &dyn Fn() -> JsString) -> Result<Option<JsValue>, WriteError> {
        let object = value.to_object(self.context)?;
        if !object.is_ordinary() && !object.is_array() {
            // The look-up itself may be a Proxy's trap.
            self.user_code_runs += 1;
        }
        let found = object.get(js_string!("toJSON"), self.context)?;
        let Some(function) = found.as_callable() else {
            return Ok(None);
        };
        self.user_code_runs += 1;
        Ok(Some(function.call(value, &[key().into()], self.context)?))
    }

    fn object(&mut self, object: &JsObject) -> Result<bool, WriteError> {
        if object.is_callable() {
            return Ok(false);
        }
        if let Some(primitive) = self.unboxed(object)? {
            return self.plain_value(&primitive);
        }
        if self.open.iter().any(|open| JsObject::equals(open, object)) {
            return Err(WriteError::NotSerialisable("a cyclic value".into()));
        }
        if self.open.len() == MAX_DEPTH {
            return Err(WriteError::TooDeep);
        }
        if self.out.len() > self.limit {
            return Err(WriteError::TooLarge);
        }
        self.open.push(object.clone());
        if self.is_array(object)? {
            self.array(object)?;
        } else {
            self.members(object)?;
        }
        self.open.pop();
        Ok(true)
    }

    /// The primitive in a `Number`, `String`, `Boolean` or `BigInt` object.
    fn unboxed(&mut self, object: &JsObject) -> Result<Option<JsValue>, WriteError> {
        if object.is_ordinary() || object.is_array() {
            return Ok(None);
        }
        let value = JsValue::from(object.clone());
        Ok(if object.is::<f64>() {
            self.user_code_runs += 1;
            Some(value.to_number(self.context)?.into())
        } else if object.is::<JsString>() {
            self.user_code_runs += 1;
            Some(value.to_string(self.context)?.into())
        } else if object.is::<bool>() {
            object.downcast_ref::<bool>().map(|boolean| JsValue::from(*boolean))
        } else if object.is::<JsBigInt>() {
            object.downcast_ref::<JsBigInt>().map(|integer| JsValue::from(integer.clone()))
        } else {
            None
        })
    }

    fn is_array(&mut self, object: &JsObject) -> Result<bool, WriteError> {
        if object.is_array() || object.is_ordinary() {
            return Ok(object.is_array());
        }
        let answer =
            self.intrinsics.array_is_array.call(&JsValue::undefined(), &[object.clone().into()], self.context)?;
        Ok(answer.to_boolean())
    }

    fn array(&mut self, array: &JsObject) -> Result<(), WriteError> {
        let length = array.get(js_string!("length"), self.context)?.to_length(self.context)?;
        let dense = if array.is_array() { dense_elements(array) } else { None };
        let runs = self.user_code_runs;
        self.out.push(b'[');
        for index in 0..length {
            if index > 0 {
                self.out.push(b',');
            }
            let captured = dense.as_ref().filter(|_| runs == self.user_code_runs);
            let element = match captured.and_then(|dense| dense.get(usize::try_from(index).ok()?)) {
                Some(element) => element.clone(),
                None => array.get(index, self.context)?,
            };
            if !self.value(&element, &|| JsString::from(index.to_string()))? {
                self.out.extend_from_slice(b"null");
            }
            if self.out.len() > self.limit {
                return Err(WriteError::TooLarge);
            }
        }
        self.out.push(b']');
        Ok(())
    }

    fn members(&mut self, object: &JsObject) -> Result<(), WriteError> {
        let members = if object.is_ordinary() { own_members(object, self.context)? } else { self.listed_keys(object)? };
        let runs = self.user_code_runs;
        self.out.push(b'{');
        let mut first = true;
        for member in members {
            let value = match member.value {
                Some(value) if runs == self.user_code_runs => value,
                _ => {
                    self.user_code_runs += 1;
                    object.get(member.key.clone(), self.context)?
                }
            };
            let before = self.out.len();
            if !first {
                self.out.push(b',');
            }
            write_key(&mut self.out, &member.key);
            self.out.push(b':');
            if self.value(&value, &|| key_string(&member.key))? {
                first = false;
            } else {
                self.out.truncate(before);
            }
            if self.out.len() > self.limit {
                return Err(WriteError::TooLarge);
            }
        }
        self.out.push(b'}');
        Ok(())
    }

    /// The enumerable string keys of an exotic object, by `Object.keys`.
    fn listed_keys(&mut self, object: &JsObject) -> Result<Vec<Member>, WriteError> {
        self.user_code_runs += 1;
        let keys = self.intrinsics.object_keys.call(&JsValue::undefined(), &[object.clone().into()], self.context)?;
        let keys = keys.as_object().and_then(|keys| dense_elements(&keys)).unwrap_or_default();
        keys.into_iter().map(|key| Ok(Member { key: key.to_property_key(self.context)?, value: None })).collect()
    }
}

/// The elements of an array without holes.
fn dense_elements(array: &JsObject) -> Option<Vec<JsValue>> {
    let array = array.borrow();
    match array.properties().index_properties() {
        IndexProperties::SparseProperty(_) | IndexProperties::SparseElement(_) => None,
        dense => Some(dense.filter_map(|(_, property)| property.value().cloned()).collect()),
    }
}

/// The enumerable own properties of an ordinary object that have string keys, in the order of the standard.
fn own_members(object: &JsObject, context: &mut Context) -> Result<Vec<Member>, WriteError> {
    let keys = object.own_property_keys(context)?;
    let object = object.borrow();
    let properties = object.properties();
    Ok(keys
        .into_iter()
        .filter(|key| !matches!(key, PropertyKey::Symbol(_)))
        .filter_map(|key| {
            let property = properties.get(&key)?;
            property.expect_enumerable().then(|| Member { key, value: property.value().cloned() })
        })
        .collect())
}

fn key_string(key: &PropertyKey) -> JsString {
    match key {
        PropertyKey::String(text) => text.clone(),
        PropertyKey::Index(index) => JsString::from(index.get().to_string()),
        PropertyKey::Symbol(_) => JsString::default(),
    }
}

fn write_key(out: &mut Vec<u8>, key: &PropertyKey) {
    match key {
        PropertyKey::Index(index) => {
            out.push(b'"');
            out.extend_from_slice(itoa::Buffer::new().format(index.get()).as_bytes());
            out.push(b'"');
        }
        other => write_string(out, key_string(other).as_str()),
    }
}

/// Writes a string literal; lone surrogates become `\udXXX` escapes ("well-formed JSON.stringify").
pub fn write_string(out: &mut Vec<u8>, text: JsStr<'_>) {
    out.push(b'"');
    match text.variant() {
        boa_engine::string::JsStrVariant::Latin1(bytes) => {
            for &byte in bytes {
                if byte < 0x80 {
                    write_ascii(out, byte);
                } else {
                    out.extend_from_slice(char::from(byte).encode_utf8(&mut [0; 2]).as_bytes());
                }
            }
        }
        boa_engine::string::JsStrVariant::Utf16(units) => {
            for unit in char::decode_utf16(units.iter().copied()) {
                match unit {
                    Ok(c) if c.is_ascii() => write_ascii(out, c as u8),
                    Ok(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                    Err(lone) => out.extend_from_slice(format!("\\u{:04x}", lone.unpaired_surrogate()).as_bytes()),
                }
            }
        }
    }
    out.push(b'"');
}

fn write_ascii(out: &mut Vec<u8>, byte: u8) {
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        0x08 => out.extend_from_slice(b"\\b"),
        0x0c => out.extend_from_slice(b"\\f"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        0..=0x1f => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
        _ => out.push(byte),
    }
}
