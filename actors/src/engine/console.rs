//! `console`: a script's lines in the node's log, with the method and the call that they came from.

use boa_engine::object::ObjectInitializer;
use boa_engine::property::Attribute;
use boa_engine::value::JsVariant;
use boa_engine::{js_string, Context, JsResult, JsValue, NativeFunction};

use super::errors;
use super::host::Host;
use super::json_writer;

/// Longest line, in bytes; the rest is cut off.
const MAX_LINE: usize = 8 * 1024;

/// Puts `console` into the global object.
pub(super) fn install(context: &mut Context) -> JsResult<()> {
    let console = ObjectInitializer::new(context)
        .function(
            NativeFunction::from_fn_ptr(|_, args, context| print(log::Level::Info, args, context)),
            js_string!("log"),
            0,
        )
        .function(
            NativeFunction::from_fn_ptr(|_, args, context| print(log::Level::Info, args, context)),
            js_string!("info"),
            0,
        )
        .function(
            NativeFunction::from_fn_ptr(|_, args, context| print(log::Level::Warn, args, context)),
            js_string!("warn"),
            0,
        )
        .function(
            NativeFunction::from_fn_ptr(|_, args, context| print(log::Level::Error, args, context)),
            js_string!("error"),
            0,
        )
        .function(
            NativeFunction::from_fn_ptr(|_, args, context| print(log::Level::Debug, args, context)),
            js_string!("debug"),
            0,
        )
        .build();
    context.register_global_property(js_string!("console"), console, Attribute::WRITABLE | Attribute::CONFIGURABLE)
}

fn print(level: log::Level, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    if !log::log_enabled!(target: "script", level) {
        return Ok(JsValue::undefined());
    }
    let host = Host::of(context)?;
    let mut line = String::new();
    for argument in arguments {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&show(argument, &host, context));
        if line.len() > MAX_LINE {
            line.truncate(line.floor_char_boundary(MAX_LINE));
            line.push('…');
            break;
        }
    }
    // A script's text must not be able to forge lines of the log.
    let line = line.replace(['\n', '\r'], "\n    ");
    match host.current().filter(|invocation| !invocation.background) {
        Some(invocation) => {
            log::log!(target: "script", level, "{line} method={} call={}", invocation.method, invocation.scope);
        }
        None => log::log!(target: "script", level, "{line}"),
    }
    Ok(JsValue::undefined())
}

fn show(value: &JsValue, host: &Host, context: &mut Context) -> String {
    match value.variant() {
        JsVariant::String(text) => text.to_std_string_lossy(),
        JsVariant::Object(_) if errors::is_error(value) => {
            value.to_string(context).map_or_else(|_| "Error".to_owned(), |text| text.to_std_string_lossy())
        }
        JsVariant::Object(object) if !object.is_callable() => host
            .api()
            .ok()
            .and_then(|api| json_writer::write(value, MAX_LINE, &api.intrinsics, context).ok())
            .and_then(|text| String::from_utf8(text).ok())
            .unwrap_or_else(|| "[object]".to_owned()),
        JsVariant::Object(_) => "[function]".to_owned(),
        _ => value.display().to_string(),
    }
}
