//! Registrar: keeps this node a member of each of its orchestrators.
//!
//! It registers, renews the lease, and registers again when the orchestrator has forgotten it. It tries without end,
//! and logs when the state changes and every time that it fails.

use std::future::Future;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorFutureExt, Addr, AsyncContext, Context, Handler, Message, ResponseFuture, WrapFuture};
use serde::de::DeserializeOwned;

use super::peer::{PeerClient, PeerClientFactory, PeerUrl};
use crate::policy::backoff::Backoff;
use crate::protocol::membership::{Heartbeat, HeartbeatReply, Register, Registered};
use crate::protocol::{Call, CallError, CallScope, JsonText, LinkKeys, MethodInfo, Report};

/// Between attempts to register.
const BACKOFF: Backoff = Backoff { first: Duration::from_millis(200), most: Duration::from_secs(5) };

/// How long one message to an orchestrator may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long an orchestrator that the node leaves may take to hear of it.
const FAREWELL: Duration = Duration::from_secs(2);

/// What the node says of itself.
#[derive(Clone)]
pub struct Membership {
    /// Where to register.
    pub orchestrators: Vec<PeerUrl>,
    /// How others reach this node; without it, the address that reaches the orchestrator, and this port.
    pub public_url: Option<PeerUrl>,
    /// What the node speaks: `http` or `https`.
    pub scheme: &'static str,
    /// The port that the node listens on.
    pub port: u16,
    /// Everything but the URL and the key.
    pub register: Register,
    /// What each orchestrator is given to show on its links.
    pub link_keys: LinkKeys,
    /// The node's load at this moment.
    pub load: Arc<dyn Fn() -> Load + Send + Sync>,
}

impl std::fmt::Debug for Membership {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Membership")
            .field("orchestrators", &self.orchestrators)
            .field("register", &self.register)
            .finish()
    }
}

/// What a heartbeat tells.
#[derive(Clone, Debug, Default)]
pub struct Load {
    /// Calls that run or wait.
    pub inflight: u64,
    /// Messages that wait for an executor.
    pub queue: u64,
    /// Share of its cores in use since the last heartbeat, 0 to 1.
    pub cpu: f64,
    /// What it has done so far.
    pub report: Report,
}

/// A handle to the actor.
#[derive(Clone, Debug)]
pub struct Registrar(Addr<RegistrarActor>);

impl Registrar {
    /// Starts on the current arbiter, and registers.
    pub fn start(membership: Membership, clients: &PeerClientFactory) -> Self {
        let joined = vec![None; membership.orchestrators.len()];
        Registrar(RegistrarActor { membership, client: clients(), joined, edition: 0, term: 0, away: false }.start())
    }

    /// Joins again after `leave`.
    pub fn rejoin(&self) {
        self.0.do_send(Rejoin);
    }

    /// Leaves every cluster until told to join again. Bounded by the time of one message.
    pub async fn leave(&self) {
        if let Err(error) = self.0.send(Leave).await {
            log::warn!("could not deregister: {error}");
        }
    }

    /// Tells every orchestrator that the node has other methods now.
    pub fn announce(&self, methods: Vec<MethodInfo>) {
        self.0.do_send(Announce { methods });
    }

    /// Whether the node is a member of at least one of its orchestrators.
    pub async fn has_joined(&self) -> bool {
        self.0.send(HasJoined).await.unwrap_or(false)
    }
}

#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Leave;

#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Rejoin;

#[derive(Debug, Message)]
#[rtype(result = "bool")]
struct HasJoined;

/// Register with the orchestrator of this index.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Join {
    orchestrator: usize,
    attempt: u32,
    term: u64,
}

/// The node's methods have changed.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Announce {
    methods: Vec<MethodInfo>,
}

/// Say so to the orchestrator of this index, which has the node as a member.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Declare {
    orchestrator: usize,
    edition: u64,
    attempt: u32,
}

/// Renew the lease there.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Renew {
    orchestrator: usize,
    term: u64,
}

struct RegistrarActor {
    membership: Membership,
    client: Rc<dyn PeerClient>,
    /// By orchestrator, the lease while this node is a member.
    joined: Vec<Option<Duration>>,
    /// How often the methods have changed.
    edition: u64,
    /// Grows each time that the node leaves or comes back: what was begun before is void.
    term: u64,
    /// It has left, and was not told to come back.
    away: bool,
}

