//! What the other side says of its calls that are open: `$/cancelRequest`, `_push`, `_end` and `_pull`.

use madrpc_actors::protocol::request::Request;
use madrpc_actors::protocol::{CallError, JsonText};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::open_calls::Ended;
use super::{written, Session};
use crate::http::endpoint::Incoming;
use crate::http::service::Service;

/// Ends a call.
const CANCEL: &str = "$/cancelRequest";

/// These feed `ctx.input`.
const PUSH: &str = "_push";
const END: &str = "_end";

/// By this a peer asks for more items.
const PULL: &str = "_pull";

impl<S: Service> Session<S> {
    /// False when the request is none of these.
    pub(super) fn control(&self, incoming: &Incoming<'_>, request: &Request<'_>) -> bool {
        match &*request.method {
            CANCEL => self.cancel(request),
            PUSH | END | PULL => self.flow(incoming, request),
            _ => return false,
        }
        true
    }

    /// Ends the call that is named, which is answered with `Cancelled`; one that has ended is none. An element of a batch is
    /// answered with the others. A peer names a whole batch by its ends, and hears no more of it. Sent as a request, it is
    /// answered with whether there was such a call.
    fn cancel(&self, request: &Request<'_>) {
        #[derive(Deserialize)]
        struct Cancel<'a> {
            #[serde(borrow)]
            id: &'a RawValue,
            #[serde(borrow)]
            through: Option<&'a RawValue>,
        }
        let params = request.params.map(RawValue::get).unwrap_or_default();
        let params: Result<Cancel<'_>, _> = serde_json::from_str(params);
        let found = params.map_err(|error| CallError::invalid_params("id", error.to_string())).map(|params| {
            let through_text = params.through.map(RawValue::get);
            let ended = self.open.borrow_mut().cancel(params.id.get(), through_text);
            if ended == Some(Ended::Call) {
                self.refuse(Some(params.id), CallError::Cancelled);
            }
            ended.is_some()
        });
        if let Some(own) = request.id {
            let result = found.and_then(|found| JsonText::of(&found));
            self.out.text(written(self.write, Some(own.get()), &result));
        }
    }

    /// `_push`, `_end` and `_pull`: what flows beside an open call. Sent as requests, they are answered with whether
    /// there is such a call that takes it.
    fn flow(&self, incoming: &Incoming<'_>, request: &Request<'_>) {
        /// Of `_push` the value, of `_pull` the number.
        #[derive(Deserialize)]
        struct Params<'a> {
            #[serde(borrow)]
            id: &'a RawValue,
            #[serde(borrow, default, deserialize_with = "present")]
            value: Option<&'a RawValue>,
            #[serde(default)]
            n: Option<u32>,
        }
        #[derive(Deserialize)]
        struct Positional<'a>(
            #[serde(borrow)] &'a RawValue,
            #[serde(borrow, default, deserialize_with = "present")] Option<&'a RawValue>,
        );
        /// A member that is there, `null` too.
        fn present<'de: 'a, 'a, D: serde::Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<&'a RawValue>, D::Error> {
            <&RawValue>::deserialize(deserializer).map(Some)
        }
        let text = request.params.map(RawValue::get).unwrap_or_default();
        let params = match text.starts_with('[') {
            true => serde_json::from_str(text).map(|Positional(id, value)| Params { id, value, n: None }),
            false => serde_json::from_str(text),
        };
        let taken = params.map_err(|error| CallError::invalid_params("params", error.to_string())).and_then(|params| {
            let valve = self.open.borrow().valve(params.id.get());
            Ok(match (&*request.method, valve) {
                (_, None) => false,
                (PUSH, Some(valve)) => {
                    let value = params.value.ok_or_else(|| CallError::invalid_params("value", "missing"))?;
                    valve.push(JsonText::slice(incoming.body, value))
                }
                (PULL, Some(valve)) => {
                    valve.grant(params.n.map_or(0, |n| n as usize));
                    true
                }
                (_, Some(valve)) => {
                    valve.end();
                    true
                }
            })
        });
        if let Some(id) = request.id {
            let result = taken.and_then(|taken| JsonText::of(&taken));
            self.out.text(written(self.write, Some(id.get()), &result));
        }
    }
}
