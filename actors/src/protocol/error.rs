//! The one error type that crosses actors, and the one table that says what each error means (PROTOCOL, section 3).

use std::sync::Arc;
use std::time::Duration;

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use super::json_text::JsonText;

/// Longest `data` that a script may give an error, in bytes of JSON. An error tells what is wrong; what is longer is a
/// result.
pub const MAX_ERROR_DATA: usize = 64 << 10;

/// Longest error object that is taken from another process, in bytes of JSON: what a node makes of a message, a stack and
/// `data` that are as long as they may be is shorter.
pub const MAX_ERROR: usize = 512 << 10;

/// Longest message that is kept of a longer error object, in characters.
const KEPT_MESSAGE: usize = 16 << 10;

/// A JSON-RPC error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Code(pub i64);

#[allow(missing_docs, reason = "the names are those of the table, which `CallError` documents")]
impl Code {
    pub const PARSE_ERROR: Code = Code(-32700);
    pub const INVALID_REQUEST: Code = Code(-32600);
    pub const METHOD_NOT_FOUND: Code = Code(-32601);
    pub const INVALID_PARAMS: Code = Code(-32602);
    pub const INTERNAL: Code = Code(-32603);
    pub const SCRIPT: Code = Code(-32000);
    pub const TIMEOUT: Code = Code(-32001);
    pub const RATE_LIMITED: Code = Code(-32002);
    pub const OVERLOADED: Code = Code(-32003);
    pub const NO_NODE: Code = Code(-32004);
    pub const UNREACHABLE: Code = Code(-32005);
    pub const TOO_LARGE: Code = Code(-32006);
    pub const REGISTRATION_REFUSED: Code = Code(-32007);
    pub const UNAUTHORIZED: Code = Code(-32008);
    pub const LIMIT_EXCEEDED: Code = Code(-32009);
    pub const IDEMPOTENCY_CONFLICT: Code = Code(-32010);
    pub const DEPTH_EXCEEDED: Code = Code(-32011);
    pub const NOT_SERIALISABLE: Code = Code(-32012);
    pub const CANCELLED: Code = Code(-32800);
}

/// What a script threw, ready for the wire.
#[derive(Clone, Debug, PartialEq)]
pub struct ScriptError {
    /// -32000, or what a `madrpc.RpcError` says.
    pub code: Code,
    /// The error's own message.
    pub message: String,
    /// JSON of `data`: a `madrpc.RpcError`'s own, or `{name, stack, method, node}`.
    pub data: Option<JsonText>,
}

