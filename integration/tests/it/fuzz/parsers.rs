//! Envelopes and what is in them, without a network.

use bytes::Bytes;
use madrpc_actors::metrics::{Exposition, Kind};
use madrpc_actors::protocol::event::{self, Subscribe, Told};
use madrpc_actors::protocol::membership::{Heartbeat, NodeInfo, Register};
use madrpc_actors::protocol::request::{self, Body};
use madrpc_actors::protocol::trace::TraceContext;
use madrpc_actors::protocol::{link, reply, CallError, JsonText, PeerUrl, Reply};
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::{corpus, fuzz};

pub(super) fn is_json(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
}

fn holds(what: &str, condition: bool) -> Result<(), String> {
    condition.then_some(()).ok_or_else(|| what.to_owned())
}

fn envelopes() -> Vec<Vec<u8>> {
    let all = [corpus::BODIES, corpus::MEMBERSHIP, corpus::MESSAGES].concat();
    all.into_iter().map(|text| text.as_bytes().to_vec()).collect()
}

#[test]
fn requests_are_read_or_refused_for_what_is_wrong() {
    fuzz("bodies of requests", &envelopes(), |bytes| {
        let read = request::read(bytes);
        let parse_error = matches!(&read, Body::Single(Err(refused)) if matches!(refused.error, CallError::Parse));
        holds("a parse error is what is no JSON, and nothing else", parse_error != is_json(bytes))?;
        let elements: Vec<_> = match read {
            Body::Batch(elements) => elements.into_iter().map(RawValue::get).map(request::read_element).collect(),
            Body::Single(element) => vec![element],
        };
        for element in elements {
            let (id, params) = match &element {
                Ok(request) => (request.id, request.params),
                Err(refused) => (refused.id, None),
            };
            let id_is_scalar =
                id.is_none_or(|id| !id.get().starts_with(['{', '[', 't', 'f']) && is_json(id.get().as_bytes()));
            holds("an id can be echoed", id_is_scalar)?;
            holds("params are JSON", params.is_none_or(|params| is_json(params.get().as_bytes())))?;
        }
        Ok(())
    });
}

#[test]
fn what_members_tell_is_read_or_refused() {
    fuzz("messages of members", &envelopes(), |bytes| {
        let body = Bytes::copy_from_slice(bytes);
        if let Some(Reply { id, result, .. }) = Reply::read(&body) {
            holds("the id is JSON", id.is_none_or(|id| is_json(id.as_bytes())))?;
            if let Ok(result) = result {
                holds("the result is JSON", is_json(result.as_bytes()))?;
            }
        }
        holds("the id is JSON", reply::id_of(bytes).is_none_or(|id| is_json(id.as_bytes())))?;
        link::asks(bytes);
        let Body::Single(Ok(request)) = request::read(bytes) else { return Ok(()) };
        let Some(params) = request.params.and_then(|params| JsonText::parse(params.get()).ok()) else { return Ok(()) };
        Told::read(&request.method, &params);
        drop((Subscribe::read(Some(&params)), event::read_unsubscribe(Some(&params))));
        if let Ok(event) = event::Event::read(Some(&params), false) {
            holds("an event is a frame of JSON", is_json(&event.frame(1)))?;
        }
        if let Ok(register) = serde_json::from_str::<Register>(params.as_str()) {
            holds("a registration can be written", serde_json::to_string(&register).is_ok())?;
        }
        drop(serde_json::from_str::<NodeInfo>(params.as_str()));
        let beat = serde_json::from_str::<Heartbeat>(params.as_str());
        if let Some(report) = beat.ok().and_then(|beat| beat.report).filter(|report| report.is_within_bounds()) {
            report.outline();
        }
        Ok(())
    });
}

#[test]
fn addresses_and_traces_are_read_or_refused() {
    let corpus = [
        "http://127.0.0.1:9001/",
        "https://[::1]:8443",
        "http://a.example:80/?q#f",
        "dial-in:0f8fad5b-d9cb-469f-a165-70867728950e",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
    ];
    fuzz("addresses and traces", &corpus.map(|text| text.as_bytes().to_vec()), |bytes| {
        let text = String::from_utf8_lossy(bytes);
        if let Ok(url) = PeerUrl::parse(&text) {
            let again = PeerUrl::parse(url.as_str());
            holds("a URL in normal form stays what it is", again.as_ref() == Ok(&url))?;
        }
        if let Some(trace) = TraceContext::parse(&text) {
            holds("a trace has an id", trace.trace_id != 0 && trace.span_id != 0)?;
        }
        Ok(())
    });
}

/// <https://prometheus.io/docs/instrumenting/exposition_formats/>: in the value of a label, `\\`, `\"` and `\n` are escapes.
#[test]
fn any_name_is_a_label_of_the_exposition() {
    fuzz("labels", &envelopes(), |bytes| {
        let name = String::from_utf8_lossy(bytes).into_owned();
        let mut exposition = Exposition::default();
        exposition.family("f", Kind::Gauge, "Help.").sample(&[("l", &name)], 1);
        let text = exposition.finish();
        let value =
            text.strip_prefix("# HELP f Help.\n# TYPE f gauge\nf{l=\"").and_then(|rest| rest.strip_suffix("\"} 1\n"));
        let mut read = String::new();
        let mut written = value.ok_or("not one sample")?.chars();
        while let Some(c) = written.next() {
            read.push(match (c, if c == '\\' { written.next() } else { None }) {
                ('\\', Some('n')) => '\n',
                ('\\', Some(escaped @ ('\\' | '"'))) => escaped,
                ('\\' | '"' | '\n', _) => return Err(format!("{c:?} stands by itself: {text}")),
                (c, _) => c,
            });
        }
        holds("the name is read as it was", read == name)
    });
}
