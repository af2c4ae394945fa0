//! What `RegExp` tells of the last match: `$1` to `$9`, `lastMatch` and the others, which V8 has as browsers do.

use std::ops::Range;

use regress::Match;

use crate::native_function::NativeFunctionPointer;
use crate::object::FunctionObjectBuilder;
use crate::property::PropertyDescriptor;
use crate::{Context, JsArgs, JsResult, JsString, JsValue, NativeFunction, js_string};

/// The last match of a context. The text is not copied: it lives as long as no other takes its place.
#[derive(Debug, Default)]
pub(crate) struct LastMatch {
    text: JsString,
    /// The text, or what a script has set in its place.
    input: JsString,
    whole: Range<usize>,
    captures: Vec<Option<Range<usize>>>,
}

impl LastMatch {
    pub(super) fn new(text: &JsString, found: &Match) -> Self {
        Self { text: text.clone(), input: text.clone(), whole: found.range(), captures: found.captures.clone() }
    }

    fn part(&self, range: Range<usize>) -> JsString {
        self.text.get(range).unwrap_or_default()
    }

    fn capture(&self, index: usize) -> JsString {
        self.captures.get(index).cloned().flatten().map_or_else(JsString::default, |range| self.part(range))
    }
}

/// A getter of what `take` gives.
macro_rules! getter {
    ($last:ident => $take:expr) => {
        |_, _, context| {
            let $last = context.last_match.borrow();
            Ok($take.into())
        }
    };
}

const GETTERS: [(&str, NativeFunctionPointer); 19] = [
    ("lastMatch", getter!(last => last.part(last.whole.clone()))),
    ("$&", getter!(last => last.part(last.whole.clone()))),
    ("lastParen", getter!(last => last.capture(last.captures.len().wrapping_sub(1)))),
    ("$+", getter!(last => last.capture(last.captures.len().wrapping_sub(1)))),
    ("leftContext", getter!(last => last.part(0..last.whole.start))),
    ("$`", getter!(last => last.part(0..last.whole.start))),
    ("rightContext", getter!(last => last.part(last.whole.end..last.text.len()))),
    ("$'", getter!(last => last.part(last.whole.end..last.text.len()))),
    ("$1", getter!(last => last.capture(0))),
    ("$2", getter!(last => last.capture(1))),
    ("$3", getter!(last => last.capture(2))),
    ("$4", getter!(last => last.capture(3))),
    ("$5", getter!(last => last.capture(4))),
    ("$6", getter!(last => last.capture(5))),
    ("$7", getter!(last => last.capture(6))),
    ("$8", getter!(last => last.capture(7))),
    ("$9", getter!(last => last.capture(8))),
    ("input", getter!(last => last.input.clone())),
    ("$_", getter!(last => last.input.clone())),
];

fn set_input(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let input = arguments.get_or_undefined(0).to_string(context)?;
    context.last_match.borrow_mut().input = input;
    Ok(JsValue::undefined())
}

fn set_nothing(_: &JsValue, _: &[JsValue], _: &mut Context) -> JsResult<JsValue> {
    Ok(JsValue::undefined())
}

/// Puts the getters, and setters of which only that of `input` does something, on `RegExp`.
pub(crate) fn define(context: &mut Context) -> JsResult<()> {
    let constructor = context.intrinsics().constructors().regexp().constructor();
    for (name, get) in GETTERS {
        let set = if matches!(name, "input" | "$_") { set_input } else { set_nothing };
        let mut function = |kind: &str, length: usize, function: NativeFunctionPointer| {
            FunctionObjectBuilder::new(context.realm(), NativeFunction::from_fn_ptr(function))
                .name(js_string!(format!("{kind} {name}")))
                .length(length)
                .build()
        };
        let property = PropertyDescriptor::builder()
            .get(function("get", 0, get))
            .set(function("set", 1, set))
            .enumerable(false)
            .configurable(true);
        constructor.define_property_or_throw(js_string!(name), property, context)?;
    }
    Ok(())
}
