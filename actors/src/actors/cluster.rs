//! The cluster as other parts hold it: a handle to the registry, and the routing table that it publishes.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use actix::{Addr, MailboxError};
use arc_swap::ArcSwap;

use super::broker::Broker;
use super::idempotency::Idempotency;
use super::node_registry::{AnnounceBy, Beat, Join, NodeRegistry, Part, ShowCluster};
use super::peer::{PeerClientFactory, PeerUrl};
use crate::metrics::Metrics;
pub use crate::policy::balance::BalancePolicy;
pub use crate::policy::breaker::BreakerConfig;
pub use crate::policy::health::HealthConfig;
pub use crate::policy::membership::{ClusterView, NodeView};
use crate::policy::routing::RoutingTable;
use crate::protocol::membership::{Heartbeat, HeartbeatReply, Register, Registered};
use crate::protocol::{CallError, MethodInfo, Secret};

/// Lease of a registered node: three heartbeats, and out of rotation within three seconds.
pub const DEFAULT_LEASE: Duration = Duration::from_millis(2400);

/// No duration is longer than this, so that adding it to a point in time can't fail.
const LONGEST: Duration = Duration::from_secs(86_400 * 365);

/// How the cluster is run.
#[derive(Clone, Debug)]
pub struct ClusterConfig {
    /// Nodes that are there from the start, and stay in the list.
    pub static_nodes: Vec<PeerUrl>,
    /// How nodes are chosen.
    pub policy: BalancePolicy,
    /// When nodes that fail are left alone.
    pub breaker: BreakerConfig,
    /// How nodes are checked.
    pub health: HealthConfig,
    /// Further nodes that a call may be tried on.
    pub retries: u32,
    /// How long a registered node is believed without a heartbeat, usually `DEFAULT_LEASE`.
    pub lease: Duration,
    /// What nodes must present to register; without it they must be on a private network.
    pub cluster_token: Option<Secret>,
    /// The orchestrator's own instance.
    pub instance: String,
    /// Takes the figures of calls to nodes.
    pub metrics: Metrics,
}

/// A handle, cheap to clone, for every thread. The registry lives as long as the arbiter that it was started on.
#[derive(Clone)]
pub struct Cluster {
    registry: Addr<NodeRegistry>,
    table: Arc<ArcSwap<RoutingTable>>,
    pub(super) idempotency: Idempotency,
    pub(super) policy: BalancePolicy,
    pub(super) retries: usize,
    pub(super) metrics: Metrics,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("nodes_up", &self.nodes_up()).finish_non_exhaustive()
    }
}

impl Cluster {
    /// Starts the registry on the current arbiter, which asks the static nodes at once.
    pub fn start(mut config: ClusterConfig, clients: PeerClientFactory) -> Cluster {
        for duration in [&mut config.breaker.open_for, &mut config.health.timeout, &mut config.lease]
            .into_iter()
            .chain(&mut config.health.interval)
        {
            *duration = (*duration).min(LONGEST);
        }
        let table: Arc<ArcSwap<RoutingTable>> = Arc::default();
        Cluster {
            policy: config.policy,
            retries: usize::try_from(config.retries).unwrap_or(usize::MAX),
            idempotency: Idempotency::start(),
            metrics: config.metrics.clone(),
            registry: NodeRegistry::launch(config, table.clone(), clients()),
            table,
        }
    }

    /// Takes in a node: `_register`. The node is asked for its `_info` before it becomes a member.
    /// Errors: `Unauthorized`, `RegistrationRefused`, `InvalidParams`, and `Overloaded` when too many join at once.
    pub async fn register(
        &self,
        params: Register,
        peer_ip: IpAddr,
        token: Option<Secret>,
    ) -> Result<Registered, CallError> {
        self.registry.send(Join { params, peer_ip, token }).await.map_err(stopped)?
    }

    /// Lets a node go: `_deregister`. False when it was not a member. Errors as for `register`.
    pub async fn deregister(
        &self,
        instance_or_url: String,
        peer_ip: IpAddr,
        token: Option<Secret>,
    ) -> Result<bool, CallError> {
        let part = Part { instance_or_url, peer_ip, token };
        self.registry.send(part).await.map_err(stopped)?
    }

    /// Renews a node's lease: `_heartbeat`. Errors as for `register`.
    pub async fn heartbeat(
        &self,
        beat: Heartbeat,
        peer_ip: IpAddr,
        token: Option<Secret>,
    ) -> Result<HeartbeatReply, CallError> {
        self.registry.send(Beat { beat, peer_ip, token }).await.map_err(stopped)?
    }

    /// Publishes what happens to nodes from now on, and what has happened until now.
    pub fn announce_by(&self, broker: Arc<dyn Broker>) {
        self.registry.do_send(AnnounceBy(broker));
    }

    /// Every node, for people and programs.
    pub async fn view(&self) -> ClusterView {
        self.registry.send(ShowCluster).await.unwrap_or_default()
    }

    /// Every method that can be called now, by name.
    pub fn methods(&self) -> Vec<MethodInfo> {
        self.table.load().methods()
    }

    /// True when a node registered it.
    pub fn knows_method(&self, name: &str) -> bool {
        self.table.load().knows_method(name)
    }

    /// Looks up what the nodes that can be called say of a method.
    pub fn with_method<T>(&self, name: &str, look: impl FnOnce(&MethodInfo) -> T) -> Option<T> {
        self.table.load().registered(name).map(look)
    }

    /// Nodes that may get calls.
    pub fn nodes_up(&self) -> usize {
        self.table.load().nodes_up()
    }

    pub(super) fn table(&self) -> arc_swap::Guard<Arc<RoutingTable>> {
        self.table.load()
    }
}

fn stopped(error: MailboxError) -> CallError {
    CallError::internal(format!("the registry does not answer: {error}"))
}
