//! `console` (Console standard): a script's lines in the node's log, with the method and the call that they came from.
//!
//! What is printed is bounded and has no control characters, so that no text can look like another line of the log.

mod format;
mod inspect;
mod table;

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Instant;

use boa_engine::object::ObjectInitializer;
use boa_engine::property::Attribute;
use boa_engine::{js_string, Context, JsArgs, JsResult, JsString, JsSymbol, JsValue, NativeFunction};

use super::errors;
use super::host::{Host, InvocationId};
use super::web;

/// Longest line, in bytes; the rest is cut off.
const MAX_LINE: usize = 8 * 1024;

/// Labels that `count` and `time` remember, each; more are not counted or timed.
const MAX_LABELS: usize = 1_024;

/// Longest label, in bytes.
const MAX_LABEL: usize = 256;

/// Groups deeper than this are not indented further.
const MAX_GROUPS: usize = 16;

/// What `console` remembers from one line to the next.
#[derive(Debug, Default)]
pub(super) struct State {
    counts: RefCell<HashMap<String, u64>>,
    timers: RefCell<HashMap<String, Instant>>,
    /// How many groups are open, by call: calls that take turns must not indent each other's lines.
    groups: RefCell<HashMap<Option<InvocationId>, usize>>,
}

impl State {
    /// Forgets a call that has ended.
    pub(super) fn ended(&self, invocation: InvocationId) {
        let mut groups = self.groups.borrow_mut();
        if !groups.is_empty() {
            groups.remove(&Some(invocation));
        }
    }
}

type Native = fn(&JsValue, &[JsValue], &mut Context) -> JsResult<JsValue>;

const FUNCTIONS: [(&str, Native); 19] = [
    ("log", |_, arguments, context| print(log::Level::Info, arguments, context)),
    ("info", |_, arguments, context| print(log::Level::Info, arguments, context)),
    ("debug", |_, arguments, context| print(log::Level::Debug, arguments, context)),
    ("warn", |_, arguments, context| print(log::Level::Warn, arguments, context)),
    ("error", |_, arguments, context| print(log::Level::Error, arguments, context)),
    ("trace", trace),
    ("assert", assert),
    ("dir", |_, arguments, context| print_all(log::Level::Info, arguments.get(..1).unwrap_or_default(), context)),
    ("dirxml", |_, arguments, context| print_all(log::Level::Info, arguments, context)),
    ("table", table),
    ("group", group),
    ("groupCollapsed", group),
    ("groupEnd", group_end),
    ("count", count),
    ("countReset", count_reset),
    ("time", time),
    ("timeLog", time_log),
    ("timeEnd", time_end),
    ("clear", |_, _, _| Ok(JsValue::undefined())),
];

/// The global `console`.
pub(super) fn make(context: &mut Context) -> JsResult<JsValue> {
    let mut console = ObjectInitializer::new(context);
    for (name, function) in FUNCTIONS {
        console.function(NativeFunction::from_fn_ptr(function), JsString::from(name), 0);
    }
    console.property(JsSymbol::to_string_tag(), js_string!("console"), Attribute::CONFIGURABLE);
    Ok(console.build().into())
}

fn print(level: log::Level, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    if log::log_enabled!(target: "script", level) && !arguments.is_empty() {
        let text = format::format(arguments, MAX_LINE, context);
        emit(level, &text, context)?;
    }
    Ok(JsValue::undefined())
}

/// Prints values without looking for format specifiers.
fn print_all(level: log::Level, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    if log::log_enabled!(target: "script", level) {
        let text = format::join(String::new(), arguments, MAX_LINE, context);
        emit(level, &text, context)?;
    }
    Ok(JsValue::undefined())
}

/// Writes one line, indented by the groups that the call has open.
fn emit(level: log::Level, text: &str, context: &Context) -> JsResult<()> {
    let host = Host::of(context)?;
    let invocation = host.current();
    let groups = web::with_console(context, |state| {
        state.groups.borrow().get(&invocation.as_ref().map(|invocation| invocation.id)).copied()
    })?;
    let line = " ".repeat(2 * groups.unwrap_or_default().min(MAX_GROUPS)) + &format::one_line(text, MAX_LINE);
    match invocation.filter(|invocation| !invocation.background) {
        Some(invocation) => {
            log::log!(target: "script", level, "{line} method={} call={}", invocation.method, invocation.scope);
        }
        None => log::log!(target: "script", level, "{line}"),
    }
    Ok(())
}

