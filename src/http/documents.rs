//! The JSON documents that nodes and orchestrators have in common.

use madrpc_actors::protocol::{CallError, JsonText, MethodInfo};
use madrpc_actors::traces::Traces;
use serde::Deserialize;
use serde_json::json;

/// Which edition of the OpenRPC specification the answer of `rpc.discover` follows (<https://spec.open-rpc.org/>).
const OPENRPC: &str = "1.3.2";

/// Traces in each list of `_trace` unless it asks for another number, and the most of them.
const TRACES: usize = 20;
const MOST_TRACES: usize = 512;

/// Result of `_health` and `GET /health`: the process lives. `node` is its identity, `pending` the calls that run or
/// wait in it, `sessions` the WebSockets that are open.
pub fn health(node: &str, sessions: usize, pending: usize) -> Result<JsonText, CallError> {
    JsonText::of(&json!({"status": "ok", "node": node, "websocket_clients": sessions, "pending_requests": pending}))
}

/// Result of `rpc.discover`. What the methods take and return is not known, so any arguments and any result are said
/// to be valid.
pub fn discover(title: &str, methods: &[MethodInfo]) -> Result<JsonText, CallError> {
    let methods: Vec<_> = methods
        .iter()
        .map(|method| {
            let mut object = json!({
                "name": method.name,
                "params": [],
                "result": {"name": "result", "schema": true},
                "x-idempotent": method.idempotent,
            });
            if let Some(description) = &method.description {
                object["description"] = json!(description);
            }
            object
        })
        .collect();
    let info = json!({"title": title, "version": env!("CARGO_PKG_VERSION")});
    JsonText::of(&json!({"openrpc": OPENRPC, "info": info, "methods": methods}))
}

/// Result of `_trace` and `GET /_trace`: the slowest and the latest traces, or the one that `trace_id` names.
pub fn trace(traces: &Traces, params: Option<JsonText>) -> Result<JsonText, CallError> {
    #[derive(Default, Deserialize)]
    struct Params {
        trace_id: Option<String>,
        limit: Option<usize>,
    }
    #[derive(Deserialize)]
    struct Positional(String);
    let params = match params {
        None => Params::default(),
        Some(text) if text.as_str().starts_with('[') => {
            let named = |Positional(trace_id)| Params { trace_id: Some(trace_id), limit: None };
            serde_json::from_str(text.as_str()).map(named).map_err(|error| bad("trace_id", &error))?
        }
        Some(text) => serde_json::from_str(text.as_str()).map_err(|error| bad("trace_id", &error))?,
    };
    let Some(trace_id) = params.trace_id else {
        return JsonText::of(&traces.list(params.limit.unwrap_or(TRACES).min(MOST_TRACES)));
    };
    let number = (trace_id.len() <= 32).then(|| u128::from_str_radix(&trace_id, 16).ok()).flatten();
    let number = number.ok_or_else(|| bad("trace_id", &"not up to 32 hexadecimal digits"))?;
    let tree = traces.tree(number).ok_or_else(|| bad("trace_id", &"no such trace is kept here"))?;
    JsonText::of(&tree)
}

fn bad(parameter: &str, problem: &dyn std::fmt::Display) -> CallError {
    CallError::invalid_params(parameter, problem.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discover_lists_the_methods() {
        let method = MethodInfo { description: Some("adds".into()), ..MethodInfo::named("add") };
        let text = discover("node", &[method]).expect("serialises");
        let document: serde_json::Value = serde_json::from_str(text.as_str()).expect("JSON");
        assert_eq!(document["openrpc"], OPENRPC);
        assert_eq!(document["info"]["title"], "node");
        assert_eq!(document["methods"][0]["name"], "add");
        assert_eq!(document["methods"][0]["description"], "adds");
    }
}
