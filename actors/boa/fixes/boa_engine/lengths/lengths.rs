//! Bounds of what a script may make at once, as V8 has them, and memory that is asked for before it is taken.

use crate::error::JsNativeError;
use crate::interrupt::reserve;
use crate::{JsResult, JsStr, JsString};

/// The longest string, in code units.
pub(crate) const MAX_STRING_LENGTH: usize = (1 << 29) - 24;

/// Copies of a short string are made in blocks of about so many code units.
const BLOCK: usize = 1 << 12;

/// Room that is made for as many elements as a script says there are; more comes as they do.
const MAX_CAPACITY: u64 = 1 << 10;

fn check_string(length: usize) -> JsResult<()> {
    if length > MAX_STRING_LENGTH {
        return Err(JsNativeError::range()
            .with_message("Invalid string length")
            .into());
    }
    Ok(())
}

/// Fails where a string of `length` code units may not be, or there is no memory for it.
#[inline]
pub(crate) fn reserve_string(length: usize, latin1: bool) -> JsResult<()> {
    check_string(length)?;
    reserve(if latin1 { length } else { 2 * length })
}

/// All of `parts`, one after the other. What is put to a long text may find room where that is.
#[inline]
pub(crate) fn concat(parts: &[JsString]) -> JsResult<JsString> {
    let lengths = || parts.iter().map(JsString::len);
    let length = lengths().fold(0, usize::saturating_add);
    check_string(length)?;
    reserve(2 * (length - lengths().max().unwrap_or(0)))?;
    Ok(JsString::concat_growing(parts))
}

/// All of `strings`, one after the other.
pub(crate) fn concat_all(strings: &[JsStr<'_>]) -> JsResult<JsString> {
    let length = strings.iter().fold(0_usize, |sum, string| sum.saturating_add(string.len()));
    reserve_string(length, strings.iter().all(JsStr::is_latin1))?;
    Ok(JsString::concat_array(strings))
}

/// Copies of `string`, which is not empty, up to `length` code units; the last copy may be cut.
pub(crate) fn filled(string: &JsString, length: u64) -> JsResult<JsString> {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    reserve_string(length, string.as_str().is_latin1())?;
    let copies = (BLOCK / string.len()).clamp(1, length.div_ceil(string.len()).max(1));
    let block = JsString::concat_array(&vec![string.as_str(); copies]);
    let mut parts = vec![block.as_str(); length / block.len()];
    parts.extend(block.as_str().get(..length % block.len()));
    Ok(JsString::concat_array(&parts))
}

/// The capacity of a list for the `length` elements that a script says there are.
pub(crate) fn capacity(length: u64) -> usize {
    length.min(MAX_CAPACITY) as usize
}
