//! JavaScript errors to `CallError` and back, without losing message, code, data or stack.

use boa_engine::builtins::error::Error;
use boa_engine::error::EngineError;
use boa_engine::object::JsObject;
use boa_engine::property::PropertyDescriptor;
use boa_engine::value::JsVariant;
use boa_engine::vm::SourcePath;
use boa_engine::{js_string, Context, JsError, JsResult, JsString, JsValue};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::error_fields::ErrorFields;
use super::host::{Host, Invocation};
use super::json_reader;
use super::json_writer::{self, WriteError};
use super::program::{LoadError, Script};
use crate::protocol::error::MAX_ERROR_DATA;
use crate::protocol::{CallError, Code, JsonText, ScriptError};

/// Longest message and stack that leave the process, in characters.
const MAX_TEXT: usize = 16 * 1024;

/// Longest error that the log is told of, in bytes.
pub(super) const MAX_LOGGED: usize = 4_000;

/// Prototype chains longer than this are not searched.
const MAX_PROTOTYPES: usize = 64;

/// True for objects made by `Error` or a class that extends it: those that carry a stack.
pub(super) fn is_error(value: &JsValue) -> bool {
    value.as_object().is_some_and(|object| object.is::<Error>())
}

/// The lines `at …` for this point of the script.
pub(super) fn stack_here(context: &mut Context) -> Option<String> {
    let error = context.intrinsics().constructors().error().constructor().construct(&[], None, context).ok()?;
    let stack = text_property(&error, "stack", context)?;
    let frames = stack.strip_prefix("Error\n").unwrap_or(&stack);
    Some(frames.to_owned()).filter(|stack| has_position(stack))
}

/// True when some line of `stack` says line and column; the engine knows them for most instructions, not for all.
fn has_position(stack: &str) -> bool {
    stack
        .lines()
        .any(|line| line.trim_end_matches(')').rsplit(':').next().is_some_and(|column| column.parse::<u32>().is_ok()))
}

/// A place in a script.
#[derive(Clone, Debug)]
pub(super) struct Place {
    function: JsString,
    path: SourcePath,
    line: u32,
    column: u32,
}

/// The place in the script that calls the host right now.
pub(super) fn place(context: &Context) -> Option<Place> {
    let location = context.stack_trace().next()?.position();
    let position = location.position?;
    let (line, column) = (position.line_number(), position.column_number());
    Some(Place { function: location.function_name, path: location.path, line, column })
}

/// Has the stack of an error that the host made name the place in the script whose call it ends.
pub(super) fn made_at(error: &JsValue, place: Option<&Place>, context: &mut Context) -> JsResult<()> {
    let Some(error) = error.as_object().filter(|_| is_error(error)) else { return Ok(()) };
    let Some(Place { function, path, line, column }) = place else { return Ok(()) };
    let function = function.to_std_string_lossy();
    let line = match function.is_empty() {
        true => format!("    at async {path}:{line}:{column}"),
        false => format!("    at async {function} ({path}:{line}:{column})"),
    };
    let stack = PropertyDescriptor::builder().value(boa_engine::JsString::from(line)).writable(true).configurable(true);
    error.define_property_or_throw(js_string!("stack"), stack.enumerable(false), context).map(drop)
}

