//! Decisions as pure state machines: no clock, no IO, handed `now`.

pub mod access;
pub mod admission;
pub mod attempts;
pub mod backoff;
pub mod balance;
pub mod breaker;
pub mod egress;
pub mod health;
pub mod hedging;
pub mod idempotency;
pub mod joining;
pub mod lease;
pub mod membership;
pub mod node;
pub mod overrun;
pub mod pool;
pub mod queueing;
pub mod rate_limit;
pub mod redirect;
pub mod restart;
pub mod retry_budget;
pub mod routing;
