//! `DisposableStack`, `AsyncDisposableStack` and `SuppressedError`.
//!
//! See <https://tc39.es/proposal-explicit-resource-management/>.

use boa_gc::{Finalize, Trace};

use crate::{
    Context, JsArgs, JsData, JsError, JsNativeError, JsObject, JsResult, JsString, JsValue, NativeFunction,
    builtins::error::{Error, ErrorKind},
    js_string,
    object::{FunctionObjectBuilder, JsFunction, builtins::JsPromise},
    property::PropertyDescriptor,
    symbol::JsSymbol,
};

type Native = fn(&JsValue, &[JsValue], &mut Context) -> JsResult<JsValue>;

/// What is done for a resource when the stack is disposed of.
#[derive(Debug, Clone, Trace, Finalize)]
enum Resource {
    /// The method is called on the value.
    Use(JsValue, JsObject),
    /// The function is called with the value.
    Adopt(JsValue, JsObject),
    Defer(JsObject),
    /// `null` or `undefined`, for which an asynchronous stack waits a turn.
    Nothing,
}

impl Resource {
    fn dispose(&self, context: &mut Context) -> JsResult<JsValue> {
        match self {
            Self::Use(value, method) => method.call(value, &[], context),
            Self::Adopt(value, function) => function.call(&JsValue::undefined(), std::slice::from_ref(value), context),
            Self::Defer(function) => function.call(&JsValue::undefined(), &[], context),
            Self::Nothing => Ok(JsValue::undefined()),
        }
    }
}

/// The slots of both kinds of stacks.
#[derive(Debug, Trace, Finalize, JsData)]
struct Stack {
    asynchronous: bool,
    disposed: bool,
    resources: Vec<Resource>,
}

/// A disposal that waits for promises.
#[derive(Debug, Trace, Finalize, JsData)]
struct Disposal {
    resources: Vec<Resource>,
    thrown: Option<JsValue>,
    resolve: JsFunction,
    reject: JsFunction,
}

/// Puts the three constructors into the global object.
pub(crate) fn define(context: &mut Context) -> JsResult<()> {
    let suppressed = constructor("SuppressedError", 3, suppressed_error, context);
    let error = context.intrinsics().constructors().error().clone();
    suppressed.set_prototype(Some(error.constructor()));
    let prototype = prototype_of(&suppressed, context)?;
    prototype.set_prototype(Some(error.prototype()));
    hidden(&prototype, js_string!("name"), js_string!("SuppressedError").into(), context)?;
    hidden(&prototype, js_string!("message"), js_string!("").into(), context)?;
    let global = context.global_object();
    hidden(&global, js_string!("SuppressedError"), suppressed.into(), context)?;

    let kinds: [(&str, Native, [(&str, usize, Native); 5], JsSymbol); 2] = [
        (
            "DisposableStack",
            new_stack::<false>,
            [
                ("use", 1, use_resource::<false>),
                ("adopt", 2, adopt::<false>),
                ("defer", 1, defer::<false>),
                ("move", 0, move_resources::<false>),
                ("dispose", 0, dispose),
            ],
            JsSymbol::dispose(),
        ),
        (
            "AsyncDisposableStack",
            new_stack::<true>,
            [
                ("use", 1, use_resource::<true>),
                ("adopt", 2, adopt::<true>),
                ("defer", 1, defer::<true>),
                ("move", 0, move_resources::<true>),
                ("disposeAsync", 0, dispose_async),
            ],
            JsSymbol::async_dispose(),
        ),
    ];
    for (name, new, methods, symbol) in kinds {
        let stack = constructor(name, 0, new, context);
        let prototype = prototype_of(&stack, context)?;
        for (name, length, method) in methods {
            let method = function(name, length, method, context);
            hidden(&prototype, js_string!(name), method.clone().into(), context)?;
            if name.starts_with("dispose") {
                hidden(&prototype, symbol.clone(), method.into(), context)?;
            }
        }
        let is_async = name.starts_with("Async");
        let disposed = function("get disposed", 0, if is_async { disposed::<true> } else { disposed::<false> }, context);
        let disposed = PropertyDescriptor::builder().get(disposed).enumerable(false).configurable(true);
        prototype.define_property_or_throw(js_string!("disposed"), disposed, context)?;
        let tag = PropertyDescriptor::builder().value(js_string!(name)).writable(false).enumerable(false).configurable(true);
        prototype.define_property_or_throw(JsSymbol::to_string_tag(), tag, context)?;
        hidden(&global, js_string!(name), stack.into(), context)?;
    }
    Ok(())
}

