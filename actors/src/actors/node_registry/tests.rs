use std::net::{IpAddr, Ipv4Addr};

use tokio::time::Instant;

use super::*;
use crate::actors::cluster::Cluster;
use crate::actors::fake_peers::cluster::{config, eventually, with_paused_clock};
use crate::actors::fake_peers::{Answer, FakePeers};
use crate::policy::health::NodeState;

const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn register(port: u16, instance: &str) -> Register {
    let json = format!(r#"{{"node_url":"http://127.0.0.1:{port}/","instance":"{instance}","methods":["m"]}}"#);
    serde_json::from_str(&json).expect("params")
}

fn beat(instance: &str) -> Heartbeat {
    serde_json::from_str(&format!(r#"{{"instance":"{instance}"}}"#)).expect("params")
}

fn code(result: Result<impl Sized, CallError>) -> Option<i64> {
    result.err().map(|error| error.code().0)
}

#[test]
fn a_node_that_registers_gets_calls_from_the_answer_on() {
    with_paused_clock(async {
        let peers = FakePeers::default();
        let cluster = Cluster::start(config(&[]), peers.factory());
        peers.node(1, "a", r#""m""#, Answer::Hang);
        let registered = cluster.register(register(1, "a"), LOCAL, None).await.expect("admitted");
        assert!(cluster.knows_method("m") && cluster.nodes_up() == 1);
        assert_eq!(registered.registered_url, "http://127.0.0.1:1");
        assert_eq!((registered.is_new_registration, registered.lease_ms), (true, 2400));
        assert_eq!(cluster.methods()[0].name, "m");
        let again = cluster.register(register(1, "a"), LOCAL, None).await.expect("admitted");
        assert!(!again.is_new_registration);
        assert_eq!(cluster.view().await.total_nodes, 1);
        assert!(cluster.deregister("a".into(), LOCAL, None).await.expect("allowed"));
        assert_eq!((cluster.nodes_up(), cluster.view().await.total_nodes), (0, 0));
    });
}

#[test]
fn without_heartbeats_a_node_is_out_of_rotation_in_under_three_seconds() {
    with_paused_clock(async {
        let peers = FakePeers::default();
        let cluster = Cluster::start(config(&[]), peers.factory());
        peers.node(1, "a", r#""m""#, Answer::Hang);
        cluster.register(register(1, "a"), LOCAL, None).await.expect("admitted");
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_millis(800)).await;
            assert!(cluster.heartbeat(beat("a"), LOCAL, None).await.expect("allowed").known);
            assert_eq!(cluster.nodes_up(), 1);
        }
        let took = eventually("down", || cluster.nodes_up() == 0).await;
        assert!(took < Duration::from_secs(3), "{took:?}");
        assert!(cluster.heartbeat(beat("a"), LOCAL, None).await.expect("allowed").known);
        assert_eq!(cluster.nodes_up(), 1, "recovered before the answer");
        assert!(!cluster.heartbeat(beat("b"), LOCAL, None).await.expect("allowed").known);
    });
}

#[test]
fn a_silent_node_is_doubted_asked_and_given_up_in_under_three_seconds() {
    with_paused_clock(async {
        let peers = FakePeers::default();
        let cluster = Cluster::start(config(&[]), peers.factory());
        for (port, instance) in [(1, "a"), (2, "b")] {
            peers.node(port, instance, r#""m""#, Answer::Hang);
            cluster.register(register(port, instance), LOCAL, None).await.expect("admitted");
        }
        let (mut states, mut beats) = (Vec::new(), 1);
        // As a process that was stopped: it takes connections and says nothing.
        peers.info(1, Answer::Hang);
        let silent = Instant::now();
        while states.last() != Some(&NodeState::Down) {
            assert!(silent.elapsed() < Duration::from_secs(3), "{states:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
            if beats * Duration::from_millis(800) <= silent.elapsed() {
                beats += 1;
                cluster.heartbeat(beat("b"), LOCAL, None).await.expect("allowed");
            }
            let state = cluster.view().await.nodes[0].state;
            if states.last() != Some(&state) {
                states.push(state);
            }
        }
        assert_eq!(states, [NodeState::Up, NodeState::Suspect, NodeState::Down]);
        assert_eq!(peers.world().checks, 3, "two joined, and one was asked when it was silent");
        cluster.heartbeat(beat("a"), LOCAL, None).await.expect("allowed");
        let view = cluster.view().await;
        assert_eq!((view.nodes_up, view.events.down, view.events.recovered), (2, 1, 1));
    });
}

#[test]
fn heartbeats_that_jitter_raise_no_doubt() {
    with_paused_clock(async {
        let peers = FakePeers::default();
        let cluster = Cluster::start(config(&[]), peers.factory());
        peers.node(1, "a", r#""m""#, Answer::Hang);
        cluster.register(register(1, "a"), LOCAL, None).await.expect("admitted");
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..300 {
            tokio::time::sleep(Duration::from_millis(random.u64(400..1200))).await;
            assert!(cluster.heartbeat(beat("a"), LOCAL, None).await.expect("allowed").known);
        }
        let events = cluster.view().await.events;
        assert_eq!((events.joined, events.suspect, events.down), (1, 0, 0));
    });
}

#[test]
fn who_does_not_confirm_does_not_join() {
    with_paused_clock(async {
        let peers = FakePeers::default();
        let cluster = Cluster::start(config(&[]), peers.factory());
        peers.node(2, "b", "", Answer::Hang);
        peers.node(3, "orchestrator", "", Answer::Hang);
        peers.info(4, Answer::Text("[1]".into()));
        for (port, instance) in [(1, "a"), (2, "a"), (3, "orchestrator"), (4, "a")] {
            let refused = cluster.register(register(port, instance), LOCAL, None).await;
            assert_eq!(code(refused), Some(-32007), "{port}");
        }
        assert_eq!(cluster.view().await.total_nodes, 0);
    });
}

#[test]
fn token_and_address_are_asked_of_every_message() {
    with_paused_clock(async {
        let far: IpAddr = "203.0.113.9".parse().expect("an address");
        let peers = FakePeers::default();
        peers.node(1, "a", r#""m""#, Answer::Hang);
        let with_token = crate::actors::ClusterConfig { cluster_token: "secret".parse().ok(), ..config(&[]) };
        for (cluster, from, expected) in [
            (Cluster::start(with_token.clone(), peers.factory()), LOCAL, -32008),
            (Cluster::start(config(&[]), peers.factory()), far, -32007),
        ] {
            assert_eq!(code(cluster.register(register(1, "a"), from, None).await), Some(expected));
            assert_eq!(code(cluster.heartbeat(beat("a"), from, None).await), Some(expected));
            assert_eq!(code(cluster.deregister("a".into(), from, None).await), Some(expected));
        }
        assert_eq!(peers.world().checks, 0, "nobody is asked in the name of a stranger");
        let cluster = Cluster::start(with_token, peers.factory());
        assert_eq!(code(cluster.register(register(1, "a"), far, "secret".parse().ok()).await), None);
    });
}

#[test]
fn a_static_node_is_back_within_two_seconds_of_its_restart() {
    with_paused_clock(async {
        let peers = FakePeers::default();
        let cluster = Cluster::start(config(&[1]), peers.factory());
        assert_eq!(cluster.nodes_up(), 0);
        tokio::time::sleep(Duration::from_secs(20)).await;
        peers.node(1, "a", r#""m""#, Answer::Hang);
        let took = eventually("up", || cluster.nodes_up() == 1).await;
        assert!(took < Duration::from_secs(2), "{took:?}");
        peers.kill(1);
        let took = eventually("down", || cluster.nodes_up() == 0).await;
        assert!(took < Duration::from_millis(6300), "{took:?}");
        peers.node(1, "b", r#""n""#, Answer::Hang);
        let took = eventually("back", || cluster.knows_method("n")).await;
        assert!(took < Duration::from_secs(2), "{took:?}");
    });
}

#[test]
fn checks_turned_off_still_find_static_nodes_once() {
    with_paused_clock(async {
        let peers = FakePeers::default();
        let mut config = config(&[1]);
        config.health.interval = None;
        let cluster = Cluster::start(config, peers.factory());
        tokio::time::sleep(Duration::from_secs(3)).await;
        peers.node(1, "a", r#""m""#, Answer::Hang);
        eventually("up", || cluster.nodes_up() == 1).await;
        let checks = peers.world().checks;
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(peers.world().checks, checks);
    });
}

#[test]
fn checks_of_many_nodes_are_bounded_and_spread() {
    with_paused_clock(async {
        let peers = FakePeers::default();
        let ports: Vec<u16> = (1..=1000).collect();
        ports.iter().for_each(|port| peers.node(*port, &format!("i{port}"), r#""m""#, Answer::Hang));
        let cluster = Cluster::start(config(&ports), peers.factory());
        eventually("all up", || cluster.nodes_up() == 1000).await;
        assert!(peers.world().most_checks_at_once <= 64);
        let (start, before) = (Instant::now(), peers.world().checks);
        let mut most_in_a_tick = 0;
        while start.elapsed() < Duration::from_secs(10) {
            let at = peers.world().checks;
            tokio::time::sleep(SWEEP).await;
            most_in_a_tick = most_in_a_tick.max(peers.world().checks - at);
        }
        let checks = peers.world().checks - before;
        assert!((1000..=3000).contains(&checks), "{checks}");
        assert!(most_in_a_tick < 300, "{most_in_a_tick}");
    });
}

#[test]
fn a_thousand_nodes_may_start_in_the_same_moment() {
    with_paused_clock(async {
        let peers = FakePeers::default();
        let cluster = Cluster::start(config(&[]), peers.factory());
        let joins = (1..=1000u16).map(|port| {
            peers.node(port, &format!("i{port}"), r#""m""#, Answer::Hang);
            let cluster = cluster.clone();
            async move { cluster.register(register(port, &format!("i{port}")), LOCAL, None).await }
        });
        let joined = futures_util::future::join_all(joins).await;
        assert!(joined.iter().all(Result::is_ok));
        assert_eq!(cluster.nodes_up(), 1000);
        assert!(peers.world().most_checks_at_once <= 64);
    });
}

#[test]
fn silent_nodes_do_not_hold_up_the_check_of_a_suspect() {
    with_paused_clock(async {
        let peers = FakePeers::default();
        peers.node(1, "a", r#""m""#, Answer::Hang);
        (2..=500).for_each(|port| peers.info(port, Answer::Hang));
        let (table, ports): (Arc<ArcSwap<RoutingTable>>, Vec<u16>) = (Arc::default(), (1..=500).collect());
        let registry = NodeRegistry::launch(config(&ports), table.clone(), Rc::new(peers.clone()));
        eventually("up", || table.load().nodes_up() == 1).await;
        peers.kill(1);
        registry.do_send(Suspect(NodeId(0)));
        let took = eventually("down", || table.load().nodes_up() == 0).await;
        assert!(took < Duration::from_millis(100), "{took:?}");
        assert_eq!(peers.world().checks_at_once, 64, "the silent ones");
    });
}
