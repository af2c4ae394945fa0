//! The global `madrpc`: what a script registers with and calls others by (PROTOCOL, section 5).

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use boa_engine::builtins::promise::ResolvingFunctions;
use boa_engine::gc::GcRefCell;
use boa_engine::object::builtins::{JsFunction, JsPromise};
use boa_engine::object::{FunctionObjectBuilder, JsObject, ObjectInitializer};
use boa_engine::property::Attribute;
use boa_engine::{
    js_string, Context, Finalize, JsArgs, JsData, JsError, JsNativeError, JsResult, JsString, JsValue, NativeFunction,
    Source, Trace,
};

use super::host::{Api, CallOptions, Failure, Host, Invocation, Method, OutgoingCall, PendingCall, Wanted};
use super::json_writer::Intrinsics;
use super::web::{self, AbortSignal, Algorithm};
use super::{errors, events, heap, json_reader, json_writer, map, notify, streams, wait_until};
use crate::protocol::method::is_reserved;
use crate::protocol::IdempotencyKey;
use crate::protocol::{CallError, JsonText, MethodInfo};

/// Longest method name, in bytes.
const MAX_NAME: usize = 256;

/// Methods that one node may register.
const MAX_METHODS: usize = 1_000;

/// `madrpc.RpcError` is plain JavaScript, so that scripts can extend it like any class.
const RPC_ERROR: &str = r"(class RpcError extends Error {
    constructor(code, message, data) {
        if (!Number.isSafeInteger(code)) throw new TypeError('the code of an RpcError is an integer');
        super(message === undefined ? '' : message);
        Object.defineProperty(this, 'code', { value: code, enumerable: true, configurable: true, writable: true });
        if (data !== undefined) {
            Object.defineProperty(this, 'data', { value: data, enumerable: true, configurable: true, writable: true });
        }
    }
    get name() { return 'RpcError'; }
})";

/// Sets up the context: `madrpc`, and the objects that the engine itself needs.
pub(super) fn install(host: &Host, context: &mut Context) -> JsResult<()> {
    let rpc_error = context.eval(Source::from_bytes(RPC_ERROR))?;
    let rpc_error = rpc_error.as_object().ok_or_else(|| type_error("RpcError is no class"))?;
    let prototype = rpc_error.get(js_string!("prototype"), context)?;
    let prototype = prototype.as_object().ok_or_else(|| type_error("RpcError has no prototype"))?;
    let madrpc = ObjectInitializer::new(context)
        .function(NativeFunction::from_fn_ptr(register), js_string!("register"), 2)
        .function(NativeFunction::from_fn_ptr(call), js_string!("call"), 2)
        .function(NativeFunction::from_fn_ptr(call_sync), js_string!("callSync"), 2)
        .function(NativeFunction::from_fn_ptr(notify::notify), js_string!("notify"), 2)
        .function(NativeFunction::from_fn_ptr(events::publish), js_string!("publish"), 2)
        .function(NativeFunction::from_fn_ptr(events::subscribe), js_string!("subscribe"), 2)
        .function(NativeFunction::from_fn_ptr(streams::stream), js_string!("stream"), 2)
        .function(NativeFunction::from_fn_ptr(map::map), js_string!("map"), 2)
        .property(js_string!("RpcError"), rpc_error.clone(), Attribute::READONLY | Attribute::ENUMERABLE)
        .build();
    context.register_global_property(js_string!("madrpc"), madrpc, Attribute::WRITABLE | Attribute::CONFIGURABLE)?;
    let api = Api {
        intrinsics: Intrinsics::of(context)?,
        rpc_error,
        rpc_error_prototype: prototype,
        ctx_prototype: ctx_prototype(context),
        on_fulfilled: native(context, on_fulfilled),
        on_rejected: native(context, on_rejected),
        on_awaited: native(context, wait_until::on_awaited),
        on_awaited_rejected: native(context, wait_until::on_awaited_rejected),
    };
    host.set_api(api);
    Ok(())
}

type Native = fn(&JsValue, &[JsValue], &mut Context) -> JsResult<JsValue>;

