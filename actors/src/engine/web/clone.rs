//! `structuredClone` (HTML, section 2.7).
//!
//! The clone is made in one pass. A buffer in the transfer list is copied like any other and detached at the end, so
//! that a clone that fails takes nothing away.

use std::collections::HashMap;

use boa_engine::builtins::error::Error;
use boa_engine::builtins::object::OrdinaryObject;
use boa_engine::builtins::typed_array::TypedArrayKind;
use boa_engine::object::builtins::{
    JsArray, JsArrayBuffer, JsDate, JsMap, JsRegExp, JsSet, JsSharedArrayBuffer, JsTypedArray,
};
use boa_engine::property::{PropertyDescriptor, PropertyKey};
use boa_engine::value::JsVariant;
use boa_engine::{js_string, Context, JsArgs, JsBigInt, JsObject, JsResult, JsString, JsValue};

use super::super::host::Host;
use super::buffer;
use super::class::type_error;
use super::convert::{dictionary, required, sequence};
use super::dom_exception::{self, DomException};

/// Values may nest this deeply. Each level takes native stack, of which scripts may have used some already.
const MAX_DEPTH: usize = 1_000;

/// Buffers that one transfer list may have.
const MAX_TRANSFERS: usize = 1_024;

/// Names of errors that are kept; others become `Error`.
const ERRORS: [&str; 6] = ["EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError"];

/// `structuredClone(value, {transfer})`
pub(super) fn structured_clone(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    required(arguments, 1, "structuredClone")?;
    let options = dictionary(arguments.get(1), "options of structuredClone")?;
    let transfer = match options {
        Some(options) => match options.get(js_string!("transfer"), context)? {
            list if list.is_undefined() => Vec::new(),
            list => transfer_list(&list, context)?,
        },
        None => Vec::new(),
    };
    let mut cloner = Cloner { made: HashMap::new(), depth: 0, context };
    let clone = cloner.value(arguments.get_or_undefined(0))?;
    for buffer in transfer {
        buffer.detach(&JsValue::undefined())?;
    }
    Ok(clone)
}

fn transfer_list(list: &JsValue, context: &mut Context) -> JsResult<Vec<JsArrayBuffer>> {
    let mut buffers: Vec<JsArrayBuffer> = Vec::new();
    for value in sequence(list, MAX_TRANSFERS, "transfer", context)? {
        let object = value.as_object().ok_or_else(|| type_error("only objects can be transferred"))?;
        let Ok(buffer) = JsArrayBuffer::from_object(object.clone()) else {
            return Err(refuse("only an ArrayBuffer can be transferred", context));
        };
        if buffer.data().is_none() {
            return Err(refuse("the buffer to transfer is detached", context));
        }
        if buffers.iter().any(|known| JsObject::equals(known, &buffer)) {
            return Err(refuse("the same buffer stands twice in transfer", context));
        }
        buffers.push(buffer);
    }
    Ok(buffers)
}

fn refuse(message: &str, context: &mut Context) -> boa_engine::JsError {
    dom_exception::throw("DataCloneError", message, context)
}

struct Cloner<'a> {
    /// The clones of objects that were met.
    made: HashMap<JsObject, JsObject>,
    depth: usize,
    context: &'a mut Context,
}

