//! Processes around the actors: HTTP, the client between processes, the log, and the command line.

#![doc = include_str!("ARCHITECTURE.md")]

pub mod allocator;
pub mod cli;
pub mod commands;
pub mod http;
pub mod load;
pub mod observe;
pub mod otlp;
pub mod reload;
pub mod shutdown;
pub mod supervisor;
pub mod tls;
pub mod top;
pub mod transport;
pub mod vitals;
pub(crate) mod websocket;