/// Why a call has no result.
#[derive(Clone, Debug)]
pub enum CallError {
    /// The body is not JSON, or nests too deeply.
    Parse,
    /// JSON, but not a request object.
    InvalidRequest,
    /// Nodes are up, and none has the method.
    MethodNotFound,
    /// An argument was refused; names it.
    InvalidParams {
        /// Which one.
        parameter: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Our fault. The detail goes to the log and not to the client.
    Internal {
        /// For the log.
        detail: String,
    },
    /// The JavaScript engine itself failed while it ran this method; the call's own doing, and no fault of the node's.
    EngineFailed {
        /// Which.
        method: Arc<str>,
    },
    /// The function threw or rejected.
    Script(Box<ScriptError>),
    /// The deadline passed.
    Timeout,
    /// Too many requests from this client.
    RateLimited {
        /// When to try again.
        retry_after_s: u64,
    },
    /// Admission refused; nothing has run.
    Overloaded,
    /// Refused since this process is about to leave; nothing has run.
    Draining,
    /// No node is up, or only nodes that are down have the method.
    NoNode,
    /// The connection could not be made, or was lost.
    Unreachable {
        /// Whether the node may have received the call.
        sent: bool,
    },
    /// A body, a batch or a result is over its limit.
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// An address or identity that may not join.
    RegistrationRefused {
        /// Why.
        reason: String,
    },
    /// No key or token, or a wrong one.
    Unauthorized,
    /// A limit that a script can't catch.
    LimitExceeded {
        /// Which one.
        what: &'static str,
        /// Its value.
        limit: u64,
    },
    /// The same idempotency key with another method or other params.
    IdempotencyConflict,
    /// Calls nest too deeply.
    DepthExceeded {
        /// The limit.
        limit: u32,
    },
    /// A cyclic value, a BigInt, or a function or symbol as the whole value.
    NotSerialisable {
        /// What it was.
        what: String,
    },
    /// By the client or a parent call.
    Cancelled,
    /// Another process's error object, passed on as it came.
    Remote(Box<RemoteError>),
}

/// An error object made elsewhere.
#[derive(Clone, Debug)]
pub struct RemoteError {
    /// The whole object, byte for byte.
    pub object: JsonText,
    /// Its code.
    pub code: Code,
    /// What kind of failure the peer says that it was; a script can forge codes, but not this.
    pub fault: Option<Fault>,
}

impl RemoteError {
    /// The error whose object has the text `object`. Of one that is too long, code and message stay.
    pub(super) fn read(object: &str, fault: Option<Fault>) -> serde_json::Result<RemoteError> {
        #[derive(Deserialize)]
        struct Head {
            code: serde_json::Number,
        }
        #[derive(Deserialize)]
        struct Text {
            message: String,
        }
        let head: Head = serde_json::from_str(object)?;
        let code = head.code.as_i64().map_or(Code::INTERNAL, Code);
        // A copy: a part of a body would keep all of it.
        if object.len() <= MAX_ERROR {
            return Ok(RemoteError { object: JsonText::from_trusted(object.to_owned()), code, fault });
        }
        // A message that is no text says nothing.
        let mut message = serde_json::from_str(object).map_or_else(|_| String::new(), |Text { message }| message);
        if let Some((end, _)) = message.char_indices().nth(KEPT_MESSAGE) {
            message.truncate(end);
            message.push('…');
        }
        let object = serde_json::json!({"code": head.code, "message": message, "data": omitted_data(MAX_ERROR)});
        Ok(RemoteError { object: JsonText::from_trusted(object.to_string()), code, fault })
    }
}

/// What stands in place of `data` that is longer than `limit` bytes.
fn omitted_data(limit: usize) -> serde_json::Value {
    serde_json::json!({"omitted": {"data": format!("it is longer than {limit} bytes")}})
}

/// A failure of a node rather than of the function that it ran, told to the orchestrator beside the error object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fault {
    /// Refused before anything ran: another node may be tried.
    Refused,
    /// As `Refused`, and so will be whatever comes next.
    Draining,
    /// The node failed at it: its breaker counts that.
    Failed,
}

/// A row of the table: what an error means to whoever routes the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// The code on the wire.
    pub code: Code,
    /// When another node may be tried.
    pub retry: Retry,
    /// Whether it counts against the node's circuit breaker.
    pub breaker_counts: bool,
}

/// When another node may be tried after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The next node would answer the same.
    Never,
    /// Only what is safe to run twice.
    IfIdempotent,
    /// Nothing has run.
    Always,
}

impl CallError {
    /// Our own fault; `detail` is for the log.
    pub fn internal(detail: impl Into<String>) -> Self {
        CallError::Internal { detail: detail.into() }
    }

    /// A script that has run for longer than it may.
    pub fn ran_too_long(limit: Duration) -> Self {
        let limit = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        CallError::LimitExceeded { what: "running time in ms", limit }
    }

    /// A script that takes more memory than it may.
    pub fn too_much_memory(limit: usize) -> Self {
        CallError::LimitExceeded { what: "memory in bytes", limit: limit as u64 }
    }

    /// An argument that was refused.
    pub fn invalid_params(parameter: impl Into<String>, reason: impl Into<String>) -> Self {
        CallError::InvalidParams { parameter: parameter.into(), reason: reason.into() }
    }

