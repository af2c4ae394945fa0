//! The list of nodes: who is a member, by which identity, and how they come and go (PROTOCOL, section 4).
//!
//! Knows nothing of how nodes are asked or who asks them. Every change that matters to routing sets `take_changed`.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::crowd;
use super::health::{Health, HealthConfig, NodeState};
use super::joining::{self, Joining};
use super::node::{NodeEntry, NodeId};
use super::outlier::Conduct;
use super::routing::{Routable, RoutingTable};
use crate::protocol::membership::{Heartbeat, HeartbeatReply, Registered};
use crate::protocol::{CallError, MethodInfo, PeerUrl};

mod checks;
mod member;
mod news;
mod outliers;
mod reports;
mod states;
mod view;

pub use checks::{Check, CheckOutcome};
use member::Member;
pub use news::NodeNews;
use news::{Change, News};
use reports::ReportLog;
pub use reports::Reports;
pub use states::NodeEvents;
pub use view::{ClusterView, NodeView};

/// Nodes of one cluster.
pub const MAX_NODES: usize = 10_000;

/// How late a sweep must be before leases are extended by that.
const STALL: Duration = Duration::from_secs(1);

/// Makes what threads share of a new node, and whoever hears about it.
pub type MakeEntry = Box<dyn FnMut(NodeId, &PeerUrl) -> Arc<NodeEntry>>;

/// What the list needs to know.
#[derive(Clone, Debug)]
pub struct MembershipConfig {
    /// The orchestrator's own instance, which is no node.
    pub own_instance: String,
    /// How long a member is believed without a heartbeat, unless they are many.
    pub lease: Duration,
    /// How nodes are checked.
    pub health: HealthConfig,
}

/// The list.
pub struct Membership {
    config: MembershipConfig,
    members: BTreeMap<NodeId, Member>,
    by_url: HashMap<PeerUrl, NodeId>,
    by_instance: HashMap<String, NodeId>,
    /// Nodes that run the same script share one list of methods, which keeps tables small and quick to make.
    method_lists: HashSet<Arc<[MethodInfo]>>,
    make_entry: MakeEntry,
    next_id: u64,
    swept: Instant,
    next_look: Instant,
    changed: bool,
    events: NodeEvents,
    /// What is to be told of them.
    news: News,
}

impl std::fmt::Debug for Membership {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Membership").field("members", &self.members).finish_non_exhaustive()
    }
}

impl Membership {
    /// A list of `static_nodes`, none of which has been asked yet.
    pub fn new(config: MembershipConfig, static_nodes: &[PeerUrl], make_entry: MakeEntry, now: Instant) -> Self {
        let mut membership = Membership {
            config,
            members: BTreeMap::new(),
            by_url: HashMap::new(),
            by_instance: HashMap::new(),
            method_lists: HashSet::new(),
            make_entry,
            next_id: 0,
            swept: now,
            next_look: now,
            changed: true,
            events: NodeEvents::default(),
            news: News::default(),
        };
        for url in static_nodes {
            if !membership.by_url.contains_key(url) {
                membership.insert(url, true, now);
            }
        }
        membership
    }

    /// Takes in a node that was asked and has confirmed who it is.
    pub fn admit(&mut self, joining: Joining, now: Instant) -> Result<Registered, CallError> {
        let instance = joining.instance.clone().unwrap_or_default();
        let known = self.by_instance.get(&instance).copied();
        let (id, is_new) = match known.and_then(|id| self.members.get(&id)) {
            // It still has its place, and had no need to register: its engine is a new one, and what the breaker has
            // counted was about the old one.
            Some(member) if member.entry.url == joining.url => {
                let id = member.entry.id;
                self.renew(id);
                (id, false)
            }
            // The operator's address stands as long as it works.
            Some(member) if member.is_static && member.health.state() != NodeState::Down => (member.entry.id, false),
            Some(member) => {
                let (id, is_static) = (member.entry.id, member.is_static);
                log::info!("node {} has moved to {}", member.entry.url, joining.url);
                if is_static {
                    self.set_instance(id, None);
                } else {
                    self.remove(id);
                }
                (self.at(&joining.url, now)?, false)
            }
            None => (self.at(&joining.url, now)?, true),
        };
        self.set_instance(id, Some(instance.clone()));
        let methods = self.intern(joining.methods.clone().unwrap_or_else(|| Arc::new([])));
        let (stretch, lease) = (crowd::stretch(self.members.len()), self.lease());
        let Some(member) = self.members.get_mut(&id) else {
            return Err(CallError::internal("a member vanished while it was admitted"));
        };
        let was_down = member.state() == NodeState::Down;
        member.heard(lease, now);
        member.lease_lost = false;
        member.declared = joining.declared;
        member.parted = false;
        member.alias_of = None;
        member.is_self = false;
        member.foreign = false;
        member.methods = methods;
        member.tags = Arc::new(joining.tags);
        member.weight = joining.weight;
        member.version = joining.version;
        if member.entry.url == joining.url || was_down {
            member.health.answered(&self.config.health, stretch, now, fastrand::f64());
        }
        self.announce(id, "no answer to health checks", now);
        self.changed = true;
        Ok(Registered {
            registered_url: joining.url.to_string(),
            is_new_registration: is_new,
            lease_ms: millis(lease),
            instance,
        })
    }

