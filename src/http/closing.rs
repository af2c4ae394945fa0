//! Word to the sessions of a process that it ends.

use std::sync::Arc;

use tokio::sync::watch;

/// One per process; clones share it.
#[derive(Clone, Debug)]
pub struct Closing(Arc<watch::Sender<bool>>);

impl Default for Closing {
    fn default() -> Self {
        Closing(Arc::new(watch::Sender::new(false)))
    }
}

impl Closing {
    /// From now on sessions end: those that are open, and those that are opened.
    pub fn begin(&self) {
        self.0.send_replace(true);
    }

    /// Resolves when it has begun.
    pub(super) async fn begun(&self) {
        // The sender is held here, so there is no error to come.
        let mut word = self.0.subscribe();
        let _begun = word.wait_for(|begun| *begun).await;
    }
}
