//! The events of a pool's scripts: what they publish, and the functions that they subscribed.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::{JsPool, PoolCore};
use crate::actors::broker::Broker;
use crate::actors::executor_inbox::{ExecutorInbox, Work};
use crate::actors::reply_to::ReplyTo;
use crate::actors::script_events::ScriptEvents;
use crate::engine::{self, OutgoingCall};
use crate::policy::admission::{Admission, Permit};
use crate::protocol::event::PUBLISH;
use crate::protocol::{Call, CallError, CallResult, CallScope, Event, JsonText};

impl JsPool {
    /// Lets scripts publish and subscribe by `broker` from now on; the function of one event may take `timeout`. Called
    /// once, on the arbiter that is to do it.
    pub fn publish_by(&self, broker: Arc<dyn Broker>, timeout: Duration) {
        let events = ScriptEvents::start(&self.0, broker, timeout);
        events.subscribe(self.0.subscriptions.load_full());
        let _first = self.0.events.set(events);
    }
}

impl PoolCore {
    /// The scripts subscribe to these patterns from now on.
    pub(super) fn serve_subscriptions(&self, patterns: Vec<Arc<str>>) {
        let patterns = Arc::new(patterns);
        self.subscriptions.store(patterns.clone());
        if let Some(events) = self.events.get() {
            events.subscribe(patterns);
        }
    }

    /// Takes out what is to be published, which goes no way of a call.
    pub(super) fn publish_some(&self, from: &Arc<ExecutorInbox>, calls: Vec<OutgoingCall>) -> Vec<OutgoingCall> {
        if !calls.iter().any(|call| call.call.method == PUBLISH) {
            return calls;
        }
        let (publish, others): (Vec<_>, Vec<_>) = calls.into_iter().partition(|call| call.call.method == PUBLISH);
        match self.events.get() {
            Some(events) => events.publish(from.clone(), publish),
            None => {
                let refused = |call: OutgoingCall| (call.id, Err(CallError::Unreachable { sent: false }));
                from.send(Work::Settled(publish.into_iter().map(refused).collect()));
            }
        }
        others
    }

    /// A place among the admitted for the function of one event; none is needed where nothing is admitted.
    pub(in crate::actors) fn admit_event(&self) -> Result<Option<Permit>, CallError> {
        self.admission.get().map(Admission::admit_event).transpose()
    }

    /// A place among the admitted for what a call has left behind that has none: as for a call nested in another.
    pub(in crate::actors) fn admit_leftovers(&self) -> Result<Option<Permit>, CallError> {
        self.admission.get().map(|admission| admission.admit(1, 1)).transpose()
    }

    /// Runs the function that is subscribed to `pattern` by the subscription `number`, for `timeout` at most, on the executor
    /// that has run those before it.
    pub(in crate::actors) fn run_event(
        self: &Arc<Self>,
        (pattern, number): (&str, u64),
        event: &Event,
        timeout: Duration,
        permit: Option<Permit>,
    ) -> impl Future<Output = CallResult> {
        let (reply, result) = oneshot::channel();
        let mut scope = CallScope::root(timeout);
        scope.depth = 1;
        let deadline = scope.deadline;
        let mut params = Vec::with_capacity(event.size() + 8);
        params.push(b'[');
        crate::protocol::event::write_string(&mut params, &event.channel);
        params.push(b',');
        params.extend_from_slice(event.data.as_bytes());
        params.push(b']');
        let call = Call::new(engine::event_method(pattern), Some(JsonText::from_trusted(params)), scope);
        let mut guard = self.start_at(number, call, ReplyTo::One(reply), permit);
        async move {
            let Ok(result) = tokio::time::timeout_at(deadline.into(), result).await else {
                return Err(CallError::Timeout);
            };
            guard.disarm();
            result.unwrap_or_else(|_| Err(CallError::internal("the executor dropped the event")))
        }
    }
}
