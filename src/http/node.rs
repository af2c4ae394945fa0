//! The node behind the endpoint: calls go to the pool of executors.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use futures_util::stream::{LocalBoxStream, StreamExt};
use madrpc_actors::actors::JsPool;
use madrpc_actors::metrics::{Exposition, Kind, MetricsSnapshot, Recorder};
use madrpc_actors::policy::admission::{Admission, Permit};
use madrpc_actors::protocol::{Call, CallResult, Code, JsonText, MethodInfo};
use madrpc_actors::traces::Tracer;
use serde::Serialize;

use super::documents;
use super::flow::Flows;
use super::process::{Process, Vitals};
use super::service::{CallRecorder, Caller, Service};
use crate::supervisor::{Reporter, Role};

/// What a node tells about itself in `_info`, beside its methods.
#[derive(Clone, Debug)]
pub struct NodeFacts {
    /// What the node registers with.
    pub tags: BTreeMap<String, String>,
    /// What the node registers with.
    pub weight: u32,
    /// Which of the node's engines this one is.
    pub role: Role,
}

/// The service of one worker thread of a node.
#[derive(Clone)]
pub struct NodeService(Rc<Inner>);

struct Inner {
    pool: JsPool,
    facts: NodeFacts,
    process: Process,
    recorder: NodeRecorder,
    tracer: Tracer,
}

/// The figures, and word to the supervisor that this engine serves.
struct NodeRecorder {
    figures: Recorder,
    reporter: Reporter,
}

impl CallRecorder for NodeRecorder {
    fn record(&self, method: Option<&str>, error: Option<Code>, latency: Duration) {
        CallRecorder::record(&self.figures, method, error, latency);
        if error.is_none() {
            self.reporter.served();
        }
    }
}

impl std::fmt::Debug for NodeService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeService").finish_non_exhaustive()
    }
}

impl NodeService {
    /// `facts` and `process` are what it tells about itself; `reporter` tells the supervisor of the first call that
    /// succeeds.
    pub fn new(pool: JsPool, facts: NodeFacts, process: Process, reporter: Reporter) -> Self {
        let recorder = NodeRecorder { figures: process.metrics.recorder(), reporter };
        let tracer = process.traces.tracer();
        NodeService(Rc::new(Inner { pool, facts, process, recorder, tracer }))
    }
}

impl Service for NodeService {
    fn call(&self, call: Call, permit: Permit) -> LocalBoxFuture<'static, CallResult> {
        Box::pin(self.0.pool.invoke(call, permit))
    }

    fn batch(&self, calls: Vec<Call>, permit: Permit) -> LocalBoxStream<'static, (usize, CallResult)> {
        self.0.pool.invoke_batch(calls, permit).boxed_local()
    }

    fn builtin(
        &self,
        method: &str,
        params: Option<JsonText>,
        caller: &Caller,
    ) -> Option<LocalBoxFuture<'static, CallResult>> {
        let process = &self.0.process;
        let result = match method {
            "_health" => process.health(),
            "_metrics" => self.0.metrics(),
            "_info" => self.0.info(),
            "_history" => process.history(),
            "_trace" => process.trace(params),
            "_drain" => return Some(Box::pin(process.draining.clone().ask(params, caller.clone()))),
            "rpc.discover" => documents::discover("madrpc-actor node", &self.0.pool.methods()),
            _ => return None,
        };
        Some(Box::pin(std::future::ready(result)))
    }

    fn admission(&self) -> &Admission {
        &self.0.process.admission
    }

    fn recorder(&self) -> &dyn CallRecorder {
        &self.0.recorder
    }

    fn tracer(&self) -> &Tracer {
        &self.0.tracer
    }

    fn knows_method(&self, name: &str) -> bool {
        self.0.pool.knows_method(name)
    }

    fn method_timeout(&self, name: &str) -> Option<Duration> {
        self.0.pool.with_method(name, |method| method.timeout_ms)?.map(Duration::from_millis)
    }

    fn flows(&self, name: &str) -> Flows {
        self.0.pool.with_method(name, Flows::of).unwrap_or_default()
    }

    /// The scripts were loaded before the socket was served.
    fn unready(&self) -> Option<&'static str> {
        self.0.process.draining.has_begun().then_some("draining")
    }

    fn exposition(&self) -> LocalBoxFuture<'static, String> {
        Box::pin(std::future::ready(self.0.expose()))
    }

    fn server_type(&self) -> &'static str {
        "node"
    }
}

/// Result of `_info` (PROTOCOL, sections 4 and 7); what an orchestrator reads of it is `membership::NodeInfo`.
#[derive(Serialize)]
struct Info<'a> {
    server_type: &'static str,
    version: &'static str,
    uptime_ms: u64,
    instance: &'a str,
    methods: &'a [MethodInfo],
    tags: &'a BTreeMap<String, String>,
    weight: u32,
    executors: Executors,
    draining: bool,
    /// Of the engine: the process that runs JavaScript.
    pid: u32,
    engine_restarts: u64,
    last_restart_reason: Option<&'a str>,
}

#[derive(Serialize)]
struct Executors {
    busy: usize,
    all: usize,
}

/// Result of `_metrics` (PROTOCOL, section 7).
#[derive(Serialize)]
struct Metrics {
    #[serde(flatten)]
    snapshot: MetricsSnapshot,
    process: Vitals,
    executors: Executors,
}

impl Inner {
    fn metrics(&self) -> CallResult {
        let (busy, all) = self.pool.busy();
        let snapshot = self.process.metrics.snapshot();
        JsonText::of(&Metrics { snapshot, process: self.process.vitals(), executors: Executors { busy, all } })
    }

    fn expose(&self) -> String {
        let mut to = Exposition::default();
        self.process.expose("node", &mut to);
        let (busy, all) = self.pool.busy();
        to.family("madrpc_executors", Kind::Gauge, "Executors, by whether they have work.");
        to.sample(&[("state", "busy")], busy).sample(&[("state", "idle")], all - busy);
        to.single("madrpc_queue", Kind::Gauge, "Calls that wait for an executor or run in one.", self.pool.queue());
        let restarts = self.facts.role.engine_restarts;
        to.single("madrpc_engine_restarts_total", Kind::Counter, "Engines that were replaced.", restarts);
        to.finish()
    }

    fn info(&self) -> CallResult {
        let (busy, all) = self.pool.busy();
        JsonText::of(&Info {
            server_type: "node",
            version: env!("CARGO_PKG_VERSION"),
            uptime_ms: self.process.uptime_ms(),
            instance: &self.process.instance,
            methods: &self.pool.methods(),
            tags: &self.facts.tags,
            weight: self.facts.weight,
            executors: Executors { busy, all },
            draining: self.process.draining.has_begun(),
            pid: std::process::id(),
            engine_restarts: self.facts.role.engine_restarts,
            last_restart_reason: self.facts.role.last_restart_reason.as_deref(),
        })
    }
}
