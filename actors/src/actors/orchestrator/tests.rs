use std::time::Duration;

use futures_util::StreamExt;
use proptest::prelude::*;

use super::*;
use crate::actors::clock;
use crate::actors::cluster::ClusterConfig;
use crate::actors::fake_peers::cluster::{config, eventually, with_paused_clock};
use crate::actors::fake_peers::{remote, Answer, FakePeers, LOST, REFUSED};
use crate::policy::admission::Admission;
use crate::protocol::{CallScope, Code, Fault, IdempotencyKey};

mod balancing;
mod deadlines;

const IDEMPOTENT: &str = r#"{"name":"get","idempotent":true},{"name":"hedged","idempotent":true,"hedge":true},"put""#;

struct Fixture {
    peers: FakePeers,
    cluster: Cluster,
    orchestrator: OrchestratorHandle,
    admission: Admission,
}

impl Fixture {
    /// Two nodes that have the methods `get` (idempotent) and `put`.
    async fn pair(one: Answer, two: Answer) -> Self {
        let peers = FakePeers::default();
        peers.node(1, "a", IDEMPOTENT, one);
        peers.node(2, "b", IDEMPOTENT, two);
        Self::new(peers, config(&[1, 2])).await
    }

    async fn new(peers: FakePeers, config: ClusterConfig) -> Self {
        let nodes = config.static_nodes.len();
        let cluster = Cluster::start(config, peers.factory());
        eventually("all nodes found", || cluster.nodes_up() == nodes).await;
        Fixture {
            orchestrator: OrchestratorHandle::start(cluster.clone(), peers.factory()()),
            peers,
            cluster,
            admission: Admission::new(1000),
        }
    }

    fn permit(&self) -> Permit {
        self.admission.admit(1, 0).expect("room")
    }

    async fn call(&self, method: &str) -> Result<String, i64> {
        self.run(call(method)).await
    }

    async fn run(&self, call: Call) -> Result<String, i64> {
        let result = self.orchestrator.forward(call, self.permit()).await;
        result.map(|text| text.as_str().to_owned()).map_err(|error| error.code().0)
    }

    async fn batch(&self, calls: Vec<Call>) -> Vec<Result<String, i64>> {
        let mut results = vec![None; calls.len()];
        let mut replies = self.orchestrator.forward_batch(calls, self.permit());
        while let Some((index, result)) = replies.next().await {
            let result = result.map(|text| text.as_str().to_owned()).map_err(|error| error.code().0);
            assert!(results[index].replace(result).is_none(), "each index once");
        }
        results.into_iter().map(|result| result.expect("each index")).collect()
    }

    async fn inflight(&self) -> usize {
        self.cluster.view().await.nodes.iter().map(|node| node.inflight).sum()
    }
}

fn call(method: &str) -> Call {
    timed(method, 30_000)
}

fn timed(method: &str, millis: u64) -> Call {
    let timeout = Duration::from_millis(millis);
    Call::new(method, None, CallScope { deadline: clock::now() + timeout, ..CallScope::root(timeout) })
}

const ONE: Answer = Answer::Text(std::borrow::Cow::Borrowed("1"));
const TWO: Answer = Answer::Text(std::borrow::Cow::Borrowed("2"));

/// Timers tick once a millisecond, and never early.
fn took(start: tokio::time::Instant, millis: u128) -> bool {
    (millis..millis + 5).contains(&start.elapsed().as_millis())
}

#[test]
fn a_call_that_never_left_goes_to_another_node() {
    with_paused_clock(async {
        let fixture = Fixture::pair(Answer::Fail(REFUSED), TWO).await;
        for _ in 0..6 {
            assert_eq!(fixture.call("put").await, Ok("2".into()));
        }
        assert!(fixture.peers.calls_to(1) > 0, "it was tried");
    });
}

#[test]
fn a_call_that_may_have_arrived_is_not_run_twice() {
    with_paused_clock(async {
        let fixture = Fixture::pair(Answer::Fail(LOST), Answer::Fail(LOST)).await;
        assert_eq!(fixture.call("put").await, Err(-32005));
        assert_eq!(fixture.peers.world().calls.len(), 1);
    });
}