fn native(context: &mut Context, function: Native) -> JsFunction {
    FunctionObjectBuilder::new(context.realm(), NativeFunction::from_fn_ptr(function)).build()
}

fn type_error(message: impl Into<std::borrow::Cow<'static, str>>) -> JsError {
    JsNativeError::typ().with_message(message).into()
}

// ---- register -------------------------------------------------------------------------------------------------------

fn register(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let host = Host::of(context)?;
    if let Some(wanted) = host.wanted.borrow_mut().as_mut() {
        return register_for_one_call(wanted, arguments);
    }
    if !host.loading.get() {
        return Err(type_error("madrpc.register works only while the script loads"));
    }
    let name = arguments.get_or_undefined(0).as_string().ok_or_else(|| type_error("a method's name is a string"))?;
    let name = name.to_std_string().map_err(|_| type_error("a method's name is well-formed text"))?;
    if name.is_empty() || name.len() > MAX_NAME {
        return Err(type_error(format!("a method's name has 1 to {MAX_NAME} bytes")));
    }
    if is_reserved(&name) {
        return Err(type_error(format!(
            "the name {name} is reserved: names that begin with _ or rpc. are the system's"
        )));
    }
    let (options, function) = match arguments {
        [_, function] => (JsValue::undefined(), function),
        [_, options, function, ..] => (options.clone(), function),
        _ => return Err(type_error("madrpc.register takes a name, options if any, and a function")),
    };
    let function = function.as_function().ok_or_else(|| type_error(format!("{name} is not a function")))?;
    let mut info = method_info(name.clone(), &options, context)?;
    info.stream = streams::is_stream(&function, context);
    let registered_at = errors::stack_here(context)
        .and_then(|stack| stack.lines().find(|line| !line.contains("native")).map(|line| position(&name, line)))
        .unwrap_or_default();
    let mut methods = host.methods.borrow_mut();
    if methods.len() >= MAX_METHODS {
        return Err(type_error(format!("more than {MAX_METHODS} methods")));
    }
    if methods.contains_key(&name) {
        return Err(type_error(format!("{name} is registered already")));
    }
    methods.insert(name.clone(), Method { function, name: name.into(), info, registered_at });
    Ok(JsValue::undefined())
}

/// The script runs again for one call, and was checked when it was loaded: only the function that is called counts.
fn register_for_one_call(wanted: &mut Wanted, arguments: &[JsValue]) -> JsResult<JsValue> {
    let name = arguments.get_or_undefined(0).as_string();
    if name.is_some_and(|name| name == *wanted.name) {
        wanted.function = arguments.get(1..3.min(arguments.len())).and_then(|rest| rest.last()?.as_function());
    }
    Ok(JsValue::undefined())
}

/// The line of a stack trace that names `method` at the position in `line`.
fn position(method: &str, line: &str) -> String {
    let place = line.rsplit_once('(').map_or(line.trim(), |(_, place)| place.trim_end_matches(')'));
    format!("    at {method} ({place})")
}

fn method_info(name: String, options: &JsValue, context: &mut Context) -> JsResult<MethodInfo> {
    let mut info = MethodInfo::named(name);
    if options.is_undefined() {
        return Ok(info);
    }
    let options = options.as_object().ok_or_else(|| type_error("options of madrpc.register are an object"))?;
    info.idempotent = options.get(js_string!("idempotent"), context)?.to_boolean();
    info.hedge = options.get(js_string!("hedge"), context)?.to_boolean();
    if info.hedge && !info.idempotent {
        return Err(type_error(format!("hedge needs idempotent, since a hedged call of {} may run twice", info.name)));
    }
    let description = options.get(js_string!("description"), context)?;
    if !description.is_undefined() {
        info.description = Some(description.to_string(context)?.to_std_string_lossy());
    }
    info.timeout_ms = timeout_ms(&options, context)?;
    Ok(info)
}