impl RegistrarActor {
    fn join_all(&self, context: &mut Context<Self>) {
        for orchestrator in 0..self.membership.orchestrators.len() {
            context.notify(Join { orchestrator, attempt: 0, term: self.term });
        }
    }

    /// Says to the orchestrator that the node leaves.
    fn farewell(&self, url: PeerUrl) -> impl Future<Output = ()> {
        let instance = self.membership.register.instance.clone().unwrap_or_default();
        let params = JsonText::of(&serde_json::json!({ "instance": instance }));
        let said = ask::<serde_json::Value>(self.client.clone(), url, "_deregister", params, FAREWELL);
        async move {
            if let Err(error) = said.await {
                log::warn!("could not deregister: {error}");
            }
        }
    }
}

impl Actor for RegistrarActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        self.join_all(context);
    }
}

impl Handler<Rejoin> for RegistrarActor {
    type Result = ();

    fn handle(&mut self, _: Rejoin, context: &mut Self::Context) {
        if std::mem::take(&mut self.away) {
            self.term += 1;
            self.join_all(context);
        }
    }
}

impl Handler<Join> for RegistrarActor {
    type Result = ();

    fn handle(&mut self, Join { orchestrator, attempt, term }: Join, context: &mut Self::Context) {
        if term != self.term {
            return;
        }
        let url = self.membership.orchestrators[orchestrator].clone();
        let registered = register(self.client.clone(), url.clone(), self.membership.clone());
        let edition = self.edition;
        let done = registered.into_actor(self).map(move |outcome, actor, context| match outcome {
            // It has left while this was under way.
            Ok(_) if actor.away => drop(actix_rt::spawn(actor.farewell(url))),
            _ if actor.term != term => {}
            Ok(registered) => {
                log::info!(orchestrator = url.as_str(), node = registered.registered_url.as_str(); "registered with {url} as {}", registered.registered_url);
                let lease = Duration::from_millis(registered.lease_ms.max(30));
                actor.joined[orchestrator] = Some(lease);
                context.notify_later(Renew { orchestrator, term }, lease / 3);
                if actor.edition != edition {
                    context.notify(Declare { orchestrator, edition: actor.edition, attempt: 0 });
                }
            }
            Err(error) => {
                let delay = BACKOFF.delay(attempt, fastrand::f64());
                log::warn!(orchestrator = url.as_str(); "could not register with {url}: {error}; next attempt in {} ms", delay.as_millis());
                context.notify_later(Join { orchestrator, attempt: attempt.saturating_add(1), term }, delay);
            }
        });
        // One future per orchestrator at a time.
        context.spawn(done);
    }
}

impl Handler<Announce> for RegistrarActor {
    type Result = ();

    fn handle(&mut self, Announce { methods }: Announce, context: &mut Self::Context) {
        self.membership.register.methods = Some(methods);
        self.edition += 1;
        for orchestrator in 0..self.joined.len() {
            context.notify(Declare { orchestrator, edition: self.edition, attempt: 0 });
        }
    }
}

impl Handler<Declare> for RegistrarActor {
    type Result = ();

    fn handle(&mut self, Declare { orchestrator, edition, attempt }: Declare, context: &mut Self::Context) {
        // Whoever has not joined tells its methods when it does; and only the newest are worth telling.
        if self.joined[orchestrator].is_none() || edition != self.edition {
            return;
        }
        let url = self.membership.orchestrators[orchestrator].clone();
        let declared = register(self.client.clone(), url.clone(), self.membership.clone());
        let done = declared.into_actor(self).map(move |outcome, _actor, context| match outcome {
            Ok(_) => log::info!("{url} knows the new methods"),
            Err(error) => {
                let delay = BACKOFF.delay(attempt, fastrand::f64());
                log::warn!("could not tell {url} the new methods: {error}; again in {} ms", delay.as_millis());
                let attempt = attempt.saturating_add(1);
                context.notify_later(Declare { orchestrator, edition, attempt }, delay);
            }
        });
        context.spawn(done);
    }
}

impl Handler<Renew> for RegistrarActor {
    type Result = ();