    /// The table.
    pub fn meaning(&self) -> Meaning {
        use Retry::{Always, IfIdempotent, Never};
        let (code, retry, breaker_counts) = match self {
            CallError::Parse => (Code::PARSE_ERROR, Never, false),
            CallError::InvalidRequest => (Code::INVALID_REQUEST, Never, false),
            CallError::MethodNotFound => (Code::METHOD_NOT_FOUND, Never, false),
            CallError::InvalidParams { .. } => (Code::INVALID_PARAMS, Never, false),
            CallError::Internal { .. } => (Code::INTERNAL, Never, true),
            // Any node would: five calls of one method must not take a node away from all others.
            CallError::EngineFailed { .. } => (Code::INTERNAL, Never, false),
            CallError::Script(error) => (error.code, Never, false),
            CallError::Timeout => (Code::TIMEOUT, Never, true),
            CallError::RateLimited { .. } => (Code::RATE_LIMITED, Never, false),
            CallError::Overloaded => (Code::OVERLOADED, Always, false),
            CallError::Draining => (Code::OVERLOADED, Always, false),
            CallError::NoNode => (Code::NO_NODE, Never, false),
            CallError::Unreachable { sent: false } => (Code::UNREACHABLE, Always, true),
            CallError::Unreachable { sent: true } => (Code::UNREACHABLE, IfIdempotent, true),
            CallError::TooLarge { .. } => (Code::TOO_LARGE, Never, false),
            CallError::RegistrationRefused { .. } => (Code::REGISTRATION_REFUSED, Never, false),
            CallError::Unauthorized => (Code::UNAUTHORIZED, Never, false),
            CallError::LimitExceeded { .. } => (Code::LIMIT_EXCEEDED, Never, false),
            CallError::IdempotencyConflict => (Code::IDEMPOTENCY_CONFLICT, Never, false),
            CallError::DepthExceeded { .. } => (Code::DEPTH_EXCEEDED, Never, false),
            CallError::NotSerialisable { .. } => (Code::NOT_SERIALISABLE, Never, false),
            CallError::Cancelled => (Code::CANCELLED, Never, false),
            CallError::Remote(remote) => match remote.fault {
                Some(Fault::Refused | Fault::Draining) => (remote.code, Always, false),
                Some(Fault::Failed) => (remote.code, Never, true),
                None => (remote.code, Never, false),
            },
        };
        Meaning { code, retry, breaker_counts }
    }

    /// What a node tells the orchestrator beside the error object.
    pub fn fault(&self) -> Option<Fault> {
        let meaning = self.meaning();
        match (meaning.retry, meaning.breaker_counts) {
            // A failure that arrived from further on is about another process than this one.
            _ if matches!(self, CallError::Remote(_)) => None,
            _ if matches!(self, CallError::Draining) => Some(Fault::Draining),
            (Retry::Always, _) => Some(Fault::Refused),
            (_, true) => Some(Fault::Failed),
            _ => None,
        }
    }

    /// Whoever sent the call should look whether the node is still there, and stays.
    pub fn is_farewell(&self) -> bool {
        match self {
            CallError::Unreachable { .. } => true,
            CallError::Remote(remote) => remote.fault == Some(Fault::Draining),
            _ => false,
        }
    }

    /// The public text.
    pub fn message(&self) -> &str {
        match self {
            CallError::Parse => "Parse error",
            CallError::InvalidRequest => "Invalid Request",
            CallError::MethodNotFound => "Method not found",
            CallError::InvalidParams { .. } => "Invalid params",
            CallError::Internal { .. } => "Internal error",
            CallError::EngineFailed { .. } => "The JavaScript engine failed",
            CallError::Script(error) => &error.message,
            CallError::Timeout => "Timeout",
            CallError::RateLimited { .. } => "Rate limited",
            CallError::Overloaded | CallError::Draining => "Overloaded",
            CallError::NoNode => "No node available",
            CallError::Unreachable { .. } => "Node unreachable",
            CallError::TooLarge { .. } => "Payload too large",
            CallError::RegistrationRefused { .. } => "Registration refused",
            CallError::Unauthorized => "Unauthorized",
            CallError::LimitExceeded { .. } => "Limit exceeded",
            CallError::IdempotencyConflict => "Idempotency conflict",
            CallError::DepthExceeded { .. } => "Call depth exceeded",
            CallError::NotSerialisable { .. } => "Not serialisable",
            CallError::Cancelled => "Cancelled",
            CallError::Remote(_) => "error of another process",
        }
    }

    /// The code on the wire.
    pub fn code(&self) -> Code {
        self.meaning().code
    }

    /// About how many bytes its object has in a reply.
    pub fn size(&self) -> usize {
        /// Of an object with nothing of variable length in it.
        const BARE: usize = 96;
        BARE + match self {
            CallError::Script(error) => error.message.len() + error.data.as_ref().map_or(0, JsonText::len),
            CallError::Remote(remote) => remote.object.len(),
            CallError::InvalidParams { parameter, reason } => parameter.len() + reason.len(),
            CallError::RegistrationRefused { reason } => reason.len(),
            CallError::NotSerialisable { what } => what.len(),
            CallError::EngineFailed { method } => method.len(),
            _ => 0,
        }
    }
}

