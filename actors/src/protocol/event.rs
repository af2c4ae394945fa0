//! Events: what is published on a channel, and how sessions tell of it (PROTOCOL, section 6).

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::CallError;
use super::json_text::JsonText;

/// Longest name or pattern of a channel, in bytes.
pub const MAX_CHANNEL: usize = 256;

/// Publishes: `{channel, data}` gives the number of receivers.
pub const PUBLISH: &str = "_publish";
/// Begins a subscription: `{channel}` gives its id.
pub const SUBSCRIBE: &str = "_subscribe";
/// Ends one: `{subscription}` gives whether it was there.
pub const UNSUBSCRIBE: &str = "_unsubscribe";
/// Tells a subscriber of an event: `{subscription, channel, data}`.
pub const EVENT: &str = "_event";
/// Tells a subscriber of events that it did not get: `{subscription, count}`.
pub const DROPPED: &str = "_dropped";

/// What is published. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Where.
    pub channel: Arc<str>,
    /// Any JSON.
    pub data: JsonText,
}

/// Params of `_publish`.
#[derive(Debug, Deserialize)]
struct Publish<'a> {
    channel: String,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

/// Params of `_subscribe`.
#[derive(Debug, Deserialize)]
pub struct Subscribe {
    /// The pattern.
    pub channel: String,
    /// How many receivers a member of the cluster has behind it.
    #[serde(default)]
    pub receivers: Option<u64>,
}

/// Params of `_unsubscribe`.
#[derive(Debug, Deserialize)]
struct Unsubscribe {
    subscription: u64,
}

/// What a session tells its subscriber.
#[derive(Debug)]
pub enum Told {
    /// Something was published.
    Event {
        /// Which subscription it is for.
        subscription: u64,
        /// What it is.
        event: Event,
    },
    /// Something was lost.
    Dropped {
        /// Which subscription it was for.
        subscription: u64,
        /// How many events.
        count: u64,
    },
}

/// Whether the name is the system's: to be subscribed to, not to be published on.
pub fn is_system(channel: &str) -> bool {
    channel.starts_with('_')
}

/// A name or a pattern of a length that is allowed.
pub fn check_channel(channel: &str) -> Result<(), CallError> {
    match channel.len() {
        1..=MAX_CHANNEL => Ok(()),
        _ => Err(CallError::invalid_params("channel", format!("must have 1 to {MAX_CHANNEL} bytes"))),
    }
}

impl Event {
    /// Reads the params of `_publish`. Whoever is no `member` of the cluster may not use the system's names.
    pub fn read(params: Option<&JsonText>, member: bool) -> Result<Event, CallError> {
        let text = params.map_or("[]", JsonText::as_str);
        let Publish { channel, data } = read(text, "channel")?;
        check_channel(&channel)?;
        if is_system(&channel) && !member {
            return Err(CallError::invalid_params("channel", "names that begin with _ are the system's"));
        }
        let data = match (data, params) {
            // Only what is large would be copied for long.
            (Some(data), Some(params)) => params.part(data),
            _ => JsonText::NULL,
        };
        Ok(Event { channel: channel.into(), data })
    }

    /// About how much memory it takes.
    pub fn size(&self) -> usize {
        self.channel.len() + self.data.len()
    }

    /// The params of `_publish`.
    pub fn to_params(&self) -> JsonText {
        let mut text = Vec::with_capacity(self.size() + 32);
        text.extend_from_slice(b"{\"channel\":");
        write_string(&mut text, &self.channel);
        text.extend_from_slice(b",\"data\":");
        text.extend_from_slice(self.data.as_bytes());
        text.push(b'}');
        JsonText::from_trusted(text)
    }