fn function(name: &str, length: usize, body: Native, context: &mut Context) -> JsFunction {
    FunctionObjectBuilder::new(context.realm(), NativeFunction::from_fn_ptr(body)).name(js_string!(name)).length(length).build()
}

/// A constructor with a prototype of its own.
fn constructor(name: &str, length: usize, body: Native, context: &mut Context) -> JsFunction {
    let constructor = FunctionObjectBuilder::new(context.realm(), NativeFunction::from_fn_ptr(body))
        .name(js_string!(name))
        .length(length)
        .constructor(true)
        .build();
    let prototype = JsObject::with_object_proto(context.intrinsics());
    // Neither of the two definitions can fail: both objects are new.
    let _ = hidden(&prototype, js_string!("constructor"), constructor.clone().into(), context);
    let property = PropertyDescriptor::builder().value(prototype).writable(false).enumerable(false).configurable(false);
    let _ = constructor.define_property_or_throw(js_string!("prototype"), property, context);
    constructor
}

fn prototype_of(constructor: &JsObject, context: &mut Context) -> JsResult<JsObject> {
    let prototype = constructor.get(js_string!("prototype"), context)?;
    prototype.as_object().ok_or_else(|| type_error("the constructor has no prototype"))
}

fn hidden(
    object: &JsObject,
    key: impl Into<crate::property::PropertyKey>,
    value: JsValue,
    context: &mut Context,
) -> JsResult<()> {
    let property = PropertyDescriptor::builder().value(value).writable(true).enumerable(false).configurable(true);
    object.define_property_or_throw(key, property, context).map(drop)
}

fn type_error(message: impl Into<std::borrow::Cow<'static, str>>) -> JsError {
    JsNativeError::typ().with_message(message).into()
}

/// The prototype for what `new` makes, or an error where there was no `new`.
fn new_prototype(new_target: &JsValue, name: &str, context: &mut Context) -> JsResult<JsObject> {
    let Some(target) = new_target.as_object() else {
        return Err(type_error(format!("Constructor {name} requires 'new'")));
    };
    if let Some(prototype) = target.get(js_string!("prototype"), context)?.as_object() {
        return Ok(prototype);
    }
    let usual = context.global_object().get(js_string!(name), context)?;
    match usual.as_object() {
        Some(usual) => prototype_of(&usual, context),
        None => Ok(context.intrinsics().constructors().object().prototype()),
    }
}

fn suppressed_error(new_target: &JsValue, args: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    // It may be called without `new`, as all errors.
    let prototype = if new_target.is_undefined() {
        let usual = context.global_object().get(js_string!("SuppressedError"), context)?;
        new_prototype(&usual, "SuppressedError", context)?
    } else {
        new_prototype(new_target, "SuppressedError", context)?
    };
    let error = Error::with_caller_position(ErrorKind::Error, context);
    let error = JsObject::from_proto_and_data_with_shared_shape(context.root_shape(), prototype, error).upcast();
    let message = args.get_or_undefined(2);
    if !message.is_undefined() {
        let message = message.to_string(context)?;
        hidden(&error, js_string!("message"), message.into(), context)?;
    }
    hidden(&error, js_string!("error"), args.get_or_undefined(0).clone(), context)?;
    hidden(&error, js_string!("suppressed"), args.get_or_undefined(1).clone(), context)?;
    Ok(error.into())
}

