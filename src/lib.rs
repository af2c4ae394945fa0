//! madrpc-actor: an actor system that runs JavaScript functions across machines, called by JSON-RPC 2.0.

pub mod cli;
pub mod commands;
pub mod observe;
pub mod shutdown;
