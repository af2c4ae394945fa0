//! `madrpc-actor node`.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::Context;
use madrpc_actors::actors::js_pool::PoolConfig;
use madrpc_actors::actors::registrar::{Load, Membership, Registrar};
use madrpc_actors::actors::watchdog::LastResort;
use madrpc_actors::actors::{Broker, Fetching, Hub, JsPool, Outbound, PeerClient, PeerUrl};
use madrpc_actors::engine::{Program, Script};
use madrpc_actors::metrics::Metrics;
use madrpc_actors::policy::admission::Admission;
use madrpc_actors::policy::egress::Egress;
use madrpc_actors::protocol::membership::Register;
use madrpc_actors::protocol::unsent::Unsent;
use madrpc_actors::protocol::{Event, JsonText, LinkKeys, Report};
use madrpc_actors::traces::Traces;
use serde_json::json;

use super::serving;
use crate::cli::server::cpus;
use crate::cli::NodeConfig;
use crate::http::{self, Draining, HttpConfig, Listening, NodeFacts, NodeService, Reserved};
use crate::observe::{self, ExecutorCounts, Gauges, Terminal};
use crate::reload::{self, Hangup};
use crate::supervisor::{self, Plan, Reporter, Role, Supervised};
use crate::transport::{AwcClient, AwcFetcher, Dialler, TransportConfig};
use crate::vitals::{self, CpuShare};

/// Runs until it is told to end, and gives the exit code: as a supervisor, as the engine that one has started, or as
/// both in one.
pub fn run(config: NodeConfig, terminal: Terminal) -> anyhow::Result<u8> {
    if config.no_supervise {
        return engine(config, terminal, None);
    }
    match Supervised::take().context("this engine can't take its place")? {
        Some(place) => engine(config, terminal, Some(place)),
        None => supervise(&config, &terminal),
    }
}

fn supervise(config: &NodeConfig, terminal: &Terminal) -> anyhow::Result<u8> {
    let reserved = serving::reserve(&config.bind)?;
    let plan = Plan {
        address: reserved.addr,
        socket: reserved.into(),
        instance: serving::new_instance(),
        longest_end: serving::longest_end(&config.server),
    };
    let scheme = serving::scheme(&config.server);
    supervisor::run(plan, terminal, |address| serving::announce(scheme, address, terminal))
}

/// A script that does not load ends it before anybody can connect.
fn engine(config: NodeConfig, terminal: Terminal, place: Option<Supervised>) -> anyhow::Result<u8> {
    let program = read(&config.scripts)?;
    serving::raise_descriptor_limit();
    actix::System::new().block_on(serve(config, program, terminal, place)).map(|()| 0)
}

fn read(paths: &[PathBuf]) -> anyhow::Result<Program> {
    let read = |path: &PathBuf| {
        let source = std::fs::read_to_string(path).with_context(|| format!("cannot read script {}", path.display()))?;
        Ok(Script { path: path.clone(), source })
    };
    paths.iter().map(read).collect::<anyhow::Result<_>>().map(Program::new)
}