/// For the log: everything, the detail that clients don't see included.
impl std::fmt::Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            CallError::Remote(remote) => f.write_str(remote.object.as_str()),
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
        let data = match self {
            CallError::InvalidParams { parameter, reason } => {
                Some(serde_json::json!({"parameter": parameter, "reason": reason}))
            }
            CallError::EngineFailed { method } => Some(serde_json::json!({"reason": "engine", "method": &**method})),
            CallError::TooLarge { limit } => Some(serde_json::json!({"limit": limit})),
            CallError::LimitExceeded { what, limit } => Some(serde_json::json!({"what": what, "limit": limit})),
            CallError::DepthExceeded { limit } => Some(serde_json::json!({"limit": limit})),
            CallError::RegistrationRefused { reason } => Some(serde_json::json!({"reason": reason})),
            CallError::RateLimited { retry_after_s } => Some(serde_json::json!({"retryAfterSeconds": retry_after_s})),
            CallError::NotSerialisable { what } => Some(serde_json::json!({"what": what})),
            CallError::Draining => Some(serde_json::json!({"reason": "draining"})),
            _ => None,
        };
        if let Some(data) = data {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn json(error: &CallError) -> String {
        serde_json::to_string(error).expect("serialises")
    }

    #[test]
    fn specification_errors_are_bare() {
        assert_eq!(json(&CallError::Parse), r#"{"code":-32700,"message":"Parse error"}"#);
        assert_eq!(json(&CallError::InvalidRequest), r#"{"code":-32600,"message":"Invalid Request"}"#);
        assert_eq!(json(&CallError::MethodNotFound), r#"{"code":-32601,"message":"Method not found"}"#);
    }

    #[test]
    fn detail_stays_out_of_the_reply() {
        let error = CallError::internal("secret path");
        assert!(!json(&error).contains("secret"));
        assert!(error.to_string().contains("secret"));
    }

    #[test]
    fn a_remote_error_keeps_its_bytes_and_its_fault() {
        let object = JsonText::parse(r#"{"message":"m", "code":-32003,"data":1.0}"#).expect("valid");
        let remote =
            |fault| CallError::Remote(Box::new(RemoteError { object: object.clone(), code: Code(-32003), fault }));
        assert_eq!(json(&remote(None)), object.as_str());
        // A script that throws -32003 itself must not make the orchestrator run it again elsewhere.
        assert_eq!(remote(None).meaning().retry, Retry::Never);
        assert_eq!(remote(Some(Fault::Refused)).meaning().retry, Retry::Always);
        assert_eq!(remote(Some(Fault::Refused)).fault(), None);
    }

    #[test]
    fn of_an_object_that_is_too_long_code_and_message_stay() {
        let data = "x".repeat(MAX_ERROR);
        let long = format!(r#"{{"code":7,"message":"no","data":"{data}"}}"#);
        let remote = RemoteError::read(&long, Some(Fault::Failed)).expect("an error");
        assert_eq!((remote.code, remote.fault), (Code(7), Some(Fault::Failed)));
        let object: serde_json::Value = serde_json::from_str(remote.object.as_str()).expect("JSON");
        assert_eq!((&object["code"], &object["message"]), (&7.into(), &"no".into()));
        assert_eq!(object["data"]["omitted"]["data"], format!("it is longer than {MAX_ERROR} bytes"));
        let message = format!(r#"{{"code":1.5,"message":"{}"}}"#, "é".repeat(MAX_ERROR));
        let remote = RemoteError::read(&message, None).expect("an error");
        assert_eq!(remote.code, Code::INTERNAL);
        assert!(remote.object.len() < 2 * KEPT_MESSAGE + 200, "{}", remote.object.len());
        let size = CallError::Remote(Box::new(remote.clone())).size();
        assert!(size >= remote.object.len());
    }

    #[test]
    fn retry_and_breaker_follow_the_table() {
        let row = |error: CallError| (error.meaning().retry, error.meaning().breaker_counts, error.fault());
        assert_eq!(row(CallError::Overloaded), (Retry::Always, false, Some(Fault::Refused)));
        assert_eq!(row(CallError::Draining), (Retry::Always, false, Some(Fault::Draining)));
        assert_eq!(row(CallError::Unreachable { sent: true }), (Retry::IfIdempotent, true, Some(Fault::Failed)));
        assert_eq!(row(CallError::Unreachable { sent: false }), (Retry::Always, true, Some(Fault::Refused)));
        assert_eq!(row(CallError::Timeout), (Retry::Never, true, Some(Fault::Failed)));
        assert_eq!(row(CallError::MethodNotFound), (Retry::Never, false, None));
        assert_eq!(row(CallError::EngineFailed { method: "f".into() }), (Retry::Never, false, None));
        assert_eq!(row(CallError::internal("lost")), (Retry::Never, true, Some(Fault::Failed)));
    }
}