/// What is thrown when disposing throws, after something else has been thrown.
pub(crate) fn suppressed(error: JsValue, suppressed: JsValue, context: &mut Context) -> JsResult<JsValue> {
    let message: JsString = js_string!("An error was suppressed during disposal");
    suppressed_error(&JsValue::undefined(), &[error, suppressed, message.into()], context)
}

/// Adds an error to what was thrown before.
fn with_error(thrown: Option<JsValue>, error: JsError, context: &mut Context) -> JsResult<JsValue> {
    // What ends the script is not for it to handle.
    if error.as_engine().is_some() {
        return Err(error);
    }
    let error = error.into_opaque(context)?;
    match thrown {
        Some(before) => suppressed(error, before, context),
        None => Ok(error),
    }
}

fn new_stack<const ASYNC: bool>(new_target: &JsValue, _: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let prototype = new_prototype(new_target, name(ASYNC), context)?;
    let stack = Stack { asynchronous: ASYNC, disposed: false, resources: Vec::new() };
    Ok(JsObject::from_proto_and_data(prototype, stack).into())
}

fn name(asynchronous: bool) -> &'static str {
    if asynchronous { "AsyncDisposableStack" } else { "DisposableStack" }
}

fn stack_of(this: &JsValue, asynchronous: bool) -> JsResult<JsObject<Stack>> {
    let stack = this.as_object().and_then(|object| object.downcast::<Stack>().ok());
    let stack = stack.filter(|stack| stack.borrow().data().asynchronous == asynchronous);
    stack.ok_or_else(|| type_error(format!("the receiver is no {}", name(asynchronous))))
}

/// The stack, if nothing has been disposed of yet.
fn open_stack(this: &JsValue, asynchronous: bool) -> JsResult<JsObject<Stack>> {
    let stack = stack_of(this, asynchronous)?;
    if stack.borrow().data().disposed {
        let message = format!("{} has already been disposed", name(asynchronous));
        return Err(JsNativeError::reference().with_message(message).into());
    }
    Ok(stack)
}

fn disposed<const ASYNC: bool>(this: &JsValue, _: &[JsValue], _: &mut Context) -> JsResult<JsValue> {
    Ok(stack_of(this, ASYNC)?.borrow().data().disposed.into())
}

fn use_resource<const ASYNC: bool>(this: &JsValue, args: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let stack = open_stack(this, ASYNC)?;
    let value = args.get_or_undefined(0).clone();
    let resource = if value.is_null_or_undefined() {
        ASYNC.then_some(Resource::Nothing)
    } else {
        if !value.is_object() {
            return Err(type_error("a resource is an object"));
        }
        let mut method = None;
        if ASYNC {
            method = value.get_method(JsSymbol::async_dispose(), context)?;
        }
        if method.is_none() {
            method = value.get_method(JsSymbol::dispose(), context)?;
        }
        let missing = if ASYNC { "Symbol.asyncDispose" } else { "Symbol.dispose" };
        let method = method.ok_or_else(|| type_error(format!("the resource has no method {missing}")))?;
        Some(Resource::Use(value.clone(), method))
    };
    stack.borrow_mut().data_mut().resources.extend(resource);
    Ok(value)
}

fn adopt<const ASYNC: bool>(this: &JsValue, args: &[JsValue], _: &mut Context) -> JsResult<JsValue> {
    let stack = open_stack(this, ASYNC)?;
    let value = args.get_or_undefined(0).clone();
    let function = args.get_or_undefined(1).as_callable().ok_or_else(|| crate::vm::call_site::not_a_function(args.get_or_undefined(1)))?;
    stack.borrow_mut().data_mut().resources.push(Resource::Adopt(value.clone(), function));
    Ok(value)
}

fn defer<const ASYNC: bool>(this: &JsValue, args: &[JsValue], _: &mut Context) -> JsResult<JsValue> {
    let stack = open_stack(this, ASYNC)?;
    let function = args.get_or_undefined(0).as_callable().ok_or_else(|| crate::vm::call_site::not_a_function(args.get_or_undefined(0)))?;
    stack.borrow_mut().data_mut().resources.push(Resource::Defer(function));
    Ok(JsValue::undefined())
}

