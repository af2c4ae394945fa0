//! Runs a matcher over a text as it is stored.

use super::{RegExp, advance_string_index};
use crate::{
    Context, JsString, JsValue, js_string, native_function::NativeFunctionObject, object::JsObject,
    property::PropertyKey, string::JsStrVariant,
};
use regress::Match;

/// The first match from `start` on, or the one at `start` if the expression is `sticky`.
pub(super) fn find(
    regexp: &RegExp,
    sticky: bool,
    text: &JsString,
    start: usize,
) -> Option<Match> {
    let matcher = &regexp.matcher;
    match (text.variant(), regexp.is_full_unicode(), sticky) {
        (JsStrVariant::Latin1(text), _, false) => matcher.find_from_latin1(text, start).next(),
        (JsStrVariant::Latin1(text), _, true) => matcher.match_at_latin1(text, start),
        (JsStrVariant::Utf16(text), true, false) => matcher.find_from_utf16(text, start).next(),
        (JsStrVariant::Utf16(text), true, true) => matcher.match_at_utf16(text, start),
        (JsStrVariant::Utf16(text), false, false) => matcher.find_from_ucs2(text, start).next(),
        (JsStrVariant::Utf16(text), false, true) => matcher.match_at_ucs2(text, start),
    }
}

/// Where the character of `text` begins that has a code unit at `index`.
pub(super) fn character_start(regexp: &RegExp, text: &JsString, index: usize) -> usize {
    let unit = |index: usize| text.code_unit_at(index).unwrap_or_default();
    let is_inside = regexp.is_full_unicode()
        && index > 0
        && matches!(unit(index), 0xDC00..=0xDFFF)
        && matches!(unit(index - 1), 0xD800..=0xDBFF);
    index - usize::from(is_inside)
}

impl RegExp {
    fn is_full_unicode(&self) -> bool {
        self.original_flags.contains(b'u') || self.original_flags.contains(b'v')
    }
}

/// Whether `RegExpExec` of `object` is the builtin one, without a script seeing that it is asked.
fn has_builtin_exec(object: &JsObject, context: &Context) -> bool {
    let key = PropertyKey::from(js_string!("exec"));
    let prototype = context.intrinsics().constructors().regexp().prototype();
    let exec = prototype.borrow().properties().get(&key);
    let exec = exec.and_then(|property| property.value().and_then(JsValue::as_object));
    object.is::<RegExp>()
        && !object.borrow().properties().contains_key(&key)
        && object.prototype().as_ref() == Some(&prototype)
        && exec.is_some_and(|exec| {
            exec.downcast_ref::<NativeFunctionObject>()
                .is_some_and(|exec| exec.f.is(RegExp::exec))
        })
}

/// The parts of `text` between the matches of `splitter`, which is sticky and which nobody else has, and the
/// captures: what `RegExp.prototype[Symbol.split]` comes to when it tries one place after the other. `None` if a
/// script could see the difference.
pub(super) fn split(
    splitter: &JsObject,
    text: &JsString,
    limit: u32,
    context: &Context,
) -> Option<Vec<JsValue>> {
    if !has_builtin_exec(splitter, context) {
        return None;
    }
    let regexp = splitter.downcast_ref::<RegExp>()?;
    let (limit, size) = (limit as usize, text.len());
    let mut parts = Vec::new();
    // What is before `done` is in the parts; a match may begin from `from` on.
    let (mut done, mut from) = (0, 0);
    while from < size {
        let Some(found) = find(&regexp, false, text, from) else {
            break;
        };
        if found.start() >= size {
            break;
        }
        if found.end() == done {
            let next = advance_string_index(text, from as u64, regexp.is_full_unicode());
            from = usize::try_from(next).ok()?;
            continue;
        }
        context.last_match.replace(super::last_match::LastMatch::new(text, &found));
        parts.push(text.get_expect(done..found.start()).into());
        if parts.len() == limit {
            return Some(parts);
        }
        for capture in &found.captures {
            let capture = capture.clone();
            parts.push(capture.map_or_else(JsValue::undefined, |at| text.get_expect(at).into()));
            if parts.len() == limit {
                return Some(parts);
            }
        }
        done = found.end();
        from = done;
    }
    parts.push(text.get_expect(done..size).into());
    Some(parts)
}
