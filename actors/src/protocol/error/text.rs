//! An error as text: for the log, and as the JSON of a reply.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::CallError;
use crate::protocol::short::Short;

/// Longest text of an error in the log, in bytes.
const MAX_SHOWN: usize = 16 << 10;

/// For the log: everything, the detail that clients don't see included, up to some length.
impl std::fmt::Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", Short::text(Whole(self), MAX_SHOWN))
    }
}

struct Whole<'a>(&'a CallError);

impl std::fmt::Display for Whole<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            CallError::Remote(remote) => f.write_str(remote.object.as_str()),
            CallError::Detailed(detailed) => {
                write!(f, "{}", detailed.error)?;
                let mut details = detailed.more.iter();
                details.try_for_each(|(name, value)| write!(f, ", {name} {value}"))
            }
            other => {
                write!(f, "{} {}", other.code().0, other.message())?;
                match other {
                    CallError::Internal { detail } => write!(f, ": {detail}"),
                    CallError::EngineFailed { method } => write!(f, ": in {method}"),
                    CallError::InvalidParams { parameter, reason } => write!(f, ": {parameter}: {reason}"),
                    CallError::RegistrationRefused { reason } => write!(f, ": {reason}"),
                    CallError::NotSerialisable { what } => write!(f, ": {what}"),
                    CallError::Unreachable { sent: true } => f.write_str(" (lost in mid-call)"),
                    CallError::LimitExceeded { what, limit } => write!(f, ": {what} {limit}"),
                    _ => Ok(()),
                }
            }
        }
    }
}

impl std::error::Error for CallError {}

/// The error object of a reply: `{code, message, data?}`.
impl Serialize for CallError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let CallError::Remote(remote) = self {
            let raw: &RawValue = serde_json::from_str(remote.object.as_str()).map_err(serde::ser::Error::custom)?;
            return raw.serialize(serializer);
        }
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("code", &self.code())?;
        object.serialize_entry("message", self.message())?;
        if let Some(data) = self.data() {
            object.serialize_entry("data", &data)?;
        }
        if let CallError::Script(error) = self {
            if let Some(data) = &error.data {
                let raw: &RawValue = serde_json::from_str(data.as_str()).map_err(serde::ser::Error::custom)?;
                object.serialize_entry("data", raw)?;
            }
        }
        object.end()
    }
}