    /// Renews a lease. A node that is not known, or whose lease was given up, registers again.
    pub fn beat(&mut self, mut beat: Heartbeat, now: Instant) -> HeartbeatReply {
        let (stretch, lease) = (crowd::stretch(self.members.len()), self.lease());
        let lease_ms = millis(lease);
        let id = self.by_instance.get(&beat.instance);
        let member = id.and_then(|id| self.members.get_mut(id)).filter(|member| member.lease.is_some());
        let Some(member) = member else {
            return HeartbeatReply { known: false, lease_ms };
        };
        let was_silent = member.overdue || member.lease_lost;
        member.heard(lease, now);
        member.entry.heard(now);
        if let Some(report) = beat.report.take() {
            ReportLog::take(&mut member.reports, report, now);
        }
        member.load = Some(beat);
        if std::mem::take(&mut member.lease_lost) && member.health.state() == NodeState::Suspect {
            // It was not asked any more, and has just spoken for itself.
            member.health.answered(&self.config.health, stretch, now, fastrand::f64());
        }
        if was_silent {
            let id = member.entry.id;
            self.announce(id, "no answer to health checks", now);
        }
        HeartbeatReply { known: true, lease_ms }
    }

    /// Lets the node go that has this instance or URL. False when there is none.
    pub fn part(&mut self, instance_or_url: &str) -> bool {
        let by_url = || self.by_url.get(&PeerUrl::parse(instance_or_url).ok()?);
        let Some(id) = self.by_instance.get(instance_or_url).or_else(by_url).copied() else {
            return false;
        };
        let Some(member) = self.members.get_mut(&id) else {
            return false;
        };
        if member.foreign {
            // It has never joined, and could never take the farewell back.
            return false;
        }
        log::info!(node = member.entry.url.as_str(); "node {} left", member.entry.url);
        self.news.push(Change::Left, member, "by its own word");
        if member.is_static {
            member.end_lease();
            member.forget_conduct();
            member.parted = true;
            member.shown = NodeState::Down;
            member.down_reason = "it left".into();
        } else {
            self.remove(id);
        }
        self.events.left += 1;
        self.changed = true;
        true
    }

    /// Lets time pass: leases end, the silent are doubted, and the dead are forgotten; newcomers get more calls, and
    /// those who do badly none.
    pub fn sweep(&mut self, now: Instant) {
        let gap = now.saturating_duration_since(self.swept);
        self.swept = now;
        // While this process stood still, heartbeats were not heard: their senders are not to blame.
        let gap = (gap >= STALL).then_some(gap);
        self.miss_heartbeats(gap, now);
        self.end_leases(gap, now);
        self.free_aliases(now);
        self.warm_up(now);
        self.compare(now);
    }

    /// True once after every change that the table must show.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// What has happened to nodes since the last time.
    pub fn take_news(&mut self) -> Vec<NodeNews> {
        self.news.take()
    }

    /// The table as of now.
    pub fn table(&self, previous: &RoutingTable) -> RoutingTable {
        let nodes: Vec<Routable> = self.members.values().filter_map(Member::routable).collect();
        RoutingTable::new(&nodes, previous)
    }

    /// The list for people.
    pub fn view(&self, now: Instant) -> ClusterView {
        ClusterView::of(self.members.values().filter(|member| member.alias_of.is_none()), self.events, now)
    }

