//! The one error type that crosses actors, and the one table that says what each error means (PROTOCOL, section 3).

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::call::{Allowed, CallScope, DeadlineBy};
use super::json_text::JsonText;

mod text;

/// Longest `data` that a script may give an error, in bytes of JSON. An error tells what is wrong; what is longer is a
/// result.
pub const MAX_ERROR_DATA: usize = 64 << 10;

/// Longest error object that is taken from another process, in bytes of JSON: what a node makes of a message, a stack and
/// `data` that are as long as they may be is shorter.
pub const MAX_ERROR: usize = 512 << 10;

/// Longest message that is kept of a longer error object, in characters.
const KEPT_MESSAGE: usize = 16 << 10;

/// Longest detail that is told of an error of ours, in bytes of JSON: names and tags are a caller's own text.
const MAX_DETAIL: usize = 4 << 10;

/// Longest name that is told of a method, in characters.
const MAX_NAME: usize = 256;

/// The object of `CallError::Timeout`.
const BARE_TIMEOUT: &str = r#"{"code":-32001,"message":"Timeout"}"#;

/// As much of a name as is told.
fn shown(name: &str) -> String {
    name.chars().take(MAX_NAME).collect()
}

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
    /// An error of ours with more to say.
    Detailed(Box<Detailed>),
}

/// An error with what its caller should know of it beside its kind.
#[derive(Clone, Debug)]
pub struct Detailed {
    error: CallError,
    /// Members of `data`, next to those that the error has anyway.
    more: serde_json::Map<String, serde_json::Value>,
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

    /// The same error, whose `data` says this, too. What is longer than a detail is left out.
    pub fn with(self, member: &str, value: impl Into<serde_json::Value>) -> Self {
        let value = value.into();
        if value.to_string().len() > MAX_DETAIL {
            return self;
        }
        let mut detailed = match self {
            CallError::Detailed(detailed) => detailed,
            error => Box::new(Detailed { error, more: serde_json::Map::new() }),
        };
        detailed.more.insert(member.to_owned(), value);
        CallError::Detailed(detailed)
    }

    /// The error without details, to tell its kind by.
    pub fn kind(&self) -> &CallError {
        match self {
            CallError::Detailed(detailed) => &detailed.error,
            error => error,
        }
    }

    /// Members of `data` that make it what it is.
    fn data(&self) -> Option<serde_json::Value> {
        use serde_json::json;
        Some(match self {
            CallError::InvalidParams { parameter, reason } => json!({"parameter": parameter, "reason": reason}),
            CallError::EngineFailed { method } => json!({"reason": "engine", "method": &**method}),
            CallError::TooLarge { limit } => json!({"limit": limit}),
            CallError::LimitExceeded { what, limit } => json!({"what": what, "limit": limit}),
            CallError::DepthExceeded { limit } => json!({"limit": limit}),
            CallError::RegistrationRefused { reason } => json!({"reason": reason}),
            CallError::RateLimited { retry_after_s } => json!({"retryAfterSeconds": retry_after_s}),
            CallError::NotSerialisable { what } => json!({"what": what}),
            CallError::Draining => json!({"reason": "draining"}),
            CallError::Detailed(detailed) => {
                let mut data = detailed.error.data().unwrap_or_else(|| json!({}));
                if let Some(members) = data.as_object_mut() {
                    members.extend(detailed.more.clone());
                }
                data
            }
            _ => return None,
        })
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
            CallError::Detailed(detailed) => return detailed.error.meaning(),
        };
        Meaning { code, retry, breaker_counts }
    }

    /// A node that gave up at a deadline which it does not know more of than that.
    fn is_bare_timeout(&self) -> bool {
        match self {
            CallError::Timeout => true,
            CallError::Remote(remote) => {
                let RemoteError { object, code, fault } = &**remote;
                (*code, *fault) == (Code::TIMEOUT, Some(Fault::Failed)) && object.as_str() == BARE_TIMEOUT
            }
            _ => false,
        }
    }

    /// A time-out says how much time the call was `allowed`, and whose word that was. A peer says so itself.
    pub fn within(self, allowed: Allowed) -> Self {
        let Allowed { time, by } = allowed;
        if by == DeadlineBy::Peer || !self.is_bare_timeout() {
            return self;
        }
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        CallError::Timeout.with("timeoutMs", ms).with("by", by.name())
    }

    /// With what whoever made a call should know of why it failed.
    pub fn of_call(self, method: &str, scope: &CallScope) -> Self {
        match self.within(scope.allowed) {
            // The examples of the specification are bare, and who called by hand knows the name.
            CallError::MethodNotFound if scope.depth > 0 => CallError::MethodNotFound.with("method", shown(method)),
            CallError::NoNode => {
                let error = CallError::NoNode.with("method", shown(method));
                match scope.tags.is_empty() {
                    true => error,
                    false => error.with("tags", serde_json::json!(scope.tags)),
                }
            }
            error => error,
        }
    }

    /// What a node tells the orchestrator beside the error object.
    pub fn fault(&self) -> Option<Fault> {
        let meaning = self.meaning();
        match (meaning.retry, meaning.breaker_counts) {
            // A failure that arrived from further on is about another process than this one.
            _ if matches!(self, CallError::Remote(_)) => None,
            _ if matches!(self.kind(), CallError::Draining) => Some(Fault::Draining),
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
            CallError::Overloaded => "Overloaded",
            CallError::Draining => "Draining",
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
            CallError::Detailed(detailed) => detailed.error.message(),
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
            CallError::Detailed(detailed) => {
                let member = |(name, value): (&String, &serde_json::Value)| name.len() + value.to_string().len() + 4;
                detailed.error.size() + detailed.more.iter().map(member).sum::<usize>()
            }
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests;