/// The option `timeoutMs`, a positive number of milliseconds.
fn timeout_ms(options: &JsObject, context: &mut Context) -> JsResult<Option<u64>> {
    let value = options.get(js_string!("timeoutMs"), context)?;
    if value.is_undefined() {
        return Ok(None);
    }
    match value.as_number() {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked to be positive; `as` saturates"
        )]
        Some(ms) if ms > 0.0 => Ok(Some(ms.ceil() as u64)),
        _ => Err(type_error("timeoutMs is a positive number of milliseconds")),
    }
}

/// The option `timeoutMs` of a call with these arguments.
pub(super) fn timeout_of(arguments: &[JsValue], context: &mut Context) -> JsResult<Option<Duration>> {
    match arguments.get_or_undefined(2).as_object() {
        Some(options) => Ok(timeout_ms(&options, context)?.map(Duration::from_millis)),
        None => Ok(None),
    }
}

// ---- call -----------------------------------------------------------------------------------------------------------

fn call(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let host = Host::of(context)?;
    let (promise, resolvers) = JsPromise::new_pending(context);
    let signal = signal_of(arguments, context)?;
    if let Some(aborted) = signal.as_ref().filter(|signal| signal.borrow().data().is_aborted()) {
        let reason = aborted.borrow().data().reason();
        resolvers.reject.call(&JsValue::undefined(), &[reason], context)?;
        return Ok(promise.into());
    }
    match open_call(&host, arguments, context)? {
        Ok((invocation, mut outgoing)) => {
            let id = outgoing.id;
            outgoing.alone = signal.is_some();
            begin_call(&host, invocation, outgoing, resolvers, context);
            if let Some(signal) = signal {
                signal.borrow().data().on_abort(Algorithm::CancelCall(id), context)?;
            }
        }
        Err(error) => {
            let error = errors::to_rpc_error(&error, &host, context)?.into_opaque(context)?;
            resolvers.reject.call(&JsValue::undefined(), &[error], context)?;
        }
    }
    Ok(promise.into())
}

/// Sends a call off at the end of the turn; its promise settles with it.
pub(super) fn begin_call(
    host: &Host,
    invocation: Rc<Invocation>,
    outgoing: OutgoingCall,
    resolvers: ResolvingFunctions,
    context: &Context,
) {
    invocation.open_calls.set(invocation.open_calls.get() + 1);
    host.pending
        .borrow_mut()
        .insert(outgoing.id, PendingCall { invocation, resolvers, made_at: errors::place(context) });
    heap::uncounted(|| host.outgoing.borrow_mut().push(outgoing));
}

/// The option `signal` of `madrpc.call`.
pub(super) fn signal_of(arguments: &[JsValue], context: &mut Context) -> JsResult<Option<JsObject<AbortSignal>>> {
    match arguments.get_or_undefined(2).as_object() {
        Some(options) => web::follow(&options.get(js_string!("signal"), context)?),
        None => Ok(None),
    }
}

fn call_sync(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let host = Host::of(context)?;
    let result = match open_call(&host, arguments, context)? {
        Ok((_, outgoing)) => {
            let mut leaving = host.outgoing.take();
            heap::uncounted(|| leaving.push(outgoing));
            host.wait(|| (host.surroundings.call_sync)(leaving))
        }
        Err(error) => Err(error),
    };
    match result {
        Ok(text) => read_result(&text, context),
        Err(error) => Err(errors::to_rpc_error(&error, &host, context)?),
    }
}

/// What a peer sent as a result, as a value.
pub(super) fn read_result(text: &JsonText, context: &mut Context) -> JsResult<JsValue> {
    json_reader::read(text.as_str(), context)
        .map_err(|error| JsNativeError::range().with_message(format!("the result can't be read: {error:?}")).into())
}

pub(super) type Opened = Result<(Rc<Invocation>, OutgoingCall), CallError>;

/// Reads the arguments of `madrpc.call`. A programming error throws; what PROTOCOL has a code for is a `CallError`.
pub(super) fn open_call(host: &Host, arguments: &[JsValue], context: &mut Context) -> JsResult<Opened> {
    // The call leaves this thread.
    heap::uncounted(|| read_call(host, arguments, context))
}

