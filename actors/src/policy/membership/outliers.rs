//! Nodes are compared with their peers, and those that do much worse get no calls for a while, as long as there are
//! others who can take them.

use std::collections::HashMap;
use std::time::Instant;

use super::member::Member;
use super::news::Change;
use super::Membership;
use crate::policy::health::NodeState;
use crate::policy::node::NodeId;
use crate::policy::outlier::{self, Outlier};
use crate::policy::pool::Tags;

impl Membership {
    /// Looks at how calls have ended, if it is time for that.
    pub(super) fn compare(&mut self, now: Instant) {
        if now < self.next_look {
            return;
        }
        self.next_look = now + outlier::LOOK;
        self.readmit(now);
        for member in self.members.values_mut() {
            let fresh = member.entry.take_figures();
            member.conduct.look(fresh);
        }
        let usable = self.members.values().filter(|member| member.is_usable()).count();
        let ejected = self.members.values().filter(|member| member.is_usable() && member.is_ejected()).count();
        let room = outlier::most_ejected(usable).saturating_sub(ejected);
        for (id, outlier) in self.outliers().into_iter().take(room) {
            if let Some(member) = self.members.get_mut(&id) {
                let length = member.conduct.eject(outlier, now);
                log::warn!("node {} ejected for {} s: {outlier}", member.entry.url, length.as_secs());
                self.events.ejected += 1;
                self.news.push(Change::Ejected, member, &outlier.to_string());
                self.changed = true;
            }
        }
    }

    fn readmit(&mut self, now: Instant) {
        let ejected: Vec<NodeId> =
            self.members.iter().filter(|(_, member)| member.is_ejected()).map(|(id, _)| *id).collect();
        for id in ejected {
            let starts_slowly = self.starts_slowly(id, now);
            let Some(member) = self.members.get_mut(&id) else {
                continue;
            };
            if member.conduct.readmit(now) {
                log::info!("node {} is tried again after its ejection", member.entry.url);
                member.warming = starts_slowly.then_some((now, 1));
                self.changed = true;
            }
        }
    }

    /// Those who do worse than their peers, the most harmful first.
    fn outliers(&self) -> Vec<(NodeId, Outlier)> {
        let mut peers: HashMap<(usize, &Tags), Vec<&Member>> = HashMap::new();
        for member in self.members.values().filter(|member| member.is_usable() && !member.is_ejected()) {
            // Lists of methods are kept once: where it is tells which one it is.
            let methods = if member.foreign { 0 } else { member.methods.as_ptr() as usize };
            peers.entry((methods, &member.tags)).or_default().push(member);
        }
        let mut found = Vec::new();
        for members in peers.into_values() {
            let figures: Vec<_> = members.iter().map(|member| member.conduct.figures()).collect();
            let verdicts = members.into_iter().zip(outlier::outliers(&figures));
            found.extend(verdicts.filter_map(|(member, verdict)| Some((member.entry.id, verdict?))));
        }
        found.sort_by_key(|(id, outlier)| (matches!(outlier, Outlier::Slow(..)), *id));
        found
    }
}

impl Member {
    fn is_usable(&self) -> bool {
        !self.is_self && self.alias_of.is_none() && self.state() != NodeState::Down
    }
}
