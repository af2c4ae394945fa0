//! What calls, heartbeats and their absence make of members.

use super::*;
use crate::policy::balance::BalancePolicy;
use crate::policy::node::{Picked, Verdict};
use crate::policy::pool::Tags;

/// Sends `count` calls at once, of which those to the node at `bad` come to `verdict` after `millis` and
/// the others work after 10 ms. Returns how many went to each port.
fn calls(fixture: &mut Fixture, count: usize, bad: u16, verdict: Verdict, millis: u64) -> BTreeMap<u16, usize> {
    fixture.table = fixture.list.table(&fixture.table);
    let route = fixture.table.route("m").expect("routed");
    let pick = |_| route.pick(BalancePolicy::LeastInflight, &[], &Tags::new(), fixture.now);
    let picks: Vec<Picked> = (0..count).filter_map(pick).collect();
    let mut counts = BTreeMap::new();
    for picked in picks {
        let port = port(picked.url().as_str());
        *counts.entry(port).or_default() += 1;
        let (verdict, millis) = if port == bad { (verdict, millis) } else { (Verdict::Worked, 10) };
        picked.settle(verdict, fixture.now + Duration::from_millis(millis));
    }
    counts
}

/// Three static nodes that have been up for a while.
fn three() -> Fixture {
    let mut fixture = Fixture::new(&[1, 2, 3]);
    fixture.check(|port| info(&port.to_string(), &["m"]));
    fixture.pass(10_000);
    fixture
}

#[test]
fn silence_makes_suspect_before_it_makes_down() {
    let mut fixture = Fixture::new(&[]);
    fixture.join(1, "a", &["m"]);
    fixture.join(2, "b", &["m"]);
    for _ in 0..20 {
        fixture.pass(800);
        assert!(fixture.beat("a") && fixture.beat("b"));
    }
    fixture.check(|port| info(if port == 1 { "a" } else { "b" }, &["m"]));
    fixture.pass(800);
    fixture.beat("b");
    fixture.pass(800);
    fixture.beat("b");
    fixture.list.take_changed();
    fixture.pass(500);
    assert_eq!(fixture.states(), [(1, Suspect), (2, Up)]);
    assert!(fixture.list.take_changed());
    assert_eq!(calls(&mut fixture, 10, 0, Verdict::Worked, 10), BTreeMap::from([(2, 10)]));
    let due = fixture.list.due_checks(fixture.now);
    assert_eq!(due.iter().map(|check| (check.id, check.urgent)).collect::<Vec<_>>(), [(NodeId(0), true)]);
    fixture.pass(300);
    assert_eq!(fixture.states(), [(1, Down), (2, Up)]);
    assert!(fixture.beat("a"));
    assert_eq!(fixture.states(), [(1, Up), (2, Up)]);
    let expected = NodeEvents { joined: 2, suspect: 1, down: 1, recovered: 1, ..NodeEvents::default() };
    assert_eq!(fixture.list.view(fixture.now).events, expected);
    fixture.list.part("b");
    fixture.pass(70_000);
    let events = fixture.list.view(fixture.now).events;
    assert_eq!((events.left, events.down), (2, 2));
}

#[test]
fn an_answer_does_not_end_a_silence_and_a_heartbeat_does() {
    let mut fixture = Fixture::new(&[]);
    fixture.join(1, "a", &["m"]);
    fixture.pass(2000);
    assert_eq!(fixture.states(), [(1, Suspect)]);
    assert_eq!(fixture.check(|_| info("a", &["m"])), 1);
    assert_eq!(fixture.states(), [(1, Suspect)]);
    assert_eq!(fixture.code("m"), None, "there is nobody else");
    fixture.beat("a");
    assert_eq!(fixture.states(), [(1, Up)]);
}

#[test]
fn an_engine_that_was_replaced_is_judged_anew() {
    let mut fixture = Fixture::new(&[1]);
    let restarted = |times| {
        move |_| match info("a", &["m"]) {
            CheckOutcome::Info(info) => CheckOutcome::Info(Box::new(NodeInfo { engine_restarts: times, ..*info })),
            other => other,
        }
    };
    let mut renewals = Vec::new();
    for times in [0, 0, 1, 1, 2] {
        fixture.check(restarted(times));
        renewals.push(fixture.renewals.load(Ordering::Relaxed));
        fixture.pass(6100);
    }
    assert_eq!(renewals.iter().map(|count| count - renewals[0]).collect::<Vec<_>>(), [0, 0, 1, 1, 2]);
}

#[test]
fn newcomers_among_old_nodes_get_their_share_by_and_by() {
    let mut fixture = three();
    let even = BTreeMap::from([(1, 20), (2, 20), (3, 20)]);
    assert_eq!(calls(&mut fixture, 60, 0, Verdict::Worked, 10), even, "together from the start, nobody is new");
    fixture.join(4, "d", &["m"]);
    let mut shares = Vec::new();
    for _ in 0..4 {
        shares.push(calls(&mut fixture, 310, 0, Verdict::Worked, 10)[&4]);
        fixture.list.take_changed();
        for _ in 0..5 {
            fixture.pass(200);
            fixture.beat("d");
        }
    }
    assert!(shares.is_sorted() && shares[0] == 10, "{shares:?}");
    assert!((77..=78).contains(&shares[3]), "{shares:?}");
    fixture.list.take_changed();
    fixture.pass(600);
    assert!(!fixture.list.take_changed(), "a table that stays as it is");
}