fn move_resources<const ASYNC: bool>(this: &JsValue, _: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let stack = open_stack(this, ASYNC)?;
    let usual = context.global_object().get(js_string!(name(ASYNC)), context)?;
    let prototype = new_prototype(&usual, name(ASYNC), context)?;
    let resources = std::mem::take(&mut stack.borrow_mut().data_mut().resources);
    stack.borrow_mut().data_mut().disposed = true;
    Ok(JsObject::from_proto_and_data(prototype, Stack { asynchronous: ASYNC, disposed: false, resources }).into())
}

fn dispose(this: &JsValue, _: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let stack = stack_of(this, false)?;
    if std::mem::replace(&mut stack.borrow_mut().data_mut().disposed, true) {
        return Ok(JsValue::undefined());
    }
    let resources = std::mem::take(&mut stack.borrow_mut().data_mut().resources);
    let mut thrown = None;
    for resource in resources.iter().rev() {
        if let Err(error) = resource.dispose(context) {
            thrown = Some(with_error(thrown, error, context)?);
        }
    }
    match thrown {
        Some(thrown) => Err(JsError::from_opaque(thrown)),
        None => Ok(JsValue::undefined()),
    }
}

fn dispose_async(this: &JsValue, _: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let (promise, functions) = JsPromise::new_pending(context);
    let resources = match stack_of(this, true) {
        Ok(stack) => {
            let mut stack = stack.borrow_mut();
            stack.data_mut().disposed = true;
            std::mem::take(&mut stack.data_mut().resources)
        }
        Err(error) => {
            let error = error.into_opaque(context)?;
            functions.reject.call(&JsValue::undefined(), &[error], context)?;
            return Ok(promise.into());
        }
    };
    let disposal = Disposal { resources, thrown: None, resolve: functions.resolve, reject: functions.reject };
    let disposal = JsObject::from_proto_and_data_with_shared_shape(context.root_shape(), None, disposal);
    go_on(&disposal, context)?;
    Ok(promise.into())
}

/// Disposes of what is left, up to the first resource that is waited for.
fn go_on(disposal: &JsObject<Disposal>, context: &mut Context) -> JsResult<()> {
    loop {
        let resource = disposal.borrow_mut().data_mut().resources.pop();
        let Some(resource) = resource else {
            let (thrown, resolve, reject) = {
                let disposal = disposal.borrow();
                let disposal = disposal.data();
                (disposal.thrown.clone(), disposal.resolve.clone(), disposal.reject.clone())
            };
            match thrown {
                Some(thrown) => reject.call(&JsValue::undefined(), &[thrown], context)?,
                None => resolve.call(&JsValue::undefined(), &[], context)?,
            };
            return Ok(());
        };
        let awaited = resource.dispose(context).and_then(|value| JsPromise::resolve(value, context));
        match awaited {
            Ok(promise) => {
                let settled = |failed: bool, context: &mut Context| {
                    let body = NativeFunction::from_copy_closure_with_captures(
                        move |_, args, disposal: &JsObject<Disposal>, context| {
                            if failed {
                                add_error(disposal, JsError::from_opaque(args.get_or_undefined(0).clone()), context)?;
                            }
                            go_on(disposal, context)?;
                            Ok(JsValue::undefined())
                        },
                        disposal.clone(),
                    );
                    FunctionObjectBuilder::new(context.realm(), body).length(1).build()
                };
                let (done, failed) = (settled(false, context), settled(true, context));
                promise.then(Some(done), Some(failed), context)?;
                return Ok(());
            }
            Err(error) => add_error(disposal, error, context)?,
        }
    }
}

fn add_error(disposal: &JsObject<Disposal>, error: JsError, context: &mut Context) -> JsResult<()> {
    let before = disposal.borrow_mut().data_mut().thrown.take();
    let thrown = with_error(before, error, context)?;
    disposal.borrow_mut().data_mut().thrown = Some(thrown);
    Ok(())
}
