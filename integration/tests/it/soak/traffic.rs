//! What is called meanwhile, and what became of it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use serde_json::{json, Value};

use crate::harness::{Client, Progress, Recorder, RpcFailure, StopAtEnd};

/// What a call may fail with when it is not safe to run twice: overload, deadline, no node, a lost node.
const TYPED: [i64; 4] = [-32003, -32001, -32004, -32005];

/// How often each kind of call is made, of ten.
const MIX: [&str; 10] = ["get", "get", "get", "get_hedged", "get_hedged", "put", "put", "put", "fan_out", "fan_out"];

/// One call that was made.
#[derive(Clone, Debug, PartialEq)]
struct Made {
    method: &'static str,
    id: u64,
    /// The code of its error, if it failed.
    failure: Option<RpcFailure>,
}

#[derive(Debug)]
pub(super) struct Traffic {
    url: String,
    recorder: String,
    seed: u64,
    next: AtomicU64,
    made: Vec<Made>,
}

impl Traffic {
    pub(super) fn new(url: &str, recorder: &Recorder, seed: u64) -> Self {
        let recorder = format!("http://{}", recorder.entry());
        Traffic { url: url.to_owned(), recorder, seed, next: AtomicU64::new(0), made: Vec::new() }
    }

    /// Calls go on until `meanwhile` has ended.
    pub(super) fn during(&mut self, callers: usize, meanwhile: impl FnOnce(&Progress)) {
        let (stop, progress) = (AtomicBool::new(false), Progress::of(callers));
        let made: Vec<Made> = thread::scope(|scope| {
            let (this, stop, progress) = (&*self, StopAtEnd(&stop), &progress);
            let callers: Vec<_> = (0..callers)
                .map(|caller| {
                    let flag = stop.0;
                    scope.spawn(move || this.caller(caller, flag, progress))
                })
                .collect();
            meanwhile(progress);
            drop(stop);
            callers.into_iter().flat_map(|caller| caller.join().expect("no panic")).collect()
        });
        self.made.extend(made);
    }

    fn caller(&self, number: usize, stop: &AtomicBool, progress: &Progress) -> Vec<Made> {
        let mut random = fastrand::Rng::with_seed(self.seed.wrapping_add(number as u64));
        let client = Client::new(&self.url);
        let mut made = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let method = MIX[random.usize(..MIX.len())];
            let (id, ms) = (self.next.fetch_add(1, Ordering::Relaxed), random.u64(0..40));
            let (params, expected) = match method {
                "put" => (json!({"id": id, "ms": ms, "recorder": self.recorder}), json!(id)),
                "fan_out" => {
                    let n = random.u64(1..10);
                    (json!({"n": n, "ms": ms}), json!(n * (n - 1)))
                }
                _ => (json!({"n": id, "ms": ms}), json!(2 * id)),
            };
            let outcome: Result<Value, RpcFailure> = client.call(method, params);
            if let Ok(result) = &outcome {
                assert_eq!(*result, expected, "{method} {id}");
            }
            made.push(Made { method, id, failure: outcome.err() });
            progress.ended(number);
        }
        made
    }

    /// Idempotent calls that came to nothing.
    pub(super) fn failed_idempotent(&self) -> Vec<String> {
        let failed = self.made.iter().filter(|made| made.method != "put" && made.failure.is_some());
        failed.map(|made| format!("{made:?}")).collect()
    }

    /// Failures that the table has no word for.
    pub(super) fn untyped_failures(&self) -> Vec<String> {
        let untyped = |made: &&Made| made.failure.as_ref().is_some_and(|failure| !TYPED.contains(&failure.code));
        self.made.iter().filter(untyped).map(|made| format!("{made:?}")).collect()
    }

    /// The calls that may run once and did not run once, or at most once if they failed.
    pub(super) fn miscounted(&self, recorder: &Recorder) -> Vec<(u64, usize, Option<i64>)> {
        let runs = recorder.counts();
        let puts = self.made.iter().filter(|made| made.method == "put");
        let counted = puts.map(|put| {
            let runs = runs.get(&put.id.to_string()).copied().unwrap_or(0);
            (put.id, runs, put.failure.as_ref().map(|failure| failure.code))
        });
        counted.filter(|(_, runs, failure)| !(*runs == 1 || (*runs == 0 && failure.is_some()))).collect()
    }
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut outcomes: BTreeMap<(&str, Option<i64>), usize> = BTreeMap::new();
        for made in &self.made {
            *outcomes.entry((made.method, made.failure.as_ref().map(|failure| failure.code))).or_default() += 1;
        }
        write!(f, "{} calls", self.made.len())?;
        for ((method, failure), count) in outcomes {
            match failure {
                None => write!(f, ", {count} {method}")?,
                Some(code) => write!(f, ", {count} {method} failed with {code}")?,
            }
        }
        Ok(())
    }
}
