//! What is wrong with text that is no JSON, in the words of V8.

use crate::{JsStr, js_string};

/// Units of the text that a message shows before and after the place.
const AROUND: usize = 10;

/// Texts that people often take for JSON.
const KNOWN: [&str; 4] = ["undefined", "[object Object]", "NaN", "Infinity"];

#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    pub(super) what: What,
    pub(super) at: usize,
}

/// What is wrong at a place.
#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    /// The unit there, or that the text ends there.
    Token,
    /// Something follows the value.
    After,
    /// What V8 has words for.
    Said(&'static str),
}

impl Fault {
    /// The message for `text`, in which the place is counted.
    pub(super) fn message(self, text: JsStr<'_>) -> String {
        let Self { what, at } = self;
        let shown = |from: usize, to: usize| text.get(from..to).map_or_else(String::new, |part| part.to_std_string_lossy());
        let (unit, length) = (text.get(at), text.len());
        match (what, unit) {
            (What::Said(what), _) => format!("{what} in JSON at position {at}"),
            (What::After, _) => format!("Unexpected non-whitespace character after JSON at position {at}"),
            (What::Token, None) => "Unexpected end of JSON input".to_owned(),
            (What::Token, Some(_)) if KNOWN.iter().any(|known| text == js_string!(*known).as_str()) => {
                format!("\"{}\" is not valid JSON", shown(0, length))
            }
            (What::Token, Some(0x22)) => format!("Unexpected string in JSON at position {at}"),
            (What::Token, Some(0x30..=0x39)) => format!("Unexpected number in JSON at position {at}"),
            (What::Token, Some(_)) => {
                let long = length > 2 * AROUND;
                let (cut_before, cut_after) = (long && at >= AROUND, long && at + AROUND < length);
                let from = if cut_before { at - AROUND } else { 0 };
                let to = if cut_after { at + AROUND } else { length };
                let (before, after) = (if cut_before { "..." } else { "" }, if cut_after { "..." } else { "" });
                format!("Unexpected token '{}', {before}\"{}\"{after} is not valid JSON", shown(at, at + 1), shown(from, to))
            }
        }
    }
}