    fn end_leases(&mut self, gap: Option<Duration>, now: Instant) {
        let (mut ended, mut forgotten) = (Vec::new(), Vec::new());
        for (id, member) in &mut self.members {
            let Some(lease) = &mut member.lease else {
                continue;
            };
            if member.lease_lost {
                forgotten.extend(lease.is_forgotten(now).then_some(*id));
                continue;
            }
            if let Some(gap) = gap {
                lease.extend(gap);
            }
            if lease.is_over(now) {
                if member.is_static {
                    member.end_lease();
                    member.health.suspect(&self.config.health, now);
                } else {
                    member.lease_lost = true;
                }
                ended.push(*id);
            }
        }
        for id in ended {
            self.announce(id, "its lease ran out", now);
            self.changed = true;
        }
        for id in forgotten {
            let instance = self.members.get(&id).and_then(|member| member.instance.clone());
            if let Some(member) = self.remove(id).map(|member| Member { instance, ..member }) {
                log::info!(node = member.entry.url.as_str(); "node {} left: no heartbeat since its lease ran out", member.entry.url);
                self.news.push(Change::Left, &member, "no heartbeat since its lease ran out");
                self.events.left += 1;
            }
        }
    }

    /// An address whose node can't be reached under its other address any more is asked for itself again.
    fn free_aliases(&mut self, now: Instant) {
        let aliases: Vec<(NodeId, NodeId)> =
            self.members.iter().filter_map(|(id, member)| Some((*id, member.alias_of?))).collect();
        for (id, owner) in aliases {
            let works = self.members.get(&owner).is_some_and(|owner| owner.state() != NodeState::Down);
            if let Some(member) = self.members.get_mut(&id).filter(|_| !works) {
                member.alias_of = None;
                member.health = Health::unknown(now);
                self.changed = true;
            }
        }
    }

    /// The member at `url`, cleared of whoever was there before, or a new one.
    fn at(&mut self, url: &PeerUrl, now: Instant) -> Result<NodeId, CallError> {
        if let Some(id) = self.by_url.get(url).copied() {
            self.replace(id);
            return Ok(id);
        }
        if self.members.len() >= MAX_NODES {
            return Err(joining::refused(format!("the cluster has {MAX_NODES} nodes, and takes no more")));
        }
        Ok(self.insert(url, false, now))
    }

    fn insert(&mut self, url: &PeerUrl, is_static: bool, now: Instant) -> NodeId {
        let id = NodeId(self.next_id);
        self.next_id += 1;
        let entry = (self.make_entry)(id, url);
        self.members.insert(id, Member::new(entry, is_static, Health::unknown(now)));
        self.by_url.insert(url.clone(), id);
        id
    }

    fn remove(&mut self, id: NodeId) -> Option<Member> {
        self.set_instance(id, None);
        let member = self.members.remove(&id)?;
        self.by_url.remove(&member.entry.url);
        self.changed = true;
        Some(member)
    }

    /// Another process is at the member's address now.
    fn replace(&mut self, id: NodeId) {
        let had_instance = self.set_instance(id, None).is_some();
        if let Some(member) = self.members.get_mut(&id) {
            if had_instance {
                log::info!("node {} is another process now", member.entry.url);
            }
            member.forget();
            self.changed = true;
        }
        self.renew(id);
    }

    /// What was counted of its calls was about another engine.
    fn renew(&mut self, id: NodeId) {
        if let Some(member) = self.members.get_mut(&id) {
            member.entry.renew();
            self.changed |= member.is_ejected();
            member.conduct = Conduct::default();
        }
    }

    /// Returns the instance that it had before.
    fn set_instance(&mut self, id: NodeId, instance: Option<String>) -> Option<String> {
        let member = self.members.get_mut(&id)?;
        if let Some(old) = &member.instance {
            self.by_instance.remove(old);
        }
        if let Some(new) = &instance {
            self.by_instance.insert(new.clone(), id);
        }
        std::mem::replace(&mut member.instance, instance)
    }

    fn intern(&mut self, methods: Arc<[MethodInfo]>) -> Arc<[MethodInfo]> {
        if let Some(known) = self.method_lists.get(&methods) {
            return known.clone();
        }
        self.method_lists.retain(|methods| Arc::strong_count(methods) > 1);
        self.method_lists.insert(methods.clone());
        methods
    }

    /// What a member is granted now.
    fn lease(&self) -> Duration {
        self.config.lease.saturating_mul(crowd::stretch(self.members.len()))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
