//! More calls than a cluster can serve: it serves what it can, and refuses the rest at once.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{json, Value};

use crate::harness::{pause, Client, Cluster, Script};

/// Each call occupies the one executor for 5 ms by the clock, so that the rate does not hang on the machine.
const SCRIPT: &str =
    "madrpc.register('busy', () => { const end = performance.now() + 5; while (performance.now() < end); });";

/// How long a call may take; those who call wait no longer.
const DEADLINE_MS: u64 = 1_000;

/// How long each part of the measurement lasts.
const SPAN: Duration = Duration::from_secs(3);

/// Callers of the second part: so many that none is late for its next call because the last took its whole time.
const CALLERS: u32 = 600;

/// What a call came to.
#[derive(Debug)]
struct Answer {
    /// An error's; a result has none.
    code: Option<i64>,
    took: Duration,
    at: Instant,
}

fn call(client: &Client) -> Answer {
    let begun = Instant::now();
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": "busy", "meta": {"timeoutMs": DEADLINE_MS}});
    let reply: Value = client.post(&request.to_string()).json();
    Answer { code: reply["error"]["code"].as_i64(), took: begun.elapsed(), at: Instant::now() }
}

/// The most calls that the cluster serves in `SPAN`: some callers who each wait for their answer.
fn peak(client: &Client) -> u32 {
    let (served, end) = (AtomicU32::new(0), Instant::now() + SPAN);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while Instant::now() < end {
                    assert_eq!(call(client).code, None);
                    served.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    served.into_inner()
}

/// `calls` calls in `SPAN`, evenly spread.
fn flood(client: &Client, calls: u32) -> Vec<Answer> {
    let begun = Instant::now();
    thread::scope(|scope| {
        let caller = |index: u32| {
            let mut answers = Vec::new();
            for number in (index..calls).step_by(CALLERS as usize) {
                let due = begun + SPAN.mul_f64(f64::from(number) / f64::from(calls));
                while let Some(left) = due.checked_duration_since(Instant::now()) {
                    pause(left);
                }
                answers.push(call(client));
            }
            answers
        };
        let callers: Vec<_> = (0..CALLERS).map(|index| scope.spawn(move || caller(index))).collect();
        callers.into_iter().flat_map(|caller| caller.join().expect("no panic")).collect()
    })
}

#[test]
fn at_five_times_the_peak_rate_the_peak_rate_is_served_and_the_rest_refused() {
    let script = Script::new("busy.js", SCRIPT);
    let cluster = Cluster::start(&script, 1);
    let peak = peak(&cluster.client);
    let begun = Instant::now();
    let answers = flood(&cluster.client, 5 * peak);
    let in_time = |answer: &&Answer| {
        answer.code.is_none() && answer.took < Duration::from_millis(DEADLINE_MS) && answer.at < begun + SPAN
    };
    let served = answers.iter().filter(in_time).count();
    assert!(served as f64 >= 0.8 * f64::from(peak), "{served} served, where {peak} could be");
    let of = |code| answers.iter().filter(move |answer| answer.code == Some(code)).map(|answer| answer.took);
    let mut waits: Vec<Duration> = of(-32003).collect();
    // An executor that the system does not let run for long is late for those that it had admitted.
    let late = of(-32001).count();
    let failed = answers.iter().filter(|answer| answer.code.is_some()).count();
    assert!(late * 50 <= answers.len() && waits.len() + late == failed, "{late} late, {failed} failed");
    assert!(waits.len() >= 3 * peak as usize, "{} refused of {}", waits.len(), answers.len());
    waits.sort_unstable();
    // Those that the system did not let run for so long prove nothing.
    let slow = waits[waits.len() * 9 / 10];
    assert!(slow < Duration::from_millis(50), "{slow:?}");
}
