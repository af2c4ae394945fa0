//! Decisions as pure state machines: no clock, no IO, handed `now`.

pub mod admission;
pub mod attempts;
pub mod backoff;
pub mod balance;
pub mod breaker;
pub mod crowd;
pub mod egress;
pub mod health;
pub mod hedging;
pub mod idempotency;
pub mod joining;
pub mod latency;
pub mod lease;
pub mod membership;
pub mod node;
pub mod outlier;
pub mod overrun;
pub mod phi;
pub mod pool;
pub mod queueing;
pub mod redirect;
pub mod restart;
pub mod retry_budget;
pub mod routing;
pub mod slow_start;
pub mod tally;