#[test]
fn unless_it_is_safe_to_run_twice() {
    with_paused_clock(async {
        let fixture = Fixture::pair(Answer::Fail(LOST), TWO).await;
        for _ in 0..4 {
            assert_eq!(fixture.call("get").await, Ok("2".into()));
        }
        assert!(fixture.peers.calls_to(1) > 0);
        let fixture = Fixture::pair(Answer::Fail(LOST), TWO).await;
        for _ in 0..4 {
            let mut keyed = call("put");
            keyed.scope.idempotency_key = IdempotencyKey::new(0, "key".into()).ok();
            assert_eq!(fixture.run(keyed).await, Ok("2".into()));
        }
        assert!(fixture.peers.world().calls.len() <= 2, "repeats are answered without a node");
    });
}

/// Node 1 and 2 answer after 10 ms, until it is known how long `hedged` takes.
async fn hedging() -> Fixture {
    let slow = |answer| Answer::Slow(10, Box::new(answer));
    let fixture = Fixture::pair(slow(ONE), slow(TWO)).await;
    for _ in 0..64 {
        fixture.call("hedged").await.expect("it works");
    }
    fixture
}

#[test]
fn a_late_call_is_made_again_elsewhere_and_the_loser_cancelled() {
    with_paused_clock(async {
        for in_batch in [false, true] {
            let fixture = hedging().await;
            fixture.peers.answer(1, Answer::Hang);
            let before = fixture.peers.calls_to(1);
            for round in 0..20 {
                let start = tokio::time::Instant::now();
                let results = match in_batch {
                    true => fixture.batch(vec![call("hedged"), call("hedged")]).await,
                    false => vec![fixture.call("hedged").await],
                };
                assert!(results.iter().all(|result| *result == Ok("2".into())), "{round}: {results:?}");
                assert!(start.elapsed().as_millis() < 40, "{:?}", start.elapsed());
            }
            let hung = fixture.peers.calls_to(1) - before;
            assert!(hung >= 10, "{hung}");
            assert_eq!(fixture.inflight().await, 0);
            assert_eq!(fixture.peers.world().cancelled, hung);
        }
    });
}

#[test]
fn a_hedge_is_asked_for_is_affordable_and_is_one() {
    with_paused_clock(async {
        let fixture = hedging().await;
        let made = |fixture: &Fixture| fixture.peers.world().calls.len();
        (1..=2).for_each(|port| fixture.peers.answer(port, Answer::Slow(500, Box::new(ONE))));
        let before = made(&fixture);
        assert_eq!(fixture.call("hedged").await, Ok("1".into()));
        assert_eq!(made(&fixture) - before, 2, "one hedge");
        assert_eq!(fixture.call("get").await, Ok("1".into()));
        assert_eq!(made(&fixture) - before, 3, "idempotent is not enough");
        let before = made(&fixture);
        let calls: Vec<Call> = (0..100).map(|_| call("hedged")).collect();
        assert!(fixture.batch(calls).await.iter().all(Result::is_ok));
        let hedges = made(&fixture) - before - 100;
        assert!((10..=50).contains(&hedges), "the budget of retries bounds them: {hedges}");
    });
}

#[test]
fn a_hedge_takes_over_when_the_first_fails() {
    with_paused_clock(async {
        let fixture = hedging().await;
        for (one, two) in [(Answer::Fail(LOST), TWO), (ONE, Answer::Fail(LOST))] {
            fixture.peers.answer(1, Answer::Slow(100, Box::new(one)));
            fixture.peers.answer(2, Answer::Slow(200, Box::new(two)));
            for _ in 0..4 {
                assert!(fixture.call("hedged").await.is_ok());
            }
        }
        // What a script throws is an answer, and the other is not waited for.
        (1..=2).for_each(|port| {
            fixture.peers.answer(port, Answer::Slow(100, Box::new(Answer::Fail(remote(Code(7), None)))))
        });
        let start = tokio::time::Instant::now();
        assert_eq!(fixture.call("hedged").await, Err(7));
        assert!(took(start, 100), "{:?}", start.elapsed());
    });
}

