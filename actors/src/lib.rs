//! The parts of madrpc-actor that know no HTTP: protocol, policy, engine and actors.

pub mod actors;
pub mod engine;
pub mod metrics;
pub mod policy;
pub mod protocol;
pub mod traces;