async fn serve(
    config: NodeConfig,
    program: Program,
    terminal: Terminal,
    place: Option<Supervised>,
) -> anyhow::Result<()> {
    let hangup = reload::on_hangup().context("cannot listen for signals")?;
    actix_rt::spawn(serving::renew_tls(&config.server).context("cannot listen for signals")?);
    let node_name = Arc::new(OnceLock::new());
    let (metrics, traces) = (Metrics::new(), Traces::of_node(node_name.clone()));
    let pool = start_pool(&config, program, node_name.clone(), &metrics)?;
    pool.trace_by(traces.tracer());
    let admission = Admission::new(config.server.max_inflight);
    pool.drain_with(admission.clone());
    let transport = TransportConfig { expects_links: true, ..serving::transport(&config.server) };
    let clients = AwcClient::factory(transport.clone());
    let (outbound, broker) = ways_out(&config, &pool, clients(), &metrics);
    let (listening, role, reporter) = take_place(place, &config, &terminal)?;
    let address = listening.addr;
    let public_url = match config.dial_in {
        true => Some(PeerUrl::dialled_in(&role.instance).map_err(anyhow::Error::msg)?),
        false => config.public_url.clone(),
    };
    let scheme = serving::scheme(&config.server);
    let name = public_url.as_ref().map_or_else(|| format!("{scheme}://{address}"), PeerUrl::to_string);
    let _first = node_name.set(name);
    let (cordoned, instance) = (role.cordoned, role.instance.clone());
    let link_keys = LinkKeys::new(&config.orchestrators, serving::new_secret);
    let load = load(pool.clone(), admission.clone(), metrics.clone());
    let memberships = membership(&config, public_url, &pool, &instance, address, link_keys.clone(), load);
    // It registers when this function waits for the first time, and by then all is set up.
    let registrar = Registrar::start(memberships, &clients);
    let token = config.server.security.cluster_token.clone();
    let draining = Draining::node(admission.clone(), token, registrar.clone(), reporter.clone());
    let process = serving::process(instance.clone(), admission.clone(), draining, metrics, traces);
    let public_name = config.public_url.as_ref().and_then(PeerUrl::host);
    let names = public_name.into_iter().chain([config.bind.host.to_string()]);
    let http_config = HttpConfig {
        max_depth: Some(config.max_depth),
        unsent: Unsent::new(config.unsent_room()),
        peer_links: transport.peer_links.clone(),
        link_keys,
        ..serving::http_config(&config.server, address, names, &process, broker.clone())
    };
    let make_service = {
        let about = NodeFacts { tags: config.tags.clone(), weight: config.weight(), role };
        let (pool, process, reporter) = (pool.clone(), process.clone(), reporter.clone());
        move || NodeService::new(pool.clone(), about.clone(), process.clone(), reporter.clone())
    };
    if config.dial_in {
        let dialler = Dialler::new(transport.clone(), instance.clone());
        for orchestrator in config.orchestrators.clone() {
            let (service, http_config) = (make_service(), http_config.clone());
            actix_rt::spawn(http::keep_dialled(service, http_config, dialler.clone(), orchestrator));
        }
    }
    // Calls leave from the threads that have the links: from this one where the node has dialled in.
    let outbound = outbound.filter(|_| !config.dial_in);
    let of_worker = move || {
        outbound.iter().for_each(|outbound| outbound.join(Rc::new(AwcClient::new(&transport))));
        make_service()
    };
    let connections = serving::count_connections(process.metrics.clone());
    let server = serving::spawn(http::serve(listening, http_config, of_worker, connections)?);
    let (told, accepting) = (reporter.clone(), server.clone());
    pool.may_end_process(LastResort {
        admission: admission.clone(),
        memory_limit: config.memory_limit as u64,
        leaving: Box::new(move |reason| {
            told.leaving(reason);
            // The next engine takes the connections that come from now on. To say so is enough, nothing is waited for.
            drop(accepting.pause());
        }),
    });
    reporter.ready();
    if cordoned {
        process.draining.begin().await;
    }
    let announce = move |channel: &str, mut data: serde_json::Value| {
        (data["node"], data["instance"]) = (node_name.get().cloned().into(), json!(instance));
        let event = Event { channel: channel.into(), data: JsonText::from_trusted(data.to_string()) };
        // Nobody waits for it: what is published is on its way.
        drop(broker.publish(event));
    };
    actix_rt::spawn(keep_scripts_fresh(config.clone(), hangup, pool.clone(), registrar, announce));
    let gauges = move || std::future::ready(gauges(&pool, admission.inflight()));
    actix_rt::spawn(observe::watch(terminal, process.metrics.clone(), config.server.summary_interval, gauges));
    let exporting = serving::export_traces(&config.server, &process, "madrpc-node");
    serving::until_told_to_end(server, process, config.server.drain_timeout, exporting).await
}

/// The executors, with the scripts loaded.
fn start_pool(
    config: &NodeConfig,
    program: Program,
    node_name: Arc<OnceLock<String>>,
    metrics: &Metrics,
) -> anyhow::Result<JsPool> {
    let pool = JsPool::start(PoolConfig {
        program,
        executors: config.pool_size(),
        max_depth: config.max_depth,
        max_body: config.server.max_body,
        node_name,
        isolation: config.isolation,
        limits: config.limits(),
        metrics: metrics.clone(),
    })?;
    log::info!("{} methods on {} executors", pool.methods().len(), config.pool_size());
    Ok(pool)
}

/// Where what scripts ask of others goes: calls, where there are orchestrators, fetches and events.
fn ways_out(
    config: &NodeConfig,
    pool: &JsPool,
    client: Rc<dyn PeerClient>,
    metrics: &Metrics,
) -> (Option<Outbound>, Arc<dyn Broker>) {
    let fetchers = AwcFetcher::factory(config.server.max_body, config.server.security.client.client_tls.clone());
    pool.fetch_by(Fetching::start(Egress::new(config.allow_net.clone()), &fetchers));
    let (outbound, hub) = match config.orchestrators.as_slice() {
        [] => (None, Hub::start(metrics)),
        orchestrators => (
            Some(Outbound::start(orchestrators.to_vec(), client)),
            Hub::below(orchestrators, &serving::sessions(&config.server), metrics),
        ),
    };
    outbound.iter().for_each(|outbound| pool.route_calls_by(outbound.clone()));
    let broker: Arc<dyn Broker> = Arc::new(hub);
    pool.publish_by(broker.clone(), config.server.call_timeout);
    (outbound, broker)
}

