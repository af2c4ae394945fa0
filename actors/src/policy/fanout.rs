//! Who gets what: the patterns that the subscribers of a hub want, and for each of them how many receivers are behind.
//!
//! A subscriber here is a thread with sessions, or the scripts of a node: it gets each event once, with the patterns that
//! matched, whatever number of receivers it has.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::glob::Glob;
use crate::protocol::CallError;

/// Patterns with wildcards that a hub keeps: each is compared with the channel of every event.
pub const MAX_GLOBS: usize = 10_000;

/// Names without wildcards that a hub keeps.
pub const MAX_NAMES: usize = 1_000_000;

/// A subscriber of a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutletId(pub u64);

/// The receivers of one pattern by subscriber, none of them without receivers.
type Receivers = BTreeMap<OutletId, u64>;

/// The list.
#[derive(Debug, Default)]
pub struct Fanout {
    /// By the one name that the pattern matches; two patterns may be the same name (`a`, `\a`).
    names: HashMap<String, BTreeMap<Arc<str>, Receivers>>,
    globs: BTreeMap<Arc<str>, (Glob, Receivers)>,
}

/// Whom an event reaches.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// How many receivers.
    pub receivers: u64,
    /// By subscriber, in the order of their numbers, the patterns that matched.
    pub outlets: BTreeMap<OutletId, Vec<Arc<str>>>,
}

impl Reach {
    fn add(&mut self, pattern: &Arc<str>, receivers: &Receivers) {
        for (outlet, count) in receivers {
            self.receivers = self.receivers.saturating_add(*count);
            self.outlets.entry(*outlet).or_default().push(pattern.clone());
        }
    }
}

impl Fanout {
    /// Sets how many receivers `outlet` has for `pattern`, and gives how many there are for it in all.
    pub fn set(&mut self, outlet: OutletId, pattern: &Arc<str>, receivers: u64) -> Result<u64, CallError> {
        let glob = Glob::new(pattern);
        match glob.literal() {
            Some(name) => {
                if receivers > 0 && self.names.len() >= MAX_NAMES && !self.names.contains_key(&name) {
                    return Err(CallError::Overloaded);
                }
                let patterns = self.names.entry(name.clone()).or_default();
                let own = patterns.entry(pattern.clone()).or_default();
                let total = change(own, outlet, receivers);
                if own.is_empty() {
                    patterns.remove(pattern);
                }
                if patterns.is_empty() {
                    self.names.remove(&name);
                }
                Ok(total)
            }
            None => {
                if receivers > 0 && self.globs.len() >= MAX_GLOBS && !self.globs.contains_key(pattern) {
                    return Err(CallError::Overloaded);
                }
                let (_, own) = self.globs.entry(pattern.clone()).or_insert_with(|| (glob, Receivers::new()));
                let total = change(own, outlet, receivers);
                if own.is_empty() {
                    self.globs.remove(pattern);
                }
                Ok(total)
            }
        }
    }

    /// Forgets a subscriber, and gives each pattern that it had with the receivers that are left.
    pub fn remove(&mut self, outlet: OutletId) -> Vec<(Arc<str>, u64)> {
        let names = self.names.values().flatten();
        let globs = self.globs.iter().map(|(pattern, (_, receivers))| (pattern, receivers));
        let had = names.chain(globs).filter(|(_, receivers)| receivers.contains_key(&outlet));
        let had: Vec<Arc<str>> = had.map(|(pattern, _)| pattern.clone()).collect();
        had.into_iter().map(|pattern| (pattern.clone(), self.set(outlet, &pattern, 0).unwrap_or_default())).collect()
    }

    /// Whom an event on `channel` reaches.
    pub fn reach(&self, channel: &str) -> Reach {
        let mut reach = Reach::default();
        for (pattern, receivers) in self.names.get(channel).into_iter().flatten() {
            reach.add(pattern, receivers);
        }
        for (pattern, (glob, receivers)) in &self.globs {
            if glob.matches(channel) {
                reach.add(pattern, receivers);
            }
        }
        reach
    }

    /// Whom something reaches that another hub has found to match `pattern`.
    pub fn reach_of(&self, pattern: &str) -> Reach {
        let mut reach = Reach::default();
        let by_name = || self.names.get(&Glob::new(pattern).literal()?)?.get_key_value(pattern);
        let found = match self.globs.get_key_value(pattern) {
            Some((pattern, (_, receivers))) => Some((pattern, receivers)),
            None => by_name(),
        };
        if let Some((pattern, receivers)) = found {
            reach.add(pattern, receivers);
        }
        reach
    }
}

fn change(receivers: &mut Receivers, outlet: OutletId, count: u64) -> u64 {
    match count {
        0 => receivers.remove(&outlet),
        count => receivers.insert(outlet, count),
    };
    total(receivers)
}

fn total(receivers: &Receivers) -> u64 {
    receivers.values().fold(0, |sum, count| sum.saturating_add(*count))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: OutletId = OutletId(1);
    const B: OutletId = OutletId(2);

    fn set(fanout: &mut Fanout, outlet: OutletId, pattern: &str, receivers: u64) -> u64 {
        fanout.set(outlet, &Arc::from(pattern), receivers).expect("there is room")
    }

    fn patterns(reach: &Reach, outlet: OutletId) -> Vec<&str> {
        reach.outlets.get(&outlet).into_iter().flatten().map(|pattern| &**pattern).collect()
    }

    #[test]
    fn each_subscriber_is_reached_once_with_all_that_matched() {
        let mut fanout = Fanout::default();
        for (outlet, pattern, receivers, total) in
            [(A, "news", 2, 2), (B, "news", 3, 5), (A, "n*", 1, 1), (B, "other", 9, 9), (B, "[no]*", 4, 4)]
        {
            assert_eq!(set(&mut fanout, outlet, pattern, receivers), total, "{pattern}");
        }
        let reach = fanout.reach("news");
        assert_eq!(reach.receivers, 2 + 3 + 1 + 4);
        assert_eq!(patterns(&reach, A), ["news", "n*"]);
        assert_eq!(patterns(&reach, B), ["news", "[no]*"]);
        assert_eq!(fanout.reach("x"), Reach::default());
        assert_eq!(fanout.reach_of("n*").receivers, 1);
        assert_eq!(fanout.reach_of("news").receivers, 5);
        assert_eq!(fanout.reach_of("new*"), Reach::default());
    }

    #[test]
    fn who_has_no_receivers_left_is_forgotten() {
        let mut fanout = Fanout::default();
        set(&mut fanout, A, "a", 1);
        set(&mut fanout, A, r"\a", 1);
        set(&mut fanout, B, "a*", 7);
        assert_eq!(fanout.reach("a").receivers, 9);
        assert_eq!(set(&mut fanout, A, "a", 0), 0);
        assert_eq!(fanout.reach("a").receivers, 8);
        assert_eq!(fanout.remove(A), [(r"\a".into(), 0)]);
        assert_eq!(fanout.reach("a").receivers, 7);
        assert_eq!(fanout.remove(B), [("a*".into(), 0)]);
        assert!(fanout.names.is_empty() && fanout.globs.is_empty());
    }

    #[test]
    fn patterns_are_bounded_and_those_that_are_there_still_change() {
        let mut fanout = Fanout::default();
        for number in 0..MAX_GLOBS {
            set(&mut fanout, A, &format!("{number}*"), 1);
        }
        assert!(matches!(fanout.set(A, &"one more*".into(), 1), Err(CallError::Overloaded)));
        assert_eq!(set(&mut fanout, B, "7*", 2), 3);
    }
}
