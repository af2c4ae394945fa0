//! Nodes that may ask over the links that this process opens to them: those that have registered with a key for that.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use madrpc_actors::policy::access::Identity;
use madrpc_actors::protocol::{PeerUrl, Secret};

/// Nodes that may be known; a cluster has fewer. The one that registered longest ago is forgotten for a further one, and
/// opens links of its own.
const MAX_NODES: usize = 4096;

/// A node that may ask, as the one that it was when it registered.
#[derive(Clone, Debug)]
pub struct Asker {
    /// What it wants to be shown: it tells its calls to nobody else.
    pub key: Secret,
    /// Who it had proved to be.
    pub identity: Identity,
    /// Where it had come from.
    pub ip: IpAddr,
}

impl Asker {
    fn is(&self, other: &Asker) -> bool {
        let Asker { key, identity, ip } = other;
        self.key.is(key.expose().as_bytes()) && self.identity == *identity && self.ip == *ip
    }
}

/// Those of this process. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Askers(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// With the edition in which they came.
    by_node: Mutex<HashMap<PeerUrl, (u64, Asker)>>,
    edition: AtomicU64,
}

impl Askers {
    /// The node at this address has registered; without an asker, it asks by links of its own.
    pub fn put(&self, node: &PeerUrl, asker: Option<Asker>) {
        let mut by_node = self.lock();
        let edition = self.edition() + 1;
        match asker {
            // It said so before: what it asks goes on.
            Some(asker) if by_node.get(node).is_some_and(|(_, known)| known.is(&asker)) => return,
            Some(asker) => {
                if by_node.len() >= MAX_NODES && !by_node.contains_key(node) {
                    let oldest = by_node.iter().min_by_key(|(_, (edition, _))| *edition);
                    if let Some(oldest) = oldest.map(|(node, _)| node.clone()) {
                        by_node.remove(&oldest);
                    }
                }
                by_node.insert(node.clone(), (edition, asker));
            }
            None => drop(by_node.remove(node)),
        }
        self.0.edition.store(edition, Ordering::Release);
    }

    /// Grows with each change.
    pub(super) fn edition(&self) -> u64 {
        self.0.edition.load(Ordering::Acquire)
    }

    /// The asker at this address, and the edition in which it came.
    pub(super) fn get(&self, node: &PeerUrl) -> Option<(u64, Asker)> {
        self.lock().get(node).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PeerUrl, (u64, Asker)>> {
        self.0.by_node.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn node(number: usize) -> PeerUrl {
        PeerUrl::parse(&format!("http://node{number}")).expect("a URL")
    }

    fn asker(key: &str) -> Option<Asker> {
        Some(Asker { key: key.parse().ok()?, identity: Identity::Member, ip: Ipv4Addr::LOCALHOST.into() })
    }

    #[test]
    fn the_last_registration_counts() {
        let askers = Askers::default();
        let key = |node| askers.get(&node).map(|(edition, asker)| (edition, asker.key.expose().to_owned()));
        askers.put(&node(1), asker("a"));
        askers.put(&node(1), asker("b"));
        assert_eq!((key(node(1)), askers.edition()), (Some((2, "b".into())), 2));
        askers.put(&node(1), asker("b"));
        assert_eq!(askers.edition(), 2, "nothing new");
        askers.put(&node(1), None);
        assert_eq!((key(node(1)), askers.edition()), (None, 3));
    }

    #[test]
    fn there_are_not_more_than_fit() {
        let askers = Askers::default();
        (0..=MAX_NODES).for_each(|number| askers.put(&node(number), asker("a")));
        assert_eq!(askers.lock().len(), MAX_NODES);
        assert!(askers.get(&node(0)).is_none() && askers.get(&node(MAX_NODES)).is_some());
    }
}
