//! An HTTP server that counts what it is told: how often something ran, whatever became of where it ran.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::origin::{Answer, Origin, Request};

type Counts = Arc<Mutex<HashMap<String, usize>>>;

/// Counts the requests for each path.
#[derive(Debug)]
pub(crate) struct Recorder {
    origin: Origin,
    counts: Counts,
}

impl Recorder {
    pub(crate) fn start() -> Recorder {
        let counts = Counts::default();
        let kept = counts.clone();
        let origin = Origin::start(move |request: &Request| {
            let name = request.target.trim_start_matches('/').to_owned();
            *kept.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default() += 1;
            Answer::of("204 No Content", &[], "")
        });
        Recorder { origin, counts }
    }

    /// As `--allow-net` lists it.
    pub(crate) fn entry(&self) -> String {
        self.origin.entry()
    }

    /// How often each was asked for.
    pub(crate) fn counts(&self) -> HashMap<String, usize> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
