//! The orchestrator behind the endpoint: calls go to nodes, and nodes join by built-in methods.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use futures_util::stream::{LocalBoxStream, StreamExt};
use madrpc_actors::actors::{Cluster, OrchestratorHandle};
use madrpc_actors::metrics::{ClusterFigures, Exposition, Kind, MetricsSnapshot, NodeFigures, Recorder};
use madrpc_actors::policy::admission::{Admission, Permit};
use madrpc_actors::policy::membership::{ClusterView, NodeEvents};
use madrpc_actors::protocol::membership::{Heartbeat, Register};
use madrpc_actors::protocol::{Call, CallError, CallResult, JsonText, PeerUrl, Report, Secret};
use madrpc_actors::traces::Tracer;
use serde::de::DeserializeOwned;
use serde::Serialize;
use serde_json::{Map, Value};

use super::documents;
use super::flow::Flows;
use super::process::{Process, Vitals};
use super::service::{CallRecorder, Caller, Service};
use crate::transport::{Asker, Askers, AwcClient, Host};

/// The service of one worker thread of an orchestrator.
#[derive(Clone)]
pub struct OrchestratorService(Rc<Inner>);

struct Inner {
    orchestrator: OrchestratorHandle,
    cluster: Cluster,
    process: Process,
    recorder: Recorder,
    tracer: Tracer,
    /// What takes calls to nodes, and may be asked by them.
    client: AwcClient,
    askers: Askers,
}

impl std::fmt::Debug for OrchestratorService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OrchestratorService").finish_non_exhaustive()
    }
}

impl OrchestratorService {
    /// `orchestrator` is this thread's own, and calls nodes by `client`. `askers` are those of the process.
    pub fn new(
        orchestrator: OrchestratorHandle,
        client: AwcClient,
        askers: Askers,
        cluster: Cluster,
        process: Process,
    ) -> Self {
        let recorder = process.metrics.recorder();
        let tracer = process.traces.tracer();
        OrchestratorService(Rc::new(Inner { orchestrator, cluster, process, recorder, tracer, client, askers }))
    }
}

impl Service for OrchestratorService {
    fn call(&self, call: Call, permit: Permit) -> LocalBoxFuture<'static, CallResult> {
        Box::pin(self.0.orchestrator.forward(call, permit))
    }

    fn batch(&self, calls: Vec<Call>, permit: Permit) -> LocalBoxStream<'static, (usize, CallResult)> {
        self.0.orchestrator.forward_batch(calls, permit).boxed_local()
    }

    fn builtin(
        &self,
        method: &str,
        params: Option<JsonText>,
        caller: &Caller,
    ) -> Option<LocalBoxFuture<'static, CallResult>> {
        let (inner, caller) = (self.0.clone(), caller.clone());
        Some(match method {
            "_health" => Box::pin(async move { inner.process.health() }),
            "_metrics" => Box::pin(async move { inner.metrics().await }),
            "_info" => Box::pin(async move { inner.info().await }),
            "_history" => Box::pin(async move { inner.process.history() }),
            "_trace" => Box::pin(async move { inner.process.trace(params) }),
            "_register" => Box::pin(async move {
                let mut params = register(params)?;
                let asker = params.link_key.take().map(|key| Asker { key, identity: caller.identity, ip: caller.ip });
                let instance = params.instance.as_deref().filter(|_| PeerUrl::says_dialled_in(&params.node_url));
                if let Some(node) = instance.and_then(|instance| PeerUrl::dialled_in(instance).ok()) {
                    inner.client.dialled_in(&node).await;
                }
                let registered = inner.cluster.register(params, caller.ip, caller.cluster_token).await?;
                if let Ok(node) = PeerUrl::parse(&registered.registered_url) {
                    inner.askers.put(&node, asker);
                }
                JsonText::of(&registered)
            }),
            "_deregister" => Box::pin(async move {
                let who = deregister(params)?;
                JsonText::of(&inner.cluster.deregister(who, caller.ip, caller.cluster_token).await?)
            }),
            "_heartbeat" => Box::pin(async move {
                let beat = heartbeat(params)?;
                JsonText::of(&inner.cluster.heartbeat(beat, caller.ip, caller.cluster_token).await?)
            }),
            "_drain" => Box::pin(inner.process.draining.clone().ask(params, caller)),
            "rpc.discover" => {
                Box::pin(async move { documents::discover("madrpc-actor orchestrator", &inner.cluster.methods()) })
            }
            _ => return None,
        })
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
        self.0.cluster.knows_method(name)
    }

    /// Bounded where it is forwarded.
    fn method_timeout(&self, _name: &str) -> Option<Duration> {
        None
    }

    fn flows(&self, name: &str) -> Flows {
        self.0.cluster.with_method(name, Flows::of).unwrap_or_default()
    }

    fn unready(&self) -> Option<&'static str> {
        match self.0.process.draining.has_begun() {
            true => Some("draining"),
            false => (self.0.cluster.nodes_up() == 0).then_some("no usable node"),
        }
    }

    fn exposition(&self) -> LocalBoxFuture<'static, String> {
        let inner = self.0.clone();
        Box::pin(async move { inner.expose().await })
    }

    fn answer_peers_by(&self, host: Rc<dyn Host>) {
        self.0.client.answer_by(host);
    }

    fn server_type(&self) -> &'static str {
        "orchestrator"
    }
}

