//! How native classes are declared, found and told apart.

use boa_engine::class::{Class, ClassBuilder};
use boa_engine::context::intrinsics::StandardConstructor;
use boa_engine::object::builtins::JsFunction;
use boa_engine::object::{FunctionObjectBuilder, JsObject};
use boa_engine::property::Attribute;
use boa_engine::{Context, JsError, JsNativeError, JsResult, JsString, JsSymbol, JsValue, NativeFunction};

use super::MEMBER;

/// A native function.
pub(in crate::engine) type Native = fn(&JsValue, &[JsValue], &mut Context) -> JsResult<JsValue>;

/// A class that is built when it is first needed.
pub(super) trait WebClass: Class {
    /// What it inherits from.
    fn parent(_context: &mut Context) -> JsResult<Option<StandardConstructor>> {
        Ok(None)
    }
}

/// The class, built if it was not.
pub(super) fn class<C: WebClass>(context: &mut Context) -> JsResult<StandardConstructor> {
    if let Some(class) = context.realm().get_class::<C>() {
        return Ok(class);
    }
    let parent = C::parent(context)?;
    let mut builder = ClassBuilder::new::<C>(context);
    builder.property(JsSymbol::to_string_tag(), JsString::from(C::NAME), Attribute::CONFIGURABLE);
    C::init(&mut builder)?;
    let class = builder.build();
    if let Some(parent) = parent {
        class.prototype().set_prototype(Some(parent.prototype()));
        class.constructor().set_prototype(Some(parent.constructor()));
    }
    context.realm().register_class::<C>(class.clone());
    Ok(class)
}

/// The constructor of the class, as a value.
pub(super) fn constructor<C: WebClass>(context: &mut Context) -> JsResult<JsValue> {
    Ok(class::<C>(context)?.constructor().into())
}

/// An instance of the class that no script constructed.
pub(super) fn instance<C: WebClass>(data: C, context: &mut Context) -> JsResult<JsObject> {
    let prototype = class::<C>(context)?.prototype();
    Ok(JsObject::new(context.root_shape(), prototype, data).upcast())
}

/// A member was called on `this`, which must be an instance of the class.
pub(in crate::engine) fn receiver<C: Class>(this: &JsValue) -> JsResult<JsObject<C>> {
    instance_of(this).ok_or_else(|| type_error(format!("Illegal invocation: this is no {}", C::NAME)))
}

/// `value` when it is an instance of the class.
pub(super) fn instance_of<C: Class>(value: &JsValue) -> Option<JsObject<C>> {
    value.as_object()?.downcast::<C>().ok()
}

/// For constructors that scripts may not call.
pub(super) fn illegal_constructor<C>() -> JsResult<C> {
    Err(type_error("Illegal constructor"))
}

/// A `TypeError`.
pub(in crate::engine) fn type_error(message: impl Into<std::borrow::Cow<'static, str>>) -> JsError {
    JsNativeError::typ().with_message(message).into()
}

/// A function object that is no constructor.
pub(in crate::engine) fn function(name: &str, length: usize, body: Native, context: &mut Context) -> JsFunction {
    let function = FunctionObjectBuilder::new(context.realm(), NativeFunction::from_fn_ptr(body));
    function.name(JsString::from(name)).length(length).build()
}

/// Short words for the members of a class.
pub(super) trait Members {
    /// A property that can be read.
    fn get(&mut self, name: &'static str, get: Native) -> &mut Self;
    /// A property that can be read and written.
    fn get_set(&mut self, name: &'static str, get: Native, set: Native) -> &mut Self;
    /// A method.
    fn call(&mut self, name: &'static str, length: usize, body: Native) -> &mut Self;
    /// A static method.
    fn call_static(&mut self, name: &'static str, length: usize, body: Native) -> &mut Self;
    /// A constant of the class and of its instances.
    fn constant(&mut self, name: &'static str, value: u16) -> &mut Self;
}

impl Members for ClassBuilder<'_> {
    fn get(&mut self, name: &'static str, get: Native) -> &mut Self {
        let get = function(&format!("get {name}"), 0, get, self.context());
        self.accessor(JsString::from(name), Some(get), None, Attribute::ENUMERABLE | Attribute::CONFIGURABLE)
    }

    fn get_set(&mut self, name: &'static str, get: Native, set: Native) -> &mut Self {
        let get = function(&format!("get {name}"), 0, get, self.context());
        let set = function(&format!("set {name}"), 1, set, self.context());
        self.accessor(JsString::from(name), Some(get), Some(set), Attribute::ENUMERABLE | Attribute::CONFIGURABLE)
    }

    fn call(&mut self, name: &'static str, length: usize, body: Native) -> &mut Self {
        let body = function(name, length, body, self.context());
        self.property(JsString::from(name), body, MEMBER)
    }

    fn call_static(&mut self, name: &'static str, length: usize, body: Native) -> &mut Self {
        let body = function(name, length, body, self.context());
        self.static_property(JsString::from(name), body, MEMBER)
    }

    fn constant(&mut self, name: &'static str, value: u16) -> &mut Self {
        self.property(JsString::from(name), value, Attribute::ENUMERABLE);
        self.static_property(JsString::from(name), value, Attribute::ENUMERABLE)
    }
}
