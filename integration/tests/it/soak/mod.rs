//! A cluster under mixed calls while its nodes are killed, restarted, paused, slowed and drained at random.
//!
//! `MADRPC_SOAK_SECONDS` says for how long (30 by default; `scripts/soak` makes it ten minutes), `MADRPC_SOAK_SEED` which
//! faults come when and to whom.

use std::time::Duration;

use crate::harness::{
    free_port, open_files, orchestrator, program, resident, wait_until, Client, Process, Recorder, SOON,
};

mod chaos;
mod traffic;

use chaos::{Chaos, RECOVERY};
use traffic::Traffic;

const NODES: usize = 4;

/// Callers; each makes one call after the other.
const CALLERS: usize = 12;

/// What the orchestrator may need more at the end than when it had warmed up: buffers and tables that have grown.
const MEMORY_SLACK: u64 = 24 << 20;

/// Connections that nobody uses are closed within 75 s.
const IDLE_CONNECTIONS: Duration = Duration::from_secs(120);

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// A node on a port that it keeps over all its restarts.
#[derive(Debug)]
pub(super) struct Node {
    address: String,
    orchestrator: String,
    recorder: String,
    process: Option<Process>,
}

impl Node {
    fn start(&mut self) {
        let script = program("soak.js").into_os_string().into_string().expect("a path of this repository");
        let arguments = [
            ["node", "--script", &script],
            ["--bind", &self.address, "--pool-size"],
            ["1", "--workers", "1"],
            ["--orchestrator", &self.orchestrator, "--allow-net"],
            [&self.recorder, "--drain-timeout", "10s"],
        ];
        self.process = Some(Process::serve(arguments.concat()));
    }

    fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("it runs between the faults")
    }

    fn client(&self) -> Client {
        Client::new(&format!("http://{}", self.address))
    }
}

/// One that is ejected works, too, and is there when the others are not.
fn usable(client: &Client) -> usize {
    let info = client.info();
    let nodes = info["nodes"].as_array().expect("nodes is an array");
    nodes.iter().filter(|node| node["state"] == "up" && node["circuit_state"] == "Closed").count()
}

#[test]
fn no_idempotent_call_fails_and_no_other_runs_twice_whatever_happens_to_the_nodes() {
    let seconds = setting("MADRPC_SOAK_SECONDS").unwrap_or(30);
    let seed = setting("MADRPC_SOAK_SEED").unwrap_or_else(|| fastrand::u64(..));
    eprintln!("soak: {seconds} s with MADRPC_SOAK_SEED={seed}");

    let recorder = Recorder::start();
    // A circuit that opened closes soon, so that there is not one fault a minute.
    let orchestrator = orchestrator(&["--circuit-timeout", "500ms", "--workers", "2"]);
    let client = Client::new(&orchestrator.url);
    let mut nodes: Vec<Node> = (0..NODES)
        .map(|_| Node {
            address: format!("127.0.0.1:{}", free_port()),
            orchestrator: orchestrator.url.clone(),
            recorder: recorder.entry(),
            process: None,
        })
        .collect();
    nodes.iter_mut().for_each(Node::start);
    wait_until("all nodes take calls", SOON, || usable(&client) == NODES);

    let mut traffic = Traffic::new(&orchestrator.url, &recorder, seed);
    traffic.during(CALLERS, |progress| progress.wait_for_each(50, RECOVERY));
    let at_rest = || client.pending() == 0;
    wait_until("the calls have ended", SOON, at_rest);
    let before = (resident(orchestrator.pid()), open_files(orchestrator.pid()));

    let mut chaos = Chaos::new(seed, &client);
    traffic.during(CALLERS, |progress| chaos.reign(&mut nodes, progress, Duration::from_secs(seconds)));
    wait_until("the calls have ended", SOON, at_rest);
    eprintln!("soak: {chaos}; {traffic}");

    assert_eq!(traffic.failed_idempotent(), Vec::<String>::new(), "seed {seed}");
    assert_eq!(traffic.untyped_failures(), Vec::<String>::new(), "seed {seed}");
    assert_eq!(traffic.miscounted(&recorder), [], "seed {seed}: id, how often it ran, what its caller was told");
    let info = client.info();
    let inflight: u64 =
        info["nodes"].as_array().expect("nodes").iter().filter_map(|node| node["inflight"].as_u64()).sum();
    assert_eq!(inflight, 0, "{info}");
    let after = || (resident(orchestrator.pid()), open_files(orchestrator.pid()));
    wait_until("memory and sockets are back", IDLE_CONNECTIONS, || {
        let (memory, files) = after();
        memory <= before.0 + MEMORY_SLACK && files <= before.1
    });
    eprintln!("soak: memory and files of the orchestrator {before:?} before, {:?} after", after());
}
