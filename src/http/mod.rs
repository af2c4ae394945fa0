//! JSON-RPC 2.0 over HTTP (PROTOCOL, section 2): one endpoint for whatever implements [`Service`].
//!
//! Knows actix-web and the envelopes. It does not know what answers a call: nodes and orchestrators are services.

mod accept;
mod answer;
mod batch;
mod body;
mod call_log;
mod closing;
mod dashboard;
mod desk;
pub mod documents;
mod draining;
mod endpoint;
mod exposition;
mod flow;
mod gate;
mod head;
mod in_time;
mod node;
mod orchestrator;
mod origin;
mod pieces;
mod process;
mod routes;
mod scope;
mod server;
mod service;
mod session;
mod stream;
mod streaming;
mod watch;

pub use closing::Closing;
pub use draining::{Drained, Draining};
pub use flow::Flows;
pub use in_time::EachInTime;
pub use node::{NodeFacts, NodeService};
pub use orchestrator::OrchestratorService;
pub use origin::Origins;
pub use process::Process;
pub use server::{bind, serve, Listening, Reserved};
pub use session::keep_dialled;

pub use service::{CallRecorder, Caller, HttpConfig, Service};

/// Elements that a streamed batch between our own processes may have, whatever `--max-batch` says.
pub const STREAM_BATCH_MAX: usize = 128;

/// Bytes that a request between our own processes may be longer than the request that led to it: its envelope is
/// written anew, and what was a header may have become a member.
pub const ENVELOPE_SLACK: usize = 64 * 1024;

/// The headers by which our own processes tell what a JSON-RPC request has no member for.
pub mod header {
    /// Time that the call may take, in milliseconds.
    pub const TIMEOUT_MS: &str = "madrpc-timeout-ms";
    /// How many calls this one is nested in. Sent by our own processes alone.
    pub const DEPTH: &str = "madrpc-depth";
    /// W3C trace context.
    pub const TRACEPARENT: &str = "traceparent";
    /// Makes a retry safe.
    pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
    /// `k=v,k=v` that the node must carry.
    pub const TAGS: &str = "madrpc-tags";
    /// `stream`: answer each element of the batch as it finishes, one line each.
    pub const BATCH: &str = "madrpc-batch";
    /// A node opens a link for calls to it, and says which it is by its instance.
    pub const DIAL_IN: &str = "madrpc-dial-in";
    /// One of the keys of a client.
    pub const API_KEY: &str = "x-api-key";
    /// The secret of the cluster's members.
    pub const CLUSTER_TOKEN: &str = "madrpc-cluster-token";
}
