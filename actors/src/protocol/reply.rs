//! Writing and reading replies: JSON-RPC 2.0, section 5.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::call::CallResult;
use super::error::{CallError, Fault, RemoteError};
use super::json_text::JsonText;
use super::span::Times;

/// Appends the reply to `id` (its JSON text; `None` is `null`).
pub fn write(out: &mut Vec<u8>, id: Option<&str>, result: &CallResult) {
    write_with_fault(out, id, result, None);
}

/// As `write`, and tells an orchestrator what kind of failure it is.
pub fn write_for_orchestrator(out: &mut Vec<u8>, id: Option<&str>, result: &CallResult) {
    write_with_fault(out, id, result, result.as_ref().err().and_then(CallError::fault));
}

/// Adds to the reply that was written last where the time of its call went, for an orchestrator.
pub fn add_times(out: &mut Vec<u8>, times: Times) {
    if out.last() == Some(&b'}') {
        out.pop();
        let Times { queue_us, js_us, wait_us } = times;
        let mut number = itoa::Buffer::new();
        for (before, us) in [(&b",\"times\":["[..], queue_us), (b",", js_us), (b",", wait_us)] {
            out.extend_from_slice(before);
            out.extend_from_slice(number.format(us).as_bytes());
        }
        out.extend_from_slice(b"]}");
    }
}

fn write_with_fault(out: &mut Vec<u8>, id: Option<&str>, result: &CallResult, fault: Option<Fault>) {
    out.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
    out.extend_from_slice(id.unwrap_or("null").as_bytes());
    match result {
        Ok(text) => {
            out.extend_from_slice(b",\"result\":");
            out.extend_from_slice(text.as_bytes());
        }
        Err(error) => {
            out.extend_from_slice(b",\"error\":");
            if serde_json::to_writer(&mut *out, error).is_err() {
                // Only a remote error object or script data that is not JSON gets here; neither can be made.
                out.extend_from_slice(b"{\"code\":-32603,\"message\":\"Internal error\"}");
            }
        }
    }
    match fault {
        Some(Fault::Refused) => out.extend_from_slice(b",\"fault\":\"refused\""),
        Some(Fault::Draining) => out.extend_from_slice(b",\"fault\":\"draining\""),
        Some(Fault::Failed) => out.extend_from_slice(b",\"fault\":\"failed\""),
        None => {}
    }
    out.push(b'}');
}

/// About how many bytes what a call came to has in its reply.
pub fn size(result: &CallResult) -> usize {
    result.as_ref().map_or_else(CallError::size, JsonText::len)
}

/// A peer's reply.
#[derive(Debug)]
pub struct Reply {
    /// The id as text; `None` when absent.
    pub id: Option<String>,
    /// What the call came to.
    pub result: CallResult,
    /// Where a node's time went.
    pub times: Option<Times>,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    fault: Option<Fault>,
    #[serde(borrow)]
    times: Option<&'a RawValue>,
}

impl Reply {
    /// Reads one reply object out of `body`, whose text it shares. `None` when it is no reply.
    pub fn read(body: &Bytes) -> Option<Reply> {
        let envelope: Envelope<'_> = serde_json::from_slice(body).ok()?;
        let result = match (envelope.result, envelope.error) {
            (Some(result), None) => Ok(JsonText::slice(body, result)),
            (None, Some(error)) => {
                Err(CallError::Remote(Box::new(RemoteError::read(error.get(), envelope.fault).ok()?)))
            }
            // `"result":null` deserialises as absent; a reply with neither is a null result only if it says so.
            (None, None) => Ok(null_result(body)?),
            (Some(_), Some(_)) => return None,
        };
        // What another server may mean by a member of that name does not make its reply a bad one.
        let times = envelope.times.and_then(|times| serde_json::from_str(times.get()).ok());
        Some(Reply { id: envelope.id.map(|id| id.get().to_owned()), result, times })
    }
}

/// The id in what may be no reply otherwise.
pub fn id_of(body: &[u8]) -> Option<&str> {
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(borrow)]
        id: &'a RawValue,
    }
    serde_json::from_slice(body).ok().map(|Named { id }| id.get())
}

fn null_result(body: &Bytes) -> Option<JsonText> {
    #[derive(Deserialize)]
    struct Present {
        /// Null too: what is read by a function of its own must be there.
        #[serde(deserialize_with = "ignored")]
        #[allow(dead_code, reason = "it is there to be looked for")]
        result: (),
    }
    fn ignored<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(drop)
    }
    serde_json::from_slice::<Present>(body).ok().map(|_| JsonText::NULL)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Code;

    fn written(id: Option<&str>, result: CallResult) -> String {
        let mut out = Vec::new();
        write(&mut out, id, &result);
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn a_reply_has_a_result_or_an_error() {
        assert_eq!(written(Some("1.0"), Ok(JsonText::NULL)), r#"{"jsonrpc":"2.0","id":1.0,"result":null}"#);
        assert_eq!(
            written(None, Err(CallError::Parse)),
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}"#
        );
    }

    #[test]
    fn what_is_written_is_read() {
        let mut out = Vec::new();
        write_for_orchestrator(&mut out, Some("7"), &Err(CallError::Overloaded));
        let reply = Reply::read(&Bytes::from(out)).expect("a reply");
        assert_eq!(reply.id.as_deref(), Some("7"));
        match reply.result {
            Err(CallError::Remote(remote)) => {
                assert_eq!((remote.code, remote.fault), (Code::OVERLOADED, Some(Fault::Refused)))
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn times_travel_beside_result_and_error() {
        let times = Times { queue_us: 1, js_us: 23, wait_us: 456 };
        for result in [Ok(JsonText::NULL), Err(CallError::Overloaded)] {
            let mut out = Vec::new();
            write_for_orchestrator(&mut out, Some("7"), &result);
            let without = Reply::read(&Bytes::from(out.clone())).expect("a reply");
            add_times(&mut out, times);
            let with = Reply::read(&Bytes::from(out)).expect("a reply");
            assert_eq!((without.times, with.times), (None, Some(times)));
            assert_eq!(with.result.is_ok(), result.is_ok());
        }
        for odd in ["3", "[1,2]", "\"now\"", "[-1,0,0]"] {
            let text = format!(r#"{{"jsonrpc":"2.0","id":1,"result":2,"times":{odd}}}"#);
            assert_eq!(Reply::read(&Bytes::from(text)).expect("a reply").times, None, "{odd}");
        }
    }

    #[test]
    fn a_result_keeps_its_bytes() {
        let reply = Reply::read(&Bytes::from_static(br#"{"jsonrpc":"2.0","result": {"b":1.0,"a":1e2} ,"id":1}"#))
            .expect("a reply");
        assert_eq!(reply.result.expect("result").as_str(), r#"{"b":1.0,"a":1e2}"#);
    }

    #[test]
    fn a_null_result_is_told_from_none() {
        let read = |text: &'static str| Reply::read(&Bytes::from_static(text.as_bytes()));
        assert_eq!(read(r#"{"jsonrpc":"2.0","result":null,"id":1}"#).and_then(|r| r.result.ok()), Some(JsonText::NULL));
        assert!(read(r#"{"jsonrpc":"2.0","id":1}"#).is_none());
        assert!(read(r#"{"result":1,"error":{"code":1,"message":""}}"#).is_none());
        assert!(read("<html>").is_none());
    }
}