impl Cloner<'_> {
    fn value(&mut self, value: &JsValue) -> JsResult<JsValue> {
        match value.variant() {
            JsVariant::Symbol(_) => Err(refuse("a symbol can't be cloned", self.context)),
            JsVariant::Object(object) => {
                self.context.check_interrupt()?;
                if let Some(made) = self.made.get(&object) {
                    return Ok(made.clone().into());
                }
                if self.depth >= MAX_DEPTH {
                    let message = format!("the value nests deeper than {MAX_DEPTH}");
                    return Err(refuse(&message, self.context));
                }
                self.depth += 1;
                let clone = self.object(&object);
                self.depth -= 1;
                clone.map(JsValue::from)
            }
            _ => Ok(value.clone()),
        }
    }

    fn object(&mut self, object: &JsObject) -> JsResult<JsObject> {
        if object.is_callable() {
            return Err(refuse("a function can't be cloned", self.context));
        }
        if object.is::<OrdinaryObject>() {
            let clone = JsObject::with_object_proto(self.context.intrinsics());
            return self.properties(object, clone);
        }
        if object.is_array() {
            let length = object.get(js_string!("length"), self.context)?;
            let clone = JsArray::new(self.context)?;
            clone.set(js_string!("length"), length, true, self.context)?;
            return self.properties(object, clone.into());
        }
        let clone = match self.leaf(object)? {
            Some(clone) => clone,
            None => return self.container(object),
        };
        self.made.insert(object.clone(), clone.clone());
        Ok(clone)
    }

    /// Copies the own enumerable properties that have strings as keys.
    fn properties(&mut self, from: &JsObject, to: JsObject) -> JsResult<JsObject> {
        self.made.insert(from.clone(), to.clone());
        let host = Host::of(self.context)?;
        for key in host.api()?.intrinsics.own_enumerable_keys(from, self.context)? {
            let key = PropertyKey::from(key);
            // A getter may have removed what comes after it.
            if from.has_own_property(key.clone(), self.context)? {
                let value = from.get(key.clone(), self.context)?;
                let value = self.value(&value)?;
                to.create_data_property_or_throw(key, value, self.context)?;
            }
        }
        Ok(to)
    }

    /// Objects that hold no others.
    fn leaf(&mut self, object: &JsObject) -> JsResult<Option<JsObject>> {
        let boxed = object
            .downcast_ref::<bool>()
            .map(|value| JsValue::from(*value))
            .or_else(|| object.downcast_ref::<f64>().map(|value| JsValue::from(*value)))
            .or_else(|| object.downcast_ref::<JsString>().map(|value| JsValue::from(value.clone())))
            .or_else(|| object.downcast_ref::<JsBigInt>().map(|value| JsValue::from(value.clone())));
        if let Some(boxed) = boxed {
            return boxed.to_object(self.context).map(Some);
        }
        if let Ok(date) = JsDate::from_object(object.clone()) {
            let time = date.get_time(self.context)?;
            let constructor = self.context.intrinsics().constructors().date().constructor();
            return constructor.construct(&[time], None, self.context).map(Some);
        }
        if JsRegExp::from_object(object.clone()).is_ok() {
            // The constructor copies source and flags as they were written; `source` escapes what is escaped already.
            let constructor = self.context.intrinsics().constructors().regexp().constructor();
            return constructor.construct(&[object.clone().into()], None, self.context).map(Some);
        }
        if let Ok(buffer) = JsArrayBuffer::from_object(object.clone()) {
            return self.array_buffer(object, &buffer).map(Some);
        }
        if let Ok(buffer) = JsSharedArrayBuffer::from_object(object.clone()) {
            return Ok(Some(JsSharedArrayBuffer::from_buffer(buffer.inner(), self.context).into()));
        }
        Ok(None)
    }

    fn array_buffer(&mut self, object: &JsObject, buffer: &JsArrayBuffer) -> JsResult<JsObject> {
        let Some(bytes) = buffer.to_vec() else {
            return Err(refuse("the buffer is detached", self.context));
        };
        if !object.get(js_string!("resizable"), self.context)?.to_boolean() {
            return Ok(buffer::array_buffer(&bytes, self.context)?.into());
        }
        let longest = object.get(js_string!("maxByteLength"), self.context)?;
        let options = JsObject::with_object_proto(self.context.intrinsics());
        options.create_data_property_or_throw(js_string!("maxByteLength"), longest, self.context)?;
        let constructor = self.context.intrinsics().constructors().array_buffer().constructor();
        let clone = constructor.construct(&[JsValue::from(bytes.len()), options.into()], None, self.context)?;
        let length = bytes.len();
        buffer::write(&buffer::Window { buffer: clone.clone(), offset: 0, length }, &bytes)?;
        Ok(clone)
    }

    fn container(&mut self, object: &JsObject) -> JsResult<JsObject> {
        if let Ok(map) = JsMap::from_object(object.clone()) {
            return self.map(object, &map);
        }
        if let Ok(set) = JsSet::from_object(object.clone()) {
            return self.set(object, &set);
        }
        if object.is::<Error>() {
            return self.error(object);
        }
        match buffer::window(object, self.context) {
            Ok(Some(window)) => self.view(object, &window),
            Err(_) => Err(refuse("the buffer of a view is detached", self.context)),
            Ok(None) => Err(refuse("an object of this class can't be cloned", self.context)),
        }
    }

    fn map(&mut self, object: &JsObject, map: &JsMap) -> JsResult<JsObject> {
        let mut entries = Vec::new();
        map.for_each_native(|key, value| {
            entries.push((key, value));
            Ok(())
        })?;
        let clone = JsMap::new(self.context);
        self.made.insert(object.clone(), clone.clone().into());
        for (key, value) in entries {
            let key = self.value(&key)?;
            let value = self.value(&value)?;
            clone.set(key, value, self.context)?;
        }
        Ok(clone.into())
    }

    fn set(&mut self, object: &JsObject, set: &JsSet) -> JsResult<JsObject> {
        let mut values = Vec::new();
        set.for_each_native(|value| {
            values.push(value);
            Ok(())
        })?;
        let clone = JsSet::new(self.context);
        self.made.insert(object.clone(), clone.clone().into());
        for value in values {
            let value = self.value(&value)?;
            clone.add(value, self.context)?;
        }
        Ok(clone.into())
    }

    /// Typed arrays and DataViews. Views of one buffer are views of one buffer afterwards.
    fn view(&mut self, object: &JsObject, window: &buffer::Window) -> JsResult<JsObject> {
        let buffer = self.value(&window.buffer.clone().into())?;
        let constructors = self.context.intrinsics().constructors();
        let (constructor, width) = match JsTypedArray::from_object(object.clone()).ok().map(|array| array.kind()) {
            None => (constructors.data_view(), 1),
            Some(Some(TypedArrayKind::Int8)) => (constructors.typed_int8_array(), 1),
            Some(Some(TypedArrayKind::Uint8)) => (constructors.typed_uint8_array(), 1),
            Some(Some(TypedArrayKind::Uint8Clamped)) => (constructors.typed_uint8clamped_array(), 1),
            Some(Some(TypedArrayKind::Int16)) => (constructors.typed_int16_array(), 2),
            Some(Some(TypedArrayKind::Uint16)) => (constructors.typed_uint16_array(), 2),
            Some(Some(TypedArrayKind::Int32)) => (constructors.typed_int32_array(), 4),
            Some(Some(TypedArrayKind::Uint32)) => (constructors.typed_uint32_array(), 4),
            Some(Some(TypedArrayKind::BigInt64)) => (constructors.typed_bigint64_array(), 8),
            Some(Some(TypedArrayKind::BigUint64)) => (constructors.typed_biguint64_array(), 8),
            Some(Some(TypedArrayKind::Float32)) => (constructors.typed_float32_array(), 4),
            Some(Some(TypedArrayKind::Float64)) => (constructors.typed_float64_array(), 8),
            Some(_) => return Err(refuse("an array of this kind can't be cloned", self.context)),
        };
        let constructor = constructor.constructor();
        let arguments = [buffer, JsValue::from(window.offset), JsValue::from(window.length / width)];
        let clone = constructor.construct(&arguments, None, self.context)?;
        self.made.insert(object.clone(), clone.clone());
        Ok(clone)
    }

    /// Errors keep their name out of the standard's list, message, stack and cause.
    fn error(&mut self, object: &JsObject) -> JsResult<JsObject> {
        let name = object.get(js_string!("name"), self.context)?;
        let name = if name.is_undefined() { js_string!("Error") } else { name.to_string(self.context)? };
        let message = match own_value(object, js_string!("message")) {
            Some(message) => Some(message.to_string(self.context)?),
            None => None,
        };
        let clone = match self.exception_prototype(object) {
            Some(_) => {
                let message = message.unwrap_or_default().to_std_string_lossy();
                let exception = dom_exception::make(&name.to_std_string_lossy(), &message, self.context)?;
                exception.to_object(self.context)?
            }
            None => self.plain_error(&name.to_std_string_lossy(), message)?,
        };
        self.made.insert(object.clone(), clone.clone());
        let stack = object.get(js_string!("stack"), self.context)?;
        if stack.is_string() {
            hide(&clone, js_string!("stack"), stack, self.context)?;
        }
        if let Some(cause) = own_value(object, js_string!("cause")) {
            let cause = self.value(&cause)?;
            hide(&clone, js_string!("cause"), cause, self.context)?;
        }
        Ok(clone)
    }

    /// The prototype that makes `object` a DOMException, if it is one.
    fn exception_prototype(&self, object: &JsObject) -> Option<JsObject> {
        let prototype = self.context.realm().get_class::<DomException>()?.prototype();
        let own = object.prototype()?;
        JsObject::equals(&own, &prototype).then_some(prototype)
    }

    fn plain_error(&mut self, name: &str, message: Option<JsString>) -> JsResult<JsObject> {
        let constructors = self.context.intrinsics().constructors();
        let constructor = match ERRORS.iter().position(|known| *known == name) {
            Some(0) => constructors.eval_error(),
            Some(1) => constructors.range_error(),
            Some(2) => constructors.reference_error(),
            Some(3) => constructors.syntax_error(),
            Some(4) => constructors.type_error(),
            Some(5) => constructors.uri_error(),
            _ => constructors.error(),
        };
        let constructor = constructor.constructor();
        let arguments: Vec<JsValue> = message.into_iter().map(JsValue::from).collect();
        constructor.construct(&arguments, None, self.context)
    }
}

/// The value of an own data property; accessors have none here.
fn own_value(object: &JsObject, key: JsString) -> Option<JsValue> {
    let property = object.borrow().properties().get(&PropertyKey::from(key))?;
    property.value().cloned()
}

fn hide(object: &JsObject, key: JsString, value: JsValue, context: &mut Context) -> JsResult<()> {
    let property = PropertyDescriptor::builder().value(value).writable(true).configurable(true).enumerable(false);
    object.define_property_or_throw(key, property, context).map(drop)
}