/// Result of `_info` (PROTOCOL, section 7).
#[derive(Serialize)]
struct Info<'a> {
    server_type: &'static str,
    version: &'static str,
    uptime_ms: u64,
    instance: &'a str,
    draining: bool,
    #[serde(flatten)]
    cluster: ClusterView,
}

impl Inner {
    async fn info(&self) -> CallResult {
        JsonText::of(&Info {
            server_type: "orchestrator",
            version: env!("CARGO_PKG_VERSION"),
            uptime_ms: self.process.uptime_ms(),
            instance: &self.process.instance,
            draining: self.process.draining.has_begun(),
            cluster: self.cluster.view().await,
        })
    }

    async fn metrics(&self) -> CallResult {
        let view = self.cluster.view().await;
        let cluster = ClusterFigures::of(&view);
        let mut snapshot = self.process.metrics.snapshot();
        let figures = view.nodes.into_iter().map(|node| {
            let figures = NodeFigures {
                node_addr: node.addr.clone(),
                request_count: node.request_count,
                failure_count: node.failure_count,
                last_request_ms: node.last_request_ms,
            };
            (node.addr, figures)
        });
        snapshot.nodes = Some(figures.collect::<BTreeMap<_, _>>());
        JsonText::of(&Metrics { snapshot, process: self.process.vitals(), node_events: view.events, cluster })
    }

    async fn expose(&self) -> String {
        let view = self.cluster.view().await;
        let mut to = Exposition::default();
        self.process.expose("orchestrator", &mut to);
        ClusterFigures::of(&view).expose(&mut to);
        to.family("madrpc_node_events_total", Kind::Counter, "How often nodes have changed.");
        let NodeEvents { joined, suspect, down, recovered, left, ejected } = view.events;
        to.sample(&[("event", "joined")], joined).sample(&[("event", "suspect")], suspect);
        to.sample(&[("event", "down")], down).sample(&[("event", "recovered")], recovered);
        to.sample(&[("event", "left")], left).sample(&[("event", "ejected")], ejected);
        to.finish()
    }
}

/// Result of `_metrics` (PROTOCOL, section 7).
#[derive(Serialize)]
struct Metrics {
    #[serde(flatten)]
    snapshot: MetricsSnapshot,
    process: Vitals,
    /// How often nodes have joined, left, and so on.
    node_events: NodeEvents,
    /// What the nodes have reported.
    cluster: ClusterFigures,
}

/// Params by name; a lone positional one is `first`.
fn named(params: Option<JsonText>, first: &str) -> Map<String, Value> {
    let text = params.unwrap_or(JsonText::NULL);
    match serde_json::from_str(text.as_str()) {
        Ok(Value::Object(members)) => members,
        Ok(Value::Array(values)) => values.into_iter().take(1).map(|value| (first.to_owned(), value)).collect(),
        _ => Map::new(),
    }
}

