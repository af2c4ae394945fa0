//! What the endpoint asks of the process behind it.

use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::atomic::AtomicUsize;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use futures_util::stream::LocalBoxStream;
use madrpc_actors::actors::Broker;
use madrpc_actors::metrics::Metrics;
use madrpc_actors::policy::access::{Access, Identity};
use madrpc_actors::policy::admission::{Admission, Permit};
use madrpc_actors::policy::rate_limit::RateLimit;
use madrpc_actors::protocol::unsent::Unsent;
use madrpc_actors::protocol::{Call, CallResult, Code, JsonText, LinkKeys, Secret};
use madrpc_actors::traces::Tracer;

use super::closing::Closing;
use super::flow::Flows;
use super::origin::Origins;
use crate::tls::ServerTls;
use crate::transport::{Host, PeerLinks};
use crate::websocket::SILENCE;

/// Answers the calls of one HTTP worker thread. Cloned freely; clones are the same service.
///
/// Dropping what `call`, `batch` or `builtin` returned cancels the work: the client has gone away or its deadline has
/// passed.
pub trait Service: Clone + 'static {
    /// One call. The permit is given back when it drops.
    fn call(&self, call: Call, permit: Permit) -> LocalBoxFuture<'static, CallResult>;

    /// Many calls under one permit, each index once, as they finish.
    fn batch(&self, calls: Vec<Call>, permit: Permit) -> LocalBoxStream<'static, (usize, CallResult)>;

    /// The built-in method of this name; `None` when there is none. Also asked for `_health`, `_metrics` and `_info`
    /// by the `GET` routes of these names.
    fn builtin(
        &self,
        method: &str,
        params: Option<JsonText>,
        caller: &Caller,
    ) -> Option<LocalBoxFuture<'static, CallResult>>;

    /// Decides which calls are taken on.
    fn admission(&self) -> &Admission;

    /// Takes the figures of finished calls.
    fn recorder(&self) -> &dyn CallRecorder;

    /// Takes the spans of finished calls.
    fn tracer(&self) -> &Tracer;

    /// Whether some node has registered the name: only such names become labels of the figures.
    fn knows_method(&self, name: &str) -> bool;

    /// The upper bound that a method sets for each of its calls, where this process knows it.
    fn method_timeout(&self, name: &str) -> Option<Duration>;

    /// What may flow beside the calls of a method, where this process knows it.
    fn flows(&self, name: &str) -> Flows;

    /// Why the process should get no calls now; `None` when it should.
    fn unready(&self) -> Option<&'static str>;

    /// All figures, in the text format of Prometheus.
    fn exposition(&self) -> LocalBoxFuture<'static, String>;

    /// Who asks over the links that this service has opened on this thread is answered by `host`.
    fn answer_peers_by(&self, _host: Rc<dyn Host>) {}

    /// `"node"` or `"orchestrator"`.
    fn server_type(&self) -> &'static str;
}

/// Takes the figures of finished calls.
pub trait CallRecorder {
    /// One call has ended, with a result or with an error of this code. `method` is `None` for a name that nobody
    /// registered.
    fn record(&self, method: Option<&str>, error: Option<Code>, latency: Duration);
}

/// Who calls a built-in method.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The address that the connection came from; unspecified (`0.0.0.0`) if the system didn't tell.
    pub ip: IpAddr,
    /// Who it has proved to be.
    pub identity: Identity,
    /// What it presented as `Madrpc-Cluster-Token`.
    pub cluster_token: Option<Secret>,
    /// It says that it is a process of ours.
    pub is_peer: bool,
}

/// Bytes of long results and items that may wait for the clients of a process that has no limit of memory.
const UNSENT_ROOM: usize = 512 << 20;

/// Limits of the endpoint.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// Where to listen; port 0 takes a free one.
    pub bind: SocketAddr,
    /// HTTP worker threads, at least 1.
    pub workers: usize,
    /// Longest body of a request, and longest result, in bytes.
    pub max_body: usize,
    /// Counts the long texts that wait for who asked for them.
    pub unsent: Unsent,
    /// Most elements of a batch.
    pub max_batch: usize,
    /// Deadline of a call that brings none.
    pub call_timeout: Duration,
    /// How deeply calls may nest; `None`: whoever runs them decides.
    pub max_depth: Option<u32>,
    /// Who may call.
    pub access: Access,
    /// How often; `None`: as often as admission lets them.
    pub rate_limit: Option<RateLimit>,
    /// Speaks HTTPS alone, by this; `None`: plain HTTP.
    pub tls: Option<ServerTls>,
    /// Which pages of a browser may.
    pub origins: Origins,
    /// Links over which this process calls those who have opened them.
    pub peer_links: PeerLinks,
    /// Whether nodes may dial in here.
    pub takes_dial_ins: bool,
    /// What orchestrators of this node show on links that it may ask over.
    pub link_keys: LinkKeys,
    /// Counts the WebSockets that are open.
    pub sessions: Arc<AtomicUsize>,
    /// Counts the requests whose answers have not been handed to their sockets.
    pub answering: Arc<AtomicUsize>,
    /// Tells them when the process ends.
    pub closing: Closing,
    /// Where events are published and subscribed to; `None`: nowhere.
    pub broker: Option<Arc<dyn Broker>>,
    /// Takes the figures of events.
    pub metrics: Metrics,
    /// Connections of all workers together; a further one takes the place of one that waits.
    pub max_connections: usize,
    /// How long the head of a request may take, and the handshake of TLS.
    pub head_timeout: Duration,
    /// How long the body may take after its head.
    pub body_timeout: Duration,
    /// How long a client may take none of what is written to it.
    pub write_timeout: Duration,
    /// How long a session may go on without a sign of life, which is whatever comes in and whatever is taken; pings leave
    /// three times as often.
    pub silence: Duration,
}

impl HttpConfig {
    /// The defaults of PROTOCOL, section 1; head and body together within 30 s.
    pub fn new(bind: SocketAddr) -> Self {
        HttpConfig {
            bind,
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            max_body: 10 * 1024 * 1024,
            unsent: Unsent::new(UNSENT_ROOM),
            max_batch: 10_000,
            call_timeout: Duration::from_secs(30),
            max_depth: None,
            access: Access::default(),
            rate_limit: None,
            tls: None,
            origins: Origins::default(),
            peer_links: PeerLinks::default(),
            takes_dial_ins: false,
            link_keys: LinkKeys::default(),
            sessions: Arc::default(),
            answering: Arc::default(),
            closing: Closing::default(),
            broker: None,
            metrics: Metrics::default(),
            max_connections: 50_000,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(20),
            write_timeout: Duration::from_secs(30),
            silence: SILENCE,
        }
    }
}
