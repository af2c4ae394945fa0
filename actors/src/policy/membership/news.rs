//! What is told of nodes: an event for each change that `NodeEvents` counts (PROTOCOL, section 6).

use std::collections::VecDeque;

use serde_json::json;

use super::member::Member;
use crate::protocol::{Event, JsonText};

/// News that wait to be told; the oldest are forgotten first.
const MOST: usize = 10_000;

/// What happened to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Found or registered for the first time.
    Joined,
    /// Up, then doubtful.
    Suspect,
    /// Out of rotation.
    Down,
    /// Up again, or no longer doubtful.
    Recovered,
    /// Gone by its own word, or forgotten.
    Left,
    /// Left out for a while since it did worse than its peers.
    Ejected,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeNews {
    change: Change,
    node: String,
    instance: Option<String>,
    reason: String,
}

/// In the order in which it happened.
#[derive(Debug, Default)]
pub(super) struct News(VecDeque<NodeNews>);

impl News {
    pub(super) fn push(&mut self, change: Change, member: &Member, reason: &str) {
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        let (node, instance) = (member.entry.url.to_string(), member.instance.clone());
        self.0.push_back(NodeNews { change, node, instance, reason: reason.to_owned() });
    }

    pub(super) fn take(&mut self) -> Vec<NodeNews> {
        self.0.drain(..).collect()
    }
}

impl NodeNews {
    /// The event on the system's channel.
    pub fn to_event(&self) -> Event {
        let channel = match self.change {
            Change::Joined => "_node.joined",
            Change::Suspect => "_node.suspect",
            Change::Down => "_node.down",
            Change::Recovered => "_node.recovered",
            Change::Left => "_node.left",
            Change::Ejected => "_node.ejected",
        };
        let mut data = json!({"node": self.node, "instance": self.instance});
        if !self.reason.is_empty() {
            data["reason"] = self.reason.as_str().into();
        }
        Event { channel: channel.into(), data: JsonText::from_trusted(data.to_string()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_name_the_node_and_why() {
        let mut news =
            NodeNews { change: Change::Down, node: "http://n".into(), instance: None, reason: "gone".into() };
        let event = news.to_event();
        assert_eq!(&*event.channel, "_node.down");
        let data: serde_json::Value = serde_json::from_str(event.data.as_str()).expect("JSON");
        assert_eq!(data, json!({"node": "http://n", "instance": null, "reason": "gone"}));
        (news.change, news.reason) = (Change::Joined, String::new());
        let event = news.to_event();
        assert_eq!((&*event.channel, event.data.as_str().contains("reason")), ("_node.joined", false));
    }
}