#[test]
fn tables_made_by_a_slow_start_are_few() {
    let mut fixture = three();
    fixture.join(4, "d", &["m"]);
    fixture.list.take_changed();
    let changes = (0..100).filter(|_| {
        fixture.pass(100);
        fixture.beat("d");
        fixture.list.take_changed()
    });
    assert_eq!(changes.count(), 9);
}

#[test]
fn a_node_that_fails_more_than_its_peers_is_ejected_for_a_while() {
    let mut fixture = three();
    for _ in 0..3 {
        calls(&mut fixture, 60, 2, Verdict::Failed, 10);
        fixture.pass(2000);
    }
    let reason = fixture.nodes()[1].2.clone().expect("ejected");
    assert!(reason.starts_with("ejected: ") && reason.contains("calls failed"), "{reason}");
    let view = fixture.list.view(fixture.now);
    assert_eq!((view.enabled_nodes, view.nodes_up, view.events.ejected), (2, 3, 1));
    assert_eq!(calls(&mut fixture, 30, 2, Verdict::Worked, 10).get(&2), None);
    // Whoever is ejected serves what nobody else can.
    let tags = Tags::new();
    let route = fixture.table.route("m").expect("routed");
    let last = route.pick(BalancePolicy::LeastInflight, &[NodeId(0), NodeId(2)], &tags, fixture.now);
    assert_eq!(last.expect("the ejected one").id(), NodeId(1));
    let ended = (0..400).any(|_| {
        fixture.pass(100);
        fixture.nodes()[1].2.is_none()
    });
    assert!(ended);
    let first = calls(&mut fixture, 210, 0, Verdict::Worked, 10)[&2];
    assert!(first <= 20, "it starts slowly: {first}");
}

#[test]
fn a_slow_node_is_ejected_and_most_of_the_cluster_never() {
    let mut fixture = three();
    for _ in 0..4 {
        calls(&mut fixture, 60, 3, Verdict::Worked, 900);
        fixture.pass(2000);
    }
    let reason = fixture.nodes()[2].2.clone().expect("ejected");
    assert!(reason.contains("its calls take"), "{reason}");
    for _ in 0..4 {
        calls(&mut fixture, 60, 2, Verdict::Failed, 10);
        fixture.pass(2000);
    }
    assert_eq!(fixture.list.view(fixture.now).enabled_nodes, 2, "a third of them is ejected already");
}

#[test]
fn of_two_nodes_one_may_be_ejected_and_a_lone_one_never() {
    for (nodes, enabled) in [(vec![1, 2], 1), (vec![1], 1)] {
        let mut fixture = Fixture::new(&nodes);
        fixture.check(|port| info(&port.to_string(), &["m"]));
        for _ in 0..5 {
            calls(&mut fixture, 60, 1, Verdict::Failed, 10);
            fixture.pass(2000);
        }
        assert_eq!(fixture.list.view(fixture.now).enabled_nodes, enabled);
        assert_eq!(fixture.code("m"), None);
    }
}

#[test]
fn nodes_with_other_methods_are_no_peers() {
    let mut fixture = Fixture::new(&[1, 2, 3]);
    fixture.check(|port| info(&port.to_string(), if port == 3 { &["m", "n"] } else { &["m"] }));
    for _ in 0..5 {
        calls(&mut fixture, 90, 3, Verdict::Worked, 2000);
        fixture.pass(2000);
    }
    assert_eq!(fixture.list.view(fixture.now).events.ejected, 0, "its methods may take so long");
}

#[test]
fn in_a_crowd_leases_are_longer() {
    let mut fixture = Fixture::new(&[]);
    let leases: Vec<u64> = (1..=1000u16).map(|port| fixture.join(port, &port.to_string(), &["m"]).lease_ms).collect();
    assert_eq!((leases[0], leases[249], leases[999]), (2400, 2400, 9600));
    let reply = fixture.list.beat(Heartbeat { instance: "1".into(), ..Heartbeat::default() }, fixture.now);
    assert_eq!(reply, HeartbeatReply { known: true, lease_ms: 9600 });
    fixture.pass(3200);
    assert_eq!(fixture.states()[0], (1, Up), "others are expected at the new interval");
    fixture.pass(2000);
    let checks = fixture.list.due_checks(fixture.now).len();
    assert!(checks < 300, "{checks} of 1,000 that send heartbeats");
}

#[test]
fn changed_tags_are_routed_by() {
    let mut fixture = Fixture::new(&[1]);
    let tagged = |zone: &str| match info("a", &["m"]) {
        CheckOutcome::Info(info) => {
            let tags = Tags::from([("zone".to_owned(), zone.to_owned())]);
            CheckOutcome::Info(Box::new(NodeInfo { tags, ..*info }))
        }
        other => other,
    };
    for (zone, asked, found) in [("a", "a", true), ("b", "a", false), ("b", "b", true)] {
        fixture.check(|_| tagged(zone));
        fixture.pass(6100);
        fixture.table = fixture.list.table(&fixture.table);
        let tags = Tags::from([("zone".to_owned(), asked.to_owned())]);
        let route = fixture.table.route("m").expect("routed");
        assert_eq!(route.pick(BalancePolicy::Random, &[], &tags, fixture.now).is_some(), found, "{zone} {asked}");
    }
}
