//! What bounds a call and what it belongs to: the request's headers, and the member `meta`, which wins.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use actix_web::http::header::HeaderValue;
use madrpc_actors::protocol::request::Meta;
use madrpc_actors::protocol::{Allowed, CallError, CallScope, DeadlineBy, IdempotencyKey, TraceContext};
use madrpc_actors::traces::{Origin, Tracer};

use super::head::Head;

/// No call waits longer, whatever it asks for.
pub(super) const LONGEST_CALL: Duration = Duration::from_secs(24 * 60 * 60);

/// What the headers say for every call of the request.
#[derive(Clone, Debug)]
pub(super) struct Inherited {
    timeout: Duration,
    timeout_by: DeadlineBy,
    depth: u32,
    trace: Option<TraceContext>,
    tags: BTreeMap<String, String>,
    /// The sender gave the call its span already: the call keeps one id in the logs of all processes.
    from_peer: bool,
}

impl Inherited {
    /// Reads the headers; a value that makes no sense is refused by its parameter's name, but a trace that makes no
    /// sense is none, as W3C Trace Context says.
    pub(super) fn read(head: &Head<'_>, call_timeout: Duration) -> Result<Self, CallError> {
        let (timeout, timeout_by) = match head.timeout_ms {
            Some(value) => {
                (timeout(whole_number(value).ok_or_else(|| not_a_number("timeoutMs"))?)?, DeadlineBy::Client)
            }
            None => (call_timeout, DeadlineBy::Server),
        };
        let depth = match head.depth {
            Some(value) => {
                let depth = whole_number(value).ok_or_else(|| not_a_number("depth"))?;
                u32::try_from(depth).unwrap_or(u32::MAX)
            }
            None => 0,
        };
        Ok(Inherited {
            timeout,
            timeout_by,
            depth,
            trace: head.traceparent.and_then(|value| TraceContext::parse(value.to_str().ok()?)),
            tags: head.tags.map_or(Ok(BTreeMap::new()), tags)?,
            from_peer: head.is_from_peer(),
        })
    }

    /// The scope of one call. `idempotency_key` is the header's, which names one call and so counts outside batches
    /// only.
    pub(super) fn scope(
        &self,
        meta: &Meta,
        now: Instant,
        idempotency_key: Option<&HeaderValue>,
        tracer: &Tracer,
    ) -> Result<CallScope, CallError> {
        let time = meta.timeout_ms.map_or(Ok(self.timeout), timeout)?;
        let by = match meta.timeout_ms {
            _ if self.from_peer => DeadlineBy::Peer,
            Some(_) => DeadlineBy::Client,
            None => self.timeout_by,
        };
        let trace = match meta.traceparent.as_deref() {
            Some(text) => TraceContext::parse(text),
            None => self.trace,
        };
        let origin = match trace {
            Some(own) if self.from_peer => Origin::Peer(own, meta.parent.unwrap_or(0)),
            client => Origin::Outside(client),
        };
        let key = match (&meta.idempotency_key, idempotency_key) {
            (Some(key), _) => Some(key.clone()),
            (None, Some(value)) => {
                let key =
                    value.to_str().map_err(|_| CallError::invalid_params("idempotencyKey", "not visible ASCII"))?;
                Some(key.to_owned())
            }
            (None, None) => None,
        };
        let (trace, notes) = tracer.begin(origin, now);
        Ok(CallScope {
            deadline: now + time,
            allowed: Allowed { time, by },
            depth: meta.depth.unwrap_or(self.depth),
            trace,
            idempotency_key: key.map(|key| IdempotencyKey::new(0, key)).transpose()?,
            tags: meta.tags.clone().unwrap_or_else(|| self.tags.clone()),
            notes,
        })
    }
}

fn timeout(ms: u64) -> Result<Duration, CallError> {
    match ms {
        0 => Err(CallError::invalid_params("timeoutMs", "must be at least 1")),
        ms => Ok(Duration::from_millis(ms).min(LONGEST_CALL)),
    }
}

/// Digits alone; more of them than `u64` holds are its greatest value.
fn whole_number(value: &HeaderValue) -> Option<u64> {
    let digits = value.as_bytes().trim_ascii();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(0u64, |number, digit| number.saturating_mul(10).saturating_add(u64::from(digit - b'0'))))
}

