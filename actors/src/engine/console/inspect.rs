//! Values for people, bounded in depth, width and length. No code of the script runs but for an error's own text.

use std::fmt::Write;

use boa_engine::builtins::promise::PromiseState;
use boa_engine::object::builtins::{JsArrayBuffer, JsDate, JsMap, JsPromise, JsProxy, JsRegExp, JsSet, JsTypedArray};
use boa_engine::property::PropertyKey;
use boa_engine::value::JsVariant;
use boa_engine::{js_string, Context, JsBigInt, JsObject, JsString, JsValue};

use super::super::errors;

/// Objects inside of objects are shown this deep.
const MAX_DEPTH: usize = 4;

/// Members of one object that are shown.
const MAX_MEMBERS: usize = 100;

/// Prototype chains longer than this are not searched.
const MAX_PROTOTYPES: usize = 64;

/// A value as an argument of its own: text stands for itself.
pub(super) fn shown(value: &JsValue, limit: usize, context: &mut Context) -> String {
    match value.as_string() {
        Some(text) => text.to_std_string_lossy(),
        None => inspected(value, limit, context),
    }
}

/// A value as part of another: text is quoted.
pub(super) fn inspected(value: &JsValue, limit: usize, context: &mut Context) -> String {
    let mut inspector = Inspector { out: String::new(), limit, open: Vec::new(), context };
    inspector.value(value);
    inspector.out
}

struct Inspector<'a> {
    out: String,
    limit: usize,
    /// The objects that contain what is shown now.
    open: Vec<JsObject>,
    context: &'a mut Context,
}

