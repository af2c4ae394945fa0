//! End-to-end tests: the real binary, real sockets on port 0, and no sleeping.
//!
//! Every test starts processes of its own by `harness` and ends them. Node.js must be on the PATH: it is the reference
//! for `JSON.stringify`, and runs the README's client. So must Python and, for the dashboard, Debian's Chromium.

mod harness;

mod abuse;
mod access;
mod bad_input;
mod balancing;
mod bench;
mod both_ways;
mod breaker;
mod browser;
mod catalogue;
mod clients;
mod cluster;
mod crowd;
mod descriptors;
mod dial_in;
mod differential;
mod drain;
mod errors;
mod event_handlers;
mod events;
mod failover;
mod fetch;
mod figures;
mod foreign_answers;
mod frames;
mod fuzz;
mod generators;
mod hedging;
mod hostile;
mod idempotency;
mod json_log;
mod jsonrpc;
mod jsonrpc_http;
mod left_behind;
mod links;
mod local;
mod membership;
mod memory;
mod nested_deadlines;
mod npm;
mod numbers;
mod observability;
mod origins;
mod overload;
mod programs;
mod rate_limit;
mod readme;
mod reload;
mod sessions;
mod soak;
mod streams;
mod supervisor;
mod tidy;
mod tls;
mod top;
mod traces;
mod unread;
mod values;
mod watchdog;