#[test]
fn a_call_that_kills_its_nodes_kills_two() {
    with_paused_clock(async {
        for in_batch in [false, true] {
            let peers = FakePeers::default();
            (1..=5).for_each(|port| peers.node(port, &port.to_string(), IDEMPOTENT, Answer::Fail(LOST)));
            let mut eager = config(&[1, 2, 3, 4, 5]);
            eager.retries = 4;
            let fixture = Fixture::new(peers, eager).await;
            match in_batch {
                false => assert_eq!(fixture.call("get").await, Err(-32005)),
                true => assert_eq!(fixture.batch(vec![call("get")]).await, [Err(-32005)]),
            }
            assert_eq!(fixture.peers.world().calls.len(), 2);
        }
        // Calls that died beside it, on its first node, are served by the next.
        let fixture = Fixture::pair(Answer::Fail(LOST), TWO).await;
        assert_eq!(fixture.batch(vec![call("get"); 4]).await, vec![Ok("2".to_owned()); 4]);
    });
}

#[test]
fn a_refusing_node_is_passed_over_and_its_error_kept() {
    with_paused_clock(async {
        let refused = || Answer::Fail(remote(Code::OVERLOADED, Some(Fault::Refused)));
        let fixture = Fixture::pair(refused(), TWO).await;
        assert_eq!(fixture.call("put").await, Ok("2".into()));
        let fixture = Fixture::pair(refused(), refused()).await;
        let error = fixture.orchestrator.forward(call("put"), fixture.permit()).await.expect_err("refused");
        assert!(matches!(error, CallError::Remote(_)), "{error:?}");
        assert_eq!(fixture.peers.world().calls.len(), 2);
        // The same code from a script is an answer like any other.
        let thrown = Answer::Fail(remote(Code::OVERLOADED, None));
        let fixture = Fixture::pair(thrown.clone(), thrown).await;
        assert_eq!(fixture.call("get").await, Err(-32003));
        assert_eq!(fixture.peers.world().calls.len(), 1);
    });
}

#[test]
fn retries_are_bounded_per_call_and_by_the_budget() {
    with_paused_clock(async {
        let peers = FakePeers::default();
        (1..=5).for_each(|port| peers.node(port, &port.to_string(), IDEMPOTENT, Answer::Fail(REFUSED)));
        let mut few = config(&[1, 2, 3, 4, 5]);
        few.breaker.failure_threshold = u32::MAX;
        let fixture = Fixture::new(peers, few).await;
        assert_eq!(fixture.call("put").await, Err(-32005));
        assert_eq!(fixture.peers.world().calls.len(), 3, "--retries 2");
        for _ in 0..99 {
            assert_eq!(fixture.call("put").await, Err(-32005));
        }
        let retries = fixture.peers.world().calls.len() - 100;
        assert!((25..=31).contains(&retries), "{retries}: a fifth of 100 and the reserve of 10");
    });
}

#[test]
fn no_node_and_no_method_are_told_apart() {
    with_paused_clock(async {
        let fixture = Fixture::pair(ONE, TWO).await;
        assert_eq!(fixture.call("toString").await, Err(-32601));
        fixture.peers.kill(1);
        fixture.peers.kill(2);
        eventually("all down", || fixture.cluster.nodes_up() == 0).await;
        assert_eq!(fixture.call("put").await, Err(-32004));
        assert_eq!(fixture.call("toString").await, Err(-32004));
    });
}

#[test]
fn a_killed_node_is_out_of_rotation_at_the_first_failure() {
    with_paused_clock(async {
        let fixture = Fixture::pair(ONE, TWO).await;
        fixture.peers.kill(1);
        let mut failed_at = None;
        for _ in 0..4 {
            assert_eq!(fixture.call("get").await, Ok("2".into()));
            if fixture.peers.calls_to(1) > 0 {
                failed_at.get_or_insert_with(tokio::time::Instant::now);
            }
        }
        eventually("down", || fixture.cluster.nodes_up() == 1).await;
        let took = failed_at.expect("it was tried").elapsed();
        assert!(took < Duration::from_millis(100), "{took:?}");
    });
}

