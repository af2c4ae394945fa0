//! The calls of a session that are not answered yet, and how frames name them.

use std::collections::HashMap;
use std::rc::Rc;

use bytes::Bytes;
use madrpc_actors::protocol::JsonText;
use tokio::task::AbortHandle;

use super::flowing::Valve;
use crate::http::batch::Element;

/// Dropping it cancels them.
#[derive(Default)]
pub(super) struct OpenCalls {
    /// By a number of our own: clients may use an id twice.
    tasks: HashMap<u64, Task>,
    /// By id as it was written, the task and the place in it; of several with one id the last.
    by_id: HashMap<Bytes, (u64, usize)>,
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
    /// Of a client's batch each element; the batch ends with the session.
    Elements(Vec<Element>),
}

/// What was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// A call that is not answered any more.
    Call,
    /// All of a peer's batch.
    Batch,
    /// An element of a client's batch, which is answered with the others.
    Element,
}

impl Name {
    /// Each with its place.
    fn keys(&self) -> impl Iterator<Item = (usize, Bytes)> + '_ {
        let (one, elements) = match self {
            Name::Id(id) | Name::Ids(id, _) => (Some(id.to_bytes()), &[][..]),
            Name::Elements(elements) => (None, &elements[..]),
        };
        let elements = elements.iter().enumerate().map(|(place, element)| (place, element.id.to_bytes()));
        one.into_iter().map(|id| (0, id)).chain(elements)
    }

    fn last(&self) -> Option<&str> {
        match self {
            Name::Ids(_, last) => Some(last.as_str()),
            Name::Id(_) | Name::Elements(_) => None,
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
        self.by_id.extend(name.keys().map(|(place, key)| (key, (number, place))));
        self.tasks.insert(number, Task { name, abort, valve });
    }

    pub(super) fn remove(&mut self, number: u64) {
        let Some(task) = self.tasks.remove(&number) else { return };
        for (place, key) in task.name.keys() {
            if self.by_id.get(&key) == Some(&(number, place)) {
                self.by_id.remove(&key);
            }
        }
    }

    /// Ends the call of this id, or the batch that begins with it and ends with `through`. `None` when there is none.
    pub(super) fn cancel(&mut self, id: &str, through: Option<&str>) -> Option<Ended> {
        let (number, place) = *self.by_id.get(id.as_bytes())?;
        let task = self.tasks.get(&number).filter(|task| task.name.last() == through)?;
        if let Name::Elements(elements) = &task.name {
            return elements.get(place)?.cancel().then_some(Ended::Element);
        }
        task.abort.abort();
        self.remove(number);
        Some(if through.is_some() { Ended::Batch } else { Ended::Call })
    }

    /// What flows beside the call of this id.
    pub(super) fn valve(&self, id: &str) -> Option<Rc<Valve>> {
        let (number, _) = self.by_id.get(id.as_bytes())?;
        self.tasks.get(number)?.valve.clone()
    }
}

impl Drop for OpenCalls {
    fn drop(&mut self) {
        for task in self.tasks.values() {
            task.abort.abort();
        }
    }
}
