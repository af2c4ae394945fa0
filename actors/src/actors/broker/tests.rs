use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use tokio::sync::mpsc;

use super::*;
use crate::actors::PeerUrl;
use crate::metrics::Metrics;
use crate::protocol::JsonText;

fn event(channel: &str, data: u64) -> Event {
    Event { channel: channel.into(), data: JsonText::from_trusted(data.to_string()) }
}

async fn receive(outlet: &Outlet) -> (Vec<String>, Result<(String, String), u64>) {
    let taken = tokio::time::timeout(Duration::from_secs(5), outlet.next()).await.expect("something comes");
    let Taken::Item(Delivery { patterns, what }) = taken else { panic!("{taken:?}") };
    let what = match what {
        Happened::Event(event) => Ok((event.channel.to_string(), event.data.as_str().to_owned())),
        Happened::Lost(count) => Err(count),
    };
    (patterns.iter().map(ToString::to_string).collect(), what)
}

fn got(pattern: &str, channel: &str, data: u64) -> (Vec<String>, Result<(String, String), u64>) {
    (vec![pattern.to_owned()], Ok((channel.to_owned(), data.to_string())))
}

#[test]
fn a_hub_reaches_each_outlet_once_and_in_order() {
    actix::System::new().block_on(async {
        let hub = Hub::start(&Metrics::new());
        let (one, other) = (Outlet::new(), Outlet::new());
        for (outlet, pattern, receivers) in [(&one, "a", 2), (&one, "*", 1), (&other, "a", 4)] {
            hub.subscribe(outlet, pattern.into(), receivers).await.expect("there is room");
        }
        let published: Vec<_> = (0..100).map(|number| hub.publish(event("a", number))).collect();
        for publishing in published {
            assert_eq!(publishing.await.expect("published"), 7);
        }
        for number in 0..100 {
            let both = (vec!["a".to_owned(), "*".to_owned()], Ok(("a".to_owned(), number.to_string())));
            assert_eq!(receive(&one).await, both);
            assert_eq!(receive(&other).await, got("a", "a", number));
        }
        hub.subscribe(&one, "a".into(), 0).await.expect("ended");
        drop(other);
        assert_eq!(hub.publish(event("a", 1)).await.expect("published"), 5, "nobody has said that the other is gone");
        assert_eq!(receive(&one).await, got("*", "a", 1));
        assert_eq!(hub.publish(event("a", 2)).await.expect("published"), 1, "by now it was seen");
    });
}

/// What a node says, and where it listens.
type Ends = (mpsc::Receiver<Vec<u8>>, TextSender);

/// An orchestrator of which the test is both ends.
#[derive(Default)]
struct Played {
    sessions: RefCell<Vec<Ends>>,
    refuses: std::cell::Cell<bool>,
}

impl SessionClient for Played {
    fn open(&self, _: &PeerUrl) -> LocalBoxFuture<'static, Result<TextSession, CallError>> {
        if self.refuses.get() {
            return Box::pin(std::future::ready(Err(CallError::Unreachable { sent: false })));
        }
        let (send, from_node) = mpsc::channel(16);
        let (to_node, receive) = text_channel(16, 1 << 20);
        self.sessions.borrow_mut().push((from_node, to_node));
        Box::pin(std::future::ready(Ok(TextSession { send, receive })))
    }
}

