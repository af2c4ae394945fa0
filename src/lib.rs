//! Processes around the actors: HTTP, the client between processes, and the command line.

pub mod http;
pub mod transport;
