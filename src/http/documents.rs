//! The JSON documents that nodes and orchestrators have in common.

use madrpc_actors::protocol::{CallError, JsonText, MethodInfo};
use serde_json::json;

/// Which edition of the OpenRPC specification the answer of `rpc.discover` follows (<https://spec.open-rpc.org/>).
const OPENRPC: &str = "1.3.2";

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
