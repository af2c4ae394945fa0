//! The text of functions that `Function` and its kin make of texts.

use crate::{JsString, SpannedSourceText, spanned_source_text::SourceText};
use boa_ast::{LinearPosition, LinearSpan};

/// `function anonymous(a,b\n) {\nbody\n}`, whose parts are parsed each alone, at their places in the whole.
pub(super) struct DynamicText {
    whole: Vec<u16>,
    parameters_start: usize,
    parameters_end: usize,
    body_start: usize,
}

impl DynamicText {
    pub(super) fn new(parameters: &[JsString], body: &JsString, r#async: bool, generator: bool) -> Self {
        let prefix = match (r#async, generator) {
            (false, false) => "function anonymous(",
            (false, true) => "function* anonymous(",
            (true, false) => "async function anonymous(",
            (true, true) => "async function* anonymous(",
        };
        let mut whole: Vec<u16> = prefix.encode_utf16().collect();
        let parameters_start = whole.len();
        for (index, parameter) in parameters.iter().enumerate() {
            if index > 0 {
                whole.push(u16::from(b','));
            }
            whole.extend(parameter.iter());
        }
        let parameters_end = whole.len();
        whole.extend("\n) {".encode_utf16());
        let body_start = whole.len();
        whole.push(u16::from(b'\n'));
        whole.extend(body.iter());
        whole.extend("\n}".encode_utf16());
        Self { whole, parameters_start, parameters_end, body_start }
    }

    /// The parameters alone, at their place.
    pub(super) fn parameters(&self) -> Vec<u16> {
        self.part(self.parameters_start, self.parameters_end)
    }

    /// The body alone between its line feeds, at its place.
    pub(super) fn body(&self) -> Vec<u16> {
        self.part(self.body_start, self.whole.len() - 1)
    }

    /// The text from `start` to `end`, with white space for what is before it, in as many lines.
    fn part(&self, start: usize, end: usize) -> Vec<u16> {
        let before = self.whole[..start].iter().map(|unit| match unit {
            0xA | 0xD | 0x2028 | 0x2029 => *unit,
            _ => u16::from(b' '),
        });
        before.chain(self.whole[start..end].iter().copied()).collect()
    }

    /// The whole, as the text of the function.
    pub(super) fn into_source(self) -> SpannedSourceText {
        let mut text = boa_ast::SourceText::with_capacity(self.whole.len());
        for unit in &self.whole {
            text.collect_code_point(u32::from(*unit));
        }
        let span = LinearSpan::new(LinearPosition::default(), LinearPosition::new(self.whole.len()));
        SpannedSourceText::new(SourceText::new(text), Some(span))
    }
}
