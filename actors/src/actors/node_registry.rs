//! The actor NodeRegistry: keeps the list of nodes, asks them how they are, and publishes the routing table.
//!
//! Every answer to a message that changed the list comes after the new table is published, so that whoever was told
//! "registered" gets calls from then on.

use std::cell::Cell;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, AsyncContext, Context, Handler, Message, MessageResult, ResponseFuture};
use arc_swap::ArcSwap;
use tokio::sync::Semaphore;

use super::broker::Broker;
use super::circuit_breaker::{CircuitBreaker, CircuitChanged, Reset, Settle};
use super::clock;
use super::cluster::ClusterConfig;
use super::peer::PeerClient;
use crate::policy::breaker::Outcome;
use crate::policy::joining::{self, Joining};
use crate::policy::membership::{ClusterView, Membership, MembershipConfig};
use crate::policy::node::{BreakerFlags, NodeEntry, NodeEvents, NodeId};
use crate::policy::routing::RoutingTable;
use crate::protocol::membership::{Heartbeat, HeartbeatReply, Register, Registered};
use crate::protocol::{CallError, PeerUrl, Secret};

mod checker;

use checker::{Checked, Checker};

/// How often leases and due checks are looked at.
const SWEEP: Duration = Duration::from_millis(200);
/// Messages that wait; senders from the network wait for room, news of failures are dropped.
const MAILBOX: usize = 4096;
/// A node that registers must answer its `_info` within this.
const CONFIRMATION: Duration = Duration::from_secs(2);
/// Registrations that are being confirmed at once.
const CONFIRMING: usize = 64;
/// Registrations that wait for their turn. As many nodes as that may start in the same moment.
const JOINING: usize = 2048;

/// A node asks to join.
#[derive(Debug, Message)]
#[rtype(result = "Result<Registered, CallError>")]
pub(super) struct Join {
    pub(super) params: Register,
    pub(super) peer_ip: IpAddr,
    pub(super) token: Option<Secret>,
}

/// A node takes its leave.
#[derive(Debug, Message)]
#[rtype(result = "Result<bool, CallError>")]
pub(super) struct Part {
    pub(super) instance_or_url: String,
    pub(super) peer_ip: IpAddr,
    pub(super) token: Option<Secret>,
}

/// A node is still there.
#[derive(Debug, Message)]
#[rtype(result = "Result<HeartbeatReply, CallError>")]
pub(super) struct Beat {
    pub(super) beat: Heartbeat,
    pub(super) peer_ip: IpAddr,
    pub(super) token: Option<Secret>,
}

/// Somebody wants to see the list.
#[derive(Debug, Message)]
#[rtype(result = "ClusterView")]
pub(super) struct ShowCluster;

/// What happens to nodes is to be published there.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct AnnounceBy(pub(super) Arc<dyn Broker>);

/// A node that asked to join has confirmed who it is.
#[derive(Debug, Message)]
#[rtype(result = "Result<Registered, CallError>")]
struct Admit(Joining);

/// A call could not be delivered.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Suspect(NodeId);

/// The actor.
pub(super) struct NodeRegistry {
    token: Option<Secret>,
    own_instance: String,
    membership: Membership,
    table: Arc<ArcSwap<RoutingTable>>,
    peers: Rc<dyn PeerClient>,
    checker: Checker,
    confirming: Rc<Semaphore>,
    joining: Rc<Cell<usize>>,
    broker: Option<Arc<dyn Broker>>,
}

impl NodeRegistry {
    pub(super) fn launch(
        config: ClusterConfig,
        table: Arc<ArcSwap<RoutingTable>>,
        peers: Rc<dyn PeerClient>,
    ) -> Addr<Self> {
        if config.cluster_token.is_none() {
            log::warn!("no cluster token: whoever is on a loopback or private address may register nodes");
        }
        NodeRegistry::create(|ctx| {
            let membership_config =
                MembershipConfig { own_instance: config.instance.clone(), lease: config.lease, health: config.health };
            let (registry, breaker) = (ctx.address(), config.breaker);
            let make_entry = Box::new(move |id, url: &PeerUrl| {
                let flags = Arc::<BreakerFlags>::default();
                let changed = registry.clone().recipient::<CircuitChanged>();
                let breaker = CircuitBreaker::new(id, breaker, flags.clone(), changed).start();
                let line = Line { id, breaker, registry: registry.clone() };
                Arc::new(NodeEntry::new(id, url.clone(), flags, Box::new(line), clock::now()))
            });
            NodeRegistry {
                token: config.cluster_token,
                own_instance: config.instance,
                membership: Membership::new(membership_config, &config.static_nodes, make_entry, clock::now()),
                table,
                checker: Checker::new(peers.clone(), config.health.timeout),
                peers,
                confirming: Rc::new(Semaphore::new(CONFIRMING)),
                joining: Rc::default(),
                broker: None,
            }
        })
    }

    fn publish(&mut self) {
        if self.membership.take_changed() {
            let table = self.membership.table(&self.table.load());
            self.table.store(Arc::new(table));
        }
        let Some(broker) = &self.broker else { return };
        for news in self.membership.take_news() {
            // Nobody waits for it: what is published is on its way.
            drop(broker.publish(news.to_event()));
        }
    }

