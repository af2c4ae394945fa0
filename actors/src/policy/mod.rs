//! Decisions as pure state machines: no clock, no IO, handed `now`.

pub mod admission;
pub mod backoff;
