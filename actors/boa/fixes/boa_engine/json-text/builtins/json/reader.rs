//! JSON text to values, without a tree or a script in between.
//!
//! What is open is kept in a list, so the depth of a text is bounded by a number, not by the native stack.

use super::fault::{Fault, What};
use super::text::Text;
use crate::builtins::Array;
use crate::interrupt::reserve;
use crate::object::JsObject;
use crate::property::{PropertyDescriptor, PropertyKey};
use crate::{Context, JsError, JsNativeError, JsResult, JsStr, JsString, JsValue};
use boa_string::JsStrVariant;
use rustc_hash::FxHashMap;
use std::ops::Range;

/// How deeply arrays and objects of `JSON.parse` may nest.
pub(super) const MAX_DEPTH: usize = 1 << 20;

/// Values between two looks at the interrupt.
const BATCH: usize = 1 << 10;

/// Why text could not be read.
#[derive(Debug)]
pub enum ReadError {
    /// Arrays and objects nest too deeply.
    TooDeep,
    /// It is no JSON: says what is wrong, in the words of V8.
    Syntax(String),
}

/// Reads one JSON value whose arrays and objects nest at most `max_depth` deep, as `JSON.parse` does. No interrupt ends it:
/// whoever gives the text bounds it.
///
/// # Errors
///
/// See [`ReadError`].
pub fn read(text: &str, max_depth: usize, context: &mut Context) -> Result<JsValue, ReadError> {
    let fault = match Reader::<_, false>::new(text, false).document(max_depth, context) {
        Ok(value) => return Ok(value),
        Err(Stop::TooDeep) => return Err(ReadError::TooDeep),
        Err(Stop::Fault(fault)) => fault,
        Err(Stop::Ended(error)) => return Err(ReadError::Syntax(error.to_string())),
    };
    // Messages count UTF-16 units.
    let at = text.get(..fault.at).map_or(fault.at, |before| before.encode_utf16().count());
    let fault = Fault { at, ..fault };
    Err(ReadError::Syntax(fault.message(JsString::from(text).as_str())))
}

/// The value of `text`; with what it was made of, if that is `recorded`. Fails with what `JSON.parse` throws.
pub(super) fn parsed(text: JsStr<'_>, recorded: bool, context: &mut Context) -> JsResult<(JsValue, Records)> {
    let result = match (text.variant(), recorded) {
        (JsStrVariant::Latin1(units), false) => Reader::<_, false>::new(units, true).finish(context),
        (JsStrVariant::Latin1(units), true) => Reader::<_, true>::new(units, true).finish(context),
        (JsStrVariant::Utf16(units), false) => Reader::<_, false>::new(units, true).finish(context),
        (JsStrVariant::Utf16(units), true) => Reader::<_, true>::new(units, true).finish(context),
    };
    result.map_err(|stop| match stop {
        Stop::TooDeep => JsNativeError::range().with_message("JSON nests too deeply").into(),
        Stop::Fault(fault) => JsNativeError::syntax().with_message(fault.message(text)).into(),
        Stop::Ended(error) => error,
    })
}

/// What a value was made of, by its number: a list, so that dropping it calls nothing that nests.
#[derive(Debug, Default)]
pub(super) struct Records(Vec<Record>);

#[derive(Debug)]
struct Record {
    value: JsValue,
    parts: Parts,
}

#[derive(Debug)]
enum Parts {
    /// Where a primitive stands in the text.
    Source(Range<usize>),
    Elements(Vec<usize>),
    Entries(FxHashMap<PropertyKey, usize>),
}

impl Records {
    /// The record of the whole text.
    pub(super) fn root(&self) -> Option<usize> {
        self.0.len().checked_sub(1)
    }

    /// `record`, if the value that it was made for is still `value`.
    pub(super) fn still(&self, record: Option<usize>, value: &JsValue) -> Option<usize> {
        record.filter(|record| JsValue::same_value(&self.0[*record].value, value))
    }

    /// Where the text has the primitive of `record`.
    pub(super) fn source(&self, record: usize) -> Option<Range<usize>> {
        match &self.0[record].parts {
            Parts::Source(range) => Some(range.clone()),
            _ => None,
        }
    }

    pub(super) fn element(&self, record: usize, index: u64) -> Option<usize> {
        match &self.0[record].parts {
            Parts::Elements(elements) => elements.get(usize::try_from(index).ok()?).copied(),
            _ => None,
        }
    }

    pub(super) fn entry(&self, record: usize, key: &PropertyKey) -> Option<usize> {
        match &self.0[record].parts {
            Parts::Entries(entries) => entries.get(key).copied(),
            _ => None,
        }
    }
}

enum Stop {
    TooDeep,
    Fault(Fault),
    /// What runs must end, or there is no memory.
    Ended(JsError),
}

/// An array or object whose end has not been read.
enum Open {
    Array(Vec<JsValue>, Vec<usize>),
    Object { object: JsObject, key: PropertyKey, entries: FxHashMap<PropertyKey, usize> },
}

struct Reader<T, const RECORDED: bool> {
    text: T,
    at: usize,
    records: Records,
    /// Whether an interrupt ends it, and memory is asked for.
    bounded: bool,
}

