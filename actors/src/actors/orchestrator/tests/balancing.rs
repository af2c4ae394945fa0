//! Which node a call goes to.

use super::*;
use crate::actors::cluster::BalancePolicy;

/// A node with the method `m` and the tag `zone`.
fn in_zone(peers: &FakePeers, port: u16, zone: &str, answer: Answer) {
    let info = format!(r#"{{"server_type":"node","instance":"i{port}","methods":["m"],"tags":{{"zone":"{zone}"}}}}"#);
    peers.answer(port, answer);
    peers.info(port, Answer::Text(info.into()));
}

fn tagged(zone: &str) -> Call {
    let mut call = call("m");
    call.scope.tags.insert("zone".into(), zone.into());
    call
}

#[test]
fn healthy_traffic_is_counted_and_spread() {
    with_paused_clock(async {
        let fixture = Fixture::pair(ONE, TWO).await;
        for _ in 0..10 {
            fixture.call("put").await.expect("answered");
        }
        let view = fixture.cluster.view().await;
        let counts: Vec<u64> = view.nodes.iter().map(|node| node.request_count).collect();
        assert_eq!(counts, [5, 5]);
        assert!(view.nodes[0].last_request_ms.is_some_and(|ms| ms > 1_600_000_000_000));
    });
}

#[test]
fn calls_go_where_their_tags_are() {
    with_paused_clock(async {
        let peers = FakePeers::default();
        in_zone(&peers, 1, "a", ONE);
        in_zone(&peers, 2, "b", TWO);
        let fixture = Fixture::new(peers, config(&[1, 2])).await;
        for _ in 0..4 {
            assert_eq!(fixture.run(tagged("a")).await, Ok("1".into()));
            assert_eq!(fixture.run(tagged("c")).await, Err(-32004));
            let results = fixture.batch(vec![tagged("b"), tagged("a"), tagged("c"), tagged("b")]).await;
            assert_eq!(results, [Ok("2".into()), Ok("1".into()), Err(-32004), Ok("2".into())]);
        }
        // Another node is no help when it lacks the tags.
        fixture.peers.answer(1, Answer::Fail(REFUSED));
        assert_eq!(fixture.run(tagged("a")).await, Err(-32005));
        fixture.peers.kill(1);
        eventually("down", || fixture.cluster.nodes_up() == 1).await;
        assert_eq!(fixture.run(tagged("a")).await, Err(-32004));
        assert_eq!(fixture.call("m").await, Ok("2".into()));
    });
}

#[test]
fn p2c_ewma_learns_who_is_quick() {
    with_paused_clock(async {
        let peers = FakePeers::default();
        in_zone(&peers, 1, "a", Answer::Slow(100, Box::new(ONE)));
        in_zone(&peers, 2, "a", Answer::Slow(2, Box::new(TWO)));
        let fixture = Fixture::new(peers, ClusterConfig { policy: BalancePolicy::P2cEwma, ..config(&[1, 2]) }).await;
        for _ in 0..100 {
            assert!(fixture.call("m").await.is_ok());
        }
        assert_eq!((fixture.peers.calls_to(1), fixture.peers.calls_to(2)), (1, 99));
        // Load counts, too: fifty calls at once are more than the quick one is quicker.
        assert!(fixture.batch(vec![call("m"); 200]).await.iter().all(Result::is_ok));
        assert!((2..20).contains(&fixture.peers.calls_to(1)), "{}", fixture.peers.calls_to(1));
        // What was slow once is tried again.
        tokio::time::sleep(Duration::from_secs(60)).await;
        let before = fixture.peers.calls_to(1);
        for _ in 0..4 {
            assert!(fixture.call("m").await.is_ok());
        }
        assert!(fixture.peers.calls_to(1) > before);
    });
}

#[test]
fn who_fails_more_than_its_peers_is_left_out_for_a_while() {
    with_paused_clock(async {
        let peers = FakePeers::default();
        in_zone(&peers, 1, "a", Answer::Fail(remote(Code::INTERNAL, Some(Fault::Failed))));
        (2..=3).for_each(|port| in_zone(&peers, port, "a", TWO));
        let mut config = config(&[1, 2, 3]);
        config.breaker.failure_threshold = u32::MAX;
        let fixture = Fixture::new(peers, config).await;
        let mut rounds = 0;
        while fixture.cluster.view().await.events.ejected == 0 {
            rounds += 1;
            assert!(rounds < 50, "never ejected");
            fixture.batch(vec![call("m"); 30]).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let (before, ejected) = (fixture.peers.calls_to(1), tokio::time::Instant::now());
        let view = fixture.cluster.view().await;
        assert_eq!((view.enabled_nodes, fixture.cluster.nodes_up()), (2, 3));
        assert!(view.nodes[0].disable_reason.as_deref().is_some_and(|reason| reason.starts_with("ejected: ")));
        assert!(fixture.batch(vec![call("m"); 30]).await.iter().all(Result::is_ok));
        assert_eq!(fixture.peers.calls_to(1), before);
        // When the others are gone, it is better than nobody.
        (2..=3).for_each(|port| fixture.peers.answer(port, Answer::Fail(REFUSED)));
        fixture.peers.answer(1, ONE);
        assert_eq!(fixture.call("m").await, Ok("1".into()));
        (2..=3).for_each(|port| fixture.peers.answer(port, TWO));
        let mut back = false;
        while !back && ejected.elapsed() < Duration::from_secs(40) {
            tokio::time::sleep(Duration::from_millis(200)).await;
            back = fixture.cluster.view().await.enabled_nodes == 3;
        }
        assert!(back && ejected.elapsed() >= Duration::from_secs(28), "{:?}", ejected.elapsed());
    });
}
