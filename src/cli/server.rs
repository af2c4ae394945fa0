//! What `orchestrator` and `node` are told.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use madrpc_actors::actors::PeerUrl;
use madrpc_actors::engine::Isolation;
use madrpc_actors::policy::balance::BalancePolicy;
use madrpc_actors::policy::egress::Entry;
use madrpc_actors::policy::overrun::Limits;
use structopt::StructOpt;
use url::Url;

use super::security::SecurityOptions;
use super::units::{duration, duration_or_zero, memory, size, whole};
use super::values::{balance_policy, call_url, isolation, net_entry, peer_url, script, tag, BindAddr};
use super::Usage;
use crate::observe::LogFormat;

/// A context that holds less is not worth making anew.
const SMALLEST_CONTEXT_BOUND: usize = 16 << 20;

fn threads(text: &str) -> Result<usize, String> {
    whole(text, 1..=1024)
}

fn positive(text: &str) -> Result<u32, String> {
    whole(text, 1..=1_000_000)
}

fn positive_usize(text: &str) -> Result<usize, String> {
    whole(text, 1..=100_000_000)
}

fn few(text: &str) -> Result<u32, String> {
    whole(text, 0..=100)
}

/// The CPUs that this process may use.
pub fn cpus() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// What every server is told.
#[derive(Clone, Debug, StructOpt)]
pub struct ServerOptions {
    /// Deadline of a call that brings none
    #[structopt(long, env = "MADRPC_CALL_TIMEOUT", default_value = "30s", value_name = "D", parse(try_from_str = duration))]
    pub call_timeout: Duration,
    /// Longest body and result; over it: error -32006
    #[structopt(long, env = "MADRPC_MAX_BODY", default_value = "10MiB", value_name = "SIZE", parse(try_from_str = size))]
    pub max_body: usize,
    /// Most calls of one batch; over it: error -32006
    #[structopt(long, env = "MADRPC_MAX_BATCH", default_value = "10000", value_name = "N", parse(try_from_str = positive_usize))]
    pub max_batch: usize,
    /// Calls admitted at once; over it: error -32003 at once
    #[structopt(long, env = "MADRPC_MAX_INFLIGHT", default_value = "65536", value_name = "N", parse(try_from_str = positive_usize))]
    pub max_inflight: usize,
    /// How long SIGTERM waits for running calls; then exit code 0
    #[structopt(long, env = "MADRPC_DRAIN_TIMEOUT", default_value = "30s", value_name = "D", parse(try_from_str = duration_or_zero))]
    pub drain_timeout: Duration,
    /// How often the log gets a summary; 0 = never
    #[structopt(long, env = "MADRPC_SUMMARY_INTERVAL", default_value = "10s", value_name = "D", parse(try_from_str = duration_or_zero))]
    pub summary_interval: Duration,
    /// How the log looks: text or json
    #[structopt(long, env = "MADRPC_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub log_format: LogFormat,
    /// HTTP worker threads [default: CPUs]
    #[structopt(long, env = "MADRPC_WORKERS", value_name = "N", parse(try_from_str = threads))]
    workers: Option<usize>,
    /// Collector that traces are exported to, by OTLP over HTTP [default: none]
    #[structopt(long, env = "MADRPC_OTLP", value_name = "URL", parse(try_from_str = call_url))]
    pub otlp: Option<Url>,
    #[structopt(flatten)]
    #[allow(missing_docs, reason = "a doc comment here would become help text")]
    pub security: SecurityOptions,
}

impl ServerOptions {
    /// HTTP worker threads.
    pub fn workers(&self) -> usize {
        self.workers.unwrap_or_else(cpus)
    }
}