impl Inspector<'_> {
    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn value(&mut self, value: &JsValue) {
        match value.variant() {
            JsVariant::String(text) => self.quoted(&text.to_std_string_lossy()),
            JsVariant::BigInt(number) => self.push(&format!("{number}n")),
            JsVariant::Object(object) => self.object(&object),
            JsVariant::Float64(number) if number == 0.0 && number.is_sign_negative() => self.push("-0"),
            _ => self.push(&value.display().to_string()),
        }
    }

    fn quoted(&mut self, text: &str) {
        let end = text.floor_char_boundary(self.limit);
        let _ = write!(self.out, "'{}'", text[..end].replace('\\', "\\\\").replace('\'', "\\'"));
    }

    fn object(&mut self, object: &JsObject) {
        if self.open.iter().any(|open| JsObject::equals(open, object)) {
            return self.push("[Circular]");
        }
        if JsProxy::from_object(object.clone()).is_ok() {
            return self.push("[Proxy]");
        }
        if self.open.len() >= MAX_DEPTH {
            let name = self.class_name(object);
            return self.push(&format!("[{name}]"));
        }
        self.open.push(object.clone());
        self.by_class(object);
        self.open.pop();
    }

    fn by_class(&mut self, object: &JsObject) {
        if object.is_callable() {
            let name = text_of(own_value(object, js_string!("name"))).filter(|name| !name.is_empty());
            self.push(&format!("[Function: {}]", name.as_deref().unwrap_or("(anonymous)")));
            return self.members(object, "", false);
        }
        if errors::is_error(&object.clone().into()) {
            return self.error(object);
        }
        if object.is_array() {
            return self.array(object);
        }
        if let Ok(map) = JsMap::from_object(object.clone()) {
            return self.map(&map);
        }
        if let Ok(set) = JsSet::from_object(object.clone()) {
            return self.set(&set);
        }
        if let Some(text) = self.leaf(object) {
            return self.push(&text);
        }
        let name = self.class_name(object);
        self.members(object, if name == "Object" { "" } else { &name }, true);
    }

    /// Objects that are shown by one text.
    fn leaf(&mut self, object: &JsObject) -> Option<String> {
        if let Ok(date) = JsDate::from_object(object.clone()) {
            let text = date.to_iso_string(self.context).ok().and_then(|text| text.as_string());
            return Some(text.map_or_else(|| "Invalid Date".to_owned(), |text| text.to_std_string_lossy()));
        }
        if let Ok(regexp) = JsRegExp::from_object(object.clone()) {
            return regexp.to_string(self.context).ok();
        }
        if let Ok(array) = JsTypedArray::from_object(object.clone()) {
            return self.typed_array(object, &array);
        }
        if let Ok(buffer) = JsArrayBuffer::from_object(object.clone()) {
            let length = buffer.data().map(|data| data.len());
            return Some(match length {
                Some(length) => format!("ArrayBuffer {{ byteLength: {length} }}"),
                None => "ArrayBuffer { (detached) }".to_owned(),
            });
        }
        if let Ok(promise) = JsPromise::from_object(object.clone()) {
            let state = match promise.state() {
                PromiseState::Pending => "pending",
                PromiseState::Fulfilled(_) => "fulfilled",
                PromiseState::Rejected(_) => "rejected",
            };
            return Some(format!("Promise {{ <{state}> }}"));
        }
        let number = object.downcast_ref::<f64>().map(|number| format!("[Number: {}]", *number));
        let boolean = || object.downcast_ref::<bool>().map(|value| format!("[Boolean: {}]", *value));
        let text =
            || object.downcast_ref::<JsString>().map(|text| format!("[String: '{}']", text.to_std_string_lossy()));
        let big = || object.downcast_ref::<JsBigInt>().map(|number| format!("[BigInt: {}n]", *number));
        number.or_else(boolean).or_else(text).or_else(big)
    }

    fn typed_array(&mut self, object: &JsObject, array: &JsTypedArray) -> Option<String> {
        let length = array.length(self.context).ok()?;
        let mut text = format!("{}({length}) [", self.class_name(object));
        for index in 0..length.min(MAX_MEMBERS) {
            let value = object.get(index, self.context).ok()?;
            let _ = write!(text, "{}{}", if index == 0 { " " } else { ", " }, value.display());
        }
        if length > MAX_MEMBERS {
            let _ = write!(text, ", … {} more", length - MAX_MEMBERS);
        }
        Some(text + " ]")
    }

    /// Name and message, the stack, and what else the error has of its own.
    fn error(&mut self, object: &JsObject) {
        let value = JsValue::from(object.clone());
        let head = value.to_string(self.context).map_or_else(|_| "Error".to_owned(), |text| text.to_std_string_lossy());
        self.push(&head);
        if let Some(stack) = errors::text_property(object, "stack", self.context) {
            let stack = stack.strip_prefix(&head).unwrap_or(&stack);
            let stack = stack.trim_matches('\n');
            if !stack.is_empty() {
                self.push(&format!("\n{}", stack.trim_end()));
            }
        }
        self.members(object, "", false);
        if let Some(cause) = own_value(object, js_string!("cause")) {
            self.push(" [cause]: ");
            self.value(&cause);
        }
    }

    fn array(&mut self, array: &JsObject) {
        let length = own_value(array, js_string!("length")).and_then(|length| length.as_number()).unwrap_or_default();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the length of an array is a u32")]
        let length = length as u32;
        let mut first = true;
        self.push("[");
        let mut holes = 0;
        let mut members = 0;
        for index in 0..length {
            if members >= MAX_MEMBERS || self.out.len() > self.limit || holes > 10 * MAX_MEMBERS {
                self.separate(&mut first);
                self.push(&format!("… {} more", length - index));
                holes = 0;
                break;
            }
            let property = array.borrow().properties().get(&PropertyKey::from(index));
            let Some(property) = property else {
                holes += 1;
                continue;
            };
            self.holes(&mut holes, &mut first);
            self.separate(&mut first);
            match property.value() {
                Some(value) => self.value(value),
                None => self.push("[Getter]"),
            }
            members += 1;
        }
        self.holes(&mut holes, &mut first);
        self.push(if first { "]" } else { " ]" });
    }

    fn holes(&mut self, holes: &mut usize, first: &mut bool) {
        if *holes > 0 {
            self.separate(first);
            self.push(&format!("<{holes} empty>"));
            *holes = 0;
        }
    }

    fn map(&mut self, map: &JsMap) {
        let mut entries = Vec::new();
        let _ = map.for_each_native(|key, value| {
            entries.push((key, value));
            Ok(())
        });
        self.push(&format!("Map({}) {{", entries.len()));
        let mut first = true;
        for (position, (key, value)) in entries.iter().enumerate() {
            self.separate(&mut first);
            if position >= MAX_MEMBERS || self.out.len() > self.limit {
                self.push(&format!("… {} more", entries.len() - position));
                break;
            }
            self.value(key);
            self.push(" => ");
            self.value(value);
        }
        self.push(if first { "}" } else { " }" });
    }

    fn set(&mut self, set: &JsSet) {
        let mut values = Vec::new();
        let _ = set.for_each_native(|value| {
            values.push(value);
            Ok(())
        });
        self.push(&format!("Set({}) {{", values.len()));
        let mut first = true;
        for (position, value) in values.iter().enumerate() {
            self.separate(&mut first);
            if position >= MAX_MEMBERS || self.out.len() > self.limit {
                self.push(&format!("… {} more", values.len() - position));
                break;
            }
            self.value(value);
        }
        self.push(if first { "}" } else { " }" });
    }

    /// The own enumerable properties in braces; nothing for none when they only come on top of something else.
    fn members(&mut self, object: &JsObject, name: &str, braces: bool) {
        let keys = object.own_property_keys(self.context).unwrap_or_default();
        let mut first = true;
        for (position, key) in keys.iter().enumerate() {
            let property = object.borrow().properties().get(key);
            let Some(property) = property.filter(|property| property.enumerable() == Some(true)) else { continue };
            if first {
                let before = if self.out.is_empty() || braces { "" } else { " " };
                let between = if name.is_empty() { "" } else { " " };
                self.push(&format!("{before}{name}{between}{{"));
            }
            self.separate(&mut first);
            if position >= MAX_MEMBERS || self.out.len() > self.limit {
                self.push(&format!("… {} more", keys.len() - position));
                break;
            }
            self.push(&format!("{key}: "));
            match property.value() {
                Some(value) => self.value(value),
                None => self.push("[Getter]"),
            }
        }
        match (first, braces) {
            (false, _) => self.push(" }"),
            (true, true) => self.push(&if name.is_empty() { "{}".to_owned() } else { format!("{name} {{}}") }),
            (true, false) => {}
        }
    }

    fn separate(&mut self, first: &mut bool) {
        self.push(if *first { " " } else { ", " });
        *first = false;
    }

    /// The name of the class that made the object, as far as data properties tell it.
    fn class_name(&self, object: &JsObject) -> String {
        let mut prototype = object.prototype();
        for _ in 0..MAX_PROTOTYPES {
            let Some(found) = prototype else { return "[Object: null prototype]".to_owned() };
            let constructor = own_value(&found, js_string!("constructor")).and_then(|value| value.as_object());
            if let Some(name) = constructor.and_then(|class| text_of(own_value(&class, js_string!("name")))) {
                return name;
            }
            prototype = found.prototype();
        }
        "Object".to_owned()
    }
}

/// The value of an own data property.
pub(super) fn own_value(object: &JsObject, key: JsString) -> Option<JsValue> {
    let property = object.borrow().properties().get(&PropertyKey::from(key))?;
    property.value().cloned()
}

fn text_of(value: Option<JsValue>) -> Option<String> {
    value?.as_string().map(|text| text.to_std_string_lossy())
}
