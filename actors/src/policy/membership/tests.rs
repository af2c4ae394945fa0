use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::policy::breaker::{CircuitState, Outcome};
use crate::policy::health::CheckFailure;
use crate::policy::node::{self, BreakerFlags};
use crate::protocol::membership::NodeInfo;

mod traffic;

/// Counts how often breakers are told to begin anew.
struct Renewals(Arc<AtomicUsize>);

impl node::NodeEvents for Renewals {
    fn outcome(&self, _: Outcome) -> bool {
        true
    }
    fn suspect(&self) -> bool {
        true
    }
    fn renewed(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

struct Fixture {
    list: Membership,
    now: Instant,
    renewals: Arc<AtomicUsize>,
    table: RoutingTable,
}

fn url(port: u16) -> PeerUrl {
    PeerUrl::parse(&format!("http://127.0.0.1:{port}")).expect("valid")
}

fn port(url: &str) -> u16 {
    url::Url::parse(url).expect("valid").port_or_known_default().expect("http")
}

fn info(instance: &str, methods: &[&str]) -> CheckOutcome {
    CheckOutcome::Info(Box::new(NodeInfo {
        server_type: "node".into(),
        instance: instance.into(),
        methods: methods.iter().copied().map(MethodInfo::named).collect(),
        weight: 1,
        ..NodeInfo::default()
    }))
}

impl Fixture {
    fn new(ports: &[u16]) -> Self {
        let config = MembershipConfig {
            own_instance: "orchestrator".into(),
            lease: Duration::from_millis(2400),
            health: HealthConfig {
                interval: Some(Duration::from_secs(5)),
                timeout: Duration::from_secs(2),
                failures: 3,
            },
        };
        let renewals = Arc::<AtomicUsize>::default();
        let counter = renewals.clone();
        let now = Instant::now();
        let make_entry = move |id, url: &PeerUrl| {
            let flags = Arc::<BreakerFlags>::default();
            Arc::new(NodeEntry::new(id, url.clone(), flags, Box::new(Renewals(counter.clone())), now))
        };
        let urls: Vec<PeerUrl> = ports.iter().map(|port| url(*port)).collect();
        Fixture {
            list: Membership::new(config, &urls, Box::new(make_entry), now),
            now,
            renewals,
            table: RoutingTable::default(),
        }
    }

    fn pass(&mut self, millis: u64) {
        for _ in 0..millis / 100 {
            self.now += Duration::from_millis(100);
            self.list.sweep(self.now);
        }
    }

    fn join(&mut self, port: u16, instance: &str, methods: &[&str]) -> Registered {
        let joining = Joining {
            url: url(port),
            instance: Some(instance.into()),
            methods: Some(methods.iter().copied().map(MethodInfo::named).collect()),
            declared: true,
            tags: BTreeMap::new(),
            weight: 1,
            version: String::new(),
        };
        self.list.admit(joining, self.now).expect("admitted")
    }

    fn beat(&mut self, instance: &str) -> bool {
        let beat = Heartbeat { instance: instance.into(), ..Heartbeat::default() };
        self.list.beat(beat, self.now).known
    }

    /// Answers the checks that are due: of each port what `answer` says.
    fn check(&mut self, answer: impl Fn(u16) -> CheckOutcome) -> usize {
        let due = self.list.due_checks(self.now);
        assert!(self.list.due_checks(self.now).is_empty(), "each is handed out once");
        for check in &due {
            self.list.checked(check.id, answer(port(check.url.as_str())), self.now);
        }
        due.len()
    }

    /// URL's port, state and reason of each node.
    fn nodes(&self) -> Vec<(u16, NodeState, Option<String>)> {
        let nodes = self.list.view(self.now).nodes.into_iter();
        nodes.map(|node| (port(&node.addr), node.state, node.disable_reason)).collect()
    }

    fn states(&self) -> Vec<(u16, NodeState)> {
        self.nodes().into_iter().map(|(port, state, _)| (port, state)).collect()
    }

    fn code(&self, method: &str) -> Option<i64> {
        let table = self.list.table(&RoutingTable::default());
        table.route(method).err().map(|error| error.code().0)
    }
}

use NodeState::{Down, Suspect, Up};

const GONE: CheckOutcome = CheckOutcome::Failed(CheckFailure::Gone);
const SILENT: CheckOutcome = CheckOutcome::Failed(CheckFailure::Silent);

#[test]
fn a_registered_node_serves_until_its_lease_runs_out_and_leaves_a_minute_later() {
    let mut fixture = Fixture::new(&[]);
    let registered = fixture.join(1, "a", &["m"]);
    assert_eq!((registered.is_new_registration, registered.lease_ms), (true, 2400));
    assert!(fixture.list.take_changed());
    assert_eq!(fixture.code("m"), None);
    fixture.pass(2300);
    assert!(fixture.beat("a"));
    assert_eq!(fixture.states(), [(1, Up)]);
    fixture.pass(2300);
    assert_eq!(fixture.states(), [(1, Suspect)]);
    fixture.list.take_changed();
    fixture.pass(100);
    assert_eq!(fixture.nodes(), [(1, Down, Some("its lease ran out".into()))]);
    assert!(fixture.list.take_changed());
    assert_eq!(fixture.code("m"), Some(-32004));
    fixture.pass(59_900);
    assert_eq!(fixture.states(), [(1, Down)]);
    fixture.pass(100);
    assert_eq!(fixture.states(), []);
    assert!(!fixture.beat("a"), "it must register again");
}

#[test]
fn a_heartbeat_brings_back_a_node_whose_lease_ran_out() {
    let mut fixture = Fixture::new(&[]);
    fixture.join(1, "a", &["m"]);
    fixture.pass(5000);
    assert_eq!(fixture.states(), [(1, Down)]);
    fixture.list.take_changed();
    let renewals = fixture.renewals.load(Ordering::Relaxed);
    assert!(fixture.beat("a"));
    assert_eq!((fixture.states(), fixture.code("m")), (vec![(1, Up)], None));
    assert!(fixture.list.take_changed());
    assert_eq!(fixture.renewals.load(Ordering::Relaxed), renewals + 1, "its breaker begins anew");
}

#[test]
fn leases_do_not_run_while_the_orchestrator_itself_stands_still() {
    let mut fixture = Fixture::new(&[]);
    fixture.join(1, "a", &["m"]);
    fixture.now += Duration::from_secs(60);
    fixture.list.sweep(fixture.now);
    assert_eq!(fixture.states(), [(1, Up)]);
    fixture.pass(2500);
    assert_eq!(fixture.states(), [(1, Down)]);
}

#[test]
fn one_instance_is_one_node() {
    let mut fixture = Fixture::new(&[]);
    assert!(fixture.join(1, "a", &["m"]).is_new_registration);
    assert!(!fixture.join(1, "a", &["m", "n"]).is_new_registration);
    assert_eq!((fixture.states(), fixture.code("n")), (vec![(1, Up)], None));
    assert!(!fixture.join(2, "a", &["m"]).is_new_registration);
    assert_eq!((fixture.states(), fixture.code("n")), (vec![(2, Up)], Some(-32601)));
    // Another process at the same address.
    assert!(fixture.join(2, "b", &["m"]).is_new_registration);
    assert_eq!(fixture.states(), [(2, Up)]);
    assert!(!fixture.beat("a") && fixture.beat("b"));
}

#[test]
fn a_node_that_says_goodbye_leaves_at_once() {
    let mut fixture = Fixture::new(&[]);
    fixture.join(1, "a", &["m"]);
    fixture.join(2, "b", &["m"]);
    assert!(fixture.list.part("a"));
    assert!(!fixture.list.part("a"));
    assert!(fixture.list.part("HTTP://127.0.0.1:2/"));
    assert_eq!(fixture.states(), []);
}

#[test]
fn a_static_node_is_found_goes_down_and_comes_back_but_never_leaves() {
    let mut fixture = Fixture::new(&[1]);
    assert_eq!(fixture.nodes(), [(1, Down, Some("not reached yet".into()))]);
    assert_eq!(fixture.check(|_| info("a", &["m"])), 1);
    assert_eq!((fixture.states(), fixture.code("m")), (vec![(1, Up)], None));
    fixture.pass(3900);
    assert_eq!(fixture.check(|_| GONE), 0, "not due yet");
    fixture.pass(2200);
    assert_eq!(fixture.check(|_| GONE), 1);
    assert_eq!(fixture.nodes(), [(1, Down, Some("connection refused".into()))]);
    assert_eq!(fixture.code("m"), Some(-32004));
    fixture.pass(100_000);
    assert_eq!(fixture.check(|_| GONE), 1);
    fixture.pass(1000);
    assert_eq!(fixture.check(|_| info("b", &["n"])), 1);
    assert_eq!((fixture.states(), fixture.code("m"), fixture.code("n")), (vec![(1, Up)], Some(-32601), None));
    assert!(!fixture.beat("b"), "it has never registered");
}

#[test]
fn a_node_that_registers_again_has_a_new_engine() {
    let mut fixture = Fixture::new(&[]);
    fixture.join(1, "a", &["m"]);
    let renewals = fixture.renewals.load(Ordering::Relaxed);
    assert!(fixture.beat("a"));
    assert_eq!(fixture.renewals.load(Ordering::Relaxed), renewals);
    fixture.join(1, "a", &["m"]);
    assert_eq!(fixture.renewals.load(Ordering::Relaxed), renewals + 1, "its breaker begins anew");
    assert_eq!(fixture.states(), [(1, Up)]);
}

#[test]
fn another_process_at_a_static_address_is_another_node() {
    let mut fixture = Fixture::new(&[1]);
    fixture.check(|_| info("a", &["m"]));
    let renewals = fixture.renewals.load(Ordering::Relaxed);
    fixture.pass(6100);
    fixture.check(|_| info("a", &["m"]));
    assert_eq!(fixture.renewals.load(Ordering::Relaxed), renewals);
    fixture.list.take_changed();
    fixture.pass(6100);
    fixture.check(|_| info("b", &["m", "n"]));
    assert_eq!(fixture.renewals.load(Ordering::Relaxed), renewals + 1, "its breaker begins anew");
    assert!(fixture.list.take_changed());
    assert_eq!(fixture.code("n"), None);
}

#[test]
fn a_static_node_that_drains_gets_no_calls_until_it_stays_after_all() {
    let mut fixture = Fixture::new(&[1]);
    fixture.check(|_| info("a", &["m"]));
    fixture.list.suspect(NodeId(0), fixture.now);
    fixture.check(|_| match info("a", &["m"]) {
        CheckOutcome::Info(info) => CheckOutcome::Info(Box::new(NodeInfo { draining: true, ..*info })),
        other => other,
    });
    assert_eq!(fixture.nodes(), [(1, Down, Some("it drains".into()))]);
    assert_eq!(fixture.code("m"), Some(-32004));
    fixture.pass(1000);
    assert_eq!(fixture.check(|_| info("a", &["m"])), 1);
    assert_eq!((fixture.states(), fixture.code("m")), (vec![(1, Up)], None));
}

#[test]
fn silence_is_a_suspicion_first() {
    let mut fixture = Fixture::new(&[1]);
    fixture.check(|_| info("a", &["m"]));
    fixture.pass(6100);
    for expected in [Suspect, Suspect, Down] {
        assert_eq!(fixture.check(|_| SILENT), 1);
        assert_eq!(fixture.states(), [(1, expected)]);
        assert_eq!(fixture.code("m").is_none(), expected == Suspect);
        fixture.pass(1000);
    }
}

#[test]
fn a_call_that_did_not_arrive_asks_for_a_check_at_once() {
    let mut fixture = Fixture::new(&[1]);
    fixture.check(|_| info("a", &["m"]));
    assert_eq!(fixture.check(|_| GONE), 0);
    fixture.list.suspect(NodeId(0), fixture.now);
    assert_eq!(fixture.states(), [(1, Suspect)]);
    assert_eq!(fixture.check(|_| info("a", &["m"])), 1);
    assert_eq!(fixture.states(), [(1, Up)]);
    fixture.list.suspect(NodeId(0), fixture.now);
    assert_eq!(fixture.check(|_| GONE), 1);
    assert_eq!(fixture.states(), [(1, Down)]);
}

#[test]
fn the_orchestrator_is_no_node() {
    let mut fixture = Fixture::new(&[1]);
    fixture.check(|_| info("orchestrator", &["m"]));
    let view = fixture.list.view(fixture.now);
    assert_eq!((view.total_nodes, view.enabled_nodes, view.disabled_nodes), (1, 0, 1));
    assert_eq!(view.nodes[0].disable_reason.as_deref(), Some("this orchestrator itself"));
    assert_eq!(fixture.code("m"), Some(-32004));
    fixture.pass(6100);
    fixture.check(|_| info("a", &["m"]));
    assert_eq!(fixture.code("m"), None);
}

#[test]
fn any_json_rpc_server_takes_any_method() {
    for answer in [CheckOutcome::Foreign, info("a", &[]), CheckOutcome::Info(Box::default())] {
        let mut fixture = Fixture::new(&[1]);
        fixture.check(|_| answer.clone());
        assert_eq!((fixture.states(), fixture.code("zz")), (vec![(1, Up)], None), "{answer:?}");
        assert!(fixture.list.view(fixture.now).nodes[0].foreign);
        fixture.pass(6100);
        fixture.check(|_| info("b", &["m"]));
        assert_eq!((fixture.code("m"), fixture.code("zz")), (None, Some(-32601)), "it became a node of ours");
    }
}

#[test]
fn an_overloaded_node_stays_what_it_is() {
    let mut fixture = Fixture::new(&[1, 2]);
    fixture.check(|port| if port == 1 { info("a", &["m"]) } else { CheckOutcome::Alive });
    assert_eq!(fixture.states(), [(1, Up), (2, Down)], "it must say who it is first");
    fixture.pass(6100);
    fixture.check(|_| CheckOutcome::Alive);
    assert_eq!((fixture.states()[0], fixture.code("m"), fixture.code("zz")), ((1, Up), None, Some(-32601)));
}

#[test]
fn a_static_node_that_registers_is_one_node() {
    let mut fixture = Fixture::new(&[1]);
    fixture.check(|_| info("a", &["m"]));
    assert!(!fixture.join(1, "a", &["m"]).is_new_registration);
    assert!(!fixture.join(2, "a", &["m", "n"]).is_new_registration);
    assert_eq!(fixture.states(), [(1, Up)], "the operator's address stands");
    assert_eq!(fixture.code("n"), None);
    // Its lease may end without harm as long as checks find it.
    fixture.pass(2500);
    assert_eq!(fixture.check(|_| info("a", &["m"])), 1, "a lease that ended is looked into");
    assert_eq!((fixture.states(), fixture.code("n")), (vec![(1, Up)], Some(-32601)));
    assert!(!fixture.beat("a"), "it registers again");
}

#[test]
fn a_static_node_that_said_goodbye_waits_for_its_successor() {
    let mut fixture = Fixture::new(&[1]);
    fixture.check(|_| info("a", &["m"]));
    fixture.join(1, "a", &["m"]);
    assert!(fixture.list.part("a"));
    assert_eq!(fixture.nodes(), [(1, Down, Some("it left".into()))]);
    fixture.pass(6100);
    fixture.check(|_| info("a", &["m"]));
    assert_eq!(fixture.states(), [(1, Down)], "it still answers, but is about to end");
    fixture.pass(6100);
    fixture.check(|_| info("b", &["m"]));
    assert_eq!(fixture.states(), [(1, Up)]);
}

#[test]
fn two_static_addresses_of_one_node_are_one_node() {
    let mut fixture = Fixture::new(&[1, 2]);
    fixture.check(|_| info("a", &["m"]));
    assert_eq!(fixture.states(), [(1, Up)]);
    fixture.pass(6100);
    fixture.check(|port| if port == 1 { GONE } else { info("a", &["m"]) });
    fixture.pass(1000);
    fixture.check(|port| if port == 1 { GONE } else { info("a", &["m"]) });
    assert_eq!((fixture.states(), fixture.code("m")), (vec![(1, Down), (2, Up)], None));
}

#[test]
fn another_instance_at_a_registered_address_is_not_the_node() {
    let mut fixture = Fixture::new(&[]);
    fixture.join(1, "a", &["m"]);
    fixture.now += Duration::from_secs(7);
    assert_eq!(fixture.check(|_| info("b", &["m"])), 1);
    assert_eq!(fixture.states(), [(1, Down)]);
}

#[test]
fn what_a_node_declared_stands_while_it_is_registered() {
    let mut fixture = Fixture::new(&[]);
    fixture.join(1, "a", &["m"]);
    fixture.now += Duration::from_secs(7);
    fixture.list.take_changed();
    assert_eq!(fixture.check(|_| info("a", &[])), 1);
    assert_eq!((fixture.code("m"), fixture.code("zz")), (None, Some(-32601)));
    assert!(!fixture.list.take_changed(), "a check that finds nothing new makes no new table");
}

#[test]
fn the_list_is_bounded() {
    let mut fixture = Fixture::new(&[]);
    for i in 0..MAX_NODES {
        fixture.join(u16::try_from(i + 1).expect("fits"), &i.to_string(), &["m"]);
    }
    let joining = Joining {
        url: url(60_000),
        instance: Some("one too many".into()),
        methods: None,
        declared: false,
        tags: BTreeMap::new(),
        weight: 1,
        version: String::new(),
    };
    let refused = fixture.list.admit(joining, fixture.now).expect_err("full");
    assert_eq!(refused.code().0, -32007);
    assert_eq!(fixture.list.view(fixture.now).total_nodes, MAX_NODES);
    assert_eq!(fixture.list.method_lists.len(), 1, "equal lists are kept once");
}

#[test]
fn the_view_has_the_shape_of_info() {
    let mut fixture = Fixture::new(&[]);
    fixture.join(1, "a", &["m"]);
    fixture.list.circuit(NodeId(0), CircuitState::Open, fixture.now);
    let view = serde_json::to_value(fixture.list.view(fixture.now)).expect("serialises");
    assert_eq!(
        (&view["total_nodes"], &view["enabled_nodes"], &view["disabled_nodes"]),
        (&1.into(), &0.into(), &1.into())
    );
    let node = &view["nodes"][0];
    assert_eq!(node["addr"], "http://127.0.0.1:1");
    assert_eq!((&node["circuit_state"], &node["state"]), (&"Open".into(), &"up".into()));
    assert_eq!((&node["enabled"], &node["disable_reason"]), (&false.into(), &"circuit breaker open".into()));
    assert_eq!(node["methods"][0]["name"], "m");
    assert_eq!(fixture.code("m"), Some(-32004));
    fixture.list.circuit(NodeId(0), CircuitState::HalfOpen, fixture.now);
    assert_eq!(fixture.code("m"), None);
}
