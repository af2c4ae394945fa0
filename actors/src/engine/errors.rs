//! JavaScript errors to `CallError` and back, without losing message, code, data or stack.

use boa_engine::builtins::error::Error;
use boa_engine::error::EngineError;
use boa_engine::object::JsObject;
use boa_engine::value::JsVariant;
use boa_engine::{js_string, Context, JsError, JsResult, JsValue};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::host::{Host, Invocation};
use super::json_reader;
use super::json_writer::{self, WriteError};
use super::program::{LoadError, Script};
use crate::protocol::{CallError, Code, JsonText, ScriptError};

/// Longest message and stack that leave the process, in characters.
const MAX_TEXT: usize = 16 * 1024;

/// Prototype chains longer than this are not searched.
const MAX_PROTOTYPES: usize = 64;

/// True for objects made by `Error` or a class that extends it: those that carry a stack.
pub(super) fn is_error(value: &JsValue) -> bool {
    value.as_object().is_some_and(|object| object.is::<Error>())
}

/// The stack at this point of the script, as `Error.prototype.stack` prints it.
pub(super) fn stack_here(context: &mut Context) -> Option<String> {
    let error = context.intrinsics().constructors().error().constructor().construct(&[], None, context).ok()?;
    text_property(&error, "stack", context).filter(|stack| has_position(stack))
}

/// True when some line of `stack` says line and column; the engine knows them for most instructions, not for all.
fn has_position(stack: &str) -> bool {
    stack
        .lines()
        .any(|line| line.trim_end_matches(')').rsplit(':').next().is_some_and(|column| column.parse::<u32>().is_ok()))
}

/// What a client is told of `error`, which ended `invocation`.
pub(super) fn to_call_error(error: JsError, host: &Host, invocation: &Invocation, context: &mut Context) -> CallError {
    if let Some(engine) = error.as_engine() {
        host.leaky.set(true);
        return engine_error(engine);
    }
    // Only a thrown value that is no Error needs it: Errors carry their own.
    let thrown_at = backtrace(&error);
    let value = match error.into_opaque(context) {
        Ok(value) => value,
        Err(error) => return CallError::internal(error.to_string()),
    };
    match as_rpc_error(&value, host, context) {
        Some(error) => CallError::Script(Box::new(error)),
        None => CallError::Script(Box::new(plain_error(&value, thrown_at, host, invocation, context))),
    }
}

/// What a client is told when a result or an argument has no JSON.
pub(super) fn write_error(error: WriteError, host: &Host, invocation: &Invocation, context: &mut Context) -> CallError {
    match error {
        WriteError::NotSerialisable(what) => CallError::NotSerialisable { what },
        WriteError::TooDeep => CallError::LimitExceeded {
            what: "depth of the result",
            limit: crate::protocol::json_text::MAX_DEPTH as u64,
        },
        WriteError::TooLarge => CallError::TooLarge { limit: host.surroundings.max_body as u64 },
        WriteError::Thrown(error) => to_call_error(error, host, invocation, context),
    }
}

/// The rejection of `madrpc.call`: a `madrpc.RpcError` with the code, message and data of `error`.
pub(super) fn to_rpc_error(error: &CallError, host: &Host, context: &mut Context) -> JsResult<JsError> {
    #[derive(Deserialize)]
    struct Object<'a> {
        message: Option<String>,
        #[serde(borrow)]
        data: Option<&'a RawValue>,
    }
    let text = JsonText::of(error).unwrap_or(JsonText::NULL);
    let object: Option<Object<'_>> = serde_json::from_str(text.as_str()).ok();
    let message = object.as_ref().and_then(|object| object.message.as_deref()).unwrap_or(error.message());
    let data = match object.as_ref().and_then(|object| object.data) {
        Some(data) => json_reader::read(data.get(), context).unwrap_or_default(),
        None => JsValue::undefined(),
    };
    rpc_error(error.code(), message, data, host, context)
}

/// A `madrpc.RpcError`.
pub(super) fn rpc_error(
    code: Code,
    message: &str,
    data: JsValue,
    host: &Host,
    context: &mut Context,
) -> JsResult<JsError> {
    #[allow(clippy::cast_precision_loss, reason = "codes are small integers; JavaScript has only f64")]
    let code = JsValue::from(code.0 as f64);
    let arguments = [code, boa_engine::JsString::from(message).into(), data];
    let value = host.api()?.rpc_error.construct(&arguments, None, context)?;
    Ok(JsError::from_opaque(value.into()))
}

fn engine_error(error: &EngineError) -> CallError {
    match error {
        EngineError::RuntimeLimit(limit) => {
            CallError::LimitExceeded { what: "recursion or stack", limit: limit_of(limit) }
        }
        other => CallError::internal(format!("engine error: {other}")),
    }
}

fn limit_of(limit: &boa_engine::error::RuntimeLimitError) -> u64 {
    match limit {
        boa_engine::error::RuntimeLimitError::Recursion => super::RECURSION_LIMIT as u64,
        boa_engine::error::RuntimeLimitError::StackSize => super::STACK_LIMIT as u64,
        _ => 0,
    }
}