    /// The frame that tells a subscriber of it.
    pub fn frame(&self, subscription: u64) -> Vec<u8> {
        let mut text = Vec::with_capacity(self.size() + 96);
        let head =
            format!(r#"{{"jsonrpc":"2.0","method":"{EVENT}","params":{{"subscription":{subscription},"channel":"#);
        text.extend_from_slice(head.as_bytes());
        write_string(&mut text, &self.channel);
        text.extend_from_slice(b",\"data\":");
        text.extend_from_slice(self.data.as_bytes());
        text.extend_from_slice(b"}}");
        text
    }
}

/// The frame that tells a subscriber of events that it did not get.
pub fn dropped_frame(subscription: u64, count: u64) -> Vec<u8> {
    let params = format!(r#"{{"subscription":{subscription},"count":{count}}}"#);
    format!(r#"{{"jsonrpc":"2.0","method":"{DROPPED}","params":{params}}}"#).into_bytes()
}

impl Subscribe {
    /// Reads the params of `_subscribe`.
    pub fn read(params: Option<&JsonText>) -> Result<Subscribe, CallError> {
        let subscribe: Subscribe = read(params.map_or("[]", JsonText::as_str), "channel")?;
        check_channel(&subscribe.channel)?;
        Ok(subscribe)
    }
}

/// Reads the params of `_unsubscribe`: the id of a subscription.
pub fn read_unsubscribe(params: Option<&JsonText>) -> Result<u64, CallError> {
    read(params.map_or("[]", JsonText::as_str), "subscription").map(|Unsubscribe { subscription }| subscription)
}

/// By name or by position. What is wrong is put on `first`.
fn read<'a, T: Deserialize<'a>>(text: &'a str, first: &str) -> Result<T, CallError> {
    serde_json::from_str(text).map_err(|error| CallError::invalid_params(first, error.to_string()))
}

impl Told {
    /// Reads a notification of a session; `None` when it is something else.
    pub fn read(method: &str, params: &JsonText) -> Option<Told> {
        #[derive(Deserialize)]
        struct Happened<'a> {
            subscription: u64,
            channel: String,
            #[serde(borrow)]
            data: &'a RawValue,
        }
        #[derive(Deserialize)]
        struct Lost {
            subscription: u64,
            count: u64,
        }
        match method {
            EVENT => {
                let Happened { subscription, channel, data } = serde_json::from_str(params.as_str()).ok()?;
                let event = Event { channel: channel.into(), data: params.part(data) };
                Some(Told::Event { subscription, event })
            }
            DROPPED => {
                let Lost { subscription, count } = serde_json::from_str(params.as_str()).ok()?;
                Some(Told::Dropped { subscription, count })
            }
            _ => None,
        }
    }
}

/// Appends a string of JSON.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    // A string always serialises, and a vector takes whatever comes.
    let written = serde_json::to_writer(out, text);
    debug_assert!(written.is_ok(), "{written:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> JsonText {
        JsonText::parse(json).expect("JSON")
    }

    fn refused(result: Result<impl Sized, CallError>) -> String {
        match result {
            Err(CallError::InvalidParams { parameter, .. }) => parameter,
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("taken"),
        }
    }

    #[test]
    fn params_come_by_name_and_by_position_and_data_keeps_its_bytes() {
        for params in [r#"{"data":{"a": 1.0},"channel":"x"}"#, r#"["x",{"a": 1.0}]"#] {
            let event = Event::read(Some(&text(params)), false).expect(params);
            assert_eq!((&*event.channel, event.data.as_str()), ("x", r#"{"a": 1.0}"#), "{params}");
        }
        let event = Event::read(Some(&text(r#"["x"]"#)), false).expect("data may be absent");
        assert_eq!(event.data, JsonText::NULL);
        assert_eq!(Subscribe::read(Some(&text(r#"["x*"]"#))).expect("valid").channel, "x*");
        assert_eq!(read_unsubscribe(Some(&text("[7]"))).expect("valid"), 7);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for params in ["[]", "{}", "[1,2]", r#"["",1]"#, r#"["_node.down",1]"#] {
            assert_eq!(refused(Event::read(Some(&text(params)), false)), "channel", "{params}");
        }
        assert_eq!(refused(Event::read(None, false)), "channel");
        assert!(Event::read(Some(&text(r#"["_node.down",1]"#)), true).is_ok());
        let long = format!(r#"["{}"]"#, "x".repeat(257));
        assert_eq!(refused(Subscribe::read(Some(&text(&long)))), "channel");
        assert_eq!(refused(read_unsubscribe(Some(&text(r#"["x"]"#)))), "subscription");
    }

    #[test]
    fn what_a_session_tells_can_be_read_back() {
        let event = Event { channel: "a\"b".into(), data: text("[1.0]") };
        let frame = String::from_utf8(event.frame(3)).expect("UTF-8");
        assert_eq!(
            frame,
            r#"{"jsonrpc":"2.0","method":"_event","params":{"subscription":3,"channel":"a\"b","data":[1.0]}}"#
        );
        let params = text(r#"{"subscription":3,"channel":"a\"b","data":[1.0]}"#);
        let Some(Told::Event { subscription: 3, event: told }) = Told::read(EVENT, &params) else { panic!("unread") };
        assert_eq!(told, event);
        assert_eq!(Event::read(Some(&event.to_params()), false).ok(), Some(event));
        let frame = String::from_utf8(dropped_frame(3, 9)).expect("UTF-8");
        assert_eq!(frame, r#"{"jsonrpc":"2.0","method":"_dropped","params":{"subscription":3,"count":9}}"#);
        let told = Told::read(DROPPED, &text(r#"{"subscription":3,"count":9}"#));
        assert!(matches!(told, Some(Told::Dropped { subscription: 3, count: 9 })));
    }
}
