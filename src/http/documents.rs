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
    let (from, to) = beginning_with(&trace_id).ok_or_else(|| bad("trace_id", &"not up to 32 hexadecimal digits"))?;
    let unknown = || bad("trace_id", &"no such trace is kept here");
    match traces.ids(from, to)[..] {
        [] => Err(unknown()),
        [id] => JsonText::of(&traces.tree(id).ok_or_else(unknown)?),
        ref several => {
            let several: Vec<String> = several.iter().map(|id| format!("{id:032x}")).collect();
            Err(bad("trace_id", &format!("several traces begin so: {}", several.join(", "))))
        }
    }
}

/// The first and the last id with these hexadecimal digits at its beginning.
fn beginning_with(digits: &str) -> Option<(u128, u128)> {
    let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let missing = 32_usize.checked_sub(digits.len()).filter(|_| is_hex && !digits.is_empty())?;
    let bound = |digit: &str| u128::from_str_radix(&(digits.to_owned() + &digit.repeat(missing)), 16).ok();
    Some((bound("0")?, bound("f")?))
}

fn bad(parameter: &str, problem: &dyn std::fmt::Display) -> CallError {
    CallError::invalid_params(parameter, problem.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_named_by_the_beginning_of_its_id() {
        let id = 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128;
        let whole = format!("{id:032x}");
        assert_eq!(beginning_with(&whole), Some((id, id)));
        assert_eq!(beginning_with("0AF7"), Some((0x0af7 << 112, (0x0af8 << 112) - 1)));
        for bad in ["", "x", "+1", &"0".repeat(33)] {
            assert_eq!(beginning_with(bad), None, "{bad}");
        }
    }

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