/// A member that may be absent; of the wrong type, it is refused by its name.
fn member<T: DeserializeOwned>(params: &mut Map<String, Value>, name: &str) -> Result<Option<T>, CallError> {
    match params.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            serde_json::from_value(value).map(Some).map_err(|e| CallError::invalid_params(name, e.to_string()))
        }
    }
}

fn required<T>(member: Option<T>, name: &str) -> Result<T, CallError> {
    member.ok_or_else(|| CallError::invalid_params(name, "missing"))
}

fn register(params: Option<JsonText>) -> Result<Register, CallError> {
    let mut params = named(params, "node_url");
    Ok(Register {
        node_url: required(member(&mut params, "node_url")?, "node_url")?,
        methods: member(&mut params, "methods")?,
        tags: member(&mut params, "tags")?.unwrap_or_default(),
        weight: member(&mut params, "weight")?.unwrap_or(1),
        version: member(&mut params, "version")?.unwrap_or_default(),
        instance: member(&mut params, "instance")?,
        link_key: link_key(&mut params)?,
    })
}

fn link_key(params: &mut Map<String, Value>) -> Result<Option<Secret>, CallError> {
    let text: Option<String> = member(params, "link_key")?;
    text.map(|text| text.parse().map_err(|problem| CallError::invalid_params("link_key", problem))).transpose()
}

/// The node's instance or its URL.
fn deregister(params: Option<JsonText>) -> Result<String, CallError> {
    let mut params = named(params, "instance");
    let url = member(&mut params, "node_url")?;
    required(member(&mut params, "instance")?.or(url), "instance")
}

fn heartbeat(params: Option<JsonText>) -> Result<Heartbeat, CallError> {
    let mut params = named(params, "instance");
    Ok(Heartbeat {
        instance: required(member(&mut params, "instance")?, "instance")?,
        inflight: member(&mut params, "inflight")?.unwrap_or_default(),
        queue: member(&mut params, "queue")?.unwrap_or_default(),
        cpu: member(&mut params, "cpu")?.unwrap_or_default(),
        report: report(&mut params),
    })
}

/// A report that can't be read, or is too large, is passed over: a node of another release is a member all the same.
fn report(params: &mut Map<String, Value>) -> Option<Report> {
    let report: Report = serde_json::from_value(params.remove("report")?).ok()?;
    report.is_within_bounds().then_some(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> Option<JsonText> {
        Some(JsonText::parse(json).expect("JSON"))
    }

    fn parameter<T: std::fmt::Debug>(result: Result<T, CallError>) -> String {
        match result {
            Err(CallError::InvalidParams { parameter, .. }) => parameter,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_registration_may_be_short() {
        for json in [r#"["http://a"]"#, r#"{"node_url":"http://a"}"#, r#"{"node_url":"http://a","methods":null}"#] {
            let params = register(text(json)).expect(json);
            assert_eq!((params.node_url.as_str(), params.weight, params.methods), ("http://a", 1, None));
        }
        let methods = register(text(r#"{"node_url":"u","methods":["add"]}"#)).expect("valid").methods;
        assert_eq!(methods.map(|methods| methods[0].name.clone()).as_deref(), Some("add"));
    }

    #[test]
    fn what_is_malformed_is_named() {
        assert_eq!(parameter(register(None)), "node_url");
        assert_eq!(parameter(register(text("[]"))), "node_url");
        assert_eq!(parameter(register(text("[1]"))), "node_url");
        assert_eq!(parameter(register(text(r#"{"node_url":"u","weight":-1}"#))), "weight");
        assert_eq!(parameter(register(text(r#"{"node_url":"u","methods":[1]}"#))), "methods");
        assert_eq!(parameter(heartbeat(text(r#"{"cpu":1}"#))), "instance");
        assert_eq!(parameter(deregister(text("{}"))), "instance");
    }

    #[test]
    fn a_node_leaves_by_instance_or_url() {
        for json in [r#"["x"]"#, r#"{"instance":"x"}"#, r#"{"node_url":"x"}"#, r#"{"instance":"x","node_url":"y"}"#] {
            assert_eq!(deregister(text(json)).ok().as_deref(), Some("x"), "{json}");
        }
    }
}