/// Code, message and data of an instance of `madrpc.RpcError`.
fn as_rpc_error(value: &JsValue, host: &Host, context: &mut Context) -> Option<ScriptError> {
    let object = value.as_object()?;
    let api = host.api().ok()?;
    if !inherits_from(&object, &api.rpc_error_prototype) {
        return None;
    }
    let code = object.get(js_string!("code"), context).ok()?.as_number().filter(|code| code.fract() == 0.0)?;
    let message = text_property(&object, "message", context).unwrap_or_default();
    let data = object.get(js_string!("data"), context).ok().filter(|data| !data.is_undefined());
    let data = data.and_then(|data| {
        let text = json_writer::write(&data, host.surroundings.max_body, &api.intrinsics, context);
        text.map_err(|error| log::warn!(target: "script", "data of an RpcError has no JSON: {error:?}")).ok()
    });
    #[allow(clippy::cast_possible_truncation, reason = "the constructor accepts safe integers only")]
    let code = Code(code as i64);
    Some(ScriptError { code, message: bounded(message), data: data.map(JsonText::from_trusted) })
}

fn inherits_from(object: &JsObject, prototype: &JsObject) -> bool {
    let mut next = object.prototype();
    for _ in 0..MAX_PROTOTYPES {
        match next {
            Some(found) if JsObject::equals(&found, prototype) => return true,
            Some(found) => next = found.prototype(),
            None => return false,
        }
    }
    false
}

/// Any other thrown value: an Error with its name, message and stack, or whatever it was.
fn plain_error(
    value: &JsValue,
    thrown_at: Option<String>,
    host: &Host,
    invocation: &Invocation,
    context: &mut Context,
) -> ScriptError {
    let object = value.as_object();
    let own =
        |name: &str, context: &mut Context| object.as_ref().and_then(|object| text_property(object, name, context));
    let name = own("name", context).unwrap_or_else(|| value.type_of().to_owned());
    let message = own("message", context).unwrap_or_else(|| describe(value, host, context));
    let stack = own("stack", context)
        .filter(|stack| is_error(value) && !stack.is_empty())
        .or(thrown_at)
        .or_else(|| invocation.rejection_stack.take())
        .or_else(|| host.methods.borrow().get(&*invocation.method).map(|method| method.registered_at.clone()));
    let head = if message.is_empty() { name.clone() } else { format!("{name}: {message}") };
    let stack = format!("{head}\n{}", stack.unwrap_or_default().trim_end());
    let node = host.surroundings.node_name.get().cloned().unwrap_or_default();
    let data = serde_json::json!({
        "name": bounded(name), "stack": bounded(stack), "method": &*invocation.method, "node": node
    });
    ScriptError { code: Code::SCRIPT, message: bounded(message), data: JsonText::of(&data).ok() }
}

/// A thrown value that is no Error, for people.
fn describe(value: &JsValue, host: &Host, context: &mut Context) -> String {
    match value.variant() {
        JsVariant::String(text) => text.to_std_string_lossy(),
        JsVariant::Object(_) => host
            .api()
            .ok()
            .and_then(|api| json_writer::write(value, MAX_TEXT, &api.intrinsics, context).ok())
            .and_then(|text| String::from_utf8(text).ok())
            .unwrap_or_else(|| value.display().to_string()),
        _ => value.display().to_string(),
    }
}

/// A property that is a string; a getter that throws counts as absent.
pub(super) fn text_property(object: &JsObject, name: &str, context: &mut Context) -> Option<String> {
    let value = object.get(boa_engine::JsString::from(name), context).ok()?;
    value.as_string().map(|text| text.to_std_string_lossy())
}

/// The lines `at …` of an error's backtrace.
fn backtrace(error: &JsError) -> Option<String> {
    error.as_opaque()?;
    let text = error.to_string();
    let lines: Vec<&str> = text.lines().filter(|line| line.trim_start().starts_with("at ")).collect();
    Some(lines.join("\n")).filter(|stack| has_position(stack))
}

/// What the user is told of a script that does not load: `file:line:column: what`.
pub(super) fn load_error(error: &JsError, script: &Script) -> LoadError {
    let text = error.to_string();
    let what = text.lines().next().unwrap_or_default();
    let path = script.path.display();
    // Syntax errors tell the place in words; the engine's own are on the lines of the stack.
    if let Some((what, place)) = what.rsplit_once(" at line ") {
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        if let Some((line, column)) = place.split_once(", col") {
            return LoadError(format!("{path}:{}:{}: {what}", digits(line), digits(column)));
        }
    }
    if let Some(what) = what.strip_suffix(" (native)").filter(|what| what.ends_with("abrupt end")) {
        let line = script.source.lines().count().max(1);
        let column = script.source.lines().last().map_or(0, |line| line.chars().count()) + 1;
        return LoadError(format!("{path}:{line}:{column}: {what}"));
    }
    // The engine has no place for a name that it can't find, or one further up; the script has it.
    let missing = what.split("ReferenceError: ").nth(1).and_then(|rest| rest.split(' ').next());
    if let Some((line, column)) = missing.and_then(|name| find_word(name, &script.source)) {
        let what = what.split(&format!(" ({path}:")).next().unwrap_or(what);
        return LoadError(format!("{path}:{line}:{column}: {what}"));
    }
    LoadError(if has_position(&text) { text } else { format!("{path}: {}", text.trim_end_matches(" (native)")) })
}

/// Line and column of the first place where `word` stands by itself.
fn find_word(word: &str, source: &str) -> Option<(usize, usize)> {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    source.lines().enumerate().find_map(|(line, text)| {
        let (start, _) = text.match_indices(word).find(|(start, _)| {
            !text[..*start].ends_with(part_of_name) && !text[start + word.len()..].starts_with(part_of_name)
        })?;
        Some((line + 1, text[..start].chars().count() + 1))
    })
}

fn bounded(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MAX_TEXT) {
        text.truncate(end);
        text.push('…');
    }
    text
}