    fn check_due(&mut self, ctx: &mut Context<Self>) {
        self.checker.enqueue(self.membership.due_checks(clock::now()));
        self.checker.start_some(&ctx.address());
    }

    fn authorise(&self, token: Option<&Secret>, peer_ip: IpAddr) -> Result<(), CallError> {
        joining::authorise(self.token.as_ref(), token, peer_ip)
    }
}

impl Actor for NodeRegistry {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        ctx.run_interval(SWEEP, |registry, ctx| {
            registry.membership.sweep(clock::now());
            registry.publish();
            registry.check_due(ctx);
        });
        self.publish();
        self.check_due(ctx);
    }
}

impl Handler<Join> for NodeRegistry {
    type Result = ResponseFuture<Result<Registered, CallError>>;

    fn handle(&mut self, join: Join, ctx: &mut Self::Context) -> Self::Result {
        let checked = self
            .authorise(join.token.as_ref(), join.peer_ip)
            .and_then(|()| joining::check(join.params, self.token.is_some()));
        let place = Place::take(&self.joining, JOINING);
        let (registry, peers, confirming) = (ctx.address(), self.peers.clone(), self.confirming.clone());
        let own_instance = self.own_instance.clone();
        // This future runs beside the actor, which goes on with its messages.
        Box::pin(async move {
            let (mut joining, place) = (checked?, place.ok_or(CallError::Overloaded)?);
            let turn = confirming.acquire().await;
            let info = checker::ask(&*peers, &joining.url, CONFIRMATION).await;
            drop(turn);
            let info = info.map_err(|error| {
                log::info!("node {} may not join: its _info came to {error}", joining.url);
                joining::refused(format!("{} does not answer _info as a node", joining.url))
            })?;
            joining::confirm(&mut joining, info, &own_instance)?;
            let registered = registry.send(Admit(joining)).await;
            drop(place);
            registered.map_err(|error| CallError::internal(format!("the registry does not answer: {error}")))?
        })
    }
}

impl Handler<Admit> for NodeRegistry {
    type Result = Result<Registered, CallError>;

    fn handle(&mut self, Admit(joining): Admit, _: &mut Self::Context) -> Self::Result {
        let registered = self.membership.admit(joining, clock::now());
        self.publish();
        registered
    }
}

impl Handler<Part> for NodeRegistry {
    type Result = Result<bool, CallError>;

    fn handle(&mut self, part: Part, _: &mut Self::Context) -> Self::Result {
        self.authorise(part.token.as_ref(), part.peer_ip)?;
        let parted = self.membership.part(&part.instance_or_url);
        self.publish();
        Ok(parted)
    }
}

impl Handler<Beat> for NodeRegistry {
    type Result = Result<HeartbeatReply, CallError>;

    fn handle(&mut self, beat: Beat, _: &mut Self::Context) -> Self::Result {
        self.authorise(beat.token.as_ref(), beat.peer_ip)?;
        let reply = self.membership.beat(beat.beat, clock::now());
        self.publish();
        Ok(reply)
    }
}

impl Handler<ShowCluster> for NodeRegistry {
    type Result = MessageResult<ShowCluster>;

    fn handle(&mut self, _: ShowCluster, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.membership.view(clock::now()))
    }
}

impl Handler<AnnounceBy> for NodeRegistry {
    type Result = ();

    fn handle(&mut self, AnnounceBy(broker): AnnounceBy, _: &mut Self::Context) {
        self.broker = Some(broker);
        self.publish();
    }
}

impl Handler<Suspect> for NodeRegistry {
    type Result = ();

    fn handle(&mut self, Suspect(id): Suspect, ctx: &mut Self::Context) {
        self.membership.suspect(id, clock::now());
        self.publish();
        self.check_due(ctx);
    }
}

impl Handler<CircuitChanged> for NodeRegistry {
    type Result = ();

    fn handle(&mut self, changed: CircuitChanged, _: &mut Self::Context) {
        self.membership.circuit(changed.id, changed.state, clock::now());
        self.publish();
    }
}

impl Handler<Checked> for NodeRegistry {
    type Result = ();

    fn handle(&mut self, checked: Checked, ctx: &mut Self::Context) {
        self.checker.finished(checked.urgent);
        self.membership.checked(checked.id, checked.outcome, clock::now());
        self.publish();
        self.checker.start_some(&ctx.address());
    }
}

/// The way from the threads that route to those who hear about a node.
struct Line {
    id: NodeId,
    breaker: Addr<CircuitBreaker>,
    registry: Addr<NodeRegistry>,
}

impl NodeEvents for Line {
    fn outcome(&self, outcome: Outcome) -> bool {
        self.breaker.try_send(Settle(outcome)).is_ok()
    }

    fn suspect(&self) -> bool {
        self.registry.try_send(Suspect(self.id)).is_ok()
    }

    fn renewed(&self) {
        self.breaker.do_send(Reset);
    }
}

/// One of a bounded number of places, given back when dropped.
struct Place(Rc<Cell<usize>>);

impl Place {
    fn take(taken: &Rc<Cell<usize>>, places: usize) -> Option<Place> {
        (taken.get() < places).then(|| {
            taken.set(taken.get() + 1);
            Place(taken.clone())
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

#[cfg(test)]
mod tests;
