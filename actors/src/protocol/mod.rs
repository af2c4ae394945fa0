//! What travels between processes: JSON-RPC 2.0 envelopes, the error table, and what members tell each other.
//!
//! Knows serde_json and nothing of actors, sockets or JavaScript. Everything here is a pure function of its input.

pub mod call;
pub mod error;
pub mod event;
pub mod fetch;
pub mod json_text;
pub mod link;
pub mod membership;
pub mod method;
pub mod notes;
pub mod peer_url;
pub mod reply;
pub mod report;
pub mod request;
pub mod secret;
pub mod short;
pub mod span;
pub mod streams;
pub mod trace;
pub mod unsent;

pub use call::{Allowed, Call, CallResult, CallScope, DeadlineBy, IdempotencyKey};
pub use error::{CallError, Code, Fault, ScriptError};
pub use event::Event;
pub use fetch::{FetchError, FetchResult, HttpRequest, HttpResponse, Redirect};
pub use json_text::JsonText;
pub use link::LinkKeys;
pub use method::MethodInfo;
pub use notes::Notes;
pub use peer_url::PeerUrl;
pub use reply::Reply;
pub use report::{CallReport, Report};
pub use secret::Secret;
pub use short::Short;
pub use span::{Span, Times};
pub use streams::Streams;
pub use trace::TraceContext;