impl<T: Text, const RECORDED: bool> Reader<T, RECORDED> {
    fn new(text: T, bounded: bool) -> Self {
        Self { text, at: 0, records: Records::default(), bounded }
    }

    fn finish(mut self, context: &mut Context) -> Result<(JsValue, Records), Stop> {
        let value = self.document(MAX_DEPTH, context)?;
        Ok((value, self.records))
    }

    fn document(&mut self, max_depth: usize, context: &mut Context) -> Result<JsValue, Stop> {
        let mut open: Vec<Open> = Vec::new();
        let mut turns = 0_usize;
        loop {
            turns += 1;
            if self.bounded && turns % BATCH == 0 {
                context.check_interrupt().map_err(Stop::Ended)?;
            }
            let start = self.space_and_place();
            let mut value = match self.text.unit(start) {
                Some(0x7B | 0x5B) if open.len() == max_depth => return Err(Stop::TooDeep),
                Some(0x7B) => {
                    self.at += 1;
                    let object = JsObject::with_object_proto(context.intrinsics());
                    match self.space() {
                        Some(0x7D) => self.at += 1,
                        Some(0x22) => {
                            let key = self.name()?;
                            self.push(&mut open, Open::Object { object, key, entries: FxHashMap::default() })?;
                            continue;
                        }
                        _ => return Err(self.fault(What::Said("Expected property name or '}'"))),
                    }
                    let value = JsValue::from(object);
                    self.record(&value, || Parts::Entries(FxHashMap::default()))?;
                    value
                }
                Some(0x5B) => {
                    self.at += 1;
                    if self.space() != Some(0x5D) {
                        self.push(&mut open, Open::Array(Vec::new(), Vec::new()))?;
                        continue;
                    }
                    self.at += 1;
                    let value = JsValue::from(Array::create_array_from_list([], context));
                    self.record(&value, || Parts::Elements(Vec::new()))?;
                    value
                }
                unit => {
                    let value = match unit {
                        Some(0x22) => JsValue::from(self.string()?),
                        Some(0x2D | 0x30..=0x39) => JsValue::from(self.number()?),
                        Some(0x74) => self.word("true", JsValue::from(true))?,
                        Some(0x66) => self.word("false", JsValue::from(false))?,
                        Some(0x6E) => self.word("null", JsValue::null())?,
                        _ => return Err(self.fault(What::Token)),
                    };
                    let range = start..self.at;
                    self.record(&value, || Parts::Source(range))?;
                    value
                }
            };
            // A value has ended: what it stands in goes on or ends.
            loop {
                let next = self.space();
                match open.last_mut() {
                    None if next.is_none() => return Ok(value),
                    None => return Err(self.fault(What::After)),
                    Some(Open::Array(elements, records)) => {
                        self.push(elements, value)?;
                        if RECORDED {
                            self.push(records, self.records.0.len() - 1)?;
                        }
                        if next == Some(0x2C) {
                            self.at += 1;
                            break;
                        }
                        if next != Some(0x5D) {
                            return Err(self.fault(What::Said("Expected ',' or ']' after array element")));
                        }
                    }
                    Some(Open::Object { object, key, entries }) => {
                        // `__proto__` is a member like any other, and nobody else has seen the object.
                        let property = PropertyDescriptor::builder()
                            .value(value)
                            .writable(true)
                            .enumerable(true)
                            .configurable(true);
                        object.insert_property(key.clone(), property);
                        if RECORDED {
                            entries.insert(key.clone(), self.records.0.len() - 1);
                        }
                        if next == Some(0x2C) {
                            self.at += 1;
                            if self.space() != Some(0x22) {
                                return Err(self.fault(What::Said("Expected double-quoted property name")));
                            }
                            *key = self.name()?;
                            break;
                        }
                        if next != Some(0x7D) {
                            return Err(self.fault(What::Said("Expected ',' or '}' after property value")));
                        }
                    }
                }
                self.at += 1;
                value = match open.pop() {
                    Some(Open::Array(elements, records)) => {
                        let value = JsValue::from(Array::create_array_from_list(elements, context));
                        self.record(&value, || Parts::Elements(records))?;
                        value
                    }
                    Some(Open::Object { object, entries, .. }) => {
                        let value = JsValue::from(object);
                        self.record(&value, || Parts::Entries(entries))?;
                        value
                    }
                    None => return Err(self.fault(What::After)),
                };
            }
        }
    }

    fn record(&mut self, value: &JsValue, parts: impl FnOnce() -> Parts) -> Result<(), Stop> {
        if RECORDED {
            let mut records = std::mem::take(&mut self.records.0);
            self.push(&mut records, Record { value: value.clone(), parts: parts() })?;
            self.records.0 = records;
        }
        Ok(())
    }

    /// Adds `value`, for which there must be memory.
    fn push<V>(&self, list: &mut Vec<V>, value: V) -> Result<(), Stop> {
        if self.bounded && list.len() == list.capacity() {
            reserve(list.len().saturating_mul(2 * size_of::<V>())).map_err(Stop::Ended)?;
        }
        list.push(value);
        Ok(())
    }