fn trace(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let text = format::format(arguments, MAX_LINE, context);
    emit(log::Level::Info, &if text.is_empty() { "Trace".to_owned() } else { format!("Trace: {text}") }, context)?;
    for line in errors::stack_here(context).unwrap_or_default().lines().filter(|line| !line.contains("native")) {
        emit(log::Level::Info, &format!("    {}", line.trim()), context)?;
    }
    Ok(JsValue::undefined())
}

fn assert(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    if arguments.get_or_undefined(0).to_boolean() {
        return Ok(JsValue::undefined());
    }
    let rest = arguments.get(1..).unwrap_or_default();
    let text = format::format(rest, MAX_LINE, context);
    let text = if rest.is_empty() { "Assertion failed".to_owned() } else { format!("Assertion failed: {text}") };
    emit(log::Level::Error, &text, context)?;
    Ok(JsValue::undefined())
}

fn table(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    match table::lines(arguments.get_or_undefined(0), arguments.get_or_undefined(1), context) {
        Some(lines) => {
            for line in lines {
                emit(log::Level::Info, &line, context)?;
            }
            Ok(JsValue::undefined())
        }
        None => print_all(log::Level::Info, arguments.get(..1).unwrap_or_default(), context),
    }
}

fn group(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    print(log::Level::Info, arguments, context)?;
    let current = Host::of(context)?.current().map(|invocation| invocation.id);
    web::with_console(context, |state| *state.groups.borrow_mut().entry(current).or_default() += 1)?;
    Ok(JsValue::undefined())
}

fn group_end(_this: &JsValue, _arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let current = Host::of(context)?.current().map(|invocation| invocation.id);
    web::with_console(context, |state| {
        let mut groups = state.groups.borrow_mut();
        let left = groups.get(&current).copied().unwrap_or_default().saturating_sub(1);
        match left {
            0 => drop(groups.remove(&current)),
            left => drop(groups.insert(current, left)),
        }
    })?;
    Ok(JsValue::undefined())
}

/// The first argument as a label.
fn label(arguments: &[JsValue], context: &mut Context) -> JsResult<String> {
    let mut label = match arguments.get_or_undefined(0) {
        value if value.is_undefined() => "default".to_owned(),
        value => value.to_string(context)?.to_std_string_lossy(),
    };
    label.truncate(label.floor_char_boundary(MAX_LABEL));
    Ok(label)
}

fn count(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let label = label(arguments, context)?;
    let count = web::with_console(context, |state| {
        let mut counts = state.counts.borrow_mut();
        if counts.len() >= MAX_LABELS && !counts.contains_key(&label) {
            return None;
        }
        let count = counts.entry(label.clone()).or_default();
        *count += 1;
        Some(*count)
    })?;
    match count {
        Some(count) => emit(log::Level::Info, &format!("{label}: {count}"), context)?,
        None => emit(log::Level::Warn, &format!("{label} is not counted: there are {MAX_LABELS} labels"), context)?,
    }
    Ok(JsValue::undefined())
}

fn count_reset(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let label = label(arguments, context)?;
    if web::with_console(context, |state| state.counts.borrow_mut().remove(&label))?.is_none() {
        emit(log::Level::Warn, &format!("Count for '{label}' does not exist"), context)?;
    }
    Ok(JsValue::undefined())
}

fn time(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let label = label(arguments, context)?;
    let refused = web::with_console(context, |state| {
        let mut timers = state.timers.borrow_mut();
        if timers.contains_key(&label) {
            return Some("already exists");
        }
        if timers.len() >= MAX_LABELS {
            return Some("is one too many");
        }
        timers.insert(label.clone(), Instant::now());
        None
    })?;
    if let Some(why) = refused {
        emit(log::Level::Warn, &format!("Timer '{label}' {why}"), context)?;
    }
    Ok(JsValue::undefined())
}

fn time_log(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let label = label(arguments, context)?;
    let since = web::with_console(context, |state| state.timers.borrow().get(&label).copied())?;
    show_time(&label, since, arguments.get(1..).unwrap_or_default(), context)
}

fn time_end(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let label = label(arguments, context)?;
    let since = web::with_console(context, |state| state.timers.borrow_mut().remove(&label))?;
    show_time(&label, since, &[], context)
}

fn show_time(label: &str, since: Option<Instant>, rest: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    match since {
        Some(since) => {
            let line = format!("{label}: {:.3}ms", since.elapsed().as_secs_f64() * 1000.0);
            let line = format::join(line, rest, MAX_LINE, context);
            emit(log::Level::Info, &line, context)?;
        }
        None => emit(log::Level::Warn, &format!("Timer '{label}' does not exist"), context)?,
    }
    Ok(JsValue::undefined())
}