    fn handle(&mut self, Renew { orchestrator, term }: Renew, context: &mut Self::Context) {
        let Some(lease) = self.joined[orchestrator].filter(|_| term == self.term) else { return };
        let url = self.membership.orchestrators[orchestrator].clone();
        let load = (self.membership.load)();
        let instance = self.membership.register.instance.clone().unwrap_or_default();
        let Load { inflight, queue, cpu, report } = load;
        let beat = Heartbeat { instance, inflight, queue, cpu, report: Some(report) };
        let reply = ask::<HeartbeatReply>(self.client.clone(), url.clone(), "_heartbeat", JsonText::of(&beat), lease);
        let done = reply.into_actor(self).map(move |outcome, actor, context| match outcome {
            _ if actor.term != term => {}
            Ok(HeartbeatReply { known: true, lease_ms }) => {
                let lease = Duration::from_millis(lease_ms.max(30));
                actor.joined[orchestrator] = Some(lease);
                context.notify_later(Renew { orchestrator, term }, lease / 3);
            }
            Ok(HeartbeatReply { known: false, .. }) => {
                log::info!("{url} does not know this node any more; registering again");
                actor.joined[orchestrator] = None;
                context.notify(Join { orchestrator, attempt: 0, term });
            }
            Err(error) => {
                log::warn!(orchestrator = url.as_str(); "heartbeat to {url} failed: {error}");
                context.notify_later(Renew { orchestrator, term }, lease / 3);
            }
        });
        context.spawn(done);
    }
}

impl Handler<HasJoined> for RegistrarActor {
    type Result = bool;

    fn handle(&mut self, _: HasJoined, _context: &mut Self::Context) -> bool {
        self.joined.iter().any(Option::is_some)
    }
}

impl Handler<Leave> for RegistrarActor {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Leave, _context: &mut Self::Context) -> Self::Result {
        self.away = true;
        self.term += 1;
        let left: Vec<PeerUrl> = (self.joined.iter_mut().zip(&self.membership.orchestrators))
            .filter_map(|(joined, url)| joined.take().map(|_| url.clone()))
            .collect();
        let farewells: Vec<_> = left.into_iter().map(|url| self.farewell(url)).collect();
        Box::pin(async move {
            futures_util::future::join_all(farewells).await;
        })
    }
}

async fn register(
    client: Rc<dyn PeerClient>,
    orchestrator: PeerUrl,
    membership: Membership,
) -> Result<Registered, CallError> {
    let node_url = match &membership.public_url {
        Some(url) => url.clone(),
        None => address_towards(&orchestrator, membership.scheme, membership.port).await?,
    };
    let link_key = membership.link_keys.of(&orchestrator).cloned();
    let register = Register { node_url: node_url.to_string(), link_key, ..membership.register };
    ask(client, orchestrator, "_register", JsonText::of(&register), PATIENCE).await
}

async fn ask<T: DeserializeOwned>(
    client: Rc<dyn PeerClient>,
    peer: PeerUrl,
    method: &str,
    params: Result<JsonText, CallError>,
    timeout: Duration,
) -> Result<T, CallError> {
    let call = Call::new(method, Some(params?), CallScope::root(timeout));
    let result = client.call(&peer, call).await?;
    serde_json::from_str(result.as_str()).map_err(|error| CallError::internal(format!("{method} answered {error}")))
}

/// The address of this machine from which `orchestrator` is reached: no packet is sent to find it.
async fn address_towards(orchestrator: &PeerUrl, scheme: &str, port: u16) -> Result<PeerUrl, CallError> {
    let target = orchestrator.as_str().split("://").nth(1).unwrap_or_default().to_owned();
    let found = tokio::task::spawn_blocking(move || -> std::io::Result<IpAddr> {
        use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
        let target = target.to_socket_addrs()?.next().ok_or(std::io::ErrorKind::AddrNotAvailable)?;
        let any: SocketAddr =
            if target.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
        let socket = UdpSocket::bind(any)?;
        socket.connect(target)?;
        Ok(socket.local_addr()?.ip())
    });
    let found = found.await.map_err(|error| CallError::internal(error.to_string()))?;
    let address = found.map_err(|error| {
        log::debug!("no way to {orchestrator}: {error}");
        CallError::Unreachable { sent: false }
    })?;
    let host = match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    };
    PeerUrl::parse(&format!("{scheme}://{host}:{port}")).map_err(CallError::internal)
}
