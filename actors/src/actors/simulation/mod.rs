//! A deterministic simulation of a whole cluster: the real NodeRegistry, CircuitBreakers, Orchestrators and Idempotency,
//! on one thread and a clock that moves only while everybody waits; nodes and network are made up.
//!
//! `schedule` draws from one seed what happens, `nodes` and `network` say what is true, `agents` do what nodes do by
//! themselves, and `invariants` judge every step of the orchestrator by it. `policies` is a simulation without actors.
//!
//! A seed that fails is named: `MADRPC_SIM_SEED=7 cargo test -p madrpc-actors simulation -- --nocapture` plays it alone
//! and shows what happened. `MADRPC_SIM_COUNT` plays more of them.

use std::time::Duration;

use tokio::time::sleep;

use self::policies::Policies;
use self::schedule::Stage;
use self::world::Tally;
use super::cluster::BalancePolicy;

mod agents;
mod invariants;
mod network;
mod nodes;
mod policies;
mod schedule;
mod world;

/// Played in each run of the tests.
const SCHEDULES: u64 = 3000;
const THREADS: usize = 2;

/// What some of them must contain.
const MUST_HAPPEN: [&str; 15] = [
    "abandoned attempts",
    "batches",
    "callers that left",
    "calls to doubtful nodes",
    "calls without a node",
    "ejections",
    "enough losses in a row",
    "farewells",
    "hedges",
    "openings",
    "probes",
    "repeats answered",
    "runs",
    "second attempts",
    "timeouts",
];

/// Longer than any call may take.
const CALLS_END: Duration = Duration::from_secs(60);
/// Until a node that is well again is used again: longer than any breaker is open or any lease lasts.
const USED_AGAIN: Duration = Duration::from_secs(60);
/// The same where a node may be ejected, or is known to have been slow: both wear off by and by.
const READMITTED: Duration = Duration::from_secs(320);

/// What came of a seed.
struct Outcome {
    trace: Vec<String>,
    violations: Vec<String>,
    tally: Tally,
}

fn simulate(seed: u64) -> Outcome {
    let runtime = || {
        // Stopped from its first moment, so that timers fall on the same ticks in each run.
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().start_paused(true).build().expect("a runtime")
    };
    actix::System::with_tokio_rt(runtime).block_on(async {
        let mut stage = Stage::set(seed);
        stage.play().await;
        stage.mend();
        come_to_rest(&stage).await;
        recover(&mut stage).await;
        come_to_rest(&stage).await;
        let world = &mut *stage.sim.world();
        Outcome {
            trace: std::mem::take(&mut world.trace),
            violations: std::mem::take(&mut world.violations),
            tally: std::mem::take(&mut world.tally),
        }
    })
}

/// Every call ends, and leaves nothing behind.
async fn come_to_rest(stage: &Stage) {
    let start = tokio::time::Instant::now();
    let is_busy = || stage.admission.inflight() > 0 || !stage.sim.world().waiting.is_empty();
    while is_busy() && start.elapsed() < CALLS_END {
        sleep(Duration::from_millis(20)).await;
    }
    let view = stage.cluster.view().await;
    stage.sim.world().judge_silence(&view, stage.admission.inflight());
}

/// Every node is used again.
async fn recover(stage: &mut Stage) {
    let start = tokio::time::Instant::now();
    let limit = {
        let world = stage.sim.world();
        let is_slow = world.config.policy == BalancePolicy::P2cEwma || world.tally.contains_key("ejections");
        if is_slow {
            READMITTED
        } else {
            USED_AGAIN
        }
    };
    for round in 0.. {
        let Some(node) = stage.unused() else { return };
        if start.elapsed() >= limit {
            return stage.sim.world().require(false, || format!("node {node} does well and is not used again"));
        }
        stage.ask_everybody(round % 2 == 0);
        sleep(Duration::from_millis(300) + start.elapsed() / 16).await;
    }
}

/// What went wrong, with its seed, if so.
fn failure(seed: u64, outcome: &Outcome) -> Option<String> {
    let first = outcome.violations.first()?;
    Some(format!("seed {seed}: {first}"))
}

/// Plays many seeds, and stops at the first few that fail.
fn explore(seeds: impl Iterator<Item = u64>) -> (Tally, Vec<String>) {
    let (mut tally, mut failures) = (Tally::new(), Vec::new());
    for seed in seeds {
        let outcome = simulate(seed);
        failures.extend(failure(seed, &outcome));
        outcome.tally.into_iter().for_each(|(what, count)| *tally.entry(what).or_default() += count);
        if failures.len() == 5 {
            break;
        }
    }
    (tally, failures)
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn thousands_of_schedules_hold_the_invariants() {
    if let Some(seed) = from_environment("MADRPC_SIM_SEED") {
        let outcome = simulate(seed);
        outcome.trace.iter().for_each(|event| eprintln!("{event}"));
        assert_eq!(failure(seed, &outcome), None);
        return;
    }
    let count = from_environment("MADRPC_SIM_COUNT").unwrap_or(SCHEDULES);
    let explored = std::thread::scope(|threads| {
        let explore = |first| threads.spawn(move || explore((first..count).step_by(THREADS)));
        let running: Vec<_> = (0..THREADS as u64).map(explore).collect();
        running.into_iter().map(|thread| thread.join().expect("no panic")).collect::<Vec<_>>()
    });
    let mut tally = Tally::new();
    let mut failures = Vec::new();
    for (of_thread, failed) in explored {
        of_thread.into_iter().for_each(|(what, count)| *tally.entry(what).or_default() += count);
        failures.extend(failed);
    }
    eprintln!("{tally:#?}");
    assert!(failures.is_empty(), "{failures:#?}");
    for what in MUST_HAPPEN {
        assert!(tally.contains_key(what), "no {what}: what never happens is not tested");
    }
}

#[test]
fn the_policies_alone_do_what_follows_from_what_was_done() {
    let start = std::time::Instant::now();
    let play = |seed| {
        let mut policies = Policies::new(seed, start);
        assert_eq!(policies.run(200), Ok(()), "seed {seed}");
        policies.ejections
    };
    if let Some(seed) = from_environment("MADRPC_SIM_SEED") {
        play(seed);
        return;
    }
    let ejections: u64 = (0..from_environment("MADRPC_SIM_COUNT").unwrap_or(SCHEDULES)).map(play).sum();
    assert!(ejections > 0, "what never happens is not tested");
}

#[test]
fn the_same_seed_is_the_same_history() {
    for seed in 0..20 {
        let (one, other) = (simulate(seed).trace, simulate(seed).trace);
        let differ = one.iter().zip(&other).find(|(one, other)| one != other);
        assert_eq!(differ, None, "seed {seed}");
        assert_eq!(one.len(), other.len(), "seed {seed}");
    }
    assert_ne!(simulate(0).trace, simulate(1).trace);
}
