//! What the tests stand on: processes, a cluster, clients, and waiting with a bound.

mod certs;
mod client;
mod cluster;
mod coded;
mod foreign;
mod frames;
mod load;
mod origin;
mod played;
mod preload;
mod process;
mod procfs;
mod progress;
mod proxy;
mod raw;
mod recorder;
mod script;
mod session;
mod tools;
mod wait;

pub(crate) use certs::{Authority, Certified, TlsClient};
pub(crate) use client::{Client, Reply, RpcFailure};
pub(crate) use cluster::{node, node_of, node_with, orchestrator, Cluster};
pub(crate) use coded::coded;
pub(crate) use foreign::ForeignServer;
pub(crate) use frames::{raw_frame, raw_head, RawSocket};
pub(crate) use load::{Load, StopAtEnd};
pub(crate) use origin::{Answer, Origin, Request};
pub(crate) use played::PlayedNode;
pub(crate) use preload::overruns;
pub(crate) use process::{binary, free_port, run, run_with, Process};
pub(crate) use procfs::{
    children_of, cpu_time, forget_peak, is_alive, is_stopped, open_files, peak, resident, signal, threads_of,
};
pub(crate) use progress::Progress;
pub(crate) use proxy::Proxy;
pub(crate) use raw::exchange;
pub(crate) use recorder::Recorder;
pub(crate) use script::{example, program, repository, Script};
pub(crate) use session::Session;
pub(crate) use tools::{bounded, in_browser, node_packages, python, succeed, Running};
pub(crate) use wait::{pause, wait_for, wait_until, SOON};
