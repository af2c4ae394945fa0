//! `madrpc-actor orchestrator`.

use std::rc::Rc;
use std::sync::Arc;

use anyhow::Context;
use madrpc_actors::actors::cluster::{BreakerConfig, HealthConfig, DEFAULT_LEASE};
use madrpc_actors::actors::{Broker, Cluster, ClusterConfig, Hub, OrchestratorHandle};
use madrpc_actors::metrics::Metrics;
use madrpc_actors::policy::admission::Admission;
use madrpc_actors::traces::Traces;

use super::serving;
use crate::cli::OrchestratorConfig;
use crate::http::{self, Draining, HttpConfig, OrchestratorService, Process};
use crate::observe::{self, ExecutorCounts, Gauges, NodeCounts, Terminal};
use crate::transport::AwcClient;

/// Runs until it is told to end.
pub fn run(config: OrchestratorConfig, terminal: Terminal) -> anyhow::Result<()> {
    serving::raise_descriptor_limit();
    actix::System::new().block_on(serve(config, terminal))
}

async fn serve(config: OrchestratorConfig, terminal: Terminal) -> anyhow::Result<()> {
    actix_rt::spawn(serving::renew_tls(&config.server).context("cannot listen for signals")?);
    let listening = serving::listen(&config.bind, serving::scheme(&config.server), &terminal)?;
    let admission = Admission::new(config.server.max_inflight);
    let draining = Draining::orchestrator(admission.clone(), config.server.security.cluster_token.clone());
    let (metrics, traces) = (Metrics::new(), Traces::of_orchestrator());
    let process = serving::process(serving::new_instance(), admission.clone(), draining, metrics, traces);
    let transport = serving::transport(&config.server);
    let clients = AwcClient::factory(transport.clone());
    let cluster = Cluster::start(cluster_config(&config, &process), clients.clone());
    let broker: Arc<dyn Broker> = Arc::new(Hub::start(&process.metrics));
    cluster.announce_by(broker.clone());
    let names = [config.bind.host.to_string()];
    let http_config = HttpConfig {
        peer_links: transport.peer_links.clone(),
        takes_dial_ins: true,
        ..serving::http_config(&config.server, listening.addr, names, &process, broker)
    };
    let make_service = {
        let (cluster, process) = (cluster.clone(), process.clone());
        move || {
            let client = AwcClient::new(&transport);
            let orchestrator = OrchestratorHandle::start(cluster.clone(), Rc::new(client.clone()));
            OrchestratorService::new(orchestrator, client, transport.askers.clone(), cluster.clone(), process.clone())
        }
    };
    let connections = serving::count_connections(process.metrics.clone());
    let server = serving::spawn(http::serve(listening, http_config, make_service, connections)?);
    let gauges = move || gauges(cluster.clone(), admission.inflight());
    actix_rt::spawn(observe::watch(terminal, process.metrics.clone(), config.server.summary_interval, gauges));
    let exporting = serving::export_traces(&config.server, &process, "madrpc-orchestrator");
    serving::until_told_to_end(server, process, config.server.drain_timeout, exporting).await
}

fn cluster_config(config: &OrchestratorConfig, process: &Process) -> ClusterConfig {
    ClusterConfig {
        static_nodes: config.nodes.clone(),
        policy: config.balance,
        breaker: BreakerConfig {
            failure_threshold: config.failure_threshold,
            open_for: config.circuit_timeout,
            backoff_multiplier: config.backoff_multiplier,
        },
        health: HealthConfig {
            interval: config.health_interval(),
            timeout: config.health_timeout,
            failures: config.health_failures,
        },
        retries: config.retries,
        lease: DEFAULT_LEASE,
        cluster_token: config.server.security.cluster_token.clone(),
        instance: process.instance.to_string(),
        metrics: process.metrics.clone(),
    }
}

async fn gauges(cluster: Cluster, inflight: usize) -> Gauges {
    let view = cluster.view().await;
    let nodes = NodeCounts { up: view.nodes_up, suspect: view.nodes_suspect, down: view.nodes_down };
    let executors = view.executors().map(|(busy, all)| ExecutorCounts { busy, all });
    Gauges { inflight, nodes: Some(nodes), executors }
}