fn not_a_number(parameter: &str) -> CallError {
    CallError::invalid_params(parameter, "not a whole number")
}

/// `k=v,k=v`
fn tags(value: &HeaderValue) -> Result<BTreeMap<String, String>, CallError> {
    let pair = |part: &str| {
        let (key, value) = part.split_once('=')?;
        let key = key.trim();
        (!key.is_empty()).then(|| (key.to_owned(), value.trim().to_owned()))
    };
    let text = value.to_str().map_err(|_| CallError::invalid_params("tags", "not visible ASCII"))?;
    text.split(',')
        .filter(|part| !part.trim().is_empty())
        .map(|part| pair(part).ok_or_else(|| CallError::invalid_params("tags", "expected k=v,k=v")))
        .collect()
}

#[cfg(test)]
mod tests {
    use madrpc_actors::traces::Traces;

    use super::*;

    const DEFAULT: Duration = Duration::from_secs(30);
    const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn parameter(error: CallError) -> String {
        match error {
            CallError::InvalidParams { parameter, .. } => parameter,
            other => panic!("{other}"),
        }
    }

    fn allowed(header: Option<&'static str>, meta: Option<u64>) -> Result<Duration, CallError> {
        let value = header.map(HeaderValue::from_static);
        let head = Head { timeout_ms: value.as_ref(), ..Head::default() };
        let meta = Meta { timeout_ms: meta, ..Meta::default() };
        let now = Instant::now();
        let tracer = Traces::of_orchestrator().tracer();
        Ok(Inherited::read(&head, DEFAULT)?.scope(&meta, now, None, &tracer)?.deadline - now)
    }

    #[test]
    fn meta_wins_over_the_header_and_the_header_over_the_default() {
        assert_eq!(allowed(None, None).ok(), Some(DEFAULT));
        assert_eq!(allowed(Some("250"), None).ok(), Some(Duration::from_millis(250)));
        assert_eq!(allowed(Some("250"), Some(7)).ok(), Some(Duration::from_millis(7)));
    }

    #[test]
    fn a_timeout_is_a_number_above_zero_and_has_an_upper_bound() {
        for bad in ["0", "", "-1", "x", "1.5"] {
            assert_eq!(allowed(Some(bad), None).map_err(parameter), Err("timeoutMs".to_owned()), "{bad}");
        }
        assert_eq!(allowed(None, Some(0)).map_err(parameter), Err("timeoutMs".to_owned()));
        for huge in ["999999999999", "99999999999999999999999"] {
            assert_eq!(allowed(Some(huge), None).ok(), Some(LONGEST_CALL));
        }
        assert_eq!(allowed(None, Some(u64::MAX)).ok(), Some(LONGEST_CALL));
    }

    #[test]
    fn tags_are_pairs() {
        let read = |text: &'static str| tags(&HeaderValue::from_static(text));
        let expected = BTreeMap::from([("a".to_owned(), "1".to_owned()), ("b".to_owned(), "x=y".to_owned())]);
        assert_eq!(read("a=1, b=x=y,").ok(), Some(expected));
        assert_eq!(read("a").map_err(parameter), Err("tags".to_owned()));
        assert_eq!(read("=1").map_err(parameter), Err("tags".to_owned()));
    }

    #[test]
    fn a_call_of_a_peer_keeps_its_span_and_one_from_outside_gets_its_own() {
        let (trace, depth) = (HeaderValue::from_static(TRACE), HeaderValue::from_static("3"));
        let scope = |depth| {
            let head = Head { traceparent: Some(&trace), depth, ..Head::default() };
            let inherited = Inherited::read(&head, DEFAULT).expect("sane");
            let tracer = Traces::of_orchestrator().tracer();
            inherited.scope(&Meta::default(), Instant::now(), None, &tracer).expect("sane")
        };
        let (outside, peers) = (scope(None), scope(Some(&depth)));
        assert_eq!(peers.trace.to_string(), TRACE);
        assert_eq!(outside.trace.trace_id, peers.trace.trace_id);
        assert_ne!(outside.trace.span_id, peers.trace.span_id);
        assert_eq!((outside.depth, peers.depth), (0, 3));
    }
}