fn read_call(host: &Host, arguments: &[JsValue], context: &mut Context) -> JsResult<Opened> {
    let method = method_of(arguments, "madrpc.call")?;
    let mut options = match call_options(arguments.get_or_undefined(2), context)? {
        Ok(options) => options,
        Err(refused) => return Ok(Err(refused)),
    };
    match params(arguments.get_or_undefined(1), host, context)? {
        Ok(params) => options.params = params,
        Err(refused) => return Ok(Err(refused)),
    }
    Ok(host.open_call(method, options))
}

/// The name of the method that is to be called.
pub(super) fn method_of(arguments: &[JsValue], what: &str) -> JsResult<String> {
    let method = arguments.get_or_undefined(0).as_string();
    Ok(method.ok_or_else(|| type_error(format!("the method of {what} is a string")))?.to_std_string_lossy())
}

/// What is said about a call, but for its params.
pub(super) fn call_options(given: &JsValue, context: &mut Context) -> JsResult<Result<CallOptions, CallError>> {
    let mut options = CallOptions::default();
    if given.is_undefined() {
        return Ok(Ok(options));
    }
    let given = given.as_object().ok_or_else(|| type_error("options of a call are an object"))?;
    options.timeout = timeout_ms(&given, context)?.map(Duration::from_millis);
    let key = given.get(js_string!("idempotencyKey"), context)?;
    if !key.is_undefined() {
        let key = key.to_string(context)?.to_std_string_lossy();
        match IdempotencyKey::new(0, key) {
            Ok(key) => options.idempotency_key = Some(key),
            Err(refused) => return Ok(Err(refused)),
        }
    }
    options.tags = tags(&given, context)?;
    Ok(Ok(options))
}

/// The text of params. Only arrays and objects are params.
pub(super) fn params(
    params: &JsValue,
    host: &Host,
    context: &mut Context,
) -> JsResult<Result<Option<JsonText>, CallError>> {
    if params.is_undefined() {
        return Ok(Ok(None));
    }
    let refused = || Ok(Err(CallError::invalid_params("params", "params are an array or an object")));
    if !params.is_object() || params.is_callable() {
        return refused();
    }
    let Some(invocation) = host.current() else {
        return Ok(Err(CallError::Cancelled));
    };
    match json_writer::write(params, host.surroundings.max_body, &host.api()?.intrinsics, context) {
        // `toJSON` may turn an object into anything.
        Ok(text) if !matches!(text.first(), Some(b'[' | b'{')) => refused(),
        Ok(text) => Ok(Ok(Some(JsonText::from_trusted(text)))),
        Err(json_writer::WriteError::Thrown(error)) => Err(error),
        Err(error) => Ok(Err(errors::write_error(error, host, &invocation, context))),
    }
}

fn tags(options: &JsObject, context: &mut Context) -> JsResult<BTreeMap<String, String>> {
    let value = options.get(js_string!("tags"), context)?;
    let Some(object) = value.as_object() else {
        return Ok(BTreeMap::new());
    };
    let mut tags = BTreeMap::new();
    for key in object.own_property_keys(context)? {
        let value = object.get(key.clone(), context)?.to_string(context)?.to_std_string_lossy();
        tags.insert(key.to_string(), value);
    }
    Ok(tags)
}

// ---- settling -------------------------------------------------------------------------------------------------------

fn on_fulfilled(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    settle(Ok(arguments.get_or_undefined(0).clone()), context)
}

fn on_rejected(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    settle(Err(JsError::from_opaque(arguments.get_or_undefined(0).clone())), context)
}

/// A reaction runs on behalf of the invocation that it was made for, so one pair of functions serves all.
fn settle(outcome: Result<JsValue, JsError>, context: &mut Context) -> JsResult<JsValue> {
    let host = Host::of(context)?;
    if let Some(invocation) = host.current() {
        host.settled.borrow_mut().push((invocation, outcome.map_err(Failure::Thrown)));
    }
    Ok(JsValue::undefined())
}

// ---- ctx ------------------------------------------------------------------------------------------------------------

