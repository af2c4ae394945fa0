//! What deadlines that pass say of a node.

use super::*;

#[test]
fn deadlines_open_no_breaker_while_the_node_answers_its_checks() {
    with_paused_clock(async {
        let peers = FakePeers::default();
        peers.node(1, "a", IDEMPOTENT, Answer::Hang);
        let fixture = Fixture::new(peers, config(&[1])).await;
        for timeout in [50; 10].into_iter().chain([1000; 8]) {
            assert_eq!(fixture.run(timed("put", timeout)).await, Err(-32001));
            assert_eq!(fixture.cluster.nodes_up(), 1);
        }
    });
}

#[test]
fn deadlines_that_pass_in_silence_open_the_breaker_however_short_they_are() {
    with_paused_clock(async {
        let peers = FakePeers::default();
        peers.node(1, "a", IDEMPOTENT, Answer::Hang);
        let mut config = config(&[1]);
        config.health.interval = None;
        let fixture = Fixture::new(peers, config).await;
        for _ in 0..5 {
            assert_eq!(fixture.run(timed("put", 50)).await, Err(-32001));
        }
        eventually("open", || fixture.cluster.nodes_up() == 0).await;
        assert_eq!(fixture.call("put").await, Err(-32004));
    });
}
