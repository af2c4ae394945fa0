//! Calls at a steady rate, while something else happens.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::client::{Client, RpcFailure};
use super::wait::{pause, wait_until, SOON};

/// Calls at a steady rate until told to stop, whatever each answer takes.
#[derive(Debug)]
pub(crate) struct Load<'a> {
    client: &'a Client,
    method: &'a str,
    callers: usize,
    stop: AtomicBool,
    done: AtomicUsize,
}

impl<'a> Load<'a> {
    /// Each caller begins a call every 200 ms.
    const PERIOD: Duration = Duration::from_millis(200);

    /// Calls of 30 ms each, `rate` of them a second.
    pub(crate) fn of(client: &'a Client, method: &'a str, rate: usize) -> Self {
        Load { client, method, callers: rate / 5, stop: AtomicBool::new(false), done: AtomicUsize::new(0) }
    }

    /// One caller: makes calls until the load is stopped, and returns those that failed.
    fn caller(&self, index: usize) -> Vec<RpcFailure> {
        let mut failures = Vec::new();
        let mut next = Instant::now() + Self::PERIOD.mul_f64(index as f64 / self.callers as f64);
        while !self.stop.load(Ordering::Relaxed) {
            while let Some(left) = next.checked_duration_since(Instant::now()) {
                pause(left);
            }
            failures.extend(self.client.call(self.method, json!({"ms": 30})).err());
            self.done.fetch_add(1, Ordering::Relaxed);
            next += Self::PERIOD;
        }
        failures
    }

    /// Runs `meanwhile` under the load, and returns the failures of its calls.
    pub(crate) fn during(&self, meanwhile: impl FnOnce(&Self)) -> Vec<RpcFailure> {
        thread::scope(|scope| {
            let callers: Vec<_> = (0..self.callers).map(|index| scope.spawn(move || self.caller(index))).collect();
            let stop = StopAtEnd(&self.stop);
            meanwhile(self);
            drop(stop);
            callers.into_iter().flat_map(|caller| caller.join().expect("no panic")).collect()
        })
    }

    pub(crate) fn wait_for_more(&self, calls: usize) {
        let goal = self.done.load(Ordering::Relaxed) + calls;
        wait_until("calls go on", SOON, || self.done.load(Ordering::Relaxed) >= goal);
    }
}

/// Stops the callers also when an assertion fails, so that the test ends.
pub(crate) struct StopAtEnd<'a>(pub(crate) &'a AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