/// What `orchestrator` is told.
#[derive(Clone, Debug, StructOpt)]
pub struct OrchestratorConfig {
    /// Address to listen on; port 0 takes a free one
    #[structopt(short, long, env = "MADRPC_BIND", default_value = "0.0.0.0:8080", value_name = "ADDR")]
    pub bind: BindAddr,
    /// Static node, repeatable [env: MADRPC_NODE, separated by commas]
    #[structopt(short = "n", long = "node", number_of_values = 1, value_name = "URL", parse(try_from_str = peer_url))]
    pub nodes: Vec<PeerUrl>,
    /// Failures in a row that open a node's circuit breaker
    #[structopt(long, env = "MADRPC_FAILURE_THRESHOLD", default_value = "5", value_name = "N", parse(try_from_str = positive))]
    pub failure_threshold: u32,
    /// How long an open circuit refuses before it is probed
    #[structopt(long, env = "MADRPC_CIRCUIT_TIMEOUT", default_value = "30000", value_name = "D", parse(try_from_str = duration))]
    pub circuit_timeout: Duration,
    /// What the time is multiplied by after each failed probe, up to 10 times the timeout
    #[structopt(long, env = "MADRPC_BACKOFF_MULTIPLIER", default_value = "2", value_name = "N", parse(try_from_str = positive))]
    pub backoff_multiplier: u32,
    /// How a node is chosen: least-inflight, round-robin, random or p2c-ewma
    #[structopt(long, env = "MADRPC_BALANCE", default_value = "least-inflight", value_name = "POLICY", parse(try_from_str = balance_policy))]
    pub balance: BalancePolicy,
    /// How often each node is checked; 0 = never
    #[structopt(long, env = "MADRPC_HEALTH_INTERVAL", default_value = "5s", value_name = "D", parse(try_from_str = duration_or_zero))]
    health_interval: Duration,
    /// How long a node may take to answer a check
    #[structopt(long, env = "MADRPC_HEALTH_TIMEOUT", default_value = "2s", value_name = "D", parse(try_from_str = duration))]
    pub health_timeout: Duration,
    /// Failed checks in a row that take a node out of rotation
    #[structopt(long, env = "MADRPC_HEALTH_FAILURES", default_value = "3", value_name = "N", parse(try_from_str = positive))]
    pub health_failures: u32,
    /// Further nodes tried when a call never reached a node, or its method is idempotent
    #[structopt(long, env = "MADRPC_RETRIES", default_value = "2", value_name = "N", parse(try_from_str = few))]
    pub retries: u32,
    #[structopt(flatten)]
    #[allow(missing_docs, reason = "a doc comment here would become help text")]
    pub server: ServerOptions,
}

impl OrchestratorConfig {
    /// How often each node is checked; `None` when it isn't.
    pub fn health_interval(&self) -> Option<Duration> {
        (!self.health_interval.is_zero()).then_some(self.health_interval)
    }

    pub(super) fn complete(&mut self, env: super::Env<'_>) -> Result<(), Usage> {
        super::repeated("node", "MADRPC_NODE", &mut self.nodes, env, peer_url)?;
        self.server.security.complete(env)?;
        match self.nodes.iter().find(|node| self.bind.is_reached_by(node)) {
            Some(node) => Err(Usage::value("node", &format!("{node} is this orchestrator itself; the URL of a node"))),
            None => Ok(()),
        }
    }
}