/// What a function gets as its second argument. Its members are getters, since most functions look at none.
#[derive(Debug, Trace, Finalize, JsData)]
struct CallContext {
    #[unsafe_ignore_trace]
    invocation: Rc<Invocation>,
    /// `ctx.signal`, once the function has looked at it.
    signal: GcRefCell<Option<JsObject>>,
    /// `ctx.input`, likewise.
    input: GcRefCell<Option<JsObject>>,
}

/// The `ctx` of an invocation.
pub(super) fn ctx(invocation: &Rc<Invocation>, host: &Host, context: &Context) -> JsResult<JsObject> {
    let prototype = host.api()?.ctx_prototype.clone();
    let ctx = CallContext { invocation: invocation.clone(), signal: GcRefCell::default(), input: GcRefCell::default() };
    Ok(JsObject::new(context.root_shape(), prototype, ctx).upcast())
}

fn ctx_prototype(context: &mut Context) -> JsObject {
    let getters: [(JsString, Native); 6] = [
        (js_string!("id"), |this, _, _| {
            invocation(this).map(|invocation| JsString::from(invocation.scope.to_string()).into())
        }),
        (js_string!("method"), |this, _, _| {
            invocation(this).map(|invocation| JsString::from(&*invocation.method).into())
        }),
        (js_string!("deadline"), |this, _, _| invocation(this).map(|invocation| deadline_ms(&invocation))),
        (js_string!("signal"), signal),
        (js_string!("input"), input),
        (js_string!("trace"), |this, _, context| {
            let trace = invocation(this)?.scope.trace;
            let object = ObjectInitializer::new(context)
                .property(js_string!("traceId"), JsString::from(format!("{:032x}", trace.trace_id)), Attribute::all())
                .property(js_string!("spanId"), JsString::from(format!("{:016x}", trace.span_id)), Attribute::all())
                .build();
            Ok(object.into())
        }),
    ];
    let getters = getters.map(|(name, getter)| (name, native(context, getter)));
    let mut prototype = ObjectInitializer::new(context);
    for (name, getter) in getters {
        prototype.accessor(name, Some(getter), None, Attribute::ENUMERABLE | Attribute::CONFIGURABLE);
    }
    prototype.function(NativeFunction::from_fn_ptr(wait_until), js_string!("waitUntil"), 1);
    prototype.build()
}

fn wait_until(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let invocation = invocation(this)?;
    wait_until::wait(&invocation, arguments.get_or_undefined(0), context)
}

fn call_context(this: &JsValue) -> JsResult<JsObject<CallContext>> {
    let ctx = this.as_object().and_then(|object| object.downcast::<CallContext>().ok());
    ctx.ok_or_else(|| type_error("not the ctx of a call"))
}

fn invocation(this: &JsValue) -> JsResult<Rc<Invocation>> {
    Ok(call_context(this)?.borrow().data().invocation.clone())
}

/// `ctx.signal`: most functions never look, so it is made when one does.
fn signal(this: &JsValue, _arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let ctx = call_context(this)?;
    let ctx = ctx.borrow();
    let ctx = ctx.data();
    if let Some(signal) = &*ctx.signal.borrow() {
        return Ok(signal.clone().into());
    }
    let signal = web::context_signal(&ctx.invocation, context)?;
    *ctx.signal.borrow_mut() = Some(signal.clone());
    Ok(signal.into())
}

/// `ctx.input`, likewise: there is one, and what it gives, it gives once.
fn input(this: &JsValue, _arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let ctx = call_context(this)?;
    let ctx = ctx.borrow();
    let ctx = ctx.data();
    if let Some(input) = &*ctx.input.borrow() {
        return Ok(input.clone().into());
    }
    let input = streams::input(&ctx.invocation, context)?;
    *ctx.input.borrow_mut() = Some(input.clone());
    Ok(input.into())
}

/// The deadline in milliseconds of `Date.now()`.
fn deadline_ms(invocation: &Invocation) -> JsValue {
    let left = invocation.scope.deadline.saturating_duration_since(Instant::now());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    JsValue::from(((now + left).as_secs_f64() * 1000.0).round())
}
