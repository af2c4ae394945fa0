//! `stack` as V8 shows it: what the error says, then where it was made.

use crate::{
    Context, JsArgs, JsNativeError, JsObject, JsResult, JsString, JsValue, js_string,
    builtins::error::{Error, ErrorKind},
    property::{PropertyDescriptor, PropertyKey},
    vm::shadow_stack::{Backtrace, ShadowEntry},
};

/// Frames that a stack shows if `Error.stackTraceLimit` does not say otherwise.
pub(super) const USUAL_LIMIT: i32 = 10;

/// The frames that `Error.stackTraceLimit` leaves of as many.
pub(super) fn limit(most: usize, context: &Context) -> usize {
    let constructor = context.intrinsics().constructors().error().constructor();
    let constructor = constructor.borrow();
    let asked = constructor.properties().get(&PropertyKey::from(js_string!("stackTraceLimit")));
    let asked = asked.as_ref().and_then(|property| property.value()?.as_number());
    asked.map_or(0, |asked| if asked >= most as f64 { most } else { asked.max(0.0) as usize })
}

/// The lines of a stack.
pub(super) fn text(head: &JsString, backtrace: &Backtrace, below: Option<&JsString>) -> JsString {
    let frames: Vec<_> = backtrace.iter().rev().collect();
    // What is called by the function that is named, and it, are left out.
    let first = below.and_then(|name| frames.iter().position(|frame| function_name(frame) == Some(name)));
    let mut text = head.to_std_string_lossy();
    for frame in &frames[first.map_or(0, |first| first + 1)..] {
        text.push_str(&format!("\n    at {}", frame.display(true)));
    }
    js_string!(text)
}

fn function_name(frame: &ShadowEntry) -> Option<&JsString> {
    match frame {
        ShadowEntry::Native { function_name, .. } => function_name.as_ref(),
        ShadowEntry::Bytecode { source_info, .. } => Some(source_info.function_name()),
    }
}

/// What an error says, as `toString` has it; its class where that throws.
pub(super) fn head(error: &JsValue, context: &mut Context) -> JsString {
    match Error::to_string(error, &[], context) {
        Ok(text) => text.as_string().unwrap_or_default(),
        Err(_) => js_string!("Error"),
    }
}

/// `Error.captureStackTrace ( object [ , function ] )` of V8: gives an object a `stack`.
pub(super) fn capture_stack_trace(_: &JsValue, args: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let Some(object) = args.get_or_undefined(0).as_object() else {
        return Err(JsNativeError::typ().with_message("Invalid argument").into());
    };
    let below = match args.get_or_undefined(1).as_callable() {
        Some(function) => name_of(&function),
        None => None,
    };
    let here = Error::with_caller_position(ErrorKind::Error, context);
    let head = head(&object.clone().into(), context);
    let stack = here.stack.0.backtrace().map_or_else(|| head.clone(), |backtrace| text(&head, backtrace, below.as_ref()));
    let stack = PropertyDescriptor::builder().value(stack).writable(true).enumerable(false).configurable(true);
    object.define_property_or_throw(js_string!("stack"), stack, context)?;
    Ok(JsValue::undefined())
}

/// The name of a function, as far as it is told without running code of the script.
fn name_of(function: &JsObject) -> Option<JsString> {
    let function = function.borrow();
    function.properties().get(&js_string!("name").into())?.value()?.as_string()
}
