//! What it costs an orchestrator to keep many nodes that get no calls: `cargo bench --bench crowd -- [NODES [SECONDS]]`.
//!
//! This process plays the nodes, each with an address of its own. Told are the orchestrator's processor time while they
//! join and while they stay, and how often one of them was taken to be gone.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{json, Value};

#[path = "../tests/it/harness/played.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod played;
#[path = "../tests/it/harness/procfs.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod procfs;
#[path = "../tests/it/harness/raw.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod raw;
#[path = "../tests/it/harness/wait.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod wait;

use played::PlayedNode;

/// Ends with this process, whatever ends that.
struct Orchestrator(Child);

impl Drop for Orchestrator {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn main() {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse::<usize>().ok());
    let (nodes, seconds) = (numbers.next().unwrap_or(1000), numbers.next().unwrap_or(30));

    let mut command = Command::new(env!("CARGO_BIN_EXE_madrpc-actor"));
    command.args(["orchestrator", "--bind", "127.0.0.1:0"]).env("RUST_LOG", "warn");
    let mut child = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn().expect("the binary starts");
    let mut line = String::new();
    let stdout = child.stdout.take().expect("piped");
    let orchestrator = Orchestrator(child);
    BufReader::new(stdout).read_line(&mut line).expect("it says where it listens");
    let url = line.trim().trim_start_matches("listening on ");
    let get = |path: &str| -> Value {
        ureq::get(format!("{url}{path}")).call().expect("it answers").body_mut().read_json().expect("JSON")
    };
    let cpu = || procfs::cpu_time(orchestrator.0.id());

    let start = Instant::now();
    let members: Vec<PlayedNode> = (0..nodes)
        .map(|number| {
            let ip = format!("127.1.{}.{}", number / 250, 1 + number % 250);
            PlayedNode::join(url, &ip, |_| Some(json!(1)))
        })
        .collect();
    wait::wait_until("all have joined", Duration::from_secs(60), || get("/_info")["nodes_up"] == nodes);
    eprintln!("{nodes} nodes joined in {:.1?}, which took {:.0?} of processor time", start.elapsed(), cpu());

    // Leases are what they will be once all have sent a heartbeat, and nobody starts slowly any more.
    wait::pause(Duration::from_secs(10));
    let heartbeats = || members.iter().map(PlayedNode::heartbeats).sum::<u64>();
    let (before, sent, start) = (cpu(), heartbeats(), Instant::now());
    let window = Duration::from_secs(seconds as u64);
    while let Some(left) = window.checked_sub(start.elapsed()) {
        wait::pause(left);
    }
    let (used, sent, elapsed) = (cpu() - before, heartbeats() - sent, start.elapsed().as_secs_f64());
    eprintln!(
        "{:.2} % of a core, {:.0} heartbeats/s, {:.1} MiB resident; {}",
        used.as_secs_f64() / elapsed * 100.0,
        sent as f64 / elapsed,
        procfs::resident(orchestrator.0.id()) as f64 / 1048576.0,
        get("/_metrics")["node_events"]
    );
}
