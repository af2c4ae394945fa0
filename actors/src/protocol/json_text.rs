//! A piece of JSON text that is passed on as it came.

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use super::error::CallError;
use super::unsent;

/// How deeply arrays and objects may nest in `params` and in `result`. Deeper input is a parse error, deeper output
/// is over its limit: both must be met before a native stack is (PROTOCOL, section 2).
pub const MAX_DEPTH: usize = 128;

/// Well-formed JSON in UTF-8. Cheap to clone, and often a slice of the body in which it arrived.
#[derive(Clone, PartialEq, Eq)]
pub struct JsonText(Bytes);

impl JsonText {
    /// The text `null`.
    pub const NULL: JsonText = JsonText(Bytes::from_static(b"null"));

    /// Takes `raw`, which lies inside `body`, without copying it.
    pub fn slice(body: &Bytes, raw: &RawValue) -> Self {
        JsonText(body.slice_ref(raw.get().as_bytes()))
    }

    /// A value inside of this text, which `raw` was read from.
    pub fn part(&self, raw: &RawValue) -> Self {
        JsonText::slice(&self.0, raw)
    }

    /// Takes text that is known to be JSON, such as what the engine's writer made.
    pub fn from_trusted(text: impl Into<Bytes>) -> Self {
        JsonText(text.into())
    }

    /// Checks that `text` is one JSON value.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let raw: &RawValue = serde_json::from_str(text)?;
        Ok(JsonText(Bytes::copy_from_slice(raw.get().as_bytes())))
    }

    /// Writes `value`; fails only for values that JSON can't express, which is our own mistake.
    pub fn of(value: &impl Serialize) -> Result<Self, CallError> {
        serde_json::to_vec(value)
            .map(|text| JsonText(text.into()))
            .map_err(|error| CallError::internal(error.to_string()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        // Every constructor takes UTF-8; an empty string is not JSON, so no caller can mistake the fallback for a value.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The text as bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text as bytes that share its memory.
    pub fn to_bytes(&self) -> Bytes {
        self.0.clone()
    }

    /// With something that is dropped when no piece of this text is left.
    pub(super) fn held_with<T: Send + 'static>(self, hold: T) -> Self {
        JsonText(unsent::held_with(self.0, hold))
    }

    /// Length in bytes.
    #[allow(clippy::len_without_is_empty, reason = "JSON text is never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl std::fmt::Debug for JsonText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Params may be megabytes, and may be private: a log line gets the size only.
        write!(f, "JsonText({} bytes)", self.0.len())
    }
}

/// True when arrays and objects in `text` (well-formed JSON) nest deeper than `limit`.
pub fn nests_deeper_than(text: &[u8], limit: usize) -> bool {
    // Nesting needs at least one byte per level, which spares most texts the scan.
    if text.len() <= limit {
        return false;
    }
    // So does a bracket per level. Counting them takes a fraction of what telling strings apart does.
    if text.iter().filter(|byte| matches!(byte, b'[' | b'{')).count() <= limit {
        return false;
    }
    let mut depth = 0usize;
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            // A loop of its own for strings, which are most of many texts: two comparisons a byte.
            b'"' => loop {
                match rest.next() {
                    Some(b'\\') => {
                        rest.next();
                    }
                    Some(b'"') | None => break,
                    Some(_) => {}
                }
            },
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_outside_strings() {
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(!nests_deeper_than(nested(128).as_bytes(), 128));
        assert!(nests_deeper_than(nested(129).as_bytes(), 128));
        let string = format!("\"{}\\\"{}\"", "[".repeat(200), "{".repeat(200));
        assert!(!nests_deeper_than(string.as_bytes(), 128));
        let brackets = format!("[\"{}\\\\\",{}]", "[".repeat(200), nested(127));
        assert!(!nests_deeper_than(brackets.as_bytes(), 128));
        let brackets = format!("[\"{}\\\\\",{}]", "[".repeat(200), nested(128));
        assert!(nests_deeper_than(brackets.as_bytes(), 128));
        let wide = format!("[{}]", vec!["{}"; 500].join(","));
        assert!(!nests_deeper_than(wide.as_bytes(), 2));
    }

    #[test]
    fn parse_refuses_what_is_not_one_value() {
        assert!(JsonText::parse("1 2").is_err());
        assert!(JsonText::parse("{").is_err());
        assert_eq!(JsonText::parse(" 1.0 ").map(|text| text.as_str().to_owned()).ok().as_deref(), Some("1.0"));
    }
}
