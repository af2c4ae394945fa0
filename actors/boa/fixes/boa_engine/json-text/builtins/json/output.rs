//! The text that `JSON.stringify` makes: one unit of Latin-1 a byte, until something wider comes.

use crate::lengths::reserve_string;
use crate::string::JsStrVariant;
use crate::{JsResult, JsStr, JsString};

#[derive(Debug, Default)]
pub(super) struct Output {
    narrow: Vec<u8>,
    /// What was written, once it has a unit that is no Latin-1; `narrow` is empty then.
    wide: Vec<u16>,
    is_wide: bool,
}

impl Output {
    fn len(&self) -> usize {
        if self.is_wide { self.wide.len() } else { self.narrow.len() }
    }

    /// Makes room for `more` units, which are asked for before they are taken.
    #[inline]
    fn room(&mut self, more: usize) -> JsResult<()> {
        let capacity = if self.is_wide { self.wide.capacity() } else { self.narrow.capacity() };
        if capacity - self.len() < more { self.grow(more) } else { Ok(()) }
    }

    #[cold]
    fn grow(&mut self, more: usize) -> JsResult<()> {
        let length = self.len() + more;
        reserve_string(length, !self.is_wide)?;
        // At most twice of what is written, which the string that is made of it needs again.
        reserve_string(length.next_power_of_two() / 2, !self.is_wide)?;
        if self.is_wide {
            self.wide.reserve(more);
        } else {
            self.narrow.reserve(more);
        }
        Ok(())
    }

    fn widen(&mut self) -> JsResult<()> {
        if !self.is_wide {
            reserve_string(self.narrow.len(), false)?;
            self.wide = self.narrow.iter().map(|byte| u16::from(*byte)).collect();
            self.narrow = Vec::new();
            self.is_wide = true;
        }
        Ok(())
    }

    /// Writes text as it is.
    #[inline]
    pub(super) fn push_latin1(&mut self, bytes: &[u8]) -> JsResult<()> {
        self.room(bytes.len())?;
        if self.is_wide {
            self.wide.extend(bytes.iter().map(|byte| u16::from(*byte)));
        } else {
            self.narrow.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn push_utf16(&mut self, units: &[u16]) -> JsResult<()> {
        if units.is_empty() {
            return Ok(());
        }
        self.widen()?;
        self.room(units.len())?;
        self.wide.extend_from_slice(units);
        Ok(())
    }

    /// Writes text as it is.
    pub(super) fn push(&mut self, text: JsStr<'_>) -> JsResult<()> {
        match text.variant() {
            JsStrVariant::Latin1(bytes) => self.push_latin1(bytes),
            JsStrVariant::Utf16(units) => self.push_utf16(units),
        }
    }

    /// Writes a string literal: `QuoteJSONString`.
    pub(super) fn push_quoted(&mut self, text: JsStr<'_>) -> JsResult<()> {
        self.push_latin1(b"\"")?;
        match text.variant() {
            JsStrVariant::Latin1(bytes) => {
                let mut rest = bytes;
                while let Some(plain) = rest.iter().position(|byte| is_escaped(u16::from(*byte))) {
                    self.push_latin1(&rest[..plain])?;
                    self.push_escape(u16::from(rest[plain]))?;
                    rest = &rest[plain + 1..];
                }
                self.push_latin1(rest)?;
            }
            JsStrVariant::Utf16(units) => {
                let mut written = 0;
                let mut at = 0;
                while at < units.len() {
                    let unit = units[at];
                    if is_high(unit) && units.get(at + 1).is_some_and(|next| is_low(*next)) {
                        at += 2;
                        continue;
                    }
                    if is_escaped(unit) || is_high(unit) || is_low(unit) {
                        self.push_utf16(&units[written..at])?;
                        self.push_escape(unit)?;
                        written = at + 1;
                    }
                    at += 1;
                }
                self.push_utf16(&units[written..])?;
            }
        }
        self.push_latin1(b"\"")
    }

    fn push_escape(&mut self, unit: u16) -> JsResult<()> {
        let short: &[u8] = match unit {
            0x08 => b"\\b",
            0x09 => b"\\t",
            0x0A => b"\\n",
            0x0C => b"\\f",
            0x0D => b"\\r",
            0x22 => b"\\\"",
            0x5C => b"\\\\",
            _ => return self.push_latin1(format!("\\u{unit:04x}").as_bytes()),
        };
        self.push_latin1(short)
    }

    pub(super) fn finish(self) -> JsResult<JsString> {
        reserve_string(self.len(), !self.is_wide)?;
        Ok(if self.is_wide { super::reader::shortest(&self.wide) } else { JsStr::latin1(&self.narrow).into() })
    }
}

const fn is_escaped(unit: u16) -> bool {
    unit < 0x20 || unit == 0x22 || unit == 0x5C
}

const fn is_high(unit: u16) -> bool {
    matches!(unit, 0xD800..=0xDBFF)
}

const fn is_low(unit: u16) -> bool {
    matches!(unit, 0xDC00..=0xDFFF)
}
