//! The network between the orchestrator and the nodes.

use std::future::pending;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{FutureExt, LocalBoxFuture};
use futures_util::stream::{FuturesUnordered, LocalBoxStream, StreamExt};
use tokio::time::{sleep, timeout_at};

use super::nodes::{Kind, Plan, Presence};
use super::world::Sim;
use crate::actors::clock;
use crate::actors::fake_peers::LOST;
use crate::actors::peer::{PeerClient, PeerClientFactory, PeerUrl};
use crate::protocol::{Call, CallError, CallResult};

/// Lands when it is dropped, if not before.
struct Trip {
    sim: Sim,
    number: u64,
    id: u64,
    node: usize,
}

impl Drop for Trip {
    fn drop(&mut self) {
        self.sim.world().land(self.number, None);
    }
}

impl Sim {
    pub(super) fn factory(&self) -> PeerClientFactory {
        let sim = self.clone();
        Arc::new(move || Rc::new(sim.clone()))
    }

    fn depart(&self, peer: &PeerUrl, call: &Call) -> Trip {
        let mut world = self.world();
        let node = world.at(peer.as_str());
        let number = world.depart(node, call);
        let id = world.flights[&number].call;
        drop(world);
        self.look.notify_one();
        Trip { sim: self.clone(), number, id, node }
    }

    async fn info(self, node: usize) -> CallResult {
        let delay = self.world().delay();
        sleep(delay).await;
        let (answer, life) = {
            let mut world = self.world();
            (world.ask(node), world.nodes[node].lives)
        };
        let Some((answer, drains)) = answer else {
            self.world().nodes[node].is_missed();
            return pending().await;
        };
        sleep(Duration::from_millis(1)).await;
        let node = &mut self.world().nodes[node];
        match &answer {
            Ok(_) if !drains => node.is_recognised(life),
            Err(CallError::Remote(_)) if node.kind == Kind::Foreign => node.is_recognised(life),
            _ => node.is_missed(),
        }
        if drains && node.presence == Presence::Draining && !node.registering {
            node.told_to_drain.get_or_insert(clock::now());
        }
        answer
    }
}

/// One call to a node and back.
async fn travel(trip: Trip) -> CallResult {
    let there = trip.sim.world().delay();
    sleep(there).await;
    let (plan, life) = trip.sim.world().arrive(trip.node, trip.id);
    let result = match plan {
        Plan::Answer(result) => result,
        Plan::Never => pending().await,
        Plan::Run(takes, result) => {
            sleep(takes).await;
            let (presence, life_now) = {
                let node = &trip.sim.world().nodes[trip.node];
                (node.presence, node.lives)
            };
            match presence {
                _ if life != life_now => Err(LOST),
                Presence::Dead => Err(LOST),
                Presence::Vanished => pending().await,
                _ => result,
            }
        }
    };
    let back = trip.sim.world().delay();
    sleep(back).await;
    trip.sim.world().land(trip.number, Some(&result));
    result
}

impl PeerClient for Sim {
    fn call(&self, peer: &PeerUrl, call: Call) -> LocalBoxFuture<'static, CallResult> {
        if call.method == "_info" {
            let node = self.world().at(peer.as_str());
            return self.clone().info(node).boxed_local();
        }
        travel(self.depart(peer, &call)).boxed_local()
    }

    fn batch(&self, peer: &PeerUrl, calls: Vec<Call>) -> LocalBoxStream<'static, (usize, CallResult)> {
        let breaks_at = self.world().break_batch(peer, calls.len());
        let trips = calls.iter().enumerate().map(|(index, call)| {
            let trip = self.depart(peer, call);
            let (sim, number) = (self.clone(), trip.number);
            let travelling = travel(trip);
            async move {
                let Some(at) = breaks_at else { return (index, travelling.await) };
                let mut travelling = pin!(travelling);
                let result = timeout_at(at.into(), travelling.as_mut()).await.unwrap_or_else(|_| {
                    sim.world().land(number, Some(&Err(LOST)));
                    Err(LOST)
                });
                (index, result)
            }
        });
        trips.collect::<FuturesUnordered<_>>().boxed_local()
    }
}
