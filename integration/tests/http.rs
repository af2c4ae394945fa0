//! The JSON-RPC endpoint and the client between processes, against a service that is all test: no JavaScript.

#[path = "http/client.rs"]
mod client;
#[path = "http/endpoint.rs"]
mod endpoint;
#[path = "http/framing.rs"]
mod framing;
#[path = "http/limits.rs"]
mod limits;
#[path = "http/liveness.rs"]
mod liveness;
#[path = "http/support.rs"]
mod support;
