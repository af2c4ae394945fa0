//! Word to the sessions of a process that they end.

use std::sync::Arc;

use tokio::sync::watch;

/// One per process; clones share it.
#[derive(Clone, Debug)]
pub struct Closing(Arc<watch::Sender<Word>>);

#[derive(Clone, Copy, Debug, Default)]
struct Word {
    /// How often those that were open had to go.
    rounds: u64,
    for_good: bool,
}

impl Default for Closing {
    fn default() -> Self {
        Closing(Arc::new(watch::Sender::new(Word::default())))
    }
}

impl Closing {
    /// The process ends: so do sessions, those that are open and those that are opened yet.
    pub fn for_good(&self) {
        self.0.send_modify(|word| word.for_good = true);
    }

    /// Those that are open end, and go elsewhere if they can.
    pub(super) fn those_open(&self) {
        self.0.send_modify(|word| word.rounds += 1);
    }

    /// Resolves when a session that is opened now has to end.
    pub(super) async fn begun(&self) {
        let mut word = self.0.subscribe();
        let rounds = word.borrow().rounds;
        // The sender is held here, so there is no error to come.
        let _begun = word.wait_for(|word| word.for_good || word.rounds != rounds).await;
    }
}