    fn fault(&self, what: What) -> Stop {
        Stop::Fault(Fault { what, at: self.at })
    }

    fn peek(&self) -> Option<u16> {
        self.text.unit(self.at)
    }

    fn space(&mut self) -> Option<u16> {
        loop {
            let unit = self.peek();
            if !matches!(unit, Some(0x20 | 0x09 | 0x0A | 0x0D)) {
                return unit;
            }
            self.at += 1;
        }
    }

    fn space_and_place(&mut self) -> usize {
        self.space();
        self.at
    }

    /// A member's name and the colon behind it.
    fn name(&mut self) -> Result<PropertyKey, Stop> {
        let name = self.string()?;
        if self.space() != Some(0x3A) {
            return Err(self.fault(What::Said("Expected ':' after property name")));
        }
        self.at += 1;
        Ok(name.into())
    }

    fn word(&mut self, word: &str, value: JsValue) -> Result<JsValue, Stop> {
        for letter in word.bytes() {
            if self.peek() != Some(letter.into()) {
                return Err(self.fault(What::Token));
            }
            self.at += 1;
        }
        Ok(value)
    }

    fn string(&mut self) -> Result<JsString, Stop> {
        self.at += 1;
        let start = self.at;
        self.at = self.text.plain(start);
        if self.peek() == Some(0x22) {
            self.at += 1;
            return Ok(self.text.string(start..self.at - 1));
        }
        let mut units = Vec::new();
        let mut from = start;
        loop {
            self.text.extend(&mut units, from..self.at);
            match self.peek() {
                None => return Err(self.fault(What::Said("Unterminated string"))),
                Some(0x22) => {
                    self.at += 1;
                    return Ok(shortest(&units));
                }
                Some(0x5C) => {
                    let unit = self.escape()?;
                    self.push(&mut units, unit)?;
                }
                Some(_) => return Err(self.fault(What::Said("Bad control character in string literal"))),
            }
            from = self.at;
            self.at = self.text.plain(from);
        }
    }

    fn escape(&mut self) -> Result<u16, Stop> {
        self.at += 1;
        let unit = match self.peek() {
            Some(unit @ (0x22 | 0x5C | 0x2F)) => unit,
            Some(0x62) => 8,
            Some(0x66) => 12,
            Some(0x6E) => 10,
            Some(0x72) => 13,
            Some(0x74) => 9,
            Some(0x75) => {
                let mut unit = 0;
                for _ in 0..4 {
                    self.at += 1;
                    let digit = self.peek().and_then(|unit| char::from_u32(unit.into())).and_then(|c| c.to_digit(16));
                    let Some(digit) = digit else { return Err(self.fault(What::Said("Bad Unicode escape"))) };
                    unit = unit << 4 | digit as u16;
                }
                unit
            }
            None => return Err(self.fault(What::Token)),
            Some(_) => return Err(self.fault(What::Said("Bad escaped character"))),
        };
        self.at += 1;
        Ok(unit)
    }

    fn digits(&mut self) -> bool {
        let start = self.at;
        while matches!(self.peek(), Some(0x30..=0x39)) {
            self.at += 1;
        }
        self.at > start
    }

    fn number(&mut self) -> Result<JsValue, Stop> {
        let start = self.at;
        let negative = self.peek() == Some(0x2D);
        if negative {
            self.at += 1;
            if !matches!(self.peek(), Some(0x30..=0x39)) {
                return Err(self.fault(What::Said("No number after minus sign")));
            }
        }
        let first = self.at;
        if self.peek() == Some(0x30) {
            self.at += 1;
            if matches!(self.peek(), Some(0x30..=0x39)) {
                return Err(self.fault(What::Token));
            }
        } else {
            self.digits();
        }
        if !matches!(self.peek(), Some(0x2E | 0x65 | 0x45)) && self.at - first <= 9 {
            let digits = (first..self.at).filter_map(|at| self.text.unit(at));
            let number = digits.fold(0, |number, unit| number * 10 + i32::from(unit - 0x30));
            if number != 0 || !negative {
                return Ok(JsValue::from(if negative { -number } else { number }));
            }
        }
        if self.peek() == Some(0x2E) {
            self.at += 1;
            if !self.digits() {
                return Err(self.fault(What::Said("Unterminated fractional number")));
            }
        }
        if matches!(self.peek(), Some(0x65 | 0x45)) {
            self.at += 1;
            if matches!(self.peek(), Some(0x2B | 0x2D)) {
                self.at += 1;
            }
            if !self.digits() {
                return Err(self.fault(What::Said("Exponent part is missing a number")));
            }
        }
        // Exact, and infinite beyond the range of doubles, as in JavaScript.
        Ok(JsValue::from(self.text.double(start..self.at)))
    }
}

/// One byte a unit where that is enough.
pub(super) fn shortest(units: &[u16]) -> JsString {
    if units.iter().all(|unit| *unit < 0x100) {
        let bytes: Vec<u8> = units.iter().map(|unit| *unit as u8).collect();
        return JsStr::latin1(&bytes).into();
    }
    units.into()
}