#[test]
fn the_deadline_bounds_everything() {
    with_paused_clock(async {
        let fixture = Fixture::pair(Answer::Hang, Answer::Hang).await;
        let start = tokio::time::Instant::now();
        assert_eq!(fixture.run(timed("put", 700)).await, Err(-32001));
        assert!(took(start, 700), "{:?}", start.elapsed());
        assert_eq!(fixture.run(timed("put", 0)).await, Err(-32001));
        assert_eq!(fixture.batch(vec![timed("put", 300), timed("put", 900)]).await, [Err(-32001), Err(-32001)]);
        assert!(took(start, 1600), "{:?}", start.elapsed());
        assert_eq!(fixture.inflight().await, 0);
    });
}

#[test]
fn each_call_of_a_batch_has_its_own_deadline() {
    with_paused_clock(async {
        let peers = FakePeers::default();
        peers.node(1, "a", IDEMPOTENT, Answer::Slow(500, Box::new(ONE)));
        let fixture = Fixture::new(peers, config(&[1])).await;
        let results = fixture.batch(vec![timed("put", 100), timed("put", 900), timed("put", 200)]).await;
        assert_eq!(results, [Err(-32001), Ok("1".into()), Err(-32001)]);
        assert_eq!(fixture.inflight().await, 0);
    });
}