/// What `node` is told.
#[derive(Clone, Debug, StructOpt)]
pub struct NodeConfig {
    /// Address to listen on; port 0 takes a free one
    #[structopt(short, long, env = "MADRPC_BIND", default_value = "0.0.0.0:9001", value_name = "ADDR")]
    pub bind: BindAddr,
    /// JavaScript to load, required, repeatable [env: MADRPC_SCRIPT, separated by commas]
    #[structopt(short = "s", long = "script", number_of_values = 1, value_name = "PATH", parse(try_from_str = script))]
    pub scripts: Vec<PathBuf>,
    /// Orchestrator to register at and to send `madrpc.call` to, repeatable (failover) [env: MADRPC_ORCHESTRATOR, separated by commas]
    #[structopt(long = "orchestrator", number_of_values = 1, value_name = "URL", parse(try_from_str = peer_url))]
    pub orchestrators: Vec<PeerUrl>,
    /// How others reach this node [default: from the bound address]
    #[structopt(long, env = "MADRPC_PUBLIC_URL", value_name = "URL", parse(try_from_str = peer_url))]
    pub public_url: Option<PeerUrl>,
    /// Open the link to the orchestrator from this side: no reachable address needed [env: MADRPC_DIAL_IN=true]
    #[structopt(long)]
    pub dial_in: bool,
    /// Threads that run JavaScript [default: CPUs]
    #[structopt(long, env = "MADRPC_POOL_SIZE", value_name = "N", parse(try_from_str = threads))]
    pool_size: Option<usize>,
    /// What a call shares with those before it: shared, call or context
    #[structopt(long, env = "MADRPC_ISOLATION", default_value = "shared", value_name = "MODE", parse(try_from_str = isolation))]
    pub isolation: Isolation,
    /// JavaScript running time of one call, waiting not counted; over it: error -32009
    #[structopt(long, env = "MADRPC_CPU_LIMIT", default_value = "10s", value_name = "D", parse(try_from_str = duration))]
    pub cpu_limit: Duration,
    /// Reload the scripts when a file of theirs changes, without losing a call [env: MADRPC_WATCH=true]
    #[structopt(long)]
    pub watch: bool,
    /// Memory of the engine process; over it the engine is replaced, the node lives
    #[structopt(long, env = "MADRPC_MEMORY_LIMIT", default_value = "1GiB", value_name = "SIZE", parse(try_from_str = memory))]
    pub memory_limit: usize,
    /// Nesting of calls across the cluster; over it: error -32011
    #[structopt(long, env = "MADRPC_MAX_DEPTH", default_value = "64", value_name = "N", parse(try_from_str = positive))]
    pub max_depth: u32,
    /// Tag for routing, repeatable [env: MADRPC_TAG, separated by commas]
    #[structopt(long = "tag", number_of_values = 1, value_name = "K=V", parse(try_from_str = tag))]
    tag_list: Vec<(String, String)>,
    #[structopt(skip)]
    #[allow(missing_docs, reason = "a doc comment here would become help text")]
    pub tags: BTreeMap<String, String>,
    /// Where scripts may fetch from, repeatable; addresses that are not public only when named so [env:
    /// MADRPC_ALLOW_NET, separated by commas]
    #[structopt(long, number_of_values = 1, value_name = "HOST[:PORT]", parse(try_from_str = net_entry))]
    pub allow_net: Vec<Entry>,
    /// Run the engine in this very process, with nothing to replace it when it dies [env: MADRPC_NO_SUPERVISE=true]
    #[structopt(long)]
    pub no_supervise: bool,
    /// Capacity told to the orchestrator [default: pool size]
    #[structopt(long, env = "MADRPC_WEIGHT", value_name = "N", parse(try_from_str = positive))]
    weight: Option<u32>,
    #[structopt(flatten)]
    #[allow(missing_docs, reason = "a doc comment here would become help text")]
    pub server: ServerOptions,
}

impl NodeConfig {
    /// Threads that run JavaScript.
    pub fn pool_size(&self) -> usize {
        self.pool_size.unwrap_or_else(cpus)
    }

    /// What one call may use up. One that grows the heap by half of what the process may have is stopped; between calls
    /// the contexts of all executors together keep below a quarter.
    pub fn limits(&self) -> Limits {
        Limits {
            cpu: Some(self.cpu_limit),
            heap: Some(self.memory_limit / 2),
            context: Some((self.memory_limit / 4 / self.pool_size()).max(SMALLEST_CONTEXT_BOUND)),
        }
    }

    /// Bytes of long results and items that may wait for clients, of what the process may have.
    pub fn unsent_room(&self) -> usize {
        self.memory_limit / 4
    }

    /// Capacity relative to other nodes.
    pub fn weight(&self) -> u32 {
        self.weight.unwrap_or_else(|| u32::try_from(self.pool_size()).unwrap_or(u32::MAX))
    }

    pub(super) fn complete(&mut self, env: super::Env<'_>) -> Result<(), Usage> {
        super::scripts(&mut self.scripts, env)?;
        self.server.security.complete(env)?;
        super::repeated("orchestrator", "MADRPC_ORCHESTRATOR", &mut self.orchestrators, env, peer_url)?;
        self.tags = super::tags(&mut self.tag_list, env)?;
        super::repeated("allow-net", "MADRPC_ALLOW_NET", &mut self.allow_net, env, net_entry)?;
        self.watch |= super::switch("watch", "MADRPC_WATCH", env)?;
        self.dial_in |= super::switch("dial-in", "MADRPC_DIAL_IN", env)?;
        if self.dial_in && self.orchestrators.is_empty() {
            return Err(Usage::value("dial-in", "there is no --orchestrator to dial in at"));
        }
        if self.dial_in && self.public_url.is_some() {
            return Err(Usage::value("dial-in", "a node that dials in has no --public-url"));
        }
        self.no_supervise |= super::switch("no-supervise", "MADRPC_NO_SUPERVISE", env)?;
        for orchestrator in &self.orchestrators {
            if self.bind.is_reached_by(orchestrator) || self.public_url.as_ref() == Some(orchestrator) {
                let problem = format!("{orchestrator} is this node itself; the URL of an orchestrator");
                return Err(Usage::value("orchestrator", &problem));
            }
        }
        Ok(())
    }
}
