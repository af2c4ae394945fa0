//! The calls of a session that are not answered yet, and how frames name them.

use std::collections::HashMap;
use std::rc::Rc;

use bytes::Bytes;
use madrpc_actors::protocol::JsonText;
use tokio::task::AbortHandle;

use super::flowing::Valve;

/// Dropping it cancels them.
#[derive(Default)]
pub(super) struct OpenCalls {
    /// By a number of our own: clients may use an id twice.
    tasks: HashMap<u64, Task>,
    /// By id as it was written; of several with one id the last.
    by_id: HashMap<Bytes, u64>,
    next: u64,
}

struct Task {
    name: Name,
    abort: AbortHandle,
    valve: Option<Rc<Valve>>,
}

/// By what a call can be named.
pub(super) enum Name {
    /// Its id, as it was written.
    Id(JsonText),
    /// The first id of a batch and the last, of a peer's.
    Ids(JsonText, JsonText),
    /// A client's batch, which only ends with the session.
    None,
}

impl Name {
    fn key(&self) -> Option<Bytes> {
        match self {
            Name::Id(id) | Name::Ids(id, _) => Some(id.to_bytes()),
            Name::None => None,
        }
    }

    fn last(&self) -> Option<&str> {
        match self {
            Name::Ids(_, last) => Some(last.as_str()),
            Name::Id(_) | Name::None => None,
        }
    }
}

impl OpenCalls {
    pub(super) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// The number of the call that is about to begin.
    pub(super) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub(super) fn insert(&mut self, number: u64, name: Name, abort: AbortHandle, valve: Option<Rc<Valve>>) {
        if let Some(key) = name.key() {
            self.by_id.insert(key, number);
        }
        self.tasks.insert(number, Task { name, abort, valve });
    }

    pub(super) fn remove(&mut self, number: u64) {
        let Some(task) = self.tasks.remove(&number) else { return };
        let Some(key) = task.name.key() else { return };
        if self.by_id.get(&key) == Some(&number) {
            self.by_id.remove(&key);
        }
    }

    /// Ends the call of this id, or the batch that begins with it and ends with `through`. False when there is none.
    pub(super) fn cancel(&mut self, id: &str, through: Option<&str>) -> bool {
        let Some(number) = self.by_id.get(id.as_bytes()).copied() else { return false };
        let named = self.tasks.get(&number).filter(|task| task.name.last() == through);
        let Some(abort) = named.map(|task| task.abort.clone()) else { return false };
        self.remove(number);
        abort.abort();
        true
    }

    /// What flows beside the call of this id.
    pub(super) fn valve(&self, id: &str) -> Option<Rc<Valve>> {
        self.tasks.get(self.by_id.get(id.as_bytes())?)?.valve.clone()
    }
}

impl Drop for OpenCalls {
    fn drop(&mut self) {
        for task in self.tasks.values() {
            task.abort.abort();
        }
    }
}