/// Listens, at the socket of the supervisor if there is one.
fn take_place(
    place: Option<Supervised>,
    config: &NodeConfig,
    terminal: &Terminal,
) -> anyhow::Result<(Listening, Role, Reporter)> {
    let Some(Supervised { role, socket, reporter }) = place else {
        let listening = serving::listen(&config.bind, serving::scheme(&config.server), terminal)?;
        return Ok((listening, Role::first(serving::new_instance()), Reporter::default()));
    };
    let listening = Reserved::try_from(socket).and_then(Reserved::listen);
    Ok((listening.with_context(|| format!("cannot listen on {}", config.bind))?, role, reporter))
}

/// Reads the scripts again whenever asked; those that do not load change nothing.
async fn keep_scripts_fresh(
    config: NodeConfig,
    hangup: Hangup,
    pool: JsPool,
    registrar: Registrar,
    announce: impl Fn(&str, serde_json::Value),
) {
    let tried = RefCell::new(pool.program());
    // What the scripts that were tried last import is watched although they did not load: it may be where the error is.
    let files = || {
        let imported = [pool.program().imported(), tried.borrow().imported()].concat();
        config.scripts.iter().cloned().chain(imported).collect()
    };
    let reload = || async {
        let before = pool.methods();
        let outcome = match read(&config.scripts) {
            Ok(program) => {
                tried.replace(program.clone());
                pool.reload(program).await.map_err(anyhow::Error::from)
            }
            Err(error) => Err(error),
        };
        match outcome {
            Ok(methods) => {
                log::info!("the new scripts run: {} methods", methods.len());
                announce(
                    "_script.loaded",
                    json!({"methods": methods.iter().map(|method| &method.name).collect::<Vec<_>>()}),
                );
                if methods != before {
                    registrar.announce(methods.to_vec());
                }
            }
            Err(error) => {
                log::error!("the scripts stay as they are, since the new ones do not load: {error:#}");
                announce("_script.failed", json!({"error": format!("{error:#}")}));
            }
        }
    };
    let stale = || pool.program().is_stale();
    reload::whenever_asked(hangup, config.watch.then_some(files), stale, reload).await;
}

/// What the node tells with each heartbeat.
fn load(pool: JsPool, admission: Admission, metrics: Metrics) -> impl Fn() -> Load + Send + Sync {
    let cpu = Mutex::new(CpuShare::new(cpus()));
    move || {
        let (busy, all) = pool.busy();
        let report = Report {
            rss_bytes: vitals::resident_bytes().unwrap_or_default(),
            executors_busy: busy as u64,
            executors_all: all as u64,
            ..metrics.report()
        };
        let cpu = cpu.lock().unwrap_or_else(PoisonError::into_inner).take();
        Load { inflight: admission.inflight() as u64, queue: pool.queue() as u64, cpu, report }
    }
}

fn membership(
    config: &NodeConfig,
    public_url: Option<PeerUrl>,
    pool: &JsPool,
    instance: &str,
    address: SocketAddr,
    link_keys: LinkKeys,
    load: impl Fn() -> Load + Send + Sync + 'static,
) -> Membership {
    let scheme = serving::scheme(&config.server);
    // An address that everyone can name is the node's own; a wildcard is none.
    let bound = (!address.ip().is_unspecified()).then(|| PeerUrl::parse(&format!("{scheme}://{address}")));
    Membership {
        orchestrators: config.orchestrators.clone(),
        public_url: public_url.or_else(|| bound.and_then(Result::ok)),
        scheme,
        port: address.port(),
        register: Register {
            node_url: String::new(),
            methods: Some(pool.methods().to_vec()),
            tags: config.tags.clone(),
            weight: config.weight(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            instance: Some(instance.to_owned()),
            link_key: None,
        },
        link_keys,
        load: Arc::new(load),
    }
}

fn gauges(pool: &JsPool, inflight: usize) -> Gauges {
    let (busy, all) = pool.busy();
    Gauges { inflight, nodes: None, executors: Some(ExecutorCounts { busy: busy as u64, all: all as u64 }) }
}
