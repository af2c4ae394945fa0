//! What must be known of a node, by what was done to it and nothing else.

use std::time::{Duration, Instant};

use crate::policy::health::{CheckFailure, NodeState};

use super::{HEALTH, LEASE};

pub(super) struct Member {
    pub(super) is_static: bool,
    state: NodeState,
    failed_checks: u32,
    /// Given to those that registered. A static node is judged by its checks alone, and loses it in the end.
    lease: Option<Instant>,
    has_lost_lease: bool,
    pub(super) has_left: bool,
}

impl Member {
    pub(super) fn new(is_static: bool) -> Self {
        let state = NodeState::Down;
        Member { is_static, state, failed_checks: 0, lease: None, has_lost_lease: false, has_left: false }
    }

    pub(super) fn state(&self) -> NodeState {
        if self.has_left || (self.has_lost_lease && !self.is_static) {
            NodeState::Down
        } else {
            self.state
        }
    }

    pub(super) fn is_registered(&self) -> bool {
        self.lease.is_some()
    }

    pub(super) fn joined(&mut self, now: Instant) {
        self.answered();
        self.lease = Some(now + LEASE);
        (self.has_lost_lease, self.has_left) = (false, false);
    }

    pub(super) fn left(&mut self) {
        (self.has_left, self.lease) = (true, None);
    }

    pub(super) fn beat(&mut self, now: Instant) {
        self.lease = Some(now + LEASE);
        if std::mem::take(&mut self.has_lost_lease) && self.state == NodeState::Suspect {
            self.answered();
        }
    }

    pub(super) fn answered(&mut self) {
        (self.state, self.failed_checks) = (NodeState::Up, 0);
    }

    pub(super) fn failed(&mut self, failure: CheckFailure) {
        self.failed_checks += 1;
        let is_down =
            self.state == NodeState::Down || failure == CheckFailure::Gone || self.failed_checks >= HEALTH.failures;
        self.state = if is_down { NodeState::Down } else { NodeState::Suspect };
    }

    pub(super) fn suspected(&mut self) {
        if self.state != NodeState::Down {
            self.state = NodeState::Suspect;
        }
    }

    /// Somebody looks at its lease, `gap` after the last time. True when it is forgotten.
    pub(super) fn swept(&mut self, gap: Duration, now: Instant) -> bool {
        let Some(lease) = &mut self.lease else { return false };
        if self.has_lost_lease {
            return *lease + Duration::from_secs(60) <= now;
        }
        if gap >= Duration::from_secs(1) {
            *lease += gap;
        }
        if *lease <= now && self.is_static {
            self.lease = None;
            self.suspected();
        } else {
            self.has_lost_lease = *lease <= now;
        }
        false
    }
}