#[test]
fn a_method_may_have_a_shorter_deadline_of_its_own() {
    with_paused_clock(async {
        let peers = FakePeers::default();
        peers.node(1, "a", r#"{"name":"quick","timeoutMs":250}"#, Answer::Hang);
        let fixture = Fixture::new(peers, config(&[1])).await;
        let start = tokio::time::Instant::now();
        assert_eq!(fixture.call("quick").await, Err(-32001));
        assert!(took(start, 250), "{:?}", start.elapsed());
    });
}

#[test]
fn a_half_open_node_gets_one_call_and_is_closed_by_its_success() {
    with_paused_clock(async {
        let failing = Answer::Fail(remote(Code::INTERNAL, Some(Fault::Failed)));
        let peers = FakePeers::default();
        peers.node(1, "a", IDEMPOTENT, failing);
        let fixture = Fixture::new(peers, config(&[1])).await;
        for _ in 0..5 {
            assert_eq!(fixture.call("put").await, Err(-32603));
        }
        eventually("open", || fixture.cluster.nodes_up() == 0).await;
        fixture.peers.answer(1, Answer::Slow(1000, Box::new(ONE)));
        eventually("half-open", || fixture.cluster.nodes_up() == 1).await;
        let probe = fixture.orchestrator.forward(call("put"), fixture.permit());
        assert_eq!(fixture.call("put").await, Err(-32004), "the probe is under way");
        assert_eq!(probe.await.map(|text| text.as_str().to_owned()).ok(), Some("1".into()));
        assert_eq!(fixture.call("put").await, Ok("1".into()));
    });
}

#[test]
fn a_probe_whose_caller_leaves_is_given_back() {
    with_paused_clock(async {
        let peers = FakePeers::default();
        peers.node(1, "a", IDEMPOTENT, Answer::Fail(remote(Code::INTERNAL, Some(Fault::Failed))));
        let fixture = Fixture::new(peers, config(&[1])).await;
        for _ in 0..5 {
            assert_eq!(fixture.call("put").await, Err(-32603));
        }
        eventually("open", || fixture.cluster.nodes_up() == 0).await;
        fixture.peers.answer(1, Answer::Hang);
        eventually("half-open", || fixture.cluster.nodes_up() == 1).await;
        let probe = fixture.orchestrator.forward(call("put"), fixture.permit());
        eventually("probed", || fixture.peers.calls_to(1) == 6).await;
        drop(probe);
        eventually("cancelled", || fixture.peers.world().cancelled == 1).await;
        fixture.peers.answer(1, ONE);
        assert_eq!(fixture.call("put").await, Ok("1".into()));
    });
}

#[test]
fn a_caller_that_leaves_cancels_its_calls() {
    with_paused_clock(async {
        let fixture = Fixture::pair(Answer::Hang, Answer::Hang).await;
        let waiting = fixture.orchestrator.forward(call("put"), fixture.permit());
        let many = fixture.orchestrator.forward_batch(vec![call("put"), call("put"), call("put")], fixture.permit());
        eventually("all sent", || fixture.peers.world().calls.len() == 4).await;
        assert_eq!((fixture.inflight().await, fixture.admission.inflight()), (4, 2));
        drop(waiting);
        drop(many);
        eventually("all cancelled", || fixture.peers.world().cancelled == 4).await;
        eventually("permits given back", || fixture.admission.inflight() == 0).await;
        assert_eq!(fixture.inflight().await, 0);
    });
}

#[test]
fn a_batch_travels_together_in_bounded_chunks() {
    with_paused_clock(async {
        let fixture = Fixture::pair(ONE, TWO).await;
        let results = fixture.batch(vec![call("get"); 600]).await;
        let count = |text: &str| results.iter().filter(|result| result.as_deref() == Ok(text)).count();
        assert_eq!((count("1"), count("2")), (300, 300));
        let mut batches = fixture.peers.world().batches.clone();
        batches.sort_unstable();
        assert_eq!(batches, [44, 44, 128, 128, 128, 128]);
    });
}

#[test]
fn a_foreign_server_gets_call_by_call() {
    with_paused_clock(async {
        let peers = FakePeers::default();
        peers.info(1, Answer::Fail(remote(Code::METHOD_NOT_FOUND, None)));
        peers.answer(1, ONE);
        let fixture = Fixture::new(peers, config(&[1])).await;
        assert_eq!(fixture.batch(vec![call("anything"); 3]).await, vec![Ok("1".to_owned()); 3]);
        assert!(fixture.peers.world().batches.is_empty());
    });
}

#[test]
fn calls_of_a_batch_fail_over_one_by_one() {
    with_paused_clock(async {
        let fixture = Fixture::pair(Answer::Fail(LOST), TWO).await;
        let mut calls = vec![call("get"); 4];
        calls.extend(vec![call("put"); 2]);
        calls.push(call("nobody has it"));
        let results = fixture.batch(calls).await;
        assert!(results[..4].iter().all(|result| result.as_deref() == Ok("2")), "{results:?}");
        assert_eq!(results[4..6].iter().filter(|result| **result == Err(-32005)).count(), 1, "{results:?}");
        assert_eq!(results[6], Err(-32601));
        assert!(fixture.batch(Vec::new()).await.is_empty());
    });
}

fn outcomes() -> impl Strategy<Value = Answer> {
    let settled = prop_oneof![
        Just(ONE),
        Just(Answer::Fail(REFUSED)),
        Just(Answer::Fail(LOST)),
        Just(Answer::Fail(CallError::Timeout)),
        Just(Answer::Fail(remote(Code::SCRIPT, None))),
        Just(Answer::Fail(remote(Code::OVERLOADED, Some(Fault::Refused)))),
        Just(Answer::Hang),
    ];
    (settled, 0u64..1500).prop_map(|(answer, millis)| Answer::Slow(millis, Box::new(answer)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_stays_in_flight_whatever_happens(
        answers in prop::collection::vec(outcomes(), 3),
        calls in prop::collection::vec((any::<bool>(), 0u64..2000, any::<bool>(), 0u64..300), 1..40),
    ) {
        with_paused_clock(async move {
            let peers = FakePeers::default();
            for (port, answer) in (1..).zip(answers) {
                peers.node(port, &port.to_string(), IDEMPOTENT, answer);
            }
            let fixture = Fixture::new(peers, config(&[1, 2, 3])).await;
            let running = calls.into_iter().map(|(idempotent, timeout, patient, patience)| {
                let call = timed(if idempotent { "get" } else { "put" }, timeout);
                let one = fixture.orchestrator.forward(call.clone(), fixture.permit());
                let many = fixture.orchestrator.forward_batch(vec![call; 3], fixture.permit()).collect::<Vec<_>>();
                async move {
                    if patient {
                        one.await.ok();
                        assert_eq!(many.await.len(), 3);
                    } else {
                        let patience = Duration::from_millis(patience);
                        tokio::time::timeout(patience, futures_util::future::join(one, many)).await.ok();
                    }
                }
            });
            futures_util::future::join_all(running).await;
            eventually("all given back", || fixture.admission.inflight() == 0).await;
            assert_eq!(fixture.inflight().await, 0);
        });
    }
}