async fn session(played: &Played) -> Ends {
    let opened = async {
        loop {
            if let Some(session) = played.sessions.borrow_mut().pop() {
                return session;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), opened).await.expect("the node opens a session")
}

async fn said(from_node: &mut mpsc::Receiver<Vec<u8>>) -> (u64, String, serde_json::Value) {
    let frame = tokio::time::timeout(Duration::from_secs(5), from_node.recv()).await.expect("in time");
    let frame: serde_json::Value = serde_json::from_slice(&frame.expect("a frame")).expect("JSON");
    let method = frame["method"].as_str().expect("a method").to_owned();
    (frame["id"].as_u64().expect("an id"), method, frame["params"].clone())
}

async fn say(to_node: &TextSender, text: String) {
    assert!(to_node.send(text.into()).await, "the node listens");
}

fn below(played: &Rc<Played>) -> Hub {
    let client: Rc<dyn SessionClient> = played.clone();
    Hub::below(&[PeerUrl::parse("http://orchestrator").expect("a URL")], &client, &Metrics::new())
}

#[test]
fn a_node_subscribes_once_and_tells_how_many_receivers_it_has() {
    actix::System::new().block_on(async {
        let played = Rc::<Played>::default();
        let hub = below(&played);
        let (one, other) = (Outlet::new(), Outlet::new());
        let begun = hub.subscribe(&one, "a".into(), 2);
        let (mut from_node, to_node) = session(&played).await;
        let (id, method, params) = said(&mut from_node).await;
        assert_eq!((method.as_str(), params), ("_subscribe", serde_json::json!({"channel": "a", "receivers": 2})));
        say(&to_node, format!(r#"{{"jsonrpc":"2.0","id":{id},"result":7}}"#)).await;
        begun.await.expect("subscribed");

        let begun = hub.subscribe(&other, "a".into(), 3);
        let (id, _, params) = said(&mut from_node).await;
        assert_eq!(params["receivers"], 5);
        say(&to_node, format!(r#"{{"jsonrpc":"2.0","id":{id},"result":7}}"#)).await;
        begun.await.expect("subscribed");

        let publishing = hub.publish(event("a", 1));
        let (id, method, params) = said(&mut from_node).await;
        assert_eq!((method.as_str(), &params["channel"]), ("_publish", &serde_json::json!("a")));
        say(&to_node, format!(r#"{{"jsonrpc":"2.0","id":{id},"result":12}}"#)).await;
        assert_eq!(publishing.await.expect("published"), 12);

        // What it published comes back by the orchestrator alone.
        say(&to_node, String::from_utf8(event("a", 1).frame(7)).expect("UTF-8")).await;
        say(&to_node, String::from_utf8(event("a", 2).frame(8)).expect("UTF-8")).await;
        say(&to_node, String::from_utf8(crate::protocol::event::dropped_frame(7, 3)).expect("UTF-8")).await;
        assert_eq!(receive(&one).await, got("a", "a", 1));
        assert_eq!(receive(&one).await, (vec!["a".to_owned()], Err(3)), "nobody here has subscription 8");
        assert_eq!(receive(&other).await, got("a", "a", 1));

        hub.subscribe(&one, "a".into(), 0).await.expect("ended");
        hub.subscribe(&other, "a".into(), 0).await.expect("ended");
        let (id, _, params) = said(&mut from_node).await;
        assert_eq!(params["receivers"], 3);
        say(&to_node, format!(r#"{{"jsonrpc":"2.0","id":{id},"result":7}}"#)).await;
        let (_, method, params) = said(&mut from_node).await;
        assert_eq!((method.as_str(), params), ("_unsubscribe", serde_json::json!({"subscription": 7})));
    });
}

#[test]
fn a_session_that_is_lost_is_opened_again_and_subscribed_anew() {
    actix::System::new().block_on(async {
        let played = Rc::<Played>::default();
        let hub = below(&played);
        let outlet = Outlet::new();
        let begun = hub.subscribe(&outlet, "a".into(), 1);
        let (mut from_node, to_node) = session(&played).await;
        said(&mut from_node).await;
        let lost = hub.publish(event("a", 1));
        said(&mut from_node).await;
        played.refuses.set(true);
        drop((from_node, to_node));
        assert!(matches!(lost.await, Err(CallError::Unreachable { sent: true })));
        begun.await.expect("it goes on without the orchestrator");
        // Between two attempts there is nobody to ask.
        assert!(matches!(hub.publish(event("a", 2)).await, Err(CallError::Unreachable { sent: false })));
        played.refuses.set(false);
        let (mut from_node, _to_node) = session(&played).await;
        let (_, method, params) = said(&mut from_node).await;
        assert_eq!((method.as_str(), &params["receivers"]), ("_subscribe", &serde_json::json!(1)));
    });
}
