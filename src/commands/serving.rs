//! What the two servers have in common: where they listen, when they end, and what they say about themselves.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::dev::{Server, ServerHandle};
use anyhow::Context;
use madrpc_actors::actors::broker::SessionClient;
use madrpc_actors::actors::Broker;
use madrpc_actors::metrics::Metrics;
use madrpc_actors::policy::access::Access;
use madrpc_actors::policy::admission::Admission;
use madrpc_actors::protocol::Secret;
use madrpc_actors::traces::Traces;

use crate::cli::{BindAddr, ServerOptions};
use crate::http::{self, Draining, HttpConfig, Listening, Origins, Process, Reserved};
use crate::observe::Terminal;
use crate::otlp::{self, Exported, Exporting};
use crate::reload;
use crate::shutdown::{self, Reason};
use crate::tls::ServerTls;
use crate::transport::{Askers, AwcClient, PeerLinks, TransportConfig};
use crate::vitals;
use crate::websocket::SILENCE;

/// How long calls that still run hold up the end for somebody who pressed Ctrl-C, or who is gone.
const IMPATIENCE: Duration = Duration::from_secs(5);

/// What a server needs to end beside the time for its last calls: to leave the cluster, and some for a busy machine.
const PARTING: Duration = Duration::from_secs(10);

/// How long an address may stay in use: the engine of a node that was killed a moment ago holds it until it is gone, too.
const PREDECESSOR: Duration = Duration::from_secs(1);

/// How long sessions may take to hear that they end, and clients to take the last answers.
const FAREWELL: Duration = Duration::from_secs(1);

/// What a thread of HTTP has open before its first connection: what it waits with, and is woken by.
const DESCRIPTORS_OF_A_WORKER: usize = 6;

/// Between looks at whether something has ended.
const LOOK: Duration = Duration::from_millis(10);

/// Lets this process have as many descriptors as the system allows it: each connection is one, and the usual soft limit
/// of 1,024 would be met long before the bounds that are ours.
pub(super) fn raise_descriptor_limit() {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) => log::debug!("up to {limit} descriptors"),
        Err(error) => log::warn!("the limit of descriptors can't be raised: {error}"),
    }
}

/// Connections that clients may open: with what is open now, and what `workers` will open, they leave a quarter of the
/// descriptors for everything else.
fn max_connections(wanted: usize, workers: usize) -> usize {
    let limit = rlimit::getrlimit(rlimit::Resource::NOFILE).map_or(u64::MAX, |(soft, _)| soft);
    let taken = vitals::open_descriptors().unwrap_or_default() + workers * DESCRIPTORS_OF_A_WORKER;
    let left = usize::try_from(limit / 4 * 3).unwrap_or(usize::MAX).saturating_sub(taken);
    wanted.min(left).max(workers)
}

/// Opens the socket, and tells where it is.
pub(super) fn listen(bind: &BindAddr, scheme: &str, terminal: &Terminal) -> anyhow::Result<Listening> {
    let listening = http::bind(resolve(bind)?).with_context(|| format!("cannot listen on {bind}"))?;
    announce(scheme, listening.addr, terminal);
    Ok(listening)
}

/// Takes the address for a process that will listen there. Blocks for a moment when it is in use.
pub(super) fn reserve(bind: &BindAddr) -> anyhow::Result<Reserved> {
    let address = resolve(bind)?;
    let deadline = Instant::now() + PREDECESSOR;
    loop {
        match Reserved::bind(address) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && Instant::now() < deadline => {
                std::thread::sleep(LOOK);
            }
            outcome => return outcome.with_context(|| format!("cannot listen on {bind}")),
        }
    }
}

fn resolve(bind: &BindAddr) -> anyhow::Result<SocketAddr> {
    let mut addresses = bind.to_string().to_socket_addrs().with_context(|| format!("cannot resolve {bind}"))?;
    addresses.next().with_context(|| format!("{bind} has no address"))
}

/// Tells on standard output where this process listens, before anything else is written there.
pub(super) fn announce(scheme: &str, address: SocketAddr, terminal: &Terminal) {
    let line = format!("listening on {scheme}://{address}");
    terminal.write_stdout(format!("{line}\n").as_bytes());
    log::info!("{line}");
}

/// An identity that no other process has.
pub(super) fn new_instance() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// A secret that nobody can guess.
pub(super) fn new_secret() -> Secret {
    let random = uuid::Uuid::new_v4().simple().to_string();
    random.parse().unwrap_or_else(|problem| unreachable!("hexadecimal digits make a secret: {problem}"))
}

/// The identity and the figures of this process, whose calls `admission` counts, `metrics` measures and `traces` keeps.
pub(super) fn process(
    instance: String,
    admission: Admission,
    draining: Draining,
    metrics: Metrics,
    traces: Traces,
) -> Process {
    let (sessions, answering) = (Arc::default(), Arc::default());
    let (instance, started) = (instance.into(), Instant::now());
    Process { instance, started, admission, draining, sessions, answering, metrics, traces }
}

/// How long a server may take to end.
pub(super) fn longest_end(options: &ServerOptions) -> Duration {
    options.drain_timeout.saturating_add(PARTING)
}