/// What a client is told of `error`, which ended `invocation`.
pub(super) fn to_call_error(error: JsError, host: &Host, invocation: &Invocation, context: &mut Context) -> CallError {
    if let Some(engine) = error.as_engine() {
        return engine_error(engine, invocation);
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

fn engine_error(error: &EngineError, invocation: &Invocation) -> CallError {
    match error {
        EngineError::RuntimeLimit(limit) => {
            CallError::LimitExceeded { what: "recursion or stack", limit: limit_of(limit) }
        }
        // Whoever raised it knows why, and says so when the turn ends.
        EngineError::Interrupted => CallError::Cancelled,
        other => {
            log::error!("the engine failed in {}: {other}", invocation.method);
            CallError::EngineFailed { method: invocation.method.clone() }
        }
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
    let data = data.map(|data| {
        let text = json_writer::write(&data, MAX_ERROR_DATA, &api.intrinsics, context)
            .map_err(|error| error.reason(MAX_ERROR_DATA));
        text.unwrap_or_else(|why| serde_json::json!({"omitted": {"data": why}}).to_string().into_bytes())
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
    let mut message = own("message", context).unwrap_or_else(|| describe(value, host, context));
    let stack = object
        .as_ref()
        .filter(|error| is_error(value) && says_text(error, context))
        .and_then(|error| text_property(error, "stack", context))
        .filter(|stack| !stack.is_empty())
        .or(thrown_at)
        .or_else(|| invocation.rejection_stack.take())
        .or_else(|| host.methods.borrow().get(&*invocation.method).map(|method| method.registered_at.clone()));
    if let Some(why) = missing_params(&name, host, invocation, context).filter(|_| is_error(value)) {
        message.push_str(&why);
    }
    let head = if message.is_empty() { name.clone() } else { format!("{name}: {message}") };
    let stack = stack.unwrap_or_default();
    let stack = stack.strip_prefix(&head).unwrap_or(&stack).trim_matches('\n');
    let stack = format!("{head}\n{stack}");
    let node = host.surroundings.node_name.get().cloned().unwrap_or_default();
    let own = object.filter(|_| is_error(value)).map(|error| ErrorFields::of(&error, host, context));
    let data = Data {
        name: bounded(name),
        stack: bounded(stack),
        method: &invocation.method,
        node: &node,
        own: own.unwrap_or_default(),
    };
    ScriptError { code: Code::SCRIPT, message: bounded(message), data: JsonText::of(&data).ok() }
}

/// `data` of an error that is no `madrpc.RpcError`.
#[derive(Serialize)]
struct Data<'a> {
    name: String,
    stack: String,
    method: &'a str,
    node: &'a str,
    #[serde(flatten)]
    own: ErrorFields,
}

/// What is to be added where a function takes params apart that its caller has not given. Its source says so: without a
/// default such a function always fails.
fn missing_params(name: &str, host: &Host, invocation: &Invocation, context: &mut Context) -> Option<String> {
    if invocation.had_params || name != "TypeError" {
        return None;
    }
    let function = host.methods.borrow().get(&*invocation.method)?.function.clone();
    let to_string =
        context.intrinsics().constructors().function().prototype().get(js_string!("toString"), context).ok()?;
    let source = to_string.as_callable()?.call(&function.into(), &[], context).ok()?;
    let source = source.as_string()?.to_std_string_lossy();
    takes_apart(&source)
        .then(|| format!(": {} was called without params, and its function takes them apart", invocation.method))
}

/// Whether the first parameter of this function is a pattern without a default.
fn takes_apart(source: &str) -> bool {
    let Some(pattern) = source.find('(').map(|start| source[start + 1..].trim_start()) else { return false };
    if !pattern.starts_with(['{', '[']) {
        return false;
    }
    let mut depth = 0_usize;
    let end = pattern.char_indices().find(|(_, c)| {
        match c {
            '{' | '[' | '(' => depth += 1,
            '}' | ']' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0
    });
    end.is_some_and(|(end, _)| pattern[end + 1..].trim_start().starts_with([',', ')']))
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

/// False where `stack` would have to call the `toString` of an error's name or message, which may never return.
fn says_text(error: &JsObject, context: &mut Context) -> bool {
    [js_string!("name"), js_string!("message")]
        .into_iter()
        .all(|name| error.get(name, context).is_ok_and(|value| !value.is_object()))
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
    let what = &*with_advice(what, script);
    // Syntax errors tell the place in words; the engine's own are on the lines of the stack.
    if let Some((what, place)) = what.rsplit_once(" at line ") {
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        if let Some((line, column)) = place.split_once(", col") {
            return LoadError(format!("{path}:{}:{}: {what}", digits(line), digits(column)));
        }
    }
    if let Some(what) = what.strip_suffix(" (native)").filter(|what| what.ends_with("Unexpected end of input")) {
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

/// Says so where a script fails to load since it is a module by its text, and not by its name.
fn with_advice<'a>(what: &'a str, script: &Script) -> std::borrow::Cow<'a, str> {
    let is_statement = |line: &str| {
        let rest = line.strip_prefix("import").or_else(|| line.strip_prefix("export"));
        rest.is_some_and(|rest| rest.starts_with([' ', '{', '*', '"', '\'']))
    };
    let of_module = what.contains("SyntaxError") && !script.is_module() && script.source.lines().any(is_statement);
    if !of_module {
        return what.into();
    }
    let advice =
        format!("`import` and `export` are for modules: name it {}", script.path.with_extension("mjs").display());
    match what.rsplit_once(" at line ") {
        Some((what, place)) => format!("{what} ({advice}) at line {place}").into(),
        None => format!("{what} ({advice})").into(),
    }
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

pub(super) fn bounded(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MAX_TEXT) {
        text.truncate(end);
        text.push('…');
    }
    text
}
