//! JSON text that comes from outside, as JavaScript values.

use boa_engine::builtins::json;
use boa_engine::{Context, JsValue};

pub use boa_engine::builtins::json::ReadError;

use crate::protocol::json_text::MAX_DEPTH;

#[cfg(test)]
mod tests;

/// Reads one JSON value as `JSON.parse` does, no deeper than a call's params may nest.
pub fn read(text: &str, context: &mut Context) -> Result<JsValue, ReadError> {
    json::read(text, MAX_DEPTH, context)
}