/// The limits of the endpoint, and what it tells the `process`. `names` are those by which pages may call the server.
pub(super) fn http_config(
    options: &ServerOptions,
    address: SocketAddr,
    names: impl IntoIterator<Item = String>,
    process: &Process,
    broker: Arc<dyn Broker>,
) -> HttpConfig {
    let (security, defaults) = (&options.security, HttpConfig::new(address));
    if security.rate_limit.is_some() && security.cluster_token.is_none() {
        log::warn!("no cluster token: calls that other processes of the cluster send here count against --rate-limit");
    }
    HttpConfig {
        access: Access { keys: security.api_keys.clone(), token: security.cluster_token.clone() },
        rate_limit: security.rate_limit,
        tls: security.server.server_tls.clone(),
        origins: Origins::new(&security.allow_origins, names),
        workers: options.workers(),
        max_body: options.max_body,
        max_batch: options.max_batch,
        call_timeout: options.call_timeout,
        sessions: process.sessions.clone(),
        answering: process.answering.clone(),
        closing: process.draining.closing().clone(),
        metrics: process.metrics.clone(),
        broker: Some(broker),
        max_connections: max_connections(defaults.max_connections, options.workers()),
        ..defaults
    }
}

/// Exports the traces of this process where it is told to.
pub(super) fn export_traces(options: &ServerOptions, process: &Process, service: &'static str) -> Option<Exporting> {
    let exported = Exported { service, instance: process.instance.to_string() };
    let tls = options.security.client.client_tls.clone();
    options.otlp.as_ref().map(|url| otlp::start(url, process.traces.clone(), exported, tls))
}

/// What this process speaks.
pub(super) fn scheme(options: &ServerOptions) -> &'static str {
    if options.security.server.server_tls.is_some() {
        "https"
    } else {
        "http"
    }
}

/// Reads the files of TLS again on each SIGHUP, from now on and without end.
pub(super) fn renew_tls(options: &ServerOptions) -> io::Result<impl Future<Output = ()>> {
    let (server, client) = (options.security.server.server_tls.clone(), options.security.client.client_tls.clone());
    let mut hangup = reload::on_hangup()?;
    Ok(async move {
        while hangup.comes().await {
            let renewed = [("the server", server.as_ref().map(ServerTls::reload)), ("others", client.renew())];
            for (whose, outcome) in renewed {
                match outcome {
                    Some(Ok(())) => log::info!("SIGHUP: new TLS connections use the files as they are now ({whose})"),
                    Some(Err(problem)) => log::error!("SIGHUP: TLS stays as it is ({whose}): {problem}"),
                    None => {}
                }
            }
        }
    })
}

/// What opens this thread's sessions with others.
pub(super) fn sessions(options: &ServerOptions) -> Rc<dyn SessionClient> {
    Rc::new(AwcClient::new(&transport(options)))
}

/// How this process reaches others.
pub(super) fn transport(options: &ServerOptions) -> TransportConfig {
    let security = &options.security;
    TransportConfig {
        max_body: options.max_body,
        cluster_token: security.cluster_token.clone(),
        api_key: security.api_keys.first().cloned(),
        tls: security.client.client_tls.clone(),
        peer_links: PeerLinks::default(),
        expects_links: false,
        askers: Askers::default(),
        silence: SILENCE,
    }
}

/// Begins to serve; connections have queued since `listen`.
pub(super) fn spawn(server: Server) -> ServerHandle {
    let handle = server.handle();
    actix_rt::spawn(async move {
        if let Err(error) = server.await {
            log::error!("the server ended: {error}");
        }
    });
    handle
}

/// Waits for a reason to end, and drains: no further calls, and those that run come to their end. Nothing is waited for
/// when there is a second reason.
pub(super) async fn until_told_to_end(
    server: ServerHandle,
    process: Process,
    drain_timeout: Duration,
    exporting: Option<Exporting>,
) -> anyhow::Result<()> {
    let mut reasons = shutdown::listen().context("cannot listen for signals")?;
    let reason = reasons.next().await;
    log::info!("ending: {reason:?}");
    let patience = match reason {
        Reason::Terminated => drain_timeout,
        Reason::Interrupted | Reason::ParentGone => drain_timeout.min(IMPATIENCE),
    };
    let deadline = Instant::now() + patience;
    let admission = &process.admission;
    let drained = async {
        process.draining.begin().await;
        while admission.inflight() > 0 && Instant::now() < deadline {
            actix_rt::time::sleep(LOOK).await;
        }
    };
    tokio::select! {
        () = drained => {}
        reason = reasons.next() => log::info!("ending at once: {reason:?}"),
    }
    let finished = admission.inflight() == 0;
    if !finished {
        log::warn!("ending with {} calls unfinished", admission.inflight());
    }
    process.draining.closing().for_good();
    let farewell = Instant::now() + FAREWELL;
    // A call gives its place back before its answer is written; one that has not finished has none to wait for.
    let answering = || finished && process.answering.load(Ordering::SeqCst) > 0;
    while (answering() || process.sessions.load(Ordering::Relaxed) > 0) && Instant::now() < farewell {
        actix_rt::time::sleep(LOOK).await;
    }
    server.stop(false).await;
    if let Some(exporting) = exporting {
        exporting.finish().await;
    }
    Ok(())
}

/// Counts a connection while it is open.
pub(super) fn count_connections(metrics: Metrics) -> impl Fn() -> Arc<dyn std::any::Any + Send + Sync> + Send + Sync {
    move || Arc::new(metrics.connection())
}
