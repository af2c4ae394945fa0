//! How a process takes its leave: it says so, takes on no further calls, and those that run come to their end.

use std::sync::Arc;
use std::time::Duration;

use madrpc_actors::actors::registrar::Registrar;
use madrpc_actors::policy::admission::Admission;
use madrpc_actors::policy::joining;
use madrpc_actors::protocol::{CallError, CallResult, JsonText, Secret};
use serde::{Deserialize, Serialize};

use super::closing::Closing;
use super::service::Caller;
use crate::supervisor::Reporter;

/// Between looks at whether the calls have ended.
const LOOK: Duration = Duration::from_millis(50);

/// One per process; clones share it.
#[derive(Clone, Debug)]
pub struct Draining(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    admission: Admission,
    /// What whoever asks for it from outside must present.
    cluster_token: Option<Secret>,
    /// Of a node: the clusters that it leaves.
    memberships: Option<Registrar>,
    /// Of a node: the next engine is to know that the node was told to drain.
    reporter: Reporter,
    /// Of the sessions, when the calls have ended.
    closing: Closing,
}

/// Params of `_drain`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Ask {
    undo: bool,
}

/// Result of `_drain`.
#[derive(Debug, Deserialize, Serialize)]
pub struct Drained {
    /// Whether calls are refused.
    pub draining: bool,
    /// Calls that still run or wait.
    pub pending_requests: usize,
}

impl Draining {
    /// Of an orchestrator.
    pub fn orchestrator(admission: Admission, cluster_token: Option<Secret>) -> Self {
        Self::new(admission, cluster_token, None, Reporter::default())
    }

    /// Of a node; `reporter` leads to its supervisor.
    pub fn node(
        admission: Admission,
        cluster_token: Option<Secret>,
        memberships: Registrar,
        reporter: Reporter,
    ) -> Self {
        Self::new(admission, cluster_token, Some(memberships), reporter)
    }

    fn new(
        admission: Admission,
        cluster_token: Option<Secret>,
        memberships: Option<Registrar>,
        reporter: Reporter,
    ) -> Self {
        Draining(Arc::new(Inner { admission, cluster_token, memberships, reporter, closing: Closing::default() }))
    }

    /// Whether it has begun.
    pub fn has_begun(&self) -> bool {
        self.0.admission.is_closing()
    }

    /// What tells the sessions of this process that they end.
    pub fn closing(&self) -> &Closing {
        &self.0.closing
    }

    /// Takes leave, and only then refuses calls: those that are on their way meanwhile are still served.
    pub async fn begin(&self) {
        let inner = &self.0;
        inner.admission.announce_close();
        if let Some(memberships) = &inner.memberships {
            memberships.leave().await;
        }
        inner.admission.close();
    }

    /// Ends the sessions that are open once the calls have ended, unless calls are taken again by then.
    async fn close_sessions(self) {
        while self.has_begun() && self.0.admission.inflight() > 0 {
            actix_rt::time::sleep(LOOK).await;
        }
        if self.has_begun() {
            self.0.closing.those_open();
        }
    }

    fn undo(&self) {
        let inner = &self.0;
        inner.admission.open();
        if let Some(memberships) = &inner.memberships {
            memberships.rejoin();
        }
    }

    /// The built-in method `_drain {undo?}`, for whoever may register nodes.
    pub(super) async fn ask(self, params: Option<JsonText>, caller: Caller) -> CallResult {
        let inner = &self.0;
        joining::authorise(inner.cluster_token.as_ref(), caller.cluster_token.as_ref(), caller.ip)?;
        let Ask { undo } = match params {
            Some(params) => serde_json::from_str(params.as_str())
                .map_err(|error| CallError::invalid_params("undo", error.to_string()))?,
            None => Ask::default(),
        };
        if undo == self.has_begun() {
            log::info!("{}, as {} asks", if undo { "taking calls again" } else { "draining" }, caller.ip);
            inner.reporter.cordoned(!undo);
        }
        match undo {
            true => self.undo(),
            false => {
                self.begin().await;
                actix_rt::spawn(self.clone().close_sessions());
            }
        }
        JsonText::of(&Drained { draining: self.has_begun(), pending_requests: inner.admission.inflight() })
    }
}
