//! What goes on by itself: nodes register and send heartbeats, and somebody watches the registry.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::nodes::Presence;
use super::world::Sim;
use crate::actors::Cluster;
use crate::protocol::membership::Heartbeat;

const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Asks the registry for its view whenever a call has set out by a table that nobody has looked at, and now and then.
pub(super) async fn watch(sim: Sim, cluster: Cluster) {
    loop {
        let before = Arc::clone(&cluster.table());
        let view = cluster.view().await;
        if Arc::ptr_eq(&before, &cluster.table()) {
            sim.world().learn(before, view);
            // Elapsing is as good as being rung for.
            let _ = timeout(Duration::from_millis(200), sim.look.notified()).await;
        }
    }
}

/// A node's own part, for as long as the world lasts. `every` is the time between heartbeats.
pub(super) async fn serve(sim: Sim, cluster: Cluster, node: usize, every: Duration) {
    loop {
        let wait = {
            let world = &mut *sim.world();
            let jitter = if world.lossy { 0.7 + 0.6 * world.rng.f64() } else { 1.0 };
            every.mul_f64(jitter)
        };
        sleep(wait).await;
        let todo = {
            let world = &mut *sim.world();
            let lost = world.lossy && world.rng.u8(..) < 20;
            let node = &world.nodes[node];
            match node.presence {
                _ if lost => None,
                Presence::Serving if !node.registered => Some(None),
                Presence::Serving | Presence::Draining if node.registered => Some(Some(node.instance())),
                _ => None,
            }
        };
        match todo {
            None => {}
            Some(None) => register(&sim, &cluster, node).await,
            Some(Some(instance)) => drop(actix_rt::spawn(beat(sim.clone(), cluster.clone(), node, instance))),
        }
    }
}

async fn register(sim: &Sim, cluster: &Cluster, node: usize) {
    let (params, life) = {
        let world = &mut *sim.world();
        let node = &mut world.nodes[node];
        node.registering = true;
        node.farewell = false;
        (node.registration(), node.lives)
    };
    let delay = sim.world().delay();
    sleep(delay).await;
    let url = params.node_url.clone();
    let result = cluster.register(params, LOCAL, None).await;
    let world = &mut *sim.world();
    world
        .note(format!("node {node} registers: {:?}", result.as_ref().map(|registered| registered.is_new_registration)));
    let of = &mut world.nodes[node];
    of.registering = false;
    of.told_to_drain = None;
    of.registered |= result.is_ok() && of.lives == life;
    world.admitted(node, &url);
}

/// May be late: the node goes on meanwhile.
async fn beat(sim: Sim, cluster: Cluster, node: usize, instance: String) {
    let delay = sim.world().delay();
    sleep(delay).await;
    let beat = Heartbeat { instance: instance.clone(), ..Heartbeat::default() };
    let known = cluster.heartbeat(beat, LOCAL, None).await.is_ok_and(|reply| reply.known);
    let world = &mut *sim.world();
    if known {
        let lease = world.config.lease;
        world.nodes[node].is_heard(lease);
    }
    if !known && world.nodes[node].instance() == instance && !world.nodes[node].registering {
        world.nodes[node].registered = false;
        world.note(format!("node {node} is not known"));
    }
}

/// The node takes its leave, unless it is just joining.
pub(super) async fn leave(sim: Sim, cluster: Cluster, node: usize) {
    let instance = {
        let world = &mut *sim.world();
        let of = &mut world.nodes[node];
        if world.mended || of.presence != Presence::Serving || !of.registered || of.registering {
            return;
        }
        of.turn(Presence::Left, crate::actors::clock::now());
        of.instance()
    };
    let delay = sim.world().delay();
    sleep(delay).await;
    let left = cluster.deregister(instance.clone(), LOCAL, None).await;
    let world = &mut *sim.world();
    let of = &mut world.nodes[node];
    if matches!(left, Ok(true)) && of.presence == Presence::Left && of.instance() == instance {
        of.farewell = true;
    }
    world.count("farewells");
    world.note(format!("node {node} leaves: {left:?}"));
}
