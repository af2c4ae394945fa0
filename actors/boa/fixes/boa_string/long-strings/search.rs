//! Finds a text in another in linear time.
use crate::{JsStr, JsStrVariant};
use memchr::memmem;

impl JsStr<'_> {
    /// The first place from `from` on where `wanted`, which is not empty, stands.
    pub(crate) fn find(self, wanted: JsStr<'_>, from: usize) -> Option<usize> {
        let rest = self.get(from..)?;
        let found = match (rest.variant(), wanted.variant()) {
            (JsStrVariant::Latin1(text), JsStrVariant::Latin1(wanted)) => {
                memmem::find(text, wanted)
            }
            (JsStrVariant::Latin1(text), JsStrVariant::Utf16(wanted)) => {
                memmem::find(text, &narrowed(wanted)?)
            }
            (JsStrVariant::Utf16(text), JsStrVariant::Latin1(wanted)) => {
                find_units(text, &widened(wanted))
            }
            (JsStrVariant::Utf16(text), JsStrVariant::Utf16(wanted)) => find_units(text, wanted),
        };
        Some(found? + from)
    }

    /// The last place up to `from` where `wanted`, which is not empty, stands.
    #[must_use]
    pub fn last_index_of(&self, wanted: JsStr<'_>, from: usize) -> Option<usize> {
        let end = from.saturating_add(wanted.len()).min(self.len());
        let text = self.get(..end)?;
        match (text.variant(), wanted.variant()) {
            (JsStrVariant::Latin1(text), JsStrVariant::Latin1(wanted)) => {
                memmem::rfind(text, wanted)
            }
            (JsStrVariant::Latin1(text), JsStrVariant::Utf16(wanted)) => {
                memmem::rfind(text, &narrowed(wanted)?)
            }
            (JsStrVariant::Utf16(text), JsStrVariant::Latin1(wanted)) => {
                rfind_units(text, &widened(wanted))
            }
            (JsStrVariant::Utf16(text), JsStrVariant::Utf16(wanted)) => rfind_units(text, wanted),
        }
    }
}

fn widened(text: &[u8]) -> Vec<u16> {
    text.iter().copied().map(u16::from).collect()
}

fn narrowed(text: &[u16]) -> Option<Vec<u8>> {
    text.iter().map(|unit| u8::try_from(*unit).ok()).collect()
}

fn bytes(units: &[u16]) -> &[u8] {
    // SAFETY: any two bytes are a unit, and the other way round; the length is that of the same memory.
    unsafe { std::slice::from_raw_parts(units.as_ptr().cast(), size_of_val(units)) }
}

fn find_units(text: &[u16], wanted: &[u16]) -> Option<usize> {
    let finder = memmem::Finder::new(bytes(wanted));
    let text = bytes(text);
    let mut from = 0;
    loop {
        let place = from + finder.find(&text[from..])?;
        if place % 2 == 0 {
            return Some(place / 2);
        }
        // It begins in the middle of a unit.
        from = place + 1;
    }
}

fn rfind_units(text: &[u16], wanted: &[u16]) -> Option<usize> {
    let finder = memmem::FinderRev::new(bytes(wanted));
    let text = bytes(text);
    let mut to = text.len();
    loop {
        let place = finder.rfind(&text[..to])?;
        if place % 2 == 0 {
            return Some(place / 2);
        }
        to = place + size_of_val(wanted) - 1;
    }
}
