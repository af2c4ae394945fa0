//! Our spans as OpenTelemetry's, by its conventions for remote calls
//! (<https://opentelemetry.io/docs/specs/semconv/rpc/json-rpc/>).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use madrpc_actors::protocol::Span;
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use opentelemetry_sdk::Resource;

use super::Exported;

/// Who exports.
pub(super) fn resource(exported: &Exported) -> Resource {
    Resource::builder_empty()
        .with_attributes([
            KeyValue::new("service.name", exported.service),
            KeyValue::new("service.instance.id", exported.instance.clone()),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        ])
        .build()
}

/// One span.
pub(super) fn span_data(span: &Span) -> SpanData {
    let (trace, id) = (TraceId::from(span.trace_id), SpanId::from(span.span_id));
    let status = match span.error {
        Some(code) => Status::error(format!("error {code}")),
        None => Status::Unset,
    };
    SpanData {
        span_context: SpanContext::new(trace, id, TraceFlags::SAMPLED, false, TraceState::default()),
        parent_span_id: SpanId::from(span.parent_id),
        parent_span_is_remote: span.parent_id != 0,
        span_kind: SpanKind::Server,
        name: span.method.to_string().into(),
        start_time: time(span.start_us),
        end_time: time(span.end_us()),
        attributes: attributes(span),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status,
        instrumentation_scope: InstrumentationScope::builder("madrpc-actor")
            .with_version(env!("CARGO_PKG_VERSION"))
            .build(),
    }
}

fn attributes(span: &Span) -> Vec<KeyValue> {
    let number = |us: u64| i64::try_from(us).unwrap_or(i64::MAX);
    let mut attributes = vec![
        KeyValue::new("rpc.system", "jsonrpc"),
        KeyValue::new("rpc.method", span.method.to_string()),
        KeyValue::new("rpc.jsonrpc.version", "2.0"),
        KeyValue::new("madrpc.attempts", i64::from(span.attempts)),
    ];
    if let Some(code) = span.error {
        attributes.push(KeyValue::new("rpc.jsonrpc.error_code", code));
    }
    let address = span.node.as_ref().and_then(|node| url::Url::parse(node.as_str()).ok());
    if let Some(address) = address {
        attributes.extend(address.host_str().map(|host| KeyValue::new("server.address", host.to_owned())));
        attributes.extend(address.port_or_known_default().map(|port| KeyValue::new("server.port", i64::from(port))));
    }
    if let Some(times) = span.times {
        attributes.push(KeyValue::new("madrpc.queue_us", number(times.queue_us)));
        attributes.push(KeyValue::new("madrpc.js_us", number(times.js_us)));
        attributes.push(KeyValue::new("madrpc.wait_us", number(times.wait_us)));
    }
    attributes
}

fn time(us: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(us)
}

#[cfg(test)]
mod tests {
    use madrpc_actors::protocol::{PeerUrl, Times};

    use super::*;

    #[test]
    fn a_span_says_what_the_conventions_ask_for() {
        let span = Span {
            trace_id: 1,
            span_id: 2,
            parent_id: 3,
            method: "add".into(),
            node: PeerUrl::parse("http://node-1:9001").ok(),
            start_us: 1_000_000,
            total_us: 500,
            times: Some(Times { queue_us: 1, js_us: 2, wait_us: 3 }),
            attempts: 1,
            error: Some(-32000),
        };
        let data = span_data(&span);
        assert_eq!(data.span_context.trace_id().to_string(), format!("{:032x}", 1));
        assert_eq!((data.span_context.span_id(), data.parent_span_id), (SpanId::from(2), SpanId::from(3)));
        assert_eq!(data.end_time.duration_since(data.start_time).ok(), Some(Duration::from_micros(500)));
        assert_eq!(data.status, Status::error("error -32000"));
        let attribute = |name: &str| {
            let found = data.attributes.iter().find(|attribute| attribute.key.as_str() == name);
            found.map(|attribute| attribute.value.to_string())
        };
        for (name, value) in [
            ("rpc.system", "jsonrpc"),
            ("rpc.method", "add"),
            ("rpc.jsonrpc.error_code", "-32000"),
            ("server.address", "node-1"),
            ("server.port", "9001"),
            ("madrpc.wait_us", "3"),
        ] {
            assert_eq!(attribute(name).as_deref(), Some(value), "{name}");
        }
    }
}
